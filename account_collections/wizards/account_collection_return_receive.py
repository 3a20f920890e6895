from odoo import api, fields, models
from odoo.fields import Command


class AccountCollectionReturnReceive(models.TransientModel):
    """Notes what of a return has arrived, and what of it is accepted."""

    _name = "account.collection.return.receive"
    _description = "Returned Goods Received"
    _inherit = ["account.collection.dialog"]

    # === FIELDS === #

    return_id = fields.Many2one(
        "account.collection.return", required=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="return_id.currency_id")
    freight_amount = fields.Monetary(
        string="Freight to Settle",
        compute="_compute_from_return",
        store=True,
        readonly=False,
        precompute=True,
    )
    row_ids = fields.One2many(
        "account.collection.return.receive.line",
        "wizard_id",
        string="Goods",
        compute="_compute_from_return",
        store=True,
        readonly=False,
        precompute=True,
    )
    amount = fields.Monetary(string="To Be Credited", compute="_compute_amount")

    # === COMPUTE METHODS === #

    @api.depends("return_id")
    def _compute_from_return(self):
        for wizard in self:
            one = wizard.return_id
            wizard.freight_amount = one._get_freight()
            wizard.row_ids = [Command.clear()] + [
                Command.create(wizard._prepare_row(line))
                for line in one.return_line_ids
            ]

    @api.depends("row_ids.amount", "freight_amount")
    def _compute_amount(self):
        for wizard in self:
            goods = sum(wizard.row_ids.mapped("amount"))
            wizard.amount = goods and wizard.return_id._add_freight(
                goods, wizard.freight_amount
            )

    # === ACTION METHODS === #

    def action_receive(self):
        """Note what has arrived: its value is held until it is credited.

        :raise UserError: when the quantities make no sense
        """
        self.ensure_one()
        self.return_id._record_receipt(
            {
                row.line_id: (
                    row.quantity_accepted,
                    row.quantity_refused,
                    row.refusal_reason,
                )
                for row in self.row_ids
            },
            self.freight_amount,
        )

    # === HELPERS === #

    def _prepare_row(self, line):
        """Prepare the row of some goods: all of them accepted, until told otherwise.

        :param line: the goods (`account.collection.return.line`)
        :rtype: dict
        """
        is_corrected = self.return_id.state == "received"
        return {
            "line_id": line.id,
            "quantity_accepted": line.quantity_accepted
            if is_corrected
            else line.quantity,
            "quantity_refused": line.quantity_refused,
            "refusal_reason": line.refusal_reason,
        }


class AccountCollectionReturnReceiveLine(models.TransientModel):
    _name = "account.collection.return.receive.line"
    _description = "Goods Received"
    _inherit = ["account.collection.return.valuation", "account.collection.dialog"]

    # === FIELDS === #

    wizard_id = fields.Many2one(
        "account.collection.return.receive", required=True, ondelete="cascade"
    )
    line_id = fields.Many2one("account.collection.return.line", required=True)
    currency_id = fields.Many2one(related="line_id.currency_id")
    name = fields.Char(related="line_id.name", string="Goods")
    move_id = fields.Many2one(related="line_id.move_id")
    condition = fields.Selection(related="line_id.condition")
    product_uom_id = fields.Many2one(related="line_id.product_uom_id")
    quantity = fields.Float(related="line_id.quantity", string="Agreed")
    quantity_accepted = fields.Float(string="Accepted", digits="Product Unit")
    quantity_refused = fields.Float(string="Refused", digits="Product Unit")
    refusal_reason = fields.Char(string="Why Refused")
    amount = fields.Monetary(string="Credit", compute="_compute_amount")

    # === COMPUTE METHODS === #

    @api.depends("line_id", "quantity_accepted")
    def _compute_amount(self):
        for row in self:
            row.amount, _fee = row._get_credit_totals(
                row.line_id.invoice_line_id._origin,
                row.quantity_accepted,
                row.line_id.restocking_percent,
            )
