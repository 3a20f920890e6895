from odoo import models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move"]

    # === BUSINESS METHODS === #

    def _check_not_agreed(self):
        """Keep also what gave up the remainder of a settlement."""
        result = super()._check_not_agreed()
        # What was agreed counts, even if the user may not see it.
        settlement = (
            self.env["account.collection.settlement"]
            .sudo()
            .search([("move_ids", "in", self.ids), ("is_remitted", "=", True)], limit=1)
        )
        if settlement:
            raise UserError(
                self.env._(
                    "%(settlement)s is settled by this entry. Cancel the settlement "
                    "instead: then it is reversed.",
                    settlement=settlement.name,
                )
            )
        return result
