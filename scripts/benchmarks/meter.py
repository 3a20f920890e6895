"""Stopwatches: time, statements and memory of what happens in a transaction."""

import contextlib
import threading
import time
from pathlib import Path

ROUNDS = 3
MEGABYTE = 1024.0


def compare(env, actions, prepare=None, rounds=ROUNDS):
    """Time actions in turns, each undone, and keep the best time of each.

    Whatever else the machine does meanwhile meets all of them alike.

    :param env: an Odoo environment
    :param dict actions: what to time, by name; done in this order in each round
    :param prepare: what to do first in each round, without being timed
    :return: seconds by name
    :rtype: dict[str, float]
    """
    best = {}
    for _round in range(rounds):
        if prepare:
            prepare()
        for name, action in actions.items():
            env.flush_all()
            start = time.perf_counter()
            action()
            env.cr.flush()
            seconds = time.perf_counter() - start
            best[name] = min(seconds, best.get(name, seconds))
        undo(env)
    return best


def undo(env):
    """Take back what was not committed."""
    env.cr.rollback()
    env.invalidate_all()
    env.registry.clear_cache()


@contextlib.contextmanager
def watched(env):
    """Watch what happens inside.

    :return: filled at the end: `seconds`, `statements`, and in megabytes by how much
        the memory of this process rose at its highest (`memory`), and how large that
        of its database process was (`server_memory`, without the shared buffers),
        None where it cannot be seen
    :rtype: dict
    """
    env.flush_all()
    result = {}
    server = _Peak(env.cr._cnx.get_backend_pid(), "RssAnon")
    own = _Peak("self", "VmRSS")
    statements = env.cr.sql_log_count
    start = time.perf_counter()
    with server, own:
        yield result
    result["seconds"] = time.perf_counter() - start
    result["statements"] = env.cr.sql_log_count - statements
    result["memory"] = own.highest and own.highest - own.base
    result["server_memory"] = server.highest


class _Peak:
    """The most memory that a process uses, looked at every few milliseconds."""

    def __init__(self, pid, key):
        self.path = Path("/proc", str(pid), "status")
        self.key = key
        self.highest = None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self.base = self._read()
        if self.base is not None:
            self.highest = self.base
            self._thread.start()
        return self

    def __exit__(self, *_exception):
        self._done.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self):
        while not self._done.wait(0.005):
            now = self._read()
            if now is not None:
                self.highest = max(self.highest, now)

    def _read(self):
        """Return the memory in megabytes, or None where it cannot be seen."""
        with contextlib.suppress(OSError):
            for line in self.path.read_text().splitlines():
                if line.startswith(f"{self.key}:"):
                    return int(line.split()[1]) / MEGABYTE
        return None
