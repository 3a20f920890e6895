from odoo import models


class AccountCollectionLedger(models.AbstractModel):
    """A barter is settled on the side of the payables too: it follows both."""

    _name = "account.collection.ledger"
    _inherit = ["account.collection.ledger"]

    # === BUSINESS METHODS === #

    def _follow(self, lines):
        result = super()._follow(lines)
        moves = lines.filtered(
            lambda line: line.account_id.account_type == "liability_payable"
        ).move_id
        # What reverses an entry undoes it, matched with it or not.
        moves |= moves.reversed_entry_id
        if moves:
            barters = moves._get_collection_barters()
            barters.with_context(collection_in_transaction=True)._evaluate()
        return result
