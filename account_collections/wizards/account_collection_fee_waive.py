from odoo import fields, models


class AccountCollectionFeeWaive(models.TransientModel):
    """Waives late fees, with a reason."""

    _name = "account.collection.fee.waive"
    _description = "Waive Late Fees"
    _inherit = ["account.collection.dialog"]

    # === FIELDS === #

    fee_ids = fields.Many2many(
        "account.collection.fee", string="Late Fees", required=True
    )
    reason = fields.Char(required=True)

    # === ACTION METHODS === #

    def action_waive(self):
        """Waive the fees; see `account.collection.fee`.

        :return: the end of the dialog
        :rtype: dict
        """
        self.fee_ids.action_waive(self.reason)
        return {"type": "ir.actions.act_window_close"}
