"""A history of invoices from a file, and the figures that follow from it.

Plain Python, by which the replay is checked. The file has a row for each invoice and
the columns `COLUMNS`; others are left alone.
"""

from __future__ import annotations

import csv
import datetime
from calendar import monthrange
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from environment.messages import Failure

COLUMNS = (
    "customerID",
    "invoiceNumber",
    "InvoiceDate",
    "DueDate",
    "InvoiceAmount",
    "SettledDate",
    "PaperlessBill",
)
DATE_FORMAT = "%m/%d/%Y"


class Invoice(NamedTuple):
    """An invoice and what became of it."""

    customer: str
    number: str
    date: datetime.date
    date_due: datetime.date
    amount: Decimal
    # None while it is not paid.
    date_settled: datetime.date | None
    is_paperless: bool

    def is_open(self, date):
        """Whether it was posted and not paid at the end of a day."""
        return self.date <= date and (
            self.date_settled is None or self.date_settled > date
        )

    def is_overdue(self, date):
        """Whether it was open and past its due date at the end of a day."""
        return self.is_open(date) and self.date_due < date


class Figures(NamedTuple):
    """What a month comes to; all but `collected` at the end of its last day."""

    overdue: Decimal
    collected: Decimal
    open_items: int
    late_items: int


def read(path):
    """Read the invoices of a file, by date.

    :param path: the file
    :return: the invoices
    :rtype: list[Invoice]
    :raise Failure: if it is not such a file
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [
                name for name in COLUMNS if name not in (reader.fieldnames or ())
            ]
            if missing:
                raise Failure(f"{path} lacks the columns {', '.join(missing)}")
            invoices = [_parse(path, reader.line_num, row) for row in reader]
    except OSError as error:
        raise Failure(f"{path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise Failure(f"{path} is not a CSV file: {error}") from None
    if not invoices:
        raise Failure(f"{path} holds no invoices")
    return sorted(invoices, key=lambda invoice: (invoice.date, invoice.number))


def _parse(path, number, row):
    try:
        invoice = Invoice(
            customer=row["customerID"].strip(),
            number=row["invoiceNumber"].strip(),
            date=_parse_date(row["InvoiceDate"]),
            date_due=_parse_date(row["DueDate"]),
            amount=Decimal(row["InvoiceAmount"]),
            date_settled=_parse_date(row["SettledDate"])
            if row["SettledDate"].strip()
            else None,
            is_paperless=row["PaperlessBill"].strip() == "Electronic",
        )
    except (AttributeError, ValueError, InvalidOperation) as error:
        raise Failure(f"{path}, line {number}: {error}") from None
    if not invoice.customer or not invoice.amount > 0:
        raise Failure(f"{path}, line {number}: a customer and an amount are needed")
    if invoice.date_settled and invoice.date_settled < invoice.date:
        raise Failure(f"{path}, line {number}: settled before it was written")
    return invoice


def _parse_date(text):
    return datetime.datetime.strptime(text.strip(), DATE_FORMAT).date()


def select(invoices, year, customers=None):
    """Choose the invoices whose life touches a year.

    :param list invoices: the invoices
    :param int year: the year
    :param int customers: of the first so many customers only
    :rtype: list[Invoice]
    """
    start, end = datetime.date(year, 1, 1), datetime.date(year, 12, 31)
    chosen = [
        invoice
        for invoice in invoices
        if invoice.date <= end
        and (invoice.date_settled is None or invoice.date_settled >= start)
    ]
    names = sorted({invoice.customer for invoice in chosen})[:customers]
    return [invoice for invoice in chosen if invoice.customer in names]


def month_ends(year):
    """Return the last day of each month of a year."""
    return [
        datetime.date(year, month, monthrange(year, month)[1]) for month in range(1, 13)
    ]


def figures(invoices, month_end):
    """Sum up a month.

    :param list invoices: the invoices
    :param date month_end: the last day of the month
    :rtype: Figures
    """
    overdue = [invoice for invoice in invoices if invoice.is_overdue(month_end)]
    return Figures(
        overdue=sum((invoice.amount for invoice in overdue), Decimal()),
        collected=sum(
            (
                invoice.amount
                for invoice in invoices
                if invoice.date_settled
                and month_end.replace(day=1) <= invoice.date_settled <= month_end
            ),
            Decimal(),
        ),
        open_items=sum(invoice.is_open(month_end) for invoice in invoices),
        late_items=len(overdue),
    )
