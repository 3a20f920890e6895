from odoo import api, fields, models


class AccountCollectionDisputeAttach(models.TransientModel):
    """Chooses what somebody has credited by hand for a dispute."""

    _name = "account.collection.dispute.attach"
    _description = "Use a Credit Note for a Dispute"
    _inherit = ["account.collection.dialog"]

    # === FIELDS === #

    dispute_id = fields.Many2one(
        "account.collection.dispute", required=True, ondelete="cascade"
    )
    attachable_move_ids = fields.Many2many(
        "account.move", compute="_compute_attachable_move_ids"
    )
    credit_move_ids = fields.Many2many(
        "account.move",
        "account_collection_dispute_attach_rel",
        string="Credit Notes",
        compute="_compute_credit_move_ids",
        store=True,
        readonly=False,
        precompute=True,
        domain="[('id', 'in', attachable_move_ids)]",
    )

    # === COMPUTE METHODS === #

    @api.depends("dispute_id")
    def _compute_attachable_move_ids(self):
        for wizard in self:
            dispute = wizard.dispute_id
            wizard.attachable_move_ids = dispute and dispute._get_attachable()

    @api.depends("dispute_id")
    def _compute_credit_move_ids(self):
        for wizard in self:
            found = wizard.dispute_id and wizard.dispute_id._get_attachable()
            wizard.credit_move_ids = found if len(found or []) == 1 else False

    # === ACTION METHODS === #

    def action_attach(self):
        """Use them for what was agreed.

        :raise UserError: when one credits something else
        """
        self.ensure_one()
        self.dispute_id._attach_credit_notes(self.credit_move_ids)
