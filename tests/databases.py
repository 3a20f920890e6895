"""Databases and processes of a test's own, for what one transaction cannot show."""

import contextlib
import os
import subprocess
import sys
import textwrap
import uuid

TODAY = "2024-06-14"

PREAMBLE = f"""
import warnings
warnings.simplefilter("ignore")
import os
from freezegun import freeze_time
from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tools import config

config.parse_config(["-c", os.environ["ODOO_RC"], "-d", database, "--log-level=error"])
registry = Registry(database)
freeze_time("{TODAY} 10:00:00").start()
env = api.Environment(registry.cursor(), SUPERUSER_ID, {{}})
"""


@contextlib.contextmanager
def database():
    """Copy the template database, for the time of a test.

    :return: the name of the copy
    """
    name = f"account_collections_test_{uuid.uuid4().hex[:12]}"
    subprocess.run(
        ["createdb", "-T", os.environ["ACCOUNT_COLLECTIONS_TEMPLATE"], name], check=True
    )
    try:
        yield name
    finally:
        subprocess.run(["dropdb", "--force", name], check=True)


def start(name, script, *arguments):
    """Start an Odoo process that runs a script in a database.

    :param str name: the database
    :param str script: Python, with `env` and `arguments`, at the time `TODAY`
    :param arguments: strings for the script
    :return: the process (`subprocess.Popen`), its output readable
    """
    source = f"database, arguments = {name!r}, {arguments!r}\n"
    return subprocess.Popen(
        [sys.executable, "-c", source + PREAMBLE + textwrap.dedent(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process):
    """Wait for a process and give its exit code and what it printed."""
    output, _nothing = process.communicate(timeout=240)
    return process.returncode, output


def run(name, script, *arguments):
    """Run a script in a database and give what it printed.

    :raise AssertionError: when it failed, with its output
    """
    code, output = finish(start(name, script, *arguments))
    assert code == 0, output
    return output
