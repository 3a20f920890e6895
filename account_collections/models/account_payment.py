from odoo import models


class AccountPayment(models.Model):
    """A payment without journal entry counts by its state and its invoices alone."""

    _inherit = "account.payment"

    # === CRUD METHODS === #

    def write(self, vals):
        invoices = self.env["account.move"]
        if "invoice_ids" in vals:
            invoices = self.invoice_ids
        result = super().write(vals)
        if vals.keys() & {"state", "invoice_ids"}:
            registered = self._get_collection_registered()
            if registered or invoices:
                self.env["account.collection.ledger"]._follow_registered(
                    registered.invoice_ids | invoices,
                    registered.partner_id.commercial_partner_id,
                )
        return result

    def unlink(self):
        if not self:
            return super().unlink()
        registered = self._get_collection_registered()
        invoices = registered.invoice_ids
        partners = registered.partner_id.commercial_partner_id
        result = super().unlink()
        self.env["account.collection.ledger"]._follow_registered(invoices, partners)
        return result

    # === HELPERS === #

    def _get_collection_registered(self):
        """Those of these payments that have no journal entry."""
        return self.filtered(lambda payment: not payment.move_id)
