from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command


class AccountCollectionReturnRequest(models.TransientModel):
    """Shows what a return takes off the debt before anything is saved."""

    _name = "account.collection.return.request"
    _description = "Take Goods Back"
    _inherit = ["account.collection.item.choice"]

    _resolution_model = "account.collection.return"

    # === FIELDS === #

    return_line_ids = fields.One2many(
        "account.collection.return.request.line",
        "wizard_id",
        string="Goods",
        compute="_compute_return_line_ids",
        store=True,
        readonly=False,
        precompute=True,
    )
    freight_payer = fields.Selection(
        selection=lambda self: (
            self.env["account.collection.return"]
            ._fields["freight_payer"]
            ._description_selection(self.env)
        ),
        string="Freight Paid By",
        default="customer",
        required=True,
    )
    freight_amount = fields.Monetary(
        string="Freight to Settle",
        help="What one side has advanced for the other, taxes included: credited to "
        "the customer if we pay, taken off the credit if the customer does. Zero if "
        "each pays the carrier directly.",
    )
    date_deadline = fields.Date(
        string="To Arrive By",
        compute="_compute_date_deadline",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )
    note = fields.Text(string="Why")
    packing = fields.Text(string="What to Pack")
    amount_owed = fields.Monetary(string="Left to Pay", compute="_compute_effect")
    amount_goods = fields.Monetary(string="At Invoice Price", compute="_compute_effect")
    amount_restocking = fields.Monetary(
        string="Restocking Fee", compute="_compute_effect"
    )
    amount = fields.Monetary(
        string="Credit Note",
        compute="_compute_effect",
        help="Goods less the restocking fee, and the freight; taxes included.",
    )
    amount_off = fields.Monetary(
        string="Taken Off the Debt",
        compute="_compute_effect",
        help="What the credit note takes off these invoices.",
    )
    amount_after = fields.Monetary(
        string="Left to Pay After It", compute="_compute_effect"
    )
    amount_surplus = fields.Monetary(
        string="Credit Left to the Customer",
        compute="_compute_effect",
        help="What is credited beyond what is left to pay of these invoices.",
    )

    # === COMPUTE METHODS === #

    @api.depends("line_ids")
    def _compute_return_line_ids(self):
        for wizard in self:
            goods = wizard.line_ids.move_id._origin.filtered(
                lambda move: move.move_type == "out_invoice"
            ).invoice_line_ids.filtered(
                lambda line: (
                    line.display_type == "product"
                    and line.quantity > 0
                    and line.price_subtotal >= 0
                )
            )
            available = goods._get_returnable_quantities()
            wizard.return_line_ids = [Command.clear()] + [
                Command.create({"invoice_line_id": line.id, "quantity": 0})
                for line in goods
                if available[line] > 0
            ]

    @api.depends("company_id")
    def _compute_date_deadline(self):
        for wizard in self:
            wizard.date_deadline = wizard._new_resolution()._get_default_deadline()

    @api.depends(
        "line_ids", "return_line_ids.amount", "freight_payer", "freight_amount"
    )
    def _compute_effect(self):
        for wizard in self:
            rows = wizard.return_line_ids
            moves = wizard.line_ids.move_id._origin
            draft = wizard._new_resolution(freight_payer=wizard.freight_payer)
            by_move = {
                move: sum(of_move.mapped("amount"))
                for move, of_move in rows.grouped("move_id").items()
            }
            shares = draft._get_freight_shares(by_move, wizard.freight_amount)
            for move, freight in shares.items():
                by_move[move] = draft._add_freight(by_move[move], freight)
            wizard.amount_owed = sum(moves.mapped("amount_residual"))
            wizard.amount_restocking = sum(rows.mapped("amount_restocking"))
            wizard.amount_goods = sum(rows.mapped("amount")) + wizard.amount_restocking
            wizard.amount = sum(by_move.values())
            wizard.amount_off = sum(
                min(max(amount, 0), move.amount_residual)
                for move, amount in by_move.items()
            )
            wizard.amount_after = wizard.amount_owed - wizard.amount_off
            wizard.amount_surplus = wizard.amount - wizard.amount_off

    # === ACTION METHODS === #

    def action_request(self):
        """Note that the customer asks for the return.

        :return: an action that opens it
        :rtype: dict
        :raise UserError: when nothing is chosen, or more than can come back
        """
        one = self._create_resolution()
        one.action_confirm()
        return one._get_records_action()

    def action_authorize(self):
        """Let the customer send the goods at once.

        :return: an action that opens the return
        :rtype: dict
        :raise UserError: when nothing is chosen, or more than can come back
        """
        one = self._create_resolution()
        one.action_confirm()
        one.action_authorize()
        return one._get_records_action()

    # === BUSINESS METHODS === #

    def _create_resolution(self):
        if any(row.quantity < 0 for row in self.return_line_ids):
            raise UserError(
                self.env._("The quantity that comes back must be above zero.")
            )
        if not any(row.quantity for row in self.return_line_ids):
            raise UserError(
                self.env._("Enter the quantities of the goods that come back.")
            )
        return super()._create_resolution()

    def _prepare_resolution(self):
        values = super()._prepare_resolution()
        # The open items follow from the goods.
        del values["line_ids"]
        return {
            **values,
            "freight_payer": self.freight_payer,
            "freight_amount": self.freight_amount,
            "date_deadline": self.date_deadline,
            "note": self.note,
            "packing": self.packing,
            "return_line_ids": [
                Command.create(row._prepare_line())
                for row in self.return_line_ids
                if row.quantity
            ],
        }


class AccountCollectionReturnRequestLine(models.TransientModel):
    """A line of an invoice, and how much of it comes back."""

    _name = "account.collection.return.request.line"
    _description = "Goods to Take Back"
    _inherit = ["account.collection.return.valuation", "account.collection.dialog"]

    # === FIELDS === #

    wizard_id = fields.Many2one(
        "account.collection.return.request", required=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="wizard_id.currency_id")
    invoice_line_id = fields.Many2one("account.move.line", required=True)
    move_id = fields.Many2one(related="invoice_line_id.move_id", string="Invoice")
    product_uom_id = fields.Many2one(related="invoice_line_id.product_uom_id")
    name = fields.Char(string="Goods", compute="_compute_from_invoice")
    quantity_available = fields.Float(
        string="Can Come Back",
        digits="Product Unit",
        compute="_compute_from_invoice",
        help="Invoiced, and neither credited nor being returned.",
    )
    quantity = fields.Float(string="Comes Back", digits="Product Unit")
    condition = fields.Selection(
        selection=lambda self: (
            self.env["account.collection.return.line"]
            ._fields["condition"]
            ._description_selection(self.env)
        ),
        default="new",
        required=True,
    )
    restocking_percent = fields.Float(
        string="Restocking Fee (%)",
        # It is the same for everybody, even if they see one branch only.
        default=lambda self: (
            self.env.company.root_id.sudo().collection_restocking_percent
        ),
    )
    amount = fields.Monetary(string="Credit", compute="_compute_amount")
    amount_restocking = fields.Monetary(
        string="Restocking Fee", compute="_compute_amount"
    )

    # === COMPUTE METHODS === #

    @api.depends("invoice_line_id")
    def _compute_from_invoice(self):
        available = self.invoice_line_id._origin._get_returnable_quantities()
        for row in self:
            line = row.invoice_line_id._origin
            row.name = row._get_goods_name(line)
            row.quantity_available = available.get(line, 0)

    @api.depends("invoice_line_id", "quantity", "restocking_percent")
    def _compute_amount(self):
        for row in self:
            row.amount, row.amount_restocking = row._get_credit_totals(
                row.invoice_line_id._origin, row.quantity, row.restocking_percent
            )

    # === HELPERS === #

    def _prepare_line(self):
        """Prepare the line of the return.

        :return: values of an `account.collection.return.line`
        :rtype: dict
        """
        return {
            "invoice_line_id": self.invoice_line_id.id,
            "quantity": self.quantity,
            "condition": self.condition,
            "restocking_percent": self.restocking_percent,
        }
