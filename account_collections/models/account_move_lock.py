from odoo import models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date


class AccountMove(models.Model):
    """What is posted here keeps its day."""

    _name = "account.move"
    _inherit = ["account.move"]

    # === BUSINESS METHODS === #

    def _post_collection(self):
        """Post invoices on their day, today if they have none. Where that is in a
        period that is closed, Odoo would silently move them out of it, so they are
        refused.

        :raise UserError: saying what is closed: then nothing is posted
        """
        for move in self:
            day = move.invoice_date or move.company_id._get_collection_day()
            if closed := move._get_violated_lock_dates(day, move._affect_tax_report()):
                raise UserError(
                    self.env._(
                        "%(day)s is in a period that is closed: %(closed)s. Nothing "
                        "was posted.",
                        day=format_date(self.env, day),
                        closed=self.env["res.company"]._format_lock_dates(closed),
                    )
                )
        self.action_post()
