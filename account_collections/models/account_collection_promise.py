from odoo import api, fields, models
from odoo.exceptions import UserError

from .account_collection_resolution_terms import DECIDED, TERMS


class AccountCollectionPromise(models.Model):
    _name = "account.collection.promise"
    _description = "Promise to Pay"
    _inherit = ["account.collection.resolution.terms"]

    _hold_reason = "promise"
    _live_states = ("open",)
    _terms_fields = frozenset(TERMS | {"date_due", "is_paid_already"})
    _decided_fields = frozenset(DECIDED | {"is_late", "is_put_off"})
    # How far ahead money is usually promised, and how long it is waited for when the
    # customer says that it is paid.
    _usual_days = 7
    _check_days = 5

    # === FIELDS === #

    state = fields.Selection(
        selection_add=[
            ("open", "Open"),
            ("kept", "Kept"),
            ("partial", "Partly kept"),
            ("broken", "Broken"),
            ("cancelled", "Withdrawn"),
        ],
        ondelete={
            state: "cascade"
            for state in ("open", "kept", "partial", "broken", "cancelled")
        },
    )
    date_due = fields.Date(string="Promised For", required=True)
    is_late = fields.Boolean(readonly=True, copy=False, help="Kept after its limit.")
    is_put_off = fields.Boolean(
        string="Put Off",
        readonly=True,
        copy=False,
        help="Withdrawn or replaced on its day or later, or followed by a promise for "
        "a later day, without having been kept: it counts as broken.",
    )
    channel = fields.Selection(
        [
            ("phone", "Phone"),
            ("mail", "E-mail or letter"),
            ("visit", "Visit"),
            ("portal", "Portal"),
        ],
        string="Given Through",
        default="phone",
        required=True,
    )
    given_by = fields.Char(help="Who gave the promise, at the customer's.")
    is_paid_already = fields.Boolean(
        string="Says It Is Paid",
        help="The customer says that the money is on its way. It is waited for a few "
        "days, then checked.",
    )
    reference = fields.Char(
        string="Payment Reference", help="By which the payment can be found."
    )
    note = fields.Text()
    amount_received = fields.Monetary(
        string="Received", compute="_compute_outcome", compute_sudo=True
    )
    amount_open = fields.Monetary(
        string="Still Expected", compute="_compute_outcome", compute_sudo=True
    )
    date_limit = fields.Date(
        string="Kept Until",
        compute="_compute_outcome",
        compute_sudo=True,
        help="The last day on which a payment is on time.",
    )
    date_kept = fields.Date(
        string="Kept On", compute="_compute_outcome", compute_sudo=True
    )
    agreed = fields.Char(
        string="In Force",
        compute="_compute_agreed",
        help="What else is agreed on the same open items.",
    )

    # === CONSTRAINT METHODS === #

    @api.constrains("is_paid_already", "reference")
    def _check_reference(self):
        for promise in self:
            if promise.is_paid_already and not promise.reference:
                raise UserError(
                    self.env._(
                        "Ask for the payment reference, so that the payment can be "
                        "found."
                    )
                )

    # === COMPUTE METHODS === #

    @api.depends(
        "commitment_ids.amount_received",
        "commitment_ids.amount_open",
        "commitment_ids.date_kept",
    )
    def _compute_outcome(self):
        for promise in self:
            payment = promise.commitment_ids[:1]
            promise.amount_received = payment.amount_received
            promise.amount_open = payment.amount_open
            promise.date_limit = payment.date_limit
            promise.date_kept = payment.date_kept

    @api.depends("line_ids", "state")
    def _compute_agreed(self):
        for promise in self:
            promise.agreed = promise.state == "draft" and promise._get_other_names()

    # === BUSINESS METHODS === #

    def _start(self):
        result = super()._start()
        # Nobody writes states by hand.
        self.sudo().write({"state": "open", "followed_state": "open"})
        self._refresh_case()
        return result

    def _get_hold_end(self):
        return fields.Date.add(
            self.date_due, days=self._get_policy().promise_grace_days
        )

    def _prepare_commitments(self):
        policy = self._get_policy()
        return [
            self._prepare_commitment(
                self.date_due,
                self.amount,
                policy.promise_grace_days,
                policy.promise_tolerance_percent,
            )
        ]

    def _get_reminder_steps(self):
        """Once a promise is broken, the dunning of the open items goes on; who says
        that it is paid is not asked to pay."""
        steps = super()._get_reminder_steps()
        return steps.filtered(
            lambda step: step.delay_days <= 0 and not self.is_paid_already
        )

    def _get_evaluated_state(self, outcomes, as_of):
        states = {
            "pending": "open",
            "kept": "kept",
            "kept_late": "kept",
            "partial": "partial",
            "broken": "broken",
            "void": "cancelled",
        }
        [outcome] = outcomes
        return {
            "state": states[outcome.state],
            "is_late": outcome.state == "kept_late",
        }
