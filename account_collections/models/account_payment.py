from odoo import models


class AccountPayment(models.Model):
    _inherit = "account.payment"

    # === CRUD METHODS === #

    def write(self, vals):
        result = super().write(vals)
        if "state" in vals:
            # A payment without journal entry counts by its state alone.
            registered = self.filtered(lambda payment: not payment.move_id)
            self.env["account.collection.ledger"]._follow(
                registered.invoice_ids.line_ids
            )
            self.env["account.collection.resolution"]._evaluate_late(
                registered.partner_id.commercial_partner_id
            )
        return result
