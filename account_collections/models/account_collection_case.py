from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.tools import SQL

# The most points that each part of the priority can give.
PRIORITY_POINTS = {
    "priority_amount": 40,
    "priority_days": 30,
    "priority_silence": 20,
    "priority_contact": 10,
}


class AccountCollectionCase(models.Model):
    _name = "account.collection.case"
    _description = "Collection Case"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "priority desc, id"
    _rec_name = "partner_id"
    _check_company_auto = True

    # What a collector changes; the rest follows the ledger and the buttons.
    _collector_fields = frozenset(
        {
            "user_id",
            "team_id",
            "late_reason_id",
            "note",
            "order_hold",
            "activity_ids",
            "message_ids",
            "message_follower_ids",
            "message_main_attachment_id",
            "rating_ids",
        }
    )

    # === FIELDS === #

    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, readonly=True, index=True
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    policy_id = fields.Many2one(
        "account.collection.policy", readonly=True, ondelete="restrict"
    )
    user_id = fields.Many2one(
        "res.users",
        string="Collector",
        domain=lambda self: self._get_collector_domain(),
        index="btree_not_null",
        tracking=True,
    )
    team_id = fields.Many2one(
        "account.collection.team", tracking=True, check_company=True
    )
    state = fields.Selection(
        [
            ("open", "Open"),
            ("handed_over", "Handed over"),
            ("closed", "Closed"),
        ],
        default="open",
        required=True,
        readonly=True,
        tracking=True,
    )
    late_reason_id = fields.Many2one(
        "account.collection.late.reason", string="Why They Pay Late", tracking=True
    )
    note = fields.Html(string="Notes")
    step_id = fields.Many2one(
        "account.collection.policy.step",
        readonly=True,
        ondelete="restrict",
        help="The highest dunning step that the overdue items have reached.",
    )
    date_opened = fields.Date(readonly=True)
    date_closed = fields.Date(readonly=True)
    date_last_contact = fields.Date(string="Last Contact", readonly=True)
    date_next_action = fields.Date(
        string="Next Action",
        readonly=True,
        help="The day on which the policy asks for the next contact.",
    )
    silence_reason = fields.Selection(
        selection=lambda self: (
            self.env["account.collection.run.line"]
            ._fields["reason"]
            ._description_selection(self.env)
        ),
        string="Left Alone",
        readonly=True,
        help="Why a run would not contact the customer today.",
    )
    amount_overdue = fields.Monetary(string="Overdue", readonly=True)
    amount_held = fields.Monetary(string="Held", readonly=True)
    amount_collectible = fields.Monetary(string="Collectible", readonly=True)
    days_overdue = fields.Integer(readonly=True, aggregator="max")
    priority = fields.Integer(
        readonly=True,
        index=True,
        aggregator="max",
        help="From 0 to 100: whom to take care of first.",
    )
    priority_amount = fields.Integer(readonly=True, aggregator=None)
    priority_days = fields.Integer(readonly=True, aggregator=None)
    priority_silence = fields.Integer(readonly=True, aggregator=None)
    priority_contact = fields.Integer(readonly=True, aggregator=None)
    order_hold = fields.Boolean(tracking=True)
    agency_id = fields.Many2one(
        "res.partner",
        string="Handed Over To",
        readonly=True,
        ondelete="restrict",
        tracking=True,
        help="The collection agency or lawyer who took the case over.",
    )
    date_handed_over = fields.Date(readonly=True, tracking=True)
    contact_ids = fields.Many2many(
        "account.collection.contact",
        string="Contacts",
        compute="_compute_contact_ids",
        help="All contacts with the customer, those of earlier cases included.",
    )
    phone = fields.Char(related="partner_id.phone")
    email = fields.Char(related="partner_id.email")
    address = fields.Char(related="partner_id.contact_address_inline")
    item_ids = fields.Many2many(
        "account.move.line",
        string="Open Items",
        compute="_compute_item_ids",
        help="What the customer owes, credits included, as of today.",
    )
    contact_count = fields.Integer(compute="_compute_contact_count")
    contact_error = fields.Char(
        string="Last Contact Failed", compute="_compute_contact_error"
    )
    failed_email = fields.Char(compute="_compute_failed_email")
    priority_explanation = fields.Char(
        string="Why This Priority", compute="_compute_priority_explanation"
    )

    # === CONSTRAINT METHODS === #

    _one_open = models.UniqueIndex(
        "(partner_id, company_id) WHERE state != 'closed'",
        "This customer already has an open case.",
    )
    _worklist_idx = models.Index(
        "(company_id, priority DESC, id) WHERE state != 'closed'"
    )

    @api.constrains("user_id")
    def _check_collector(self):
        for case in self:
            user = case.user_id
            if user and not self._filter_collectors(user, case.company_id):
                raise ValidationError(
                    self.env._(
                        "%(user)s cannot see the cases of %(company)s. Choose a "
                        "collector who can, or give them the right to.",
                        user=user.name,
                        company=case.company_id.name,
                    )
                )

    # === COMPUTE METHODS === #

    @api.depends("partner_id", "company_id")
    def _compute_contact_ids(self):
        contacts = {
            (partner, company): contacts
            for partner, company, contacts in self.env[
                "account.collection.contact"
            ]._read_group(
                [
                    ("partner_id", "in", self.partner_id.ids),
                    ("company_id", "in", self.company_id.ids),
                ],
                ["partner_id", "company_id"],
                ["id:recordset"],
            )
        }
        for case in self:
            found = contacts.get((case.partner_id, case.company_id))
            case.contact_ids = found and found.sorted()

    @api.depends("partner_id", "company_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_item_ids(self):
        lines = self.env["account.move.line"]
        self.env.flush_all()
        for company, cases in self.grouped("company_id").items():
            receivable = self.env["account.collection.open.item"]._get_receivable_query(
                company, cases.partner_id.ids
            )
            items = dict(
                self.env.execute_query(
                    SQL(
                        """
                        SELECT partner_id, ARRAY_AGG(id ORDER BY date_due, id)
                          FROM (%s) open GROUP BY partner_id
                        """,
                        receivable,
                    )
                )
            )
            for case in cases:
                # Whoever works for one branch sees the items of that branch.
                case.item_ids = lines.browse(
                    items.get(case.partner_id.id, [])
                )._filtered_access("read")

    @api.depends("contact_ids")
    def _compute_contact_count(self):
        for case in self:
            case.contact_count = len(case.contact_ids)

    @api.depends("contact_ids")
    def _compute_contact_error(self):
        for case in self:
            last = case.contact_ids.sorted(
                lambda contact: (contact.date, contact.id)
            ).filtered(lambda contact: contact.state != "void")[-1:]
            case.contact_error = last.state == "failed" and (
                last.error or self.env._("It did not reach the customer.")
            )

    @api.depends("partner_id")
    def _compute_failed_email(self):
        emails = dict(
            self.env["res.partner"]._read_group(
                [
                    ("commercial_partner_id", "in", self.partner_id.ids),
                    ("collection_failed_email", "!=", False),
                ],
                ["commercial_partner_id"],
                ["id:recordset"],
            )
        )
        for case in self:
            failed = emails.get(case.partner_id, self.env["res.partner"]).filtered(
                lambda partner: (
                    partner.email_normalized == partner.collection_failed_email
                )
            )
            case.failed_email = ", ".join(failed.mapped("collection_failed_email"))

    @api.depends("priority", *PRIORITY_POINTS, "state")
    def _compute_priority_explanation(self):
        labels = self._get_priority_labels()
        for case in self:
            parts = [
                self.env._(
                    "%(part)s %(points)s/%(most)s",
                    part=label,
                    points=case[name],
                    most=PRIORITY_POINTS[name],
                )
                for name, label in labels.items()
                if case[name]
            ]
            case.priority_explanation = " · ".join(parts) or self.env._(
                "Nothing to collect at the moment"
            )

    # === CRUD METHODS === #

    def write(self, vals):
        if (
            not self.env.su
            and not self._collector_fields.issuperset(vals)
            and not self.env.user.has_group(
                "account_collections.group_collection_manager"
            )
        ):
            fields_changed = ", ".join(sorted(set(vals) - self._collector_fields))
            raise AccessError(
                self.env._(
                    "A case follows the ledger. Only a manager can change this by "
                    "hand: %s",
                    fields_changed,
                )
            )
        return super().write(vals)

    # === BUSINESS METHODS === #

    def _get_responsible(self, company, user=None):
        """Who is asked to do something for a case: its collector, else the given
        user, else its team's leader, else who works on it, else a manager; somebody
        who can see it, if there is anybody.

        :param company: the root company (`res.company`)
        :param user: whom to ask when the case has no collector (`res.users`)
        :rtype: odoo.api.res.users
        """
        # Who may see it is not for this user to read.
        case = self.sudo()
        users = case.env["res.users"]

        def choose(*candidates):
            able = self._filter_collectors(users.concat(*candidates), company)
            # The scheduler is nobody who could call; a case of who has left is seen
            # by those who see all.
            able = able.filtered(
                lambda user: (
                    user.active
                    and not user._is_superuser()
                    and (
                        case.user_id in (user, users)
                        or user.has_group("account_collections.group_collection_all")
                    )
                )
            )
            return able[:1].sudo(self.env.su)

        managers = self.env.ref("account_collections.group_collection_manager")
        return (
            choose(case.user_id, user or users, case.team_id.user_id, self.env.user)
            or choose(managers.sudo().all_user_ids)
            or self.env.user
        )

    def _refresh_these(self):
        """Bring these cases, and no others, up to date."""
        for company, cases in self.grouped("company_id").items():
            self._refresh(company, cases.partner_id)

    def _move_to(self, partner):
        """Follow a customer who has become part of another one.

        :param partner: the customer (`res.partner`) whose case it is from now on
        """
        for case in self:
            target = self.search(
                [
                    ("partner_id", "=", partner.id),
                    ("company_id", "=", case.company_id.id),
                    ("state", "!=", "closed"),
                ]
            )
            if target and case.state != "closed":
                case._merge_into(target)
            else:
                case.partner_id = partner

    def _merge_into(self, target):
        """Close this open case in favour of another one of the same company.

        When either is handed over, the result is: nobody is dunned by mistake.

        :param target: the open case (`account.collection.case`) that goes on
        """
        self.ensure_one()
        if self.state == "handed_over" and target.state == "open":
            target.write(
                {
                    "state": "handed_over",
                    "agency_id": self.agency_id.id,
                    "date_handed_over": self.date_handed_over,
                }
            )
        target.order_hold = target.order_hold or self.order_hold
        self.contact_ids.filtered(lambda contact: contact.case_id == self).write(
            {"case_id": target.id}
        )
        # What is agreed goes on with the case, whoever agreed it.
        for model in self.env["account.collection.commitment"]._get_resolution_models():
            self.env[model].sudo().search([("case_id", "=", self.id)]).case_id = target
        self.activity_ids.write({"res_id": target.id})
        self.write(
            {
                "state": "closed",
                "date_closed": self.company_id._get_collection_day(),
                "amount_overdue": 0,
                "amount_held": 0,
                "amount_collectible": 0,
                "days_overdue": 0,
                "priority": 0,
                **dict.fromkeys(PRIORITY_POINTS, 0),
                "date_next_action": False,
                "silence_reason": False,
                "order_hold": False,
            }
        )
        target.message_post(
            body=self.env._(
                "The case of %s was merged into this one.", self.display_name
            )
        )

    # === HELPERS === #

    @api.model
    def _get_collector_domain(self):
        """Who can be given a case: those who may see it.

        :return: a domain of `res.users`, for a view of cases
        :rtype: str
        """
        group = self.env.ref("account_collections.group_collection_own")
        return (
            f"[('all_group_ids', 'in', {group.ids}),"
            " ('company_ids', 'child_of', company_id)]"
        )

    @api.model
    def _filter_collectors(self, users, company):
        """Those of some users who can be given the cases of a company.

        :param users: the users (`res.users`)
        :param company: the root company (`res.company`)
        :return: users; the superuser may do everything
        """
        # Rights count, whoever may see them.
        return users.filtered(
            lambda user: (
                user._is_superuser()
                or user.sudo().has_group("account_collections.group_collection_own")
                and company in user.sudo().company_ids.root_id
            )
        )

    def _get_priority_labels(self):
        """Name the parts of the priority.

        :return: the label of each part, by field name
        :rtype: dict
        """
        return {
            "priority_amount": self.env._("Amount"),
            "priority_days": self.env._("Age"),
            "priority_silence": self.env._("Silence"),
            "priority_contact": self.env._("Failed contact or broken word"),
        }
