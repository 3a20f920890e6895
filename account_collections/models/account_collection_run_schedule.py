import logging
from functools import partial

from odoo import api, models, modules

_logger = logging.getLogger(__name__)


class AccountCollectionRun(models.Model):
    """What is done every day without anybody."""

    _name = "account.collection.run"
    _inherit = ["account.collection.run"]

    # === BUSINESS METHODS === #

    @api.model
    def _cron_dun(self):
        """Go on with the runs that were left, then plan and execute the day's run of
        each company that works automatically; value the cases of the others."""
        runs = self.search([("state", "=", "running")], order="date, id")
        companies = self.env["res.company"].search([("parent_id", "=", False)])
        has_failed = False
        for dun in (
            *(run._execute for run in runs),
            *(partial(self._dun_company, company) for company in companies),
        ):
            try:
                dun()
            except Exception:
                # The customers of other companies are not to wait for these.
                if modules.module.current_test:
                    raise
                self.env.cr.rollback()
                self.env.invalidate_all()
                _logger.exception("A part of the daily dunning failed")
                has_failed = True
            if not self._commit_batch(0):
                return
        if has_failed:
            # It is tried again the next day, not at once and for ever.
            self.env["ir.cron"]._commit_progress(remaining=0)

    def _dun_company(self, company):
        """Do what is due today in one company.

        :param company: the root company (`res.company`)
        """
        date = company._get_collection_day()
        if not company.sudo().collection_is_automatic:
            self.env["account.collection.case"]._refresh_on(company, date)
            self._commit_batch(0)
        elif not self.search_count(
            [
                ("company_id", "=", company.id),
                ("date", "=", date),
                # Who cancels the day's run wants no letters on that day; a run that
                # looked ahead knew nothing of who is late only since.
                "|",
                ("state", "=", "cancelled"),
                "&",
                ("state", "in", ("running", "done")),
                ("date_planned", "=", date),
            ],
            limit=1,
        ):
            run = self.create({"company_id": company.id, "date": date})
            run.action_plan()
            run._drop_as_reviewed()
            # Nobody writes states by hand.
            run.sudo().state = "running"
            self._commit_batch(0)
            run._execute()

    # === HELPERS === #

    def _drop_as_reviewed(self):
        """Leave out whom somebody has taken out of another run of the day by hand."""
        lines = self.env["account.collection.run.line"]
        dropped = lines.search(
            [
                ("run_id.company_id", "=", self.company_id.id),
                ("run_id.date", "=", self.date),
                ("run_id.state", "=", "planned"),
                ("state", "=", "dropped"),
                ("reason_source", "=", "manual"),
                ("reason", "=", False),
            ]
        )
        lines.search(
            [
                ("run_id", "=", self.id),
                ("state", "=", "planned"),
                ("partner_id", "in", dropped.partner_id.ids),
            ]
        ).action_drop()
