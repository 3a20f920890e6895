from odoo import api, models


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        partials._get_collection_lines()._refresh_collection_after_commit()
        return partials

    def unlink(self):
        lines = self._get_collection_lines()
        result = super().unlink()
        lines._refresh_collection_after_commit()
        return result

    # === HELPERS === #

    def _get_collection_lines(self):
        """The items whose reconciliation this is."""
        return self.debit_move_id | self.credit_move_id
