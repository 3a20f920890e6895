from datetime import date

from odoo import api, fields, models
from odoo.tools.misc import format_date, formatLang

from ..tools import interest
from .account_collection_fee_accrual import DAILY_KINDS


class AccountCollectionFeeLine(models.Model):
    """One line of the calculation of a late fee: what a late item costs, for which
    days, and why."""

    _name = "account.collection.fee.line"
    _description = "Late Fee Calculation"
    _order = "fee_id, id"

    # === FIELDS === #

    fee_id = fields.Many2one(
        "account.collection.fee",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(related="fee_id.company_id")
    currency_id = fields.Many2one(related="fee_id.currency_id")
    line_id = fields.Many2one(
        "account.move.line",
        string="Late Item",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    late_move_id = fields.Many2one(
        "account.move",
        string="Late Invoice",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    kind = fields.Selection(
        [
            ("interest", "Interest"),
            ("flat", "Flat amount"),
            ("percent", "Percentage"),
            ("compensation", "Compensation"),
            ("minimum", "Minimum"),
            ("maximum", "Maximum"),
        ],
        required=True,
        readonly=True,
    )
    date_start = fields.Date(string="From", readonly=True)
    date_end = fields.Date(
        string="To", readonly=True, help="Empty when nothing more is charged after it."
    )
    days = fields.Integer(compute="_compute_days")
    principal = fields.Monetary(string="On", readonly=True)
    rate = fields.Float(string="Rate (%)", digits=(16, 4), readonly=True)
    reference_rate = fields.Float(
        string="Reference Rate (%)",
        digits=(16, 4),
        readonly=True,
        help="The rate of the central bank that it is calculated from.",
    )
    is_provisional = fields.Boolean(
        string="Provisional",
        readonly=True,
        help="The reference rate of the half-year was not entered yet: it is "
        "calculated from the last one before.",
    )
    amount = fields.Monetary(required=True, readonly=True)
    description = fields.Char(compute="_compute_description")
    is_live = fields.Boolean(compute="_compute_is_live", store=True)

    # === CONSTRAINT METHODS === #

    # Ranges alone, so that PostgreSQL needs no extension to compare the items. Without
    # an item, which was removed from its invoice, the range would be that of all items.
    _no_day_twice = models.Constraint(
        "EXCLUDE USING gist (int4range(line_id, line_id, '[]') WITH &&, "
        "daterange(date_start, date_end, '[]') WITH &&) WHERE (is_live IS TRUE AND "
        f"line_id IS NOT NULL AND kind IN {DAILY_KINDS})",
        "These days of the invoice were charged just now. Reload the page to see it.",
    )
    _no_compensation_twice = models.UniqueIndex(
        "(line_id) WHERE is_live IS TRUE AND kind = 'compensation'",
        "The compensation for this invoice was charged just now. Reload the page to "
        "see it.",
    )

    # === COMPUTE METHODS === #

    @api.depends("fee_id.state")
    def _compute_is_live(self):
        for line in self:
            # What was waived stays charged: it does not come back.
            line.is_live = line.fee_id.state != "cancelled"

    @api.depends("date_start", "date_end")
    def _compute_days(self):
        for line in self:
            line.days = (
                (line.date_end - line.date_start).days + 1
                if line.kind == "interest" and line.date_start and line.date_end
                else 0
            )

    @api.depends(
        "kind", "date_start", "date_end", "principal", "rate", "is_provisional"
    )
    @api.depends_context("lang")
    def _compute_description(self):
        for line in self:
            line.description = line._get_description(line.currency_id)

    # === BUSINESS METHODS === #

    def _get_description(self, currency):
        """What the customer reads of this line of the calculation, in the language of
        the context.

        :param currency: of the amounts (`res.currency`)
        :rtype: str
        """
        env = self.env
        currency = currency.with_env(env)
        if self.kind == "interest":
            values = {
                "principal": currency.format(self.principal),
                "rate": self._format_rate(),
                "days": self.days,
                "start": format_date(env, self.date_start),
                "end": format_date(env, self.date_end),
            }
            text = env._(
                "%(principal)s at %(rate)s %% a year for %(days)s days, %(start)s to "
                "%(end)s",
                **values,
            )
            if self.days == 1:
                text = env._(
                    "%(principal)s at %(rate)s %% a year for one day, %(start)s",
                    **values,
                )
            if self.is_provisional:
                provisional = env._("provisional reference rate")
                text += f" ({provisional})"
            return text
        if self.kind == "percent":
            return env._(
                "%(rate)s %% of %(principal)s overdue",
                rate=self._format_rate(),
                principal=currency.format(self.principal),
            )
        if self.kind == "compensation":
            return env._("Compensation for the costs of recovery")
        if self.kind == "minimum":
            return env._("Up to the agreed minimum")
        if self.kind == "maximum":
            return env._("Down to the agreed maximum")
        return env._("Fee for late payment")

    def _get_due(self, owed):
        """What a charge for days costs by today's ledger.

        :param list owed: steps of what was owed of the late item
        :return: in smallest units, what was charged at most
        :rtype: int
        """
        calculation = self.env["account.collection.fee.calculation"]
        units = calculation._get_units(self)
        rate = calculation._get_decimal(self._get_due_rate())
        principal, charged = units(self.principal), units(self.amount)
        if self.kind == "interest":
            segments = interest.get_interest(
                [(day, min(amount, principal)) for day, amount in owed],
                [(date.min, rate)],
                self.date_start,
                self.date_end,
            )
            return min(charged, sum(segment.amount for segment in segments))
        # What was paid before the day of the charge was not to be charged.
        base = min(interest.get_value(owed, self.fee_id.date), principal)
        if self.kind == "percent":
            return min(charged, interest.get_percentage(base, rate))
        return charged if base else 0

    # === HELPERS === #

    def _is_more_than_billed(self):
        """Whether more was charged for than the late item says since it was changed.

        :rtype: bool
        """
        self.ensure_one()
        return bool(self.line_id) and (
            self.currency_id.compare_amounts(
                self.principal, self.line_id.amount_currency
            )
            > 0
        )

    def _get_due_rate(self):
        """The rate by what is known today: where the reference rate was provisional,
        by that which was entered since.

        :rtype: float
        """
        self.ensure_one()
        if not self.is_provisional or not self.line_id:
            return self.rate
        policy = self.fee_id.policy_id
        day = self.date_start
        if policy.fee_is_rate_kept:
            day = fields.Date.add(self.line_id.date_maturity, days=1)
        known = self.env["account.collection.reference.rate"]._get_known(
            self.company_id, policy.fee_currency_id
        )
        reference = known.get(interest.get_half_year(day), self.reference_rate)
        return self.rate - self.reference_rate + float(reference)

    def _format_rate(self):
        """The rate with the decimals that it has, two at least.

        :rtype: str
        """
        digits = 2 if round(self.rate, 2) == round(self.rate, 4) else 4
        return formatLang(self.env, self.rate, digits=digits)
