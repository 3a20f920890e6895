"""The tests marked with `on_charts`, in a database with Odoo's own localizations.

They run beside the other tests, in a process of their own that is no child of pytest:
Odoo ends the children that it finds when a test class is over.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from xml.etree import ElementTree

from environment import addons, databases, messages, odoo


class ChartsRun:
    """One run of them, from `start` to `join`.

    :param str variable: the environment variable that asks for countries
    :param tuple[str] countries: their codes
    """

    def __init__(self, variable, countries):
        self.asked = {variable: ",".join(countries)}
        self.folder = tempfile.TemporaryDirectory()
        self.report = Path(self.folder.name) / "report.xml"
        self.output = ""
        self.group = None
        self.thread = None

    def start(self):
        """Begin, and return at once."""
        launcher = subprocess.Popen(
            [sys.executable, __file__, str(self.report)],
            env={**os.environ, **self.asked, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        launcher.wait()
        self.group = launcher.pid
        self.thread = threading.Thread(target=self._read, args=(launcher.stdout,))
        self.thread.start()

    def join(self):
        """Wait for the end.

        :return: the `testcase` elements of the report in JUnit's format, none where the
            tests could not be run: the output says why
        :rtype: list[xml.etree.ElementTree.Element]
        """
        self.thread.join()
        if not self.report.exists():
            return []
        return list(ElementTree.parse(self.report).iter("testcase"))

    def stop(self):
        """End it, if nobody has waited for its end."""
        if self.thread.is_alive():
            os.killpg(self.group, signal.SIGTERM)
            self.thread.join()
        self.folder.cleanup()

    # === HELPERS === #

    def _read(self, output):
        with output:
            self.output = output.read()


def run(report):
    """Run them in a database of their own.

    :param str report: path of the report to write, in JUnit's format
    :return: the exit code of pytest
    :rtype: int
    """
    bases = databases.Databases(odoo.get(), {})
    with bases.fresh(bases.charts()) as name, bases.config() as config:
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
        command += [f"--odoo-config={config}", f"--odoo-database={name}"]
        command += [f"--junitxml={report}", "-k", "OnChart"]
        command += sorted(str(path) for path in addons.ROOT.glob("*/tests"))
        environ = {
            **bases.environ,
            "ODOO_RC": str(config),
            "ACCOUNT_COLLECTIONS_DATABASE": name,
        }
        return subprocess.run(command, env=environ, cwd=addons.ROOT).returncode


if __name__ == "__main__":
    if os.fork() == 0:
        with messages.one_line_failures():
            sys.exit(run(sys.argv[1]))
