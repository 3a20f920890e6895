"""The virtual environment, with the packages that requirements.txt pins."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from . import cache, system
from .messages import Failure, Step

OLDEST, NEWEST = (3, 10), (3, 13)
REQUIREMENTS = Path(__file__).resolve().parent / "requirements.txt"
PROBE = "import sys; print('%d %d' % sys.version_info[:2])"


class CompilationFailure(Failure):
    """A package that has no ready-made wheel for this machine."""


def enter():
    """Go on inside the virtual environment: build it, then run this script in it.

    Returns at once when that is where we are.

    :raise Failure: if there is no Python that Odoo 19 supports
    """
    python = _find()
    version = _version_of(python)
    name = cache.digest(REQUIREMENTS.read_bytes(), python)
    home = cache.folder() / ("python-%d.%d-%s" % (*version, name))
    if os.path.realpath(sys.prefix) == os.path.realpath(str(home)):
        return
    with cache.lock("set-up"):
        if not (home / "complete").exists():
            _build(python, home)
    inside = str(home / "bin" / "python")
    sys.stderr.flush()
    os.execv(inside, [inside, *sys.argv])


def _find():
    """Return the path of a supported Python: this one if possible.

    In a virtual environment, the Python that it was made of.
    """
    base = getattr(sys, "_base_executable", None) or sys.executable
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return os.path.realpath(base)
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        other = shutil.which("python3.%d" % minor)
        if other and _version_of(other) == (3, minor):
            return other
    raise Failure(
        "Odoo 19 needs Python %d.%d to %d.%d, and this is Python %d.%d"
        % (*OLDEST, *NEWEST, *sys.version_info[:2])
    )


def _version_of(python):
    """Return the version of an interpreter, or None if it does not run."""
    try:
        code, output = system.output_of([python, "-c", PROBE])
    except OSError:
        return None
    return tuple(map(int, output.split())) if code == 0 else None


def _build(python, home):
    """Make the environment where it stays (it cannot be moved), marked when whole."""
    shutil.rmtree(str(home), ignore_errors=True)
    with Step("Creating the Python environment"):
        code, output = system.output_of([python, "-m", "venv", home])
    if code:
        _install_venv(python)
        code, output = system.output_of([python, "-m", "venv", "--clear", home])
    if code:
        raise Failure(f"python -m venv failed: {system.last_line(output)}")
    try:
        install(home / "bin" / "python", "-r", REQUIREMENTS)
    except CompilationFailure:
        if not system.may_install():
            raise
        system.install("gcc", "libc6-dev", "python3-dev")
        install(home / "bin" / "python", "-r", REQUIREMENTS)
    (home / "complete").touch()


def _install_venv(python):
    package = "python%d.%d-venv" % _version_of(python)
    if not system.may_install():
        raise Failure(f"Python's venv module is needed: please install {package}")
    system.install(package)


def install(python, *arguments):
    """Run ``pip install``, refusing whatever does not have the pinned hash.

    :param Path python: the interpreter to install for
    :param arguments: what to install
    :raise Failure: if pip fails
    """
    command = [
        *(python, "-m", "pip", "install", "--require-hashes", "--no-input"),
        *("--disable-pip-version-check", "--no-warn-script-location"),
        *("--cache-dir", cache.folder() / "pip"),
        *arguments,
    ]
    output = ""
    with Step("Fetching Python packages") as step:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
            errors="replace",
        )
        with process:
            for line in process.stdout:
                output += line
                if line.startswith(("Collecting", "Building", "Installing")):
                    step.detail = " ".join(line.split()[:2])
    if process.returncode:
        if "subprocess-exited-with-error" in output:
            raise CompilationFailure(
                "a Python package could not be compiled: please install gcc and "
                "python3-dev"
            )
        reason = system.last_line(output, "ERROR:")
        raise Failure(f"Python packages could not be fetched: {reason}")
