"""The calculation of agreements, without a database."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..tools.allocation import Claim, Movement, share_out
from ..tools.evaluation import Missing, Term, evaluate, excuse
from ..tools.proportion import share_in_proportion

START = date(2024, 6, 14)


def day(number):
    return START + timedelta(days=number)


def term(due, amount, grace=3, tolerance=0):
    return Term(day(due), amount, day(due + grace), amount - tolerance)


def movements(*pairs):
    return [Movement(day(number), amount) for number, amount in pairs]


movement = st.builds(Movement, st.integers(-20, 60).map(day), st.integers(1, 200))
money = st.lists(movement, max_size=8)


@tagged("post_install", "-at_install")
class TestEvaluation(BaseCase):
    def test_one_term(self):
        """(money as day and amount, reductions, day of evaluation,
        the state, received, open, missing, void), of 100 by day 10, grace 3."""
        for receipts, reductions, as_of, *expected in (
            ((), (), 0, "pending", 0, 100, 0, 0),
            ((), (), 13, "pending", 0, 100, 0, 0),
            ((), (), 14, "broken", 0, 0, 100, 0),
            (((9, 100),), (), 9, "kept", 100, 0, 0, 0),
            (((13, 100),), (), 40, "kept", 100, 0, 0, 0),
            (((14, 100),), (), 14, "kept_late", 100, 0, 0, 0),
            (((2, 40), (9, 60)), (), 9, "kept", 100, 0, 0, 0),
            (((2, 40),), (), 9, "pending", 40, 60, 0, 0),
            (((2, 40),), (), 14, "partial", 40, 0, 60, 0),
            (((2, 40),), ((2, 60),), 2, "kept", 40, 0, 0, 60),
            ((), ((1, 30),), 2, "pending", 0, 70, 0, 30),
            (((2, 70),), ((1, 30),), 2, "kept", 70, 0, 0, 30),
            ((), ((13, 100),), 20, "void", 0, 0, 0, 100),
            (((2, 250),), (), 2, "kept", 100, 0, 0, 0),
            # Money that is dated ahead counts at once, by its own day.
            (((13, 100),), (), 2, "kept", 100, 0, 0, 0),
            (((14, 100),), (), 2, "kept_late", 100, 0, 0, 0),
            (((40, 100),), (), 20, "kept_late", 100, 0, 0, 0),
            (((2, 40), (40, 30)), (), 2, "pending", 70, 30, 0, 0),
            (((2, 40), (40, 30)), (), 20, "partial", 70, 0, 30, 0),
            # What was missed before a reduction stays missed.
            ((), ((14, 100),), 20, "broken", 0, 0, 0, 100),
            ((), ((14, 60),), 20, "broken", 0, 0, 40, 60),
            (((2, 40),), ((14, 60),), 20, "partial", 40, 0, 0, 60),
            (((15, 40),), ((14, 60),), 20, "kept_late", 40, 0, 0, 60),
            (((14, 40),), ((15, 60),), 20, "partial", 40, 0, 0, 60),
        ):
            with self.subTest(receipts=receipts, reductions=reductions, as_of=as_of):
                [outcome] = evaluate(
                    [term(10, 100)],
                    movements(*receipts),
                    movements(*reductions),
                    day(as_of),
                )
                self.assertEqual(list(outcome[:5]), expected)

    def test_day_settled(self):
        """(money, reductions, the day kept, the day nothing was missing any more)"""
        for receipts, reductions, kept, settled in (
            (((9, 100),), (), 9, 9),
            (((20, 100),), (), 20, 20),
            ((), ((5, 100),), None, 5),
            ((), ((20, 100),), None, 20),
            (((2, 40),), ((20, 60),), None, 20),
            (((2, 40),), (), None, None),
            # What is announced is missing no more from the day that it is known.
            (((40, 100),), (), 40, 30),
            ((), ((40, 100),), None, 30),
        ):
            with self.subTest(receipts=receipts, reductions=reductions):
                [outcome] = evaluate(
                    [term(10, 100)],
                    movements(*receipts),
                    movements(*reductions),
                    day(30),
                )
                self.assertEqual(
                    (outcome.date_kept, outcome.date_settled),
                    tuple(None if one is None else day(one) for one in (kept, settled)),
                )

    def test_tolerance(self):
        for amount, state in ((94, "partial"), (95, "kept"), (100, "kept")):
            with self.subTest(amount=amount):
                [outcome] = evaluate(
                    [term(10, 100, tolerance=5)], movements((1, amount)), [], day(20)
                )
                self.assertEqual(outcome.state, state)

    def test_tolerance_after_a_reduction(self):
        """The tolerance is of what was agreed, whatever is credited of it:
        (money, reduction, state), of 100 with a tolerance of 10."""
        for amount, reduction, state in (
            (40, 50, "kept"),
            (39, 50, "partial"),
            (0, 90, "void"),
            (0, 89, "broken"),
        ):
            with self.subTest(amount=amount, reduction=reduction):
                [outcome] = evaluate(
                    [term(10, 100, tolerance=10)],
                    movements((1, amount)) if amount else [],
                    movements((1, reduction)),
                    day(20),
                )
                self.assertEqual(outcome.state, state)

    def test_unapplied_credits_excuse(self):
        for excused, state, is_unapplied in (
            ((), "broken", False),
            ({0}, "pending", True),
        ):
            with self.subTest(excused=excused):
                [outcome] = evaluate([term(10, 100)], [], [], day(20), excused=excused)
                self.assertEqual(
                    (outcome.state, outcome.is_unapplied), (state, is_unapplied)
                )

    def test_excused_once(self):
        """(what is missing as key, limit, amount, last day, rank; credits as day and
        amount; the keys of what they cover)"""
        for missing, credits_, expected in (
            ([("a", 1, 100)], [(0, 100)], "a"),
            ([("a", 1, 100)], [(0, 99)], ""),
            ([("a", 1, 100)], [(0, 60), (9, 40)], "a"),
            # One credit does not serve twice, and serves what was due first.
            ([("b", 2, 100), ("a", 1, 100)], [(0, 100)], "a"),
            ([("b", 2, 50), ("a", 1, 100)], [(0, 50)], "b"),
            ([("a", 1, 100), ("b", 2, 50)], [(0, 150)], "ab"),
            # What came after the last day is of no use any more.
            ([("a", 1, 100, 5), ("b", 2, 100)], [(6, 100)], "b"),
            ([("a", 1, 100, 5)], [(5, 60), (6, 40)], ""),
            # What was agreed comes before what was not.
            ([("a", 1, 100, None, 1), ("b", 2, 100)], [(0, 100)], "b"),
        ):
            with self.subTest(missing=missing, credits=credits_):
                late = []
                for key, limit, amount, *rest in missing:
                    last, rank = [*rest, None, 0][:2] if len(rest) < 2 else rest
                    last = day(last) if last else None
                    late.append(Missing(key, day(limit), amount, last, rank or 0))
                excused = excuse(late, movements(*credits_))
                self.assertEqual(excused, set(expected))

    def test_money_fills_the_earliest_and_reductions_shorten_the_latest(self):
        terms = [term(30, 100), term(10, 100), term(20, 100)]
        outcomes = evaluate(terms, movements((5, 130)), movements((6, 120)), day(6))
        self.assertEqual(
            [(outcome.state, outcome.received, outcome.void) for outcome in outcomes],
            [("void", 0, 100), ("kept", 100, 0), ("pending", 30, 20)],
        )

    def test_reductions_concern_first_what_no_term_asks_for(self):
        for reduction, void in ((20, 0), (30, 10)):
            with self.subTest(reduction=reduction):
                [outcome] = evaluate(
                    [term(10, 80)], [], movements((1, reduction)), day(2), slack=20
                )
                self.assertEqual(outcome.void, void)

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
        money,
        st.integers(-5, 70).map(day),
        st.sets(st.integers(0, 5)),
        st.randoms(),
    )
    def test_terms_add_up(self, terms, receipts, reductions, as_of, excused, random):
        outcomes = evaluate(terms, receipts, reductions, as_of, 0, excused)
        for one, outcome in zip(terms, outcomes, strict=True):
            self.assertEqual(
                outcome.received + outcome.open + outcome.missing + outcome.void,
                one.amount,
            )
            self.assertGreaterEqual(min(outcome[1:5]), 0)
        taken = sum(outcome.received + outcome.void for outcome in outcomes)
        self.assertEqual(
            taken,
            min(
                sum(one.amount for one in terms),
                sum(one.amount for one in (*receipts, *reductions)),
            ),
        )
        random.shuffle(receipts)
        random.shuffle(reductions)
        self.assertEqual(
            outcomes, evaluate(terms, receipts, reductions, as_of, 0, excused)
        )


@tagged("post_install", "-at_install")
class TestAllocation(BaseCase):
    def test_claims_in_order(self):
        """The first agreement is paid first; what was there before belongs to none."""
        self.assertShares(
            share_out(
                300,
                movements((-5, 50), (1, 70), (12, 100)),
                [],
                [Claim("b", day(10), 60, 120), Claim("a", day(0), 100, 50)],
            ),
            a=[(1, 70), (12, 30)],
            b=[(12, 60)],
        )

    def test_payment_booked_late_counts(self):
        """Money dated before the agreement, but booked after it, is news."""
        self.assertShares(
            share_out(200, movements((-5, 80)), [], [Claim("a", day(0), 100, 50)]),
            a=[(-5, 30)],
        )

    def test_payment_undone(self):
        """Once the money of before is undone, none of the new money replaces it."""
        self.assertShares(
            share_out(200, movements((3, 80)), [], [Claim("a", day(0), 100, 50)]),
            a=[(3, 80)],
        )

    def test_released(self):
        """(money, what counts for the first agreement, for its successor of day 20)

        When the second was made, the item of 100 had received 30."""
        for receipts, first, second in (
            (((5, 30), (25, 40)), [(5, 30)], [(25, 40)]),
            # The first payment bounced: what comes now is for the successor.
            (((25, 70),), [], [(25, 70)]),
            # A payment booked late was made in the days of the first.
            (((5, 30), (9, 40), (25, 10)), [(5, 30), (9, 40)], [(25, 10)]),
            # On the day of the change: what was known counts for the first.
            (((20, 30), (20, 40)), [(20, 30)], [(20, 40)]),
        ):
            with self.subTest(receipts=receipts):
                shares = share_out(
                    100,
                    movements(*receipts),
                    [],
                    [
                        Claim("a", day(0), 100, 0, day(20), 30),
                        Claim("b", day(20), 70, 30),
                    ],
                )
                self.assertShares(shares, a=first, b=second)
                self.assertEqual(shares["a"].expected, 0)

    def test_announced(self):
        """(money, what counts for the first agreement, for its successor of day 20)

        When the first was made, 10 were announced for day 30; when the second was
        made, 30 more for day 30 and 5 for day 40."""
        for receipts, first, second in (
            (((30, 10), (30, 30), (40, 5)), [(30, 30), (40, 5)], []),
            # More money of those days is for the successor, and what comes between.
            (
                ((25, 7), (30, 10), (30, 30), (30, 20), (40, 5)),
                [(30, 20), (30, 10), (40, 5)],
                [(25, 7), (30, 20)],
            ),
            # What was announced did not come: later money does not replace it.
            (((30, 10), (50, 40)), [], [(50, 40)]),
        ):
            with self.subTest(receipts=receipts):
                before = tuple(movements((30, 10)))
                by_release = tuple(movements((30, 40), (40, 5)))
                shares = share_out(
                    150,
                    movements(*receipts),
                    [],
                    [
                        Claim("a", day(0), 100, 0, day(20), 0, before, by_release),
                        Claim("b", day(20), 70, 0, announced_before=by_release),
                    ],
                )
                self.assertShares(shares, a=first, b=second)

    def test_reductions(self):
        """(item, money, reductions, claims as day and amount;
        of each claim the reductions and what it expects)"""
        for amount, receipts, reductions, claims, *expected in (
            # The part that nothing covers is reduced first.
            (100, (), ((5, 30),), [(0, 60)], ([], 60)),
            (100, (), ((5, 50),), [(0, 60)], ([(5, 10)], 50)),
            (100, ((3, 60),), ((5, 40),), [(0, 60)], ([], 0)),
            # An old credit note that is applied now counts from the agreement on.
            (100, (), ((-9, 100),), [(0, 60)], ([(0, 60)], 0)),
            # The agreement made last is reduced first.
            (100, (), ((5, 50),), [(0, 40), (1, 60)], ([], 40), ([(5, 50)], 10)),
            # An invoice that is reset to draft asks for nothing.
            (0, (), (), [(0, 60)], ([(0, 60)], 0)),
        ):
            with self.subTest(receipts=receipts, reductions=reductions):
                shares = share_out(
                    amount,
                    movements(*receipts),
                    movements(*reductions),
                    [
                        Claim(key, day(start), claimed, 0)
                        for key, (start, claimed) in enumerate(claims)
                    ],
                )
                self.assertEqual(
                    [tuple(share[1:]) for share in shares.values()],
                    [(movements(*pairs), rest) for pairs, rest in expected],
                )

    @settings(max_examples=300, deadline=None)
    @given(
        money,
        money,
        st.lists(
            st.tuples(
                st.integers(0, 30).map(day),
                st.integers(1, 200),
                st.integers(0, 200),
                st.none() | st.integers(0, 40).map(day),
                st.integers(0, 200),
                st.tuples() | st.tuples(movement),
                st.tuples() | st.tuples(movement),
            ),
            max_size=4,
        ),
        st.randoms(),
    )
    def test_no_money_counts_twice(self, receipts, reductions, claims, random):
        claims = [
            Claim(key, start, amount, before, released and max(start, released), *rest)
            for key, (start, amount, before, released, *rest) in enumerate(claims)
        ]
        shares = share_out(500, receipts, reductions, claims)
        counted = [one for share in shares.values() for one in share.receipts]
        for when in {receipt.date for receipt in counted}:
            self.assertLessEqual(
                sum(one.amount for one in counted if one.date == when),
                sum(one.amount for one in receipts if one.date == when),
            )
        for claim in claims:
            share = shares[claim.key]
            taken = sum(one.amount for one in (*share.receipts, *share.reductions))
            self.assertLessEqual(taken + share.expected, claim.amount)
            if not claim.date_released:
                self.assertEqual(taken + share.expected, claim.amount)
        random.shuffle(receipts)
        random.shuffle(reductions)
        random.shuffle(claims)
        again = share_out(500, receipts, reductions, claims)
        self.assertEqual(shares, again)

    # === HELPERS === #

    def assertShares(self, shares, **expected):
        self.assertEqual(
            {key: share.receipts for key, share in shares.items()},
            {key: movements(*pairs) for key, pairs in expected.items()},
        )


@tagged("post_install", "-at_install")
class TestProportion(BaseCase):
    def test_to_the_cent(self):
        """(amount, weights, shares)."""
        for amount, weights, expected in (
            (10, [1, 1, 1], [3.33, 3.34, 3.33]),
            (0.02, [1, 1, 1], [0.01, 0, 0.01]),
            (-10, [2, 1], [-6.67, -3.33]),
            (100, [300, -100], [150, -50]),
            (0, [1, 2], [0, 0]),
            (10, [0, 5], [0, 10]),
            (10, [0, 0], []),
            (10, [], []),
        ):
            with self.subTest(amount=amount, weights=weights):
                shares = share_in_proportion(
                    amount, dict(enumerate(weights)), lambda value: round(value, 2)
                )
                self.assertEqual(list(shares.values()), expected)
