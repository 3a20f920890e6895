from odoo import fields, models
from odoo.tools.misc import format_date

from ..tools.number import format_number


class AccountCollectionPolicy(models.Model):
    """What a policy allows of settlements."""

    _name = "account.collection.policy"
    _inherit = ["account.collection.policy"]

    # === FIELDS === #

    settlement_max_discount_percent = fields.Float(
        string="Largest Discount",
        default=20.0,
        help="The most that a collector may give up of a debt, in percent. Beyond it, "
        "a manager has to approve, and never their own. Its payments may take as long "
        "as the longest plan.",
    )
    settlement_max_offer_days = fields.Integer(
        string="Offers Open Up To",
        default=90,
        help="The most days for which an offer stays open and holds the dunning. "
        "Beyond it, a manager has to approve, and never their own.",
    )
    settlement_wait_days = fields.Integer(
        string="Wait for the Bank",
        default=3,
        help="Days after the last day of a payment within which a bank statement that "
        "comes late is waited for before a settlement lapses. The payment itself has "
        "to be dated by the day agreed.",
    )

    # === CONSTRAINT METHODS === #

    _settlement_limits = models.Constraint(
        "CHECK (settlement_max_discount_percent BETWEEN 0 AND 100 "
        "AND settlement_wait_days >= 0 AND settlement_max_offer_days >= 0)",
        "The discount of a settlement is between 0 and 100 %, and the days of an offer "
        "and those to wait for the bank cannot be negative.",
    )

    # === BUSINESS METHODS === #

    def _get_settlement_limits_exceeded(
        self, covered, waived, currency, today, date_expiry, date_paid
    ):
        """Say in words which limits of this policy a settlement exceeds.

        :param float covered: the debt
        :param float waived: what is given up of it
        :param currency: of the amounts (`res.currency`)
        :param datetime.date today: the company's day
        :param datetime.date date_expiry: until when it is offered
        :param datetime.date date_paid: the day of the last payment
        :rtype: list[str]
        """
        problems = []
        if not self:
            if currency.compare_amounts(waived, 0) > 0:
                problems.append(
                    self.env._("The customer has no policy that allows a discount.")
                )
            return problems
        allowed = covered * self.settlement_max_discount_percent / 100
        if currency.compare_amounts(waived, allowed) > 0:
            problems.append(
                self.env._(
                    "The policy allows a discount of %(limit)s %%, not %(percent)s %%.",
                    limit=format_number(self.env, self.settlement_max_discount_percent),
                    percent=format_number(
                        self.env, round(100 * waived / covered if covered else 100, 2)
                    ),
                )
            )
        latest = fields.Date.add(today, days=self.settlement_max_offer_days)
        if date_expiry > latest:
            problems.append(
                self.env._(
                    "The policy allows offers that stay open for up to %(days)s days, "
                    "until %(date)s.",
                    days=self.settlement_max_offer_days,
                    date=format_date(self.env, latest),
                )
            )
        latest = fields.Date.add(today, days=self.plan_max_days)
        if date_paid > latest:
            problems.append(
                self.env._(
                    "The policy allows payments within %(days)s days, until %(date)s.",
                    days=self.plan_max_days,
                    date=format_date(self.env, latest),
                )
            )
        return problems
