from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools.misc import format_date

from ..tools.locking import take_turns

# The kinds of agreement that expect money; an open item is in one of them at most.
CASH_REASONS = ("promise", "plan", "settlement")

# What of a hold is decided when it is made.
FIXED = {
    "line_id",
    "partner_id",
    "company_id",
    "currency_id",
    "reason",
    "res_model",
    "res_id",
    "amount_covered",
    "received_before",
    "date_released",
    "received_by_release",
    "announced_before",
    "announced_by_release",
    "date_called",
    "is_whole_customer",
}


class AccountCollectionHold(models.Model):
    _name = "account.collection.hold"
    _description = "Dunning Hold"
    _inherit = ["account.collection.own"]
    _order = "date_end, id"
    _check_company_auto = True

    # === FIELDS === #

    line_id = fields.Many2one(
        "account.move.line",
        string="Open Item",
        readonly=True,
        ondelete="cascade",
        index=True,
        help="Empty once the invoices were deleted that a whole customer owed.",
    )
    move_id = fields.Many2one(related="line_id.move_id", string="Invoice")
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        compute="_compute_from_line",
        store=True,
        index=True,
    )
    company_id = fields.Many2one(
        "res.company", compute="_compute_from_line", store=True, index=True
    )
    currency_id = fields.Many2one(
        "res.currency", compute="_compute_from_line", store=True
    )
    amount = fields.Monetary(
        required=True,
        help="The part of the open item that is not chased, in its currency.",
    )
    date_start = fields.Date(
        string="From",
        required=True,
        default=lambda self: self.env.company._get_collection_day(),
    )
    date_end = fields.Date(string="Until", help="The last day of the hold.")
    reason = fields.Selection(
        [
            ("promise", "Promise to pay"),
            ("plan", "Payment plan"),
            ("settlement", "Settlement"),
            ("return", "Return"),
            ("barter", "Barter"),
            ("dispute", "Dispute"),
            ("manual", "Set by hand"),
        ],
        default="manual",
        required=True,
        readonly=True,
    )
    note = fields.Char(string="Why")
    is_whole_customer = fields.Boolean(
        readonly=True,
        help="Set for the whole customer: invoices that come later are held too.",
    )
    amount_covered = fields.Monetary(
        readonly=True,
        help="How much of the open item the agreement covers, paid or not.",
    )
    received_before = fields.Monetary(
        readonly=True,
        help="The money dated until its start that the open item had by then.",
    )
    date_released = fields.Date(
        string="Released On",
        readonly=True,
        help="From then on money that comes counts for what was agreed later.",
    )
    received_by_release = fields.Monetary(
        readonly=True,
        help="The money dated until its release that the open item had by then.",
    )
    announced_before = fields.Json(
        readonly=True,
        help="The money dated after its start that the open item had by then.",
    )
    announced_by_release = fields.Json(
        readonly=True,
        help="The money dated after its release that the open item had by then.",
    )
    date_called = fields.Date(
        string="Due At Once On",
        readonly=True,
        help="The agreement has failed: from that day on the open item is due, "
        "whatever its own due date.",
    )
    res_model = fields.Char(readonly=True)
    res_id = fields.Many2oneReference(
        model_field="res_model", readonly=True, index="btree_not_null"
    )
    active = fields.Boolean(default=True)

    # === CONSTRAINT METHODS === #

    _one_cash_resolution = models.UniqueIndex(
        "(line_id) WHERE active IS TRUE"
        " AND reason IN ('promise', 'plan', 'settlement')",
        "Something else was agreed on one of these open items just now. Reload the "
        "page to see it.",
    )

    _is_on_something = models.Constraint(
        "CHECK (line_id IS NOT NULL OR is_whole_customer IS TRUE)",
        "Choose the open item that is to be held.",
    )
    # The dunning reads the few open items that an agreement has let fall due.
    _called_idx = models.Index("(line_id, date_called) WHERE date_called IS NOT NULL")
    _amount_positive = models.Constraint(
        "CHECK (amount > 0 OR line_id IS NULL)",
        "The amount held must be greater than zero.",
    )
    _dates_ordered = models.Constraint(
        "CHECK (date_end IS NULL OR date_end >= date_start)",
        "A hold cannot end before it begins. Correct its dates.",
    )

    @api.constrains("line_id", "amount", "active", "date_end")
    def _check_amount(self):
        """The holds on an open item never exceed what is left to pay of it."""
        holds = self.filtered(lambda hold: hold.active and not hold._is_expired())
        holds._lock_lines()
        if self.env.su and self.env.context.get("collection_following"):
            # They follow the money one after the other, and keep to it themselves.
            return
        held = defaultdict(float)
        # What others hold counts, even if the user may not see it.
        for hold in self.sudo().search([("line_id", "in", holds.line_id.ids)]):
            if not hold._is_expired():
                held[hold.line_id] += hold.amount
        for line in holds.line_id:
            if (
                line.account_id.account_type != "asset_receivable"
                or line.parent_state != "posted"
            ):
                raise ValidationError(
                    self.env._(
                        "%s is not an open customer item, so there is nothing to hold.",
                        line.display_name,
                    )
                )
            if (
                line.currency_id.compare_amounts(
                    held[line], line.amount_residual_currency
                )
                > 0
            ):
                raise ValidationError(
                    self.env._(
                        "The holds on %(item)s come to %(held)s, more than the "
                        "%(residual)s left to pay. Reduce the amount.",
                        item=line.display_name,
                        held=line.currency_id.format(held[line]),
                        residual=line.currency_id.format(line.amount_residual_currency),
                    )
                )

    # === COMPUTE METHODS === #

    @api.depends("line_id.partner_id.commercial_partner_id")
    def _compute_from_line(self):
        for hold in self:
            if not hold.line_id:
                # What is held of a whole customer stays theirs.
                hold.partner_id = hold.partner_id
                hold.company_id = hold.company_id
                hold.currency_id = hold.currency_id
                continue
            hold.partner_id = hold.line_id.partner_id.commercial_partner_id
            hold.company_id = hold.line_id.company_id.root_id
            hold.currency_id = hold.line_id.currency_id

    @api.depends("line_id", "amount", "currency_id", "partner_id")
    def _compute_display_name(self):
        for hold in self:
            if not hold.line_id:
                hold.display_name = hold.partner_id.display_name
                continue
            hold.display_name = f"{hold.line_id.move_id.name}: " + (
                hold.currency_id.format(hold.amount)
                if hold.currency_id
                else str(hold.amount)
            )

    # === CRUD METHODS === #

    def write(self, vals):
        if not self.env.su and FIXED & vals.keys():
            raise UserError(
                self.env._(
                    "A hold stays what it is: only its amount, its dates and its "
                    "reason change. End it and make another one."
                )
            )
        return super().write(vals)

    # === ACTION METHODS === #

    def action_end(self):
        """End these holds today: dunning goes on with the next run.

        :raise UserError: when a hold belongs to something agreed with the customer
        """
        if agreed := self.filtered(lambda hold: hold.reason != "manual"):
            raise UserError(
                self.env._(
                    "The hold on %(item)s belongs to something that was agreed "
                    "(%(reason)s). It ends with that.",
                    item=agreed[0].display_name,
                    reason=agreed[0]._get_reason_label(),
                )
            )
        holds = self | self._get_whole()
        holds.active = False
        holds._refresh_cases()

    # === BUSINESS METHODS === #

    def _refresh_cases(self):
        """Bring the cases of the held customers up to date."""
        for company, holds in self.grouped("company_id").items():
            self.env["account.collection.case"]._refresh(company, holds.partner_id)

    def _outlive(self, lines):
        """Keep what holds whole customers while open items of theirs are deleted,
        unless other items of theirs keep it.

        :param lines: the open items (`account.move.line`)
        """
        whole = self.search(
            [("is_whole_customer", "=", True), ("line_id", "in", lines.ids)],
            order="date_end desc, id",
        )
        for hold in whole.filtered(lambda hold: not hold._is_expired()):
            if not hold._get_whole().filtered(
                lambda other, end=hold.date_end: (
                    (other not in whole or not other.line_id)
                    and (not other.date_end or (end and other.date_end >= end))
                )
            ):
                hold.write({"line_id": False, "amount": 0})

    def _get_whole(self):
        """What holds the whole customers that these holds belong to, if they do: one
        ends with the others."""
        whole = self.filtered("is_whole_customer")
        return self.search(
            [
                ("is_whole_customer", "=", True),
                ("partner_id", "in", whole.partner_id.ids),
                ("company_id", "in", whole.company_id.ids),
            ]
        )

    def _is_expired(self):
        """Whether the last day of the hold has passed, evaluated since or not."""
        self.ensure_one()
        today = self.company_id._get_collection_day()
        return bool(self.date_end and self.date_end < today)

    def _is_live(self, date):
        """Whether the hold stops the dunning on a day.

        :param date date: the company's day
        :rtype: bool
        """
        self.ensure_one()
        return (
            self.active
            and self.date_start <= date
            and (not self.date_end or self.date_end >= date)
        )

    def _get_explanation(self):
        """Say why this amount is held, and until when.

        :return: a sentence in the user's language
        :rtype: str
        """
        self.ensure_one()
        reason = self.note or self._get_reason_label()
        if not self.date_end:
            return reason
        return self.env._(
            "%(reason)s (until %(date)s)",
            reason=reason,
            date=format_date(self.env, self.date_end),
        )

    # === HELPERS === #

    def _get_reason_label(self):
        """The kind of reason in words."""
        return dict(self._fields["reason"]._description_selection(self.env))[
            self.reason
        ]

    def _lock_lines(self):
        """Make concurrent transactions that hold the same items take turns."""
        take_turns(self.line_id)
