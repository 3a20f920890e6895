from odoo import api, fields, models
from odoo.tools import SQL


class AccountCollectionBarterIncome(models.Model):
    """What each customer earned by barter, as a tax office wants to know it by year:
    one row for everything that was accepted and billed.

    Money of the company, so that it can be added up; the day is that of the bill.
    """

    _name = "account.collection.barter.income"
    _description = "Barter Income"
    _auto = False
    _order = "date desc, id desc"
    _depends = {
        "account.collection.barter": ["bill_id", "state", "company_id", "partner_id"],
        "account.move": ["state", "invoice_date", "amount_total_signed"],
        "account.move.line": [
            "move_id",
            "display_type",
            "balance",
            "amount_currency",
            "price_total",
            "quantity",
            "product_id",
            "account_id",
            "currency_id",
            "name",
        ],
        "res.partner": ["vat"],
    }

    # === FIELDS === #

    barter_id = fields.Many2one("account.collection.barter", readonly=True)
    move_id = fields.Many2one("account.move", string="Vendor Bill", readonly=True)
    date = fields.Date(readonly=True, help="The day on which it was settled.")
    year = fields.Char(readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    vat = fields.Char(string="Tax ID", readonly=True)
    country_id = fields.Many2one("res.country", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    product_id = fields.Many2one("product.product", readonly=True)
    name = fields.Char(string="Description", readonly=True)
    account_id = fields.Many2one(
        "account.account", string="Expense Account", readonly=True
    )
    value_basis = fields.Selection(
        selection=lambda self: (
            self.env["account.collection.barter"]
            ._fields["value_basis"]
            ._description_selection(self.env)
        ),
        string="Value Established By",
        readonly=True,
    )
    quantity = fields.Float(digits="Product Unit", readonly=True, aggregator=None)
    company_currency_id = fields.Many2one("res.currency", readonly=True)
    amount_untaxed = fields.Monetary(
        string="Value",
        currency_field="company_currency_id",
        readonly=True,
        help="What was accepted is worth, without taxes, in the company's currency.",
    )
    amount_total = fields.Monetary(
        string="Value with Taxes",
        currency_field="company_currency_id",
        readonly=True,
    )
    currency_id = fields.Many2one("res.currency", readonly=True)
    amount_currency = fields.Monetary(
        string="Value in Currency",
        readonly=True,
        help="The value without taxes, in the currency of the barter.",
    )

    # === COMPUTE METHODS === #

    @api.depends("name", "partner_id")
    def _compute_display_name(self):
        for income in self:
            income.display_name = f"{income.partner_id.display_name}: {income.name}"

    # === ACTION METHODS === #

    def action_open(self):
        """Open the barter.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        return self.barter_id._get_records_action()

    # === HELPERS === #

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT line.id, barter.id AS barter_id, bill.id AS move_id,
                   bill.invoice_date AS date,
                   EXTRACT(year FROM bill.invoice_date)::integer::varchar AS year,
                   barter.partner_id, partner.vat, partner.country_id,
                   barter.company_id, line.product_id, line.name, line.account_id,
                   barter.value_basis, line.quantity,
                   company.currency_id AS company_currency_id,
                   line.balance AS amount_untaxed,
                   ROUND(line.total * line.running / line.whole,
                         currency.decimal_places)
                   - ROUND(line.total * (line.running - line.price_total) / line.whole,
                           currency.decimal_places) AS amount_total,
                   line.currency_id, line.amount_currency
              FROM account_collection_barter barter
              JOIN account_move bill ON bill.id = barter.bill_id
              JOIN (%s) line ON line.move_id = bill.id
              JOIN res_partner partner ON partner.id = barter.partner_id
              JOIN res_company company ON company.id = barter.company_id
              JOIN res_currency currency ON currency.id = company.currency_id
             WHERE barter.state = 'settled' AND bill.state = 'posted'
            """,
            self._get_line_query(),
        )

    def _get_line_query(self):
        """Share out the total of each bill among its lines, so that they add up to it
        however taxes are rounded: each gets what the running total grows by."""
        return SQL(
            """
            SELECT item.*, -move.amount_total_signed AS total,
                   SUM(item.price_total) OVER (
                       PARTITION BY item.move_id ORDER BY item.id
                   ) AS running,
                   SUM(item.price_total) OVER (PARTITION BY item.move_id) AS whole
              FROM account_move_line item
              JOIN account_move move ON move.id = item.move_id
             WHERE item.display_type = 'product'
               AND item.move_id IN (SELECT bill_id FROM account_collection_barter)
            """
        )
