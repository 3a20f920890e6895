from datetime import date, timedelta

from freezegun import freeze_time

from odoo import Command
from odoo.tests import tagged

from .common import TODAY
from .test_fee import FeeCommon

LAST = TODAY + timedelta(days=60)


@tagged("post_install", "-at_install")
class TestFeeInvoice(FeeCommon):
    """What a policy says of an invoice counts once, in however many installments it is
    payable."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Due 20 and 10 days ago, and in 20 days
        cls.term = cls.env["account.payment.term"].create(
            {
                "name": "Three installments",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": share, "nb_days": days}
                    )
                    for share, days in ((50, 10), (30, 20), (20, 50))
                ],
            }
        )

    # === HELPERS === #

    def _create_in_installments(self, amount=1000):
        """Post an invoice payable in 500, 300 and 200 for a customer of its own."""
        customer = self._create_customer(
            f"Owes {amount}",
            collection_has_fee=True,
            collection_fee_start=date(2020, 1, 1),
        )
        return self._create_open_invoice(
            customer,
            amount,
            invoice_date=TODAY - timedelta(days=30),
            invoice_payment_term_id=self.term.id,
            invoice_date_due=False,
        )

    def _charge_days(self, invoice, *days):
        """Charge on several days.

        :return: the amount of each fee, none where nothing is charged
        """
        amounts = []
        for day in days:
            with freeze_time(f"{day} 10:00:00"):
                fee = self._charge(day, invoice.partner_id)
                amounts.append(round(fee.amount, 2))
        return amounts

    def _get_kinds(self, invoice):
        return [
            (line.kind, line.principal, line.amount)
            for line in invoice.collection_fee_line_ids.sorted("id")
        ]

    # === TABLES === #

    def test_once_for_the_invoice(self):
        """(policy, charged today, with two installments late, and later, when the third
        one is late too)."""
        daily = {"fee_method": "daily", "fee_rate": 10}
        percent = {"fee_method": "percent", "fee_percent": 5}
        flat = {"fee_method": "flat", "fee_amount": 15}
        for values, expected in (
            (percent | {"fee_frequency": "once"}, [40, 0]),
            (percent | {"fee_frequency": "monthly"}, [40, 50]),
            (percent | {"fee_frequency": "monthly", "fee_max": 60}, [40, 20]),
            (percent | {"fee_frequency": "monthly", "fee_max": 30}, [30, 0]),
            (percent | {"fee_frequency": "once", "fee_min": 45}, [45, 0]),
            (flat | {"fee_frequency": "once"}, [15, 0]),
            (flat | {"fee_frequency": "monthly"}, [15, 15]),
            (flat | {"fee_frequency": "monthly", "fee_max": 20}, [15, 5]),
            # 500 × 10 % × 20 / 365 + 300 × 10 % × 10 / 365
            (daily | {"fee_frequency": "once"}, [3.56, 0]),
            # … + 800 × 10 % × 60 / 365 + 200 × 10 % × 40 / 365
            (daily | {"fee_frequency": "monthly"}, [3.56, 15.34]),
            (daily | {"fee_frequency": "monthly", "fee_max": 3}, [3, 0]),
            (daily | {"fee_frequency": "monthly", "fee_max": 10}, [3.56, 6.44]),
            (daily | {"fee_frequency": "monthly", "fee_min": 5}, [5, 15.34]),
        ):
            with self.subTest(values=values):
                self.policy.write({"fee_min": 0, "fee_max": 0, **values})
                invoice = self._create_in_installments()
                self.assertEqual(self._charge_days(invoice, TODAY, LAST), expected)

    def test_flat_amount_is_not_charged_again_in_the_month(self):
        """The second installment becomes late in the month in which the first one was
        charged."""
        self.policy.write({"fee_method": "flat", "fee_amount": 15})
        invoice = self._create_in_installments()
        days = [TODAY - timedelta(days=15), TODAY, date(2024, 7, 1)]
        # 30 May, 14 June and 1 July
        self.assertEqual(self._charge_days(invoice, *days), [15, 15, 15])
        other = self._create_in_installments()
        days = [TODAY - timedelta(days=12), TODAY]
        # 2 June, when only the first one was late, and 14 June
        self.assertEqual(self._charge_days(other, *days), [15, 0])

    def test_flat_amount_where_the_first_installment_is_held(self):
        self.policy.write({"fee_method": "flat", "fee_amount": 15})
        invoice = self._create_in_installments()
        first = self._get_receivable_line(invoice)[0]
        self._hold(first)
        self.assertEqual(self._charge_days(invoice, TODAY), [15])
        self.assertNotEqual(invoice.collection_fee_line_ids.line_id, first)

    def test_fixed_sum(self):
        """(law, invoice, claimed for each installment, the sums with their debts today
        and when the third installment is late too).

        Directive 2011/7/EU, article 6(1); Late Payment of Commercial Debts (Interest)
        Act 1998, section 5A(2): below 1,000, below 10,000, and from 10,000 on.
        """
        for law, amount, is_each, today, later in (
            ("eu", 1000, False, [(800, 40)], []),
            ("eu", 1000, True, [(500, 40), (300, 40)], [(200, 40)]),
            ("uk", 1000, False, [(800, 40)], []),
            ("uk", 1250, False, [(1000, 70)], []),
            ("uk", 12500, False, [(10000, 100)], []),
            ("uk", 2000, True, [(1000, 70), (600, 40)], [(400, 40)]),
        ):
            with self.subTest(law=law, amount=amount, is_each=is_each):
                if self.policy.fee_law != law:
                    self._set_law(law)
                self.policy.fee_is_scale_each = is_each
                invoice = self._create_in_installments(amount)
                sums = []
                for day in (TODAY, LAST):
                    before = invoice.collection_fee_line_ids
                    self._charge_days(invoice, day)
                    charged = invoice.collection_fee_line_ids - before
                    sums.append(
                        [
                            (line.principal, line.amount)
                            for line in charged.sorted("id")
                            if line.kind == "compensation"
                        ]
                    )
                self.assertEqual(sums, [today, later])

    # === INSTALLMENTS THAT ARE REMOVED === #

    def test_removed_installment(self):
        """What it was charged counts for the others of its invoice, and keeps nobody
        else from being charged for the same days."""
        invoices = [self._create_in_installments() for _number in range(3)]
        for invoice in invoices[:2]:
            self.assertEqual(self._charge_days(invoice, TODAY), [3.56])
        for invoice in invoices[:2]:
            invoice.button_draft()
            invoice.invoice_payment_term_id = self.env.ref(
                "account.account_payment_term_immediate"
            )
            invoice.action_post()
            self.env.invalidate_all()
            charges = invoice.collection_fee_line_ids
            self.assertLess(len(charges.line_id), len(charges))
        self.assertEqual(self._charge_days(invoices[2], TODAY), [3.56])
        # Due at once, 16 May to 25 May were not charged yet; then 60 days.
        for invoice in invoices[:2]:
            self.assertEqual(self._charge_days(invoice, TODAY, LAST), [2.74, 16.44])

    # === LESS WAS OWED === #

    def test_corrected_for_the_invoice(self):
        """The first installment was paid in time, as the books learn later: (policy,
        charged, given back)."""
        for values, charged, excess in (
            ({"fee_method": "percent", "fee_percent": 5}, 40, 25),
            ({"fee_method": "percent", "fee_percent": 5, "fee_max": 30}, 30, 15),
            ({"fee_method": "percent", "fee_percent": 5, "fee_min": 50}, 50, 0),
            # 500 × 10 % × 20 / 365
            ({"fee_method": "daily", "fee_rate": 10}, 3.56, 2.74),
        ):
            with self.subTest(values=values):
                self.policy.write({"fee_min": 0, "fee_max": 0, **values})
                invoice = self._create_in_installments()
                fee = self._charge(partner=invoice.partner_id)
                self.assertAlmostEqual(fee.amount, charged, places=2)
                self._pay(invoice, 500, payment_date=TODAY - timedelta(days=25))
                fee.invalidate_recordset()
                self.assertAlmostEqual(fee.amount_excess, excess, places=2)

    def test_fixed_sum_corrected(self):
        """(law, of 12,500 in 6,250, 3,750 and 2,500: paid in time, sum given back)."""
        for law, is_each, paid, back in (
            ("eu", False, 6250, 0),
            ("eu", False, 10000, 40),
            ("eu", True, 6250, 40),
            ("uk", False, 6250, 30),
            ("uk", True, 6250, 70),
        ):
            with self.subTest(law=law, is_each=is_each, paid=paid):
                if self.policy.fee_law != law:
                    self._set_law(law)
                self.policy.fee_is_scale_each = is_each
                invoice = self._create_in_installments(12500)
                fee = self._charge(partner=invoice.partner_id)
                self._pay(invoice, paid, payment_date=TODAY - timedelta(days=25))
                fee.invalidate_recordset()
                interest = fee.line_ids.filtered(lambda line: line.kind == "interest")
                first, second = (
                    sum(lines.mapped("amount"))
                    for lines in (interest[:1], interest[1:])
                )
                unpaid = 0 if paid == 10000 else second
                self.assertAlmostEqual(
                    fee.amount_excess, first + second - unpaid + back, places=2
                )
