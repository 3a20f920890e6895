from odoo import api, fields, models
from odoo.exceptions import LockError, UserError, ValidationError

from ..tools.locking import take_turns


class AccountCollectionResolution(models.AbstractModel):
    """What the ways out of a debt share: whom and what they concern, what they hold
    and what money they expect.

    A kind of resolution is a model that inherits this one and sets the attributes
    below. It writes holds and commitments, and knows nothing of the engine.
    """

    _name = "account.collection.resolution"
    _description = "Resolution"
    _inherit = [
        "account.collection.numeric",
        "account.collection.own",
        "portal.mixin",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "date_start desc, id desc"
    _check_company_auto = True

    # The reason of its holds, and the states in which it is in force.
    _hold_reason = None
    _live_states = ()
    # The state of one that was withdrawn, or that another one replaces.
    _cancelled_state = "cancelled"
    _superseded_state = "cancelled"
    # The state in which it is written down.
    _draft_state = "draft"

    # === FIELDS === #

    name = fields.Char(readonly=True, copy=False, default="/")
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company.root_id,
        index=True,
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
    )
    case_id = fields.Many2one(
        "account.collection.case",
        compute="_compute_case_id",
        store=True,
        index="btree_not_null",
        check_company=True,
        ondelete="set null",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Collector",
        default=lambda self: self.env.user,
        domain=[("share", "=", False)],
        index=True,
    )
    line_ids = fields.Many2many("account.move.line", string="Open Items", copy=False)
    amount = fields.Monetary()
    state = fields.Selection(
        [("draft", "Draft")],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )
    date_start = fields.Date(
        string="Agreed On",
        default=lambda self: self.env.company._get_collection_day(),
        copy=False,
    )
    date_end = fields.Date(string="Ended On", readonly=True, copy=False)
    is_replacing = fields.Boolean(
        string="Replace What Was Agreed",
        copy=False,
        help="End what was agreed on the same open items before.",
    )
    followed_state = fields.Char(
        readonly=True, copy=False, help="The last state that was acted upon."
    )
    date_evaluated = fields.Date(
        readonly=True,
        copy=False,
        help="The day of its last daily evaluation; empty while there is news.",
    )
    hold_ids = fields.One2many(
        "account.collection.hold",
        "res_id",
        string="Holds",
        domain=lambda self: [("res_model", "=", self._name)],
        context={"active_test": False},
        readonly=True,
    )
    commitment_ids = fields.One2many(
        "account.collection.commitment",
        "res_id",
        string="Agreed Payments",
        domain=lambda self: [("res_model", "=", self._name)],
        readonly=True,
    )

    # === CONSTRAINT METHODS === #

    @api.constrains("amount", "state")
    def _check_amount(self):
        for resolution in self:
            if resolution.currency_id.compare_amounts(resolution.amount, 0) <= 0:
                raise ValidationError(self.env._("Enter an amount greater than zero."))

    @api.constrains("line_ids", "partner_id", "company_id", "currency_id")
    def _check_lines(self):
        if self.env.su and self.env.context.get("collection_moving"):
            return
        for resolution in self:
            for line in resolution.line_ids:
                if line.account_id.account_type != "asset_receivable":
                    raise ValidationError(
                        self.env._("%s is not a customer item.", line.display_name)
                    )
                if line.partner_id.commercial_partner_id != resolution.partner_id:
                    raise ValidationError(
                        self.env._(
                            "%(item)s is not owed by %(customer)s.",
                            item=line.display_name,
                            customer=resolution.partner_id.display_name,
                        )
                    )
                if line.company_id.root_id != resolution.company_id:
                    raise ValidationError(
                        self.env._(
                            "%(item)s belongs to another company than %(company)s.",
                            item=line.display_name,
                            company=resolution.company_id.display_name,
                        )
                    )
                if line.currency_id != resolution.currency_id:
                    raise ValidationError(
                        self.env._(
                            "%(item)s is in %(currency)s. An agreement covers open "
                            "items of one currency: make another one for it.",
                            item=line.display_name,
                            currency=line.currency_id.name,
                        )
                    )

    # === COMPUTE METHODS === #

    @api.depends("name")
    def _compute_display_name(self):
        unnamed = self.filtered(lambda resolution: resolution.name in (False, "/"))
        unnamed.display_name = self.env._("New")
        return super(
            AccountCollectionResolution, self - unnamed
        )._compute_display_name()

    @api.depends("partner_id", "company_id")
    def _compute_case_id(self):
        for resolution in self:
            resolution.case_id = self.env["account.collection.case"].search(
                [
                    ("partner_id", "=", resolution.partner_id.id),
                    ("company_id", "=", resolution.company_id.id),
                    ("state", "!=", "closed"),
                ],
                limit=1,
            )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("name", "/") == "/":
                vals["name"] = self.env["ir.sequence"].next_by_code(self._name) or "/"
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_agreed(self):
        for resolution in self:
            if not resolution._is_draft():
                raise UserError(
                    self.env._(
                        "%s is part of the customer's history. Cancel it instead of "
                        "deleting it.",
                        resolution.name,
                    )
                )

    # === ACTION METHODS === #

    def action_confirm(self):
        """Put resolutions into force.

        :raise AccessError: when the customer's case is a colleague's
        :raise UserError: when one is not a draft, beyond the policy's limits, or
            covers what something else covers already
        """
        for resolution in self:
            resolution._lock_in((self._draft_state,))
            resolution._check_case()
            resolution._end_overdue()
            resolution._check_others()
            resolution._check_limits()
            resolution._start()

    def action_cancel(self):
        """Withdraw resolutions: what they held is collected again.

        :raise UserError: when one has ended already
        """
        for resolution in self:
            resolution._lock_in((self._draft_state, *self._live_states))
            resolution._end(resolution._cancelled_state)

    # === BUSINESS METHODS === #

    def _check_case(self):
        """Refuse to agree anything with the customer of a colleague.

        :raise AccessError: for who may not see the customer's case
        """
        # The case may have been given to somebody else since this was written down.
        self.sudo()._compute_case_id()
        self.case_id.check_access("read")

    def _check_limits(self):
        """Refuse what is beyond the policy; each kind adds its own rules.

        :raise UserError: saying what is wrong and what may be agreed
        """
        self.ensure_one()
        self._check_owed()

    def _check_owed(self):
        """Refuse to cover more of the open items than can be covered.

        :raise UserError: saying how much that is
        """
        self.ensure_one()
        if not self.line_ids:
            raise UserError(self.env._("Choose the open items that it covers."))
        owed = sum(self._get_free_amounts().values())
        if self.currency_id.is_zero(owed) and (names := self._get_cover_names()):
            raise UserError(
                self.env._(
                    "%s covers these open items already. End it first, or choose "
                    "other items.",
                    names,
                )
            )
        if self.currency_id.compare_amounts(self.amount, owed) > 0:
            raise UserError(
                self.env._(
                    "%(amount)s is more than the %(owed)s that can be covered on "
                    "these open items. Reduce the amount.",
                    amount=self.currency_id.format(self.amount),
                    owed=self.currency_id.format(owed),
                )
            )

    def _start(self):
        """Hold what is covered and note what is expected."""
        self.ensure_one()
        # It holds from today on, however long it was a draft.
        self.sudo().date_start = self.company_id._get_collection_day()
        self._supersede_others()
        self._open_case()
        self._cover()
        self._commit()

    def _end(self, state):
        """End the resolution: nothing is held or expected any more.

        :param str state: the state it ends in
        """
        self.ensure_one()
        holds = self._get_holds()
        self._release_claims(holds)
        holds.active = False
        # Who may end it was checked by the button; nobody writes states by hand.
        self.sudo().write(
            {"state": state, "date_end": self.company_id._get_collection_day()}
        )
        self._evaluate()
        # The end of the old comes before the beginning of its successor.
        self.env.flush_all()
        self._refresh_case()

    def _open_case(self):
        """Open a case for a customer with whom something is agreed."""
        # One may have been opened or closed since this was written down.
        self.sudo()._compute_case_id()
        if not self.case_id:
            self._lock_customer()
            # Cases are opened by the engine; here an agreement asks for one.
            cases = self.env["account.collection.case"].sudo()
            self.sudo().case_id = cases.create(
                {
                    "partner_id": self.partner_id.id,
                    "company_id": self.company_id.id,
                    "user_id": cases._filter_collectors(
                        self.user_id, self.company_id
                    ).id,
                    "date_opened": self.date_start,
                }
            )

    # === HELPERS === #

    def _without_defaults(self, names):
        """Forget what the context proposes for fields that nobody fills in by hand.

        :param names: the names of the fields
        :return: the model in a context without them
        """
        if self.env.su:
            return self
        keys = {f"default_{name}" for name in names}
        context = {
            key: value for key, value in self.env.context.items() if key not in keys
        }
        return self.with_env(self.env(context=context))

    def _lock_in(self, states):
        """Let two people at one document take turns, and see that it is still open.

        :param tuple states: the states in which the action is possible
        :raise AccessError: for who may not change the document
        :raise UserError: when the document has left them
        """
        self.ensure_one()
        self.check_access("write")
        try:
            self.lock_for_update()
        except LockError:
            raise UserError(
                self.env._(
                    "Somebody else is working on %s just now. Reload the page to see "
                    "what they did.",
                    self.name,
                )
            ) from None
        # What follows may write to other records alone.
        take_turns(self)
        self.invalidate_recordset(["state"])
        if self.state not in states:
            raise UserError(
                self.env._(
                    "%(name)s is %(state)s already. Reload the page to see it.",
                    name=self.name,
                    state=self._get_state_name(),
                )
            )

    def _lock_customer(self):
        """Make concurrent transactions that open a case of the customer take turns."""
        take_turns(self.partner_id)

    def _get_state_name(self):
        """The state as it reads within a sentence."""
        names = dict(self._fields["state"]._description_selection(self.env))
        return names[self.state].lower()

    def _is_draft(self):
        """Whether it is only written down, and not in force yet."""
        return self.state == self._draft_state

    def _is_evaluated(self):
        """Whether what became of it still depends on the ledger."""
        return not self._is_draft() and not self.date_end

    def _get_policy(self):
        """The policy of the customer, empty if there is none."""
        partner = self.partner_id.with_company(self.company_id)
        policy = partner.sudo().collection_policy_id
        if not policy.active:
            policy = self.company_id.sudo().collection_policy_id
        return policy.filtered("active")

    def _is_manager(self):
        return self.env.user.has_group("account_collections.group_collection_manager")

    def _refresh_case(self):
        """Bring the customer's case up to date."""
        # The case follows the ledger, whoever sees it.
        self.env["account.collection.case"].sudo()._refresh(
            self.company_id, self.partner_id
        )
