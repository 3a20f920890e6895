"""The ways out of a debt, side by side on the case."""

from datetime import timedelta

from freezegun import freeze_time

from odoo import Command
from odoo.tests import new_test_user, tagged

from .barter_common import BarterCommon
from .common import TODAY
from .settlement_common import SettlementCommon


@tagged("post_install", "-at_install")
class TestCaseWaysOut(BarterCommon, SettlementCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls._create_open_invoice(cls.customer, 1000, days=20)
        cls.env["account.collection.case"]._refresh(cls.company)
        cls.case = cls.invoice.collection_case_id
        cls.company.write(
            {"collection_return_days": 10, "collection_restocking_percent": 10}
        )

    # === WHAT A NEW ONE WOULD BRING === #

    def test_what_each_would_bring(self):
        """(kind, what it brings, and how)"""
        for kind, brings, how in (
            (
                "Promise to Pay",
                "Brings $ 1,000.00 by 07/14/2024 at the latest.",
                "Paid up to 3 days later",
            ),
            (
                "Payment Plan",
                "Brings $ 1,000.00 in up to 12 payments until 06/14/2025.",
                "About $ 83.33 each.",
            ),
            (
                "Settlement",
                "Brings $ 800.00 or more by 06/28/2024.",
                "Gives up $ 200.00 (20 %) at most",
            ),
            (
                "Return",
                "Takes up to $ 900.00 off the debt, and brings no money.",
                "come back: 1, by 06/24/2024. Kept for restocking: 10 %.",
            ),
            (
                "Barter",
                "Takes up to $ 1,000.00 off the debt, and brings no money.",
                "Delivered by 07/14/2024",
            ),
            (
                "Dispute",
                "Brings nothing: up to $ 1,000.00 is held",
                "To be answered by 06/28/2024",
            ),
        ):
            with self.subTest(kind=kind):
                [sentences] = self._get_way(kind)["options"]
                text = " ".join(sentences).replace("\N{NO-BREAK SPACE}", " ")
                self.assertIn(brings, text)
                self.assertIn(how, text)
        self.assertIn("800.00", self.case.ways_out)

    def test_limits_of_plans(self):
        """1,000 within a policy: (payments, smallest, deposit in percent, what is
        said)"""
        for most, smallest, percent, expected in (
            (12, 0, 0, ("in up to 12 payments", "About $ 83.33 each.")),
            (4, 0, 0, ("in up to 4 payments", "About $ 250.00 each.")),
            (12, 200, 0, ("in up to 5 payments", "About $ 200.00 each.")),
            (12, 300, 0, ("in up to 4 payments", "About $ 250.00 each.")),
            (12, 2000, 0, ("in up to 1 payments", "")),
            (
                4,
                0,
                40,
                (
                    "in up to 4 payments",
                    "A deposit of $ 400.00 at least, then about $ 200.00 each.",
                ),
            ),
            (
                12,
                250,
                50,
                (
                    "in up to 3 payments",
                    "A deposit of $ 500.00 at least, then about $ 250.00 each.",
                ),
            ),
        ):
            self.policy.write(
                {
                    "plan_max_installments": most,
                    "plan_min_installment": smallest,
                    "plan_min_deposit_percent": percent,
                }
            )
            with self.subTest(most=most, smallest=smallest, percent=percent):
                [sentences] = self._get_way("Payment Plan")["options"]
                text = " ".join(sentences).replace("\N{NO-BREAK SPACE}", " ")
                for part in expected:
                    self.assertIn(part, text)

    def test_what_can_be_covered(self):
        """In each currency, what is overdue and nothing covers."""
        currency = self.setup_other_currency("CHF", rates=[("2024-01-01", 2.0)])
        self._create_open_invoice(self.customer, 70, days=5, currency_id=currency.id)
        self._create_open_invoice(self.customer, 300, days=-20)
        self._barter(
            self.invoice,
            [self._give(price_unit=400)],
        )
        self.assertEqual(
            [sum(free.values()) for free in self.case._get_free()], [600, 70]
        )
        options = self._get_way("Settlement")["options"]
        self.assertEqual(len(options), 2)
        self.assertIn("480.00", options[0][0])
        self.assertIn("56.00", options[1][0])

    def test_nothing_can_be_covered(self):
        self._settlement(self.invoice)
        self.assertEqual(self.case._get_free(), [])
        for way in self.case._get_ways_out([]):
            self.assertFalse(way["options"])
        self.assertIn("Nothing can be covered", self.case.ways_out)

    def test_before_anything_is_due(self):
        """If nothing is overdue, what is not due yet can be covered."""
        customer = self._create_customer("Early")
        self._settlement(
            self._create_open_invoice(customer, 50, days=-5), 45, until="offered"
        )
        self._create_open_invoice(customer, 70, days=-20)
        case = self.env["account.collection.case"].search(
            [("partner_id", "=", customer.id)]
        )
        self.assertEqual([sum(free.values()) for free in case._get_free()], [70])

    def test_what_can_come_back(self):
        """(credited, paid, what a return takes off): of the goods that are left, and
        never more than is owed."""
        self.company.collection_restocking_percent = 0
        for credited, paid, expected in ((0, 0, 400), (1, 0, 300), (0, 150, 250)):
            with self.subTest(credited=credited, paid=paid):
                customer = self._create_customer("Buyer")
                invoice = self._create_open_invoice(
                    customer,
                    invoice_line_ids=[
                        Command.create(
                            {
                                "name": "Goods",
                                "quantity": 4,
                                "price_unit": 100,
                                "tax_ids": [],
                            }
                        )
                    ],
                )
                if credited:
                    refund = invoice._reverse_moves([{"invoice_date": TODAY}])
                    refund.invoice_line_ids.quantity = credited
                    refund.action_post()
                    self._get_receivable_line(invoice | refund).reconcile()
                if paid:
                    self._pay(invoice, paid)
                line = self._get_receivable_line(invoice)
                count, worth = self.env["account.collection.return"]._get_returnable(
                    {line: line.amount_residual}
                )
                self.assertEqual((count, worth), (1, expected))

    def test_without_policy_or_limits(self):
        self.policy.write({"settlement_max_discount_percent": 0})
        [sentences] = self._get_way("Settlement")["options"]
        self.assertIn("a manager decides", sentences[0])
        self.company.collection_policy_id = False
        self.env["account.collection.case"]._refresh(self.company)
        for kind in ("Promise to Pay", "Payment Plan"):
            [sentences] = self._get_way(kind)["options"]
            self.assertIn("no policy limits when", sentences[0])
        self.assertTrue(self.case.ways_out)

    def test_broken_promises(self):
        self.policy.promise_max_broken = 1
        promise = self.env["account.collection.promise"].create(
            {
                "partner_id": self.customer.id,
                "line_ids": [Command.set(self._get_receivable_line(self.invoice).ids)],
                "amount": 1000,
                "date_due": TODAY,
            }
        )
        promise.action_confirm()
        self._evaluate_on(9)
        self.assertEqual(promise.state, "broken")
        [sentences] = self._get_way("Promise to Pay")["options"]
        self.assertIn("Not any more", sentences[0])

    # === WHAT IS IN FORCE === #

    def test_settlement_in_force(self):
        """(state, what is expected)"""
        settlement = self._settlement(
            self.invoice,
            until="offered",
            payment_ids=[
                Command.create(
                    {"date_due": TODAY + timedelta(days=days), "amount": due}
                )
                for days, due in ((5, 300), (20, 500))
            ],
        )
        self.assertOutlook(
            "Settlement", "Offered", "$ 800.00 if the customer accepts by 06/24/2024"
        )
        settlement.action_accept("Ms Lovelace")
        self.assertOutlook(
            "Settlement",
            "Accepted",
            "$ 800.00 expected until 07/04/2024, $ 300.00 of it by 06/19/2024",
        )
        self._pay(self.invoice, 300)
        self.assertOutlook("Settlement", "Accepted", "$ 500.00 expected by 07/04/2024")
        self._pay(self.invoice, 500)
        self.assertOutlook("Settlement", "Accepted", "Nothing more is expected.")

    def test_late(self):
        """What should have come already is said to be late."""
        self._barter(self.invoice, [self._give(price_unit=400)], date_deadline=TODAY)
        self._settlement(self._create_open_invoice(self.customer, 100), days=0)
        with freeze_time(f"{TODAY + timedelta(days=1)} 10:00:00"):
            self.assertOutlook(
                "Barter", "Agreed", "$ 400.00 in kind, late since 06/14/2024"
            )
            self.assertOutlook(
                "Settlement", "Accepted", "$ 80.00 expected, late since 06/14/2024"
            )

    def test_barter_in_force(self):
        barter = self._barter(self.invoice, [self._give(quantity=4)], state="proposed")
        self.assertOutlook(
            "Barter", "Proposed", "$ 400.00 if the customer accepts by 07/04/2024"
        )
        self._attach(barter)
        barter.action_accept("Ms Lovelace")
        self.assertOutlook("Barter", "Agreed", "$ 400.00 in kind by 07/04/2024")
        self._deliver(barter, 3)
        barter.action_complete()
        self.assertOutlook("Barter", "Delivered", "$ 300.00 to be set off")
        barter.action_settle()
        self.assertFalse(self._get_way("Barter")["agreements"])

    def test_dispute_in_force(self):
        dispute = self.env["account.collection.dispute"].create(
            {
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "currency_id": self.invoice.currency_id.id,
                "line_ids": [Command.set(self._get_receivable_line(self.invoice).ids)],
                "amount": 100,
                "reason_id": self.env.ref(
                    "account_collections.dispute_reason_price"
                ).id,
            }
        )
        dispute.action_confirm()
        [way] = self._get_way("Dispute")["agreements"]
        self.assertIn("Nothing expected before it is answered", way["outlook"])
        self.assertIn("100.00", way["held"])

    def test_return_in_force(self):
        one = self.env["account.collection.return"].create(
            {
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "currency_id": self.invoice.currency_id.id,
                "return_line_ids": [
                    Command.create(
                        {
                            "invoice_line_id": self.invoice.invoice_line_ids.id,
                            "restocking_percent": 0,
                        }
                    )
                ],
            }
        )
        one.action_confirm()
        self.assertOutlook(
            "Return", "Requested", "$ 1,000.00 in goods, if it is authorized"
        )
        one.action_authorize()
        self.assertOutlook("Return", "Authorized", "$ 1,000.00 in goods by 06/24/2024")

    # === ACCESS AND EFFORT === #

    def test_seen_by_a_collector(self):
        user = new_test_user(
            self.env, login="own", groups="account_collections.group_collection_own"
        )
        self.case.user_id = user
        self._barter(self.invoice, [self._give(price_unit=400)])
        self.assertIn("400.00", self.case.with_user(user).ways_out)

    def test_number_of_queries(self):
        """It does not depend on the number of invoices."""
        self.assertTrue(self.case.ways_out)
        counts = []
        for number in (1, 10):
            for _time in range(number):
                self._create_open_invoice(self.customer, 10)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.case._get_ways_out(self.case._get_free())
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 2)

    # === HELPERS === #

    def _get_way(self, label):
        self.env.invalidate_all()
        ways = self.case._get_ways_out(self.case._get_free())
        [way] = [way for way in ways if way["label"] == label]
        return way

    def assertOutlook(self, label, state, outlook):
        """What the case says of the only agreement of a kind."""
        [way] = self._get_way(label)["agreements"]
        self.assertEqual(way["state"], state)
        self.assertEqual(way["outlook"].replace("\N{NO-BREAK SPACE}", " "), outlook)
