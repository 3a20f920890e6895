from datetime import date

from odoo import fields, models

from ..tools import interest


class AccountCollectionFeeCalculation(models.AbstractModel):
    """What a law grants for late payment: interest at a reference rate and some points
    above it, and a fixed sum for the costs of recovery."""

    _name = "account.collection.fee.calculation"
    _inherit = ["account.collection.fee.calculation"]

    # === BUSINESS METHODS === #

    def _calculate_statutory(self, policy, line, accruing, charged, date_end):
        """Calculate interest at the reference rate and the points of the law, and the
        compensation that falls due with it."""
        days = self._get_days(line, accruing, charged, date_end)
        if not days:
            return []
        values = []
        found = self._get_reference_rates(policy, line, days)
        points = self._get_decimal(policy.fee_points)
        rates = [(day, rate + points) for day, rate, _is_known in found]
        unknown = [day for day, _rate, is_known in found if not is_known]
        for start, end in interest.get_cut(days, unknown):
            is_known = not unknown or end < unknown[0]
            for charge in self._calculate_interest(
                line, accruing, [(start, end)], rates
            ):
                charge["reference_rate"] = charge["rate"] - policy.fee_points
                charge["is_provisional"] = not is_known
                values.append(charge)
        if policy.fee_scale_ids and "compensation" not in charged.mapped("kind"):
            values.append(
                self._calculate_compensation(
                    policy, line, interest.get_value(accruing, days[0][0])
                )
            )
        return values

    def _calculate_compensation(self, policy, line, debt, day=None):
        """Calculate the fixed sum for the costs of recovery.

        :param policy: the policy, whose scale counts
        :param line: the late item that it is charged with
        :param int debt: what was late, in smallest units of its currency
        :param datetime.date day: whose exchange rate applies, today's if none is given
        :return: values of an `account.collection.fee.line`, whose amount may be zero
        :rtype: dict
        """
        converted = self._exchange(
            debt * line.currency_id.rounding,
            line.currency_id,
            policy.fee_currency_id,
            line.company_id,
            day,
        )
        units = policy.fee_currency_id.rounding
        amount = interest.get_fixed_sum(
            round(converted / units),
            [
                (round(step.amount_from / units), step.amount)
                for step in policy.fee_scale_ids
            ],
        )
        amount = self._convert(policy, line, amount, day)
        return self._prepare_charge(line, "compensation", amount, principal=debt)

    def _merge_compensations(self, policy, values, charged):
        """Claim the fixed sum for the costs of recovery once for an invoice, by all
        that is late of it, unless the policy claims it for each installment.

        Directive 2011/7/EU, article 6(1), grants it for each late payment: for each
        unpaid invoice (Court of Justice, C-585/20, BFF Finance Iberia) and for each of
        several payments that one contract provides for (C-370/21, DOMUS-Software).
        Under the Late Payment of Commercial Debts (Interest) Act 1998, sections 3(1)
        and 5A, an obligation to pay a part of the price is a debt of its own, whose
        size decides about the sum. Nobody has to claim all of it: once for an invoice
        is what no court will find too much.

        :param policy: the policy of the customer
        :param list values: what was calculated for the items of an invoice
        :param charged: what was charged for the invoice before
        :return: the same, with the fixed sums that are claimed
        :rtype: list[dict]
        """
        sums = [one for one in values if one["kind"] == "compensation"]
        if sums and not policy.fee_is_scale_each:
            line = self.env["account.move.line"].browse(sums[0]["line_id"])
            debt = self._get_units(line)(sum(one["principal"] for one in sums))
            merged = self._calculate_compensation(policy, line, debt)
            if "compensation" in charged.mapped("kind"):
                merged["amount"] = 0
            # It comes with the item that was late first.
            values = [
                merged if one is sums[0] else one
                for one in values
                if one is sums[0] or one["kind"] != "compensation"
            ]
        return [one for one in values if one["kind"] != "compensation" or one["amount"]]

    # === HELPERS === #

    def _get_reference_rates(self, policy, line, days):
        """The reference rates that apply to an item.

        :param policy: the policy of the customer
        :param line: the late item (`account.move.line`)
        :param list days: pairs of the first and the last day
        :return: as of `account.collection.reference.rate._get_rates`
        :rtype: list[tuple]
        """
        start, end = days[0][0], days[-1][1]
        if policy.fee_is_rate_kept:
            start = end = fields.Date.add(line.date_maturity, days=1)
        rates = self.env["account.collection.reference.rate"]._get_rates(
            line.company_id.root_id, policy.fee_currency_id, start, end
        )
        if policy.fee_is_rate_kept:
            return [(date.min, *rates[0][1:])]
        return rates
