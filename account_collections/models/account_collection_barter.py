from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date

from .account_collection_resolution_acceptance import DECIDED, TERMS


class AccountCollectionBarter(models.Model):
    """A customer gives something instead of money.

    It is proposed, and agreed when the customer accepts it: then what it is set off
    against is held until the day by which all is to be delivered. What was delivered
    and accepted is bought with a vendor bill and set off when the barter is settled;
    the rest is collected again.
    """

    _name = "account.collection.barter"
    _description = "Barter"
    _inherit = ["account.collection.resolution.acceptance"]

    _hold_reason = "barter"
    _live_states = ("proposed", "agreed", "delivered")
    _acceptable_states = ("proposed",)
    _deadline_field = "date_deadline"
    _terms_fields = frozenset(
        TERMS | {"given_ids", "date_deadline", "value_basis", "value_note"}
    )
    _decided_fields = frozenset(
        DECIDED
        | {"bill_id", "netting_move_id", "date_escalated"}
        # The value follows from what is given.
        | {"amount_untaxed", "amount_total"}
    )

    # === FIELDS === #

    state = fields.Selection(
        selection_add=[
            ("proposed", "Proposed"),
            ("agreed", "Agreed"),
            ("delivered", "Delivered"),
            ("settled", "Settled"),
            ("cancelled", "Cancelled"),
        ],
        ondelete={
            state: "cascade"
            for state in ("proposed", "agreed", "delivered", "settled", "cancelled")
        },
    )
    given_ids = fields.One2many(
        "account.collection.barter.line", "barter_id", copy=True
    )
    amount = fields.Monetary(
        string="Set Off",
        compute="_compute_amount",
        store=True,
        readonly=False,
        tracking=True,
        help="How much of the open items it takes off, if everything is delivered. "
        "What is given beyond that stays payable to the customer.",
    )
    amount_untaxed = fields.Monetary(
        string="Value", compute="_compute_totals", store=True
    )
    amount_total = fields.Monetary(
        string="Value with Taxes", compute="_compute_totals", store=True
    )
    amount_payable = fields.Monetary(
        string="Stays Payable",
        compute="_compute_amount_payable",
        help="What is given beyond the debt: it is paid to the customer.",
    )
    amount_accepted = fields.Monetary(
        string="Accepted", compute="_compute_amount_accepted"
    )
    date_deadline = fields.Date(
        string="To Be Delivered By",
        required=True,
        default=lambda self: fields.Date.add(
            self.env.company._get_collection_day(), days=30
        ),
        tracking=True,
        index=True,
        help="Until this day what is set off is held.",
    )
    value_basis = fields.Selection(
        [
            ("fair_value", "Fair value of what is received"),
            ("standalone_price", "Our own standalone selling price"),
        ],
        string="Value Established By",
        default="fair_value",
        required=True,
        help="What a customer gives is measured at its fair value; where that cannot "
        "be estimated, at the selling price of what they got for it (IFRS 15.66-69, "
        "ASC 606-10-32-21 to 24).",
    )
    value_note = fields.Text(
        string="How the Value Was Established",
        help="e.g. the price list, the quotes or the invoices that it follows.",
    )
    evidence_ids = fields.Many2many(
        "ir.attachment",
        copy=False,
        ondelete="restrict",
        help="The documents that show the value. At least one is needed before both "
        "sides agree.",
    )
    date_escalated = fields.Date(
        string="Overdue Since",
        readonly=True,
        copy=False,
        help="Since when it is known that nothing was delivered in time.",
    )
    note = fields.Text(string="Internal Note")

    # === COMPUTE METHODS === #

    @api.depends(
        "given_ids.quantity",
        "given_ids.price_unit",
        "given_ids.tax_ids",
        "currency_id",
    )
    def _compute_totals(self):
        for barter in self:
            barter.amount_untaxed, barter.amount_total = barter.given_ids._get_totals(
                {line: line.quantity for line in barter.given_ids}
            )

    @api.depends("amount_total", "line_ids")
    def _compute_amount(self):
        for barter in self:
            if barter._is_draft():
                free = sum(barter._get_free_amounts().values())
                barter.amount = min(barter.amount_total, free)

    @api.depends("amount_total", "amount")
    def _compute_amount_payable(self):
        for barter in self:
            barter.amount_payable = max(barter.amount_total - barter.amount, 0)

    @api.depends("given_ids.quantity_accepted")
    def _compute_amount_accepted(self):
        for barter in self:
            barter.amount_accepted = barter.given_ids._get_totals(
                {line: line.quantity_accepted for line in barter.given_ids}
            )[1]

    # === CRUD METHODS === #

    def write(self, vals):
        if "evidence_ids" in vals and any(self.mapped("date_accepted")):
            raise UserError(
                self.env._("The evidence is part of what both sides have agreed.")
            )
        return super().write(vals)

    # === ACTION METHODS === #

    def action_confirm(self):
        """Propose barters to their customers.

        :raise UserError: when one is not a draft, makes no sense, or is set off
            against more than is owed
        """
        result = super().action_confirm()
        self._send_agreement()
        return result

    def action_complete(self):
        """Say that nothing more is coming: what was accepted is set off, the rest is
        collected again.

        :raise UserError: when it is not agreed, or nothing was accepted so far
        """
        for barter in self:
            barter._lock_in(("agreed",))
            if not barter._is_accepted():
                raise UserError(
                    self.env._(
                        "Nothing of %s was accepted so far. Cancel it if nothing is "
                        "coming.",
                        barter.name,
                    )
                )
            barter._go_to("delivered")

    def action_cancel(self):
        """Withdraw barters: what they held is collected again, and what was posted is
        reversed.

        :raise UserError: when one is cancelled already
        """
        for barter in self:
            barter._lock_in((barter._draft_state, *barter._live_states, "settled"))
            barter._post_reversal()
            barter._end(barter._cancelled_state)
        self._follow_up()

    # === BUSINESS METHODS === #

    def _check_limits(self):
        result = super()._check_limits()
        if not self.given_ids:
            raise UserError(self.env._("Say what the customer gives."))
        if self.currency_id.compare_amounts(self.amount, self.amount_total) > 0:
            raise UserError(
                self.env._(
                    "What is given is worth %(total)s, less than the %(amount)s that "
                    "would be set off. Reduce the amount.",
                    total=self.currency_id.format(self.amount_total),
                    amount=self.currency_id.format(self.amount),
                )
            )
        self._check_deadline()
        return result

    def _check_deadline(self):
        """Refuse a day of delivery that is past.

        :raise UserError: naming the day
        """
        if self.date_deadline < self.company_id._get_collection_day():
            raise UserError(
                self.env._(
                    "All would have to be delivered by %s, which is past. Choose "
                    "today or a later day.",
                    format_date(self.env, self.date_deadline),
                )
            )

    def _check_acceptable(self):
        result = super()._check_acceptable()
        self._check_deadline()
        self._check_owed()
        if not self.evidence_ids:
            raise UserError(
                self.env._(
                    "Nothing shows how the value of %s was established. Attach the "
                    "evidence before both sides agree: quotes, a price list, invoices.",
                    self.name,
                )
            )
        return result

    def _start(self):
        # It holds nothing until both sides have agreed.
        self.sudo().date_start = self.company_id._get_collection_day()
        self._open_case()
        # Decided by the buttons alone.
        self.sudo().write({"state": "proposed", "followed_state": "proposed"})
        self._refresh_case()

    def _on_accepted(self):
        result = super()._on_accepted()
        # Decided by the buttons alone.
        self.sudo().write({"state": "agreed", "followed_state": "agreed"})
        self._open_case()
        self._cover()
        self._ask_to_receive()
        self._refresh_case()
        return result

    def _go_to(self, state):
        """Change the state, and do what follows from it.

        :param str state: the new state
        """
        self.ensure_one()
        # Decided by the buttons alone.
        self.sudo().state = state
        self._evaluate()
        self._follow_up()

    def _prepare_terms(self):
        return {
            **super()._prepare_terms(),
            "barter": self.name,
            "deadline": self.date_deadline.isoformat(),
            "value_basis": self.value_basis,
            "value_note": self.value_note or "",
            "evidence": sorted(
                [file.name, file.checksum or ""] for file in self.sudo().evidence_ids
            ),
            "given": [
                [
                    line.name,
                    repr(line.quantity),
                    repr(line.price_unit),
                    sorted(line.tax_ids.ids),
                ]
                for line in self.given_ids
            ],
            "value": self._get_amount_text(self.amount_untaxed),
            "value_with_taxes": self._get_amount_text(self.amount_total),
        }

    def _get_hold_end(self):
        return self.date_deadline
