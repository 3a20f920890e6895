from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date

from .account_collection_resolution_acceptance import DECIDED, TERMS

# What is copied from the policy when the plan is proposed.
LIMITS = {"grace_days", "cure_days", "keep_current"}


class AccountCollectionPlan(models.Model):
    """A debt that is paid in installments.

    A plan is proposed, and in force once it is activated: within the policy by whoever
    makes it, beyond the policy by a manager. While it is proposed, what it covers is
    held for some days only, so that an unanswered proposal does not stop the dunning.
    """

    _name = "account.collection.plan"
    _description = "Payment Plan"
    _inherit = ["account.collection.resolution.acceptance"]

    _hold_reason = "plan"
    _live_states = ("proposed", "active", "at_risk")
    _acceptable_states = _live_states
    _terms_fields = frozenset(TERMS | LIMITS | {"installment_ids"})
    _decided_fields = frozenset(
        DECIDED
        | LIMITS
        | {"date_activated", "activated_by_id", "date_at_risk", "date_cure"}
        | {"version", "previous_id"}
    )
    _superseded_state = "superseded"
    # How long a proposal is waited for before the dunning goes on.
    _proposal_days = 7

    # === FIELDS === #

    state = fields.Selection(
        selection_add=[
            ("proposed", "Proposed"),
            ("active", "Active"),
            ("at_risk", "At risk"),
            ("completed", "Completed"),
            ("defaulted", "Defaulted"),
            ("cancelled", "Cancelled"),
            ("superseded", "Superseded"),
        ],
        ondelete={
            state: "cascade"
            for state in (
                "proposed",
                "active",
                "at_risk",
                "completed",
                "defaulted",
                "cancelled",
                "superseded",
            )
        },
    )
    installment_ids = fields.One2many(
        "account.collection.plan.line", "plan_id", string="Schedule"
    )
    grace_days = fields.Integer(
        string="Grace",
        readonly=True,
        copy=False,
        help="Days after a due date on which a payment is still on time.",
    )
    cure_days = fields.Integer(
        string="Cure",
        readonly=True,
        copy=False,
        help="Days after the grace within which arrears can be made good.",
    )
    keep_current = fields.Boolean(
        readonly=True,
        copy=False,
        help="New invoices have to be paid on time while the plan lasts.",
    )
    wait_for_acceptance = fields.Boolean(
        help="The plan is in force only when the customer has accepted it."
    )
    date_activated = fields.Datetime(string="Activated On", readonly=True, copy=False)
    activated_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    date_at_risk = fields.Date(
        string="At Risk Since",
        readonly=True,
        copy=False,
        help="The day on which arrears were found, and the customer was told.",
    )
    date_cure = fields.Date(
        string="Last Day of Cure",
        readonly=True,
        copy=False,
        help="The last day on which the arrears can be or could have been paid.",
    )
    amount_scheduled = fields.Monetary(compute="_compute_amount_scheduled")
    amount_received = fields.Monetary(
        string="Received", compute="_compute_amounts", compute_sudo=True
    )
    amount_open = fields.Monetary(
        string="Still Expected", compute="_compute_amounts", compute_sudo=True
    )
    amount_arrears = fields.Monetary(
        string="Arrears", compute="_compute_amounts", compute_sudo=True
    )
    progress = fields.Float(compute="_compute_amounts", compute_sudo=True)
    date_next = fields.Date(
        string="Next Payment", compute="_compute_amounts", compute_sudo=True
    )

    # === COMPUTE METHODS === #

    @api.depends("installment_ids.amount")
    def _compute_amount_scheduled(self):
        for plan in self:
            plan.amount_scheduled = sum(plan.installment_ids.mapped("amount"))

    @api.depends(
        "commitment_ids.amount_received",
        "commitment_ids.amount_open",
        "commitment_ids.state",
        "amount",
    )
    def _compute_amounts(self):
        for plan in self:
            payments = plan.commitment_ids
            expected = payments.filtered("amount_open")
            plan.amount_received = sum(payments.mapped("amount_received"))
            plan.amount_open = (
                sum(payments.mapped("amount_open")) if payments else plan.amount
            )
            plan.amount_arrears = sum(
                expected.filtered(
                    lambda payment: payment.state in ("partial", "broken")
                ).mapped("amount_open")
            )
            plan.progress = plan.amount and 100 * plan.amount_received / plan.amount
            plan.date_next = min(expected.mapped("date_due"), default=False)

    # === ACTION METHODS === #

    def action_confirm(self):
        """Propose plans to their customers, and put those within the policy into
        force, unless they wait for the customer's acceptance.

        :raise UserError: when one is not a draft, makes no sense, or covers what
            something else covers already
        """
        result = super().action_confirm()
        self._send_agreement()
        return result

    def action_activate(self):
        """Put proposed plans into force.

        :raise UserError: when one is not proposed, when one is beyond the policy and
            the user is no manager, or when its first payment is late already
        """
        for plan in self:
            plan._lock_in(("proposed",))
            plan._check_approval()
            plan._activate()

    # === BUSINESS METHODS === #

    def _check_limits(self):
        result = super()._check_limits()
        self._check_schedule_filled()
        today = self.company_id._get_collection_day()
        for installment in self.installment_ids:
            if installment.date_due < today:
                raise UserError(
                    self.env._(
                        "%(amount)s would be due on %(date)s, which is past. Choose "
                        "today or a later day.",
                        amount=self.currency_id.format(installment.amount),
                        date=format_date(self.env, installment.date_due),
                    )
                )
        return result

    def _check_schedule_filled(self):
        """Refuse a schedule that does not add up.

        :raise UserError: saying by how much
        """
        if not self.installment_ids:
            raise UserError(self.env._("Enter at least one installment."))
        if self.currency_id.compare_amounts(self.amount_scheduled, self.amount):
            raise UserError(
                self.env._(
                    "The installments come to %(scheduled)s, but the plan covers "
                    "%(amount)s. Change the last installment by the difference.",
                    scheduled=self.currency_id.format(self.amount_scheduled),
                    amount=self.currency_id.format(self.amount),
                )
            )

    def _start(self):
        policy = self._get_policy()
        today = self.company_id._get_collection_day()
        # Decided here, by the policy.
        self.sudo().write(
            {
                "date_start": today,
                "grace_days": policy.plan_grace_days,
                "cure_days": policy.plan_cure_days,
                "keep_current": policy.plan_keep_current,
                "limits_exceeded": "\n".join(self._get_limits_exceeded(today)),
            }
        )
        if not self._get_others():
            self._open_case()
            self._cover()
        self.sudo().write({"state": "proposed", "followed_state": "proposed"})
        if not self.limits_exceeded and not self.wait_for_acceptance:
            self._activate()
        elif self.limits_exceeded:
            self._ask_for_approval()
        self._refresh_case()

    def _activate(self):
        """Put a proposed plan into force.

        What it replaces ends only now, so that a proposal that comes to nothing
        leaves the former agreement as it was.

        :raise UserError: when a payment is late before the plan is in force
        """
        self._check_others()
        # Who may activate has been checked.
        self.sudo().write(
            {
                "state": "active",
                "followed_state": "active",
                "date_activated": fields.Datetime.now(),
                "activated_by_id": self.env.user.id,
            }
        )
        if self.hold_ids and not self.hold_ids.filtered("active"):
            # It was answered late: what it was to cover is looked at anew.
            self.hold_ids.sudo().unlink()
        if self.hold_ids:
            self._release_manual_holds()
            # Whoever activates may not see the customer otherwise.
            self.hold_ids.sudo().date_end = False
        else:
            self._check_owed()
            self._supersede_others()
            self._open_case()
            self._cover()
        self._commit()
        self._evaluate()
        if self.state in ("at_risk", "defaulted"):
            raise UserError(
                self.env._(
                    "A payment of %s is late before the plan is in force. Make a new "
                    "version with later dates.",
                    self.name,
                )
            )
        self._refresh_case()

    def _end(self, state):
        # Whether it may end has been checked.
        return super(AccountCollectionPlan, self.sudo())._end(state)

    def _commit(self):
        result = super()._commit()
        self.invalidate_recordset(["commitment_ids"])
        installments = self.installment_ids.sorted(
            lambda installment: (installment.date_due, installment.id)
        )
        for installment, commitment in zip(
            installments, self.commitment_ids.sorted("id"), strict=True
        ):
            # Linked once, when agreed: whoever activates it.
            installment.sudo().commitment_id = commitment
        return result

    def _prepare_commitments(self):
        return [
            self._prepare_commitment(
                installment.date_due, installment.amount, self.grace_days, 0
            )
            for installment in self.installment_ids.sorted(
                lambda installment: (installment.date_due, installment.id)
            )
        ]

    def _get_hold_end(self):
        if self.date_activated:
            return False
        return fields.Date.add(self.date_start, days=self._proposal_days)

    def _get_limits_exceeded(self, today):
        return self._get_policy()._get_plan_limits_exceeded(
            [
                (installment.date_due, installment.amount, installment.is_deposit)
                for installment in self.installment_ids
            ],
            self.currency_id,
            today,
        )

    def _ask_for_approval(self):
        """Leave word that a manager has to approve the plan."""
        self.message_post(body=self._get_explanation())
