from odoo import api, fields, models


class AccountMove(models.Model):
    """What is agreed about an invoice, and what of it may be chased."""

    _name = "account.move"
    _inherit = ["account.move"]

    # === FIELDS === #

    collection_agreement = fields.Char(
        string="Agreed",
        compute="_compute_collection_agreement",
        groups="account_collections.group_collection_own",
        help="What is agreed or disputed about this invoice.",
    )
    collection_amount = fields.Monetary(
        string="Collectible",
        compute="_compute_collection_amount",
        groups="account_collections.group_collection_own",
        help="What is overdue of this invoice and not held.",
    )

    # === COMPUTE METHODS === #

    @api.depends("line_ids.collection_hold_ids.active", "state")
    def _compute_collection_agreement(self):
        holds = self.env["account.collection.hold"].search(
            [("line_id.move_id", "in", self.ids), ("res_model", "!=", False)]
        )
        by_move = holds.grouped("move_id")
        for move in self:
            names = [hold.note for hold in by_move.get(move._origin, [])]
            move.collection_agreement = ", ".join(dict.fromkeys(filter(None, names)))

    # When the residual changes, `account.collection.ledger` says so: Odoo would look
    # for the invoices of each payment by a dozen ways.
    @api.depends("line_ids.collection_hold_ids.amount", "state")
    def _compute_collection_amount(self):
        self.collection_amount = 0
        owed = self.filtered(
            lambda move: move.move_type == "out_invoice" and move.state == "posted"
        )
        lines = owed._origin.line_ids.filtered(
            lambda line: (
                line.account_id.account_type == "asset_receivable"
                and not line.reconciled
            )
        )
        by_id = {move._origin.id: move for move in owed}
        for item in lines._get_collection_items():
            move = by_id.get(item["move_id"])
            if move and item["is_overdue"]:
                move.collection_amount += item["collectible"]

    # === ACTION METHODS === #

    def action_view_agreements(self):
        """Open what is agreed about this invoice.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        holds = self.line_ids.collection_hold_ids.filtered("res_model")
        documents = {(hold.res_model, hold.res_id) for hold in holds}
        if len(documents) == 1:
            [(model, res_id)] = documents
            return self.env[model].browse(res_id)._get_records_action()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_collections.account_collection_agreement_action"
        )
        return dict(
            action,
            domain=[
                ("partner_id", "=", self.commercial_partner_id.id),
                ("name", "in", holds.mapped("note")),
            ],
            context={},
        )
