"""Databases and processes of a test's own, for what one transaction cannot show."""

import contextlib
import os
import subprocess
import sys
import textwrap
import uuid

import psycopg2

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

# What comes before and after the `compete()` of processes that act at once: each waits
# at the start, its transaction begun, and Odoo tries again as it does for a request.
START = """
from odoo.exceptions import UserError
from odoo.service.model import retrying

def begin():
    env.cr.execute("SELECT pg_advisory_xact_lock_shared(4711)")
"""

FINISH = """
env.cr.commit()
try:
    result = retrying(lambda: begin() or compete(), env)
except UserError as error:
    result = str(error)
print("Result:", result)
"""

WAITING = """
SELECT COUNT(*) FROM pg_locks
 WHERE locktype = 'advisory' AND NOT granted AND objid = 4711
   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
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


def query(name, statement):
    """Ask a database by itself.

    :rtype: list[tuple]
    """
    with contextlib.closing(psycopg2.connect(dbname=name)) as connection:
        cursor = connection.cursor()
        cursor.execute(statement)
        return cursor.fetchall()


def compete(name, script, *calls):
    """Let processes act at once, all of whose transactions have begun.

    :param str name: the database
    :param str script: Python that defines `compete()`, which returns what to tell
    :param calls: the arguments of each process
    :return: what each of them told, or the error that it got
    :rtype: list[str]
    """
    with contextlib.closing(psycopg2.connect(dbname=name)) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT pg_advisory_lock(4711)")
        processes = [start(name, START + script + FINISH, *call) for call in calls]
        for _attempt in range(10**6):
            cursor.execute(WAITING)
            if cursor.fetchone() == (len(calls),):
                break
        else:
            raise AssertionError("They never came to the start.")
    results = [finish(process) for process in processes]
    for code, output in results:
        assert code == 0, output
    return [output.partition("Result:")[2].strip() for _code, output in results]
