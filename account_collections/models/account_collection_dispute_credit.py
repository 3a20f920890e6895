from odoo import api, fields, models
from odoo.exceptions import UserError


class AccountCollectionDispute(models.Model):
    """The credit notes for what a customer was found to be right about.

    They are made by Odoo's own reversal of the invoice, left as drafts for the
    accountant, and reconciled with the disputed items when they are posted.
    """

    _name = "account.collection.dispute"
    _inherit = ["account.collection.dispute"]

    # === FIELDS === #

    is_credit_missing = fields.Boolean(
        compute="_compute_is_credit_missing",
        compute_sudo=True,
        help="The credit notes were deleted or cancelled.",
    )

    # === COMPUTE METHODS === #

    @api.depends("state", "credit_move_ids.state")
    def _compute_is_credit_missing(self):
        for dispute in self:
            moves = dispute.line_ids.move_id
            dispute.is_credit_missing = (
                dispute.state == "resolved_valid"
                and any(move.is_sale_document() for move in moves)
                and all(move.state == "cancel" for move in dispute.credit_move_ids)
            )

    # === ACTION METHODS === #

    def action_create_credit_notes(self):
        """Make the draft credit notes again, when they were deleted or cancelled.

        :return: an action that opens them
        :rtype: dict
        :raise UserError: when the dispute is not settled in favour of the customer, or
            has its credit notes
        """
        self.ensure_one()
        self._lock_in(("resolved_valid",))
        if not self.is_credit_missing:
            raise UserError(
                self.env._("%s has its credit notes already. Open them.", self.name)
            )
        self._create_credit_notes()
        return self.action_view_credit_notes()

    def action_view_credit_notes(self):
        """Open the credit notes.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        return self.credit_move_ids._get_records_action(name=self.env._("Credit Notes"))

    # === BUSINESS METHODS === #

    def _create_credit_notes(self):
        """Make a draft credit note for each invoice of which something was agreed."""
        self.ensure_one()
        for move, amount in self._get_agreed_by_move().items():
            if move.is_sale_document():
                credit = self._create_credit_note(move, amount)
                self.credit_move_ids |= credit
            else:
                self.message_post(
                    body=self.env._(
                        "%(entry)s is no invoice, so there is no credit note to make "
                        "from it. Book the %(amount)s by hand, and add the entry here.",
                        entry=move.name,
                        amount=self.currency_id.format(amount),
                    )
                )

    # === HELPERS === #

    def _get_agreed_by_move(self):
        """Share out the agreed amount among the invoices, as it is held, the rest by
        due date.

        :return: the amount of each invoice (`account.move`), in its currency
        :rtype: dict
        """
        left = self.amount_agreed
        covered = {hold.line_id: hold.amount_covered for hold in self.hold_ids}
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
                share = self.currency_id.round(min(share, left))
                if self.currency_id.compare_amounts(share, 0) > 0:
                    left -= share
                    amounts[line.move_id] = amounts.get(line.move_id, 0) + share
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
