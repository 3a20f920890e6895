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

    # === BUSINESS METHODS === #

    def _reconcile_reversed_moves(self, reverse_moves, move_reverse_cancel):
        """A credit note for a dispute pays what was disputed first, not the oldest
        instalment of the invoice."""
        reverse_moves._reconcile_disputed_items()
        return super()._reconcile_reversed_moves(reverse_moves, move_reverse_cancel)

    # === HELPERS === #

    def _reconcile_disputed_items(self):
        """Reconcile credit notes with the disputed items of their invoices."""
        # Who posts a credit note need not see the dispute that it answers.
        disputes = (
            self.env["account.collection.dispute"]
            .sudo()
            .search([("credit_move_ids", "in", self.ids)])
        )
        for move in disputes.credit_move_ids & self:
            lines = disputes.filtered(
                lambda dispute, move=move: move in dispute.credit_move_ids
            ).line_ids
            items = lines.filtered(
                lambda line, move=move: line.move_id == move.reversed_entry_id
            ) | move.line_ids.filtered(
                lambda line: line.account_id.account_type == "asset_receivable"
            )
            for account_items in (
                items.filtered(
                    lambda line: line.parent_state == "posted" and not line.reconciled
                )
                .grouped("account_id")
                .values()
            ):
                account_items.with_env(self.env).reconcile()
