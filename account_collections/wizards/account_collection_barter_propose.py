from odoo import api, fields, models
from odoo.fields import Command


class AccountCollectionBarterPropose(models.TransientModel):
    """Shows what a barter takes off the debt before anything is saved."""

    _name = "account.collection.barter.propose"
    _description = "Propose a Barter"
    _inherit = ["account.collection.item.choice"]

    _resolution_model = "account.collection.barter"

    # === FIELDS === #

    given_ids = fields.One2many("account.collection.barter.propose.line", "wizard_id")
    amount_untaxed = fields.Monetary(
        string="Value", compute="_compute_totals", store=True
    )
    amount_total = fields.Monetary(
        string="Value with Taxes", compute="_compute_totals", store=True
    )
    amount = fields.Monetary(
        string="Set Off",
        compute="_compute_amount",
        store=True,
        readonly=False,
        help="How much of the open items it takes off, if everything is delivered.",
    )
    amount_left = fields.Monetary(
        string="Left to Collect",
        compute="_compute_left",
        help="What is still owed on the open items after that.",
    )
    amount_payable = fields.Monetary(
        string="Stays Payable",
        compute="_compute_left",
        help="What is given beyond the debt: it is paid to the customer.",
    )
    date_deadline = fields.Date(
        string="To Be Delivered By",
        required=True,
        default=lambda self: fields.Date.add(
            self.env.company._get_collection_day(), days=30
        ),
    )
    value_basis = fields.Selection(
        selection=lambda self: (
            self.env["account.collection.barter"]
            ._fields["value_basis"]
            ._description_selection(self.env)
        ),
        string="Value Established By",
        default="fair_value",
        required=True,
    )
    value_note = fields.Text(string="How the Value Was Established")
    evidence_ids = fields.Many2many("ir.attachment")

    # === COMPUTE METHODS === #

    @api.depends("given_ids.quantity", "given_ids.price_unit", "given_ids.tax_ids")
    def _compute_totals(self):
        for wizard in self:
            wizard.amount_untaxed, wizard.amount_total = wizard.given_ids._get_totals(
                {line: line.quantity for line in wizard.given_ids}
            )

    @api.depends("amount_total", "line_ids", "is_replacing")
    def _compute_amount(self):
        for wizard in self:
            # Valuing the items writes what is pending: not by way of another field.
            free = sum(wizard._new_resolution()._get_free_amounts().values())
            wizard.amount = min(wizard.amount_total, free)

    @api.depends("amount", "amount_total", "amount_free")
    def _compute_left(self):
        for wizard in self:
            wizard.amount_left = wizard.amount_free - wizard.amount
            wizard.amount_payable = max(wizard.amount_total - wizard.amount, 0)

    # === ACTION METHODS === #

    def action_propose(self):
        """Propose the barter to the customer.

        :return: an action that opens it
        :rtype: dict
        :raise UserError: when it makes no sense, or more is set off than is owed
        """
        barter = self._create_resolution()
        barter.action_confirm()
        return barter._get_records_action()

    def action_save(self):
        """Keep the barter as a draft.

        :return: an action that opens it
        :rtype: dict
        """
        return self._create_resolution()._get_records_action()

    # === BUSINESS METHODS === #

    def _create_resolution(self):
        barter = super()._create_resolution()
        # What was uploaded here belongs to the barter from now on.
        barter.evidence_ids.write({"res_model": barter._name, "res_id": barter.id})
        return barter

    def _prepare_resolution(self):
        return {
            **super()._prepare_resolution(),
            "amount": self.amount,
            "date_deadline": self.date_deadline,
            "value_basis": self.value_basis,
            "value_note": self.value_note,
            "evidence_ids": [Command.set(self.evidence_ids.ids)],
            "given_ids": [
                Command.create(line._prepare_item()) for line in self.given_ids
            ],
        }


class AccountCollectionBarterProposeLine(models.TransientModel):
    """One thing that would be given."""

    _name = "account.collection.barter.propose.line"
    _description = "Proposed Barter Line"
    _inherit = ["account.collection.barter.item"]

    # === FIELDS === #

    wizard_id = fields.Many2one(
        "account.collection.barter.propose", required=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="wizard_id.company_id")
    currency_id = fields.Many2one(related="wizard_id.currency_id")
    partner_id = fields.Many2one(related="wizard_id.partner_id")
