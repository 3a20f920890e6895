import logging

from odoo import SUPERUSER_ID, api, fields, models
from odoo.modules.registry import Registry

_logger = logging.getLogger(__name__)


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    # === FIELDS === #

    collection_hold_ids = fields.One2many(
        "account.collection.hold", "line_id", string="Dunning Holds"
    )

    # === BUSINESS METHODS === #

    def _refresh_collection_after_commit(self):
        """Value the cases of these customers anew, right after the transaction.

        What changes the ledger is never slowed, locked or refused for the sake of
        a worklist; should the refresh fail, the next run makes up for it.
        """
        receivables = self.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )
        partner_ids = receivables.partner_id.commercial_partner_id.ids
        if not partner_ids:
            return
        postcommit = self.env.cr.postcommit
        if "account_collections.partner_ids" not in postcommit.data:
            postcommit.data["account_collections.partner_ids"] = set()
            postcommit.add(self._get_collection_refresh())
        postcommit.data["account_collections.partner_ids"].update(partner_ids)

    # === HELPERS === #

    def _get_collection_refresh(self):
        """Make the function that refreshes the cases in a transaction of its own."""
        postcommit = self.env.cr.postcommit
        dbname = self.env.cr.dbname

        def refresh():
            partner_ids = postcommit.data.pop("account_collections.partner_ids")
            try:
                with Registry(dbname).cursor() as cr:
                    env = api.Environment(cr, SUPERUSER_ID, {})
                    env["account.collection.case"]._refresh_open(partner_ids)
            except Exception:
                _logger.warning("Cases could not be refreshed", exc_info=True)

        return refresh
