from itertools import takewhile

from odoo import fields, models
from odoo.tools.misc import format_date


class AccountCollectionPolicy(models.Model):
    """What a policy allows of payment plans."""

    _name = "account.collection.policy"
    _inherit = ["account.collection.policy"]

    # === BUSINESS METHODS === #

    def _get_plan_limits_exceeded(self, payments, currency, today, first_day=None):
        """Say in words which limits of this policy a schedule exceeds.

        :param list payments: for each payment its day, its amount, and whether it is
            the deposit; one at least
        :param currency: of the amounts (`res.currency`)
        :param datetime.date today: the company's day
        :param first_day: the day from which the longest plan counts
            (`datetime.date`), today by default
        :return: nothing where there is no policy
        :rtype: list[str]
        """
        problems = []
        if not self:
            return problems
        if len(payments) > self.plan_max_installments:
            problems.append(
                self.env._(
                    "The policy allows %(limit)s payments, not %(count)s.",
                    count=len(payments),
                    limit=self.plan_max_installments,
                )
            )
        latest = fields.Date.add(first_day or today, days=self.plan_max_days)
        if max(date for date, _amount, _deposit in payments) > latest:
            problems.append(
                self.env._(
                    "The policy allows plans of up to %(days)s days, until %(date)s.",
                    days=self.plan_max_days,
                    date=format_date(self.env, latest),
                )
            )
        return problems + self._get_plan_amounts_exceeded(payments, currency, today)

    # === HELPERS === #

    def _get_plan_amounts_exceeded(self, payments, currency, today):
        """Say in words which limits of amounts a schedule exceeds."""
        problems = []
        total = sum(amount for _date, amount, _deposit in payments)
        # A deposit comes first: what is only called so does not count.
        deposit = sum(
            amount
            for _date, amount, _deposit in takewhile(
                lambda payment: payment[2], sorted(payments, key=lambda one: one[0])
            )
        )
        least = currency.round(total * self.plan_min_deposit_percent / 100)
        if currency.compare_amounts(deposit, least) < 0:
            problems.append(
                self.env._(
                    "The policy asks for a deposit of at least %s.",
                    currency.format(least),
                )
            )
        smallest = self.currency_id._convert(
            self.plan_min_installment, currency, self.company_id, today
        )
        # The last one takes what is left over.
        regular = [
            amount for _date, amount, is_deposit in sorted(payments) if not is_deposit
        ][:-1]
        if any(currency.compare_amounts(amount, smallest) < 0 for amount in regular):
            problems.append(
                self.env._(
                    "The policy allows installments of at least %s.",
                    currency.format(smallest),
                )
            )
        return problems
