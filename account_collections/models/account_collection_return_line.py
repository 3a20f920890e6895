from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import float_compare, float_is_zero

from ..tools.locking import take_turns
from ..tools.number import format_number

CONDITIONS = [
    ("new", "New, unopened"),
    ("opened", "Opened"),
    ("used", "Used"),
    ("damaged", "Damaged"),
    ("defective", "Defective"),
    ("wrong", "Wrong item"),
]

# The states in which goods of an invoice are asked for, on their way, or here.
GOING_ON = ("requested", "authorized", "received")
# What follows from the goods.
VALUED = {"amount", "amount_restocking", "removed_name"}
# What follows from the receipt.
RECEIVED = {
    "quantity_accepted",
    "quantity_refused",
    "refusal_reason",
    "amount_accepted",
    "amount_reduced",
    "quantity_before",
}


class AccountCollectionReturnLine(models.Model):
    """One line of an invoice of which something comes back."""

    _name = "account.collection.return.line"
    _description = "Returned Goods"
    _inherit = ["account.collection.return.valuation"]
    _order = "return_id, move_id, id"
    _check_company_auto = True

    # === FIELDS === #

    return_id = fields.Many2one(
        "account.collection.return", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="return_id.company_id", store=True)
    currency_id = fields.Many2one(related="return_id.currency_id")
    state = fields.Selection(related="return_id.state")
    invoice_line_id = fields.Many2one(
        "account.move.line",
        ondelete="set null",
        index=True,
        help="Empty once the line was removed from the invoice.",
    )
    move_id = fields.Many2one(
        related="invoice_line_id.move_id", string="Invoice", store=True
    )
    product_id = fields.Many2one(related="invoice_line_id.product_id")
    product_uom_id = fields.Many2one(related="invoice_line_id.product_uom_id")
    name = fields.Char(string="Goods", compute="_compute_name")
    removed_name = fields.Char(
        readonly=True,
        copy=False,
        help="What the goods were called that were removed from the invoice.",
    )
    quantity = fields.Float(digits="Product Unit", default=1, required=True)
    condition = fields.Selection(CONDITIONS, default="new", required=True)
    restocking_percent = fields.Float(
        string="Restocking Fee (%)",
        # It is the same for everybody, even if they see one branch only.
        default=lambda self: (
            self.env.company.root_id.sudo().collection_restocking_percent
        ),
        help="What is kept of the price, in percent.",
    )
    amount = fields.Monetary(
        string="Credit",
        compute="_compute_amount",
        store=True,
        help="What is credited for it, taxes included, less the restocking fee.",
    )
    amount_restocking = fields.Monetary(
        string="Restocking Fee", compute="_compute_amount", store=True
    )
    quantity_accepted = fields.Float(
        string="Accepted", digits="Product Unit", readonly=True, copy=False
    )
    quantity_refused = fields.Float(
        string="Refused", digits="Product Unit", readonly=True, copy=False
    )
    refusal_reason = fields.Char(string="Why Refused", readonly=True, copy=False)
    amount_accepted = fields.Monetary(
        string="Credit Accepted", readonly=True, copy=False
    )
    amount_reduced = fields.Monetary(
        string="Credited Without Goods",
        readonly=True,
        copy=False,
        help="Their share of what had been credited before without goods coming back.",
    )
    quantity_before = fields.Float(
        string="Credited Before",
        digits="Product Unit",
        readonly=True,
        copy=False,
        help="How much of the invoice line had been credited before this return.",
    )

    # === CONSTRAINT METHODS === #

    _quantity_positive = models.Constraint(
        "CHECK (quantity > 0)", "The quantity that comes back must be above zero."
    )
    _restocking_range = models.Constraint(
        "CHECK (restocking_percent >= 0 AND restocking_percent < 100)",
        "The restocking fee is a percentage from zero to below a hundred.",
    )
    _received_range = models.Constraint(
        "CHECK (quantity_accepted >= 0 AND quantity_refused >= 0)",
        "What was accepted or refused cannot be negative.",
    )
    _one_per_invoice_line = models.Constraint(
        "UNIQUE (return_id, invoice_line_id)",
        "Each line of an invoice is in a return once. Change its quantity instead.",
    )

    @api.constrains("invoice_line_id", "return_id")
    def _check_invoice_line(self):
        for line in self:
            move, one = line.move_id, line.return_id
            if line.invoice_line_id.display_type != "product" or (
                move.move_type != "out_invoice" or move.state != "posted"
            ):
                raise ValidationError(
                    self.env._(
                        "%s is no line of a posted customer invoice.",
                        line.invoice_line_id.display_name,
                    )
                )
            if line.invoice_line_id.price_subtotal < 0:
                raise ValidationError(
                    self.env._(
                        "%s is a discount: it comes back with the goods.",
                        line.invoice_line_id.display_name,
                    )
                )
            if move.commercial_partner_id != one.partner_id:
                raise ValidationError(
                    self.env._(
                        "%(invoice)s is not an invoice of %(customer)s.",
                        invoice=move.name,
                        customer=one.partner_id.display_name,
                    )
                )
            if move.company_id.root_id != one.company_id:
                raise ValidationError(
                    self.env._(
                        "%(invoice)s belongs to another company than %(company)s.",
                        invoice=move.name,
                        company=one.company_id.display_name,
                    )
                )
            if move.currency_id != one.currency_id:
                raise ValidationError(
                    self.env._(
                        "%(invoice)s is in %(currency)s. Make another return for it.",
                        invoice=move.name,
                        currency=move.currency_id.name,
                    )
                )

    # === COMPUTE METHODS === #

    @api.depends("invoice_line_id", "removed_name")
    def _compute_name(self):
        for line in self:
            goods = line.invoice_line_id
            line.name = line._get_goods_name(goods) if goods else line.removed_name

    @api.depends("invoice_line_id", "quantity", "restocking_percent")
    def _compute_amount(self):
        for line in self:
            if line.removed_name and not line.invoice_line_id:
                # What the goods were worth stays readable.
                line.amount = line.amount
                line.amount_restocking = line.amount_restocking
                continue
            line.amount, line.amount_restocking = line._get_credit_totals(
                line.invoice_line_id._origin, line.quantity, line.restocking_percent
            )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_not_found(vals)
        cleared = self.env["account.collection.return"]._without_defaults(
            RECEIVED | VALUED
        )
        lines = super(AccountCollectionReturnLine, self.with_env(cleared.env)).create(
            vals_list
        )
        lines._check_open()
        return lines

    def write(self, vals):
        if self.env.su and vals.keys() <= RECEIVED | VALUED:
            return super().write(vals)
        self._check_not_found(vals)
        # Neither what it leaves nor what it comes to may be requested.
        self._check_open()
        result = super().write(vals)
        self._check_open()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_requested(self):
        self._check_open()

    # === BUSINESS METHODS === #

    @api.model
    def _outlive(self, invoice_lines):
        """Let lines of invoices be removed that nothing comes back of: returns that
        have ended, and drafts, keep what the goods were called and worth.

        :param invoice_lines: the lines (`account.move.line`)
        :raise UserError: naming the return that needs one
        """
        goods = self.search([("invoice_line_id", "in", invoice_lines.ids)])
        for line in goods:
            if line.state in (*GOING_ON, "credited"):
                raise UserError(
                    self.env._(
                        "%(goods)s came back, or is to come back, with the return "
                        "%(name)s. Leave it on %(invoice)s.",
                        goods=line.name,
                        name=line.return_id.name,
                        invoice=line.move_id.display_name,
                    )
                )
            line.removed_name = line.name

    def _check_open(self):
        """Keep what was requested as it is."""
        self.return_id._check_terms_open()

    @api.model
    def _check_not_found(self, vals):
        """Keep what follows from the goods and their receipt from being written.

        :param dict vals: the values to be written
        :raise AccessError: when one of them is found, not entered
        """
        if not self.env.su and (RECEIVED | VALUED) & vals.keys():
            raise AccessError(
                self.env._(
                    "What has arrived, and what it is worth, follows from the receipt. "
                    'Use "Goods Received" instead.'
                )
            )

    def _check_available(self, field="quantity"):
        """See that no more comes back than was invoiced and not credited or returned.

        :param str field: the quantity that counts
        :raise UserError: naming the line and what is left of it
        """
        # Those who return the same goods at once do so one after the other.
        take_turns(self.invoice_line_id)
        available = self.invoice_line_id._get_returnable_quantities(self.return_id)
        for line in self:
            left = available[line.invoice_line_id]
            if line._compare_quantity(line[field], left) > 0:
                line._refuse_quantity(left)

    def _refuse_quantity(self, left):
        """Refuse more than can come back.

        :param float left: what can
        :raise UserError: naming the credit notes that were made in another way
        """
        self.ensure_one()
        credit_notes = self.move_id._get_other_credit_notes()
        values = {
            "left": format_number(self.env, max(left, 0)),
            "name": self.name,
            "invoice": self.move_id.name,
            "credits": ", ".join(credit_notes.mapped("display_name")),
        }
        if not credit_notes:
            raise UserError(
                self.env._(
                    "Only %(left)s of %(name)s (%(invoice)s) can still come back: the "
                    "rest was credited or is being returned. Reduce the quantity.",
                    **values,
                )
            )
        if self.state == "received":
            raise UserError(
                self.env._(
                    "Only %(left)s of %(name)s (%(invoice)s) is not credited yet: see "
                    "%(credits)s. If that is the credit note of the goods, post it and "
                    "use it for the return; otherwise correct the receipt.",
                    **values,
                )
            )
        raise UserError(
            self.env._(
                "Only %(left)s of %(name)s (%(invoice)s) can still come back: the rest "
                "was credited (%(credits)s) or is being returned. Reduce the quantity.",
                **values,
            )
        )

    def _set_received(self, accepted, refused, reason):
        """Note what has arrived of it.

        :param float accepted: the quantity accepted, in the unit of the invoice
        :param float refused: the quantity refused
        :param str reason: why, in words for the customer
        :raise UserError: when more has arrived than was agreed, or no reason is given
        """
        self.ensure_one()
        if accepted < 0 or refused < 0:
            raise UserError(
                self.env._("What was accepted or refused cannot be negative.")
            )
        if self._compare_quantity(accepted + refused, self.quantity) > 0:
            raise UserError(
                self.env._(
                    "%(quantity)s of %(name)s were to come back: accepted and refused "
                    "together cannot be more.",
                    quantity=format_number(self.env, self.quantity),
                    name=self.name,
                )
            )
        if not self._is_zero(refused) and not (reason or "").strip():
            raise UserError(self.env._("Say why %s is refused.", self.name))
        # Written by the receipt alone.
        self.sudo().write(
            {
                "quantity_accepted": accepted,
                "quantity_refused": refused,
                "refusal_reason": reason if refused else False,
            }
        )
        self._value_accepted()

    def _value_accepted(self):
        """Value what was accepted, after what has been credited by now."""
        before = self.invoice_line_id._get_credited_quantities()
        # Written by the receipt and the credit note alone.
        for line in self.sudo():
            credited = before[line.invoice_line_id]
            values = {"quantity_before": credited, "amount_reduced": 0.0}
            if not line._is_zero(line.quantity_accepted):
                parts = line._get_credit_parts(
                    line.invoice_line_id,
                    line.quantity_accepted,
                    line.restocking_percent,
                    credited,
                )
                values["amount_reduced"] = -line._get_total(parts["reduction"])
                values["amount_accepted"] = line.currency_id.round(
                    sum(line._get_total(part) for part in parts.values())
                )
            else:
                values["amount_accepted"] = 0.0
            line.write(values)

    # === HELPERS === #

    def _compare_quantity(self, one, other):
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        return float_compare(one, other, precision_digits=digits)

    def _is_zero(self, quantity):
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        return float_is_zero(quantity, precision_digits=digits)
