"""Ports of 127.0.0.1."""

import contextlib
import socket

from .messages import Failure


def is_free(port):
    with contextlib.closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free(preferred=0):
    """Return a free port.

    :param int preferred: the one to take if it is free
    """
    if preferred and is_free(preferred):
        return preferred
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def need(port):
    """Fail if a port is not free.

    :raise Failure: naming it
    """
    if not is_free(port):
        raise Failure(f"port {port} is in use: name another one with --port")
