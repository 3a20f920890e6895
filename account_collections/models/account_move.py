from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    # The dunning looks up the few blocked invoices among all the others.
    _collection_blocked_idx = models.Index("(id) WHERE payment_state = 'blocked'")
