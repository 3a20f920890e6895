"""Databases: templates that take a while to make, and copies that take seconds."""

import contextlib
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from . import addons, cache
from .messages import Failure, Step

PREFIX = "account_collections"
# Tells the copies of one process apart.
NUMBERS = itertools.count(1)
KEPT = 4


class Databases:
    """Odoo databases on one server, with their files in the cache folder.

    :param Odoo odoo: the Odoo to run
    :param dict environ: the variables that lead to the server
    """

    def __init__(self, odoo, environ):
        self.odoo = odoo
        self.data = cache.folder() / "data"
        self.environ = {
            **{key: value for key, value in os.environ.items() if key != "ODOO_RC"},
            **environ,
            "PYTHONPATH": os.pathsep.join(
                [str(odoo.path), str(addons.ROOT / "scripts")]
            ),
            "PATH": os.pathsep.join(
                [str(Path(sys.executable).parent), os.environ["PATH"]]
            ),
            "PYTHONUNBUFFERED": "1",
        }
        for name in ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD"):
            if name in environ:
                os.environ[name] = environ[name]

    @property
    def options(self):
        """Odoo's options that hold for every database.

        :rtype: dict[str, str]
        """
        return {
            "addons_path": ",".join([*self.odoo.addons_path, str(addons.ROOT)]),
            "data_dir": str(self.data),
            "http_interface": "127.0.0.1",
            "list_db": "False",
        }

    # === TEMPLATES ===#

    def base(self):
        """Return the name of a database with Odoo's add-ons and demo data."""
        needed = ",".join(addons.dependencies())
        state = cache.digest(self.odoo.path, self.odoo.version, needed)

        def make(name):
            self._install(name, needed, "Installing Odoo with demo data")

        return self._template("base", state, make)

    def template(self):
        """Return the name of a database with our add-ons as they are now."""
        base = self.base()

        def make(name):
            self.copy(base, name)
            self._install(name, ",".join(addons.names()), "Installing the add-ons")

        return self._template("addons", cache.digest(base, addons.state()), make)

    def charts(self):
        """Return the name of a database with our add-ons and the charts of accounts
        of other countries, without their demo data."""
        base = self.base()
        charts = ",".join(addons.CHARTS)

        def make_base(name):
            self.copy(base, name)
            self._install(name, charts, "Installing charts of accounts", False)

        def make(name):
            self.copy(localized, name)
            names = ",".join(addons.names())
            self._install(name, names, "Installing the add-ons", False)

        localized = self._template("charts_base", cache.digest(base, charts), make_base)
        state = cache.digest(localized, addons.state())
        return self._template("charts", state, make)

    def demo(self, script, reset, **options):
        """Return the name of a database that is kept as the person leaves it.

        It is made anew when our add-ons have changed.

        :param Path script: what ``odoo shell`` does in it at first
        :param bool reset: whether to make it anew in any case
        :param options: options of Odoo for that
        """
        template = self.template()
        state = cache.digest(template, script.read_bytes())
        if reset:
            self.drop(f"{PREFIX}_demo_{state}")

        def make(name):
            self.copy(template, name)
            arguments = ["shell", "-d", name, "--no-http"]
            self.run(arguments, "Running the first dunning", stdin=script, **options)

        return self._template("demo", state, make)

    def _template(self, kind, state, make):
        """Return the name of a kept database, made if it is not there.

        It gets its name when it is whole, so an interrupted one is made again.

        :param str kind: what it is
        :param str state: what it was made of
        :param make: makes it, given a name
        """
        name = f"{PREFIX}_{kind}_{state}"
        with cache.lock("database"):
            if not self.exists(name):
                part = f"{PREFIX}_{kind}_part"
                self.drop(part)
                self.drop(name)
                make(part)
                self.rename(part, name)
                self._forget(kind)
            os.utime(str(self.filestore(name)))
        return name

    def _forget(self, kind):
        """Drop the templates of a kind that have not been used for longest."""
        pattern = re.escape(f"{PREFIX}_{kind}_") + "[0-9a-f]{10}$"
        names = [name for name in self.names() if re.match(pattern, name)]
        names.sort(key=self._last_used, reverse=True)
        for name in names[KEPT:]:
            self.drop(name)

    def _last_used(self, name):
        path = self.filestore(name)
        return path.stat().st_mtime if path.exists() else 0

    @contextlib.contextmanager
    def fresh(self, template):
        """Give the name of a copy that is dropped at the end.

        :param str template: the database to copy
        """
        for name in self.names():
            found = re.match(f"{PREFIX}_test_(\\d+)(_\\d+)?$", name)
            if found and not Path("/proc", found.group(1)).exists():
                self.drop(name)
        name = f"{PREFIX}_test_{os.getpid()}_{next(NUMBERS)}"
        self.copy(template, name)
        try:
            yield name
        finally:
            self.drop(name)

    # === RUNNING ODOO ===#

    @contextlib.contextmanager
    def config(self, **options):
        """Give the path of a configuration file for Odoo.

        :param options: more options, as Odoo spells them
        """
        with tempfile.TemporaryDirectory(prefix=f"{PREFIX}-") as folder:
            path = Path(folder) / "odoo.conf"
            lines = {**self.options, **options}.items()
            path.write_text(
                "[options]\n" + "".join(f"{key} = {value}\n" for key, value in lines)
            )
            yield path

    def run(self, arguments, title, stdin=None, **options):
        """Run Odoo to its end, showing how far it has got.

        :param list arguments: Odoo's arguments
        :param str title: what is being done
        :param Path stdin: a file to read, for ``odoo shell``
        :raise Failure: if it fails; the log stays in the cache folder
        """
        log = cache.folder() / "odoo.log"
        with contextlib.ExitStack() as stack:
            step = stack.enter_context(Step(title))
            config = stack.enter_context(self.config(**options))
            output = stack.enter_context(open(log, "w", encoding="utf-8"))
            source = stack.enter_context(open(stdin or os.devnull, encoding="utf-8"))
            process = subprocess.Popen(
                [*self.odoo.command, arguments[0], "-c", str(config), *arguments[1:]],
                env=self.environ,
                cwd=tempfile.gettempdir(),
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
            stack.callback(end, process)
            for line in process.stdout:
                output.write(line)
                found = re.search(r"Loading module (\w+) \((\d+)/(\d+)\)", line)
                if found:
                    step.detail = "{1}/{2} {0}".format(*found.groups())
            if process.wait():
                output.flush()
                raise Failure(f"{title} failed: {reason(log)} (the log is {log})")

    def _install(self, name, modules, title, with_demo=True):
        arguments = ["server", "-d", name, "-i", modules]
        arguments.append("--with-demo" if with_demo else "--without-demo")
        self.run([*arguments, "--stop-after-init", "--no-http"], title)

    # === DATABASES ===#

    def exists(self, name):
        return name in self.names() and self.filestore(name).exists()

    def names(self):
        """Return the names of our databases on the server."""
        rows = self._execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)",
            f"{PREFIX}_",
        )
        return [name for (name,) in rows]

    def copy(self, source, target):
        """Copy a database and its files."""
        self.drop(target)
        # A checkpoint for each copy would cost more than logging it.
        self._execute(f'CREATE DATABASE "{target}" TEMPLATE "{source}"')
        shutil.copytree(
            self.filestore(source), self.filestore(target), copy_function=os.link
        )

    def rename(self, source, target):
        shutil.rmtree(self.filestore(target), ignore_errors=True)
        self.filestore(source).mkdir(parents=True, exist_ok=True)
        self.filestore(source).rename(self.filestore(target))
        self._execute(f'ALTER DATABASE "{source}" RENAME TO "{target}"')

    def drop(self, name):
        """Remove a database and its files, if they are there."""
        self._execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            name,
        )
        self._execute(f'DROP DATABASE IF EXISTS "{name}"')
        shutil.rmtree(self.filestore(name), ignore_errors=True)

    def filestore(self, name):
        return self.data / "filestore" / name

    def _execute(self, statement, *values):
        import psycopg2

        with contextlib.closing(psycopg2.connect(dbname="postgres")) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                try:
                    cursor.execute(statement, values or None)
                except psycopg2.Error as error:
                    text = str(error).splitlines()[0]
                    raise Failure(f"PostgreSQL says: {text}") from None
                return cursor.fetchall() if cursor.description else []


def reason(log):
    """Return the line of a log that says why Odoo failed.

    :param Path log: its log
    """
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    errors = [line for line in lines if " CRITICAL " in line or " ERROR " in line]
    telling = errors[-1:] or lines[-1:]
    inside = False
    for line in lines:
        if line.startswith("Traceback "):
            inside = True
        elif inside and line and not line[0].isspace():
            telling = [line]
            inside = False
    return telling[0][:300] if telling else "it gave no reason"


def end(process):
    """End a process that an interruption has left running."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
