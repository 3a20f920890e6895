from odoo import api, fields, models


class AccountCollectionDemo(models.AbstractModel):
    """Late fees: charged, paid by nobody yet, and waived."""

    _name = "account.collection.demo"
    _inherit = ["account.collection.demo"]

    # === BUSINESS METHODS === #

    @api.model
    def _load_fees(self):
        """Let the default policy charge interest, and two customers agree to it."""
        self = self.with_context(tracking_disable=True)  # noqa: PLW0642
        company = self.env.ref("base.main_company")
        company.collection_policy_id.write(
            {"fee_method": "daily", "fee_rate": 12, "fee_law": "other", "fee_min": 5}
        )
        partners = self._get("partner_oakhurst") | self._get("partner_pemberton")
        partners.with_company(company).write(
            {
                "collection_has_fee": True,
                "collection_fee_start": fields.Date.subtract(
                    self._get_today(), days=365
                ),
            }
        )
        self._charge("oakhurst", -20)
        self._charge("pemberton", -15)
        with self._on(-10):
            self._get("fee_pemberton").action_waive(
                "Their bank had mislaid the transfer order; a good customer otherwise."
            )
        self.env["account.collection.case"]._refresh(company)

    # === HELPERS === #

    def _charge(self, customer, days):
        """Charge a customer the interest until some day."""
        company = self.env.ref("base.main_company")
        with self._on(days) as day:
            fee = self.env["account.collection.fee"]._charge(
                company, self._get(f"partner_{customer}"), day
            )
        self._set_name(f"fee_{customer}", fee)
