from odoo import api, fields, models


class AccountCollectionCase(models.Model):
    """What is agreed with the customer of a case, and which payments are expected."""

    _name = "account.collection.case"
    _inherit = ["account.collection.case"]

    # === FIELDS === #

    agreement_ids = fields.Many2many(
        "account.collection.agreement",
        string="Agreements",
        compute="_compute_agreement_ids",
        help="What is in force with the customer today.",
    )
    agreement_count = fields.Integer(compute="_compute_agreement_ids")
    commitment_ids = fields.Many2many(
        "account.collection.commitment",
        string="Expected Payments",
        compute="_compute_agreement_ids",
        help="What is still to come of what is agreed, late or not.",
    )

    # === COMPUTE METHODS === #

    @api.depends("partner_id", "company_id")
    def _compute_agreement_ids(self):
        scope = [
            ("partner_id", "in", self.partner_id.ids),
            ("company_id", "in", self.company_id.ids),
        ]
        agreements = self.env["account.collection.agreement"].search(
            [*scope, ("is_live", "=", True)]
        )
        live = {(agreement.res_model, agreement.res_id) for agreement in agreements}
        commitments = (
            self.env["account.collection.commitment"]
            .search([*scope, ("amount_open", ">", 0)])
            .filtered(lambda payment: (payment.res_model, payment.res_id) in live)
        )
        for case in self:
            case.agreement_ids = agreements.filtered(case._is_about)
            case.agreement_count = len(case.agreement_ids)
            case.commitment_ids = commitments.filtered(case._is_about)

    # === ACTION METHODS === #

    def action_view_agreements(self):
        """Open all agreements with the customer, those that have ended too.

        :return: a window action
        :rtype: dict
        """
        return self._prepare_list_action("agreement")

    def action_view_items(self):
        """Open the list of the open items, to choose some of them.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_collections.account_move_line_action_open_items"
        )
        return dict(action, domain=[("id", "in", self.item_ids.ids)])

    # === HELPERS === #

    def _get_proposed_items(self):
        """The open items that an agreement is proposed for: what is overdue, else all
        that is open, in the currency of the oldest one.

        :return: open items (`account.move.line`) of one currency
        """
        items = self.item_ids.filtered(lambda line: line.amount_residual_currency > 0)
        overdue = items.filtered("collection_days_overdue") or items
        oldest = overdue.sorted(lambda line: (line.date_maturity or line.date, line.id))
        return overdue.filtered(lambda line: line.currency_id == oldest[:1].currency_id)

    def _is_about(self, record):
        """Whether something concerns the customer and the company of this case."""
        return (record.partner_id, record.company_id) == (
            self.partner_id,
            self.company_id,
        )
