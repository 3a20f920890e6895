from odoo import models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    """The entries of barters, which change with the barter alone."""

    _name = "account.move"
    _inherit = ["account.move"]

    # === BUSINESS METHODS === #

    def _check_not_agreed(self):
        """Keep the bill and the netting entry of a barter that is in force.

        :raise UserError: naming the barter
        """
        result = super()._check_not_agreed()
        # What binds the customer counts, even if the user may not see it.
        barter = (
            self.env["account.collection.barter"]
            .sudo()
            .search(
                [
                    ("state", "in", ("delivered", "settled")),
                    "|",
                    ("bill_id", "in", self.ids),
                    ("netting_move_id", "in", self.ids),
                ],
                limit=1,
            )
        )
        if barter:
            raise UserError(
                self.env._(
                    "%(entry)s is part of %(barter)s. Cancel the barter: what it "
                    "posted is reversed then.",
                    entry=((barter.bill_id | barter.netting_move_id) & self).mapped(
                        "display_name"
                    )[0],
                    barter=barter.name,
                )
            )
        return result
