from odoo import fields, models


class ResCompany(models.Model):
    _name = "res.company"
    _inherit = ["res.company"]

    # === FIELDS === #

    collection_return_days = fields.Integer(
        string="Days for a Return",
        default=14,
        groups="account_collections.group_collection_own",
        help="How long returned goods are awaited, and their value is held.",
    )
    collection_restocking_percent = fields.Float(
        string="Restocking Fee (%)",
        groups="account_collections.group_collection_own",
        help="What is usually kept of the price of returned goods, in percent.",
    )
    collection_return_address_id = fields.Many2one(
        "res.partner",
        string="Address for Returns",
        groups="account_collections.group_collection_own",
        help="Where customers send goods; the address of the company by default.",
    )
    collection_restocking_account_id = fields.Many2one(
        "account.account",
        string="Restocking Account",
        check_company=True,
        domain=[("account_type", "in", ("income", "income_other"))],
        groups="account_collections.group_collection_own",
        help="Where restocking fees are booked; by default, the account of the goods.",
    )
    collection_freight_account_id = fields.Many2one(
        "account.account",
        string="Freight Account",
        check_company=True,
        domain=[
            (
                "account_type",
                "in",
                ("income", "income_other", "expense", "expense_direct_cost"),
            )
        ],
        groups="account_collections.group_collection_own",
        help="Where the freight of returns is booked; by default, the account of the "
        "goods.",
    )

    # === CONSTRAINT METHODS === #

    _collection_return_days_positive = models.Constraint(
        "CHECK (collection_return_days >= 0)",
        "The days for a return cannot be negative.",
    )
    _collection_restocking_range = models.Constraint(
        "CHECK (collection_restocking_percent >= 0"
        " AND collection_restocking_percent < 100)",
        "The restocking fee is a percentage from zero to below a hundred.",
    )
