from odoo import api, fields, models


class AccountCollectionReturnAttach(models.TransientModel):
    """Chooses the credit notes that somebody made by hand for returned goods, and
    shows what they credit differently."""

    _name = "account.collection.return.attach"
    _description = "Use a Credit Note for a Return"
    _inherit = ["account.collection.dialog"]

    # === FIELDS === #

    return_id = fields.Many2one(
        "account.collection.return", required=True, ondelete="cascade"
    )
    attachable_move_ids = fields.Many2many(
        "account.move", compute="_compute_attachable_move_ids"
    )
    credit_move_ids = fields.Many2many(
        "account.move",
        "account_collection_return_attach_rel",
        string="Credit Notes",
        compute="_compute_credit_move_ids",
        store=True,
        readonly=False,
        precompute=True,
        domain="[('id', 'in', attachable_move_ids)]",
    )
    differences = fields.Text(compute="_compute_differences")
    is_difference_meant = fields.Boolean(string="Credit It Like This")

    # === COMPUTE METHODS === #

    @api.depends("return_id")
    def _compute_attachable_move_ids(self):
        for wizard in self:
            wizard.attachable_move_ids = (
                wizard.return_id and wizard.return_id._get_attachable_credit_notes()
            )

    @api.depends("return_id")
    def _compute_credit_move_ids(self):
        for wizard in self:
            found = wizard.return_id and wizard.return_id._get_attachable_credit_notes()
            wizard.credit_move_ids = found if len(found or []) == 1 else False

    @api.depends("credit_move_ids")
    def _compute_differences(self):
        for wizard in self:
            wizard.differences = "\n".join(
                wizard.return_id._get_differences(wizard.credit_move_ids._origin)
            )

    # === ACTION METHODS === #

    def action_attach(self):
        """Use the credit notes for the return, which is credited thereby.

        :raise UserError: when they credit something else, and that is not meant
        """
        self.ensure_one()
        self.return_id._attach_credit_notes(
            self.credit_move_ids, self.is_difference_meant
        )
