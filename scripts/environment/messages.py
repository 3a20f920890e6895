"""Progress, and failures that are one line."""

import contextlib
import signal
import sys
import threading
import time


class Failure(Exception):
    """Something the person at the keyboard can put right; its text says how."""


class Step:
    """A long step of the set-up, which shows that it is alive.

    On a terminal one line is rewritten each second; in a log a line is added
    every 20 seconds.
    """

    def __init__(self, title):
        self.title = title
        self.detail = ""
        self._start = time.monotonic()
        self._done = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self):
        self._live = sys.stderr.isatty()
        if not self._live:
            say(f"{self.title} ...")
        self._ticker.start()
        return self

    def __exit__(self, kind, error, trace):
        self._done.set()
        self._ticker.join()
        ending = "done" if kind is None else "stopped"
        line = f"{self.title}: {ending} ({self._seconds()} s)"
        say(f"\r\033[K{line}" if self._live else line)

    def _seconds(self):
        return round(time.monotonic() - self._start)

    def _tick(self):
        while not self._done.wait(1 if self._live else 20):
            line = f"{self.title} ... {self.detail} ({self._seconds()} s)"
            if self._live:
                sys.stderr.write(f"\r\033[K{line[:78]}")
                sys.stderr.flush()
            else:
                say(line)


def say(line):
    print(line, file=sys.stderr, flush=True)


@contextlib.contextmanager
def one_line_failures():
    """Turn failures into one line and an exit code, and a kill into a clean end."""

    def interrupt(*_args):
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    try:
        yield
    except Failure as failure:
        say(f"error: {failure}")
        sys.exit(1)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        say(f"error: {error.strerror or error}{where}")
        sys.exit(1)
    except KeyboardInterrupt:
        say("Stopped.")
        sys.exit(130)
