"""From where a return is made."""

from odoo import models
from odoo.exceptions import UserError


class AccountCollectionCase(models.Model):
    _name = "account.collection.case"
    _inherit = ["account.collection.case"]

    # === ACTION METHODS === #

    def action_return(self):
        """Open the form that takes goods back from what the customer owes.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        return self._prepare_wizard_action(
            "account.collection.return.request", self.env._("Return")
        )


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move"]

    # === ACTION METHODS === #

    def action_return(self):
        """Open the form that takes goods of these invoices back.

        :return: a window action
        :rtype: dict
        :raise UserError: when nothing is left to pay of them, or they differ in
            customer, company or currency
        """
        return self.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        ).action_return()


class AccountMoveLine(models.Model):
    _name = "account.move.line"
    _inherit = ["account.move.line"]

    # === ACTION METHODS === #

    def action_return(self):
        """Open the form that takes goods of the invoices of these open items back.

        :return: a window action
        :rtype: dict
        :raise UserError: when nothing is left to pay of them, or they differ in
            customer, company or currency
        """
        lines = self.filtered(
            lambda line: (
                line.move_id.move_type == "out_invoice"
                and line.parent_state == "posted"
                and line.amount_residual_currency > 0
            )
        )
        if not lines:
            raise UserError(
                self.env._(
                    "Nothing is left to pay of these invoices, so a return relieves no "
                    "debt. Make a credit note instead."
                )
            )
        if (
            len(lines.partner_id.commercial_partner_id) > 1
            or len(lines.company_id.root_id) > 1
            or len(lines.currency_id) > 1
        ):
            raise UserError(
                self.env._(
                    "A return is about invoices of one customer, company and currency. "
                    "Make one for each."
                )
            )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Return"),
            "res_model": "account.collection.return.request",
            "view_mode": "form",
            "target": "new",
            "context": {"default_line_ids": lines.ids},
        }
