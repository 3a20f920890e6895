"""The accounting comes out the same on the charts of other countries.

The tests marked with `on_charts` (see `account_collections/tests/chart_common.py`) run
once more, in a process of their own, in a database with Odoo's own localizations.
"""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from xml.etree import ElementTree

from environment import addons, databases, odoo

from odoo.addons.account_collections.tests.chart_common import COUNTRIES, VARIABLE


class TestCharts(unittest.TestCase):
    def test_flows_on_the_charts_of_other_countries(self):
        bases = databases.Databases(odoo.get(), {})
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.xml"
            with bases.fresh(bases.charts()) as name, bases.config() as config:
                process = self._run_pytest(bases, name, config, report)
            if not report.exists():
                self.fail(process.stdout[-4000:])
            cases = list(ElementTree.parse(report).iter("testcase"))
        self.assertTrue(cases, process.stdout[-4000:])
        for case in cases:
            for problem in (*case.findall("failure"), *case.findall("error")):
                with self.subTest(f"{case.get('classname')}.{case.get('name')}"):
                    self.fail(problem.text)
        self.assertIn(process.returncode, (0, 1), process.stdout[-4000:])

    # === HELPERS === #

    def _run_pytest(self, bases, name, config, report):
        """Run the tests in the second database.

        :return: the finished process, its output in `stdout`
        """
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
        command += [f"--odoo-config={config}", f"--odoo-database={name}"]
        command += [f"--junitxml={report}", "-k", "OnChart"]
        command += sorted(str(path) for path in addons.ROOT.glob("*/tests"))
        return subprocess.run(
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
