from datetime import timedelta

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common import TODAY
from .test_fee_posting import FeePostingCommon


@tagged("post_install", "-at_install")
class TestFeeCorrection(FeePostingCommon):
    """What is given back when the books learn later that less was owed."""

    # === HELPERS === #

    def _charge_late(self, amount=10000, days=100, **values):
        """Charge an invoice that is late, by a policy.

        :return: the invoice and the fee
        """
        self.policy.write(
            {"fee_method": "daily", "fee_rate": 10, "fee_min": 0, "fee_max": 0}
        )
        self.policy.write(values)
        customer = self.customer.copy({"name": f"{values}"})
        customer.write(
            {"collection_has_fee": True, "collection_fee_start": "2020-01-01"}
        )
        invoice = self._create_open_invoice(customer, amount, days=days)
        return invoice, self._charge(partner=customer)

    def assertExcess(self, fee, excess):
        """Compare what was charged too much, and see that it is credited at once."""
        fee.invalidate_recordset()
        self.assertEqual(fee.amount_excess, excess)
        if excess:
            fee.action_credit_excess()
            fee.invalidate_recordset()
            self.assertEqual(fee.amount_excess, 0)
            with self.assertRaisesRegex(UserError, "no more than was owed"):
                fee.action_credit_excess()

    # === HOW MUCH === #

    def test_limits_still_apply(self):
        """(policy, days late, paid days ago, charged, too much)."""
        for values, days, paid, charged, excess in (
            ({}, 100, 50, 273.97, 136.98),
            # Half of it is beyond the maximum still.
            ({"fee_max": 2}, 100, 50, 2, 0),
            ({"fee_max": 200}, 100, 50, 200, 63.01),
            # The minimum would be due too.
            ({"fee_min": 300}, 100, 50, 300, 0),
            ({"fee_min": 150}, 100, 50, 273.97, 123.97),
            # Paid in time, or within the grace
            ({"fee_min": 300}, 100, 101, 300, 300),
            ({"fee_grace_days": 60}, 100, 50, 273.97, 273.97),
            ({"fee_method": "percent"}, 10, 11, 500, 500),
            ({"fee_method": "percent"}, 10, 5, 500, 500),
            ({"fee_method": "percent"}, 10, 0, 500, 0),
            ({"fee_method": "flat", "fee_amount": 15}, 10, 11, 15, 15),
        ):
            with self.subTest(values=values, days=days, paid=paid):
                values = {"fee_grace_days": 0, **values}
                invoice, fee = self._charge_late(days=days, **values)
                self.assertEqual(fee.amount, charged)
                self._pay(invoice, 10000, payment_date=TODAY - timedelta(days=paid))
                self.assertExcess(fee, excess)

    def test_foreign_currency_at_the_booked_rate(self):
        """What is given back, and then waived, leaves nothing of the fee, though the
        rate has changed."""
        currency = self.setup_other_currency(
            "CHF", rates=[("2020-01-01", 2.0), (TODAY + timedelta(days=1), 3.3)]
        )
        self.policy.write({"fee_method": "percent", "fee_percent": 5})
        invoice = self._create_open_invoice(
            self.customer, 1000, days=20, currency_id=currency.id
        )
        self.invoice.line_ids.no_followup = True
        before = self._get_balances()
        fee = self._charge()
        self.assertRecordValues(fee, [{"amount": 50, "currency_id": currency.id}])
        self._pay(invoice, 400, payment_date=TODAY - timedelta(days=5))
        paid = self._get_balances()
        with freeze_time(f"{TODAY + timedelta(days=3)} 10:00:00"):
            self.assertExcess(fee, 20)
            fee.action_waive("By courtesy")
        self.assertBooked(
            paid, {self.receivable_account: -25, self._get_income_account(): 25}
        )
        self.assertNotEqual(before, paid)

    def test_percentage_of_less(self):
        invoice, fee = self._charge_late(fee_method="percent", fee_percent=5)
        self._pay(invoice, 4000, payment_date=TODAY - timedelta(days=5))
        self.assertExcess(fee, 200)

    def test_compensation(self):
        """(law, paid before it was late, given back) of 10,000.00 at 40 EUR or up to
        100 GBP; paid while late, the compensation stays."""
        for law, amount, days, kind in (
            ("eu", 10000, 31, 40),
            ("eu", 9000, 31, 0),
            ("eu", 10000, 20, 0),
            ("uk", 9000, 31, 30),
            ("uk", 9500, 31, 60),
            ("uk", 10000, 31, 100),
        ):
            with self.subTest(law=law, amount=amount, days=days):
                if self.policy.fee_law != law:
                    self._set_law(law)
                invoice, fee = self._charge_late(days=30, fee_method="statutory")
                self._pay(invoice, amount, payment_date=TODAY - timedelta(days=days))
                fee.invalidate_recordset()
                whole = sum(
                    fee.line_ids.filtered(lambda line: line.kind == "interest").mapped(
                        "amount"
                    )
                )
                if days > 30:
                    self.assertAlmostEqual(
                        fee.amount_excess, whole * amount / 10000 + kind, delta=0.02
                    )
                else:
                    self.assertLess(fee.amount_excess, whole)
                if amount == 10000 and days > 30:
                    self.assertExcess(fee, fee.amount)

    def test_invoice_halved(self):
        """(method, charged, too much): the late invoice is set to draft and
        corrected, and somebody is asked to credit the fee."""
        for values, charged, excess in (
            ({}, 273.97, 136.98),
            ({"fee_method": "percent", "fee_percent": 5}, 500, 250),
            ({"fee_method": "flat", "fee_amount": 15}, 15, 0),
        ):
            with self.subTest(values=values):
                invoice, fee = self._charge_late(**values)
                self.assertEqual(fee.amount, charged)
                partner = fee.partner_id
                self.env["account.collection.case"]._refresh(self.company, partner)
                invoice.button_draft()
                invoice.invoice_line_ids.price_unit = 5000
                invoice.action_post()
                fee.invalidate_recordset()
                self.env["account.collection.fee"]._ask_to_correct()
                activity = partner.collection_case_ids.activity_ids
                self.assertEqual(len(activity), 1 if excess else 0)
                if excess:
                    self.assertIn("corrected later", str(activity.note))
                    self.assertIn(str(excess), str(activity.note))
                self.assertExcess(fee, excess)
                self.env["account.collection.fee"]._ask_to_correct()
                self.assertEqual(partner.collection_case_ids.activity_ids, activity)

    def test_invoice_cancelled(self):
        """What was charged for an invoice that is cancelled is given back."""
        invoice, fee = self._charge_late()
        invoice.button_draft()
        self.env["account.collection.fee"]._ask_to_correct()
        self.assertFalse(self.policy.activity_ids)
        self.assertEqual(fee.amount_excess, 0)
        invoice.button_cancel()
        self.env["account.collection.fee"]._ask_to_correct()
        # What lies on the customer would be read by everybody.
        self.assertFalse(invoice.partner_id.activity_ids)
        self.assertIn("cancelled", str(self.policy.activity_ids.note))
        self.assertIn(invoice.partner_id.name, self.policy.activity_ids.summary)
        self.assertExcess(fee, fee.amount)

    def test_taxes(self):
        """(the price includes the tax, what the corrected fee comes to)."""
        for override, total in (("tax_excluded", 164.38), ("tax_included", 136.99)):
            with self.subTest(override):
                tax = self.company.account_sale_tax_id.copy(
                    {
                        "name": override,
                        "amount": 20,
                        "price_include_override": override,
                    }
                )
                self.company._get_collection_fee_product().taxes_id = tax
                invoice, fee = self._charge_late()
                self._pay(invoice, 10000, payment_date=TODAY - timedelta(days=50))
                self.assertExcess(fee, 136.98)
                self.assertEqual(fee.move_id.amount_residual, total)

    # === WHO AND WHY === #

    def test_needs_the_right_to_waive(self):
        invoice, fee = self._charge_late()
        self._pay(invoice, 10000, payment_date=TODAY - timedelta(days=50))
        collector = new_test_user(
            self.env,
            "collector",
            "account_collections.group_collection_all",
            company_id=self.company.id,
        )
        with self.assertRaisesRegex(AccessError, "Ask a collections manager"):
            fee.with_user(collector).action_credit_excess()
        self.assertFalse(fee.move_id.reversal_move_ids)

    def test_one_that_fails_keeps_nobody(self):
        """Where a rate is missing that one of two fees would be corrected at, somebody
        is told, the other one is corrected, and the schedule charges on."""
        currency = self.setup_other_currency("CHF", rates=[("2020-01-01", 2.0)])
        limited = self.policy.copy({"name": "Limited"})
        fees = []
        for values in ({"fee_min": 10}, {}):
            invoice, fee = self._charge_late(**values)
            self._pay(invoice, 10000, payment_date=TODAY - timedelta(days=50))
            fees.append(fee)
        fees[0].sudo().policy_id = limited
        limited.write({"fee_min": 10, "fee_currency_id": currency.id})
        currency.rate_ids.sudo().unlink()
        self.policy.write({"fee_is_scheduled": True, "fee_day": 1})
        with freeze_time("2024-07-05 10:00:00"):
            self.env["account.collection.fee"]._cron_charge()
        notes = [
            str(
                self.policy.activity_ids.filtered(
                    lambda one, fee=fee: fee.partner_id.name in one.summary
                ).mapped("note")
                + fee.partner_id.collection_case_ids.activity_ids.mapped("note")
            )
            for fee in fees
        ]
        self.assertIn("no exchange rate of CHF", notes[0])
        self.assertIn("136.98 too much", notes[1])
        self.assertTrue(self.invoice.collection_fee_line_ids)

    def test_says_why(self):
        """(what was booked after the fee, what its credit note says)."""
        for book, reason in (
            (
                lambda invoice: self._pay(
                    invoice, 10000, payment_date=TODAY - timedelta(days=50)
                ),
                "payment that was booked later",
            ),
            (
                lambda invoice: invoice._reverse_moves(
                    [{"invoice_date": TODAY}], cancel=True
                ),
                "what was credited later",
            ),
        ):
            with self.subTest(reason):
                invoice, fee = self._charge_late()
                book(invoice)
                self.env["account.collection.fee"]._cron_charge()
                case = self.env["account.collection.case"].search(
                    [("partner_id", "=", fee.partner_id.id)]
                )
                activities = case.activity_ids | self.policy.activity_ids
                self.assertIn(reason, str(activities.mapped("note")))
                fee.invalidate_recordset()
                fee.action_credit_excess()
                credit = fee.move_id.reversal_move_ids
                self.assertIn(reason, credit.invoice_line_ids.name)

    # === CREDITED BEFORE === #

    def test_waive_after_a_correction(self):
        """Together they credit the fee, with its taxes to the cent."""
        for amount in (0, 19):
            with self.subTest(amount=amount):
                tax = self.company.account_sale_tax_id.copy(
                    {"name": f"{amount}", "amount": amount}
                )
                self.company._get_collection_fee_product().taxes_id = tax
                invoice, fee = self._charge_late()
                before = self._get_balances()
                self._pay(invoice, 10000, payment_date=TODAY - timedelta(days=50))
                paid = self._get_balances()
                fee.invalidate_recordset()
                fee.action_credit_excess()
                fee.action_waive("By courtesy")
                self.assertEqual(fee.state, "waived")
                self.assertEqual(fee.move_id.amount_residual, 0)
                self.assertEqual(
                    sum(fee.move_id.reversal_move_ids.mapped("amount_total")),
                    fee.move_id.amount_total,
                )
                self.assertNotEqual(before, paid)

    def test_credited_by_hand(self):
        """A part is taken off the waiver; the whole leaves nothing to waive."""
        _invoice, fee = self._charge_late()
        credit = fee.move_id._reverse_moves([{"invoice_date": TODAY}])
        credit.invoice_line_ids.filtered("product_id").price_unit = 100
        credit.action_post()
        self.assertEqual(fee.state, "charged")
        fee.action_waive("By courtesy")
        self.assertEqual(fee.credit_move_id.amount_total, 173.97)

        invoice, fee = self._charge_late()
        fee.move_id._reverse_moves([{"invoice_date": TODAY}], cancel=True)
        self.assertEqual(fee.state, "credited")
        self.assertEqual(invoice.collection_fee_amount, 0)
        with self.assertRaisesRegex(UserError, "credited or cancelled already"):
            fee.action_waive("By courtesy")
        # Its days do not come back.
        self.assertFalse(self._charge(partner=fee.partner_id))

    def test_no_fee_on_the_invoice_that_replaces_a_fee(self):
        invoice, fee = self._charge_late()
        reversal = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=fee.move_id.ids)
            .create({"journal_id": fee.move_id.journal_id.id, "date": TODAY})
        )
        replacement = self.env["account.move"].browse(reversal.modify_moves()["res_id"])
        replacement.action_post()
        self.assertEqual(fee.state, "credited")
        self._pay(invoice, 10000)
        with freeze_time(TODAY + timedelta(days=80)):
            self.assertFalse(
                self._get_charges(fee.partner_id, TODAY + timedelta(days=80))
            )
