"""From where agreements are made: the case, invoices and open items."""

from odoo import models
from odoo.exceptions import UserError

from ..tools.dialog import prepare_dialog


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

    def action_propose_plan(self):
        """Open the form that proposes a payment plan for what the customer owes.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        return self._prepare_wizard_action(
            "account.collection.plan.propose", self.env._("Payment Plan")
        )

    def action_offer_settlement(self):
        """Open the form that offers a settlement of what the customer owes.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        return self._prepare_wizard_action(
            "account.collection.settlement.offer", self.env._("Settlement")
        )

    def action_propose_barter(self):
        """Open the form that proposes a barter for what the customer owes.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        return self._prepare_wizard_action(
            "account.collection.barter.propose", self.env._("Barter")
        )

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

    def action_promise(self):
        """Open the form that takes a promise to pay these invoices.

        :return: a window action
        :rtype: dict
        :raise UserError: when nothing is left to pay of them, or they differ in
            customer, company or currency
        """
        return self.line_ids.action_promise()

    def action_propose_plan(self):
        """Open the form that proposes a payment plan for these invoices.

        :return: a window action
        :rtype: dict
        :raise UserError: when nothing is left to pay of them, or they differ in
            customer, company or currency
        """
        return self.line_ids.action_propose_plan()

    def action_offer_settlement(self):
        """Open the form that offers a settlement of these invoices.

        :return: a window action
        :rtype: dict
        :raise UserError: when nothing is left to pay of them, or they differ in
            customer, company or currency
        """
        return self.line_ids.action_offer_settlement()

    def action_propose_barter(self):
        """Open the form that proposes a barter for these invoices.

        :return: a window action
        :rtype: dict
        :raise UserError: when nothing is left to pay of them, or they differ in
            customer, company or currency
        """
        return self.line_ids.action_propose_barter()

    def action_return(self):
        """Open the form that takes goods of these invoices back.

        :return: a window action
        :rtype: dict
        :raise UserError: when nothing is left to pay of them, or they differ in
            customer, company or currency
        """
        return self.line_ids.action_return()


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
        return self._prepare_agreement_action(
            "account.collection.promise.take", self.env._("Promise to Pay")
        )

    def action_propose_plan(self):
        """Open the form that proposes a payment plan for these open items.

        :return: a window action
        :rtype: dict
        :raise UserError: when nothing is left to pay of them, or they differ in
            customer, company or currency
        """
        return self._prepare_agreement_action(
            "account.collection.plan.propose", self.env._("Payment Plan")
        )

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

    def action_propose_barter(self):
        """Open the form that proposes a barter for these open items.

        :return: a window action
        :rtype: dict
        :raise UserError: when nothing is left to pay of them, or they differ in
            customer, company or currency
        """
        return self._prepare_agreement_action(
            "account.collection.barter.propose", self.env._("Barter")
        )

    def action_return(self):
        """Open the form that takes goods of the invoices of these open items back.

        :return: a window action
        :rtype: dict
        :raise UserError: when nothing is left to pay of them, or they differ in
            customer, company or currency
        """
        lines = self.filtered(lambda line: line.move_id.move_type == "out_invoice")
        return lines._prepare_agreement_action(
            "account.collection.return.request", self.env._("Return")
        )

    # === HELPERS === #

    def _prepare_agreement_action(self, model, title):
        """Prepare the form that agrees something on these open items.

        :param str model: the form
        :param str title: what it is called
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
                self.env._("Nothing is left to pay, so there is nothing to agree.")
            )
        if (
            len(lines.partner_id.commercial_partner_id) > 1
            or len(lines.company_id.root_id) > 1
            or len(lines.currency_id) > 1
        ):
            raise UserError(
                self.env._(
                    "An agreement is about open items of one customer, company and "
                    "currency. Make one for each."
                )
            )
        return prepare_dialog(model, title, default_line_ids=lines.ids)
