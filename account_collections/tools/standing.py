"""How a payment plan stands, from what became of its payments.

A plan is a function of the ledger and the day: a payment that was booked late, or
returned, gives the same result as if it had been known from the beginning.
"""

from datetime import date, timedelta
from typing import NamedTuple

DONE = ("kept", "kept_late", "void")
MISSED = ("partial", "broken")


class Standing(NamedTuple):
    """The state of a plan.

    :param state: active, at_risk, completed or defaulted
    :param date_at_risk: the first day of the arrears, if any
    :param date_cure: the last day on which they can be made good, if any
    """

    state: str
    date_at_risk: date | None
    date_cure: date | None


def get_standing(own, others, cure_days, as_of):
    """Say how a plan stands on a day.

    What is missed after its grace puts the plan at risk; what is not made good within
    the days of cure ends it. Once it has ended, later money does not revive it. What
    is invoiced besides counts until the plan is completed.

    :param own: the plan's payments, as pairs of `Term` and `Outcome`
    :type own: list[tuple]
    :param others: what has to be paid on time besides, as such pairs
    :type others: list[tuple]
    :param int cure_days: the days after the last day of grace
    :param datetime.date as_of: the day
    :rtype: Standing
    """
    is_complete = bool(own) and all(outcome.state in DONE for _term, outcome in own)
    completed_on = max(
        (outcome.date_kept or date.min for _term, outcome in own), default=date.min
    )
    defaulted_on = min(
        (
            _get_last_day(term, cure_days)
            for term, outcome in own + others
            if _is_past_cure(term, outcome, cure_days, as_of)
        ),
        default=None,
    )
    limits = [
        term.date_limit for term, outcome in own + others if outcome.state in MISSED
    ]
    if defaulted_on and (not is_complete or defaulted_on < completed_on):
        return Standing("defaulted", None, defaulted_on)
    if is_complete:
        return Standing("completed", None, None)
    if limits:
        first = min(limits)
        return Standing(
            "at_risk", first + timedelta(days=1), first + timedelta(days=cure_days)
        )
    return Standing("active", None, None)


def _get_last_day(term, cure_days):
    """The last day on which a missed payment can be made good."""
    return term.date_limit + timedelta(days=cure_days)


def _is_past_cure(term, outcome, cure_days, as_of):
    """Whether a payment was missed and not made good in time."""
    last = _get_last_day(term, cure_days)
    if outcome.state in MISSED:
        return as_of > last
    return bool(outcome.date_kept) and outcome.date_kept > last
