"""The scripts say in one line what is wrong, and undo what they left half done."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from unittest import TestCase
from unittest.mock import patch

import pytest
from environment import (
    addons,
    cache,
    databases,
    debian,
    messages,
    odoo,
    ports,
    postgres,
    system,
)

SCRIPTS = addons.ROOT / "scripts"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, request, monkeypatch):
    """Give each test a cache folder and a machine of its own."""
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    for name in (odoo.VARIABLE, "PGHOST", "PGPORT", "PGUSER", "ODOO_RC"):
        monkeypatch.delenv(name, raising=False)
    request.instance.folder = tmp_path


class ScriptCase(TestCase):
    def start(self, *command, **environ):
        return subprocess.Popen(
            [str(part) for part in command],
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run_script(self, *command, **environ):
        process = self.start(*command, **environ)
        output, errors = process.communicate(timeout=60)
        return process.returncode, output, errors

    def assert_fails(self, expected, *command, **environ):
        """Assert that a script ends with one line that says what is wrong."""
        code, output, errors = self.run_script(*command, **environ)
        self.assertEqual(code, 1, errors)
        self.assertNotIn("Traceback", errors)
        self.assertFalse(output)
        last = errors.splitlines()[-1]
        self.assertTrue(last.startswith("error: "), errors)
        self.assertIn(expected, last)

    def fake_program(self, name, script="exit 0"):
        """Put a program on a PATH of its own, and return that PATH."""
        folder = self.folder / "bin"
        folder.mkdir(exist_ok=True)
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return str(folder)

    def fake_odoo(self, version, layout="."):
        release = self.folder / "tree" / layout / "odoo" / "release.py"
        release.parent.mkdir(parents=True)
        release.write_text(f"version_info = ({version}, 0, 'final', 0, '')\n")
        return str(self.folder / "tree")


class TestFailures(ScriptCase):
    def test_help_needs_nothing(self):
        code, output, _errors = self.run_script(SCRIPTS / "demo", "--help")
        self.assertEqual(code, 0)
        self.assertIn("--port", output)
        self.assertFalse((self.folder / ".cache").exists())

    def test_busy_port(self):
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            server.listen()
            port = server.getsockname()[1]
            self.assertNotEqual(ports.free(port), port)
            self.assert_fails(
                f"port {port} is in use", SCRIPTS / "demo", "--port", port
            )

    def test_port_that_is_none(self):
        for port in ("abc", -5, 0, 65536, 70000):
            with self.subTest(port=port):
                code, output, errors = self.run_script(
                    SCRIPTS / "demo", f"--port={port}"
                )
                self.assertEqual(code, 2, errors)
                self.assertFalse(output)
                self.assertRegex(
                    errors.splitlines()[-1], f"--port: {port} is no port.*1 to 65535"
                )

    def test_port_of_the_administrator(self):
        """A port that is not allowed is not called busy."""
        with (
            patch.object(socket.socket, "bind", side_effect=PermissionError),
            self.assertRaisesRegex(messages.Failure, "port 80 .*administrator"),
        ):
            ports.need(80)

    def test_odoo_path_without_odoo(self):
        for script in ("demo", "test"):
            with self.subTest(script=script):
                self.assert_fails(
                    "there is no Odoo in",
                    *(SCRIPTS / script,),
                    ODOO_PATH=str(self.folder),
                )

    def test_odoo_path_of_another_series(self):
        self.assert_fails(
            "names an Odoo 18.0", SCRIPTS / "test", ODOO_PATH=self.fake_odoo("18, 0")
        )

    def test_cache_folder_that_cannot_be_made(self):
        (self.folder / "file").touch()
        self.assert_fails(
            "cannot be made",
            SCRIPTS / "test",
            ACCOUNT_COLLECTIONS_CACHE=str(self.folder / "file" / "cache"),
        )

    def test_unsupported_python(self):
        """Both too old and too new, where the PATH offers no other."""
        for version in ((3, 9), (3, 14)):
            code = textwrap.dedent(f"""
                import sys
                sys.path.insert(0, {str(SCRIPTS)!r})
                sys.version_info = {version} + (0, "final", 0)
                from environment import messages, python
                with messages.one_line_failures():
                    python.enter()
            """)
            with self.subTest(version=version):
                self.assert_fails(
                    "Odoo 19 needs Python 3.10 to 3.13",
                    *(sys.executable, "-c", code),
                    PATH=str(self.folder),
                )

    def test_download_fails(self):
        """No package index answers: one line, and nothing half made is kept."""
        cache_folder = self.folder / "elsewhere"
        for proxy in ("http://127.0.0.1:9", "not a proxy"):
            with self.subTest(proxy=proxy):
                self.assert_fails(
                    "Python packages could not be fetched",
                    SCRIPTS / "test",
                    ACCOUNT_COLLECTIONS_CACHE=str(cache_folder),
                    PIP_INDEX_URL="http://127.0.0.1:9/simple",
                    PIP_EXTRA_INDEX_URL="",
                    PIP_FIND_LINKS="",
                    PIP_CONFIG_FILE=os.devnull,
                    PIP_PROXY=proxy,
                    PIP_RETRIES="0",
                )
                self.assertFalse(list(cache_folder.glob("python-*/complete")))

    def test_machine_without_apt(self):
        with patch.dict(os.environ, PATH=str(self.folder)):
            with self.assertRaisesRegex(messages.Failure, "ODOO_PATH"):
                debian.Archive(self.folder / "apt")

    def test_mirror_is_the_machines_own(self):
        """Read from its sources, even where no update has ever been done."""
        path = self.fake_program(
            "apt-get",
            "echo \"'http://mirror/debian-security/dists/old-s/InRelease' a 0\"\n"
            "echo \"'http://mirror/debian/dists/old/InRelease' b 0\"\n"
            "echo \"'http://mirror/debian/dists/old/main/Packages.xz' c 0\"",
        )
        self.fake_program("dpkg")
        with (
            patch.dict(os.environ, PATH=path),
            patch.object(debian, "KEYRINGS", (__file__,)),
        ):
            archive = debian.Archive(self.folder / "apt")
            self.assertEqual(
                archive._sites(),
                ["http://mirror/debian", "http://mirror/debian-security"],
            )
            self.assertEqual(archive.suites_of_machine(), ["old-s", "old"])

    def test_no_mirror_answers(self):
        """An archive that does not answer, and one that lies about what it holds."""
        for script in ("echo 'E: no answer' >&2; exit 100", "exit 100"):
            path = self.fake_program("apt-get", script)
            self.fake_program("dpkg")
            with (
                self.subTest(script=script),
                patch.dict(os.environ, PATH=f"{path}:/usr/bin:/bin"),
                patch.object(debian.Archive, "_sites", lambda self: ["mirror"]),
                patch.object(debian, "KEYRINGS", (__file__,)),
                self.assertRaisesRegex(messages.Failure, "cannot be read .mirror: "),
            ):
                debian.Archive(self.folder / "apt").update("sid")

    def test_postgres_that_does_not_answer(self):
        for environ in (
            {"PGHOST": "127.0.0.1", "PGPORT": str(ports.free())},
            {"PGHOST": str(self.folder)},
        ):
            with (
                self.subTest(environ=environ),
                patch.dict(os.environ, environ),
                self.assertRaisesRegex(messages.Failure, "PostgreSQL, named in"),
                postgres.server(),
            ):
                pass

    def test_missing_program(self):
        """Without the right to install it, one line asks for it."""
        with (
            patch.dict(os.environ, PATH=str(self.folder)),
            self.assertRaisesRegex(
                messages.Failure, "chromium is needed for tests: please install it"
            ),
        ):
            system.need("chromium", "for tests")

    def test_refused_installation(self):
        path = self.fake_program("apt-get", "echo 'E: No such package'; exit 1")
        with (
            patch.dict(os.environ, PATH=path),
            patch.object(os, "geteuid", lambda: 0),
            self.assertRaisesRegex(messages.Failure, "No such package"),
        ):
            system.need("chromium", "for tests")

    def test_odoo_says_why(self):
        """The line of its log that tells, not the last one."""
        log = self.folder / "odoo.log"
        log.write_text(
            "2026-01-01 INFO x odoo: starting\n"
            "Traceback (most recent call last):\n"
            '  File "x.py", line 1, in <module>\n'
            "psycopg2.errors.UndefinedTable: relation x does not exist\n"
            "2026-01-01 INFO x odoo: stopping\n"
        )
        self.assertIn("relation x does not exist", databases.reason(log))

    def test_killed_while_waiting(self):
        """A kill ends it in one line too, and the lock with it."""
        with cache.lock("set-up"):
            process = self.start(
                SCRIPTS / "test",
                ACCOUNT_COLLECTIONS_CACHE=os.environ[cache.VARIABLE],
            )
            line = process.stderr.readline()
            self.assertIn("Waiting for another set-up", line)
            process.send_signal(signal.SIGTERM)
            _output, errors = process.communicate(timeout=30)
        self.assertEqual((process.returncode, errors), (130, "Stopped.\n"))


class TestOdoo(ScriptCase):
    def test_layouts(self):
        """A source tree, an installation's root, and the package's own folder."""
        for layout, given in ((".", ""), (odoo.INSTALLED, ""), (".", "odoo")):
            with self.subTest(layout=layout, given=given):
                tree = Path(self.fake_odoo("19, 0", layout))
                with patch.dict(os.environ, ODOO_PATH=str(tree / given)):
                    found = odoo.get()
                self.assertEqual(found.version, "19.0")
                self.assertEqual(found.path, tree / layout)
                shutil.rmtree(tree)

    def test_version_of_an_online_release(self):
        with (
            patch.dict(os.environ, ODOO_PATH=self.fake_odoo("'saas~19', 1")),
            self.assertRaisesRegex(messages.Failure, "names an Odoo saas~19.1"),
        ):
            odoo.check()

    def test_links_that_lead_nowhere(self):
        """They lead to a relative of what they miss, or to an empty file."""
        fonts = self.folder / "usr" / "share" / "fonts"
        fonts.mkdir(parents=True)
        (fonts / "Sans-Bold.otf").write_text("bold")
        (fonts / "Sans-Regular.otf").write_text("regular")
        expected = {"Sans.otf": "regular", "Other.otf": ""}
        for name in expected:
            (self.folder / name).symlink_to(f"usr/share/old/{name}")
        self.assertEqual(len(odoo.dangling(self.folder)), 2)
        for link in odoo.dangling(self.folder):
            odoo._stand_in(link, self.folder)
        self.assertFalse(odoo.dangling(self.folder))
        for name, text in expected.items():
            self.assertEqual((self.folder / name).read_text(), text)


class TestCache(ScriptCase):
    def test_whole_or_not_at_all(self):
        target = cache.folder() / "thing"
        with self.assertRaises(KeyboardInterrupt), cache.building(target) as part:
            (part / "half").touch()
            raise KeyboardInterrupt
        self.assertEqual(list(cache.folder().iterdir()), [])
        with cache.building(target) as part:
            (part / "whole").touch()
        self.assertEqual([path.name for path in target.iterdir()], ["whole"])

    def test_leftover_of_a_kill_is_thrown_away(self):
        target = cache.folder() / "thing"
        (cache.folder() / "thing.part").mkdir()
        (cache.folder() / "thing.part" / "half").touch()
        with cache.building(target) as part:
            self.assertEqual(list(part.iterdir()), [])

    def test_one_at_a_time(self):
        code = textwrap.dedent("""
            from environment import cache
            with cache.lock("set-up"):
                print("in", flush=True)
        """)
        with cache.lock("set-up"):
            process = self.start(
                *(sys.executable, "-c", code),
                PYTHONPATH=str(SCRIPTS),
                ACCOUNT_COLLECTIONS_CACHE=os.environ[cache.VARIABLE],
            )
            self.assertIn("Waiting", process.stderr.readline())
            self.assertIsNone(process.poll())
        self.assertEqual(process.communicate(timeout=30)[0], "in\n")

    def test_digest_tells_parts_apart(self):
        self.assertNotEqual(cache.digest("ab", "c"), cache.digest("a", "bc"))
        self.assertEqual(cache.digest("a", b"b"), cache.digest(b"a", "b"))


class TestCluster(ScriptCase):
    def test_made_used_by_two_and_ended_by_the_last(self):
        """Nobody else may reach it; it has no port; it stays while it is used."""
        with postgres.server() as first:
            cluster = postgres.Cluster()
            with postgres.server() as second:
                self.assertEqual(first, second)
            self.assertEqual(cluster._run("pg_ctl", "-D", cluster.data, "status")[0], 0)
            socket_folder = Path(first["PGHOST"])
            self.assertEqual(socket_folder.stat().st_mode & 0o777, 0o700)
            with patch.dict(os.environ, first):
                self.assertEqual(postgres._named()["PGUSER"], postgres.USER)
        status = cluster._run("pg_ctl", "-D", cluster.data, "status")[0]
        self.assertEqual(status, 3)
        shutil.rmtree(cluster.home)

    def test_interrupted_creation_starts_again(self):
        cluster = postgres.Cluster()
        part = cluster.data.with_name(f"{cluster.data.name}.part")
        part.mkdir()
        (part / "half").touch()
        with postgres.server():
            self.assertTrue((cluster.data / "PG_VERSION").exists())
            self.assertFalse(part.exists())
        shutil.rmtree(cluster.home)


class TestStep(ScriptCase):
    def test_says_how_it_ended(self):
        code = textwrap.dedent("""
            from environment import messages
            with messages.one_line_failures():
                with messages.Step("Fetching"):
                    raise messages.Failure("no luck")
        """)
        start = time.monotonic()
        code, _output, errors = self.run_script(
            sys.executable, "-c", code, PYTHONPATH=str(SCRIPTS)
        )
        self.assertEqual(code, 1)
        self.assertRegex(
            errors, r"^Fetching \.\.\.\nFetching: stopped \(0 s\)\nerror: no luck\n$"
        )
        self.assertLess(time.monotonic() - start, 20)
