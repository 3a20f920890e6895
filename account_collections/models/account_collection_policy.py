from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


class AccountCollectionPolicy(models.Model):
    _name = "account.collection.policy"
    _description = "Collection Policy"
    _order = "sequence, name, id"
    _check_company_auto = True
    _check_company_domain = models.check_company_domain_parent_of

    # === FIELDS === #

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company.root_id,
        domain=[("parent_id", "=", False)],
        ondelete="cascade",
        index=True,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    step_ids = fields.One2many(
        "account.collection.policy.step", "policy_id", string="Steps", copy=True
    )
    min_amount = fields.Monetary(
        string="Minimum Amount",
        help="A customer is contacted only when they owe more than this amount, "
        "after deducting credits, in at least one currency.",
    )
    contact_gap_days = fields.Integer(
        string="Days Between Contacts",
        default=7,
        help="A customer is never contacted again before this number of days has "
        "passed since the last contact of any kind, calls included.",
    )
    include_journal_entries = fields.Boolean(
        string="Chase Opening Balances",
        help="Also chase receivables of miscellaneous journals, such as opening "
        "balances. Odoo marks these entries as 'No Follow-Up' by itself.",
    )
    assignment = fields.Selection(
        [
            ("salesperson", "Salesperson of the customer"),
            ("user", "One collector"),
            ("round_robin", "In turn among the team"),
        ],
        string="Assign New Cases To",
        default="salesperson",
        required=True,
    )
    user_id = fields.Many2one(
        "res.users",
        string="Collector",
        domain=[("share", "=", False)],
        check_company=True,
    )
    team_id = fields.Many2one("account.collection.team", check_company=True)

    promise_max_days = fields.Integer(
        string="Promises Up To",
        default=30,
        help="The most days ahead for which a promise to pay is accepted.",
    )
    promise_grace_days = fields.Integer(
        string="Grace of Promises",
        default=3,
        help="Days after the promised day on which a payment still keeps it.",
    )
    promise_tolerance_percent = fields.Float(
        string="Tolerance of Promises",
        default=1.0,
        help="What may be missing of a promised amount or of an installment, in "
        "percent. It stays due.",
    )
    promise_max_broken = fields.Integer(
        string="Broken Promises",
        default=3,
        help="No promise is accepted from a customer who has broken this many within "
        "a year. Zero sets no limit.",
    )

    plan_max_installments = fields.Integer(
        string="Most Installments",
        default=12,
        help="The most payments of a plan, the deposit included.",
    )
    plan_max_days = fields.Integer(
        string="Longest Plan",
        default=365,
        help="The most days from the agreement to the last payment, of a settlement "
        "as well.",
    )
    plan_min_deposit_percent = fields.Float(
        string="Least Deposit",
        help="How much of the total has to be paid first, in percent.",
    )
    plan_min_installment = fields.Monetary(
        string="Smallest Installment",
        help="In the currency of the company. The last installment may be smaller.",
    )
    plan_grace_days = fields.Integer(
        string="Grace of Installments",
        default=3,
        help="Days after the due date on which a payment is still on time.",
    )
    plan_cure_days = fields.Integer(
        string="Cure",
        default=10,
        help="Days after the grace within which arrears can be made good. After them "
        "the plan ends and everything is due.",
    )
    plan_keep_current = fields.Boolean(
        string="Keep Current",
        default=True,
        help="New invoices have to be paid on time while a plan lasts.",
    )

    dispute_response_days = fields.Integer(
        string="Answer Disputes Within",
        default=14,
        help="Days within which a dispute is to be settled, unless its reason says "
        "otherwise.",
    )

    # === CONSTRAINT METHODS === #

    _dispute_response_days_positive = models.Constraint(
        "CHECK (dispute_response_days >= 0)",
        "The days to answer a dispute cannot be negative.",
    )
    _min_amount_positive = models.Constraint(
        "CHECK (min_amount >= 0)",
        "The minimum amount of a collection policy cannot be negative.",
    )
    _contact_gap_positive = models.Constraint(
        "CHECK (contact_gap_days >= 0)",
        "The days between contacts cannot be negative.",
    )

    _promise_limits = models.Constraint(
        "CHECK (promise_max_days >= 0 AND promise_grace_days >= 0 "
        "AND promise_max_broken >= 0 "
        "AND promise_tolerance_percent BETWEEN 0 AND 100)",
        "The limits of promises cannot be negative, nor the tolerance above 100 %.",
    )
    _plan_limits = models.Constraint(
        "CHECK (plan_max_installments >= 1 AND plan_max_days >= 0 "
        "AND plan_min_installment >= 0 AND plan_grace_days >= 0 "
        "AND plan_cure_days >= 0 AND plan_min_deposit_percent BETWEEN 0 AND 100)",
        "A plan has at least one installment; its other limits cannot be negative, nor "
        "the deposit above 100 %.",
    )

    @api.constrains("assignment", "user_id", "team_id")
    def _check_assignment(self):
        for policy in self:
            if policy.assignment == "user" and not policy.user_id:
                raise ValidationError(
                    self.env._("Choose the collector who gets the new cases.")
                )
            if policy.assignment == "round_robin" and not policy.team_id.member_ids:
                raise ValidationError(
                    self.env._(
                        "Choose a team with at least one collector to hand out "
                        "the new cases in turn."
                    )
                )

    @api.constrains("company_id")
    def _check_company_is_root(self):
        for policy in self:
            if policy.company_id.parent_id:
                raise ValidationError(
                    self.env._(
                        "A collection policy belongs to a main company: "
                        "%(branch)s follows the policies of %(company)s.",
                        branch=policy.company_id.name,
                        company=policy.company_id.root_id.name,
                    )
                )

    @api.constrains("active")
    def _check_not_followed(self):
        for policy in self.filtered(lambda policy: not policy.active):
            if follower := policy._get_follower():
                raise ValidationError(
                    self.env._(
                        "%(follower)s follows the policy %(policy)s. Choose another "
                        "policy there before you archive this one.",
                        follower=follower,
                        policy=policy.name,
                    )
                )

    # === CRUD METHODS === #

    def copy_data(self, default=None):
        vals_list = super().copy_data(default=default)
        return [
            dict(vals, name=self.env._("%s (copy)", policy.name))
            for policy, vals in zip(self, vals_list, strict=True)
        ]

    @api.ondelete(at_uninstall=False)
    def _unlink_except_in_use(self):
        for policy in self:
            if follower := policy._get_follower():
                raise UserError(
                    self.env._(
                        "%(follower)s follows the policy %(policy)s. Choose another "
                        "policy there before you delete this one.",
                        follower=follower,
                        policy=policy.name,
                    )
                )
            if usage := policy._get_usage():
                raise UserError(
                    self.env._(
                        "The policy %(policy)s is in use by %(usage)s and cannot be "
                        "deleted. Archive it instead.",
                        policy=policy.name,
                        usage=usage,
                    )
                )

    # === BUSINESS METHODS === #

    def _get_item_steps(self):
        """The steps for open items, in the order in which they are taken."""
        return self.step_ids.filtered(lambda step: step.applies_to == "item").sorted(
            lambda step: (step.delay_days, step.sequence, step.id)
        )

    def _get_follower(self):
        """Say who is chased by this policy: a customer, or a company's customers.

        :return: the name of the first one, or an empty string
        :rtype: str
        """
        self.ensure_one()
        # Whether the policy may go does not depend on who asks.
        policy_sudo = self.sudo()
        partner = (
            policy_sudo.env["res.partner"]
            .with_company(self.company_id)
            .with_context(active_test=False)
            .search([("collection_policy_id", "=", self.id)], limit=1)
        )
        if partner:
            return partner.display_name
        company = policy_sudo.env["res.company"].search(
            [("collection_policy_id", "=", self.id)], limit=1
        )
        return company.name or ""

    def _get_usage(self):
        """Say in words who was chased by this policy.

        :return: who it was, in the user's language, or an empty string
        :rtype: str
        """
        self.ensure_one()
        # Whether the policy may be deleted does not depend on who asks.
        policy_sudo = self.sudo()
        case = policy_sudo.env["account.collection.case"].search(
            [("policy_id", "=", self.id)], limit=1
        )
        if case:
            return case.display_name
        if policy_sudo.with_context(active_test=False).step_ids._is_used():
            return self.env._("customers who were contacted under it")
        return ""
