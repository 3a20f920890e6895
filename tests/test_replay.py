"""Replayed invoices come to the same figures in Odoo as by the file alone.

A made-up history is always replayed; a real one too where RECEIVABLES_HISTORY names
its file.
"""

import datetime
import os
import tempfile
import unittest
from decimal import Decimal
from pathlib import Path

from benchmarks import history, replay, reports
from environment.messages import Failure

from odoo.addons.account_collections.tests.common import CollectionCommon

REAL = os.environ.get("RECEIVABLES_HISTORY")
HEADER = "customerID,invoiceNumber,InvoiceDate,DueDate,InvoiceAmount,SettledDate,"
HEADER += "PaperlessBill,Disputed"
# Paid early, on time, late, much later, and never; on paper and by e-mail.
MADE_UP = """\
A,1,12/20/2012,1/19/2013,100.10,1/9/2013,Electronic,No
A,2,1/5/2013,2/4/2013,50,2/4/2013,Electronic,No
B,3,12/11/2012,1/10/2013,200,2/20/2013,Electronic,Yes
B,4,1/31/2013,3/2/2013,0.01,2/28/2013,Electronic,No
C,5,11/1/2012,12/1/2012,75.25,,Paper,No
C,6,1/2/2013,1/2/2013,20,1/2/2013,Paper,No
"""
YEAR = 2013
FIRST_MONTHS = history.month_ends(YEAR)[:2]


def write(*lines, header=HEADER):
    """Write a history into a file that is removed at the end of the test."""
    with tempfile.NamedTemporaryFile("w", suffix=".csv", delete=False) as file:
        file.write("\n".join([header, *lines]))
    return file.name


class TestHistory(unittest.TestCase):
    """The figures by the file alone, without a database."""

    def read(self, *lines, **options):
        path = write(*lines, **options)
        self.addCleanup(os.unlink, path)
        return history.read(path)

    def test_figures(self):
        invoices = self.read(MADE_UP)
        january, february = (
            history.figures(invoices, month_end) for month_end in FIRST_MONTHS
        )
        self.assertEqual(january, (Decimal("275.25"), Decimal("120.10"), 4, 2))
        self.assertEqual(february, (Decimal("75.25"), Decimal("250.01"), 1, 1))

    def test_overdue_from_the_day_after_the_due_date(self):
        (invoice,) = self.read("A,1,1/1/2013,1/31/2013,5,2/2/2013,Paper,No")
        overdue = [
            day
            for day in range(1, 6)
            if invoice.is_overdue(datetime.date(YEAR, 2, day))
        ]
        self.assertEqual(overdue, [1])
        self.assertFalse(invoice.is_overdue(datetime.date(YEAR, 1, 31)))

    def test_selection(self):
        invoices = self.read(MADE_UP)
        for year, customers, numbers in (
            (2012, None, "135"),
            (2013, None, "531264"),
            (2013, 1, "12"),
            (2014, None, "5"),
            (2011, None, ""),
        ):
            with self.subTest(year=year, customers=customers):
                chosen = history.select(invoices, year, customers)
                self.assertCountEqual(
                    [invoice.number for invoice in chosen], list(numbers)
                )

    def test_bad_files(self):
        good = "A,1,1/1/2013,1/31/2013,5,2/2/2013,Paper,No"
        for lines, header, expected in (
            ([good], "a,b", "lacks the columns customerID, invoiceNumber"),
            ([], HEADER, "holds no invoices"),
            (["A,1,2013-01-01,1/31/2013,5,,Paper,No"], HEADER, "line 2: time data"),
            ([good, "A,1,1/1/2013,1/2/2013,x,,Paper,No"], HEADER, "line 3"),
            ([good, "A,1"], HEADER, "line 3"),
            (["A,1,1/1/2013,1/2/2013,-5,,Paper,No"], HEADER, "an amount are needed"),
            (["A,1,1/3/2013,1/4/2013,5,1/2/2013,Paper,No"], HEADER, "settled before"),
        ):
            with self.subTest(expected), self.assertRaisesRegex(Failure, expected):
                self.read(*lines, header=header)

    def test_missing_file(self):
        with self.assertRaisesRegex(Failure, "cannot be read: No such file"):
            history.read(Path(tempfile.gettempdir(), "no", "such", "file.csv"))


class TestReplay(CollectionCommon):
    """The same by Odoo's ledger and the engine's cases."""

    def replay(self, path, customers, month_ends):
        """Replay some months and compare their figures.

        :return: the months, as `Replay.run` gives them
        """
        invoices = history.select(history.read(path), YEAR, customers)
        months = replay.Replay(self.env).run(invoices, month_ends)
        expected = [history.figures(invoices, end) for end in month_ends]
        self.assertEqual(reports.replay_differences(months, expected), [])
        return months

    def test_made_up_history(self):
        path = write(MADE_UP)
        self.addCleanup(os.unlink, path)
        months = self.replay(path, None, FIRST_MONTHS)
        # Before the due date: B on January 5, A on the 30th, B on February 25. After
        # it, B at 3, 15 and 30 days; C, which has owed for a month, takes a step a
        # week from January 1 on, and the last one at 60 days.
        self.assertEqual(
            [list(month["contacts"].values()) for month in months],
            [[2, 2, 2, 1, 1, 1], [1, 0, 0, 1, 0, 0]],
        )

    @unittest.skipUnless(REAL, "RECEIVABLES_HISTORY names no file")
    def test_real_history(self):
        self.replay(REAL, 5, FIRST_MONTHS)
