from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

# What follows from the buttons and the ledger, and what stays as it was promised.
DECIDED = {
    "name",
    "case_id",
    "state",
    "followed_state",
    "date_end",
    "date_evaluated",
    "is_late",
    "is_put_off",
}
PROMISED = {
    "partner_id",
    "company_id",
    "currency_id",
    "line_ids",
    "amount",
    "date_due",
    "date_start",
    "is_replacing",
}


class AccountCollectionPromise(models.Model):
    _name = "account.collection.promise"
    _description = "Promise to Pay"
    _inherit = ["account.collection.resolution"]

    _hold_reason = "promise"
    _live_states = ("open",)
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

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_by_hand(
                {name for name, value in vals.items() if value} - PROMISED
            )
        return super(AccountCollectionPromise, self._without_defaults(DECIDED)).create(
            vals_list
        )

    def write(self, vals):
        self._check_by_hand(vals.keys())
        return super().write(vals)

    # === BUSINESS METHODS === #

    def _check_by_hand(self, names):
        """Keep a promise as it was given, and its state as the ledger has it.

        :param names: the fields that are to be written
        :raise AccessError: for what follows from the buttons and the ledger
        :raise UserError: for the terms of a promise that is no draft any more
        """
        if self.env.su:
            return
        if DECIDED & set(names):
            raise AccessError(
                self.env._(
                    "The state of a promise follows from its buttons and the ledger. "
                    "Use the buttons."
                )
            )
        if PROMISED & set(names) and any(one.state != "draft" for one in self):
            raise UserError(
                self.env._(
                    "What was promised stays as it is. Withdraw the promise and take a "
                    "new one."
                )
            )

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
