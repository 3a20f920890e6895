"""What a late payment costs: interest to the day, fixed amounts, limits.

Plain calculations over plain values. Amounts are whole numbers of the currency's
smallest unit, rates are `Decimal` percent a year, dates are days of the company. What
changes over time (what is owed, what is held, a rate) is a list of *steps*: pairs of a
day and the value from that day on.

The interest is simple, never on interest: each day costs a 365th of the yearly rate,
in a leap year too. Neither Directive 2011/7/EU nor the Late Payment of Commercial Debts
(Interest) Act 1998 says how days are counted; a 365th is what the Commission's and the
British government's guidance on late payment calculate with.
"""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

YEAR_DAYS = 365
DAY = timedelta(days=1)


class Segment(NamedTuple):
    """Days in a row on which the same principal cost the same rate.

    :param date_start: the first day
    :param date_end: the last day
    :param days: how many they are
    :param principal: what was owed on each of them
    :param rate: percent a year
    :param amount: the interest, rounded to the smallest unit
    """

    date_start: date
    date_end: date
    days: int
    principal: int
    rate: Decimal
    amount: int


class Hold(NamedTuple):
    """How much was not to be chased, as it was known from one day on.

    :param date_known: the day of the change
    :param amount: the amount held since, zero when the hold has ended
    :param date_start: the first day of the hold
    :param date_end: its last day, or None
    """

    date_known: date
    amount: int
    date_start: date
    date_end: date | None


# === STEPS === #


def get_value(steps, day, default=0):
    """What a list of steps says of one day.

    :param list steps: pairs of a day and the value from then on, by day
    :param datetime.date day: the day
    :param default: what holds before the first step
    """
    value = default
    for start, one in steps:
        if start > day:
            break
        value = one
    return value


def merge(function, *histories):
    """Combine histories that change on different days into one.

    :param function: takes the values of all histories on a day
    :param histories: lists of steps
    :return: the steps of the result, only those that change it
    :rtype: list[tuple[datetime.date, int]]
    """
    days = sorted({day for steps in histories for day, _value in steps})
    merged = []
    for day in days:
        value = function(*(get_value(steps, day) for steps in histories))
        if not merged or merged[-1][1] != value:
            merged.append((day, value))
    return merged


def get_owed(amount, receipts):
    """What was owed of an open item on each day. The day of a payment still counts, as
    the day after the due date is the first that does.

    :param int amount: what was to be paid, reductions deducted
    :param list receipts: pairs of the payment's day and its amount
    :return: steps
    :rtype: list[tuple[datetime.date, int]]
    """
    steps = [(date.min, max(amount, 0))]
    for day, received in sorted(receipts):
        amount -= received
        steps.append((day + DAY, max(amount, 0)))
    return merge(lambda owed: owed, steps)


def get_held(changes):
    """What one hold kept from being chased on each day: the most that it held at any
    time of the day.

    :param list changes: the `Hold` as it was known, in the order of the changes; the
        first is taken to have been known from its first day on
    :return: steps
    :rtype: list[tuple[datetime.date, int]]
    """
    histories = []
    for index, change in enumerate(changes):
        start = change.date_start
        if index:
            start = max(start, change.date_known)
        # The day on which it ends, by itself or by the next change, is held still.
        ends = [change.date_end] if change.date_end else []
        ends += [later.date_known for later in changes[index + 1 : index + 2]]
        if start <= (end := min(ends, default=date.max - DAY)):
            histories.append([(start, change.amount), (end + DAY, 0)])
    return merge(lambda *amounts: max(amounts), *histories)


def get_missed(terms, receipts):
    """What was missing of agreed payments on each day.

    :param list terms: pairs of the last day on which a payment is on time and what was
        agreed
    :param list receipts: pairs of the day of a payment and its amount
    :return: steps
    :rtype: list[tuple[datetime.date, int]]
    """
    changes = [(limit + DAY, amount) for limit, amount in terms]
    changes += [(day + DAY, -amount) for day, amount in receipts]
    missing, steps = 0, []
    for day, amount in sorted(changes):
        missing += amount
        steps.append((day, max(missing, 0)))
    # Of several changes on a day the last one stands.
    return merge(lambda value: value, list(dict(steps).items()))


def share_out(missed, helds):
    """Share out what is missing of a plan among its items, the first first.

    :param list missed: steps of what is missing of the plan
    :param list helds: for each item, steps of what the plan holds of it
    :return: for each item, steps of what is missing of it
    :rtype: list[list]
    """

    def share(missing, held, *before):
        return min(max(missing - sum(before), 0), held)

    return [
        merge(share, missed, held, *helds[:index]) for index, held in enumerate(helds)
    ]


# === INTEREST === #


def get_interest(accruing, rates, date_start, date_end):
    """Calculate the interest of a period.

    :param list accruing: steps of the principal
    :param list rates: steps of the rate, percent a year
    :param datetime.date date_start: the first day
    :param datetime.date date_end: the last day
    :return: the segments that cost something, by day
    :rtype: list[Segment]
    """
    cuts = {day for steps in (accruing, rates) for day, _value in steps}
    starts = sorted({date_start, *(d for d in cuts if date_start < d <= date_end)})
    segments = []
    for index, start in enumerate(starts):
        end = starts[index + 1] - DAY if index + 1 < len(starts) else date_end
        principal = get_value(accruing, start)
        rate = get_value(rates, start, Decimal(0))
        last = segments[-1] if segments else None
        if last and (last.date_end + DAY, last.principal, last.rate) == (
            start,
            principal,
            rate,
        ):
            start = segments.pop().date_start
        days = (end - start).days + 1
        if days > 0:
            amount = get_daily(principal, rate, days)
            segments.append(Segment(start, end, days, principal, rate, amount))
    return [segment for segment in segments if segment.amount]


def get_daily(principal, rate, days):
    """The simple interest of some days, rounded half up.

    :param int principal: in smallest units
    :param Decimal rate: percent a year
    :param int days: how many days
    :rtype: int
    """
    return round_half_up(Decimal(principal) * rate * days / (100 * YEAR_DAYS))


def get_percentage(amount, percent):
    """A percentage of an amount, rounded half up.

    :rtype: int
    """
    return round_half_up(Decimal(amount) * percent / 100)


def round_half_up(value):
    """Round as an accountant does.

    :rtype: int
    """
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


# === PERIODS === #


def get_gaps(date_start, date_end, charged):
    """The days of a period that were not charged yet.

    :param datetime.date date_start: the first day
    :param datetime.date date_end: the last day
    :param list charged: pairs of the first and the last day of what was charged, the
        last None when it stands for all days to come
    :return: pairs of the first and the last day, by day
    :rtype: list[tuple]
    """
    gaps = []
    for start, end in sorted(charged, key=lambda period: period[0]):
        if date_start < start:
            gaps.append((date_start, min(start - DAY, date_end)))
        if end is None:
            return [gap for gap in gaps if gap[0] <= gap[1]]
        date_start = max(date_start, end + DAY)
    gaps.append((date_start, date_end))
    return [gap for gap in gaps if gap[0] <= gap[1]]


def get_cut(periods, cuts):
    """Cut periods into parts.

    :param list periods: pairs of the first and the last day
    :param list cuts: the days on which a new part begins
    :return: pairs of the first and the last day, by day
    :rtype: list[tuple]
    """
    parts = []
    for start, end in periods:
        starts = [start, *sorted(day for day in cuts if start < day <= end)]
        ends = [*(day - DAY for day in starts[1:]), end]
        parts += zip(starts, ends, strict=True)
    return parts


def get_half_year(day):
    """The first day of the half-year, whose reference rate applies (Directive
    2011/7/EU, article 3(2)).

    :rtype: datetime.date
    """
    return date(day.year, 7 if day.month > 6 else 1, 1)


def get_half_years(date_start, date_end):
    """The first days of the half-years that a period touches.

    :rtype: list[datetime.date]
    """
    half_years = [get_half_year(date_start)]
    while True:
        following = get_half_year(half_years[-1] + timedelta(days=190))
        if following > date_end:
            return half_years
        half_years.append(following)


# === AMOUNTS === #


def get_fixed_sum(debt, scale):
    """The compensation for the costs of recovery, by the amount of the debt.

    :param int debt: what was late
    :param list scale: pairs of the amount from which a compensation applies and the
        compensation
    :return: that of the highest amount reached
    :rtype: int
    """
    return get_value(sorted(scale), debt)


def get_limited(amount, before=0, minimum=0, maximum=0):
    """What to add to a fee, or to take off, to keep it within limits.

    :param int amount: the fee calculated; nothing is added to none
    :param int before: what the same open item was charged before
    :param int minimum: the least to charge at once, or zero
    :param int maximum: the most to charge for the open item in all, or zero
    :return: what to add for the minimum, and (negative) what the maximum takes off
    :rtype: tuple[int, int]
    """
    added = max(minimum - amount, 0) if amount else 0
    room = max(maximum - before, 0) if maximum else amount + added
    return added, min(room - amount - added, 0)
