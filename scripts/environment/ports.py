"""Ports of 127.0.0.1."""

import argparse
import contextlib
import socket

from .messages import Failure


def probe(port):
    """Take a port for a moment.

    :param int port: the port, 0 for any
    :return: its number
    :raise OSError: if it is in use, or not for this user
    """
    with contextlib.closing(socket.socket()) as server:
        if port:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port))
        return server.getsockname()[1]


def free(preferred=0):
    """Return a free port.

    :param int preferred: the one to take if it is free
    """
    with contextlib.suppress(OSError):
        return probe(preferred)
    return probe(0)


def need(port):
    """Fail if a port cannot be served on.

    :raise Failure: naming it
    """
    try:
        probe(port)
    except PermissionError as error:
        raise Failure(
            f"port {port} is for the administrator: name another one with --port"
        ) from error
    except OSError as error:
        raise Failure(f"port {port} is in use: name another one with --port") from error


def number(text):
    """Read the number of a port from the command line.

    :raise argparse.ArgumentTypeError: if it is none
    """
    if text.isdecimal() and 1 <= int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text} is no port: name one of 1 to 65535")
