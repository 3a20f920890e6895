"""Measurements that take turns, so that a change of the machine's mood meets them all.

What measures says when it is ready for its next turn, and waits until it is told to go
on. It knows nothing of the others.
"""

import contextlib
import sys

READY = "ready for the next turn"


def wait():
    """Wait for the next turn, in the process that measures."""
    print(READY, flush=True)
    sys.stdin.readline()


def take(processes):
    """Let processes take turns until all have ended.

    :param list processes: just started (`subprocess.Popen`), with pipes for text
    :return: the number of a process with each line that it prints, and None at its end
    :rtype: Iterator[tuple[int, str | None]]
    """
    waiting, is_begun = list(enumerate(processes)), False
    while waiting:
        for number, process in tuple(waiting):
            if is_begun:
                # One that has died prints nothing any more.
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.write("\n")
                    process.stdin.flush()
            for line in process.stdout:
                if line.strip() == READY:
                    break
                yield number, line
            else:
                waiting.remove((number, process))
                yield number, None
        is_begun = True
        # Nobody is always the first.
        waiting.reverse()
