from odoo import api, fields, models


class AccountCollectionRunExecute(models.TransientModel):
    """Asks, before customers are contacted, whether that is meant."""

    _name = "account.collection.run.execute"
    _description = "Confirm a Dunning Run"
    _inherit = ["account.collection.dialog"]

    # === FIELDS === #

    run_id = fields.Many2one(
        "account.collection.run", required=True, readonly=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="run_id.currency_id")
    customer_count = fields.Integer(
        string="Customers to contact", compute="_compute_counts"
    )
    email_count = fields.Integer(string="by e-mail", compute="_compute_counts")
    letter_count = fields.Integer(string="by letter", compute="_compute_counts")
    call_count = fields.Integer(string="by phone", compute="_compute_counts")
    amount_collectible = fields.Monetary(
        string="Collectible", compute="_compute_counts"
    )

    # === COMPUTE METHODS === #

    @api.depends("run_id")
    def _compute_counts(self):
        for wizard in self:
            groups = self.env["account.collection.run.line"]._read_group(
                [("run_id", "=", wizard.run_id.id), ("state", "=", "planned")],
                ["channel"],
                ["__count", "amount_collectible:sum"],
            )
            counts = {channel: count for channel, count, _amount in groups}
            wizard.email_count = counts.get("email", 0)
            wizard.letter_count = counts.get("letter", 0)
            wizard.call_count = counts.get("call", 0)
            wizard.customer_count = sum(counts.values())
            wizard.amount_collectible = sum(
                amount for _channel, _count, amount in groups
            )

    # === ACTION METHODS === #

    def action_execute(self):
        """Execute the run.

        :return: the action that closes the dialog
        :rtype: dict
        """
        self.ensure_one()
        self.run_id.action_execute()
        return {"type": "ir.actions.act_window_close"}
