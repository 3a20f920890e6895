from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools.misc import format_date


class AccountCollectionHoldSet(models.TransientModel):
    """Stops the dunning of a customer, or of some open items, for a while."""

    _name = "account.collection.hold.set"
    _description = "Do Not Contact Until"
    _inherit = ["account.collection.dialog"]

    # How long a hold lasts unless the user says otherwise.
    _usual_days = 14

    # === FIELDS === #

    case_id = fields.Many2one("account.collection.case", ondelete="cascade")
    move_line_ids = fields.Many2many("account.move.line")
    partner_id = fields.Many2one(
        "res.partner", string="Customer", compute="_compute_partner_id"
    )
    is_whole_customer = fields.Boolean(
        string="Whole Customer",
        compute="_compute_is_whole_customer",
        store=True,
        readonly=False,
        help="Hold everything the customer owes, and invoices that come later too.",
    )
    line_ids = fields.One2many(
        "account.collection.hold.set.line",
        "wizard_id",
        string="Open Items",
        compute="_compute_line_ids",
        store=True,
        readonly=False,
    )
    date_start = fields.Date(
        string="From",
        compute="_compute_dates",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
    )
    date_end = fields.Date(
        string="Until",
        compute="_compute_dates",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        help="The last day on which the customer is left alone.",
    )
    note = fields.Char(string="Why", required=True)

    # === COMPUTE METHODS === #

    @api.depends("case_id", "move_line_ids")
    def _compute_partner_id(self):
        for wizard in self:
            partners = wizard.move_line_ids.partner_id.commercial_partner_id
            wizard.partner_id = wizard.case_id.partner_id or (
                len(partners) == 1 and partners
            )

    @api.depends("case_id")
    def _compute_is_whole_customer(self):
        for wizard in self:
            wizard.is_whole_customer = bool(wizard.case_id)

    @api.depends("case_id", "move_line_ids")
    def _compute_line_ids(self):
        for wizard in self:
            items = wizard.move_line_ids or wizard.case_id.item_ids
            wizard.line_ids = [Command.clear()] + [
                Command.create({"line_id": line.id, "amount": free})
                for line in items
                if line.currency_id.compare_amounts(
                    free := line._get_collection_free_amount(), 0
                )
                > 0
            ]

    @api.depends("case_id", "move_line_ids")
    def _compute_dates(self):
        for wizard in self:
            today = wizard._get_day()
            wizard.date_start = today
            wizard.date_end = today + timedelta(days=self._usual_days)

    # === ACTION METHODS === #

    def action_hold(self):
        """Set the holds.

        :return: the action that closes the dialog
        :rtype: dict
        :raise UserError: when the dates or the amounts make no sense
        """
        self.ensure_one()
        self._check_dates()
        if not self.line_ids and not self.is_whole_customer:
            raise UserError(
                self.env._("Everything is held already, or nothing is owed.")
            )
        self.line_ids._check_amounts()
        holds = self.env["account.collection.hold"].create(self._prepare_holds())
        holds._refresh_cases()
        return {"type": "ir.actions.act_window_close"}

    # === HELPERS === #

    def _get_day(self):
        """The day it is for the company of what is held, wherever the user is.

        :rtype: datetime.date
        """
        company = self.case_id.company_id or self.move_line_ids.company_id[:1]
        return (company or self.env.company)._get_collection_day()

    def _prepare_holds(self):
        """Prepare the hold on each open item. Of a customer whose items are all held,
        by what was agreed, the customer alone is held.

        :return: values of `account.collection.hold`
        :rtype: list[dict]
        """
        return [line._prepare_hold() for line in self.line_ids] or [
            {
                **self._prepare_terms(),
                "partner_id": self.partner_id.id,
                "company_id": self.case_id.company_id.id,
                "currency_id": self.case_id.currency_id.id,
                "amount": 0,
            }
        ]

    def _prepare_terms(self):
        """Prepare what the holds have in common.

        :rtype: dict
        """
        return {
            "date_start": self.date_start,
            "date_end": self.date_end,
            "reason": "manual",
            "note": self.note,
            "is_whole_customer": self.is_whole_customer,
        }

    def _check_dates(self):
        """Refuse dates that make no sense, in words.

        :raise UserError: naming the dates
        """
        if self.date_end < self.date_start:
            raise UserError(
                self.env._(
                    "The hold would end on %(end)s, before it begins on %(start)s. "
                    "Choose a later end.",
                    end=format_date(self.env, self.date_end),
                    start=format_date(self.env, self.date_start),
                )
            )
        if self.date_end < self._get_day():
            raise UserError(
                self.env._(
                    "The hold would end on %s, which is past. Choose today or a "
                    "later day.",
                    format_date(self.env, self.date_end),
                )
            )


class AccountCollectionHoldSetLine(models.TransientModel):
    """How much of an open item is to be held."""

    _name = "account.collection.hold.set.line"
    _description = "Open Item to Hold"
    _inherit = ["account.collection.dialog"]

    # === FIELDS === #

    wizard_id = fields.Many2one(
        "account.collection.hold.set", required=True, ondelete="cascade"
    )
    line_id = fields.Many2one(
        "account.move.line", string="Open Item", required=True, ondelete="cascade"
    )
    move_name = fields.Char(string="Invoice", related="line_id.move_name")
    date_due = fields.Date(string="Due", related="line_id.collection_date_due")
    currency_id = fields.Many2one(related="line_id.currency_id")
    amount_residual = fields.Monetary(
        string="Left to Pay", related="line_id.collection_residual"
    )
    amount = fields.Monetary(string="Hold", required=True)

    # === HELPERS === #

    def _check_amounts(self):
        """Refuse amounts that are not left to hold, in words.

        :raise UserError: naming the invoice and the amounts
        """
        for line in self:
            free = line.line_id._get_collection_free_amount()
            if line.currency_id.compare_amounts(line.amount, 0) <= 0:
                raise UserError(
                    self.env._(
                        "The amount to hold of %s must be greater than zero. Remove "
                        "the line to hold nothing of it.",
                        line.move_name,
                    )
                )
            if line.currency_id.compare_amounts(line.amount, free) > 0:
                raise UserError(
                    self.env._(
                        "Of %(invoice)s, %(free)s is left to pay and not held yet: "
                        "%(amount)s is too much. Reduce the amount.",
                        invoice=line.move_name,
                        free=line.currency_id.format(free),
                        amount=line.currency_id.format(line.amount),
                    )
                )

    def _prepare_hold(self):
        """Prepare the hold on this open item.

        :return: values of an `account.collection.hold`
        :rtype: dict
        """
        self.ensure_one()
        return {
            **self.wizard_id._prepare_terms(),
            "line_id": self.line_id.id,
            "amount": self.line_id._get_collection_free_amount()
            if self.wizard_id.is_whole_customer
            else self.amount,
        }
