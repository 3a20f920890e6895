from odoo import models
from odoo.exceptions import UserError

from ..tools.dialog import prepare_dialog
from ..tools.locking import take_turns
from .account_move_credit import CREDIT_NOTE_OWNERS


class AccountCollectionDispute(models.Model):
    """Disputes for which somebody has credited or booked by hand what was agreed."""

    _name = "account.collection.dispute"
    _inherit = ["account.collection.dispute"]

    # === ACTION METHODS === #

    def action_open_attachment(self):
        """Open the form that attaches what was credited by hand.

        :return: a window action
        :rtype: dict
        :raise UserError: when there is nothing
        """
        self.ensure_one()
        if not self._get_attachable():
            raise UserError(
                self.env._(
                    "There is no credit note of the disputed invoices that could be "
                    "used, and no entry that is reconciled with them. Make one first."
                )
            )
        return prepare_dialog(
            "account.collection.dispute.attach",
            self.env._("Use a Credit Note Made by Hand"),
            default_dispute_id=self.id,
        )

    # === BUSINESS METHODS === #

    def _attach_credit_notes(self, moves):
        """Take what was credited by hand for what was agreed.

        :param moves: credit notes of its invoices, or entries reconciled with its open
            items (`account.move`)
        :raise UserError: when one has nothing to do with what is disputed, or belongs
            to something else
        """
        self.ensure_one()
        self._lock_in(("resolved_valid",))
        moves.check_access("read")
        # Two disputes that take the same credit note do so one after the other.
        take_turns(moves)
        if others := moves - self._get_attachable():
            raise UserError(
                self.env._(
                    "%(moves)s credits nothing of what is disputed with %(name)s, or "
                    "belongs to something else that was agreed. Choose a credit note "
                    "of the disputed invoices, or an entry that is reconciled with "
                    "them.",
                    moves=", ".join(others.mapped("display_name")),
                    name=self.name,
                )
            )
        if not moves:
            raise UserError(self.env._("Choose what was credited."))
        # Recorded by the buttons alone.
        self.sudo().credit_move_ids |= moves
        moves._reconcile_agreed_items()
        self.message_post(
            body=self.env._(
                "Credited by hand with %s.", ", ".join(moves.mapped("display_name"))
            )
        )
        self._evaluate()
        self._refresh_case()

    # === HELPERS === #

    def _get_attachable(self):
        """What may have been credited by hand for the dispute.

        :return: credit notes of its invoices, and what is reconciled with its open
            items and is no payment (`account.move`)
        """
        self.ensure_one()
        # What belongs to something else is left out, whoever may see that.
        dispute = self.sudo()
        lines = dispute.line_ids
        moves = (
            lines.move_id.reversal_move_ids
            | lines.matched_credit_ids.filtered(
                lambda partial: not self._is_payment(partial.credit_move_id)
            ).credit_move_id.move_id
        )
        return moves.filtered(
            lambda move: (
                move.state != "cancel"
                and move.move_type in ("out_refund", "entry")
                and move.currency_id == dispute.currency_id
                and not dispute._is_used(move)
            )
        ).with_env(self.env)

    def _is_payment(self, line):
        """Whether an item is money or a difference of rates, and nothing credited.

        :param line: the item (`account.move.line`)
        :rtype: bool
        """
        move = line.move_id
        return bool(
            move.origin_payment_id
            or move.statement_line_id
            or move.journal_id.type in ("bank", "cash", "credit")
            or move.journal_id == move.company_id.currency_exchange_journal_id
        )

    def _is_used(self, move):
        """Whether an entry belongs to something that was agreed, this included.

        :param move: the entry (`account.move`)
        :rtype: bool
        """
        return any(
            self.env[model].search_count([(field, "=", move.id)], limit=1)
            for model, field in (
                *CREDIT_NOTE_OWNERS,
                ("account.collection.barter", "netting_move_id"),
            )
        )
