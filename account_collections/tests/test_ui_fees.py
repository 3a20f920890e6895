from datetime import timedelta

from odoo import Command, fields
from odoo.tests import HttpCase, new_test_user, tagged

from odoo.addons.account.tests.common import AccountTestInvoicingCommon


@tagged("post_install", "-at_install")
class TestUiFees(AccountTestInvoicingCommon, HttpCase):
    """The way from the case to a late fee, and to its waiver, in a browser."""

    def test_charge_and_waive(self):
        # The browser has the day of the machine, so the invoice is relative to it.
        today = fields.Date.today()
        company = self.env.company
        company.collection_policy_id.write({"fee_method": "daily", "fee_rate": 10})
        new_test_user(
            self.env,
            login="collector",
            groups="account_collections.group_collection_manager",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )
        customer = self.env["res.partner"].create(
            {
                "name": "Tour Debtor",
                "collection_has_fee": True,
                "collection_fee_start": today - timedelta(days=90),
            }
        )
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": customer.id,
                "invoice_date": today - timedelta(days=42),
                "invoice_date_due": today - timedelta(days=12),
                "invoice_line_ids": [
                    Command.create({"name": "Goods", "price_unit": 3650, "tax_ids": []})
                ],
            }
        )
        invoice.action_post()
        self.env["account.collection.case"]._refresh(company, customer)
        self.start_tour(
            "/odoo/collections", "account_collections_fee", login="collector"
        )
        fee = self.env["account.collection.fee"].search(
            [("partner_id", "=", customer.id)]
        )
        self.assertRecordValues(
            fee,
            [
                {
                    "amount": 12,
                    "state": "waived",
                    "waive_reason": "Pays reliably otherwise",
                }
            ],
        )
        self.assertEqual(fee.move_id.amount_residual, 0)
