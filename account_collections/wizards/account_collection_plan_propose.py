from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..tools import schedule


class AccountCollectionPlanPropose(models.TransientModel):
    """Shows the whole schedule of a payment plan before anything is saved."""

    _name = "account.collection.plan.propose"
    _description = "Propose a Payment Plan"
    _inherit = ["account.collection.item.choice"]

    _resolution_model = "account.collection.plan"

    # === FIELDS === #

    amount = fields.Monetary(
        string="Covered",
        compute="_compute_amount",
        store=True,
        readonly=False,
        precompute=True,
        help="How much of the open items is paid by the plan, the oldest first.",
    )
    deposit_type = fields.Selection(
        [("none", "None"), ("percent", "Percent"), ("amount", "Amount")],
        string="Deposit",
        compute="_compute_deposit",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )
    deposit_percent = fields.Float(
        compute="_compute_deposit", store=True, readonly=False, precompute=True
    )
    deposit_amount = fields.Monetary()
    date_deposit = fields.Date(
        string="Deposit On", default=lambda self: self.env.company._get_collection_day()
    )
    split_by = fields.Selection(
        [("number", "Number"), ("size", "Amount of each")],
        string="Installments By",
        default="number",
        required=True,
    )
    number = fields.Integer(string="Installments", default=3)
    size = fields.Monetary(string="Each")
    rhythm = fields.Selection(
        [
            ("weekly", "Every week"),
            ("fortnightly", "Every two weeks"),
            ("monthly", "Every month"),
        ],
        default="monthly",
        required=True,
    )
    date_first = fields.Date(
        string="First Installment",
        required=True,
        default=lambda self: fields.Date.add(
            self.env.company._get_collection_day(), months=1
        ),
    )
    wait_for_acceptance = fields.Boolean(
        string="Wait for Acceptance",
        help="The plan is in force only when the customer has accepted it.",
    )
    installment_ids = fields.One2many(
        "account.collection.plan.propose.line",
        "wizard_id",
        string="Schedule",
        compute="_compute_installment_ids",
        store=True,
        readonly=False,
    )
    amount_difference = fields.Monetary(
        string="Left to Schedule", compute="_compute_amount_difference"
    )
    problem = fields.Char(compute="_compute_problem")
    limits_exceeded = fields.Text(compute="_compute_problem")

    # === COMPUTE METHODS === #

    @api.depends("amount_free")
    def _compute_amount(self):
        for wizard in self:
            wizard.amount = wizard.amount_free

    @api.depends("partner_id", "company_id")
    def _compute_deposit(self):
        for wizard in self:
            least = wizard._new_resolution()._get_policy().plan_min_deposit_percent
            wizard.deposit_percent = least
            wizard.deposit_type = "percent" if least else "none"

    @api.depends(
        "amount",
        "deposit_type",
        "deposit_percent",
        "deposit_amount",
        "date_deposit",
        "split_by",
        "number",
        "size",
        "rhythm",
        "date_first",
    )
    def _compute_installment_ids(self):
        for wizard in self:
            wizard.installment_ids = [Command.clear()] + [
                Command.create(
                    {
                        "date_due": payment.date_due,
                        "amount": wizard._from_units(payment.amount),
                        "is_deposit": payment.is_deposit,
                    }
                )
                for payment in wizard._make_schedule()
            ]

    @api.depends("amount", "installment_ids.amount")
    def _compute_amount_difference(self):
        for wizard in self:
            wizard.amount_difference = wizard.amount - sum(
                wizard.installment_ids.mapped("amount")
            )

    @api.depends(
        "amount_difference", "installment_ids.date_due", "line_ids", "is_replacing"
    )
    def _compute_problem(self):
        for wizard in self:
            wizard.problem = wizard._get_problem()
            wizard.limits_exceeded = not wizard.problem and "\n".join(
                wizard._new_resolution(
                    installment_ids=wizard._prepare_installments()
                )._get_limits_exceeded(wizard.company_id._get_collection_day())
            )

    # === ACTION METHODS === #

    def action_propose(self):
        """Propose the plan to the customer; within the policy it is in force.

        :return: an action that opens the plan
        :rtype: dict
        :raise UserError: when the schedule makes no sense
        """
        plan = self._create_resolution()
        plan.action_confirm()
        return plan._get_records_action()

    def action_save(self):
        """Keep the plan as a draft.

        :return: an action that opens the plan
        :rtype: dict
        :raise UserError: when the schedule makes no sense
        """
        return self._create_resolution()._get_records_action()

    # === BUSINESS METHODS === #

    def _create_resolution(self):
        problem = self.line_ids and self._get_problem()
        if problem:
            raise UserError(problem)
        return super()._create_resolution()

    def _prepare_resolution(self):
        return {
            **super()._prepare_resolution(),
            "amount": self.amount,
            "wait_for_acceptance": self.wait_for_acceptance,
            "installment_ids": self._prepare_installments(),
        }

    def _prepare_installments(self):
        """Prepare the schedule as it is shown.

        :rtype: list
        """
        return [
            Command.create(
                {
                    "date_due": row.date_due,
                    "amount": row.amount,
                    "is_deposit": row.is_deposit,
                }
            )
            for row in self.installment_ids
        ]

    # === HELPERS === #

    def _make_schedule(self):
        """The schedule that follows from what was entered, empty while it makes none.

        :return: the payments (`tools.schedule.Payment`)
        :rtype: list
        """
        total = self._to_units(self.amount)
        deposit = {
            "percent": self.amount * self.deposit_percent / 100,
            "amount": self.deposit_amount,
        }.get(self.deposit_type, 0)
        by_number = self.split_by == "number"
        try:
            return schedule.make_schedule(
                total,
                self.date_first,
                self.rhythm,
                number=self.number if by_number else 0,
                size=0 if by_number else self._to_units(self.size),
                deposit=self._to_units(deposit),
                date_deposit=self.date_deposit,
                holidays=self.company_id._get_collection_holidays(),
                least=self._to_units(self._get_least()),
            )
        except (ValueError, TypeError):
            return []

    def _get_least(self):
        """The least that the policy allows an installment to be, in the currency of
        the plan; one unit of it at least."""
        policy = self._new_resolution()._get_policy()
        least = (
            policy.currency_id._convert(
                policy.plan_min_installment,
                self.currency_id,
                policy.company_id,
                self.company_id._get_collection_day(),
            )
            if policy
            else 0
        )
        return max(least, 1)

    def _get_problem(self):
        """Say what is wrong with the schedule, or nothing.

        :rtype: str
        """
        if agreed := self._get_agreed_problem():
            return agreed
        if not self.installment_ids:
            return self.env._(
                "Enter a number or an amount of installments, and a deposit of no more "
                "than the total."
            )
        if any(
            not row.date_due or self.currency_id.compare_amounts(row.amount, 0) <= 0
            for row in self.installment_ids
        ):
            return self.env._("Each installment has a day and more than zero.")
        if not self.currency_id.is_zero(self.amount_difference):
            return self.env._(
                "The installments differ from the covered total by %s. Change one of "
                "them by the difference.",
                self.currency_id.format(self.amount_difference),
            )
        return ""

    def _to_units(self, amount):
        return round(amount / self.currency_id.rounding)

    def _from_units(self, units):
        return self.currency_id.round(units * self.currency_id.rounding)


class AccountCollectionPlanProposeLine(models.TransientModel):
    """One payment of the schedule that is shown."""

    _name = "account.collection.plan.propose.line"
    _description = "Proposed Installment"
    _order = "date_due, id"

    # === FIELDS === #

    wizard_id = fields.Many2one(
        "account.collection.plan.propose", required=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="wizard_id.currency_id")
    date_due = fields.Date(string="Due Date", required=True)
    amount = fields.Monetary(required=True)
    is_deposit = fields.Boolean(string="Deposit")
