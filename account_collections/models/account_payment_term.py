from odoo import api, fields, models


class AccountPaymentTerm(models.Model):
    _inherit = "account.payment.term"

    # === FIELDS === #

    collection_has_fee = fields.Boolean(
        string="Includes Late Fees",
        groups="account_collections.group_collection_own",
        help="Invoices under these terms are charged the late fees of the collection "
        "policy when they are paid late.",
    )
    collection_fee_start = fields.Date(
        string="Late Fees Since",
        groups="account_collections.group_collection_own",
        help="Only invoices dated on this day or later are charged: the terms did not "
        "include late fees before.",
    )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._complete_fee_start(vals)
        return super().create(vals_list)

    def write(self, vals):
        if vals.get("collection_has_fee"):
            agreed = self.filtered("collection_has_fee")
            if agreed and agreed != self:
                agreed.write(vals)
                return (self - agreed).write(vals)
            if not agreed:
                vals = dict(vals)
                self._complete_fee_start(vals)
        return super().write(vals)

    # === HELPERS === #

    @api.model
    def _complete_fee_start(self, vals):
        """Terms include late fees from the day on which somebody says so, unless a
        day is given."""
        if vals.get("collection_has_fee") and not vals.get("collection_fee_start"):
            vals["collection_fee_start"] = self.env.company._get_collection_day()
