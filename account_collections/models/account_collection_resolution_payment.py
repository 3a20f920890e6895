from odoo import models
from odoo.exceptions import UserError


class AccountCollectionResolution(models.AbstractModel):
    """Payments that are registered from what is agreed, in Odoo's own form."""

    _name = "account.collection.resolution"
    _inherit = ["account.collection.resolution"]

    # === BUSINESS METHODS === #

    def _prepare_payment_action(self, amount):
        """Prepare Odoo's own form for a payment of what is covered. Odoo applies one
        payment to several items by their due dates, the oldest first.

        :param float amount: in the currency of what is agreed
        :return: a window action
        :rtype: dict
        :raise UserError: when nothing is open
        """
        self.ensure_one()
        lines = self._get_payable_lines()
        if not lines or self.currency_id.compare_amounts(amount, 0) <= 0:
            raise UserError(
                self.env._("Nothing is left to pay of %s.", self.display_name)
            )
        amount = min(amount, sum(lines.mapped("amount_residual_currency")))
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Register Payment"),
            "res_model": "account.payment.register",
            "view_mode": "form",
            "target": "new",
            "context": {
                "active_model": "account.move.line",
                "active_ids": lines.ids,
                "default_currency_id": self.currency_id.id,
                "default_group_payment": True,
                "default_amount": amount,
                # The amount of the user, which Odoo does not compute anew.
                "default_custom_user_amount": amount,
                "default_custom_user_currency_id": self.currency_id.id,
                "dont_redirect_to_payments": True,
            },
        }

    # === HELPERS === #

    def _get_payable_lines(self):
        """The covered items that one payment can pay: from the oldest one, those of
        the same contact, account and bank account."""

        def get_key(line):
            return (line.partner_id, line.account_id, line.move_id.partner_bank_id)

        lines = self.line_ids.filtered(
            lambda line: (
                line.parent_state == "posted" and line.amount_residual_currency > 0
            )
        ).sorted(lambda line: (line.date_maturity or line.date, line.id))
        return lines.filtered(lambda line: get_key(line) == get_key(lines[0]))
