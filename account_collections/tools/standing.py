"""How a payment plan stands, from what became of its payments.

A plan is a function of the ledger and the day: a payment that was booked late, or
returned, gives the same result as if it had been known from the beginning.
"""

from datetime import date, timedelta
from typing import NamedTuple

DONE = ("kept", "kept_late", "void")


class Standing(NamedTuple):
    """The state of a plan.

    :param state: active, at_risk, completed or defaulted
    :param date_at_risk: the day on which the arrears were found, if any
    :param date_cure: the last day on which they can be, or could have been, made good
    """

    state: str
    date_at_risk: date | None
    date_cure: date | None


def get_standing(own, others, cure_days, as_of, at_risk_since=None):
    """Say how a plan stands on a day.

    What is missed after its grace puts the plan at risk, and the customer is told;
    what is not made good within the days of cure from then ends it. So a payment that
    is returned long after its day does not end the plan before the customer knows.
    Once it has ended, later money does not revive it. What is invoiced besides counts
    until the plan is completed.

    :param own: the plan's payments, as pairs of `Term` and `Outcome`
    :type own: list[tuple]
    :param others: what has to be paid on time besides, as such pairs
    :type others: list[tuple]
    :param int cure_days: the days after the last day of grace
    :param datetime.date as_of: the day
    :param at_risk_since: the day on which the customer was told of arrears, None if the
        plan is not at risk so far
    :rtype: Standing
    """
    told = at_risk_since or as_of
    is_complete = bool(own) and all(outcome.date_settled for _term, outcome in own)
    completed_on = max(
        (outcome.date_settled or date.min for _term, outcome in own), default=date.min
    )
    defaulted_on = min(
        (
            last
            for term, outcome in own + others
            if outcome.state != "pending"
            and (outcome.date_settled or as_of)
            > (last := get_last_day(term.date_limit, told, cure_days))
        ),
        default=None,
    )
    limits = [term.date_limit for term, outcome in own + others if outcome.is_missed]
    if defaulted_on and (not is_complete or defaulted_on < completed_on):
        return Standing("defaulted", told, defaulted_on)
    if is_complete:
        return Standing("completed", None, None)
    if limits:
        return Standing("at_risk", told, get_last_day(min(limits), told, cure_days))
    return Standing("active", None, None)


def get_last_day(date_limit, told, cure_days):
    """The last day on which a missed payment can be made good.

    :param datetime.date date_limit: the last day on which it was on time
    :param datetime.date told: the day on which the customer was told
    :param int cure_days: the days of cure
    :rtype: datetime.date
    """
    return max(date_limit, told - timedelta(days=1)) + timedelta(days=cure_days)
