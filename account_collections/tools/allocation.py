"""How the money on an open item counts for the agreements that cover it.

Plain calculations over plain values. Amounts are whole numbers of the currency's
smallest unit, so that they add up exactly; dates are days of the company.

Money counts by its own day, whenever it is booked: money that is dated ahead counts at
once, for the day that it is dated. Whether it was known already when something was
agreed, and so belongs to what came before, is a matter of its booking.
"""

from collections import Counter
from datetime import date
from typing import NamedTuple


class Movement(NamedTuple):
    """Something that was taken off an open item: a receipt or a reduction.

    :param date: the day of the payment, or of the credit note or write-off
    :param amount: how much
    """

    date: date
    amount: int


class Claim(NamedTuple):
    """What an agreement expects of one open item.

    :param key: what the result names it by
    :param date_start: the day on which it was agreed
    :param amount: how much of the item it covers
    :param received_before: the money dated until then that the item had when it was
        agreed
    :param date_released: the day from which later money counts for others, because it
        ended or another agreement followed; None while it expects money
    :param received_by_release: the money dated until then that the item had by then
    :param announced_before: the money dated later that the item had when it was agreed
    :param announced_by_release: the money dated later that the item had by its release
    """

    key: object
    date_start: date
    amount: int
    received_before: int
    date_released: date | None = None
    received_by_release: int = 0
    announced_before: tuple[Movement, ...] = ()
    announced_by_release: tuple[Movement, ...] = ()


class Share(NamedTuple):
    """What of an open item concerns an agreement.

    :param receipts: the money that counts for it, by date
    :param reductions: by how much what it expects was reduced, by date
    :param expected: what it still expects of the item
    """

    receipts: list
    reductions: list
    expected: int


def share_out(amount, receipts, reductions, claims):
    """Share out one open item among the agreements that cover it.

    Money goes to the agreement made first, up to what it covers, then to the next. A
    reduction concerns the part that nothing covers first, then the agreement made
    last.

    :param int amount: the item as it was invoiced; 0 while it is not posted
    :param list[Movement] receipts: the money on the item, in any order
    :param list[Movement] reductions: its reductions, in any order
    :param list[Claim] claims: the agreements that cover it, in any order
    :return: a share for each claim's key
    :rtype: dict[object, Share]
    """
    claims = sorted(claims, key=lambda claim: (claim.date_start, claim.key))
    shares = {claim.key: Share([], [], claim.amount) for claim in claims}
    movements = [(one.date, False, one.amount) for one in receipts]
    movements += [(one.date, True, one.amount) for one in reductions]
    movements += [(claim.date_start, True, 0) for claim in claims]
    total, by_day = 0, Counter()
    for day, is_reduction, moved in sorted(movements):
        amount -= moved
        if is_reduction:
            _reduce(shares, claims, day, amount)
        else:
            _allocate(shares, claims, Movement(day, moved), total, by_day[day])
            total += moved
            by_day[day] += moved
    for claim in claims:
        if claim.date_released:
            shares[claim.key] = shares[claim.key]._replace(expected=0)
    return shares


def _allocate(shares, claims, receipt, total, of_day):
    """Give a receipt to the claims that it counts for, the first one first.

    :param int total: the money that came before it
    :param int of_day: how much of that came on the same day
    """
    left = receipt.amount
    for claim in claims:
        share = shares[claim.key]
        part = min(left, share.expected, _get_due_part(claim, receipt, total, of_day))
        if part:
            share.receipts.append(Movement(receipt.date, part))
            shares[claim.key] = share._replace(expected=share.expected - part)
            left -= part


def _reduce(shares, claims, day, room):
    """Let the claims expect no more than what is left of the item.

    :param int room: what is left of the item on that day
    """
    for claim in claims:
        if claim.date_start > day or (
            claim.date_released and claim.date_released <= day
        ):
            continue
        share = shares[claim.key]
        rest = min(max(room, 0), share.expected)
        if share.expected - rest:
            share.reductions.append(Movement(day, share.expected - rest))
            shares[claim.key] = share._replace(expected=rest)
        room -= rest


def _get_due_part(claim, receipt, total, of_day):
    """How much of a receipt came while a claim was in force, and was not known before.

    On the first day, or before it, only what was not known yet when it was agreed; on
    the last day only what was known by its end. The same holds for what was dated
    ahead when it was agreed or ended, day by day.

    :param int total: the money that came before the receipt
    :param int of_day: how much of that came on the same day
    """
    first, last = total, total + receipt.amount
    if receipt.date <= claim.date_start:
        first = max(first, claim.received_before)
    else:
        known = _get_announced(claim.announced_before, receipt.date)
        first = max(first, total - of_day + known)
    if claim.date_released and receipt.date == claim.date_released:
        last = min(last, claim.received_by_release)
    elif claim.date_released and receipt.date > claim.date_released:
        known = _get_announced(claim.announced_by_release, receipt.date)
        last = min(last, total - of_day + known)
    return max(last - first, 0)


def _get_announced(announced, day):
    """How much of what was announced is dated on a day."""
    return sum(movement.amount for movement in announced if movement.date == day)
