from datetime import date, timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .test_fee import FeeCommon

# The rates of this half-year, 2.15 and 3.75 on 1 January, are the last ones entered.
LAST_KNOWN = date(2026, 1, 1)


@tagged("post_install", "-at_install")
class TestFeeRate(FeeCommon):
    """The reference rate of a half-year that nobody has entered yet."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rates = cls.env["account.collection.reference.rate"]
        cls.rates.search([("date", ">", LAST_KNOWN)]).unlink()
        cls._set_law("eu")
        cls.policy.fee_scale_ids = [fields.Command.clear()]

    # === HELPERS === #

    def _sell_due(self, due, amount=36500):
        """Post an invoice that is due on a day."""
        return self._create_open_invoice(
            self.customer,
            amount,
            invoice_date=due - timedelta(days=30),
            invoice_date_due=due,
        )

    def _enter(self, rate, day=date(2026, 7, 1), **values):
        return self.rates.create(
            {
                "currency_id": self.policy.fee_currency_id.id,
                "date": day,
                "rate": rate,
                **values,
            }
        )

    def _get_segments(self, day):
        """What is calculated on a day: first day, days, rate, amount, provisional."""
        with freeze_time(f"{day} 10:00:00"):
            return [
                (
                    f"{charge['date_start']:%m-%d}",
                    (charge["date_end"] - charge["date_start"]).days + 1,
                    round(charge["rate"], 4),
                    round(charge["amount"], 2),
                    charge["is_provisional"],
                )
                for charge in self._get_charges(date_end=day)
            ]

    # === THE LAST ONE STANDS IN === #

    def test_last_rate_is_marked(self):
        """36,500.00 from 20 June on: one percent costs a unit a day."""
        self._sell_due(date(2026, 6, 20))
        self.assertEqual(
            self._get_segments(date(2026, 7, 5)),
            [
                ("06-21", 10, 10.15, 101.5, False),
                ("07-01", 5, 10.15, 50.75, True),
            ],
        )
        self._enter(2.5)
        self.assertEqual(
            self._get_segments(date(2026, 7, 5)),
            [
                ("06-21", 10, 10.15, 101.5, False),
                ("07-01", 5, 10.5, 52.5, False),
            ],
        )

    def test_several_half_years_unknown(self):
        self._sell_due(date(2026, 6, 30))
        self.assertEqual(
            self._get_segments(date(2027, 1, 10)),
            [
                ("07-01", 184, 10.15, 1867.6, True),
                ("01-01", 10, 10.15, 101.5, True),
            ],
        )

    def test_first_rate_kept(self):
        """Known if the debt became late before, whatever the day of the charge."""
        self.policy.fee_is_rate_kept = True
        self._sell_due(date(2026, 6, 29))
        self._sell_due(date(2026, 6, 30))
        self.assertEqual(
            self._get_segments(date(2026, 7, 2)),
            [
                ("06-30", 3, 10.15, 30.45, False),
                ("07-01", 2, 10.15, 20.3, True),
            ],
        )

    def test_what_cannot_stand_in(self):
        """Neither a later rate for an earlier half-year, nor none at all."""
        self._sell_due(date(2025, 6, 20))
        self.rates.search([("date", "=", date(2025, 1, 1))]).unlink()
        with self.assertRaisesRegex(UserError, "01/01/2025 is missing"):
            self._get_segments(date(2025, 6, 25))
        self.rates.search([]).unlink()
        with self.assertRaisesRegex(UserError, "01/01/2025 is missing"):
            self._get_segments(date(2025, 6, 25))

    def test_own_rates_count_alone(self):
        """A company that enters the base rate of its country is not charged by
        everybody's rate where its own is missing."""
        self._enter(1.27, LAST_KNOWN, company_id=self.company.id)
        self._enter(2.5)
        self._sell_due(date(2026, 6, 29))
        self.assertEqual(
            self._get_segments(date(2026, 7, 1)),
            [
                ("06-30", 1, 9.27, 9.27, False),
                ("07-01", 1, 9.27, 9.27, True),
            ],
        )

    def test_rates_of_the_central_banks(self):
        """What the European Central Bank and the Bank of England publish: half-years
        from 2023 on."""
        for currency, expected in (
            ("EUR", [2.5, 4.0, 4.5, 4.25, 3.15, 2.15, 2.15]),
            ("GBP", [3.5, 5.0, 5.25, 5.25, 4.75, 4.25, 3.75]),
        ):
            with self.subTest(currency=currency):
                rates = self.rates.search(
                    [
                        ("currency_id.name", "=", currency),
                        ("currency_id.active", "in", (True, False)),
                        ("date", ">=", date(2023, 1, 1)),
                        ("company_id", "=", False),
                    ],
                    order="date",
                )
                self.assertEqual(rates.mapped("rate"), expected)

    # === IT IS SAID === #

    def test_policy_says_what_is_missing(self):
        """(day, what is said)."""
        for day, words in (
            (date(2026, 6, 30), None),
            (date(2026, 7, 1), "07/01/2026 is not entered.*2.15 % of 01/01/2026"),
            (date(2019, 12, 31), "07/01/2019 is missing"),
        ):
            with self.subTest(day=day), freeze_time(f"{day} 10:00:00"):
                self.policy.invalidate_recordset(["fee_rate_warning"])
                if words:
                    self.assertRegex(self.policy.fee_rate_warning, words)
                else:
                    self.assertFalse(self.policy.fee_rate_warning)
        with freeze_time("2026-07-01 10:00:00"):
            self.policy.fee_method = "daily"
            self.assertFalse(self.policy.fee_rate_warning)

    def test_somebody_is_asked_once(self):
        fee = self.env["account.collection.fee"]
        with freeze_time("2026-07-01 10:00:00"):
            fee._cron_charge()
            fee._cron_charge()
            activity = self.policy.activity_ids
            self.assertEqual(activity.summary, "Enter the reference rate")
            self.assertIn("2.15 %", str(activity.note))
            self.assertTrue(
                activity.user_id.has_group(
                    "account_collections.group_collection_manager"
                )
            )
            self.assertFalse(activity.user_id._is_superuser())
            self._enter(2.5)
            self.policy.invalidate_recordset()
            fee._cron_charge()
            self.assertFalse(self.policy.activity_ids)

    def test_calculation_says_it(self):
        """In the preview, on the invoice and in the case."""
        self._sell_due(date(2026, 6, 30))
        with freeze_time("2026-07-02 10:00:00"):
            self.env["account.collection.case"]._refresh(self.company, self.customer)
            form = Form(
                self.env["account.collection.fee.charge"].with_context(
                    default_partner_id=self.customer.id,
                    default_company_id=self.company.id,
                )
            )
            self.assertIn("2.15 %", form.rate_warning)
            form.save().action_charge()
            fee = self.env["account.collection.fee"].search(
                [("partner_id", "=", self.customer.id)]
            )
            self.assertIn(
                "(provisional reference rate)",
                fee.move_id.invoice_line_ids.mapped("name")[-1],
            )
            case = self.env["account.collection.case"].search(
                [("partner_id", "=", self.customer.id)]
            )
            self.assertIn("provisional", case.message_ids[0].body)

    # === ENTERED LATER === #

    def test_difference_is_given_back(self):
        """(law's first rate kept, the rate entered, given back of ten days)."""
        for is_kept, rate, back in (
            (False, 2.15, 0),
            (False, 3, 0),
            (False, 1.65, 5),
            (True, 1.65, 5),
        ):
            with self.subTest(is_kept=is_kept, rate=rate):
                self.policy.fee_is_rate_kept = is_kept
                invoice = self._sell_due(date(2026, 6, 30))
                with freeze_time("2026-07-10 10:00:00"):
                    fee = self._charge(date(2026, 7, 10))
                    self.assertEqual(fee.amount, 101.5)
                    entered = self._enter(rate)
                    fee.invalidate_recordset()
                    self.assertAlmostEqual(fee.amount_excess, back, places=2)
                    self.env["account.collection.fee"]._ask_to_correct()
                    asked = self.policy.activity_ids.filtered(
                        lambda one, fee=fee: fee.name in one.summary
                    )
                    self.assertEqual(bool(asked), bool(back))
                    if back:
                        self.assertIn("entered later", str(asked.note))
                        fee.action_credit_excess()
                        self.assertEqual(fee.amount_excess, 0)
                    entered.unlink()
                    self._pay(invoice, payment_date=date(2026, 7, 10))
