from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL


class ResPartner(models.Model):
    _inherit = "res.partner"

    # === FIELDS === #

    type = fields.Selection(
        selection_add=[("collections", "Collections")],
        ondelete={"collections": lambda partners: partners.write({"type": "other"})},
    )
    collection_policy_id = fields.Many2one(
        "account.collection.policy",
        company_dependent=True,
        copy=False,
        groups="account_collections.group_collection_own",
        help="The collection policy of this customer. Leave empty to follow the "
        "policy of the company.",
    )
    collection_failed_email = fields.Char(
        readonly=True,
        copy=False,
        groups="account_collections.group_collection_own",
        help="The e-mail address at which the last dunning failed. Letters are sent "
        "until the address changes.",
    )

    collection_case_ids = fields.One2many(
        "account.collection.case",
        "partner_id",
        string="Collection Cases",
        groups="account_collections.group_collection_own",
    )
    collection_case_id = fields.Many2one(
        "account.collection.case",
        string="Open Collection Case",
        compute="_compute_collection_case_id",
        groups="account_collections.group_collection_own",
    )
    collection_open_case_ids = fields.Many2many(
        "account.collection.case",
        string="Open Cases",
        compute="_compute_collection_case_id",
        groups="account_collections.group_collection_own",
        help="The open case in each company.",
    )
    collection_contact_count = fields.Integer(
        compute="_compute_collection_contact_count",
        groups="account_collections.group_collection_own",
    )
    collection_amount_overdue = fields.Monetary(
        string="Overdue",
        compute="_compute_collection_case_id",
        groups="account_collections.group_collection_own",
    )

    # === CONSTRAINT METHODS === #

    @api.constrains("collection_policy_id")
    def _check_collection_policy(self):
        for partner in self:
            # Whoever edits the customer need not see policies.
            policy = partner.sudo().collection_policy_id
            if policy and policy.company_id != self.env.company.root_id:
                raise ValidationError(
                    self.env._(
                        "The policy %(policy)s belongs to %(company)s. Choose one of "
                        "this company.",
                        policy=policy.name,
                        company=policy.company_id.name,
                    )
                )
            if policy and not policy.active:
                raise ValidationError(
                    self.env._(
                        "The policy %s is archived. Choose another one, or restore "
                        "it first.",
                        policy.name,
                    )
                )

    # === COMPUTE METHODS === #

    @api.depends("commercial_partner_id")
    @api.depends_context("uid", "company", "allowed_company_ids")
    def _compute_collection_case_id(self):
        cases = self.env["account.collection.case"].search(
            [
                ("partner_id", "in", self.commercial_partner_id.ids),
                ("state", "!=", "closed"),
            ]
        )
        for partner in self:
            own = cases.filtered(
                lambda case, partner=partner: (
                    case.partner_id == partner.commercial_partner_id
                )
            )
            partner.collection_open_case_ids = own
            partner.collection_case_id = own.filtered(
                lambda case: case.company_id == self.env.company.root_id
            )
            partner.collection_amount_overdue = (
                partner.collection_case_id.amount_overdue
            )

    @api.depends("commercial_partner_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_collection_contact_count(self):
        counts = dict(
            self.env["account.collection.contact"]._read_group(
                [("partner_id", "in", self.commercial_partner_id.ids)],
                ["partner_id"],
                ["__count"],
            )
        )
        for partner in self:
            partner.collection_contact_count = counts.get(
                partner.commercial_partner_id, 0
            )

    # === CRUD METHODS === #

    def write(self, vals):
        if "collection_policy_id" in vals and self.env.company.parent_id:
            # Policies belong to the main company, whatever branch one works in.
            self.with_company(self.env.company.root_id).write(
                {"collection_policy_id": vals["collection_policy_id"]}
            )
        if not {"parent_id", "is_company"} & vals.keys():
            return super().write(vals)
        customers = self.filtered(
            lambda partner: partner == partner.commercial_partner_id
        )
        result = super().write(vals)
        for partner in customers:
            if partner.commercial_partner_id != partner:
                partner._move_collection(partner.commercial_partner_id)
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_collected(self):
        # What was said to a customer is kept, whoever may see it.
        for model in ("account.collection.case", "account.collection.contact"):
            if record := (
                self.env[model].sudo().search([("partner_id", "in", self.ids)], limit=1)
            ):
                raise UserError(
                    self.env._(
                        "%s has a history of collections. Archive the customer "
                        "instead of deleting it.",
                        record.partner_id.display_name,
                    )
                )
        cases = self.env["account.collection.case"].sudo()
        if case := cases.search([("agency_id", "in", self.ids)], limit=1):
            raise UserError(
                self.env._(
                    "%(agency)s has the case of %(customer)s. Archive the agency "
                    "instead of deleting it.",
                    agency=case.agency_id.display_name,
                    customer=case.partner_id.display_name,
                )
            )

    # === ACTION METHODS === #

    def action_view_collection_case(self):
        """Open the open case of the customer in this company.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        return self.collection_case_id._get_records_action(name=self.env._("Case"))

    def action_view_collection_contacts(self):
        """Open what was said to the customer, and what they said.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        return dict(
            self.env["ir.actions.act_window"]._for_xml_id(
                "account_collections.account_collection_contact_action"
            ),
            domain=[("partner_id", "=", self.commercial_partner_id.id)],
            context={},
        )

    # === BUSINESS METHODS === #

    def _move_collection(self, partner):
        """Hand cases, contacts and holds over to the customer that this one has
        become part of.

        :param partner: the customer (`res.partner`) from now on
        """
        # Whoever edits or merges customers need not see how they are dunned.
        self.env["account.collection.contact"].sudo().search(
            [("partner_id", "in", self.ids)]
        ).partner_id = partner
        # Those on an open item follow it.
        self.env["account.collection.hold"].sudo().with_context(
            active_test=False
        ).search(
            [("partner_id", "in", self.ids), ("line_id", "=", False)]
        ).partner_id = partner
        commitments = self.env["account.collection.commitment"].sudo()
        commitments.search([("partner_id", "in", self.ids)]).partner_id = partner
        for model in commitments._get_resolution_models():
            # Their open items follow in a moment, where customers are merged.
            self.env[model].sudo().with_context(collection_moving=True).search(
                [("partner_id", "in", self.ids)]
            ).partner_id = partner
        cases = (
            self.env["account.collection.case"]
            .sudo()
            .search([("partner_id", "in", self.ids)])
        )
        companies = cases.filtered(lambda case: case.state != "closed").company_id
        cases._move_to(partner)
        for company in companies:
            cases._refresh(company, partner)
        # Where customers are merged, their open items follow in a moment.
        cases._refresh_after_commit(partner)

    # === HELPERS === #

    def _get_collection_address_query(self, condition):
        """Find where each customer is written to: the collections contact first,
        then the invoicing address, then the customer itself.

        :param SQL condition: which partners, over the alias `partner`
        :return: a query with the columns `partner_id` (the commercial one),
            email_address_id, postal_address_id`, each empty where no address works
        :rtype: odoo.tools.SQL
        """
        return SQL(
            """
            SELECT partner.id AS partner_id,
                   COALESCE(special.email_address_id, CASE
                       WHEN partner.email_normalized IS NOT NULL
                        AND partner.email_normalized
                            IS DISTINCT FROM partner.collection_failed_email
                       THEN partner.id END
                   ) AS email_address_id,
                   COALESCE(special.postal_address_id, CASE
                       WHEN partner.street IS NOT NULL OR partner.city IS NOT NULL
                       THEN partner.id END
                   ) AS postal_address_id
              FROM res_partner partner
              LEFT JOIN (
                SELECT partner.commercial_partner_id,
                       (ARRAY_AGG(partner.id ORDER BY partner.type, partner.id) FILTER (
                           WHERE partner.email_normalized IS NOT NULL
                             AND partner.email_normalized
                                 IS DISTINCT FROM partner.collection_failed_email
                       ))[1] AS email_address_id,
                       (ARRAY_AGG(partner.id ORDER BY partner.type, partner.id) FILTER (
                           WHERE partner.street IS NOT NULL OR partner.city IS NOT NULL
                       ))[1] AS postal_address_id
                  FROM res_partner partner
                 WHERE partner.type IN ('collections', 'invoice')
                   AND (partner.active OR partner.id = partner.commercial_partner_id)
                   AND %(condition)s
                 GROUP BY partner.commercial_partner_id
              ) special ON special.commercial_partner_id = partner.id
             WHERE partner.id = partner.commercial_partner_id AND %(condition)s
            """,
            condition=condition,
        )
