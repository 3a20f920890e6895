"""A mail server that delivers nothing: what is sent becomes a file."""

import contextlib
import itertools
import time

from . import cache


class Handler:
    """Write each message into a folder.

    :param Path folder: the folder
    """

    def __init__(self, folder):
        self.folder = folder
        self.numbers = itertools.count(1)

    async def handle_DATA(self, _server, _session, envelope):
        name = f"{time.strftime('%Y%m%d-%H%M%S')}-{next(self.numbers):04}.eml"
        (self.folder / name).write_bytes(envelope.content)
        return "250 Kept"


@contextlib.contextmanager
def kept(port):
    """Take mail on 127.0.0.1 while inside.

    :param int port: a free port
    :return: the folder that the messages are written to
    :rtype: Path
    """
    from aiosmtpd.controller import Controller

    folder = cache.folder() / "letters"
    folder.mkdir(exist_ok=True)
    controller = Controller(Handler(folder), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield folder
    finally:
        controller.stop()
