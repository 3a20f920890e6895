from odoo import api, fields, models


class AccountCollectionBarterLine(models.Model):
    _name = "account.collection.barter.line"
    _description = "Barter Line"
    _inherit = ["account.collection.barter.item"]
    _check_company_auto = True

    # === FIELDS === #

    barter_id = fields.Many2one(
        "account.collection.barter", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        related="barter_id.company_id", store=True, index=True, precompute=True
    )
    currency_id = fields.Many2one(related="barter_id.currency_id")
    partner_id = fields.Many2one(related="barter_id.partner_id")
    account_id = fields.Many2one(required=True)
    delivery_ids = fields.One2many(
        "account.collection.barter.delivery",
        "line_id",
        string="Deliveries",
        readonly=True,
    )
    quantity_accepted = fields.Float(
        string="Accepted",
        compute="_compute_quantity_accepted",
        digits="Product Unit",
        help="What came and was found to be as agreed.",
    )

    # === COMPUTE METHODS === #

    @api.depends("delivery_ids.quantity")
    def _compute_quantity_accepted(self):
        for line in self:
            # What came counts, whoever noted it.
            line.quantity_accepted = sum(line.sudo().delivery_ids.mapped("quantity"))

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.barter_id._check_terms_open()
        return lines

    def write(self, vals):
        # Neither what it leaves nor what it comes to may be agreed.
        self.barter_id._check_terms_open()
        result = super().write(vals)
        self.barter_id._check_terms_open()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_agreed(self):
        self.barter_id._check_terms_open()
