"""Programs of the machine: found, installed where that is allowed, or asked for."""

import os
import shutil
import subprocess

from .messages import Failure, Step, say

# What to look for on the PATH, by the Debian package that brings it.
PROGRAMS = {
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "wkhtmltopdf": ("wkhtmltopdf",),
}


def has(package):
    return any(shutil.which(program) for program in PROGRAMS[package])


def may_install():
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def output_of(command, **options):
    """Run a command quietly.

    :param list command: the command and its arguments
    :return: its exit code, and its output and errors as one text
    :rtype: tuple[int, str]
    """
    done = subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
        errors="replace",
        **options,
    )
    return done.returncode, done.stdout


def install(*packages):
    """Install Debian packages.

    :param packages: their names
    :raise Failure: if apt cannot
    """
    environ = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    names = " ".join(packages)
    with Step(f"Installing {names}"):
        output_of(["apt-get", "update", "--quiet"], env=environ)
        code, output = output_of(
            ["apt-get", "install", "--yes", "--no-install-recommends", *packages],
            env=environ,
        )
    if code:
        raise Failure(f"apt-get cannot install {names}: {last_line(output, 'E:')}")


def need(package, purpose):
    """Make sure that a program is there.

    :param str package: a key of ``PROGRAMS``
    :param str purpose: what it is for, to end a sentence with
    :raise Failure: if it is missing and may not be installed
    """
    if has(package):
        return
    if not may_install():
        raise Failure(f"{package} is needed {purpose}: please install it")
    install(package)


def want(package, purpose):
    """Like ``need``, but go on without it, with a warning."""
    try:
        need(package, purpose)
    except Failure as failure:
        say(f"warning: {failure}")


def last_line(output, prefix=""):
    """Return the line of a program's output that most likely says what is wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(prefix)] or lines
    return telling[-1][:300] if telling else "it gave no reason"
