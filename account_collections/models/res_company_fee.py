from odoo import fields, models
from odoo.exceptions import UserError


class ResCompany(models.Model):
    _name = "res.company"
    _inherit = ["res.company"]

    # === FIELDS === #

    collection_fee_product_id = fields.Many2one(
        "product.product",
        string="Late Fee Product",
        domain=[("sale_ok", "=", True)],
        help="Billed by the invoices for late payment: its account and its taxes are "
        "theirs. Interest for late payment is no consideration for a supply, so the "
        "product made for you has no tax; ask your tax adviser.",
    )
    collection_fee_journal_id = fields.Many2one(
        "account.journal",
        string="Late Fee Journal",
        domain=[("type", "=", "sale")],
        help="Leave empty to use the journal of the late invoice.",
    )

    # === BUSINESS METHODS === #

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
