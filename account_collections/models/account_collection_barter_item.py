from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Command

# The accounts of customers, suppliers and money, and those off the balance sheet.
NO_EXPENSE = (
    "asset_receivable",
    "liability_payable",
    "asset_cash",
    "liability_credit_card",
    "off_balance",
)


class AccountCollectionBarterItem(models.AbstractModel):
    """One thing that a customer gives instead of money: goods, a referral, some days
    of work. It is bought from the customer, so it has what a line of a bill has.
    """

    _name = "account.collection.barter.item"
    _description = "Given in Barter"
    _inherit = ["account.collection.numeric"]
    _order = "sequence, id"

    # === FIELDS === #

    sequence = fields.Integer(default=10)
    company_id = fields.Many2one("res.company")
    currency_id = fields.Many2one("res.currency")
    partner_id = fields.Many2one("res.partner")
    product_id = fields.Many2one(
        "product.product", check_company=True, ondelete="restrict"
    )
    name = fields.Char(
        string="Description",
        compute="_compute_name",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )
    quantity = fields.Float(default=1, digits="Product Unit", required=True)
    price_unit = fields.Float(
        string="Unit Value",
        compute="_compute_price_unit",
        store=True,
        readonly=False,
        precompute=True,
        digits="Product Price",
        help="What one of it is worth, as agreed with the customer.",
    )
    tax_ids = fields.Many2many(
        "account.tax",
        string="Purchase Taxes",
        compute="_compute_tax_ids",
        store=True,
        readonly=False,
        precompute=True,
        domain=[("type_tax_use", "=", "purchase")],
        check_company=True,
    )
    account_id = fields.Many2one(
        "account.account",
        string="Expense Account",
        compute="_compute_account_id",
        store=True,
        readonly=False,
        precompute=True,
        check_company=True,
        domain=[("account_type", "not in", NO_EXPENSE)],
        ondelete="restrict",
        help="Where it is booked: that of the product, else of its category, else the "
        "usual one of the company.",
    )
    amount_untaxed = fields.Monetary(string="Value", compute="_compute_amounts")
    amount_total = fields.Monetary(
        string="Value with Taxes", compute="_compute_amounts"
    )

    # === CONSTRAINT METHODS === #

    @api.constrains("quantity", "price_unit")
    def _check_value(self):
        for item in self:
            if item.quantity <= 0 or item.price_unit <= 0:
                raise ValidationError(
                    self.env._(
                        "%s needs a quantity and a unit value greater than zero. "
                        "Remove it if it is not part of the barter.",
                        item.name,
                    )
                )

    @api.constrains("tax_ids", "account_id")
    def _check_booking(self):
        for item in self:
            if others := item.tax_ids.filtered(
                lambda tax: tax.type_tax_use != "purchase"
            ):
                raise ValidationError(
                    self.env._(
                        "%(taxes)s: no taxes on purchases. Choose those that the bill "
                        "of %(item)s has.",
                        taxes=", ".join(others.mapped("name")),
                        item=item.name,
                    )
                )
            if item.account_id.account_type in NO_EXPENSE:
                raise ValidationError(
                    self.env._(
                        "%(account)s is no account for expenses. Choose where "
                        "%(item)s is booked.",
                        account=item.account_id.display_name,
                        item=item.name,
                    )
                )

    # === COMPUTE METHODS === #

    @api.depends("product_id")
    def _compute_name(self):
        for item in self:
            if item.product_id:
                item.name = item.product_id.with_context(
                    lang=item.partner_id.lang
                ).display_name
            else:
                item.name = item.name or False

    @api.depends("product_id")
    def _compute_price_unit(self):
        for item in self:
            if not item.product_id:
                item.price_unit = item.price_unit
                continue
            company = item.company_id or self.env.company
            item.price_unit = company.currency_id._convert(
                item.product_id.with_company(company).standard_price,
                item.currency_id or company.currency_id,
                company,
                company._get_collection_day(),
                round=False,
            )

    @api.depends("product_id", "company_id")
    def _compute_account_id(self):
        for item in self:
            company = item.company_id or self.env.company
            template = item.product_id.with_company(company).product_tmpl_id
            accounts = template.get_product_accounts(item._get_fiscal_position())
            journal = company._get_collection_purchase_journal()
            item.account_id = (
                accounts["expense"]
                or journal.default_account_id
                or company.expense_account_id
            )

    @api.depends("product_id", "account_id")
    def _compute_tax_ids(self):
        for item in self:
            company = item.company_id or self.env.company
            usual = (
                item.product_id.supplier_taxes_id
                or item.account_id.tax_ids
                or company.account_purchase_tax_id
            )
            taxes = usual.filtered(
                lambda tax: tax.type_tax_use == "purchase"
            )._filter_taxes_by_company(company)
            item.tax_ids = item._get_fiscal_position().map_tax(taxes)

    @api.depends("quantity", "price_unit", "tax_ids", "currency_id")
    def _compute_amounts(self):
        for item in self:
            item.amount_untaxed, item.amount_total = item._get_totals(
                {item: item.quantity}
            )

    # === HELPERS === #

    def _get_fiscal_position(self):
        """How the taxes and accounts of purchases change with this customer."""
        company = self.company_id or self.env.company
        return (
            self.env["account.fiscal.position"]
            .with_company(company)
            ._get_fiscal_position(self.partner_id)
        )

    def _get_totals(self, quantities):
        """Value some quantities as a bill of them would.

        :param dict quantities: the quantity of each item
        :return: what they are worth without and with taxes, in the currency agreed
        :rtype: tuple[float, float]
        """
        company = self.company_id[:1] or self.env.company
        currency = self.currency_id[:1] or company.currency_id
        taxes = self.env["account.tax"]
        base_lines = [
            taxes._prepare_base_line_for_taxes_computation(
                item,
                tax_ids=item.tax_ids,
                quantity=quantity,
                currency_id=currency,
                rate=1,
            )
            for item, quantity in quantities.items()
            if quantity
        ]
        if not base_lines:
            return 0.0, 0.0
        taxes._add_tax_details_in_base_lines(base_lines, company)
        taxes._round_base_lines_tax_details(base_lines, company)
        totals = taxes._get_tax_totals_summary(base_lines, currency, company)
        return totals["base_amount_currency"], totals["total_amount_currency"]

    def _prepare_item(self):
        """Prepare the same item for another document.

        :return: values of the fields of this model
        :rtype: dict
        """
        self.ensure_one()
        return {
            "sequence": self.sequence,
            "product_id": self.product_id.id,
            "name": self.name,
            "quantity": self.quantity,
            "price_unit": self.price_unit,
            "tax_ids": [Command.set(self.tax_ids.ids)],
            "account_id": self.account_id.id,
        }
