from datetime import date, timedelta
from decimal import Decimal

from odoo.tests import BaseCase

from ..tools.interest import (
    Hold,
    get_daily,
    get_fixed_sum,
    get_gaps,
    get_half_years,
    get_held,
    get_interest,
    get_limited,
    get_missed,
    get_owed,
    get_percentage,
    get_value,
    merge,
    share_out,
)


def day(text):
    """A day of 2024, or of the year given."""
    return date.fromisoformat(text if len(text) > 5 else f"2024-{text}")


def period(text):
    return tuple(day(one) if one else None for one in text.split(" "))


class TestInterest(BaseCase):
    """Worked out by hand; amounts in cents."""

    # The European reference rate plus eight points.
    EU = [
        (day("2023-01-01"), Decimal("10.50")),
        (day("2023-07-01"), Decimal("12.00")),
        (day("2024-01-01"), Decimal("12.50")),
        (day("2024-07-01"), Decimal("12.25")),
    ]

    def assertInterest(self, accruing, rates, days, expected):
        """Compare with `first day, days, principal, rate, interest` a segment."""
        segments = get_interest(accruing, rates, *period(days))
        self.assertEqual(
            [
                (
                    f"{segment.date_start:%m-%d}",
                    segment.days,
                    segment.principal,
                    str(segment.rate),
                    segment.amount,
                )
                for segment in segments
            ],
            expected,
        )
        for segment in segments:
            self.assertEqual(
                segment.date_end - segment.date_start, timedelta(segment.days - 1)
            )

    # === A DAY AND A YEAR === #

    def test_daily(self):
        """(principal, rate, days, interest)."""
        for principal, rate, days, interest in (
            # 1,000.00 at 12.5 %: 125.00 a year, 0.3425 a day
            (100000, "12.5", 1, 34),
            (100000, "12.5", 30, 1027),
            (100000, "12.5", 365, 12500),
            # A leap year has one day more.
            (100000, "12.5", 366, 12534),
            # 10,000.00 at 13.25 %: 1,325.00 a year, 3.6301 a day
            (1000000, "13.25", 1, 363),
            (1000000, "13.25", 31, 11253),
            # 36.50 at 10 % is one cent a day
            (3650, "10", 1, 1),
            # half a cent up, less than that down
            (3650, "5", 1, 1),
            (3649, "5", 1, 0),
            (100000, "0", 30, 0),
            (0, "12.5", 30, 0),
            # A reference rate below zero has been seen.
            (100000, "7.38", 30, 607),
        ):
            with self.subTest(principal=principal, rate=rate, days=days):
                self.assertEqual(get_daily(principal, Decimal(rate), days), interest)

    def test_percentage(self):
        """(amount, percent, fee)."""
        for amount, percent, fee in (
            (100000, "5", 5000),
            (33333, "5", 1667),
            (10, "5", 1),
            (9, "5", 0),
            (100000, "1.5", 1500),
        ):
            with self.subTest(amount=amount, percent=percent):
                self.assertEqual(get_percentage(amount, Decimal(percent)), fee)

    # === PART-PAYMENTS AND RATES === #

    def test_segments(self):
        """(amount, payments, period, expected)."""
        for amount, payments, days, expected in (
            # due on 31 January, unpaid
            (
                100000,
                [],
                "02-01 02-29",
                [("02-01", 29, 100000, "12.50", 993)],
            ),
            # 400.00 on 10 February: that day still costs the whole
            (
                100000,
                [("02-10", 40000)],
                "02-01 02-29",
                [
                    ("02-01", 10, 100000, "12.50", 342),
                    ("02-11", 19, 60000, "12.50", 390),
                ],
            ),
            # two payments, the second in full
            (
                100000,
                [("02-10", 40000), ("02-20", 60000)],
                "02-01 03-31",
                [
                    ("02-01", 10, 100000, "12.50", 342),
                    ("02-11", 10, 60000, "12.50", 205),
                ],
            ),
            # two on the same day
            (
                100000,
                [("02-10", 40000), ("02-10", 10000)],
                "02-01 02-29",
                [
                    ("02-01", 10, 100000, "12.50", 342),
                    ("02-11", 19, 50000, "12.50", 325),
                ],
            ),
            # paid on the due date, before it, and on the first day late
            (100000, [("01-31", 100000)], "02-01 02-29", []),
            (100000, [("2023-12-01", 100000)], "02-01 02-29", []),
            (
                100000,
                [("02-01", 100000)],
                "02-01 02-29",
                [("02-01", 1, 100000, "12.50", 34)],
            ),
            # more than was owed
            (
                100000,
                [("02-10", 200000)],
                "02-01 02-29",
                [("02-01", 10, 100000, "12.50", 342)],
            ),
            # the reference rate changes on 1 July
            (
                100000,
                [],
                "06-21 07-10",
                [
                    ("06-21", 10, 100000, "12.50", 342),
                    ("07-01", 10, 100000, "12.25", 336),
                ],
            ),
            # over three half-years, with a payment in between
            (
                1000000,
                [("2023-08-31", 500000)],
                "2023-06-01 2024-01-31",
                [
                    ("06-01", 30, 1000000, "10.50", 8630),
                    ("07-01", 62, 1000000, "12.00", 20384),
                    ("09-01", 122, 500000, "12.00", 20055),
                    ("01-01", 31, 500000, "12.50", 5308),
                ],
            ),
            # a leap day costs like any other
            (
                3650000,
                [],
                "02-28 03-01",
                [("02-28", 3, 3650000, "12.50", 3750)],
            ),
            # a year of 366 days
            (
                100000,
                [],
                "01-01 2024-06-30",
                [("01-01", 182, 100000, "12.50", 6233)],
            ),
            # no day at all
            (100000, [], "03-02 03-01", []),
        ):
            with self.subTest(payments=payments, days=days):
                owed = get_owed(amount, [(day(one), paid) for one, paid in payments])
                self.assertInterest(owed, self.EU, days, expected)

    # === WHAT DOES NOT ACCRUE === #

    def test_held(self):
        """(the hold as it was known, on days: how much)."""
        for changes, expected in (
            # from 5 to 10 March
            (
                [("03-05", 500, "03-05", "03-10")],
                {"03-04": 0, "03-05": 500, "03-10": 500, "03-11": 0},
            ),
            # lifted on 8 March
            (
                [("03-05", 500, "03-05", "03-10"), ("03-08", 0, "03-05", "03-10")],
                {"03-05": 500, "03-08": 500, "03-09": 0},
            ),
            # follows the money on the 7th, prolonged on the 9th, without end
            (
                [
                    ("03-05", 500, "03-05", "03-10"),
                    ("03-07", 300, "03-05", "03-10"),
                    ("03-09", 300, "03-05", ""),
                ],
                {"03-07": 500, "03-08": 300, "03-11": 300, "2030-01-01": 300},
            ),
            # prolonged after it had run out: not in between
            (
                [("03-05", 500, "03-05", "03-10"), ("03-15", 500, "03-05", "03-20")],
                {"03-10": 500, "03-12": 0, "03-15": 500, "03-21": 0},
            ),
            # written down later than it began, or before it begins
            ([("03-15", 500, "03-05", "03-20")], {"03-04": 0, "03-05": 500}),
            ([("03-01", 500, "03-05", "03-10")], {"03-04": 0, "03-05": 500}),
            # set and lifted on one day
            (
                [("03-05", 500, "03-05", ""), ("03-05", 0, "03-05", "")],
                {"03-05": 500, "03-06": 0},
            ),
        ):
            with self.subTest(changes=changes):
                held = get_held(
                    [
                        Hold(day(known), amount, day(start), day(end) if end else None)
                        for known, amount, start, end in changes
                    ]
                )
                actual = {one: get_value(held, day(one)) for one in expected}
                self.assertEqual(actual, expected)

    def test_held_days_cost_nothing(self):
        """1,000.00 late from 1 March; 400.00 disputed from the 11th to the 20th."""
        owed = get_owed(100000, [])
        held = get_held([Hold(day("03-11"), 40000, day("03-11"), day("03-20"))])
        accruing = merge(lambda owed, held: max(owed - held, 0), owed, held)
        self.assertInterest(
            accruing,
            self.EU,
            "03-01 03-31",
            [
                ("03-01", 10, 100000, "12.50", 342),
                ("03-11", 10, 60000, "12.50", 205),
                ("03-21", 11, 100000, "12.50", 377),
            ],
        )

    def test_missed(self):
        """Of a plan only what is late: (payments agreed, received, on days)."""
        for terms, receipts, expected in (
            ([("03-05", 400)], [], {"03-05": 0, "03-06": 400}),
            (
                [("03-05", 400), ("04-05", 600)],
                [("03-05", 400)],
                {"03-06": 0, "04-05": 0, "04-06": 600},
            ),
            (
                [("03-05", 400), ("04-05", 600)],
                [("03-10", 300), ("04-20", 700)],
                {"03-10": 400, "03-11": 100, "04-06": 700, "04-21": 0},
            ),
            # paid ahead
            ([("03-05", 400), ("04-05", 600)], [("03-01", 1000)], {"04-06": 0}),
        ):
            with self.subTest(terms=terms, receipts=receipts):
                missed = get_missed(
                    [(day(limit), amount) for limit, amount in terms],
                    [(day(one), amount) for one, amount in receipts],
                )
                actual = {one: get_value(missed, day(one)) for one in expected}
                self.assertEqual(actual, expected)

    def test_share_out(self):
        """What is missing of a plan is late on its oldest item first."""
        missed = [(day("03-01"), 300), (day("04-01"), 900)]
        helds = [[(day("01-01"), 500)], [(day("01-01"), 500)], []]
        shares = share_out(missed, helds)
        for one, expected in (
            ("02-01", [0, 0, 0]),
            ("03-01", [300, 0, 0]),
            ("04-01", [500, 400, 0]),
        ):
            self.assertEqual([get_value(share, day(one)) for share in shares], expected)

    # === PERIODS === #

    def test_gaps(self):
        """(period, charged, still to charge)."""
        for days, charged, expected in (
            ("03-01 03-31", [], ["03-01 03-31"]),
            ("03-01 03-31", ["03-01 03-31"], []),
            ("03-01 04-15", ["03-01 03-31"], ["04-01 04-15"]),
            ("03-01 03-31", ["03-10 03-12"], ["03-01 03-09", "03-13 03-31"]),
            ("03-01 03-31", ["03-20 04-30", "02-01 03-09"], ["03-10 03-19"]),
            ("03-01 03-31", ["03-01 "], []),
            ("03-01 03-31", ["03-20 "], ["03-01 03-19"]),
            ("03-01 03-31", ["04-01 04-30"], ["03-01 03-31"]),
            ("03-01 02-01", [], []),
        ):
            with self.subTest(days=days, charged=charged):
                self.assertEqual(
                    get_gaps(*period(days), [period(one) for one in charged]),
                    [period(one) for one in expected],
                )

    def test_half_years(self):
        """(period, the half-years whose rates it needs)."""
        for days, expected in (
            ("01-01 06-30", "2024-01-01"),
            ("06-30 07-01", "2024-01-01 2024-07-01"),
            ("2023-12-31 2024-12-31", "2023-07-01 2024-01-01 2024-07-01"),
        ):
            self.assertEqual(
                get_half_years(*period(days)), [day(one) for one in expected.split()]
            )

    # === AMOUNTS === #

    def test_fixed_sum(self):
        """Late Payment of Commercial Debts (Interest) Act 1998, section 5A."""
        scale = [(0, 4000), (100000, 7000), (1000000, 10000)]
        for debt, expected in (
            (1, 4000),
            (99999, 4000),
            (100000, 7000),
            (999999, 7000),
            (1000000, 10000),
            (9000000, 10000),
        ):
            with self.subTest(debt=debt):
                self.assertEqual(get_fixed_sum(debt, scale), expected)
        self.assertEqual(get_fixed_sum(100, []), 0)

    def test_limits(self):
        """(fee, charged before, minimum, maximum, added, taken off)."""
        for fee, before, minimum, maximum, added, taken in (
            (500, 0, 0, 0, 0, 0),
            (500, 0, 1000, 0, 500, 0),
            (1500, 0, 1000, 0, 0, 0),
            (1500, 0, 0, 1000, 0, -500),
            (500, 800, 0, 1000, 0, -300),
            (500, 1000, 0, 1000, 0, -500),
            (500, 1200, 0, 1000, 0, -500),
            (500, 700, 1000, 1000, 500, -700),
            (0, 0, 1000, 0, 0, 0),
        ):
            with self.subTest(fee=fee, before=before, minimum=minimum):
                self.assertEqual(
                    get_limited(fee, before, minimum, maximum), (added, taken)
                )
