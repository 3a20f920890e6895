from odoo import models


class AccountCollectionCase(models.Model):
    _name = "account.collection.case"
    _inherit = ["account.collection.case"]

    # === ACTION METHODS === #

    def action_dispute(self):
        """Open the form that registers a dispute of the customer.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Dispute"),
            "res_model": "account.collection.dispute",
            "view_mode": "form",
            "context": {
                "default_partner_id": self.partner_id.id,
                "default_company_id": self.company_id.id,
                "default_currency_id": self.item_ids[:1].currency_id.id
                or self.currency_id.id,
                "default_user_id": (self.user_id or self.env.user).id,
            },
        }
