from odoo import models
from odoo.exceptions import AccessError


class ReportStatement(models.AbstractModel):
    _name = "report.account_collections.report_statement"
    _description = "Statement of Account"

    # === BUSINESS METHODS === #

    def _get_report_values(self, docids, data=None):
        """Give the report its statements, each in the language of its customer.

        :param list docids: the customers (`res.partner`)
        :param dict data: `company_id`, else the user's company is taken
        :raise AccessError: when the user may not see cases, the customers or the
            company
        """
        data = data or {}
        partners = self.env["res.partner"].browse(docids or data.get("partner_ids"))
        company = self._get_company(data)
        self.env["account.collection.case"].check_access("read")
        partners.check_access("read")
        date = company._get_collection_day()
        letter = self.env["account.collection.letter"]
        statements = []
        for partner in partners:
            lang = letter._get_lang(partner, company)
            statements.append(
                {
                    "lang": lang,
                    **self.env["account.collection.statement"]
                    .with_context(lang=lang)
                    ._get_statement(partner, company, date),
                }
            )
        return {"doc_ids": partners.ids, "docs": partners, "statements": statements}

    # === HELPERS === #

    def _get_company(self, data):
        """The root company that is asked for, if the user works for it."""
        if not data.get("company_id"):
            return self.env.company.root_id
        company = self.env["res.company"].browse(int(data["company_id"]))
        # Whoever works for a branch sees what belongs to the main company.
        if not self.env.su and company not in self.env.companies.root_id:
            raise AccessError(self.env._("You do not work for this company."))
        return company
