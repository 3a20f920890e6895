from odoo import api, fields, models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    """The late fees of invoices."""

    _name = "account.move"
    _inherit = ["account.move"]

    # === FIELDS === #

    collection_fee_line_ids = fields.One2many(
        "account.collection.fee.line",
        "late_move_id",
        string="Late Fees",
        groups="account_collections.group_collection_own",
    )
    collection_fee_amount = fields.Monetary(
        string="Late Fees Charged",
        compute="_compute_collection_fee_amount",
        groups="account_collections.group_collection_own",
        help="What was charged for paying this invoice late, and not waived.",
    )
    collection_has_fee = fields.Boolean(
        compute="_compute_collection_fee_amount",
        groups="account_collections.group_collection_own",
    )

    # === COMPUTE METHODS === #

    @api.depends(
        "collection_fee_line_ids.amount", "collection_fee_line_ids.fee_id.state"
    )
    def _compute_collection_fee_amount(self):
        for move in self:
            lines = move.collection_fee_line_ids
            move.collection_has_fee = bool(lines)
            move.collection_fee_amount = sum(
                lines.filtered(lambda line: line.fee_id.state == "charged").mapped(
                    "amount"
                )
            )

    # === ACTION METHODS === #

    def action_collection_charge_fee(self):
        """Open the preview of what these invoices can be charged for late payment.

        :return: a window action
        :rtype: dict
        :raise UserError: when they are not posted invoices of one customer
        """
        invoices = self.filtered(
            lambda move: move.move_type == "out_invoice" and move.state == "posted"
        )
        partner, company = invoices.commercial_partner_id, invoices.company_id.root_id
        if len(partner) != 1 or len(company) != 1:
            raise UserError(
                self.env._(
                    "Late fees are charged on posted invoices of one customer and "
                    "company. Select such invoices."
                )
            )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Charge Late Fee"),
            "res_model": "account.collection.fee.charge",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_partner_id": partner.id,
                "default_company_id": company.id,
                "default_late_move_ids": invoices.ids,
            },
        }

    def action_view_collection_fees(self):
        """List the late fees of these invoices.

        :return: a window action
        :rtype: dict
        """
        fees = self.collection_fee_line_ids.fee_id
        return fees._get_records_action(name=self.env._("Late Fees"))
