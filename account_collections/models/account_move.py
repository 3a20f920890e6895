from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    # The dunning looks up the few blocked invoices among all the others.
    _collection_blocked_idx = models.Index("(id) WHERE payment_state = 'blocked'")

    # === CRUD METHODS === #

    def write(self, vals):
        result = super().write(vals)
        if "state" in vals:
            self.line_ids._refresh_collection_after_commit()
        return result
