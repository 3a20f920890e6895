from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


class AccountCollectionDispute(models.Model):
    """The credit notes for what a customer was found to be right about.

    They are made by Odoo's own reversal of the invoice, left as drafts for the
    accountant, and reconciled with the disputed items when they are posted. What was
    agreed and not credited stays held, and is asked for until somebody ends it.
    """

    _name = "account.collection.dispute"
    _inherit = ["account.collection.dispute"]

    # === FIELDS === #

    amount_agreed = fields.Monetary(
        string="Agreed Credit",
        readonly=True,
        copy=False,
        tracking=True,
        help="What the customer was found to be right about.",
    )
    credit_move_ids = fields.Many2many(
        "account.move",
        "account_collection_dispute_credit_rel",
        "dispute_id",
        "move_id",
        string="Credit Notes",
        readonly=True,
        copy=False,
    )
    amount_uncredited = fields.Monetary(
        string="Not Credited Yet",
        compute="_compute_amount_uncredited",
        compute_sudo=True,
        help="What was agreed, and no credit note is there for.",
    )
    is_credit_missing = fields.Boolean(
        compute="_compute_amount_uncredited",
        compute_sudo=True,
        help="A credit note can be made for what is not credited yet.",
    )

    # === CONSTRAINT METHODS === #

    @api.constrains("credit_move_ids")
    def _check_credit_notes(self):
        # Whoever adds one need not see the others.
        for dispute in self.sudo():
            for move in dispute.credit_move_ids:
                customer = move.commercial_partner_id or dispute.partner_id
                if (
                    move.move_type not in ("out_refund", "entry")
                    or customer != dispute.partner_id
                    or move.company_id.root_id != dispute.company_id
                    or move.currency_id != dispute.currency_id
                ):
                    raise ValidationError(
                        self.env._(
                            "%(move)s is no credit note that %(customer)s got from "
                            "%(company)s in %(currency)s. Choose another one.",
                            move=move.display_name,
                            customer=dispute.partner_id.display_name,
                            company=dispute.company_id.display_name,
                            currency=dispute.currency_id.name,
                        )
                    )

    # === COMPUTE METHODS === #

    # Not on their amounts: all that an invoice depends on would be looked through with
    # each payment.
    @api.depends("state", "amount_agreed", "credit_move_ids.state")
    def _compute_amount_uncredited(self):
        for dispute in self:
            is_asked = dispute.state == "resolved_valid" and not dispute._is_void()
            dispute.amount_uncredited = is_asked and dispute._get_uncredited()
            dispute.is_credit_missing = dispute.amount_uncredited and any(
                move.is_sale_document() for move in dispute.line_ids.move_id
            )

    # === ACTION METHODS === #

    def action_resolve_valid(self, amount, answer=None):
        """Settle in favour of the customer: a draft credit note is made for what was
        agreed, and that amount stays held until it is posted and reconciled.

        :param float amount: what is credited, taxes included, in the currency of the
            dispute
        :param str answer: what the customer is told, if anything
        :return: an action that opens the draft credit notes
        :rtype: dict
        :raise UserError: when it is not being investigated, or the amount is more than
            is disputed, or than can still be credited
        """
        self.ensure_one()
        self._lock_to_settle()
        amount = self.currency_id.round(amount)
        self._check_agreed(amount)
        # What the buttons decide is not written by hand.
        self.sudo().write({"amount_agreed": amount, "answer": answer})
        self._hold_agreed()
        self._create_credit_notes()
        self._go_to("resolved_valid")
        return self.action_view_credit_notes()

    def action_create_credit_notes(self):
        """Make draft credit notes for what is not credited yet: some were deleted or
        cancelled, or posted for less than what was agreed.

        :return: an action that opens them
        :rtype: dict
        :raise UserError: when the dispute is not settled in favour of the customer, or
            has its credit notes
        """
        self.ensure_one()
        self._lock_credited()
        if not self.is_credit_missing:
            raise UserError(
                self.env._("%s has its credit notes already. Open them.", self.name)
            )
        self._create_credit_notes()
        self._evaluate()
        return self.action_view_credit_notes()

    def action_credit_no_more(self):
        """Leave it at what was credited: the rest of what was agreed is collected
        again, and the customer is told.

        :raise UserError: when everything is credited, or a credit note is a draft yet
        """
        self.ensure_one()
        self._lock_credited()
        if not self.amount_uncredited:
            raise UserError(
                self.env._("Everything that was agreed with %s is credited.", self.name)
            )
        if (
            drafts := self.sudo()
            ._get_credit_notes()
            .filtered(lambda move: move.state == "draft")
        ):
            raise UserError(
                self.env._(
                    "Post or delete the draft first: %s.",
                    ", ".join(drafts.mapped("display_name")),
                )
            )
        # What the buttons decide is not written by hand.
        self.sudo().amount_agreed -= self.amount_uncredited
        self._reduce_to_agreed()
        self._evaluate()
        self._refresh_case()
        self._tell_customer("credited")

    def action_view_credit_notes(self):
        """Open the credit notes.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        return self.credit_move_ids._get_records_action(name=self.env._("Credit Notes"))

    # === BUSINESS METHODS === #

    def _check_agreed(self, amount):
        """Refuse to credit more than is disputed, or than the invoices come to.

        :param float amount: what is to be credited
        :raise UserError: saying how much can be
        """
        limit = self._get_creditable()
        if self.currency_id.is_zero(limit):
            raise UserError(
                self.env._(
                    "Nothing can be credited any more: the invoices of %s are credited "
                    "already, or not posted. Reject the dispute, or note that it is "
                    "withdrawn.",
                    self.name,
                )
            )
        if not 0 < amount <= limit:
            raise UserError(
                self.env._(
                    "Enter an amount above zero, up to the %s that are disputed and "
                    "not credited yet. Reject the dispute if nothing is to be "
                    "credited.",
                    self.currency_id.format(limit),
                )
            )

    def _create_credit_notes(self):
        """Make a draft credit note for each invoice of which something was agreed."""
        self.ensure_one()
        for move, amount in self._get_agreed_by_move().items():
            if move.is_sale_document():
                credit = self._create_credit_note(move, amount)
                # Recorded by the buttons alone.
                self.sudo().credit_move_ids |= credit
            else:
                self.message_post(
                    body=self.env._(
                        "%(entry)s is no invoice, so there is no credit note to make "
                        "from it. Book the %(amount)s by hand, reconcile them with "
                        "it, and choose here what you booked.",
                        entry=move.name,
                        amount=self.currency_id.format(amount),
                    )
                )

    def _on_state(self, former):
        result = super()._on_state(former)
        if self.amount_uncredited:
            self._ask_credit()
        return result

    # === HELPERS === #

    def _get_followed(self):
        """What is agreed and not credited is news too."""
        state = super()._get_followed()
        return f"{state} uncredited" if self.amount_uncredited else state

    def _get_credit_notes(self):
        """Its credit notes that were not cancelled.

        :return: entries (`account.move`), posted or not
        """
        return self.credit_move_ids.filtered(lambda move: move.state != "cancel")

    def _lock_credited(self):
        """Let nobody else change what was settled in favour of the customer, and see
        what its credit notes, drafts too, come to now."""
        self._lock_in(("resolved_valid",))
        self.invalidate_recordset(["amount_uncredited", "is_credit_missing"])

    def _get_uncredited(self):
        """What was agreed, and there is no credit note for.

        :rtype: float
        """
        # They count, whoever may see them.
        dispute = self.sudo()
        credited = sum(
            move.amount_total
            if move.move_type == "out_refund"
            else sum(
                partial.debit_amount_currency
                for partial in dispute.line_ids.matched_credit_ids
                if partial.credit_move_id.move_id == move
            )
            for move in dispute._get_credit_notes()
        )
        return self.currency_id.round(max(self.amount_agreed - credited, 0))

    def _get_creditable(self):
        """What of the disputed amount can still be credited.

        :rtype: float
        """
        creditable = sum(self._get_creditable_by_move().values())
        return self.currency_id.round(min(self.amount, creditable))

    def _get_creditable_by_move(self):
        """What can still be credited of each invoice, paid or not: all that was not
        credited yet, be it in a draft.

        :return: the amount of each posted invoice (`account.move`), in its currency
        :rtype: dict
        """
        creditable = {}
        # Credit notes count, whoever may see them.
        for move, lines in self.sudo().line_ids.grouped("move_id").items():
            if move.state != "posted":
                continue
            reversals = move.reversal_move_ids.filtered(
                lambda credit: credit.state != "cancel"
            )
            credited = sum(reversals.mapped("amount_total")) + sum(
                partial.debit_amount_currency
                for partial in move.line_ids.matched_credit_ids
                if partial.credit_move_id.move_id.move_type == "out_refund"
                and partial.credit_move_id.move_id not in reversals
            )
            total = sum(lines.mapped("amount_currency"))
            if move.is_sale_document():
                total = min(total, move.amount_total - credited)
            creditable[move.with_env(self.env)] = max(total, 0)
        return creditable

    def _get_agreed_by_move(self):
        """Share out what was agreed and not credited yet among the invoices, as it is
        held, the rest by due date.

        :return: the amount of each invoice (`account.move`), in its currency
        :rtype: dict
        """
        left = self._get_uncredited()
        creditable = self._get_creditable_by_move()
        covered = {
            hold.line_id.with_env(self.env): hold.amount_covered
            for hold in self._get_holds()
        }
        amounts = {}
        # What is not held may be paid already: it is credited all the same.
        for shares in (
            covered,
            {
                line: line.amount_currency - covered.get(line, 0)
                for line in self.line_ids.sorted("date_maturity")
            },
        ):
            for line, share in shares.items():
                move = line.move_id
                share = self.currency_id.round(
                    min(share, left, creditable.get(move, 0))
                )
                if self.currency_id.compare_amounts(share, 0) > 0:
                    left -= share
                    creditable[move] -= share
                    amounts[move] = amounts.get(move, 0) + share
        return amounts

    def _get_credited_lines(self, move):
        lines = super()._get_credited_lines(move)
        return (lines & self.invoice_line_ids) or lines

    def _get_credit_label(self, move):
        partner = move.partner_id.lang or self.env.lang
        return self.with_context(lang=partner).env._(
            "%(invoice)s: %(reason)s (%(dispute)s)",
            invoice=move.name,
            reason=self.with_context(lang=partner).reason_id.name,
            dispute=self.name,
        )
