from odoo import models
from odoo.exceptions import UserError


class AccountCollectionDispute(models.Model):
    """What of the open items is not chased because it is disputed.

    A dispute is paid last: money on an item goes to a promise or plan first, then to
    what nothing covers, and only then to what is disputed. Its hold is what is
    disputed, or agreed, less its credit notes, and never more than is left.
    """

    _name = "account.collection.dispute"
    _inherit = ["account.collection.dispute"]

    # === ACTION METHODS === #

    def action_approve_hold(self):
        """Let a dispute that was rejected before stop the dunning all the same.

        :raise UserError: when the user is not a manager, or nothing is to be approved
        """
        for dispute in self:
            dispute._lock_in(("new", "investigating"))
            dispute._check_registered()
            if not self._is_manager():
                raise UserError(
                    self.env._(
                        "The customer disputes again what was rejected before. Ask a "
                        "manager to stop the dunning for it."
                    )
                )
            if not dispute.is_repeated or dispute.hold_approver_id:
                raise UserError(
                    self.env._("The hold of %s needs no approval.", dispute.name)
                )
            dispute._approve_hold()
            dispute._cover()
            dispute._refresh_case()

    # === BUSINESS METHODS === #

    def _cover(self):
        """Hold what is disputed, unless the same was rejected before: then a manager
        decides."""
        if self.is_repeated and not self.hold_approver_id:
            if not self._is_manager():
                self.message_post(
                    body=self.env._(
                        "The same was disputed and rejected before: nothing is held "
                        "until a manager approves it."
                    )
                )
                return
            self._approve_hold()
        super()._cover()

    def _approve_hold(self):
        """Note which manager stops the dunning in spite of an earlier rejection."""
        # Who may approve was checked; nobody writes it by hand.
        self.sudo().hold_approver_id = self.env.user
        self.message_post(
            body=self.env._(
                "%s lets this stop the dunning, although the same was rejected before.",
                self.env.user.name,
            )
        )

    def _was_rejected(self):
        """Whether one of these open items was disputed before and rejected.

        :rtype: bool
        """
        # A rejection counts, whoever decided it.
        return bool(
            self.sudo().search_count(
                [
                    ("id", "!=", self.id),
                    ("line_ids", "in", self.line_ids.ids),
                    ("state", "=", "resolved_invalid"),
                ],
                limit=1,
            )
        )

    def _hold_agreed(self):
        """Hold what was agreed in favour of the customer, and no more."""
        self.ensure_one()
        if not self.hold_ids:
            # What the company itself admits is held, whoever disputed it how often.
            # Nobody writes it by hand.
            self.sudo().hold_approver_id = self.hold_approver_id or self.env.user
            self._cover()
        left = self.amount_agreed
        for hold in self.hold_ids.sorted("id"):
            agreed = self.currency_id.round(min(hold.amount_covered, left))
            left -= agreed
            # Written by agreements alone.
            hold.sudo().amount_covered = agreed

    def _apply_ledger(self, shares, residuals, as_of):
        """Hold what is still disputed, or agreed but not credited yet."""
        self.ensure_one()
        is_over = self.state not in self._live_states or self._is_credited()
        credited = self._get_credited()
        # Written by the evaluation alone, whoever caused it.
        for hold in self.hold_ids.sudo().sorted("id"):
            is_open = not is_over and hold.line_id.parent_state == "posted"
            hold._follow_money(
                hold.amount_covered - credited.get(hold.line_id, 0) if is_open else 0
            )
        if self.state == "resolved_valid":
            self._write_changes(
                self, {"date_end": (self.date_end or as_of) if is_over else False}
            )

    # === HELPERS === #

    def _is_held(self):
        """Whether the dunning leaves out what is disputed."""
        return bool(self.sudo().hold_ids.filtered("active"))

    def _is_evaluated(self):
        # A credit note that is undone opens the dispute again.
        return super()._is_evaluated() or self.state == "resolved_valid"

    def _get_cover_amount(self):
        return self.amount_agreed or super()._get_cover_amount()

    def _release_manual_holds(self, vals_list=()):
        """Take from what was put off by hand only as much as is needed."""
        needed = {vals["line_id"]: vals["amount"] for vals in vals_list}
        # Holds set by others give way too.
        for line in self.line_ids.sudo():
            holds = line.collection_hold_ids
            manual = holds.filtered(lambda hold: hold.reason == "manual")
            agreed = sum((holds - manual).mapped("amount")) + needed.get(line.id, 0)
            manual._give_way(line.amount_residual_currency - agreed)

    def _get_credited(self):
        """What its credit notes have taken off the open items.

        :return: the amount by item, in its currency
        :rtype: dict
        """
        # Credit notes count, whoever may see them.
        dispute = self.sudo()
        return {
            line: sum(
                partial.debit_amount_currency
                for partial in line.matched_credit_ids
                if partial.credit_move_id.move_id in dispute.credit_move_ids
                and partial.credit_move_id.parent_state == "posted"
            )
            for line in dispute.line_ids
        }

    def _is_credited(self):
        """Whether everything agreed was credited: the credit notes are posted and
        nothing of them is left to apply."""
        moves = self.sudo().credit_move_ids.filtered(
            lambda move: move.state != "cancel"
        )
        return (
            self.state == "resolved_valid"
            and bool(moves)
            and all(
                line.parent_state == "posted" and line.reconciled
                for line in moves.line_ids
                if line.account_id.account_type == "asset_receivable"
            )
        )
