from odoo import api, models


class IrCron(models.Model):
    """Rounds that take longer than a scheduled action is given at once."""

    _name = "ir.cron"
    _inherit = ["ir.cron"]

    # === BUSINESS METHODS === #

    @api.model
    def _get_rest(self, items):
        """Leave out what was done already in a round that ran out of time.

        Odoo calls the scheduled action once more then, which would begin with the same
        items for ever if they are not known to be done by what they are.

        :param list items: all that a round is about, in an order that stays
        :return: what is left of it; all, when a new round begins
        :rtype: list
        """
        current = self.env.context.get("ir_cron_progress_id")
        if not current:
            return items
        # What scheduled actions have done is the administrator's alone.
        last = (
            self.env["ir.cron.progress"]
            .sudo()
            .search(
                [
                    ("cron_id", "=", self.env.context.get("cron_id")),
                    ("id", "<", current),
                ],
                order="id DESC",
                limit=1,
            )
        )
        return items[-last.remaining :] if last.remaining else items
