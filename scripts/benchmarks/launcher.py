"""Running a measurement inside Odoo, in a process and a database of its own."""

import contextlib
import json
import subprocess
import sys

from environment import cache, databases
from environment.messages import Failure, Step

from . import turns


def run(bases, template, name, title, addons_path=None, install=None, **arguments):
    """Run a measurement in a copy of a database, which is dropped afterwards.

    :param Databases bases: where the databases are
    :param str template: the database to copy
    :param str name: the module of this package that measures
    :param str title: what is being done
    :param Path addons_path: one more folder with add-ons
    :param str install: what to install of it first
    :param arguments: what the module's `measure` takes
    :return: what it returns
    :raise Failure: if it fails; the log stays in the cache folder
    """
    options = {}
    if addons_path:
        options["addons_path"] = f"{bases.options['addons_path']},{addons_path}"
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(bases.fresh(template))
        if install:
            command = ["server", "-d", database, "-i", install]
            command += ["--stop-after-init", "--no-http"]
            bases.run(command, f"Installing {install}", **options)
        step = stack.enter_context(Step(title))
        _log().write_bytes(b"")
        process = _start(stack, bases, database, name, arguments, options)
        process.stdin.close()
        last = ""
        for line in process.stdout:
            last = line
            step.detail = line.strip()
        _check(process, bases, title)
    return json.loads(last)


def run_in_turns(bases, templates, name, title, **arguments):
    """Run a measurement in copies of several databases, which are dropped afterwards,
    in turns (`turns.wait`).

    :param Databases bases: where the databases are
    :param list templates: the databases to copy
    :param str name: the module of this package that measures
    :param str title: what is being done
    :param arguments: what the module's `measure` takes
    :return: what it returns for each database
    :rtype: list
    :raise Failure: if it fails; the log stays in the cache folder
    """
    with contextlib.ExitStack() as stack:
        names = [stack.enter_context(bases.fresh(template)) for template in templates]
        step = stack.enter_context(Step(title))
        _log().write_bytes(b"")
        processes = [
            _start(stack, bases, database, name, arguments, {}) for database in names
        ]
        last = [""] * len(processes)
        for number, line in turns.take(processes):
            if line is None:
                _check(processes[number], bases, title)
            else:
                last[number] = line
                step.detail = line.strip()
    return [json.loads(line) for line in last]


def _start(stack, bases, database, name, arguments, options):
    """Start a measurement, which ends with the stack at the latest."""
    config = stack.enter_context(bases.config(db_name=database, **options))
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "benchmarks"]
        + [name, database, json.dumps(arguments)],
        env={**bases.environ, "ODOO_RC": str(config)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stack.enter_context(open(_log(), "a", encoding="utf-8")),
        text=True,
    )
    stack.callback(databases.end, process)
    return process


def _check(process, bases, title):
    """Wait for the end of a measurement.

    :raise Failure: if it failed
    """
    if process.wait():
        log = _log()
        raise Failure(f"{title} failed: {databases.reason(log)} (the log is {log})")


def _log():
    return cache.folder() / "bench.log"
