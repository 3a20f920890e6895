from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL

# What is disputed: fixed as soon as the dispute is registered.
REGISTERED = {"company_id", "currency_id", "line_ids", "amount", "invoice_line_ids"}

# What the buttons decide.
DECIDED = {
    "name",
    "case_id",
    "date_start",
    "state",
    "followed_state",
    "is_registered",
    "is_repeated",
    "hold_approver_id",
    "amount_agreed",
    "credit_move_ids",
    "date_end",
    "date_evaluated",
    "date_escalated",
}


# Nobody has decided yet who is right.
UNSETTLED = ("new", "investigating")


class AccountCollectionDispute(models.Model):
    """What a customer says is wrong with an invoice, until it is settled.

    It is written down in the state *new*; from its registration (`action_confirm`) on
    the disputed amount is held and the days to answer run.
    """

    _name = "account.collection.dispute"
    _description = "Dispute"
    _inherit = ["account.collection.resolution"]

    _hold_reason = "dispute"
    _live_states = ("new", "investigating", "resolved_valid")
    _cancelled_state = "withdrawn"
    _superseded_state = "withdrawn"
    _draft_state = "new"
    _deadline_field = "date_deadline"

    # === FIELDS === #

    # Other states than those of the mixin, not more of them.
    state = fields.Selection(selection="_get_states", default="new")
    is_registered = fields.Boolean(readonly=True, copy=False)
    reason_id = fields.Many2one(
        "account.collection.dispute.reason",
        required=True,
        check_company=True,
        ondelete="restrict",
        tracking=True,
        index=True,
    )
    amount = fields.Monetary(
        string="Disputed Amount",
        compute="_compute_amount",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
        help="What the customer does not want to pay. The rest is still collected.",
    )
    invoice_line_ids = fields.Many2many(
        "account.move.line",
        "account_collection_dispute_invoice_line_rel",
        "dispute_id",
        "line_id",
        string="Disputed Invoice Lines",
        copy=False,
        help="Lines of the invoices that are wrong. Leave empty when the dispute is "
        "about the whole.",
    )
    description = fields.Text(string="In the Customer's Words")
    team_id = fields.Many2one(
        "account.collection.team",
        compute="_compute_responsible_id",
        store=True,
        readonly=False,
        check_company=True,
    )
    responsible_id = fields.Many2one(
        "res.users",
        compute="_compute_responsible_id",
        store=True,
        readonly=False,
        domain=[("share", "=", False)],
        tracking=True,
        index=True,
        help="Who clarifies it.",
    )
    date_deadline = fields.Date(
        string="To Be Settled By", tracking=True, copy=False, index=True
    )
    date_escalated = fields.Date(string="Escalated On", readonly=True, copy=False)
    is_repeated = fields.Boolean(
        string="Disputed Again",
        readonly=True,
        copy=False,
        help="The same open item was disputed before and the dispute was rejected. "
        "Only a manager can let it stop the dunning.",
    )
    hold_approver_id = fields.Many2one(
        "res.users", string="Hold Approved By", readonly=True, copy=False
    )
    answer = fields.Text(
        string="Answer to the Customer", copy=False, help="Part of the message to them."
    )
    attachment_ids = fields.One2many(
        "ir.attachment",
        "res_id",
        string="Attachments",
        domain=lambda self: [("res_model", "=", self._name)],
    )

    # === CONSTRAINT METHODS === #

    @api.constrains("invoice_line_ids", "line_ids")
    def _check_invoice_lines(self):
        for dispute in self:
            others = dispute.invoice_line_ids.move_id - dispute.line_ids.move_id
            if others:
                raise ValidationError(
                    self.env._(
                        "The disputed lines of %s need an open item of that invoice "
                        "in the dispute.",
                        ", ".join(others.mapped("name")),
                    )
                )

    # === COMPUTE METHODS === #

    @api.depends("line_ids", "invoice_line_ids")
    def _compute_amount(self):
        for dispute in self:
            open_amount = sum(dispute.line_ids.mapped("amount_residual_currency"))
            lines_amount = sum(dispute.invoice_line_ids.mapped("price_total"))
            if not dispute.is_registered:
                dispute.amount = min(lines_amount or open_amount, open_amount)

    @api.depends("reason_id")
    def _compute_responsible_id(self):
        for dispute in self:
            reason = dispute.reason_id
            dispute.team_id = reason.team_id
            dispute.responsible_id = dispute._get_able(
                reason.user_id, reason.team_id.user_id, dispute.user_id
            )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_not_decided(
                {
                    name
                    for name, value in vals.items()
                    if value and (name, value) != ("state", "new")
                }
            )
        return super(AccountCollectionDispute, self._without_defaults(DECIDED)).create(
            vals_list
        )

    def write(self, vals):
        self._check_not_decided(vals.keys())
        is_fixed = not self.env.su and any(self.mapped("is_registered"))
        if is_fixed and REGISTERED & vals.keys():
            raise UserError(
                self.env._(
                    "What was registered as disputed does not change any more. Note "
                    "that the dispute is withdrawn, and register another one."
                )
            )
        return super().write(vals)

    # === ACTION METHODS === #

    def action_investigate(self):
        """Say that someone looks into it.

        :raise UserError: when it is not registered, or no longer new
        """
        for dispute in self:
            dispute._lock_in(("new",))
            dispute._check_registered()
            dispute._check_items()
            dispute._go_to("investigating")

    def action_resolve_invalid(self, reason):
        """Reject the dispute: the hold ends, the dunning goes on, and the customer is
        told why.

        :param str reason: why, in words for the customer
        :raise UserError: when it is not being investigated, or no reason is given
        """
        for dispute in self:
            dispute._lock_to_settle()
            if not (reason or "").strip():
                raise UserError(
                    self.env._("Tell the customer why the dispute is rejected.")
                )
            dispute.answer = reason
            dispute._end("resolved_invalid")
            dispute._follow_up()

    def action_cancel(self):
        for dispute in self:
            dispute._lock_in(UNSETTLED)
        result = super().action_cancel()
        self._follow_up()
        return result

    def action_withdraw(self):
        """Note that the customer no longer disputes it: the dunning goes on.

        :raise UserError: when it is settled or withdrawn already
        """
        return self.action_cancel()

    def action_open_resolution(self):
        """Open the form that settles the dispute, one way or the other.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Settle the Dispute"),
            "res_model": "account.collection.dispute.resolve",
            "view_mode": "form",
            "target": "new",
            "context": {"default_dispute_id": self.id},
        }

    # === BUSINESS METHODS === #

    def _check_limits(self):
        if self.is_registered:
            raise UserError(self.env._("%s is registered already.", self.name))
        return super()._check_limits()

    def _start(self):
        today = self.company_id._get_collection_day()
        # What the buttons decide is not written by hand.
        self.sudo().write(
            {"date_start": today, "is_repeated": bool(self._get_rejected_lines())}
        )
        result = super()._start()
        self.sudo().write(
            {
                "is_registered": True,
                "date_deadline": self.date_deadline
                or fields.Date.add(today, days=self._get_response_days()),
            }
        )
        self._ask_responsible()
        self._follow_up()
        return result

    def _go_to(self, state):
        """Change the state and tell whom it concerns.

        :param str state: the new state
        """
        self.ensure_one()
        # What the buttons decide is not written by hand.
        self.sudo().state = state
        # What is held may have changed: the customer and the case follow.
        self._evaluate()

    def _on_state(self, former):
        result = super()._on_state(former)
        if self.is_registered and former != self.state:
            self._tell_customer()
        if self.state not in UNSETTLED:
            self._close_request()
        return result

    # === HELPERS === #

    @api.model
    def _check_not_decided(self, names):
        """Keep what the buttons decide from being written by other ways.

        :param names: the fields that are to be written
        :raise AccessError: when one of them is decided by a button
        """
        if not self.env.su and DECIDED & set(names):
            raise AccessError(
                self.env._(
                    "The state and the approval of a dispute follow from its buttons. "
                    "Use them instead."
                )
            )

    def _get_live_condition(self):
        return SQL("(%s AND agreement.is_registered)", super()._get_live_condition())

    def _get_deadline(self):
        """Once it is decided who is right, there is no deadline any more."""
        return SQL(
            "CASE WHEN agreement.state IN %s THEN %s END",
            UNSETTLED,
            super()._get_deadline(),
        )

    @api.model
    def _get_states(self):
        """The states, in the order in which they are gone through.

        :return: pairs of state and label
        :rtype: list[tuple[str, str]]
        """
        return [
            ("new", self.env._("New")),
            ("investigating", self.env._("Being investigated")),
            ("resolved_valid", self.env._("Accepted")),
            ("resolved_invalid", self.env._("Rejected")),
            ("withdrawn", self.env._("Withdrawn")),
        ]

    def _is_draft(self):
        return super()._is_draft() and not self.is_registered

    def _check_registered(self):
        if not self.is_registered:
            raise UserError(self.env._("Register %s first.", self.name))

    def _lock_to_settle(self):
        """Let two people who settle a dispute take turns.

        :raise UserError: when nobody has looked into it yet, it is settled already, or
            nothing is left to dispute
        """
        self._lock_in(UNSETTLED)
        if self.state != "investigating":
            raise UserError(
                self.env._(
                    "%s is not being investigated yet. Press Investigate first, then "
                    "settle it.",
                    self.name,
                )
            )
        self._check_items()

    def _get_response_days(self):
        """The days within which it is to be settled.

        :rtype: int
        """
        policy = self._get_policy() or self.env["account.collection.policy"].new()
        return self.reason_id.response_days or policy.dispute_response_days

    def _get_able(self, *users):
        """The first of some users who can work on it, or none.

        :param users: candidates (`res.users`), the preferred first
        """
        group = "account_collections.group_collection_own"
        for user in users:
            # Whether somebody else may see it is not for this user to read.
            user = user.sudo()
            if (
                user.active
                and self.company_id in user.company_ids
                and user.has_group(group)
            ):
                return user.sudo(self.env.su)
        return self.env["res.users"]
