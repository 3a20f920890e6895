"""What became of an agreement, from the money that the ledger shows.

Plain calculations over plain values. Amounts are whole numbers of the currency's
smallest unit, so that they add up exactly; dates are days of the company. Nothing is
remembered from one evaluation to the next: the result depends on the ledger and the
agreement alone, not on the order in which things happened.
"""

from collections import namedtuple
from datetime import date
from typing import NamedTuple

Receipt = namedtuple("Receipt", "date amount")
Receipt.__doc__ = "Money on an open item: the payment's day, and how much."


class Claim(NamedTuple):
    """What an agreement expects of one open item.

    :param key: what the result names it by
    :param date_start: the day on which it was agreed
    :param amount: how much of the item it covers; of an agreement that has ended, how
        much it had received by then
    :param received_before: the money that the item had when it was agreed
    """

    key: object
    date_start: date
    amount: int
    received_before: int


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
    :param date_kept: the day on which enough had come, or None
    :param is_unapplied: whether it is late, but unapplied credits would cover it
    """

    state: str
    received: int
    open: int
    missing: int
    void: int
    date_kept: date | None
    is_unapplied: bool


def allocate(receipts, claims):
    """Share out the money on one open item among the agreements that cover it.

    Money goes to the agreement made first, up to what it covers, then to the next;
    what an item had received before an agreement does not count for that. The rest
    belongs to the part of the item that nothing covers.

    :param receipts: the money on the item, in any order
    :type receipts: list[Receipt]
    :param claims: the agreements that cover it
    :type claims: list[Claim]
    :return: for each claim's key, the receipts that count for it, by date
    :rtype: dict[object, list[Receipt]]
    """
    claims = sorted(claims, key=lambda claim: (claim.date_start, claim.key))
    shares = {claim.key: [] for claim in claims}
    wanted = {claim.key: claim.amount for claim in claims}
    total = 0
    for receipt in sorted(receipts):
        left = receipt.amount
        for claim in claims:
            share = min(left, wanted[claim.key])
            if receipt.date <= claim.date_start:
                known = max(claim.received_before - total, 0)
                share = min(share, max(receipt.amount - known, 0))
            if share > 0:
                shares[claim.key].append(Receipt(receipt.date, share))
                wanted[claim.key] -= share
                left -= share
        total += receipt.amount
    return shares


def evaluate(terms, receipts, reduction, as_of, unapplied=0):
    """Say of each agreed payment whether it was made.

    The money counts for the terms in the order of their dates. A reduction of the
    debt (a credit note, a write-off) shortens them from the end. A term that is late
    is not broken while unapplied credits of the customer would cover what is missing.

    :param terms: the payments agreed, in any order
    :type terms: list[Term]
    :param receipts: the money that counts for the agreement
    :type receipts: list[Receipt]
    :param int reduction: by how much less is owed than is still agreed
    :param as_of: the day to evaluate on
    :type as_of: datetime.date
    :param int unapplied: the customer's credits that nobody has applied yet
    :return: an outcome for each term, in the order given
    :rtype: list[Outcome]
    """
    order = sorted(range(len(terms)), key=lambda index: (terms[index].date_due, index))
    received, kept = _fill(terms, order, receipts)
    void = _shorten(terms, order, received, reduction)
    outcomes = {}
    for index in order:
        term = terms[index]
        outcome = _get_outcome(
            term, received[index], void[index], kept[index], as_of, unapplied
        )
        if outcome.is_unapplied:
            unapplied -= outcome.open
        outcomes[index] = outcome
    return [outcomes[index] for index in range(len(terms))]


def _fill(terms, order, receipts):
    """Fill the terms with money, the earliest first.

    :return: by term, what it received, and the money as it came, cumulated
    """
    received = dict.fromkeys(order, 0)
    history = {index: [] for index in order}
    queue = list(order)
    for receipt in sorted(receipts):
        left = receipt.amount
        while left > 0 and queue:
            index = queue[0]
            share = min(left, terms[index].amount - received[index])
            received[index] += share
            left -= share
            if share:
                history[index].append(Receipt(receipt.date, received[index]))
            if received[index] == terms[index].amount:
                queue.pop(0)
    return received, history


def _shorten(terms, order, received, reduction):
    """Take a reduction off what is still expected, the latest first."""
    void = dict.fromkeys(order, 0)
    for index in reversed(order):
        void[index] = min(reduction, terms[index].amount - received[index])
        reduction -= void[index]
    return void


def _get_outcome(term, received, void, history, as_of, unapplied):
    rest = term.amount - received - void
    enough = min(term.amount_min, term.amount - void)
    date_kept = next(
        (receipt.date for receipt in history if receipt.amount >= enough), None
    )
    if date_kept:
        state = "kept" if date_kept <= term.date_limit else "kept_late"
        return Outcome(state, received, 0, rest, void, date_kept, False)
    if not rest:
        state = "void" if not received else "kept"
        return Outcome(state, received, 0, 0, void, None, False)
    if as_of <= term.date_limit:
        return Outcome("pending", received, rest, 0, void, None, False)
    if rest <= unapplied:
        return Outcome("pending", received, rest, 0, void, None, True)
    state = "partial" if received else "broken"
    return Outcome(state, received, 0, rest, void, None, False)
