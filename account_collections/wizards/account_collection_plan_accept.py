from odoo import fields, models


class AccountCollectionPlanAccept(models.TransientModel):
    """Records that a customer accepts a payment plan."""

    _name = "account.collection.plan.accept"
    _description = "Accept a Payment Plan"

    # === FIELDS === #

    plan_id = fields.Many2one(
        "account.collection.plan", required=True, ondelete="cascade"
    )
    name = fields.Char(
        string="Accepted By",
        required=True,
        help="Who accepts the plan, at the customer's.",
    )

    # === ACTION METHODS === #

    def action_accept(self):
        """Record the acceptance.

        :return: the action that closes the dialog
        :rtype: dict
        :raise UserError: when nothing is proposed, or it was accepted before
        """
        self.ensure_one()
        self.plan_id.action_accept(self.name)
        return {"type": "ir.actions.act_window_close"}
