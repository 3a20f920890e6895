from odoo import models

# What credit notes are made for, or used for: model and field.
CREDIT_NOTE_OWNERS = (
    ("account.collection.return", "credit_move_ids"),
    ("account.collection.dispute", "credit_move_ids"),
    ("account.collection.settlement", "move_ids"),
)


class AccountMove(models.Model):
    """Credit notes of what was agreed, which pay what that covers."""

    _name = "account.move"
    _inherit = ["account.move"]

    # === BUSINESS METHODS === #

    def _reconcile_reversed_moves(self, reverse_moves, move_reverse_cancel):
        """A credit note pays what its agreement covers first, not the oldest
        instalment of the invoice."""
        if reverse_moves:
            reverse_moves.with_context(
                move_reverse_cancel=move_reverse_cancel
            )._reconcile_agreed_items()
        return super()._reconcile_reversed_moves(reverse_moves, move_reverse_cancel)

    def _reconcile_agreed_items(self):
        """Reconcile credit notes with what their agreements cover of the invoices that
        they belong to."""
        for model, field in CREDIT_NOTE_OWNERS:
            # Who posts a credit note need not see what it is made for.
            for owner in self.env[model].sudo().search([(field, "in", self.ids)]):
                items = owner._get_items_to_credit()
                for credit in self & owner[field]:
                    credit._get_receivables()._reconcile_in_turn(
                        items.filtered(
                            lambda item, credit=credit: (
                                item.move_id == credit.reversed_entry_id
                            )
                        )
                    )

    # === HELPERS === #

    def _get_receivables(self):
        """The items of entries that stand on the customer's account.

        :return: their items (`account.move.line`)
        """
        return self.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )

    def _get_credit_note_owner(self):
        """What a credit note was made for, or is used for already.

        :return: a record, or None
        """
        for model, field in CREDIT_NOTE_OWNERS:
            # What it was made for counts, whoever may see it.
            owner = self.env[model].sudo().search([(field, "in", self.ids)], limit=1)
            if owner:
                return owner
        return None


class AccountMoveLine(models.Model):
    _name = "account.move.line"
    _inherit = ["account.move.line"]

    # === BUSINESS METHODS === #

    def _reconcile_collection(self):
        """Reconcile what is open of these items with one another, if both sides are."""
        lines = self.filtered(lambda line: not line.reconciled)
        if len({line.amount_residual_currency > 0 for line in lines}) == 2:
            lines.reconcile()

    def _reconcile_in_turn(self, items):
        """Reconcile these items with others, one after the other, as long as something
        is left of these.

        :param items: the others (`account.move.line`), the first one first
        """
        for item in items.filtered(lambda item: item.parent_state == "posted"):
            own = self.filtered(
                lambda line, item=item: line.account_id == item.account_id
            )
            (own | item.with_env(self.env))._reconcile_collection()
