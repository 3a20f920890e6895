from odoo import api, fields, models


class AccountCollectionDisputeResolve(models.TransientModel):
    """Settles a dispute in favour of the customer, or rejects it."""

    _name = "account.collection.dispute.resolve"
    _description = "Settle a Dispute"
    _inherit = ["account.collection.dialog"]

    # === FIELDS === #

    dispute_id = fields.Many2one(
        "account.collection.dispute", required=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="dispute_id.currency_id")
    disputed_amount = fields.Monetary(
        related="dispute_id.amount", string="Disputed Amount"
    )
    description = fields.Text(related="dispute_id.description")
    outcome = fields.Selection(
        [
            ("valid", "The customer is right: credit"),
            ("invalid", "The customer is wrong: reject"),
        ],
        default="valid",
        required=True,
    )
    amount = fields.Monetary(
        string="Amount to Credit",
        compute="_compute_amount",
        store=True,
        readonly=False,
        help="Taxes included; they are credited in proportion.",
    )
    answer = fields.Text(
        string="Answer to the Customer", help="Part of the message to them."
    )

    # === COMPUTE METHODS === #

    @api.depends("dispute_id")
    def _compute_amount(self):
        for wizard in self:
            wizard.amount = wizard.dispute_id._get_creditable()

    # === ACTION METHODS === #

    def action_resolve(self):
        """Settle the dispute as chosen.

        :return: the draft credit notes to check and post, or the end of the dialog
        :rtype: dict
        :raise UserError: when the amount or the reason is missing
        """
        self.ensure_one()
        if self.outcome == "valid":
            return self.dispute_id.action_resolve_valid(self.amount, self.answer)
        self.dispute_id.action_resolve_invalid(self.answer)
        return {"type": "ir.actions.act_window_close"}
