from datetime import timedelta

from odoo import Command, fields
from odoo.tests import HttpCase, new_test_user, tagged

from odoo.addons.account.tests.common import AccountTestInvoicingCommon


@tagged("post_install", "-at_install")
class TestUiAgreements(AccountTestInvoicingCommon, HttpCase):
    """The ways to a promise, a plan and a settled dispute, in a browser."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The browser has the day of the machine, so the invoice is relative to it.
        cls.today = fields.Date.today()
        cls.company = cls.env.company
        cls.company.collection_policy_id.plan_max_installments = 3
        cls.collector = new_test_user(
            cls.env,
            login="collector",
            groups="account_collections.group_collection_manager",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.customer = cls.env["res.partner"].create({"name": "Tour Debtor"})
        cls.invoice = cls.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": cls.customer.id,
                "invoice_date": cls.today - timedelta(days=36),
                "invoice_date_due": cls.today - timedelta(days=6),
                "invoice_line_ids": [
                    Command.create({"name": "Goods", "price_unit": 250, "tax_ids": []})
                ],
            }
        )
        cls.invoice.action_post()
        cls.env["account.collection.case"]._refresh(cls.company, cls.customer)

    def _get_agreement(self, kind):
        return self.env[f"account.collection.{kind}"].search(
            [("partner_id", "=", self.customer.id)]
        )

    def test_promise_from_the_case(self):
        self.start_tour(
            "/odoo/collections", "account_collections_promise", login="collector"
        )
        self.assertRecordValues(
            self._get_agreement("promise"),
            [{"state": "open", "amount": 200, "given_by": "Ms Lovelace"}],
        )
        self.assertEqual(self.invoice.line_ids.collection_hold_ids.amount, 200)

    def test_plan_from_the_case(self):
        self.start_tour(
            "/odoo/collections", "account_collections_plan", login="collector"
        )
        plan = self._get_agreement("plan")
        self.assertRecordValues(
            plan,
            [
                {
                    "state": "active",
                    "amount": 250,
                    "activated_by_id": self.collector.id,
                }
            ],
        )
        self.assertEqual(len(plan.commitment_ids), 5)

    def test_settlement_from_the_case(self):
        self.start_tour(
            "/odoo/collections", "account_collections_settlement", login="collector"
        )
        self.assertRecordValues(
            self._get_agreement("settlement"),
            [{"state": "accepted", "amount": 200, "accepted_by": "Ms Lovelace"}],
        )

    def test_dispute_from_the_invoice(self):
        self.start_tour(
            f"/odoo/action-account.action_move_out_invoice_type/{self.invoice.id}",
            "account_collections_dispute",
            login="collector",
        )
        dispute = self._get_agreement("dispute")
        self.assertRecordValues(
            dispute,
            [{"state": "resolved_valid", "amount": 50, "amount_agreed": 50}],
        )
        self.assertRecordValues(
            dispute.credit_move_ids, [{"state": "draft", "amount_total": 50}]
        )

    def test_return_from_the_case(self):
        self.start_tour(
            "/odoo/collections", "account_collections_return", login="collector"
        )
        one = self._get_agreement("return")
        self.assertRecordValues(
            one, [{"state": "credited", "amount": 225, "amount_accepted": 225}]
        )
        self.assertRecordValues(
            one.credit_move_ids, [{"state": "posted", "amount_total": 225}]
        )
        self.assertEqual(self.invoice.amount_residual, 25)

    def test_barter_from_the_case(self):
        self.company.account_purchase_tax_id = False
        self.start_tour(
            "/odoo/collections", "account_collections_barter", login="collector"
        )
        barter = self._get_agreement("barter")
        self.assertRecordValues(
            barter,
            [
                {
                    "state": "proposed",
                    "amount": 200,
                    "value_note": "As in their price list",
                }
            ],
        )
        barter.evidence_ids = self.env["ir.attachment"].create(
            {"name": "Price list", "raw": b"200"}
        )
        barter.action_accept("Ms Lovelace")
        self.start_tour(
            "/odoo/action-account_collections.account_collection_barter_action/"
            f"{barter.id}",
            "account_collections_barter_settle",
            login="collector",
        )
        self.assertEqual(barter.state, "settled")
        self.assertEqual(self.invoice.amount_residual, 50)
