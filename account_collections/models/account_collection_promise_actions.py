"""From where a promise to pay is taken."""

from odoo import models
from odoo.exceptions import UserError


class AccountCollectionCase(models.Model):
    _name = "account.collection.case"
    _inherit = ["account.collection.case"]

    # === ACTION METHODS === #

    def action_promise(self):
        """Open the form that takes a promise to pay what the customer owes.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        return self._prepare_wizard_action(
            "account.collection.promise.take", self.env._("Promise to Pay")
        )


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move"]

    # === ACTION METHODS === #

    def action_promise(self):
        """Open the form that takes a promise to pay these invoices.

        :return: a window action
        :rtype: dict
        :raise UserError: when nothing is left to pay of them, or they differ in
            customer, company or currency
        """
        return self.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        ).action_promise()


class AccountMoveLine(models.Model):
    _name = "account.move.line"
    _inherit = ["account.move.line"]

    # === ACTION METHODS === #

    def action_promise(self):
        """Open the form that takes a promise to pay these open items.

        :return: a window action
        :rtype: dict
        :raise UserError: when nothing is left to pay of them, or they differ in
            customer, company or currency
        """
        lines = self.filtered(
            lambda line: (
                line.account_id.account_type == "asset_receivable"
                and line.parent_state == "posted"
                and line.amount_residual_currency > 0
            )
        )
        if not lines:
            raise UserError(
                self.env._("Nothing is left to pay, so there is nothing to promise.")
            )
        if (
            len(lines.partner_id.commercial_partner_id) > 1
            or len(lines.company_id.root_id) > 1
            or len(lines.currency_id) > 1
        ):
            raise UserError(
                self.env._(
                    "A promise is about open items of one customer, company and "
                    "currency. Take one for each."
                )
            )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Promise to Pay"),
            "res_model": "account.collection.promise.take",
            "view_mode": "form",
            "target": "new",
            "context": {"default_line_ids": lines.ids},
        }
