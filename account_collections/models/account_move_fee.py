from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..tools import interest
from ..tools.dialog import prepare_dialog


class AccountMove(models.Model):
    """The late fees of invoices."""

    _name = "account.move"
    _inherit = ["account.move"]

    # === FIELDS === #

    # Odoo knows of a new entry that it has none, and looks for no fee of it when it is
    # posted.
    collection_fee_ids = fields.One2many(
        "account.collection.fee",
        "move_id",
        string="Fees Billed",
        groups="account_collections.group_collection_own",
    )
    collection_waived_fee_ids = fields.One2many(
        "account.collection.fee",
        "credit_move_id",
        string="Fees Waived",
        groups="account_collections.group_collection_own",
    )
    collection_fee_line_ids = fields.One2many(
        "account.collection.fee.line",
        "late_move_id",
        string="Late Fees",
        groups="account_collections.group_collection_own",
    )
    collection_fee_amount = fields.Monetary(
        string="Late Fees Charged",
        compute="_compute_collection_fee_amount",
        groups="account_collections.group_collection_own",
        help="What was charged for paying this invoice late, and not waived.",
    )
    collection_has_fee = fields.Boolean(
        compute="_compute_collection_fee_amount",
        groups="account_collections.group_collection_own",
    )

    collection_is_fee = fields.Boolean(
        string="Late Fee",
        readonly=True,
        copy=False,
        groups="account_collections.group_collection_own",
        help="Bills late fees, itself or as the copy that replaces a fee invoice: it "
        "is never charged one.",
    )
    collection_blocking = fields.Json(
        string="Blocked and Released",
        copy=False,
        readonly=True,
        groups="account_collections.group_collection_manager",
        help="The days on which Odoo's own blocking was set and lifted: noted by "
        "itself, and corrected by a manager alone.",
    )

    # === COMPUTE METHODS === #

    @api.depends(
        "collection_fee_line_ids.amount", "collection_fee_line_ids.fee_id.state"
    )
    def _compute_collection_fee_amount(self):
        for move in self:
            lines = move.collection_fee_line_ids
            move.collection_has_fee = bool(lines)
            move.collection_fee_amount = sum(
                lines.filtered(lambda line: line.fee_id.state == "charged").mapped(
                    "amount"
                )
            )

    # === CRUD METHODS === #

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        # Whoever copies an invoice need not see what bills late fees.
        for move, vals in zip(self.sudo(), vals_list, strict=True):
            if vals and move.collection_is_fee:
                vals.setdefault("collection_is_fee", True)
        return vals_list

    @api.model_create_multi
    def create(self, vals_list):
        # Whoever copies an invoice need not be allowed to say what bills a late fee.
        vals_list = [dict(vals) for vals in vals_list]
        fees = [vals.pop("collection_is_fee", False) for vals in vals_list]
        moves = super().create(vals_list)
        for move, is_fee in zip(moves, fees, strict=True):
            if is_fee:
                move._keep_fee()
        return moves

    def write(self, vals):
        if "collection_is_fee" in vals and not self._is_fee_manager():
            raise AccessError(
                self.env._(
                    "What bills late fees follows from the fees that are charged. Ask "
                    "a collections manager to correct it."
                )
            )
        if "payment_state" in vals:
            is_blocked = vals["payment_state"] == "blocked"
            for move in self:
                if (move.payment_state == "blocked") != is_blocked:
                    move._note_blocking(is_blocked)
        return super().write(vals)

    # === ACTION METHODS === #

    def action_collection_charge_fee(self):
        """Open the preview of what these invoices can be charged for late payment.

        :return: a window action
        :rtype: dict
        :raise UserError: when they are not posted invoices of one customer
        """
        invoices = self.filtered(
            lambda move: move.move_type == "out_invoice" and move.state == "posted"
        )
        partner, company = invoices.commercial_partner_id, invoices.company_id.root_id
        if len(partner) != 1 or len(company) != 1:
            raise UserError(
                self.env._(
                    "Late fees are charged on posted invoices of one customer and "
                    "company. Select such invoices."
                )
            )
        return prepare_dialog(
            "account.collection.fee.charge",
            self.env._("Charge Late Fee"),
            default_partner_id=partner.id,
            default_company_id=company.id,
            default_late_move_ids=invoices.ids,
        )

    def action_view_collection_fees(self):
        """List the late fees of these invoices.

        :return: a window action
        :rtype: dict
        """
        fees = self.collection_fee_line_ids.fee_id
        return fees._get_records_action(name=self.env._("Late Fees"))

    # === BUSINESS METHODS === #

    def _check_not_agreed(self):
        """Keep late fees too, unless from who may waive them."""
        self._check_may_waive()
        return super()._check_not_agreed()

    def _check_may_waive(self):
        """Keep late fees from being given back without the right to waive them.

        :raise AccessError: naming the fee
        """
        if self._is_fee_manager():
            return
        # A fee is one, even if the user may not see it.
        fee = (
            self.env["account.collection.fee"]
            .sudo()
            .search([("move_id", "in", self.ids), ("state", "=", "charged")], limit=1)
        )
        if fee:
            raise AccessError(
                self.env._(
                    "%s is a late fee, which is waived with a reason. Ask a "
                    "collections manager to waive the fee instead.",
                    fee.name,
                )
            )

    # === HELPERS === #

    def _is_fee_manager(self):
        """Whether the user says what bills late fees, and what does not."""
        return self.env.su or self.env.user.has_group(
            "account_collections.group_collection_manager"
        )

    def _keep_fee(self):
        """Take this new entry for a late fee, if it copies a fee invoice of the
        customer or a manager says so."""
        # Who copies an invoice need not see the others of the customer.
        move = self.sudo()
        move.collection_is_fee = self._is_fee_manager() or bool(
            move.search_count(
                [
                    ("id", "!=", move.id),
                    ("collection_is_fee", "=", True),
                    ("commercial_partner_id", "=", move.commercial_partner_id.id),
                    ("currency_id", "=", move.currency_id.id),
                    ("amount_total", "=", move.amount_total),
                ],
                limit=1,
            )
        )

    def _note_blocking(self, is_blocked):
        """Note that the invoice is blocked, or no longer, from today on: the days
        between cost nothing, later either."""
        # Whoever blocks an invoice need not see what it costs.
        move = self.sudo()
        today = fields.Date.to_string(move.company_id._get_collection_day())
        move.collection_blocking = [
            *(move.collection_blocking or []),
            [today, is_blocked],
        ]

    def _get_blocked_steps(self):
        """The days on which the invoice was blocked.

        :return: steps, see `tools.interest`
        :rtype: list[tuple[datetime.date, int]]
        """
        # What costs nothing does not depend on who asks.
        days = [
            (fields.Date.to_date(day), int(is_blocked))
            for day, is_blocked in self.sudo().collection_blocking or []
        ]
        return interest.get_held(
            [interest.Hold(day, value, days[0][0], None) for day, value in days]
        )
