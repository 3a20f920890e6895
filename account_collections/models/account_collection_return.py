from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date

from ..tools.dialog import prepare_dialog
from .account_collection_resolution_terms import DECIDED, TERMS

# What the customer asks for: fixed as soon as the return is requested.
REQUESTED = {"return_line_ids", "freight_payer", "freight_amount"}
# What follows from the buttons and the lines.
FOUND = {
    "amount",
    "amount_accepted",
    "freight_settled",
    "date_received",
    "answer",
    "credit_move_ids",
    "attached_move_ids",
}


class AccountCollectionReturn(models.Model):
    """Goods that come back and are credited: what they are worth is no longer owed.

    The value is held from the authorization until the deadline, and without an end
    once the goods have arrived. Receiving them is a form here; an add-on with a stock
    extends `_on_authorized`, `_on_ended` and calls `_record_receipt`.
    """

    _name = "account.collection.return"
    _description = "Return"
    _inherit = [
        "account.collection.resolution.terms",
        "account.collection.resolution.document",
    ]

    _hold_reason = "return"
    _live_states = ("requested", "authorized", "received")
    _deadline_field = "date_deadline"
    _terms_fields = frozenset(TERMS - {"date_start", "line_ids"} | REQUESTED)
    _decided_fields = frozenset(DECIDED | FOUND)
    _agreement_report = "action_report_return_slip"
    _agreement_template = "mail_template_return_authorized"
    _sent_states = ("authorized",)
    _unprinted_states = ("draft", "requested")

    # === FIELDS === #

    state = fields.Selection(
        selection_add=[
            ("requested", "Requested"),
            ("authorized", "Authorized"),
            ("received", "Received"),
            ("credited", "Credited"),
            ("rejected", "Rejected"),
            ("expired", "Expired"),
            ("cancelled", "Cancelled"),
        ],
        ondelete={
            state: "cascade"
            for state in (
                "requested",
                "authorized",
                "received",
                "credited",
                "rejected",
                "expired",
                "cancelled",
            )
        },
    )
    return_line_ids = fields.One2many(
        "account.collection.return.line", "return_id", string="Goods", copy=True
    )
    line_ids = fields.Many2many(readonly=True)
    amount = fields.Monetary(
        string="Value",
        compute="_compute_amount",
        store=True,
        help="What is credited if everything comes back as agreed, taxes included.",
    )
    amount_restocking = fields.Monetary(
        string="Restocking Fee", compute="_compute_amount_restocking"
    )
    freight_payer = fields.Selection(
        [("company", "We do"), ("customer", "The customer does")],
        string="Freight Paid By",
        default="customer",
        required=True,
    )
    freight_amount = fields.Monetary(
        string="Freight to Settle",
        help="What one side has advanced for the other, taxes included: credited to "
        "the customer if we pay, taken off the credit if the customer does. Zero if "
        "each pays the carrier directly.",
    )
    note = fields.Text(string="Why", help="What the customer says, word for word.")
    packing = fields.Text(
        string="What to Pack", help="Printed on the return slip, as it stands."
    )
    date_deadline = fields.Date(
        string="To Arrive By",
        tracking=True,
        copy=False,
        help="The last day on which the goods are awaited, and the value is held.",
    )
    address_id = fields.Many2one(
        "res.partner",
        string="Return To",
        compute="_compute_address_id",
        store=True,
        readonly=False,
        help="Where the customer sends the goods.",
    )
    answer = fields.Text(
        string="Answer to the Customer",
        readonly=True,
        copy=False,
        help="Part of the message to them.",
    )

    # === CONSTRAINT METHODS === #

    _freight_positive = models.Constraint(
        "CHECK (freight_amount >= 0 AND freight_settled >= 0)",
        "The freight cannot be negative: choose who pays it instead.",
    )

    # === COMPUTE METHODS === #

    @api.depends("return_line_ids.amount", "freight_payer", "freight_amount")
    def _compute_amount(self):
        for one in self:
            goods = sum(one.return_line_ids.mapped("amount"))
            one.amount = one._add_freight(goods, one.freight_amount)

    @api.depends("return_line_ids.amount_restocking")
    def _compute_amount_restocking(self):
        for one in self:
            one.amount_restocking = sum(one.return_line_ids.mapped("amount_restocking"))

    @api.depends("company_id")
    def _compute_address_id(self):
        for one in self:
            one.address_id = one._get_return_address()

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        returns = super().create(vals_list)
        returns._find_open_items()
        return returns

    def write(self, vals):
        result = super().write(vals)
        if {"return_line_ids", "line_ids"} & vals.keys():
            self._find_open_items()
        if "date_deadline" in vals:
            self._move_deadline()
        return result

    # === ACTION METHODS === #

    def action_confirm(self):
        """Note that customers ask for returns: the quantities are reserved.

        :raise UserError: when one is not a draft, or more would come back than can
        """
        for one in self:
            one._lock_in(("draft",))
            one._find_open_items()
            one._check_limits()
            if one.date_deadline:
                one._check_deadline()
            # The state follows from the buttons.
            one.sudo().state = "requested"
            one._follow_up()

    def action_authorize(self):
        """Let the customer send the goods: the value is held until the deadline, and
        the customer gets the return slip.

        :raise UserError: when it is not requested, or its deadline is past
        """
        for one in self:
            one._lock_in(("requested",))
            one._find_open_items()
            one._check_limits()
            if not one.date_deadline:
                one.date_deadline = one._get_default_deadline()
            one._check_deadline()
            # The state follows from the buttons.
            one.sudo().state = "authorized"
            one._start()
            one._on_authorized()
            one._follow_up()

    def action_reject(self, reason):
        """Refuse a return, with a reason that the customer is told.

        :param str reason: why, in words for the customer
        :raise UserError: when it is not requested, or no reason is given
        """
        for one in self:
            one._lock_in(("requested",))
            if not isinstance(reason, str) or not reason.strip():
                raise UserError(
                    self.env._("Tell the customer why the return is rejected.")
                )
            one.sudo().answer = reason
            one._end("rejected")
            one._follow_up()

    def action_cancel(self):
        """Withdraw returns whose goods have not arrived.

        :raise UserError: when the goods of one have arrived, or it has ended
        """
        for one in self:
            one._lock_in(("draft", "requested", "authorized"))
        result = super().action_cancel()
        self._follow_up()
        return result

    def action_open_rejection(self):
        """Open the form that rejects the return with a reason.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        return prepare_dialog(
            "account.collection.return.reject",
            self.env._("Reject the Return"),
            default_return_id=self.id,
        )

    # === BUSINESS METHODS === #

    def _check_limits(self):
        """Refuse what cannot come back any more; others may have been quicker."""
        self.ensure_one()
        if not self.return_line_ids:
            raise UserError(self.env._("Choose the goods that come back."))
        for line in self.return_line_ids:
            if not line.invoice_line_id:
                raise UserError(
                    self.env._(
                        "%s is not on the invoice any more. Choose other goods.",
                        line.name,
                    )
                )
        self.return_line_ids._check_available()
        return super()._check_limits()

    def _check_owed(self):
        """See that each invoice is posted, and that something is left to pay of it."""
        self.ensure_one()
        for move in self.return_line_ids.move_id:
            if move.state != "posted":
                raise UserError(
                    self.env._(
                        "%s is not posted any more. Choose goods of another invoice.",
                        move.display_name,
                    )
                )
            if move.currency_id.compare_amounts(move.amount_residual, 0) <= 0:
                raise UserError(
                    self.env._(
                        "Nothing is left to pay of %s, so a return relieves no debt. "
                        "Make a credit note instead.",
                        move.name,
                    )
                )

    def _check_deadline(self):
        """Refuse a deadline that is past.

        :raise UserError: saying which day it is
        """
        today = self.company_id._get_collection_day()
        if not self.date_deadline or self.date_deadline < today:
            raise UserError(
                self.env._(
                    "Choose a day from %s on for the goods to arrive.",
                    format_date(self.env, today),
                )
            )

    def _on_authorized(self):
        """Await the goods: to be extended where a stock plans their receipt."""
        self.ensure_one()

    def _on_ended(self):
        """Await the goods no longer: to be extended where a stock planned them."""
        self.ensure_one()

    def _end(self, state):
        result = super()._end(state)
        self._on_ended()
        return result

    def _apply_ledger(self, shares, as_of):
        """Follow the deadline and the credit notes, then the money."""
        state = self._get_followed_state(as_of)
        if state != self.state:
            # Written by the evaluation alone, whoever caused it.
            self.sudo().write({"state": state, "date_end": False})
        return super()._apply_ledger(shares, as_of)

    # === HELPERS === #

    def _get_followed_state(self, as_of):
        """The state that follows from the day and the credit notes.

        :param datetime.date as_of: the day of the evaluation
        :rtype: str
        """
        self.ensure_one()
        if self.state in ("received", "credited"):
            return "credited" if self._is_credited() else "received"
        if self.state == "authorized" and self.date_deadline < as_of:
            return "expired"
        return self.state

    def _is_evaluated(self):
        # A credit note that is undone opens the return again.
        return super()._is_evaluated() or self.state == "credited"

    def _get_default_deadline(self):
        """The day by which the goods are awaited, unless told otherwise."""
        return fields.Date.add(
            self.company_id._get_collection_day(),
            days=self.company_id.sudo().collection_return_days,
        )

    def _get_return_address(self):
        """Where goods are sent; a stock add-on knows the warehouse.

        :return: an address (`res.partner`)
        """
        company = self.company_id.sudo()
        return company.collection_return_address_id or company.partner_id
