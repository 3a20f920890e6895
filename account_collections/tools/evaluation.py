"""What became of an agreement, from the money that the ledger shows.

Plain calculations over plain values. Amounts are whole numbers of the currency's
smallest unit, so that they add up exactly; dates are days of the company. Nothing is
remembered from one evaluation to the next: the result depends on the ledger and the
agreement alone, not on the order in which things happened.

Money that is dated ahead is in the ledger already, where it pays the invoice: nobody
asks for it any more. It counts at once, and is judged by its own day: it keeps an
agreement if that day is on time, and keeps it late if not. It makes good what is late
as soon as it is booked, so that nobody is told of arrears that are announced.
"""

from datetime import date
from typing import NamedTuple


class Term(NamedTuple):
    """One payment that was agreed: how much by when.

    :param date_due: the day agreed
    :param amount: the amount agreed
    :param date_limit: the last day that is on time, grace included
    :param amount_min: the least that keeps it, tolerance deducted
    """

    date_due: date
    amount: int
    date_limit: date
    amount_min: int


class Outcome(NamedTuple):
    """What became of a term; `received + open + missing + void` is its amount.

    :param state: pending, kept, kept_late, partial, broken or void
    :param received: the money that counts for it
    :param open: what is still expected
    :param missing: what did not come in time, or less than the tolerance
    :param void: what a reduction of the debt made needless
    :param date_kept: the day on which enough had come, or None; it may be ahead
    :param date_settled: the day from which nothing was missing any more, because of
        money or of a reduction, or None; never after the day of the evaluation
    :param is_unapplied: whether it is late, but unapplied credits would cover it
    """

    state: str
    received: int
    open: int
    missing: int
    void: int
    date_kept: date | None = None
    date_settled: date | None = None
    is_unapplied: bool = False

    @property
    def is_missed(self):
        """Whether it was not kept in time, and nothing has made up for it since."""
        return self.state in ("partial", "broken") and not self.date_settled


class Missing(NamedTuple):
    """A late payment that unapplied credits could cover.

    :param key: what the result names it by
    :param date_limit: the last day on which it was on time
    :param amount: what is missing
    :param date_last: the last day on which money would still count for it, or None
    :param rank: what was agreed (0) comes before what was not (1)
    """

    key: object
    date_limit: date
    amount: int
    date_last: date | None = None
    rank: int = 0


class _Event(NamedTuple):
    """What a term had on some day, cumulated."""

    date: date
    is_receipt: bool
    received: int
    void: int


def evaluate(terms, receipts, reductions, as_of, slack=0, excused=()):
    """Say of each agreed payment whether it was made.

    The money counts for the terms in the order of their dates. A reduction of the
    debt (a credit note, a write-off) shortens them from the end, on its day: what was
    missed by then stays missed. A term that is late is not broken while unapplied
    credits of the customer would cover what is missing.

    :param list[Term] terms: the payments agreed, in any order
    :param list[Movement] receipts: the money that counts for the agreement
    :param list[Movement] reductions: the reductions of what it covers
    :param as_of: the day to evaluate on
    :type as_of: datetime.date
    :param int slack: by how much more is covered than the terms come to; reductions
        concern that first
    :param excused: the indexes of terms that unapplied credits would cover
    :return: an outcome for each term, in the order given
    :rtype: list[Outcome]
    """
    order = sorted(range(len(terms)), key=lambda index: (terms[index].date_due, index))
    history = {index: [_Event(date.min, True, 0, 0)] for index in order}
    movements = [(one.date, False, one.amount) for one in receipts]
    movements += [(one.date, True, one.amount) for one in reductions]
    for day, is_reduction, amount in sorted(movements):
        left = amount
        if is_reduction:
            left -= min(slack, amount)
            slack -= amount - left
        for index in reversed(order) if is_reduction else order:
            last = history[index][-1]
            share = min(left, terms[index].amount - last.received - last.void)
            if not share:
                continue
            left -= share
            history[index].append(
                _Event(day, False, last.received, last.void + share)
                if is_reduction
                else _Event(day, True, last.received + share, last.void)
            )
    return [
        _get_outcome(term, history[index], as_of, index in excused)
        for index, term in enumerate(terms)
    ]


def _get_outcome(term, history, as_of, is_excused):
    received, void = history[-1].received, history[-1].void
    rest = term.amount - received - void
    settled = next((event for event in history if _is_enough(term, event)), None)
    day = settled.date if settled else None
    known = min(day, as_of) if day else None
    is_in_time = bool(day) and day <= term.date_limit
    if settled and not settled.received and is_in_time:
        return Outcome("void", received, 0, rest, void, date_settled=known)
    if settled and (settled.is_receipt or is_in_time):
        state = "kept" if is_in_time else "kept_late"
        return Outcome(state, received, 0, rest, void, day, known)
    if not settled and (as_of <= term.date_limit or is_excused):
        return Outcome(
            "pending",
            received,
            rest,
            0,
            void,
            is_unapplied=as_of > term.date_limit,
        )
    state = "partial" if received else "broken"
    return Outcome(state, received, 0, rest, void, date_settled=known)


def _is_enough(term, event):
    """Whether nothing was missing any more, the tolerance deducted."""
    taken = event.received + event.void
    return taken >= term.amount_min and taken > 0


def excuse(missing, credits_):
    """Say which late payments the unapplied credits of a customer would cover.

    Each credit serves once, for what was due first; it covers all that is missing of
    a payment or nothing.

    :param list[Missing] missing: the late payments, of whatever agreement; among those
        of one day the order given counts
    :param list[Movement] credits_: the credits, in any order
    :return: the keys of those that would be covered
    :rtype: set
    """
    purse = [list(credit) for credit in sorted(credits_)]
    excused = set()
    for late in sorted(missing, key=lambda one: (one.rank, one.date_limit)):
        usable = [
            credit
            for credit in purse
            if not late.date_last or credit[0] <= late.date_last
        ]
        if late.amount > sum(amount for _date, amount in usable):
            continue
        excused.add(late.key)
        left = late.amount
        for credit in usable:
            share = min(left, credit[1])
            credit[1] -= share
            left -= share
    return excused
