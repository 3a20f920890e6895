from odoo import api, models


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        self.env["account.collection.ledger"]._follow(partials._get_collection_lines())
        return partials

    def unlink(self):
        # Odoo undoes the reconciliation of nothing with each payment.
        if not self:
            return super().unlink()
        lines = self._get_collection_lines()
        result = super().unlink()
        self.env["account.collection.ledger"]._follow(lines)
        return result

    # === HELPERS === #

    def _get_collection_lines(self):
        """The items whose reconciliation this is."""
        return self.debit_move_id | self.credit_move_id
