from odoo import models


class AccountCollectionLedger(models.AbstractModel):
    _name = "account.collection.ledger"
    _inherit = ["account.collection.ledger"]

    # === BUSINESS METHODS === #

    def _follow(self, lines):
        """Let returns follow their credit notes, also those that are not reconciled."""
        result = super()._follow(lines)
        moves = lines.move_id
        # What reverses a credit note undoes it.
        credit_notes = (moves | moves.reversed_entry_id).filtered(
            lambda move: move.move_type == "out_refund"
        )
        if credit_notes:
            # Returns follow the ledger, whoever books.
            self.env["account.collection.return"].sudo().search(
                [("credit_move_ids", "in", credit_notes.ids)]
            ).with_context(collection_in_transaction=True)._evaluate()
        return result
