from datetime import date, timedelta

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from .common import TODAY, CollectionCommon


class FeeCommon(CollectionCommon):
    """A customer whose contract has always included late fees."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.write(
            {"collection_has_fee": True, "collection_fee_start": date(2020, 1, 1)}
        )
        cls.policy.write({"fee_method": "daily", "fee_rate": 10, "fee_law": "other"})

    # === HELPERS === #

    @classmethod
    def _set_law(cls, law, **values):
        """Charge what a law asks for, as if the company were under it."""
        cls.policy.write({"fee_method": "statutory", "fee_law": law, **values})
        # Amounts stay readable: the currency of the law is worth one of the company's.
        cls.setup_other_currency(
            cls.policy.fee_currency_id.name, rates=[("2020-01-01", 1.0)]
        )

    @classmethod
    def _charge(cls, date_end=TODAY, partner=None, **values):
        return cls.env["account.collection.fee"]._charge(
            cls.company, partner or cls.customer, date_end, **values
        )

    def _get_charges(self, partner=None, date_end=TODAY):
        return self.env["account.collection.fee.calculation"]._calculate(
            self.company, partner or self.customer, date_end
        )

    def assertCharges(self, expected, date_end=TODAY):
        """Compare what is not charged yet with `kind, first day, days, principal, rate,
        amount` a line."""
        lines = self.env["account.collection.fee.line"]
        actual = []
        for charge in self._get_charges(date_end=date_end):
            line = lines.new(charge)
            actual.append(
                (
                    line.kind,
                    line.date_start and f"{line.date_start:%m-%d}",
                    line.days,
                    line.principal,
                    round(line.rate, 4),
                    round(line.amount, 2),
                )
            )
        self.assertEqual(actual, expected)

    def assertNothingCharged(self, **values):
        self.assertEqual(self._get_charges(**values), [])


@tagged("post_install", "-at_install")
class TestFee(FeeCommon):
    """What is charged, on which amounts and which days."""

    # === BY METHOD === #

    def test_methods(self):
        """(policy, the charges for 1,000.00 that are ten days late)."""
        self._create_open_invoice(self.customer, 1000, days=10)
        for values, expected in (
            ({"fee_method": "none"}, []),
            (
                {"fee_method": "flat", "fee_amount": 15},
                [("flat", "06-05", 0, 1000, 0, 15)],
            ),
            (
                {"fee_method": "percent", "fee_percent": 5},
                [("percent", "06-05", 0, 1000, 5, 50)],
            ),
            # 1,000.00 × 10 % × 10 / 365
            (
                {"fee_method": "daily", "fee_rate": 10},
                [("interest", "06-05", 10, 1000, 10, 2.74)],
            ),
            (
                {"fee_method": "daily", "fee_rate": 10, "fee_min": 5},
                [
                    ("interest", "06-05", 10, 1000, 10, 2.74),
                    ("minimum", False, 0, 0, 0, 2.26),
                ],
            ),
            (
                {"fee_method": "percent", "fee_percent": 5, "fee_max": 30},
                [
                    ("percent", "06-05", 0, 1000, 5, 50),
                    ("maximum", False, 0, 0, 0, -20),
                ],
            ),
        ):
            with self.subTest(values=values):
                self.policy.write({"fee_min": 0, "fee_max": 0, **values})
                self.assertCharges(expected)

    def test_european_preset(self):
        """Ten days at 4.50 % + 8 points, and 40 EUR."""
        self._set_law("eu")
        self._create_open_invoice(self.customer, 1000, days=10)
        # 1,000.00 × 12.5 % × 10 / 365
        self.assertCharges(
            [
                ("interest", "06-05", 10, 1000, 12.5, 3.42),
                ("compensation", False, 0, 1000, 0, 40),
            ]
        )

    def test_european_rate_follows_the_half_years(self):
        self._set_law("eu")
        self._create_open_invoice(self.customer, 1000, days=-10)
        with freeze_time("2024-07-10 10:00:00"):
            # due on 24 June: six days of June, ten of July
            self.assertCharges(
                [
                    ("interest", "06-25", 6, 1000, 12.5, 2.05),
                    ("interest", "07-01", 10, 1000, 12.25, 3.36),
                    ("compensation", False, 0, 1000, 0, 40),
                ],
                date(2024, 7, 10),
            )

    def test_british_rate_stays(self):
        """A debt keeps the rate of the half-year in which it became late: 5.25 % + 8
        from June 2024 on, though the Bank Rate fell to 4.75 % by January 2025."""
        self._set_law("uk")
        self._create_open_invoice(self.customer, 1000, days=1)
        with freeze_time("2025-01-31 10:00:00"):
            # 1,000.00 × 13.25 % × 232 / 365
            self.assertCharges(
                [
                    ("interest", "06-14", 232, 1000, 13.25, 84.22),
                    ("compensation", False, 0, 1000, 0, 70),
                ],
                date(2025, 1, 31),
            )

    def test_british_compensation(self):
        """(debt, compensation)."""
        self._set_law("uk")
        for amount, expected in (
            (999.99, 40),
            (1000, 70),
            (9999.99, 70),
            (10000, 100),
        ):
            with self.subTest(amount=amount):
                customer = self._create_customer(
                    f"Owes {amount}",
                    collection_has_fee=True,
                    collection_fee_start=date(2020, 1, 1),
                )
                self._create_open_invoice(customer, amount, days=1)
                charges = self._get_charges(customer)
                self.assertEqual(
                    [
                        charge["amount"]
                        for charge in charges
                        if charge["kind"] == "compensation"
                    ],
                    [expected],
                )

    def test_presets_can_be_chosen(self):
        """In the form of a new policy: (law, points, kept, compensations)."""
        for law, currency, is_kept, scale in (
            ("eu", "EUR", False, [(0, 40)]),
            ("uk", "GBP", True, [(0, 40), (1000, 70), (10000, 100)]),
        ):
            with self.subTest(law=law):
                form = Form(self.env["account.collection.policy"])
                form.name = law
                form.fee_method = "statutory"
                form.fee_law = "other"
                form.fee_law = law
                policy = form.save()
                self.assertRecordValues(
                    policy, [{"fee_points": 8, "fee_is_rate_kept": is_kept}]
                )
                self.assertEqual(policy.fee_currency_id.name, currency)
                self.assertEqual(
                    [(one.amount_from, one.amount) for one in policy.fee_scale_ids],
                    scale,
                )

    def test_currency_of_the_amounts(self):
        """The company's, unless a law has its own: (method, law, currency)."""
        own = self.company.currency_id.name
        policy = self.env["account.collection.policy"].create({"name": "New"})
        self.assertEqual(policy.fee_currency_id.name, own)
        for method, law, currency in (
            ("flat", "eu", own),
            ("statutory", "eu", "EUR"),
            ("statutory", "uk", "GBP"),
            ("statutory", "other", own),
            ("daily", "uk", own),
        ):
            with self.subTest(method=method, law=law):
                policy.write({"fee_method": method, "fee_law": law})
                self.assertEqual(policy.fee_currency_id.name, currency)

    def test_missing_exchange_rate_is_said(self):
        """Not taken for one, as Odoo does."""
        currency = self.setup_other_currency("CHF", rates=[("2020-01-01", 2.0)])
        self.policy.write(
            {
                "fee_method": "flat",
                "fee_amount": 15,
                "fee_currency_id": currency.id,
            }
        )
        self._create_open_invoice(self.customer, 1000, days=10)
        self.assertEqual(self._get_charges()[0]["amount"], 7.5)
        currency.rate_ids.sudo().unlink()
        with self.assertRaisesRegex(UserError, "no exchange rate of CHF"):
            self._get_charges()

    # === REFERENCE RATES === #

    def test_missing_rate_is_said(self):
        self._set_law("eu")
        self.env["account.collection.reference.rate"].search(
            [("date", "=", date(2024, 1, 1))]
        ).unlink()
        self._create_open_invoice(self.customer, 1000, days=10)
        with self.assertRaisesRegex(UserError, "01/01/2024 is missing"):
            self._get_charges()

    def test_own_rate_goes_first(self):
        self._set_law("eu", fee_points=9)
        # The German base rate of the first half of 2024.
        self.env["account.collection.reference.rate"].create(
            {
                "currency_id": self.env.ref("base.EUR").id,
                "date": date(2024, 1, 1),
                "rate": 3.62,
                "company_id": self.company.id,
            }
        )
        self._create_open_invoice(self.customer, 1000, days=10)
        self.assertEqual(self._get_charges()[0]["rate"], 12.62)

    def test_rates_begin_with_a_half_year(self):
        with self.assertRaises(ValidationError):
            self.env["account.collection.reference.rate"].create(
                {
                    "currency_id": self.env.ref("base.EUR").id,
                    "date": date(2030, 2, 1),
                    "rate": 1,
                }
            )

    # === WHO IS CHARGED === #

    def test_only_who_agreed(self):
        """(flag of the customer, its day, flag of the terms, its day, charged)."""
        term = self.env.ref("account.account_payment_term_15days").copy()
        invoice_date = TODAY - timedelta(days=40)
        invoice = self._create_open_invoice(
            self.customer, invoice_date=invoice_date, days=10
        )
        invoice.button_draft()
        invoice.write({"invoice_payment_term_id": term.id})
        invoice.action_post()
        before, after = (invoice_date + timedelta(days=days) for days in (-1, 1))
        for own, own_day, terms, terms_day, is_charged in (
            (False, False, False, False, False),
            (True, before, False, False, True),
            (True, invoice_date, False, False, True),
            (True, after, False, False, False),
            (False, False, True, before, True),
            (False, False, True, after, False),
            (True, after, True, before, True),
            (False, before, False, before, False),
        ):
            with self.subTest(own=own, own_day=own_day, terms=terms, day=terms_day):
                self.customer.write(
                    {"collection_has_fee": own, "collection_fee_start": own_day}
                )
                term.write(
                    {"collection_has_fee": terms, "collection_fee_start": terms_day}
                )
                self.assertEqual(bool(self._get_charges()), is_charged)

    def test_flag_applies_from_its_day(self):
        """Off by default; set today, it is about invoices from today on."""
        customer = self._create_customer("New Contract")
        self.assertFalse(customer.collection_has_fee)
        self._create_open_invoice(customer, days=10)
        customer.collection_has_fee = True
        self.assertEqual(customer.collection_fee_start, TODAY)
        self.assertNothingCharged(partner=customer)
        self._create_open_invoice(customer, days=-10, invoice_date=TODAY)
        with freeze_time(TODAY + timedelta(days=20)):
            charges = self._get_charges(customer, TODAY + timedelta(days=20))
        self.assertEqual(len(charges), 1)

    def test_flag_of_several_at_once(self):
        """Set in the list, it moves the day of none that had it before, nor clears
        it."""
        day, new = date(2020, 1, 1), {"collection_has_fee": True}
        customers, terms = (
            self.env[model].create(
                [
                    {"name": "Since 2020", **new, "collection_fee_start": day},
                    {"name": "From the beginning", **new},
                    {"name": "New"},
                ]
            )
            for model in ("res.partner", "account.payment.term")
        )
        for records in customers, terms:
            records[1].collection_fee_start = False
            for expected in ([day, False, TODAY], [day, False, TODAY]):
                with self.subTest(model=records._name):
                    records.write(dict(new))
                    self.assertEqual(records.mapped("collection_has_fee"), [True] * 3)
                    self.assertEqual(records.mapped("collection_fee_start"), expected)

    def test_flag_in_a_branch(self):
        """What was agreed for the main company counts in its branches too."""
        self.company.write({"child_ids": [Command.create({"name": "Branch"})]})
        branch = self.company.child_ids
        self.customer.with_company(branch).collection_has_fee = True
        self.assertEqual(self.customer.collection_fee_start, date(2020, 1, 1))

    def test_no_fee_on_fees(self):
        self._create_open_invoice(self.customer, 1000, days=60)
        fee = self._charge()
        with freeze_time(TODAY + timedelta(days=200)):
            charges = self._get_charges(date_end=TODAY + timedelta(days=200))
        self.assertNotIn(fee.move_id.id, [one["late_move_id"] for one in charges])

    def test_entries_and_credits_are_not_charged(self):
        self._create_open_invoice(self.customer, 100, move_type="out_refund")
        self.assertNothingCharged()

    def test_grace(self):
        """(days late, charged) with five days of grace."""
        self.policy.fee_grace_days = 5
        for days, first in ((4, None), (5, None), (6, 6), (10, 10)):
            with self.subTest(days=days):
                customer = self._create_customer(
                    f"Late by {days}",
                    collection_has_fee=True,
                    collection_fee_start=date(2020, 1, 1),
                )
                self._create_open_invoice(customer, 1000, days=days)
                charges = self._get_charges(customer)
                # Beyond the grace, each day since the due date counts.
                self.assertEqual(
                    [(one["date_end"] - one["date_start"]).days + 1 for one in charges],
                    [first] if first else [],
                )

    def test_paid_within_the_grace(self):
        self.policy.fee_grace_days = 5
        invoice = self._create_open_invoice(self.customer, 1000, days=10)
        self._pay(invoice, payment_date=TODAY - timedelta(days=5))
        self.assertNothingCharged()

    # === WHAT WAS PAID === #

    def test_part_payments(self):
        invoice = self._create_open_invoice(self.customer, 1000, days=30)
        self._pay(invoice, 400, payment_date=TODAY - timedelta(days=20))
        self.assertCharges(
            [
                ("interest", "05-16", 10, 1000, 10, 2.74),
                ("interest", "05-26", 20, 600, 10, 3.29),
            ]
        )

    def test_paid_late_is_charged_to_the_day(self):
        invoice = self._create_open_invoice(self.customer, 1000, days=30)
        self._pay(invoice, payment_date=TODAY - timedelta(days=20))
        self.assertEqual(invoice.amount_residual, 0)
        self.assertCharges([("interest", "05-16", 10, 1000, 10, 2.74)])
        self._charge()
        self.assertNothingCharged()

    def test_payment_date_counts_not_the_day_of_booking(self):
        invoice = self._create_open_invoice(self.customer, 1000, days=10)
        self._pay(invoice, payment_date=TODAY - timedelta(days=10))
        self.assertNothingCharged()

    def test_credit_notes_were_never_owed(self):
        invoice = self._create_open_invoice(self.customer, 1000, days=10)
        credit = invoice._reverse_moves([{"invoice_date": TODAY}])
        credit.invoice_line_ids.price_unit = 400
        credit.action_post()
        (
            self._get_receivable_line(invoice) | self._get_receivable_line(credit)
        ).reconcile()
        self.assertCharges([("interest", "06-05", 10, 600, 10, 1.64)])

    def test_unapplied_money_pays_the_oldest(self):
        """From its day on, though nobody has applied it yet."""
        self._create_open_invoice(self.customer, 1000, days=20)
        self._create_open_invoice(self.customer, 1000, days=10)
        self._receive_unapplied(self.customer, 1200, date=TODAY - timedelta(days=15))
        self.assertCharges(
            [
                ("interest", "05-26", 5, 1000, 10, 1.37),
                ("interest", "06-05", 10, 800, 10, 2.19),
            ]
        )

    def test_percentage_of_what_is_left(self):
        self.policy.write({"fee_method": "percent", "fee_percent": 5})
        invoice = self._create_open_invoice(self.customer, 1000, days=10)
        self._pay(invoice, 400)
        self.assertCharges([("percent", "06-05", 0, 600, 5, 30)])
        self._pay(invoice, 600)
        self.assertNothingCharged()

    # === WHAT IS HELD === #

    def test_held_amounts(self):
        """(policy, the charges for 1,000.00 of which 400.00 are held)."""
        invoice = self._create_open_invoice(self.customer, 1000, days=10)
        hold = self._hold(self._get_receivable_line(invoice), 400)
        hold.sudo().write({"date_start": TODAY - timedelta(days=20)})
        self.env["account.collection.hold.change"].sudo().search(
            [("hold_id", "=", hold.id)]
        ).unlink()
        hold._note_changes()
        for values, expected in (
            (
                {"fee_method": "daily"},
                [("interest", "06-05", 10, 600, 10, 1.64)],
            ),
            (
                {"fee_method": "percent", "fee_percent": 5},
                [("percent", "06-05", 0, 600, 5, 30)],
            ),
            (
                {"fee_method": "flat", "fee_amount": 15},
                [("flat", "06-05", 0, 600, 0, 15)],
            ),
        ):
            with self.subTest(values=values):
                self.policy.write(values)
                self.assertCharges(expected)

    def test_days_held_do_not_come_back(self):
        """Disputed from the 14th to the 24th of June, then found to be right."""
        invoice = self._create_open_invoice(self.customer, 1000, days=0)
        hold = self._hold(self._get_receivable_line(invoice))
        with freeze_time("2024-06-24 10:00:00"):
            hold.action_end()
        with freeze_time("2024-06-30 10:00:00"):
            # The 24th, on which the hold ended, was held still.
            self.assertCharges(
                [("interest", "06-25", 6, 1000, 10, 1.64)], date(2024, 6, 30)
            )

    def test_whole_customer_held_beyond_the_invoices(self):
        """The days stay free though the invoices that were owed are deleted, until the
        hold ends: (what ends it, the first day that costs something)."""
        for end, first in (
            (None, "06-25"),
            (lambda hold: hold.action_end(), "06-21"),
        ):
            with self.subTest(first=first), self.env.cr.savepoint() as savepoint:
                invoice = self._create_open_invoice(self.customer, 1000)
                hold = self._hold(
                    self._get_receivable_line(invoice), is_whole_customer=True
                )
                invoice.button_draft()
                invoice.with_context(force_delete=True).unlink()
                self.assertEqual(hold.amount, 0)
                self._create_open_invoice(self.customer, 1000, days=0)
                if end:
                    with freeze_time("2024-06-20 10:00:00"):
                        end(hold)
                with freeze_time("2024-06-30 10:00:00"):
                    charges = self._get_charges(date_end=date(2024, 6, 30))
                self.assertEqual(
                    [f"{one['date_start']:%m-%d}" for one in charges], [first]
                )
                savepoint.close(rollback=True)
            self.env.invalidate_all()

    def test_dispute(self):
        invoice = self._create_open_invoice(self.customer, 1000, days=0)
        dispute = self.env["account.collection.dispute"].create(
            {
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "currency_id": invoice.currency_id.id,
                "line_ids": [Command.set(self._get_receivable_line(invoice).ids)],
                "reason_id": self.env.ref(
                    "account_collections.dispute_reason_price"
                ).id,
                "amount": 300,
            }
        )
        dispute.action_confirm()
        with freeze_time("2024-06-24 10:00:00"):
            self.assertCharges(
                [("interest", "06-15", 10, 700, 10, 1.92)], date(2024, 6, 24)
            )
            dispute.action_investigate()
            dispute.action_resolve_invalid("The price was agreed.")
        with freeze_time("2024-06-30 10:00:00"):
            self.assertCharges(
                [
                    ("interest", "06-15", 10, 700, 10, 1.92),
                    ("interest", "06-25", 6, 1000, 10, 1.64),
                ],
                date(2024, 6, 30),
            )

    def test_blocked_by_odoo(self):
        invoice = self._create_open_invoice(self.customer, 1000, days=10)
        invoice.action_toggle_block_payment()
        self.assertNothingCharged()
        with freeze_time("2024-06-24 10:00:00"):
            invoice.action_toggle_block_payment()
        with freeze_time("2024-06-30 10:00:00"):
            # The days from the 14th to the 24th do not come back.
            self.assertCharges(
                [
                    ("interest", "06-05", 9, 1000, 10, 2.47),
                    ("interest", "06-25", 6, 1000, 10, 1.64),
                ],
                date(2024, 6, 30),
            )

    def test_only_a_manager_corrects_the_blocked_days(self):
        """Whoever blocks an invoice has it noted, and cannot change what was noted."""
        invoice = self._create_open_invoice(self.customer, 1000, days=10)
        for group, is_allowed in (
            ("account_collections.group_collection_all", False),
            ("account_collections.group_collection_manager", True),
        ):
            user = new_test_user(
                self.env, login=group, groups=f"account.group_account_invoice,{group}"
            )
            own = invoice.with_user(user)
            own.action_toggle_block_payment()
            with self.subTest(group=group):
                self.assertTrue(invoice.collection_blocking)
                self.assertTrue(own._get_blocked_steps())
                if is_allowed:
                    own.collection_blocking = False
                else:
                    with self.assertRaises(AccessError):
                        own.write({"collection_blocking": False})
        self.assertFalse(invoice.collection_blocking)

    # === PLANS === #

    def test_plan_accrues_on_missed_installments(self):
        """1,000.00 in four installments of 250.00 from 21 June on, every week; with
        three days of grace."""
        invoice = self._create_open_invoice(self.customer, 1000, days=10)
        plan = self._plan_weekly(invoice)
        # ten days before the plan, none of which was held; then nothing is late
        self._charge(TODAY - timedelta(days=1))
        with freeze_time("2024-06-24 10:00:00"):
            plan._evaluate()
            self.assertNothingCharged(date_end=date(2024, 6, 24))
        with freeze_time("2024-06-26 10:00:00"):
            plan._evaluate()
            self.assertEqual(plan.state, "at_risk")
            self.assertCharges(
                [("interest", "06-25", 2, 250, 10, 0.14)], date(2024, 6, 26)
            )
            self._pay(invoice, 250, payment_date=date(2024, 6, 26))
        with freeze_time("2024-07-01 10:00:00"):
            plan._evaluate()
            self.assertCharges(
                [("interest", "06-25", 2, 250, 10, 0.14)], date(2024, 7, 1)
            )

    def _plan_weekly(self, invoice):
        plan = self.env["account.collection.plan"].create(
            {
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "currency_id": invoice.currency_id.id,
                "line_ids": [Command.set(self._get_receivable_line(invoice).ids)],
                "amount": 1000,
                "installment_ids": [
                    Command.create(
                        {
                            "date_due": date(2024, 6, 21) + timedelta(7 * n),
                            "amount": 250,
                        }
                    )
                    for n in range(4)
                ],
            }
        )
        plan.action_confirm()
        if plan.state == "proposed":
            plan.action_activate()
        return plan

    # === HOW OFTEN === #

    def test_days_are_charged_once(self):
        self._create_open_invoice(self.customer, 1000, days=10)
        self._charge(TODAY - timedelta(days=4))
        self.assertCharges([("interest", "06-11", 4, 1000, 10, 1.1)])
        self._charge()
        self.assertNothingCharged()
        self.assertFalse(self._charge())

    def test_once_or_every_month(self):
        """(method, how often, charged in June, in July)."""
        for method in ("flat", "percent", "daily"):
            for frequency, later in (("once", 0), ("monthly", 1)):
                with self.subTest(method=method, frequency=frequency):
                    customer = self._create_customer(
                        f"{method} {frequency}",
                        collection_has_fee=True,
                        collection_fee_start=date(2020, 1, 1),
                    )
                    self.policy.write(
                        {
                            "fee_method": method,
                            "fee_amount": 15,
                            "fee_frequency": frequency,
                        }
                    )
                    self._create_open_invoice(customer, 1000, days=10)
                    self.assertEqual(len(self._charge(partner=customer)), 1)
                    self.assertFalse(self._charge(partner=customer))
                    with freeze_time("2024-07-14 10:00:00"):
                        fees = self._charge(date(2024, 7, 14), customer)
                        self.assertEqual(len(fees), later)

    def test_maximum_counts_all_that_was_charged(self):
        self.policy.write({"fee_method": "flat", "fee_amount": 15, "fee_max": 20})
        self._create_open_invoice(self.customer, 1000, days=10)
        self.assertEqual(self._charge().amount, 15)
        with freeze_time("2024-07-14 10:00:00"):
            self.assertEqual(self._charge(date(2024, 7, 14)).amount, 5)
        with freeze_time("2024-08-14 10:00:00"):
            self.assertFalse(self._charge(date(2024, 8, 14)))

    def test_minimum_once_a_month(self):
        """However often is charged, and for all installments of an invoice."""
        self.policy.fee_min = 10
        term = self.env["account.payment.term"].create(
            {
                "name": "Two halves",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 50, "nb_days": days}
                    )
                    for days in (0, 1)
                ],
            }
        )
        self._create_open_invoice(
            self.customer,
            1000,
            invoice_date=TODAY - timedelta(days=10),
            invoice_payment_term_id=term.id,
        )
        self.assertEqual(self._charge(TODAY - timedelta(days=3)).amount, 10)
        # Two days of 1,000.00, and one more
        self.assertEqual(self._charge(TODAY - timedelta(days=1)).amount, 0.54)
        self.assertEqual(self._charge().amount, 0.28)
        with freeze_time("2024-07-14 10:00:00"):
            self.assertEqual(self._charge(date(2024, 7, 14)).amount, 10)

    def test_compensation_once(self):
        self._set_law("eu")
        self._create_open_invoice(self.customer, 1000, days=10)
        self.assertEqual(self._charge(TODAY - timedelta(days=5)).amount, 41.71)
        self.assertEqual(self._charge().amount, 1.71)

    def test_queries_do_not_grow_with_the_invoices(self):
        counts = []
        for number in (2, 8):
            for _one in range(number):
                invoice = self._create_open_invoice(self.customer, 1000, days=10)
                self._hold(self._get_receivable_line(invoice), 100)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.assertTrue(self._get_charges())
            counts.append(self.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0])

    # === THE PREVIEW === #

    def test_preview(self):
        invoice = self._create_open_invoice(self.customer, 1000, days=10)
        self._create_open_invoice(self.customer, 500, days=10)
        collector = new_test_user(
            self.env,
            "collector",
            "account_collections.group_collection_own",
            company_id=self.company.id,
        )
        action = invoice.with_user(collector).action_collection_charge_fee()
        form = Form(
            self.env["account.collection.fee.charge"]
            .with_user(collector)
            .with_context(**action["context"])
        )
        self.assertEqual(form.total.replace("\xa0", " "), "$ 2.74")
        self.assertIn(
            "10.00 % a year for 10 days", form.line_ids._records[0]["description"]
        )
        form.date_end = TODAY - timedelta(days=5)
        self.assertEqual(form.total.replace("\xa0", " "), "$ 1.37")
        self.assertFalse(
            self.env["account.collection.fee"].search([])
            & invoice.collection_fee_line_ids.fee_id
        )
        form.date_end = TODAY
        wizard = form.save()
        wizard.action_charge()
        self.assertEqual(invoice.collection_fee_amount, 2.74)
        with self.assertRaisesRegex(UserError, "There is nothing to charge"):
            wizard.action_charge()

    def test_limits_that_make_no_sense(self):
        """(what the policy says, the constraint that it violates)."""
        for values, constraint in (
            ({"fee_percent": 100.01}, "fee_rates"),
            ({"fee_percent": 1e9}, "fee_rates"),
            ({"fee_percent": -1}, "fee_limits"),
            ({"fee_rate": 101}, "fee_rates"),
            ({"fee_points": -1}, "fee_rates"),
            ({"fee_min": 50, "fee_max": 10}, "fee_min_max"),
            ({"fee_max": -1}, "fee_limits"),
            ({"fee_percent": 100, "fee_rate": 100, "fee_points": 0}, None),
            ({"fee_min": 10, "fee_max": 10}, None),
            ({"fee_min": 10, "fee_max": 0}, None),
        ):
            with (
                self.subTest(values=values),
                mute_logger("odoo.sql_db"),
                self.env.cr.savepoint() as savepoint,
            ):
                if constraint:
                    with self.assertRaisesRegex(IntegrityError, f'_{constraint}"'):
                        self.policy.write(values)
                        self.policy.flush_recordset()
                else:
                    self.policy.write(values)
                    self.policy.flush_recordset()
                savepoint.close(rollback=True)
            self.env.invalidate_all()

    def test_no_days_to_come(self):
        wizard = self.env["account.collection.fee.charge"]
        with self.assertRaises(ValidationError):
            wizard.create(
                {
                    "partner_id": self.customer.id,
                    "company_id": self.company.id,
                    "date_end": TODAY + timedelta(days=1),
                }
            )
