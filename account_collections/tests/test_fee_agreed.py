from datetime import timedelta

from freezegun import freeze_time

from odoo import Command
from odoo.tests import tagged

from .common import TODAY
from .settlement_common import SettlementCommon
from .test_fee import FeeCommon


@tagged("post_install", "-at_install")
class TestFeeAgreed(FeeCommon, SettlementCommon):
    """What is agreed or disputed on the day is not charged for the days before it:
    36,500.00, ten days late, cost 10.00 a day."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls._create_open_invoice(cls.customer, 36500, days=10)

    # === HELPERS === #

    def _get_cost(self, days=0):
        """What could be charged some days from now."""
        day = TODAY + timedelta(days=days)
        with freeze_time(f"{day} 10:00:00"):
            return round(sum(one["amount"] for one in self._get_charges(date_end=day)))

    # === TESTS === #

    def test_settled(self):
        """Who was told to owe nothing more is charged nothing more."""
        for law in (None, "eu"):
            with self.subTest(law=law), self.env.cr.savepoint() as savepoint:
                if law:
                    self._set_law(law)
                self.assertGreaterEqual(self._get_cost(), 100)
                settlement = self._settlement(self.invoice, until="offered")
                self.assertEqual(self._get_cost(), 0)
                settlement.action_accept("Ada Miller")
                self.assertEqual(self._get_cost(), 0)
                self._pay_invoices(self.invoice, 29200)
                self._evaluate_on(0)
                self.assertEqual(settlement.state, "settled")
                for days in (0, 1, 400):
                    self.assertEqual(self._get_cost(days), 0)
                savepoint.close(rollback=True)
            self.env.invalidate_all()

    def test_payment_of_a_settlement_undone(self):
        """The debt is back, and so are the days before the offer."""
        settlement = self._settlement(self.invoice)
        payment = self._pay_invoices(self.invoice, 29200)
        self._evaluate_on(0)
        self.assertEqual(self._get_cost(40), 0)
        with freeze_time(f"{TODAY + timedelta(days=20)} 10:00:00"):
            payment.action_draft()
            payment.action_cancel()
        self._evaluate_on(20)
        self.assertEqual(settlement.state, "lapsed")
        # The money never came: but for the day that was held, all days count.
        self.assertEqual(self._get_cost(21), 90 + 210)

    def test_lapsed_offer(self):
        self._settlement(self.invoice, until="offered")
        self._evaluate_on(11)
        # Nine days before the offer, and two after its last day.
        self.assertEqual(self._get_cost(12), 90 + 20)

    def test_disputed(self):
        """Of an amount disputed in full nothing is charged, not even for days before,
        until the dispute ends."""
        dispute = self.env["account.collection.dispute"].create(
            {
                "partner_id": self.customer.id,
                "line_ids": [Command.set(self._get_receivable_line(self.invoice).ids)],
                "reason_id": self.env.ref(
                    "account_collections.dispute_reason_price"
                ).id,
                "amount": 36500,
            }
        )
        dispute.action_confirm()
        for values in (
            {"fee_method": "daily"},
            {"fee_method": "percent"},
            {"fee_method": "flat", "fee_amount": 15},
        ):
            with self.subTest(values=values):
                self.policy.write(values)
                self.assertEqual(self._get_cost(), 0)
                self.assertEqual(self._get_cost(5), 0)
        self.policy.fee_method = "daily"
        with freeze_time(f"{TODAY + timedelta(days=5)} 10:00:00"):
            dispute.action_withdraw()
        self.assertEqual(self._get_cost(6), 90 + 10)
