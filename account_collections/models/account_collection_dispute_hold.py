from odoo import models
from odoo.exceptions import UserError

from .account_collection_dispute import UNSETTLED


class AccountCollectionDispute(models.Model):
    """What of the open items is not chased because it is disputed.

    Its hold is what is disputed, or agreed, less its credit notes. An invoice that is
    corrected takes the dispute along; one that is cancelled or deleted, that comes to
    nothing or goes to another customer ends it.
    """

    _name = "account.collection.dispute"
    _inherit = ["account.collection.dispute"]

    # === ACTION METHODS === #

    def action_approve_hold(self):
        """Let a dispute that was rejected before stop the dunning all the same.

        :raise UserError: when the user is not a manager, or nothing is to be approved
        """
        for dispute in self:
            dispute._lock_in(UNSETTLED)
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
            dispute._get_holds().unlink()
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
                ("partner_id", "=", self.partner_id.id),
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
        holds = self._get_holds()
        covered = sum(holds.mapped("amount_covered"))
        if self.currency_id.compare_amounts(covered, self.amount_agreed) < 0:
            if self.is_repeated:
                # What the company itself admits is held, whoever disputed it how often.
                # Nobody writes it by hand.
                self.sudo().hold_approver_id = self.hold_approver_id or self.env.user
            holds.unlink()
            self._cover()
        self._reduce_to_agreed()

    def _reduce_to_agreed(self):
        """Cover no more than what was agreed."""
        left = self.amount_agreed
        for hold in self._get_holds().sorted("id"):
            agreed = self.currency_id.round(min(hold.amount_covered, left))
            left -= agreed
            hold.amount_covered = agreed

    def _apply_ledger(self, shares, as_of):
        """Follow the invoices, and note since when everything agreed is credited."""
        if self.is_registered and self.state in self._live_states:
            self._leave_moved_items()
        if self.is_registered and self.state in UNSETTLED:
            self._follow_items()
        result = super()._apply_ledger(shares, as_of)
        if self.state == "resolved_valid":
            is_over = self._is_carried_out()
            self._write_changes(
                # Written by the evaluation alone, whoever caused it.
                self.sudo(),
                {"date_end": (self.date_end or as_of) if is_over else False},
            )
            if is_over and self.followed_state != self.state:
                # What has ended is not followed up: nobody is asked any more.
                self._close_request()
                self.sudo().followed_state = self.state
        return result

    def _leave_moved_items(self):
        """Dispute nothing of invoices that are another customer's now."""
        moved = self._get_moved_items()
        if not moved:
            return
        # Written by the evaluation alone, whoever caused it.
        dispute = self.sudo()
        dispute._message_log(
            body=self.env._(
                "%(invoices)s went to another customer and is not disputed any more.",
                invoices=", ".join(moved.move_id.mapped("name")),
            )
        )
        self._get_holds().filtered(
            lambda hold: hold.line_id in moved
        ).amount_covered = 0
        dispute.invoice_line_ids -= moved.move_id.invoice_line_ids
        dispute.line_ids -= moved

    def _follow_items(self):
        """Dispute no more than the invoices come to, and nothing of invoices of which
        nothing is left. One that is a draft is about to be posted again."""
        # Written by the evaluation alone, whoever caused it.
        dispute = self.sudo()
        if dispute._is_void():
            # The day of its end is noted by what follows from it.
            dispute.state = self._cancelled_state
            return
        total = dispute._get_total()
        if dispute._is_changing() or (
            self.currency_id.compare_amounts(self.amount, total) <= 0
        ):
            return
        dispute._message_log(
            body=self.env._(
                "The invoice was changed and comes to %(total)s: no more than that is "
                "disputed, instead of %(amount)s.",
                total=self.currency_id.format(total),
                amount=self.currency_id.format(self.amount),
            )
        )
        dispute.amount = total

    # === HELPERS === #

    def _is_held(self):
        """Whether the dunning leaves out what is disputed, or a part of it."""
        return not self.currency_id.is_zero(self._get_held_amount())

    def _get_held_amount(self):
        """What of the disputed amount the dunning leaves out.

        :rtype: float
        """
        return sum(self._get_holds().filtered("active").mapped("amount"))

    def _is_evaluated(self):
        # A credit note that is undone opens the dispute again.
        return super()._is_evaluated() or self.state == "resolved_valid"

    def _get_cover_amount(self):
        return self.amount_agreed or super()._get_cover_amount()

    def _get_own_moves(self):
        return super()._get_own_moves() | self.credit_move_ids

    def _get_moved_items(self):
        """The disputed items whose invoices are another customer's now.

        :return: open items (`account.move.line`), whoever may see them
        """
        return self.sudo().line_ids.filtered(
            lambda line: (
                line.parent_state == "posted"
                and line.partner_id.commercial_partner_id != self.partner_id
            )
        )

    def _get_total(self):
        """What the invoices come to that are posted, and still the customer's.

        :rtype: float
        """
        lines = self.sudo().line_ids - self._get_moved_items()
        posted = lines.filtered(lambda line: line.parent_state == "posted")
        return sum(posted.mapped("amount_currency"))

    def _is_changing(self):
        """Whether an invoice is a draft, about to be posted again."""
        return "draft" in self.sudo().line_ids.mapped("parent_state")

    def _is_void(self):
        """Whether there is nothing left to dispute: the invoices were cancelled or
        deleted, come to nothing, or went to another customer.

        :rtype: bool
        """
        return not self._is_changing() and (
            self.currency_id.compare_amounts(self._get_total(), 0) <= 0
        )

    def _check_items(self):
        """Refuse to settle what has nothing to be about any more.

        :raise UserError: saying what to do instead
        """
        if self._is_void():
            raise UserError(
                self.env._(
                    "Nothing is left of the invoices of %s: they were cancelled, "
                    "deleted or changed. Note that it is withdrawn.",
                    self.name,
                )
            )

    def _is_carried_out(self):
        """Whether everything agreed was credited: the credit notes come to as much, are
        posted, and nothing of them is left to apply."""
        moves = self.sudo()._get_credit_notes()
        return self.state == "resolved_valid" and (
            (self._is_void() and not moves)
            or (
                self.currency_id.is_zero(self._get_uncredited())
                and all(
                    line.parent_state == "posted" and line.reconciled
                    for line in moves.line_ids
                    if line.account_id.account_type == "asset_receivable"
                )
            )
        )
