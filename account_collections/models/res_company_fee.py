from odoo import fields, models
from odoo.exceptions import UserError


class ResCompany(models.Model):
    _name = "res.company"
    _inherit = ["res.company"]

    # The accounts for interest from customers in some charts, by what the charts call
    # them.
    _fee_accounts = {
        "de_skr03": "account_2650",
        "de_skr04": "chart_skr04_7110",
        "fr": "pcg_7631",
    }

    # === FIELDS === #

    collection_fee_product_id = fields.Many2one(
        "product.product",
        string="Late Fee Product",
        domain=[("sale_ok", "=", True)],
        groups="account_collections.group_collection_own",
        help="Billed by the invoices for late payment: its taxes are theirs. Interest "
        "for late payment is no consideration for a supply, so the product made for "
        "you has no tax; ask your tax adviser.",
    )
    collection_fee_account_id = fields.Many2one(
        "account.account",
        string="Late Fee Income",
        check_company=True,
        domain=[("account_type", "in", ("income", "income_other"))],
        groups="account_collections.group_collection_own",
        help="Where late fees are booked, unless the product has an income account of "
        "its own.",
    )
    collection_fee_journal_id = fields.Many2one(
        "account.journal",
        string="Late Fee Journal",
        domain=[("type", "=", "sale")],
        groups="account_collections.group_collection_own",
        help="Leave empty to use the journal of the late invoice.",
    )

    # === BUSINESS METHODS === #

    def _set_default_collection_accounts(self):
        result = super()._set_default_collection_accounts()
        # Whoever loads a chart need not be allowed to see the settings.
        for company in self.sudo().filtered("chart_template"):
            if not company.collection_fee_account_id:
                company.collection_fee_account_id = company._find_fee_account()
        return result

    def _get_collection_fee_account(self, product):
        """Where late fees are booked.

        :param product: the fee product (`product.product`)
        :return: the account (`account.account`); none if the product has one of its
            own, or nothing fits: then its category or the journal decides
        """
        self.ensure_one()
        # Whoever charges a fee need not be allowed to see how products are booked.
        if product.sudo().with_company(self).property_account_income_id:
            return self.env["account.account"]
        root = self.root_id.sudo()
        if not root.collection_fee_account_id:
            root._set_default_collection_accounts()
        return root.collection_fee_account_id.sudo(self.env.su)

    def _get_collection_fee_journal(self):
        """The journal of fee invoices: that of the branch, else of the main company.

        :return: an `account.journal`; none where that of the late invoice is used
        """
        self.ensure_one()
        # Whoever charges a fee need not be allowed to see the settings.
        company = self.sudo()
        journal = company.collection_fee_journal_id
        return (journal or company.root_id.collection_fee_journal_id).sudo(self.env.su)

    def _get_collection_fee_product(self):
        """The product that fee invoices bill; made when there is none yet.

        :return: a `product.product`
        """
        self.ensure_one()
        root = self.root_id.sudo()
        if not root.collection_fee_product_id:
            # Whoever charges a fee need not be allowed to set up products.
            root.collection_fee_product_id = (
                self.env["product.product"]
                .sudo()
                .with_company(root)
                .create(root._prepare_collection_fee_product())
            )
        product = root.collection_fee_product_id
        if not product.active:
            raise UserError(
                self.env._(
                    "The late fee product %s is archived. Choose another one in the "
                    "settings.",
                    product.display_name,
                )
            )
        return product.sudo(self.env.su)

    def _prepare_collection_fee_product(self):
        """Prepare the product that fee invoices bill: a service without tax.

        :return: values of a `product.product`
        :rtype: dict
        """
        return {
            "name": self.env._("Late payment fee"),
            "type": "service",
            "company_id": self.id,
            "sale_ok": True,
            "purchase_ok": False,
            "list_price": 0,
            "taxes_id": [fields.Command.clear()],
            "supplier_taxes_id": [fields.Command.clear()],
        }

    # === HELPERS === #

    def _find_fee_account(self):
        """The account for interest, or else for other income, that the chart has,
        without taxes of its own: not that of the sales."""
        chart = self.env["account.chart.template"].with_company(self)
        name = self._fee_accounts.get(self.chart_template)
        if account := name and chart.ref(name, raise_if_not_found=False):
            return account
        accounts = self.env["account.account"].with_company(self)
        accounts = accounts.with_context(lang="en_US")
        for account_type, words in (
            ("income_other", "interest"),
            ("income", "interest income"),
            ("income_other", "other income"),
        ):
            if account := accounts.search(
                [
                    *accounts._check_company_domain(self),
                    ("account_type", "=", account_type),
                    ("name", "ilike", words),
                    ("tax_ids", "=", False),
                ],
                limit=1,
            ):
                return account
        return accounts
