"""The payments of a payment plan: how much on which day.

Plain calculations over plain values. Amounts are whole numbers of the currency's
smallest unit, so that the payments always add up to the total.
"""

from datetime import date, timedelta
from typing import NamedTuple

from dateutil.relativedelta import relativedelta

RHYTHMS = {
    "weekly": relativedelta(weeks=1),
    "fortnightly": relativedelta(weeks=2),
    "monthly": relativedelta(months=1),
}
# Ten years of weekly payments: more is a slip of the pen, not a plan.
MOST_PAYMENTS = 520


class Payment(NamedTuple):
    """One payment of a schedule.

    :param date_due: the day on which it is expected
    :param amount: in smallest units
    :param is_deposit: whether it is the deposit
    """

    date_due: date
    amount: int
    is_deposit: bool


def make_schedule(
    total,
    date_first,
    rhythm,
    number=0,
    size=0,
    deposit=0,
    date_deposit=None,
    holidays=frozenset(),
    least=0,
):
    """Spread a total over a deposit and regular installments.

    Give either the number or the size of the installments. What does not divide
    evenly is in the last one.

    :param int total: what is to be paid, in smallest units
    :param datetime.date date_first: the day of the first installment
    :param str rhythm: weekly, fortnightly or monthly
    :param int number: how many installments, without the deposit
    :param int size: how much each, in smallest units, if there is no number
    :param int deposit: what is paid first, in smallest units
    :param date_deposit: its day (`datetime.date`)
    :param holidays: days on which nobody works, besides weekends
    :param int least: what an installment of its own comes to at least
    :return: the payments, by date; their sum is the total
    :rtype: list[Payment]
    :raise ValueError: when the values make no schedule
    """
    if not 0 <= deposit <= total or total <= 0:
        raise ValueError("The deposit is more than the total, or there is no total.")
    payments = []
    if deposit:
        payments.append(
            Payment(next_business_day(date_deposit, holidays), deposit, True)
        )
    amounts = split(total - deposit, number, size, least)
    dates = get_dates(date_first, rhythm, len(amounts), holidays)
    payments += [
        Payment(day, amount, False) for day, amount in zip(dates, amounts, strict=True)
    ]
    return sorted(payments, key=lambda payment: payment.date_due)


def split(total, number=0, size=0, least=0):
    """Split an amount into equal parts, the last of which takes the remainder.

    :param int total: in smallest units
    :param int number: how many parts
    :param int size: how much each, if there is no number
    :param int least: a remainder of parts of a given size that is less than this is put
        into the last whole part
    :rtype: list[int]
    :raise ValueError: when there is no number of parts of at least one unit
    """
    if not total:
        return []
    if not number:
        if size <= 0:
            raise ValueError("Neither a number nor a size is given.")
        number, rest = divmod(total, size)
        if rest >= max(least, 1) or not number:
            number += 1
    else:
        size = total // number
    if not 0 < number <= MOST_PAYMENTS or size <= 0:
        raise ValueError(f"{total} cannot be split into {number} payments.")
    return [size] * (number - 1) + [total - size * (number - 1)]


def get_dates(first, rhythm, number, holidays=frozenset()):
    """The days of regular payments.

    Each is counted from the first, so that the day of the month is kept where the
    month has it: 31 January, 29 February, 31 March. A day on which nobody works
    moves to the next working day, and moves nothing after it; where that is in another
    month, later monthly payments move to the last working day before (the convention
    "modified following" of the ISDA Definitions 2006, section 4.12).

    :param datetime.date first: the day of the first payment
    :param str rhythm: weekly, fortnightly or monthly
    :param int number: how many
    :param holidays: days on which nobody works, besides weekends
    :rtype: list[datetime.date]
    """
    dates = []
    for step in range(number):
        day = first + RHYTHMS[rhythm] * step
        moved = next_business_day(day, holidays)
        if step and rhythm == "monthly" and moved.month != day.month:
            moved = last_business_day(day, holidays)
        dates.append(moved)
    return dates


def last_business_day(day, holidays=frozenset()):
    """The day itself if it is a working day, else the last one before.

    :param datetime.date day: any day
    :param holidays: days on which nobody works, besides weekends
    :rtype: datetime.date
    """
    while day.weekday() >= 5 or day in holidays:
        day -= timedelta(days=1)
    return day


def next_business_day(day, holidays=frozenset()):
    """The day itself if it is a working day, else the next one.

    :param datetime.date day: any day
    :param holidays: days on which nobody works, besides weekends
    :rtype: datetime.date
    """
    while day.weekday() >= 5 or day in holidays:
        day += timedelta(days=1)
    return day
