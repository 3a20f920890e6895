"""PostgreSQL: the person's own, or a private cluster that listens to nobody else.

The private cluster is reached through a Unix socket in a folder that only its
owner may enter; it has no port. It runs while any of these scripts needs it.
"""

import contextlib
import fcntl
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from . import cache, python, system
from .messages import Failure, Step

OLDEST = 13
USER = "odoo"
PACKAGED = Path(__file__).resolve().parent / "requirements-postgres.txt"
# Nothing in it is worth waiting for the disk.
SETTINGS = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
}


@contextlib.contextmanager
def server():
    """Give the server to use while inside.

    :return: the environment variables that lead to it
    :rtype: dict[str, str]
    :raise Failure: if there is none
    """
    if os.environ.get("PGHOST") or os.environ.get("PGPORT"):
        yield _named()
        return
    cluster = Cluster()
    with open(str(cache.folder() / "postgres.users"), "w") as users:
        with cache.lock("postgres"):
            cluster.start()
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield {"PGHOST": str(cluster.socket), "PGPORT": "5432", "PGUSER": USER}
        finally:
            with cache.lock("postgres"):
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    cluster.stop()


def _named():
    """Return the server that the person's variables lead to.

    :raise Failure: if it does not answer, is too old, or its user may not do
        what Odoo needs
    """
    import psycopg2

    try:
        connection = psycopg2.connect(dbname="postgres")
    except psycopg2.Error as error:
        raise Failure(
            f"PostgreSQL, named in PGHOST or PGPORT: {str(error).splitlines()[0]}"
        ) from None
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolname, rolcreatedb OR rolsuper FROM pg_roles"
            " WHERE rolname = current_user"
        )
        name, may_create = cursor.fetchone()
        if connection.server_version < OLDEST * 10000:
            raise Failure(f"Odoo 19 needs PostgreSQL {OLDEST} or newer")
    if name == "postgres":
        raise Failure("Odoo refuses the database user postgres: name one in PGUSER")
    if not may_create:
        raise Failure(f"the database user {name} may not create databases")
    variables = ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD")
    return {name: os.environ[name] for name in variables if os.environ.get(name)}


class Cluster:
    """A private cluster, made at the first start.

    PostgreSQL refuses to run as root. Root's cluster belongs to an unprivileged
    user, and stands outside the cache folder where that user cannot reach it.
    """

    def __init__(self):
        self.owner = self._get_owner()
        self.home = self._get_home()
        self.programs = self._get_programs()
        self.data = self.home / f"cluster-{_major(self.programs)}"
        self.socket = self._get_socket()

    def start(self):
        """Start the server, unless it runs already."""
        if not (self.data / "PG_VERSION").exists():
            self._create()
        if self._run("pg_ctl", "-D", self.data, "status")[0] == 0:
            return
        _private_folder(self.socket, self.owner)
        log = self.home / "server.log"
        code, _output = self._run(
            *("pg_ctl", "-D", self.data, "-l", log, "-w", "-t", "60"),
            *("-o", f"-k '{self.socket}'", "start"),
        )
        if code:
            reason = system.last_line(log.read_text(errors="replace"), "FATAL:")
            raise Failure(f"PostgreSQL does not start: {reason}")

    def stop(self):
        self._run("pg_ctl", "-D", self.data, "-m", "fast", "-w", "stop")

    def _create(self):
        part = self.data.with_name(f"{self.data.name}.part")
        shutil.rmtree(str(part), ignore_errors=True)
        with Step("Creating a private PostgreSQL cluster"):
            command = ["initdb", "-D", part, "-U", USER, "-A", "trust", "-E", "UTF8"]
            code, output = self._run(*command, "--locale=C.UTF-8")
            if code:
                shutil.rmtree(str(part), ignore_errors=True)
                code, output = self._run(*command, "--locale=C")
        if code:
            raise Failure(f"initdb failed: {system.last_line(output, 'initdb: error')}")
        with open(str(part / "postgresql.conf"), "a") as settings:
            settings.writelines(f"{key} = {value}\n" for key, value in SETTINGS.items())
        part.rename(self.data)

    def _run(self, program, *arguments):
        options = {"cwd": str(self.home)}
        if self.owner:
            options.update(
                user=self.owner.pw_uid, group=self.owner.pw_gid, extra_groups=[]
            )
        # The server outlives pg_ctl and would keep a pipe open: a file does not mind.
        with tempfile.TemporaryFile("w+", errors="replace") as output:
            done = subprocess.run(
                [str(part) for part in (self.programs / program, *arguments)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
                **options,
            )
            output.seek(0)
            return done.returncode, output.read()

    def _get_owner(self):
        """Return who the server runs as, or None for the one who asks."""
        if os.geteuid() != 0:
            return None
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                return pwd.getpwnam(name)
        raise Failure("PostgreSQL needs a user other than root, and there is no nobody")

    def _get_home(self):
        home = cache.folder() / "postgres"
        if self.owner and not self._may_reach(cache.folder()):
            name = cache.digest(cache.folder())
            home = Path("/var/lib/account-collections") / name
        home.parent.mkdir(parents=True, exist_ok=True)
        return _private_folder(home, self.owner)

    def _may_reach(self, path):
        done = subprocess.run(
            ["test", "-x", str(path)],
            user=self.owner.pw_uid,
            group=self.owner.pw_gid,
            extra_groups=[],
            cwd="/",
        )
        return done.returncode == 0

    def _get_socket(self):
        """Return the socket's folder, whose path may not be long."""
        socket = self.home / "socket"
        if len(str(socket)) > 80:
            name = f"account-collections-{cache.digest(self.home)}"
            socket = Path(tempfile.gettempdir()) / name
        return socket

    def _get_programs(self):
        """Return the folder of PostgreSQL's programs: the machine's, else PyPI's."""
        installed = sorted(
            (path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")),
            key=lambda path: float(path.parent.name),
        )
        on_path = shutil.which("initdb")
        if on_path:
            installed.insert(0, Path(on_path).resolve().parent)
        whole = [path for path in installed if (path / "postgres").exists()]
        fresh = [path for path in whole if _major(path) >= OLDEST]
        return fresh[-1] if fresh else self._get_packaged()

    def _get_packaged(self):
        """Return the programs that come in a Python package."""
        target = self.home / f"programs-{cache.digest(PACKAGED.read_bytes())}"
        if not target.exists():
            with cache.lock("set-up"), cache.building(target) as part:
                interpreter = Path(sys.executable)
                python.install(
                    interpreter, "--no-deps", "--target", part, "-r", PACKAGED
                )
                if self.owner:
                    for path in [part, *part.rglob("*")]:
                        os.chown(str(path), self.owner.pw_uid, self.owner.pw_gid)
        return next(target.glob("*/pginstall/bin"))


def _private_folder(path, owner):
    """Make a folder that only its owner may enter.

    :param Path path: the folder; its parent exists
    :param owner: an entry of the user database, or None for oneself
    :raise Failure: if someone else has been there first
    """
    uid, gid = (owner.pw_uid, owner.pw_gid) if owner else (os.geteuid(), os.getegid())
    if not path.exists():
        path.mkdir(mode=0o700)
        os.chown(str(path), uid, gid)
    if path.is_symlink() or path.stat().st_uid != uid:
        raise Failure(f"{path} belongs to someone else: please remove it")
    path.chmod(0o700)
    return path


def _major(programs):
    """Return the major version of the server in a folder, or 0."""
    code, output = system.output_of([programs / "postgres", "--version"])
    found = re.search(r"\d+", output)
    return int(found.group()) if code == 0 and found else 0
