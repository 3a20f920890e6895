from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date

from ..tools.standing import DONE
from .account_collection_resolution_acceptance import DECIDED, TERMS

# What is copied from the policy when the plan is proposed.
LIMITS = {"grace_days", "cure_days", "keep_current", "tolerance_percent"}


class AccountCollectionPlan(models.Model):
    """A debt that is paid in installments.

    A plan is proposed, and in force once it is activated: within the policy by whoever
    makes it, beyond the policy by a manager.
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
        | {"version", "previous_id", "approved_by_id", "date_approved"}
        | {"is_untold"}
    )
    _superseded_state = "superseded"

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
    tolerance_percent = fields.Float(
        string="Tolerance",
        readonly=True,
        copy=False,
        help="What may be missing of a payment, in percent: it stays due, but does not "
        "put the plan at risk.",
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
            # What little is missing of a payment that was kept is asked for at the end.
            expected = payments.filtered(
                lambda payment: payment.amount_open and payment.state not in DONE
            )
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
                installment.date_due,
                installment.amount,
                self.grace_days,
                self.tolerance_percent,
            )
            for installment in self.installment_ids.sorted(
                lambda installment: (installment.date_due, installment.id)
            )
        ]
