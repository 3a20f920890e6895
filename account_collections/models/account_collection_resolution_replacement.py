from odoo import models
from odoo.exceptions import UserError

from .account_collection_hold import CASH_REASONS


class AccountCollectionResolution(models.AbstractModel):
    """One cash resolution per open item: a new one may replace the old."""

    _name = "account.collection.resolution"
    _inherit = ["account.collection.resolution"]

    # === BUSINESS METHODS === #

    def _end_overdue(self):
        """Bring others up to date whose holds have run out: a promise of yesterday is
        broken, a proposal that nobody answered holds nothing any more."""
        for other in self._get_others():
            # What has run out does so whoever notices.
            if all(hold._is_expired() for hold in other._get_holds()):
                other.sudo()._evaluate()

    def _check_others(self):
        """See that nothing else is in force on the same items, unless it is replaced.

        :raise UserError: naming what is in force
        """
        for other in [] if self.is_replacing else self._get_others():
            raise UserError(
                self.env._(
                    "%(other)s is in force on these open items. Tick 'Replace what "
                    "was agreed' to end it, or choose other items.",
                    other=other.sudo().display_name,
                )
            )

    def _supersede_others(self):
        """End what was agreed on the same items before."""
        for other in self._get_others():
            # Nobody ends what they may not touch by making something new.
            other.check_access("write")
            other = other.sudo()
            other.message_post(body=self.env._("Replaced by %s.", self.name))
            other._end(other._superseded_state)

    def _get_others(self):
        """The other cash resolutions in force on the same open items.

        :return: a list of resolutions, of whatever kind
        :rtype: list
        """
        self.ensure_one()
        if self._hold_reason not in CASH_REASONS:
            return []
        # What binds the customer counts, even if the user may not see it.
        holds = (
            self.env["account.collection.hold"]
            .sudo()
            .search(
                [
                    ("line_id", "in", self.line_ids.ids),
                    ("reason", "in", CASH_REASONS),
                    ("res_model", "!=", False),
                ]
            )
            .filtered(
                lambda hold: (hold.res_model, hold.res_id) != (self._name, self.id)
            )
        )
        return [
            self.env[model].browse(res_id)
            for model, res_id in dict.fromkeys(
                (hold.res_model, hold.res_id) for hold in holds
            )
        ]

    def _get_other_names(self):
        """Name the other cash resolutions in force on the same open items.

        :rtype: str
        """
        return ", ".join(other.sudo().display_name for other in self._get_others())
