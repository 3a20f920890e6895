from odoo import models


class AccountCollectionCase(models.Model):
    _name = "account.collection.case"
    _inherit = ["account.collection.case"]

    # === ACTION METHODS === #

    def action_dispute(self):
        """Open the form that registers a dispute of the customer, about what is overdue
        until some of it is taken off.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        items = self._get_proposed_items()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Dispute"),
            "res_model": "account.collection.dispute",
            "view_mode": "form",
            "context": {
                "default_partner_id": self.partner_id.id,
                "default_company_id": self.company_id.id,
                "default_currency_id": (items.currency_id or self.currency_id).id,
                "default_line_ids": items.ids,
                "default_user_id": (self.user_id or self.env.user).id,
            },
        }
