from datetime import timedelta

from odoo import Command, fields
from odoo.tests import HttpCase, new_test_user, tagged

from odoo.addons.account.tests.common import AccountTestInvoicingCommon


@tagged("post_install", "-at_install")
class TestUi(AccountTestInvoicingCommon, HttpCase):
    """The way from the worklist to an executed run, in a browser."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The browser has the day of the machine, so the invoices are relative to it.
        cls.today = fields.Date.today()
        cls.collector = new_test_user(
            cls.env,
            login="collector",
            groups="account_collections.group_collection_all",
            company_id=cls.env.company.id,
            company_ids=[Command.set(cls.env.company.ids)],
        )
        cls.overdue = cls._create_overdue("Tour Overdue")

    @classmethod
    def _create_overdue(cls, name):
        partner = cls.env["res.partner"].create(
            {"name": name, "email": f"{name.replace(' ', '.')}@example.com"}
        )
        invoice = cls.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "invoice_date": cls.today - timedelta(days=36),
                "invoice_date_due": cls.today - timedelta(days=6),
                "invoice_line_ids": [
                    Command.create({"name": "Goods", "price_unit": 250, "tax_ids": []})
                ],
            }
        )
        invoice.action_post()
        cls.env["account.collection.case"]._refresh(cls.env.company, partner)
        return invoice

    def test_from_worklist_to_executed_run(self):
        dropped = self._create_overdue("Tour Dropped")
        held = self._create_overdue("Tour Held")
        self.env["account.collection.hold"].create(
            {
                "line_id": held.line_ids.filtered("date_maturity").id,
                "amount": 250,
                "date_end": self.today + timedelta(days=9),
            }
        )
        self.start_tour(
            "/odoo/collections", "account_collections_run", login="collector"
        )
        contacts = self.env["account.collection.contact"].search(
            [("partner_id", "in", (self.overdue | dropped | held).partner_id.ids)]
        )
        self.assertEqual(contacts.partner_id, self.overdue.partner_id)

    def test_log_a_call_and_hold(self):
        self.start_tour(
            "/odoo/collections", "account_collections_case", login="collector"
        )
        contact = self.env["account.collection.contact"].search(
            [("partner_id", "=", self.overdue.partner_id.id)]
        )
        self.assertRecordValues(
            contact,
            [
                {
                    "channel": "call",
                    "state": "sent",
                    "note": "Pays on Friday",
                    "user_id": self.collector.id,
                }
            ],
        )
        hold = self.overdue.line_ids.collection_hold_ids
        self.assertRecordValues(
            hold, [{"amount": 250, "is_whole_customer": True, "reason": "manual"}]
        )
