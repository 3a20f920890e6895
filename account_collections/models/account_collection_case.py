from odoo import api, fields, models


class AccountCollectionCase(models.Model):
    _name = "account.collection.case"
    _description = "Collection Case"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "priority desc, id"
    _rec_name = "partner_id"
    _check_company_auto = True

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
        domain=[("share", "=", False)],
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
    amount_overdue = fields.Monetary(string="Overdue", readonly=True)
    amount_held = fields.Monetary(string="Held", readonly=True)
    amount_collectible = fields.Monetary(string="Collectible", readonly=True)
    days_overdue = fields.Integer(readonly=True)
    priority = fields.Integer(
        readonly=True, index=True, help="From 0 to 100: whom to take care of first."
    )
    priority_amount = fields.Integer(readonly=True)
    priority_days = fields.Integer(readonly=True)
    priority_silence = fields.Integer(readonly=True)
    priority_contact = fields.Integer(readonly=True)
    order_hold = fields.Boolean(tracking=True)
    agency_id = fields.Many2one(
        "res.partner",
        string="Handed Over To",
        readonly=True,
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

    # === CONSTRAINT METHODS === #

    _one_open = models.UniqueIndex(
        "(partner_id, company_id) WHERE state != 'closed'",
        "This customer already has an open case.",
    )
    _worklist_idx = models.Index(
        "(company_id, priority DESC, id) WHERE state != 'closed'"
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
            case.contact_ids = contacts.get((case.partner_id, case.company_id))

    # === BUSINESS METHODS === #

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
        self.activity_ids.write({"res_id": target.id})
        self.write(
            {"state": "closed", "date_closed": self.company_id._get_collection_day()}
        )
        target.message_post(
            body=self.env._("The case of %s was merged into this one.", self.display_name)
        )
