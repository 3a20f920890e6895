from odoo import fields, models


class AccountCollectionReturnReject(models.TransientModel):
    """Asks why a return is rejected; the customer is told."""

    _name = "account.collection.return.reject"
    _description = "Reject a Return"
    _inherit = ["account.collection.dialog"]

    # === FIELDS === #

    return_id = fields.Many2one(
        "account.collection.return", required=True, ondelete="cascade"
    )
    reason = fields.Text(required=True)

    # === ACTION METHODS === #

    def action_reject(self):
        """Reject the return.

        :raise UserError: when it is not requested any more
        """
        self.ensure_one()
        self.return_id.action_reject(self.reason)
