import logging

from odoo import SUPERUSER_ID, api, models
from odoo.modules.registry import Registry
from odoo.tools import SQL

_logger = logging.getLogger(__name__)


class AccountCollectionCase(models.Model):
    """How the open cases of who pays, or is paid back, follow at once."""

    _name = "account.collection.case"
    _inherit = ["account.collection.case"]

    _postcommit_key = "account_collections.partner_ids"

    # === BUSINESS METHODS === #

    @api.model
    def _refresh_after_commit(self, partners):
        """Bring the open cases of customers whose ledger changes up to date, right
        after this transaction.

        What changes the ledger is never slowed, locked or refused for the sake of
        a worklist; should the refresh fail, the next run makes up for it.

        :param partners: the customers (`res.partner`)
        """
        partner_ids = partners.commercial_partner_id.ids
        postcommit = self.env.cr.postcommit
        if partner_ids and self._postcommit_key not in postcommit.data:
            postcommit.data[self._postcommit_key] = set()
            postcommit.add(self._get_postcommit_refresh())
        if partner_ids:
            postcommit.data[self._postcommit_key].update(partner_ids)

    @api.model
    def _refresh_open(self, partner_ids):
        """Bring the open cases of customers whose ledger changed up to date.

        :param partner_ids: the commercial partners
        """
        self.env.flush_all()
        for company_id, open_ids in self.env.execute_query(
            SQL(
                """
                SELECT company_id, ARRAY_AGG(partner_id) FROM account_collection_case
                 WHERE partner_id IN %s AND state != 'closed'
                 GROUP BY company_id
                """,
                tuple(partner_ids) or (0,),
            )
        ):
            company = self.env["res.company"].browse(company_id)
            date = company._get_collection_day()
            # Most of those who pay owe nothing late any more, which takes no decision.
            closed_ids = self._close(
                company, date, open_ids, self._get_late_query(date)
            )
            late_ids = [one for one in open_ids if one not in closed_ids]
            if late_ids:
                self._decide(company, date, late_ids)
                self._update(company, date, late_ids)

    # === HELPERS === #

    def _get_postcommit_refresh(self):
        """Make the function that refreshes the cases in a transaction of its own."""
        postcommit = self.env.cr.postcommit
        dbname = self.env.cr.dbname

        def refresh():
            partner_ids = postcommit.data.pop(self._postcommit_key)
            try:
                with Registry(dbname).cursor() as cr:
                    env = api.Environment(cr, SUPERUSER_ID, {})
                    if self._set_up_refresh(cr):
                        env["account.collection.case"]._refresh_open(partner_ids)
            except Exception:
                _logger.warning("Cases could not be refreshed", exc_info=True)

        return refresh

    def _set_up_refresh(self, cr):
        """Set up the transaction of a refresh: whoever pays does not wait for the disk,
        as the next run makes up for what a breakdown of the server undoes.

        :param cr: the cursor of the refresh
        :return: whether there are cases at all: not while the add-on is being removed
        :rtype: bool
        """
        cr.execute(
            SQL(
                """
                SELECT TO_REGCLASS(%s) IS NOT NULL,
                       SET_CONFIG('synchronous_commit', 'off', TRUE)
                """,
                self._table,
            )
        )
        return cr.fetchone()[0]

    def _get_late_query(self, date):
        """Find who may owe late money on a case: it takes a decision to tell."""
        return SQL(
            """
            SELECT debtor.commercial_partner_id
              FROM res_partner debtor
              JOIN account_move_line line ON line.partner_id = debtor.id
              JOIN account_account account ON account.id = line.account_id
              JOIN res_company branch ON branch.id = line.company_id
             WHERE debtor.commercial_partner_id = account_collection_case.partner_id
               AND account.account_type = 'asset_receivable'
               AND line.parent_state = 'posted' AND line.reconciled IS NOT TRUE
               AND line.amount_residual_currency > 0
               AND (COALESCE(line.date_maturity, line.date) < %(date)s OR EXISTS (
                   SELECT FROM account_collection_hold called
                    WHERE called.line_id = line.id AND called.date_called < %(date)s
               ))
               AND SPLIT_PART(branch.parent_path, '/', 1)::int
                   = account_collection_case.company_id
            """,
            date=date,
        )
