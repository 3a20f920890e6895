from odoo import Command, fields, models
from odoo.exceptions import UserError


class ResCompany(models.Model):
    """Where settlements are booked: found in the chart of accounts, unless set."""

    _name = "res.company"
    _inherit = ["res.company"]

    # The accounts for bad debts in some charts, by what the charts call them.
    _bad_debt_accounts = {
        "de_skr03": "account_2400",
        "de_skr04": "chart_skr04_6930",
        "fr": "pcg_6541",
    }

    # === FIELDS === #

    collection_offer_days = fields.Integer(
        string="Settlement Offers Expire After",
        default=14,
        groups="account_collections.group_collection_own",
        help="Days within which a customer can accept, unless told otherwise.",
    )
    collection_bad_debt_account_id = fields.Many2one(
        "account.account",
        string="Bad Debts",
        check_company=True,
        domain=[("account_type", "in", ("expense", "expense_other"))],
        groups="account_collections.group_collection_own",
        help="Where what is given up as an impairment is written off.",
    )
    collection_write_off_journal_id = fields.Many2one(
        "account.journal",
        string="Journal of Write-Offs",
        check_company=True,
        domain=[("type", "=", "general")],
        groups="account_collections.group_collection_own",
    )
    collection_concession_account_id = fields.Many2one(
        "account.account",
        string="Price Concessions",
        check_company=True,
        groups="account_collections.group_collection_own",
        help="Where price concessions are booked. Without it, they are booked on the "
        "accounts of the invoices.",
    )

    # === CONSTRAINT METHODS === #

    _collection_offer_days_positive = models.Constraint(
        "CHECK (collection_offer_days >= 0)",
        "The days after which an offer expires cannot be negative.",
    )

    # === BUSINESS METHODS === #

    def _set_default_collection_accounts(self):
        """Set what the charts of accounts have and nobody has set yet."""
        # Whoever loads a chart need not be allowed to see the settings.
        for company in self.sudo().filtered("chart_template"):
            if not company.collection_bad_debt_account_id:
                company.collection_bad_debt_account_id = (
                    company._find_bad_debt_account()
                )
            if not company.collection_write_off_journal_id:
                company.collection_write_off_journal_id = (
                    company._find_collection_journal("general")
                )

    def _get_collection_bad_debt_account(self):
        """Where bad debts are written off; created where the chart has no account.

        :return: the account (`account.account`)
        :raise UserError: when there is no chart of accounts
        """
        self.ensure_one()
        # Whoever settles need not be allowed to see the settings.
        company = self.sudo()
        if not company.collection_bad_debt_account_id:
            company.collection_bad_debt_account_id = (
                company._find_bad_debt_account() or company._create_bad_debt_account()
            )
        return company.collection_bad_debt_account_id.sudo(self.env.su)

    def _get_collection_write_off_journal(self):
        """Where write-offs are entered.

        :return: the journal (`account.journal`)
        :raise UserError: when there is none
        """
        self.ensure_one()
        # Whoever settles need not be allowed to see the settings.
        company = self.sudo()
        if not company.collection_write_off_journal_id:
            company.collection_write_off_journal_id = company._find_collection_journal(
                "general"
            )
        if not company.collection_write_off_journal_id:
            raise UserError(
                self.env._(
                    "%s has no journal for write-offs. Choose one in the settings, "
                    "under Collections.",
                    self.name,
                )
            )
        return company.collection_write_off_journal_id.sudo(self.env.su)

    # === HELPERS === #

    def _find_bad_debt_account(self):
        """The account for bad debts that the chart has, without taxes of its own."""
        chart = self.env["account.chart.template"].with_company(self)
        name = self._bad_debt_accounts.get(self.chart_template)
        account = name and chart.ref(name, raise_if_not_found=False)
        return account or self.env["account.account"].with_company(self).with_context(
            lang="en_US"
        ).search(
            [
                *self.env["account.account"]._check_company_domain(self),
                ("account_type", "in", ("expense", "expense_other")),
                ("name", "ilike", "bad debt"),
                ("tax_ids", "=", False),
            ],
            limit=1,
        )

    def _create_bad_debt_account(self):
        """Create an account for bad debts, next to the other expenses.

        :raise UserError: when there is no chart of accounts
        """
        accounts = self.env["account.account"].with_company(self)
        other = accounts.search(
            [
                *accounts._check_company_domain(self),
                ("account_type", "=", "expense"),
            ],
            order="code desc",
            limit=1,
        )
        if not other:
            raise UserError(
                self.env._(
                    "%s has no chart of accounts yet. Choose one in the settings of "
                    "the accounting.",
                    self.name,
                )
            )
        return accounts.create(
            {
                "name": self.env._("Bad Debts"),
                "code": accounts._search_new_account_code(other.code),
                "account_type": "expense",
                "company_ids": [Command.set(self.ids)],
            }
        )

    def _find_collection_journal(self, kind):
        """The first journal of some kind, but those that Odoo books in by itself.

        :param str kind: the type of the journal
        :return: an `account.journal`, or none
        """
        journals = self.env["account.journal"]
        return journals.search(
            [
                *journals._check_company_domain(self),
                ("type", "=", kind),
                ("id", "!=", self.currency_exchange_journal_id.id),
                ("id", "!=", self.tax_cash_basis_journal_id.id),
            ],
            limit=1,
        )


class AccountChartTemplate(models.AbstractModel):
    _inherit = "account.chart.template"

    # === BUSINESS METHODS === #

    def _post_load_data(self, template_code, company, template_data):
        result = super()._post_load_data(template_code, company, template_data)
        (company or self.env.company).root_id._set_default_collection_accounts()
        return result
