from odoo import models


class AccountCollectionPlan(models.Model):
    """Payments that are registered from the plan."""

    _name = "account.collection.plan"
    _inherit = ["account.collection.plan"]

    # === ACTION METHODS === #

    def action_register_payment(self):
        """Register what is late or, if nothing is, the next installment.

        :return: the action of Odoo's own form
        :rtype: dict
        :raise UserError: when nothing is open
        """
        self.ensure_one()
        following = next(iter(self._get_amounts_left().values()), 0)
        return self._prepare_payment_action(self.amount_arrears or following)
