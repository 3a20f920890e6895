from odoo import models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move"]

    # === CRUD METHODS === #

    def unlink(self):
        if not self:
            return super().unlink()
        # Whoever deletes an invoice or a credit note need not see the dispute.
        disputes = (
            self.env["account.collection.dispute"]
            .sudo()
            .search(
                [
                    "|",
                    ("line_ids", "in", self.line_ids.ids),
                    ("credit_move_ids", "in", self.ids),
                ]
            )
        )
        result = super().unlink()
        disputes.with_context(collection_in_transaction=True)._evaluate()
        return result

    # === ACTION METHODS === #

    def action_dispute(self):
        """Open the form that registers a dispute about these invoices.

        :return: a window action
        :rtype: dict
        :raise UserError: when nothing is left to pay of them, or they differ in
            customer, company or currency
        """
        lines = self.line_ids.filtered(
            lambda line: (
                line.account_id.account_type == "asset_receivable"
                and line.parent_state == "posted"
                and line.amount_residual_currency > 0
            )
        )
        if not lines:
            raise UserError(
                self.env._(
                    "Nothing is left to pay of the selected invoices, so there is "
                    "nothing to dispute."
                )
            )
        partner = lines.partner_id.commercial_partner_id
        company = lines.company_id.root_id
        if len(partner) > 1 or len(company) > 1 or len(lines.currency_id) > 1:
            raise UserError(
                self.env._(
                    "A dispute is about invoices of one customer, company and "
                    "currency. Register one for each."
                )
            )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Dispute"),
            "res_model": "account.collection.dispute",
            "view_mode": "form",
            "context": {
                "default_partner_id": partner.id,
                "default_company_id": company.id,
                "default_currency_id": lines.currency_id.id,
                "default_line_ids": lines.ids,
            },
        }
