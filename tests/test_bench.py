"""The bench measures what it says, and says in one line what is wrong."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

import databases
from benchmarks import reports, turns
from environment import addons

BENCH = addons.ROOT / "scripts" / "bench"


def times(planning, bare):
    return {"planning": planning, "bare": bare}


def planned(items, deciding, writing, statements=20):
    """A measurement of planning, the same for each of its runs."""
    run = {
        "deciding": deciding,
        "writing": writing,
        "whole": {
            "customers": items // 10,
            "statements": statements,
            "memory": 0.4,
            "server_memory": None,
        },
    }
    return {"items": items, "first": run, "steady": run, "history": run}


class TestReports(unittest.TestCase):
    def test_table(self):
        self.assertEqual(
            reports.table(["what", "n"], [["a", "1"], ["longer", "1,000"]]),
            "what        n\n----        -\na           1\nlonger  1,000",
        )

    def test_planning_budgets(self):
        text, is_missed = reports.plan(
            [
                planned(100_000, times(0.3, 0.1), times(0.2, 0.1)),
                planned(1_000_000, times(3, 1), times(2, 1)),
            ]
        )
        self.assertFalse(is_missed, text)
        self.assertNotIn("MISSED", text)
        self.assertIn("the same throughout", text)
        self.assertIn("3,000 ms", text)

    def test_growth_is_that_of_the_bare_statements(self):
        """Both take longer for an item of a large ledger; planning no more so."""
        for deciding, expected in ((4.5, "1.00x"), (6, "1.25x")):
            with self.subTest(deciding=deciding):
                text, _is_missed = reports.plan(
                    [
                        planned(100_000, times(0.3, 0.2), times(0.1, 0.1)),
                        planned(1_000_000, times(deciding, 3), times(1.5, 1.5)),
                    ]
                )
                self.assertRegex(text, rf"growth .* a week later +{expected}")
                self.assertIn("10 times the items take", text)

    def test_what_is_missed_by_little_is_shown_but_does_not_fail(self):
        for deciding, expected in ((0.35, False), (0.6, True)):
            with self.subTest(deciding=deciding):
                text, is_missed = reports.plan(
                    [planned(100_000, times(deciding, 0.1), times(0.1, 0.1))]
                )
                self.assertIn("MISSED", text)
                self.assertEqual(is_missed, expected)

    def test_few_items_have_no_budget(self):
        text, is_missed = reports.plan(
            [planned(10_000, times(0.3, 0.01), times(0.1, 0.1))]
        )
        self.assertFalse(is_missed)
        self.assertNotIn("MISSED", text)

    def test_statements_that_grow_fail(self):
        same = times(0.1, 0.1)
        text, is_missed = reports.plan(
            [planned(100, same, same, 20), planned(1000, same, same, 21)]
        )
        self.assertTrue(is_missed)
        self.assertIn("NOT constant: 20, 21", text)

    def test_executing(self):
        side = {"seconds": 10, "letters": 100, "statements": 50}
        ours = {**side, "planning": {"planning": 0.1}}
        theirs = {
            **side,
            "letters": 10,
            "planning": {"generate": 4, "release": 1},
        }
        text, is_missed = reports.execute(
            {"customers": 100, "ours": ours, "theirs": theirs}
        )
        self.assertFalse(is_missed, text)
        self.assertNotIn("MISSED", text)

    def test_payments(self):
        without = {"late": {"seconds": [0.1, 0.1, 9], "statements": 100}}
        for late, promised, verdict in ((0.1, 0.11, "kept"), (0.11, 0.12, "MISSED")):
            with self.subTest(late=late):
                text, _is_missed = reports.payment(
                    without,
                    {
                        "late": {"seconds": [9, late, late], "statements": 101},
                        "promised": {"seconds": [promised], "statements": 110},
                    },
                )
                self.assertIn(verdict, text)


class TestTurns(unittest.TestCase):
    """Two who measure take turns, however many each needs."""

    def take(self, *programs):
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", f"from benchmarks import turns\n{program}"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            for program in programs
        ]
        lines = [
            (number, line and line.strip()) for number, line in turns.take(processes)
        ]
        for process in processes:
            process.stdin.close()
            process.stdout.close()
        return lines, [process.wait() for process in processes]

    def test_turns(self):
        count = "for n in range({}): turns.wait(); print(n)"
        lines, codes = self.take(count.format(3), count.format(2))
        self.assertEqual(
            lines,
            [(1, "0"), (0, "0"), (0, "1"), (1, "1"), (1, None), (0, "2"), (0, None)],
        )
        self.assertEqual(codes, [0, 0])

    def test_one_that_fails_does_not_keep_the_other_waiting(self):
        for program in ("fail()", "turns.wait(); fail()"):
            with self.subTest(program=program):
                lines, codes = self.take(program, "turns.wait(); print('done')")
                self.assertCountEqual(lines, [(0, None), (1, "done"), (1, None)])
                self.assertEqual(codes, [1, 0])


class TestCommand(unittest.TestCase):
    """What can be said before anything is fetched."""

    def run_bench(self, *arguments):
        done = subprocess.run(
            [sys.executable, str(BENCH), *arguments], capture_output=True, text=True
        )
        return done.returncode, done.stdout, done.stderr

    def test_help(self):
        code, output, _errors = self.run_bench("--help")
        self.assertEqual(code, 0)
        for bench in ("plan", "execute", "replay"):
            self.assertIn(bench, output)

    def test_bad_arguments(self):
        with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
            file.write("customerID,invoiceNumber\n")
            file.flush()
            for arguments, expected in (
                (["replay", "/no/such/file.csv"], "cannot be read: No such file"),
                (["replay", file.name], "lacks the columns InvoiceDate, DueDate"),
                (["plan", "--items", "many"], "many is not a number"),
                (["execute", "--customers", "0"], "0 is not a number greater than"),
            ):
                with self.subTest(arguments=arguments):
                    code, _output, errors = self.run_bench(*arguments)
                    self.assertNotEqual(code, 0)
                    self.assertIn(expected, errors)
                    self.assertNotIn("Traceback", errors)


class TestPlan(unittest.TestCase):
    def test_small_ledger(self):
        with databases.database() as name:
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks", "plan", name, '{"items": 500}'],
                env=os.environ,
                capture_output=True,
                text=True,
            )
        self.assertEqual(done.returncode, 0, done.stderr)
        result = json.loads(done.stdout.splitlines()[-1])
        text, _is_missed = reports.plan([result])
        self.assertIn("the same throughout", text)
        self.assertGreater(result["first"]["whole"]["customers"], 30)
