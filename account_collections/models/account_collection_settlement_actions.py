"""From where a settlement is offered."""

from odoo import models


class AccountCollectionCase(models.Model):
    _name = "account.collection.case"
    _inherit = ["account.collection.case"]

    # === ACTION METHODS === #

    def action_offer_settlement(self):
        """Open the form that offers a settlement of what the customer owes.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        return self._prepare_wizard_action(
            "account.collection.settlement.offer",
            self.env._("Settlement"),
            default_case_id=self.id,
        )


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move"]

    # === ACTION METHODS === #

    def action_offer_settlement(self):
        """Open the form that offers a settlement of these invoices.

        :return: a window action
        :rtype: dict
        :raise UserError: when nothing is left to pay of them, or they differ in
            customer, company or currency
        """
        return self.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        ).action_offer_settlement()


class AccountMoveLine(models.Model):
    _name = "account.move.line"
    _inherit = ["account.move.line"]

    # === ACTION METHODS === #

    def action_offer_settlement(self):
        """Open the form that offers a settlement of these open items.

        :return: a window action
        :rtype: dict
        :raise UserError: when nothing is left to pay of them, or they differ in
            customer, company or currency
        """
        return self._prepare_agreement_action(
            "account.collection.settlement.offer", self.env._("Settlement")
        )
