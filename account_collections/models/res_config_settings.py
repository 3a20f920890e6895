from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    # === FIELDS === #

    collection_policy_id = fields.Many2one(
        related="company_id.collection_policy_id",
        readonly=False,
        check_company=True,
    )
    collection_is_automatic = fields.Boolean(
        related="company_id.collection_is_automatic", readonly=False
    )
    collection_fee_product_id = fields.Many2one(
        related="company_id.collection_fee_product_id", readonly=False
    )
    collection_fee_account_id = fields.Many2one(
        related="company_id.collection_fee_account_id",
        readonly=False,
        check_company=True,
    )
    collection_fee_journal_id = fields.Many2one(
        related="company_id.collection_fee_journal_id", readonly=False
    )
    collection_offer_days = fields.Integer(
        related="company_id.collection_offer_days", readonly=False
    )
    collection_bad_debt_account_id = fields.Many2one(
        related="company_id.collection_bad_debt_account_id",
        readonly=False,
        check_company=True,
    )
    collection_write_off_journal_id = fields.Many2one(
        related="company_id.collection_write_off_journal_id",
        readonly=False,
        check_company=True,
    )
    collection_concession_account_id = fields.Many2one(
        related="company_id.collection_concession_account_id",
        readonly=False,
        check_company=True,
    )
    collection_barter_account_id = fields.Many2one(
        related="company_id.collection_barter_account_id",
        readonly=False,
        check_company=True,
    )
    collection_barter_journal_id = fields.Many2one(
        related="company_id.collection_barter_journal_id",
        readonly=False,
        check_company=True,
    )
    collection_return_days = fields.Integer(
        related="company_id.collection_return_days", readonly=False
    )
    collection_restocking_percent = fields.Float(
        related="company_id.collection_restocking_percent", readonly=False
    )
    collection_return_address_id = fields.Many2one(
        related="company_id.collection_return_address_id", readonly=False
    )
    collection_restocking_account_id = fields.Many2one(
        related="company_id.collection_restocking_account_id",
        readonly=False,
        check_company=True,
    )
    collection_freight_account_id = fields.Many2one(
        related="company_id.collection_freight_account_id",
        readonly=False,
        check_company=True,
    )
