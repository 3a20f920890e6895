"""Running a measurement inside Odoo, in a process and a database of its own."""

import contextlib
import json
import subprocess
import sys

from environment import cache, databases
from environment.messages import Failure, Step


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
    log = cache.folder() / "bench.log"
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
        config = stack.enter_context(bases.config(db_name=database, **options))
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "benchmarks"]
            + [name, database, json.dumps(arguments)],
            env={**bases.environ, "ODOO_RC": str(config)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stack.enter_context(open(log, "w", encoding="utf-8")),
            text=True,
        )
        stack.callback(databases.end, process)
        last = ""
        for line in process.stdout:
            last = line
            step.detail = line.strip()
        code = process.wait()
    if code:
        raise Failure(f"{title} failed: {databases.reason(log)} (the log is {log})")
    return json.loads(last)
