"""The one folder outside the checkout that keeps everything that is fetched."""

import contextlib
import fcntl
import hashlib
import os
import shutil
from pathlib import Path

from .messages import Failure, say

VARIABLE = "ACCOUNT_COLLECTIONS_CACHE"


def folder():
    """Return the cache folder, made if need be.

    :return: an absolute path
    :rtype: Path
    :raise Failure: if it cannot be made or written to
    """
    named = os.environ.get(VARIABLE)
    path = Path(named) if named else Path.home() / ".cache" / "account-collections"
    path = Path(os.path.abspath(str(path.expanduser())))
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Failure(
            f"the cache folder {path} cannot be made ({error.strerror}); "
            f"name another one in {VARIABLE}"
        ) from None
    if not os.access(str(path), os.W_OK | os.X_OK):
        raise Failure(
            f"the cache folder {path} cannot be written to; "
            f"name another one in {VARIABLE}"
        )
    return path


@contextlib.contextmanager
def lock(name):
    """Let one process at a time do what is inside.

    :param str name: what is locked, as in "set-up"
    """
    with open(str(folder() / f"{name}.lock"), "w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"Waiting for another {name} to finish ...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def building(target):
    """Fill a folder that exists whole or not at all.

    An interrupted build leaves a ``.part`` folder behind, which the next one
    throws away.

    :param Path target: the folder to make
    :return: the folder to fill, renamed to ``target`` at the end
    :rtype: Path
    """
    part = target.with_name(f"{target.name}.part")
    shutil.rmtree(str(part), ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
    except BaseException:
        shutil.rmtree(str(part), ignore_errors=True)
        raise
    if target.exists():
        shutil.rmtree(str(target))
    part.rename(target)


@contextlib.contextmanager
def scratch(name):
    """Give a folder inside the cache, empty at first and thrown away at last.

    :param str name: its name; one process at a time may use it
    :rtype: Path
    """
    path = folder() / f"{name}.part"
    shutil.rmtree(str(path), ignore_errors=True)
    path.mkdir()
    try:
        yield path
    finally:
        shutil.rmtree(str(path), ignore_errors=True)


def digest(*parts):
    """Return a short name for a state of things.

    :param parts: strings or bytes that make up the state
    :return: ten hexadecimal digits
    :rtype: str
    """
    total = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        total.update(b"%d:" % len(data))
        total.update(data)
    return total.hexdigest()[:10]
