"""The calculation of agreements, without a database."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..tools.evaluation import Claim, Receipt, Term, allocate, evaluate

START = date(2024, 6, 14)


def day(number):
    return START + timedelta(days=number)


def term(due, amount, grace=3, tolerance=0):
    return Term(day(due), amount, day(due + grace), amount - tolerance)


def receipts(*pairs):
    return [Receipt(day(number), amount) for number, amount in pairs]


@tagged("post_install", "-at_install")
class TestEvaluation(BaseCase):
    def test_one_term(self):
        """(money as day and amount, reduction, day of evaluation, credits,
        the state, received, open, missing, void), of 100 by day 10, grace 3."""
        for money, reduction, as_of, unapplied, *expected in (
            ((), 0, 0, 0, "pending", 0, 100, 0, 0),
            ((), 0, 13, 0, "pending", 0, 100, 0, 0),
            ((), 0, 14, 0, "broken", 0, 0, 100, 0),
            ((), 0, 14, 100, "pending", 0, 100, 0, 0),
            ((), 0, 14, 99, "broken", 0, 0, 100, 0),
            (((9, 100),), 0, 9, 0, "kept", 100, 0, 0, 0),
            (((13, 100),), 0, 40, 0, "kept", 100, 0, 0, 0),
            (((14, 100),), 0, 14, 0, "kept_late", 100, 0, 0, 0),
            (((2, 40), (9, 60)), 0, 9, 0, "kept", 100, 0, 0, 0),
            (((2, 40),), 0, 9, 0, "pending", 40, 60, 0, 0),
            (((2, 40),), 0, 14, 0, "partial", 40, 0, 60, 0),
            (((2, 40),), 0, 14, 60, "pending", 40, 60, 0, 0),
            (((2, 40),), 60, 2, 0, "kept", 40, 0, 0, 60),
            ((), 30, 2, 0, "pending", 0, 70, 0, 30),
            (((2, 70),), 30, 2, 0, "kept", 70, 0, 0, 30),
            ((), 100, 2, 0, "void", 0, 0, 0, 100),
            (((2, 250),), 0, 2, 0, "kept", 100, 0, 0, 0),
        ):
            with self.subTest(
                money=money, reduction=reduction, as_of=as_of, unapplied=unapplied
            ):
                [outcome] = evaluate(
                    [term(10, 100)], receipts(*money), reduction, day(as_of), unapplied
                )
                self.assertEqual(list(outcome[:5]), expected)

    def test_tolerance(self):
        for amount, state in ((94, "partial"), (95, "kept"), (100, "kept")):
            with self.subTest(amount=amount):
                [outcome] = evaluate(
                    [term(10, 100, tolerance=5)], receipts((1, amount)), 0, day(20)
                )
                self.assertEqual(outcome.state, state)

    def test_money_fills_the_earliest_and_reductions_shorten_the_latest(self):
        terms = [term(30, 100), term(10, 100), term(20, 100)]
        outcomes = evaluate(terms, receipts((5, 130)), 120, day(6))
        self.assertEqual(
            [(outcome.state, outcome.received, outcome.void) for outcome in outcomes],
            [("void", 0, 100), ("kept", 100, 0), ("pending", 30, 20)],
        )

    def test_claims_in_order(self):
        """The first agreement is paid first; what was there before belongs to none."""
        shares = allocate(
            receipts((-5, 50), (1, 70), (12, 100)),
            [Claim("b", day(10), 60, 120), Claim("a", day(0), 100, 50)],
        )
        self.assertEqual(
            shares,
            {
                "a": [Receipt(day(1), 70), Receipt(day(12), 30)],
                "b": [Receipt(day(12), 60)],
            },
        )

    def test_payment_booked_late_counts(self):
        """Money dated before the agreement, but booked after it, is news."""
        shares = allocate(receipts((-5, 80)), [Claim("a", day(0), 100, 50)])
        self.assertEqual(shares, {"a": [Receipt(day(-5), 30)]})

    def test_payment_undone(self):
        """Once the money of before is undone, none of the new money replaces it."""
        shares = allocate(receipts((3, 80)), [Claim("a", day(0), 100, 50)])
        self.assertEqual(shares, {"a": [Receipt(day(3), 80)]})

    money = st.lists(
        st.builds(Receipt, st.integers(-20, 60).map(day), st.integers(1, 200)),
        max_size=8,
    )

    @settings(max_examples=300, deadline=None)
    @given(
        st.lists(
            st.builds(
                term,
                st.integers(0, 40),
                st.integers(1, 150),
                st.integers(0, 5),
                st.just(0),
            ),
            min_size=1,
            max_size=6,
        ),
        money,
        st.integers(0, 300),
        st.integers(-5, 70).map(day),
        st.integers(0, 100),
        st.randoms(),
    )
    def test_terms_add_up(self, terms, money, reduction, as_of, unapplied, random):
        outcomes = evaluate(terms, money, reduction, as_of, unapplied)
        for one, outcome in zip(terms, outcomes, strict=True):
            self.assertEqual(
                outcome.received + outcome.open + outcome.missing + outcome.void,
                one.amount,
            )
            self.assertGreaterEqual(min(outcome[1:5]), 0)
        received = sum(outcome.received for outcome in outcomes)
        self.assertEqual(
            received,
            min(sum(one.amount for one in terms), sum(one.amount for one in money)),
        )
        random.shuffle(money)
        self.assertEqual(outcomes, evaluate(terms, money, reduction, as_of, unapplied))

    @settings(max_examples=300, deadline=None)
    @given(
        money,
        st.lists(
            st.tuples(
                st.integers(0, 30).map(day), st.integers(1, 200), st.integers(0, 200)
            ),
            max_size=4,
        ),
        st.randoms(),
    )
    def test_no_money_counts_twice(self, money, claims, random):
        claims = [Claim(key, *claim) for key, claim in enumerate(claims)]
        shares = allocate(money, claims)
        counted = [receipt for share in shares.values() for receipt in share]
        for when in {receipt.date for receipt in counted}:
            self.assertLessEqual(
                sum(one.amount for one in counted if one.date == when),
                sum(one.amount for one in money if one.date == when),
            )
        for claim in claims:
            self.assertLessEqual(
                sum(one.amount for one in shares[claim.key]), claim.amount
            )
        random.shuffle(money)
        random.shuffle(claims)
        self.assertEqual(shares, allocate(money, claims))
