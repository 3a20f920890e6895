"""The schedules of payment plans, without a database."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..tools.evaluation import Outcome, Term
from ..tools.schedule import RHYTHMS, get_dates, make_schedule, next_business_day, split
from ..tools.standing import get_standing

START = date(2024, 6, 14)


@tagged("post_install", "-at_install")
class TestSchedule(BaseCase):
    def test_amounts(self):
        """(total, number, size, the parts)."""
        for total, number, size, parts in (
            (10000, 3, 0, [3333, 3333, 3334]),
            (10000, 1, 0, [10000]),
            (10000, 4, 0, [2500] * 4),
            (10000, 0, 3000, [3000, 3000, 3000, 1000]),
            (9000, 0, 3000, [3000] * 3),
            (100, 0, 3000, [100]),
            (0, 3, 0, []),
        ):
            with self.subTest(total=total, number=number, size=size):
                self.assertEqual(split(total, number, size), parts)

    def test_small_rest_is_put_into_the_last(self):
        """(total, size, the least that an installment comes to, the parts)."""
        for total, size, least, parts in (
            (90001, 30000, 0, [30000, 30000, 30000, 1]),
            (90001, 30000, 5000, [30000, 30000, 30001]),
            (94999, 30000, 5000, [30000, 30000, 34999]),
            (95000, 30000, 5000, [30000, 30000, 30000, 5000]),
            (4000, 30000, 5000, [4000]),
        ):
            with self.subTest(total=total, size=size, least=least):
                self.assertEqual(split(total, size=size, least=least), parts)

    def test_no_schedule(self):
        for values in (
            {"total": 0, "number": 3},
            {"total": -100, "number": 3},
            {"total": 100},
            {"total": 100, "number": -1},
            {"total": 100, "size": -1},
            {"total": 2, "number": 3},
            {"total": 10**9, "size": 1},
            {"total": 100, "number": 2, "deposit": 101, "date_deposit": START},
            {"total": 100, "number": 2, "deposit": -1, "date_deposit": START},
        ):
            with self.subTest(values=values), self.assertRaises(ValueError):
                make_schedule(date_first=START, rhythm="monthly", **values)

    def test_dates(self):
        """(first day, rhythm, the days), weekends moved to Monday, or to Friday where
        that is in another month."""
        for first, rhythm, days in (
            ("2024-01-31", "monthly", ["2024-01-31", "2024-02-29", "2024-03-29"]),
            ("2023-01-31", "monthly", ["2023-01-31", "2023-02-28", "2023-03-31"]),
            ("2024-07-31", "monthly", ["2024-07-31", "2024-08-30", "2024-09-30"]),
            ("2024-11-30", "monthly", ["2024-12-02", "2024-12-30", "2025-01-30"]),
            ("2024-06-14", "weekly", ["2024-06-14", "2024-06-21", "2024-06-28"]),
            ("2024-06-15", "weekly", ["2024-06-17", "2024-06-24", "2024-07-01"]),
            ("2024-06-14", "fortnightly", ["2024-06-14", "2024-06-28", "2024-07-12"]),
        ):
            with self.subTest(first=first, rhythm=rhythm):
                self.assertEqual(
                    [
                        day.isoformat()
                        for day in get_dates(date.fromisoformat(first), rhythm, 3)
                    ],
                    days,
                )

    def test_holidays(self):
        holidays = {date(2024, 6, 14), date(2024, 6, 17)}
        self.assertEqual(next_business_day(START, holidays), date(2024, 6, 18))

    def test_deposit_comes_first(self):
        payments = make_schedule(
            1000,
            date(2024, 7, 15),
            "monthly",
            number=2,
            deposit=200,
            date_deposit=START,
        )
        self.assertEqual(
            payments,
            [
                (START, 200, True),
                (date(2024, 7, 15), 400, False),
                (date(2024, 8, 15), 400, False),
            ],
        )

    @given(
        total=st.integers(1, 10**9),
        first=st.dates(date(2020, 1, 1), date(2030, 12, 31)),
        rhythm=st.sampled_from(sorted(RHYTHMS)),
        number=st.integers(1, 60),
        share=st.integers(0, 100),
    )
    def test_always_the_total(self, total, first, rhythm, number, share):
        deposit = total * share // 100
        if 0 < total - deposit < number:
            return
        payments = make_schedule(
            total, first, rhythm, number=number, deposit=deposit, date_deposit=first
        )
        self.assertEqual(sum(payment.amount for payment in payments), total)
        self.assertTrue(all(payment.amount > 0 for payment in payments))
        dates = [payment.date_due for payment in payments]
        self.assertEqual(dates, sorted(dates))
        self.assertTrue(all(day.weekday() < 5 for day in dates))
        regular = [payment.amount for payment in payments if not payment.is_deposit]
        self.assertTrue(all(amount == regular[0] for amount in regular[:-1]))
        self.assertTrue(not regular or 0 <= regular[-1] - regular[0] < number)


@tagged("post_install", "-at_install")
class TestStanding(BaseCase):
    def test_standing(self):
        """(own payments, new invoices, the day, the day the customer was told, state,
        last day of cure); each payment as limit, state and the day from which nothing
        was missing, with 10 days of cure."""
        pending = (100, "pending", None)
        for own, others, as_of, told, state, cure in (
            ([(13, "pending", None), pending], [], 13, None, "active", None),
            ([(13, "broken", None), pending], [], 14, None, "at_risk", 23),
            ([(13, "partial", None), pending], [], 23, 14, "at_risk", 23),
            ([(13, "broken", None), pending], [], 24, 14, "defaulted", 23),
            ([(13, "kept_late", 23), pending], [], 24, 14, "active", None),
            ([(13, "kept_late", 24), pending], [], 24, 14, "defaulted", 23),
            # A credit note within the cure makes good what was missed.
            ([(13, "broken", 23), (43, "void", 23)], [], 24, 14, "completed", None),
            ([(13, "broken", 24), (43, "void", 24)], [], 24, 14, "defaulted", 23),
            # A payment that bounced long after its day: the customer is told first.
            ([(13, "broken", None), pending], [], 60, None, "at_risk", 69),
            ([(13, "broken", None), pending], [], 69, 60, "at_risk", 69),
            ([(13, "broken", None), pending], [], 70, 60, "defaulted", 69),
            ([(13, "kept_late", 65), pending], [], 66, 60, "active", None),
            ([(13, "kept_late", 24), (43, "kept", 30)], [], 50, 14, "defaulted", 23),
            ([(13, "kept", 3), (43, "kept", 30)], [], 50, None, "completed", None),
            ([(13, "kept", 3), (43, "void", 40)], [], 50, None, "completed", None),
            ([(13, "kept", 3), pending], [(20, "broken", None)], 21, 21, "at_risk", 30),
            (
                [(13, "kept", 3), pending],
                [(20, "kept_late", 30)],
                31,
                21,
                "active",
                None,
            ),
            (
                [(13, "kept", 3), pending],
                [(20, "broken", None)],
                31,
                21,
                "defaulted",
                30,
            ),
            (
                [(13, "kept", 3), pending],
                [(20, "kept_late", 31)],
                31,
                21,
                "defaulted",
                30,
            ),
            ([(13, "kept", 3)], [(20, "broken", None)], 60, 21, "completed", None),
            ([(43, "kept", 31)], [(20, "broken", None)], 60, 21, "defaulted", 30),
            (
                [(13, "broken", None), pending],
                [(12, "broken", None)],
                14,
                13,
                "at_risk",
                22,
            ),
        ):
            with self.subTest(own=own, others=others, as_of=as_of, told=told):
                standing = get_standing(
                    [self._pair(*one) for one in own],
                    [self._pair(*one) for one in others],
                    10,
                    self._day(as_of),
                    told and self._day(told),
                )
                self.assertEqual(
                    (standing.state, standing.date_cure),
                    (state, cure and self._day(cure)),
                )

    # === HELPERS === #

    def _day(self, number):
        return START + timedelta(days=number)

    def _pair(self, limit, state, settled):
        term = Term(self._day(limit - 3), 100, self._day(limit), 100)
        day = settled and self._day(settled)
        return term, Outcome(state, 0, 0, 0, 0, date_settled=day)
