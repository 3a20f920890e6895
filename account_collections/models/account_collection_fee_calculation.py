from datetime import date
from decimal import Decimal

from odoo import fields, models
from odoo.exceptions import UserError

from ..tools import interest
from .account_collection_fee_accrual import DAILY_KINDS


class AccountCollectionFeeCalculation(models.AbstractModel):
    """What late open items cost, from the ledger, the holds and the policy.

    Nothing is posted here: the same calculation is shown as a preview.
    """

    _name = "account.collection.fee.calculation"
    _inherit = ["account.collection.fee.accrual"]
    _description = "Calculation of Late Fees"

    # === BUSINESS METHODS === #

    def _calculate(self, company, partner, date_end, lines=None):
        """Calculate what a customer has not been charged yet.

        :param company: the root company (`res.company`), whose branches count
        :param partner: the commercial partner (`res.partner`)
        :param datetime.date date_end: the last day to charge
        :param lines: only these open items (`account.move.line`), or all
        :return: values of `account.collection.fee.line`, by invoice and item, the
            oldest first
        :rtype: list[dict]
        :raise UserError: when a reference rate is missing
        """
        # What is charged does not depend on who asks.
        self = self.sudo()
        policy = partner.sudo()._get_fee_policy(company)
        if policy.fee_method in (False, "none"):
            return []
        late = self._get_late_lines(company, partner, date_end)
        if lines is not None:
            late &= lines
        histories = self._get_histories(
            company, partner, late, policy.fee_frequency == "once"
        )
        charged = self._get_charged(late)
        return [
            charge
            for move, items in late.sorted(lambda line: (line.date_maturity, line.id))
            .grouped("move_id")
            .items()
            for charge in self._calculate_invoice(
                policy, items, histories, charged[move], date_end
            )
        ]

    def _calculate_invoice(self, policy, items, histories, charged, date_end):
        """Calculate what the late items of one invoice cost: what the policy says of
        an invoice counts for all its installments together.

        :param policy: the policy of the customer
        :param items: the late items (`account.move.line`), the oldest first
        :param dict histories: as of `_get_histories`
        :param charged: what was charged for the invoice before
            (`account.collection.fee.line`)
        :param datetime.date date_end: the last day to charge
        :return: values of `account.collection.fee.line`
        :rtype: list[dict]
        """
        if policy.fee_frequency == "once" and self._get_periods(charged):
            return []
        calculate = getattr(self, f"_calculate_{policy.fee_method}")
        values = []
        for line in items:
            owed, accruing = histories[line]
            beyond = fields.Date.add(line.date_maturity, days=policy.fee_grace_days + 1)
            if beyond > date_end or not interest.get_value(owed, beyond):
                continue
            if policy.fee_method != "flat":
                own = self._get_charged_item(charged, line)
                values += calculate(policy, line, accruing, own, date_end)
            elif not values:
                # An amount for an invoice, whichever of its items is late.
                values += calculate(policy, line, accruing, charged, date_end)
        values = self._merge_compensations(policy, values, charged)
        return self._limit(policy, values, charged)

    def _calculate_flat(self, policy, line, accruing, charged, date_end):
        """Calculate a flat fee; see `_calculate_fixed`."""
        amount = self._convert(policy, line, policy.fee_amount)
        return self._calculate_fixed(
            policy, line, accruing, charged, date_end, "flat", 0, lambda base: amount
        )

    def _calculate_percent(self, policy, line, accruing, charged, date_end):
        """Calculate a percentage; see `_calculate_fixed`."""
        percent = self._get_decimal(policy.fee_percent)
        return self._calculate_fixed(
            policy,
            line,
            accruing,
            charged,
            date_end,
            "percent",
            percent,
            lambda base: interest.get_percentage(base, percent),
        )

    def _calculate_fixed(
        self, policy, line, accruing, charged, date_end, kind, rate, get_amount
    ):
        """Calculate a fee for an open item as it is today, if there is none for the
        month yet. Months that went by without a charge are not made up for.

        :param policy: the policy of the customer
        :param line: the late open item
        :param list accruing: steps of what is chased of it
        :param charged: its fee lines (`account.collection.fee.line`)
        :param datetime.date date_end: the last day to charge
        :param str kind: the kind of the charge
        :param rate: the percentage, or zero
        :param get_amount: the fee by the amount that is chased, in smallest units
        :return: values of `account.collection.fee.line`, one at most
        :rtype: list[dict]
        """
        today = line.company_id._get_collection_day()
        # Neither what is paid nor what is held today is charged.
        base = min(
            interest.get_value(accruing, today),
            interest.get_value(accruing, fields.Date.add(today, days=1)),
        )
        start = fields.Date.add(line.date_maturity, days=1)
        end = None
        if policy.fee_frequency == "monthly":
            start = max(start, fields.Date.start_of(date_end, "month"))
            end = fields.Date.end_of(date_end, "month")
        if not base or interest.get_gaps(
            start, end or date.max, self._get_periods(charged)
        ) != [(start, end or date.max)]:
            return []
        amount = get_amount(base)
        return [self._prepare_charge(line, kind, amount, start, end, base, rate)]

    def _calculate_daily(self, policy, line, accruing, charged, date_end):
        """Calculate interest at the rate of the policy."""
        rates = [(date.min, self._get_decimal(policy.fee_rate))]
        days = self._get_days(line, accruing, charged, date_end)
        return self._calculate_interest(line, accruing, days, rates)

    def _calculate_interest(self, line, accruing, days, rates):
        """Calculate interest for periods.

        :param list days: pairs of the first and the last day
        :param list rates: steps of the rate
        """
        return [
            self._prepare_charge(
                line,
                "interest",
                segment.amount,
                segment.date_start,
                segment.date_end,
                segment.principal,
                segment.rate,
            )
            for start, end in days
            for segment in interest.get_interest(accruing, rates, start, end)
        ]

    def _limit(self, policy, values, charged):
        """Keep what is charged for an invoice within the limits of the policy, the
        compensation besides.

        :param policy: the policy of the customer
        :param list values: what was calculated for its items
        :param charged: what it was charged before (`account.collection.fee.line`)
        :return: the same, with what the limits add or take off
        :rtype: list[dict]
        """
        limited = [one for one in values if one["kind"] != "compensation"]
        if not limited:
            return values
        line = self.env["account.move.line"].browse(limited[-1]["line_id"])
        units = self._get_units(line)
        before = charged.filtered(lambda one: one.kind != "compensation")
        amount = sum(units(one["amount"]) for one in limited)
        added, taken = interest.get_limited(
            amount,
            units(sum(before.mapped("amount"))),
            self._get_minimum_left(policy, line, before),
            self._convert(policy, line, policy.fee_max),
        )
        if not amount + added + taken:
            return [one for one in values if one["kind"] == "compensation"]
        return values + [
            self._prepare_charge(line, kind, limit)
            for kind, limit in (("minimum", added), ("maximum", taken))
            if limit
        ]

    # === HELPERS === #

    def _prepare_charge(
        self, line, kind, amount, date_start=None, date_end=None, principal=0, rate=0
    ):
        """Prepare one line of the calculation.

        :param line: the late open item
        :param str kind: interest, flat, percent, compensation, minimum or maximum
        :param int amount: what it costs, in smallest units
        :param date_start: the first day it stands for
        :param date_end: the last day, or None for all to come
        :param int principal: what it is calculated from, in smallest units
        :param rate: percent
        :return: values of an `account.collection.fee.line`
        :rtype: dict
        """
        rounding = line.currency_id.rounding
        return {
            "line_id": line.id,
            "late_move_id": line.move_id.id,
            "kind": kind,
            "date_start": date_start or False,
            "date_end": date_end or False,
            "principal": line.currency_id.round(principal * rounding),
            "rate": float(rate),
            "amount": line.currency_id.round(amount * rounding),
        }

    def _get_charged(self, lines):
        """What the invoices of these items were charged before.

        :return: the fee lines (`account.collection.fee.line`) by invoice
        :rtype: dict
        """
        charges = self.env["account.collection.fee.line"].search(
            [("late_move_id", "in", lines.move_id.ids), ("is_live", "=", True)]
        )
        by_move = charges.grouped("late_move_id")
        return {move: by_move.get(move, charges.browse()) for move in lines.move_id}

    def _get_charged_item(self, charged, line):
        """What one item was charged before. What was charged for an item that was
        replaced since, when its invoice was corrected, counts for all its items.

        :param charged: what its invoice was charged
        :param line: the item (`account.move.line`)
        :return: the fee lines (`account.collection.fee.line`)
        """
        return charged.filtered(lambda charge: charge.line_id in (line, line.browse()))

    def _get_minimum_left(self, policy, line, charged):
        """The minimum, less what the invoice costs in this calendar month so far: it is
        for the month, however often is charged.

        :param policy: the policy of the customer
        :param line: an item of the invoice (`account.move.line`)
        :param charged: what it was charged, the compensation besides
        :return: in smallest units
        :rtype: int
        """
        month = fields.Date.start_of(line.company_id._get_collection_day(), "month")
        of_month = charged.filtered(
            lambda one: fields.Date.start_of(one.fee_id.date, "month") == month
        )
        minimum = self._convert(policy, line, policy.fee_min)
        return max(minimum - self._get_units(line)(sum(of_month.mapped("amount"))), 0)

    def _get_periods(self, charged):
        """The periods that were charged.

        :return: pairs of the first and the last day, or None for all to come
        :rtype: list[tuple]
        """
        return [
            (charge.date_start, charge.date_end or None)
            for charge in charged
            if charge.kind in DAILY_KINDS
        ]

    def _get_days(self, line, accruing, charged, date_end):
        """The days on which something accrued that was not charged.

        :return: pairs of the first and the last day
        :rtype: list[tuple]
        """
        gaps = interest.get_gaps(
            fields.Date.add(line.date_maturity, days=1),
            date_end,
            self._get_periods(charged),
        )
        # At a whole unit for each unit and day, nothing is rounded away.
        rate = Decimal(100 * interest.YEAR_DAYS)
        return [
            (segment.date_start, segment.date_end)
            for start, end in gaps
            for segment in interest.get_interest(
                accruing, [(date.min, rate)], start, end
            )
        ]

    def _get_decimal(self, value):
        """A percentage as it was entered, free of the binary fraction."""
        return Decimal(str(round(value, 4)))

    def _convert(self, policy, line, amount, day=None):
        """An amount of the policy in smallest units of the currency of an item.

        :param datetime.date day: whose exchange rate applies, today's if none is given
        :rtype: int
        """
        converted = self._exchange(
            amount, policy.fee_currency_id, line.currency_id, line.company_id, day
        )
        return self._get_units(line)(converted)

    def _exchange(self, amount, source, target, company, day=None):
        """An amount in another currency. Where Odoo takes a currency without a rate
        for one like the company's, nothing is charged.

        :param source: the currency of the amount (`res.currency`)
        :param target: the other one (`res.currency`)
        :param company: whose rates apply (`res.company`)
        :raise UserError: when a rate is missing
        """
        if not amount or source == target:
            return amount
        for currency in (source | target) - company.currency_id:
            if not currency.rate_ids.filtered(
                lambda rate: rate.company_id in (company.browse(), company.root_id)
            ):
                raise UserError(
                    self.env._(
                        "There is no exchange rate of %(currency)s, in which the late "
                        "fee or the late invoice is. Enter one, or choose another "
                        "currency for the fees in the collection policy.",
                        currency=currency.name,
                    )
                )
        return source._convert(
            amount, target, company, day or company._get_collection_day()
        )
