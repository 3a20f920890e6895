from odoo import api, fields, models
from odoo.tools import plaintext2html
from odoo.tools.misc import format_date


class AccountCollectionPolicy(models.Model):
    """Whether the reference rate is known that statutory interest builds on: until it
    is entered, the last one before stands in for it, and somebody is asked to."""

    _name = "account.collection.policy"
    _inherit = ["account.collection.policy", "mail.thread", "mail.activity.mixin"]

    # === FIELDS === #

    fee_rate_warning = fields.Char(
        string="Missing Reference Rate", compute="_compute_fee_rate_warning"
    )

    # === COMPUTE METHODS === #

    @api.depends("fee_method", "fee_currency_id", "company_id")
    def _compute_fee_rate_warning(self):
        for policy in self:
            policy.fee_rate_warning = policy._get_fee_rate_warning()

    # === ACTION METHODS === #

    def action_view_reference_rates(self):
        """List the reference rates of the currency of the law.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_collections.account_collection_reference_rate_action"
        )
        return dict(
            action,
            domain=[("currency_id", "=", self.fee_currency_id.id)],
            context={"default_currency_id": self.fee_currency_id.id},
        )

    # === BUSINESS METHODS === #

    @api.model
    def _ask_for_rates(self):
        """Ask for the reference rate of this half-year, once for each policy that needs
        it, and no longer when it is there."""
        summary = self.env._("Enter the reference rate")
        for policy in self.search([("fee_method", "=", "statutory")]):
            asked = policy.activity_ids.filtered(
                lambda activity, summary=summary: activity.summary == summary
            )
            warning = policy._get_fee_rate_warning()
            if asked and not warning:
                asked.action_feedback()
            elif warning and not asked:
                policy.activity_schedule(
                    "mail.mail_activity_data_todo",
                    date_deadline=policy.company_id._get_collection_day(),
                    summary=summary,
                    note=plaintext2html(warning),
                    user_id=policy._get_rate_user().id,
                    automated=True,
                )

    # === HELPERS === #

    def _get_fee_rate_warning(self):
        """Say that the reference rate of this half-year is missing, and what stands in
        for it.

        :return: a sentence, or False
        :rtype: str
        """
        self.ensure_one()
        company, currency = self.company_id, self.fee_currency_id
        if self.fee_method != "statutory" or not company or not currency:
            return False
        rates = self.env["account.collection.reference.rate"]
        known = rates._get_known(company, currency)
        missing = rates._get_missing(company, currency, company._get_collection_day())
        if not missing:
            return False
        before = max((day for day in known if day < missing), default=None)
        if not before:
            return rates._get_missing_text(currency, missing)
        return self.env._(
            "The reference rate of %(currency)s for the half-year from %(date)s is not "
            "entered. Late fees are calculated from the last one, %(rate)s %% of "
            "%(before)s, and marked as provisional.",
            currency=currency.name,
            date=format_date(self.env, missing),
            rate=f"{known[before]:.2f}",
            before=format_date(self.env, before),
        )

    def _get_rate_user(self):
        """Who is asked for the reference rate: whoever changed the policy last, if they
        manage collections, else a manager of the company.

        :rtype: odoo.api.res.users
        """
        managers = (
            self.env.ref("account_collections.group_collection_manager")
            .sudo()
            .all_user_ids.filtered(
                lambda user: (
                    user.active
                    and not user._is_superuser()
                    and self.company_id in user.company_ids
                )
            )
        )
        return (self.write_uid & managers) or managers[:1] or self.env.user
