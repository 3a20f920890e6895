"""The tests marked with `on_charts`, in a database with Odoo's own localizations.

They run in a process of their own, beside the other tests.
"""

import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from xml.etree import ElementTree

from environment import addons, databases, odoo

from odoo.addons.account_collections.tests.chart_common import COUNTRIES, VARIABLE


class ChartsRun:
    """One run of them, from `start` to `join`."""

    def __init__(self):
        self.cases = []
        self.output = ""
        self.error = None
        self.process = None
        self.thread = threading.Thread(target=self._run)

    def start(self):
        """Begin, and return at once."""
        self.thread.start()

    def join(self):
        """Wait for the end.

        :return: the `testcase` elements of the report in JUnit's format
        :rtype: list[xml.etree.ElementTree.Element]
        :raise Exception: what kept the tests from being run
        """
        self.thread.join()
        if self.error:
            raise self.error
        return self.cases

    def stop(self):
        """End it, if nobody has waited for its end."""
        if self.process and self.process.poll() is None:
            self.process.terminate()

    # === HELPERS === #

    def _run(self):
        try:
            bases = databases.Databases(odoo.get(), {})
            with (
                tempfile.TemporaryDirectory() as folder,
                bases.fresh(bases.charts()) as name,
                bases.config() as config,
            ):
                report = Path(folder) / "report.xml"
                self.process = self._start_pytest(bases, name, config, report)
                self.output, _nothing = self.process.communicate()
                if report.exists():
                    self.cases = list(ElementTree.parse(report).iter("testcase"))
        except Exception as error:  # raised again where somebody waits for it
            self.error = error

    def _start_pytest(self, bases, name, config, report):
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
        command += [f"--odoo-config={config}", f"--odoo-database={name}"]
        command += [f"--junitxml={report}", "-k", "OnChart"]
        command += sorted(str(path) for path in addons.ROOT.glob("*/tests"))
        return subprocess.Popen(
            command,
            env={
                **bases.environ,
                "ODOO_RC": str(config),
                "ACCOUNT_COLLECTIONS_DATABASE": name,
                VARIABLE: ",".join(COUNTRIES),
            },
            cwd=addons.ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
