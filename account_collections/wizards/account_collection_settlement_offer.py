from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command


class AccountCollectionSettlementOffer(models.TransientModel):
    """Offers to close a debt for less: shows what is given up before it is saved."""

    _name = "account.collection.settlement.offer"
    _description = "Offer a Settlement"
    _inherit = ["account.collection.item.choice"]

    _resolution_model = "account.collection.settlement"

    # === FIELDS === #

    amount_by = fields.Selection(
        [("percent", "Percent"), ("amount", "Amount")],
        string="Agreed As",
        default="amount",
        required=True,
    )
    percent = fields.Float(
        string="Percent To Pay",
        compute="_compute_percent",
        store=True,
        readonly=False,
        precompute=True,
        help="How much of the debt is paid, in percent.",
    )
    amount = fields.Monetary(
        string="To Pay",
        compute="_compute_amount",
        store=True,
        readonly=False,
        precompute=True,
        help="What the customer pays for the debt to be closed.",
    )
    amount_waived = fields.Monetary(string="Given Up", compute="_compute_waived")
    discount_percent = fields.Float(
        string="Discount (%)", compute="_compute_waived", digits=(16, 2)
    )
    nature = fields.Selection(
        selection=lambda self: (
            self.env["account.collection.settlement"]
            ._fields["nature"]
            ._description_selection(self.env)
        ),
        required=True,
    )
    date_expiry = fields.Date(
        string="Offer Expires On",
        compute="_compute_date_expiry",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )
    payment_ids = fields.One2many(
        "account.collection.settlement.offer.payment",
        "wizard_id",
        string="Payments",
        compute="_compute_payment_ids",
        store=True,
        readonly=False,
    )
    amount_difference = fields.Monetary(
        string="Left to Schedule", compute="_compute_amount_difference"
    )
    limits_exceeded = fields.Text(compute="_compute_limits_exceeded")

    # === COMPUTE METHODS === #

    @api.depends("partner_id", "company_id")
    def _compute_percent(self):
        for wizard in self:
            policy = wizard._new_resolution()._get_policy()
            wizard.percent = 100 - (policy.settlement_max_discount_percent or 20)

    @api.depends("amount_free", "amount_by", "percent")
    def _compute_amount(self):
        for wizard in self:
            # To begin with, all is given up that may be without asking a manager.
            if wizard.amount_by == "percent" or not wizard.amount:
                wizard.amount = wizard.currency_id.round(
                    wizard.amount_free * wizard.percent / 100
                )
            else:
                wizard.amount = wizard.amount

    @api.depends("amount_free", "amount")
    def _compute_waived(self):
        for wizard in self:
            wizard.amount_waived = wizard.amount_free - wizard.amount
            wizard.discount_percent = (
                wizard.amount_free and 100 * wizard.amount_waived / wizard.amount_free
            )

    @api.depends("company_id")
    def _compute_date_expiry(self):
        for wizard in self:
            company = wizard.company_id.sudo()
            wizard.date_expiry = fields.Date.add(
                company._get_collection_day(), days=company.collection_offer_days
            )

    @api.depends("amount", "date_expiry")
    def _compute_payment_ids(self):
        for wizard in self:
            if len(wizard.payment_ids) > 1:
                continue
            wizard.payment_ids = [
                Command.clear(),
                Command.create(
                    {
                        "date_due": wizard.payment_ids.date_due or wizard.date_expiry,
                        "amount": wizard.amount,
                    }
                ),
            ]

    @api.depends("amount", "payment_ids.amount")
    def _compute_amount_difference(self):
        for wizard in self:
            wizard.amount_difference = wizard.amount - sum(
                wizard.payment_ids.mapped("amount")
            )

    @api.depends(
        "amount", "line_ids", "is_replacing", "date_expiry", "payment_ids.date_due"
    )
    def _compute_limits_exceeded(self):
        for wizard in self:
            draft = wizard._new_resolution(
                amount=wizard.amount,
                date_expiry=wizard.date_expiry,
                payment_ids=wizard._prepare_payments(),
            )
            problems = draft._get_limits_exceeded(draft.date_start)
            wizard.limits_exceeded = wizard.amount > 0 and "\n".join(problems)

    # === ACTION METHODS === #

    def action_offer(self):
        """Offer the settlement to the customer, or ask a manager for approval.

        :return: an action that opens the settlement
        :rtype: dict
        :raise UserError: when it makes no sense
        """
        settlement = self._create_resolution()
        settlement.action_confirm()
        return settlement._get_records_action()

    def action_save(self):
        """Keep the settlement as a draft.

        :return: an action that opens the settlement
        :rtype: dict
        """
        return self._create_resolution()._get_records_action()

    # === BUSINESS METHODS === #

    def _create_resolution(self):
        if not self.nature:
            raise UserError(
                self.env._("Choose whether it is a price concession or an impairment.")
            )
        return super()._create_resolution()

    def _prepare_resolution(self):
        return {
            **super()._prepare_resolution(),
            "amount": self.amount,
            "nature": self.nature,
            "date_expiry": self.date_expiry,
            "payment_ids": self._prepare_payments(),
        }

    def _prepare_payments(self):
        """Prepare the payments as entered.

        :rtype: list
        """
        return [
            Command.create({"date_due": payment.date_due, "amount": payment.amount})
            for payment in self.payment_ids
        ]


class AccountCollectionSettlementOfferPayment(models.TransientModel):
    """One payment of the settlement that is shown."""

    _name = "account.collection.settlement.offer.payment"
    _description = "Payment of an Offer"
    _inherit = ["account.collection.numeric"]
    _order = "date_due, id"

    # === FIELDS === #

    wizard_id = fields.Many2one(
        "account.collection.settlement.offer", required=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="wizard_id.currency_id")
    date_due = fields.Date(string="Due Date", required=True)
    amount = fields.Monetary(required=True)
