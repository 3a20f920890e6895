from odoo import models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    """The entries of barters, which change with the barter alone."""

    _name = "account.move"
    _inherit = ["account.move"]

    # === BUSINESS METHODS === #

    def _check_not_agreed(self):
        """Keep also the bill and the netting entry of a barter that is in force."""
        result = super()._check_not_agreed()
        self._check_not_bartered()
        return result

    def _check_not_bartered(self):
        """Keep the bill and the netting entry of a barter that is in force.

        :raise UserError: naming the barter
        """
        if barter := self._get_collection_barters()[:1]:
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

    # === HELPERS === #

    def _get_collection_barters(self):
        """The barters in force whose bill or netting entry these are.

        :return: `account.collection.barter`, whoever asks
        """
        # What binds the customer counts, even if the user may not see it.
        return (
            self.env["account.collection.barter"]
            .sudo()
            .search(
                [
                    ("state", "in", ("delivered", "settled")),
                    "|",
                    ("bill_id", "in", self.ids),
                    ("netting_move_id", "in", self.ids),
                ]
            )
        )
