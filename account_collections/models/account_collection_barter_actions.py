"""From where a barter is proposed."""

from odoo import models
from odoo.exceptions import UserError


class AccountCollectionCase(models.Model):
    _name = "account.collection.case"
    _inherit = ["account.collection.case"]

    # === ACTION METHODS === #

    def action_propose_barter(self):
        """Open the form that proposes a barter for what the customer owes.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        return self._prepare_wizard_action(
            "account.collection.barter.propose",
            self.env._("Barter"),
            default_case_id=self.id,
        )


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move"]

    # === ACTION METHODS === #

    def action_propose_barter(self):
        """Open the form that proposes a barter for these invoices.

        :return: a window action
        :rtype: dict
        :raise UserError: when nothing is left to pay of them
        """
        return self.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        ).action_propose_barter()


class AccountMoveLine(models.Model):
    _name = "account.move.line"
    _inherit = ["account.move.line"]

    # === ACTION METHODS === #

    def action_propose_barter(self):
        """Open the form that proposes a barter for these open items.

        :return: a window action
        :rtype: dict
        :raise UserError: when nothing is left to pay of them
        """
        lines = self.filtered(
            lambda line: (
                line.parent_state == "posted" and line.amount_residual_currency > 0
            )
        )
        if not lines:
            raise UserError(
                self.env._("Nothing is left to pay, so there is nothing to set off.")
            )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Barter"),
            "res_model": "account.collection.barter.propose",
            "view_mode": "form",
            "target": "new",
            "context": {"default_line_ids": lines.ids},
        }
