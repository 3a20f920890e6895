from odoo import models
from odoo.exceptions import UserError


class AccountCollectionDispute(models.Model):
    """What of the open items is not chased because it is disputed.

    Its hold is what is disputed, or agreed, less its credit notes.
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
            # What was not rejected before is held so far.
            dispute.hold_ids.sudo().unlink()
            dispute._cover()
            dispute._refresh_case()

    # === BUSINESS METHODS === #

    def _cover(self):
        """Hold what is disputed, unless the same was rejected before: then a manager
        decides."""
        if self.is_repeated and not self.hold_approver_id:
            if self._is_manager():
                self._approve_hold()
            else:
                self.message_post(
                    body=self.env._(
                        "The same was disputed and rejected before: it is not held "
                        "until a manager approves it."
                    )
                )
        return super()._cover()

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

    def _get_rejected_lines(self):
        """Which of these open items were disputed before, and rejected.

        :return: open items (`account.move.line`)
        """
        # A rejection counts, whoever decided it.
        return self.line_ids & self.sudo().search(
            [
                ("id", "!=", self._origin.id),
                ("line_ids", "in", self.line_ids.ids),
                ("state", "=", "resolved_invalid"),
            ]
        ).line_ids.with_env(self.env)

    def _get_free_amounts(self):
        """What was rejected before is not held again without a manager."""
        free = super()._get_free_amounts()
        if self.is_repeated and not self.hold_approver_id:
            rejected = self._get_rejected_lines()
            free = {
                line: amount for line, amount in free.items() if line not in rejected
            }
        return free

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

    def _apply_ledger(self, shares, as_of):
        """Note since when everything agreed is credited."""
        result = super()._apply_ledger(shares, as_of)
        if self.state == "resolved_valid":
            is_over = self._is_carried_out()
            self._write_changes(
                # Written by the evaluation alone, whoever caused it.
                self.sudo(),
                {"date_end": (self.date_end or as_of) if is_over else False},
            )
        return result

    # === HELPERS === #

    def _is_held(self):
        """Whether the dunning leaves out what is disputed."""
        return bool(self.sudo().hold_ids.filtered("active"))

    def _is_evaluated(self):
        # A credit note that is undone opens the dispute again.
        return super()._is_evaluated() or self.state == "resolved_valid"

    def _get_cover_amount(self):
        return self.amount_agreed or super()._get_cover_amount()

    def _get_own_moves(self):
        return super()._get_own_moves() | self.credit_move_ids

    def _is_carried_out(self):
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
