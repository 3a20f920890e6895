from odoo import models

# What decides how much a payment without journal entry counts, and for what.
FOLLOWED = {"state", "invoice_ids", "amount", "currency_id", "date", "partner_id"}


class AccountPayment(models.Model):
    """A payment without journal entry counts too: cases and agreements follow it."""

    _inherit = "account.payment"

    # === CRUD METHODS === #

    def write(self, vals):
        if not vals.keys() & FOLLOWED:
            return super().write(vals)
        # Both those that it was for and those that it is for now.
        invoices, partners = self._get_collection_followed()
        result = super().write(vals)
        own_invoices, own_partners = self._get_collection_followed()
        if invoices or own_invoices or own_partners:
            self.env["account.collection.ledger"]._follow_registered(
                invoices | own_invoices, partners | own_partners
            )
        return result

    def unlink(self):
        if not self:
            return super().unlink()
        invoices, partners = self._get_collection_followed()
        result = super().unlink()
        self.env["account.collection.ledger"]._follow_registered(invoices, partners)
        return result

    # === HELPERS === #

    def _get_collection_registered(self):
        """Those of these payments that have no journal entry."""
        return self.filtered(lambda payment: not payment.move_id)

    def _get_collection_followed(self):
        """What follows those of these payments that have no journal entry.

        :return: the invoices that they pay, and the commercial partners who pay
        :rtype: tuple
        """
        registered = self._get_collection_registered()
        return registered.invoice_ids, registered.partner_id.commercial_partner_id
