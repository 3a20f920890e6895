from datetime import timedelta

import pytz

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ResCompany(models.Model):
    _inherit = "res.company"

    # === FIELDS === #

    collection_policy_id = fields.Many2one(
        "account.collection.policy",
        string="Default Collection Policy",
        groups="account_collections.group_collection_own",
        help="Followed for the customers who have no policy of their own. Without "
        "it, nobody else is chased.",
    )
    collection_is_automatic = fields.Boolean(
        string="Automatic Dunning",
        groups="account_collections.group_collection_own",
        help="Contact customers every day without a review. Otherwise an accountant "
        "plans, reviews and executes each run.",
    )
    # Stored, as each payment asks for the company's day.
    collection_timezone = fields.Char(
        string="Time Zone of the Dunning",
        compute="_compute_collection_timezone",
        store=True,
        groups="account_collections.group_collection_own",
    )

    # === CONSTRAINT METHODS === #

    @api.constrains("collection_policy_id")
    def _check_collection_policy(self):
        # A company is checked, whoever changes it.
        for company in self.sudo():
            policy = company.collection_policy_id
            if policy and policy.company_id != company.root_id:
                raise ValidationError(
                    self.env._(
                        "The policy %(policy)s belongs to %(other)s. Choose one of "
                        "%(company)s.",
                        policy=policy.name,
                        other=policy.company_id.name,
                        company=company.root_id.name,
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

    @api.depends("partner_id.tz", "resource_calendar_id.tz")
    def _compute_collection_timezone(self):
        for company in self:
            company.collection_timezone = (
                company.partner_id.tz or company.resource_calendar_id.tz or "UTC"
            )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        companies._create_default_collection_policy()
        return companies

    # === BUSINESS METHODS === #

    def _get_collection_day(self):
        """The day it is where the main company is, whoever asks.

        :rtype: datetime.date
        """
        # The day is the same for everybody, even if they see one branch only.
        company = self.sudo()
        # It is asked for with every payment, so nothing else is read.
        company.fetch(["parent_path", "collection_timezone"])
        timezone = company.root_id.collection_timezone
        return fields.Date.context_today(company.with_context(tz=timezone or "UTC"))

    def _get_collection_holidays(self):
        """The days besides weekends on which nobody works: from today on, the time off
        of the whole company in its calendar.

        :rtype: set[datetime.date]
        """
        # The calendar is the same for everybody, even if they see one branch only.
        root = self.root_id.sudo()
        leaves = root.env["resource.calendar.leaves"].search(
            [
                ("resource_id", "=", False),
                ("company_id", "in", (root.id, False)),
                ("calendar_id", "in", (root.resource_calendar_id.id, False)),
                ("date_to", ">=", fields.Datetime.now()),
            ]
        )
        timezone = pytz.timezone(root.resource_calendar_id.tz or "UTC")
        holidays = set()
        for leave in leaves:
            first, last = (
                pytz.utc.localize(moment).astimezone(timezone).date()
                for moment in (leave.date_from, leave.date_to)
            )
            holidays.update(
                first + timedelta(days=number)
                for number in range((last - first).days + 1)
            )
        return holidays

    def _create_default_collection_policy(self):
        """Give each root company without a policy the usual one, ready to use."""
        # Whoever creates a company need not be allowed to set up its policies.
        for company in self.sudo():
            if company.parent_id or company.collection_policy_id:
                continue
            company.collection_policy_id = (
                self.env["account.collection.policy"]
                .sudo()
                .create(company._prepare_default_collection_policy())
            )

    def _prepare_default_collection_policy(self):
        """Prepare the policy that works without configuration.

        :return: values of an `account.collection.policy`
        :rtype: dict
        """
        self.ensure_one()
        return {
            "name": self.env._("Standard"),
            "company_id": self.id,
            "step_ids": [
                fields.Command.create(values)
                for values in self._prepare_default_collection_steps()
            ],
        }

    def _prepare_default_collection_steps(self):
        """Prepare the usual steps: a reminder before the due date, three after it,
        a call and a final notice; and those of agreed payments.

        :return: values of `account.collection.policy.step`
        :rtype: list[dict]
        """

        def template(name):
            record = self.env.ref(
                f"account_collections.mail_template_{name}", raise_if_not_found=False
            )
            return record and record.id

        steps = [
            {
                "name": self.env._("Friendly reminder before the due date"),
                "delay_days": -5,
                "channel": "email",
                "mail_template_id": template("before_due"),
            },
            {
                "name": self.env._("First reminder"),
                "delay_days": 3,
                "channel": "email",
                "mail_template_id": template("first_reminder"),
            },
            {
                "name": self.env._("Second reminder"),
                "delay_days": 15,
                "channel": "email",
                "mail_template_id": template("second_reminder"),
                "attach_invoices": True,
            },
            {
                "name": self.env._("Third reminder"),
                "delay_days": 30,
                "channel": "email",
                "mail_template_id": template("third_reminder"),
                "attach_statement": True,
                "attach_invoices": True,
            },
            {
                "name": self.env._("Phone call"),
                "delay_days": 45,
                "channel": "call",
            },
            {
                "name": self.env._("Final notice"),
                "delay_days": 60,
                "channel": "letter",
                "mail_template_id": template("final_notice"),
                "attach_statement": True,
                "hold_orders": True,
            },
            {
                "name": self.env._("Before an agreed payment"),
                "applies_to": "commitment",
                "delay_days": -3,
                "channel": "email",
                "mail_template_id": template("agreed_before"),
            },
            {
                "name": self.env._("Day of an agreed payment"),
                "applies_to": "commitment",
                "delay_days": 0,
                "channel": "email",
                "mail_template_id": template("agreed_today"),
            },
            {
                "name": self.env._("Agreed payment not received"),
                "applies_to": "commitment",
                "delay_days": 1,
                "channel": "email",
                "mail_template_id": template("agreed_missed"),
            },
        ]
        # Somebody may have deleted a text: a step without one is of no use.
        return [
            step
            for step in steps
            if step["channel"] == "call" or step["mail_template_id"]
        ]
