from datetime import timedelta

from odoo import Command
from odoo.tests import tagged

from .common import TODAY, CollectionCommon


@tagged("post_install", "-at_install")
class TestDecision(CollectionCommon):
    """Whom a run contacts, at which step, or why not."""

    def assertPlanned(self, expected):
        self.assertDecision(self._get_line(self._plan()), expected)

    def test_age_decides(self):
        """An item that was never chased: (days since the due date, the decision)."""
        for days, expected in (
            (-6, "nothing"),
            (-5, "contact -5 email"),
            (-2, "contact -5 email"),
            (0, "contact -5 email"),
            (1, "skip no_step_due +2"),
            (2, "skip no_step_due +1"),
            (3, "contact 3 email"),
            (14, "contact 3 email"),
            (400, "contact 3 email"),
        ):
            with self.subTest(days=days):
                customer = self._create_customer(f"Customer {days}")
                self._create_open_invoice(customer, days=days)
                line = self._get_line(self._plan(), customer)
                self.assertDecision(line, expected)

    def test_steps_are_taken_in_order(self):
        """(days since due, last step reached, days since then, the decision)."""
        for days, reached, days_ago, expected in (
            (14, 3, 11, "skip no_step_due +1"),
            (15, 3, 12, "contact 15 email"),
            (100, 3, 8, "contact 15 email"),
            (100, 3, 7, "contact 15 email"),
            (100, 3, 6, "skip gap +1"),
            (100, 3, 0, "skip gap +7"),
            (100, 15, 8, "contact 30 email"),
            (44, 30, 8, "skip no_step_due +1"),
            (45, 30, 8, "contact 45 call"),
            (59, 45, 8, "skip no_step_due +1"),
            (60, 45, 8, "contact 60 letter"),
            (400, 60, 8, "skip steps_done"),
        ):
            with self.subTest(days=days, reached=reached, days_ago=days_ago):
                customer = self._create_customer(
                    f"Customer {days} {reached} {days_ago}"
                )
                invoice = self._create_open_invoice(customer, days=days)
                self._reach(invoice, reached, days_ago)
                line = self._get_line(self._plan(), customer)
                self.assertDecision(line, expected)

    def test_oldest_item_drives(self):
        oldest = self._create_open_invoice(self.customer, days=50)
        newer = self._create_open_invoice(self.customer, days=20)
        self._create_open_invoice(self.customer, days=4)
        self._reach(oldest, 30)
        self._reach(newer, 3)
        self.assertPlanned("contact 45 call")
        self._pay(oldest)
        self.assertPlanned("contact 15 email")
        self._pay(newer)
        self.assertPlanned("contact 3 email")

    def test_oldest_item_without_step_left_does_not_drive(self):
        done = self._create_open_invoice(self.customer, days=90)
        self._create_open_invoice(self.customer, days=20)
        self._reach(done, 60)
        self.assertPlanned("contact 3 email")

    def test_younger_items_wait_for_the_oldest(self):
        """No friendly reminder while a third one has just been sent."""
        oldest = self._create_open_invoice(self.customer, days=40)
        self._create_open_invoice(self.customer, days=4)
        self._reach(oldest, 30)
        self.assertPlanned("skip no_step_due +5")

    def test_collectible_overdue_silences_reminders(self):
        self._create_open_invoice(self.customer, days=1)
        self._create_open_invoice(self.customer, days=-3)
        self.assertPlanned("skip no_step_due +2")

    def test_held_overdue_does_not_silence_reminders(self):
        held = self._create_open_invoice(self.customer, days=20)
        self._create_open_invoice(self.customer, days=-3)
        self._hold(self._get_receivable_line(held))
        self.assertPlanned("contact -5 email")

    def test_holds(self):
        """(held of 100, from, until, in days from today; the decision)."""
        for amount, start, end, expected in (
            (100, 0, 10, "skip held +10"),
            (100, 0, 0, "skip held +0"),
            (100, 0, None, "skip held"),
            (100, -9, -1, "contact 3 email"),
            (100, 1, 10, "contact 3 email"),
            (99.99, 0, 10, "contact 3 email"),
        ):
            with self.subTest(amount=amount, start=start, end=end):
                customer = self._create_customer(f"Customer {amount} {start} {end}")
                invoice = self._create_open_invoice(customer)
                self._hold(
                    self._get_receivable_line(invoice),
                    amount,
                    date_start=TODAY + timedelta(days=start),
                    date_end=end is not None and TODAY + timedelta(days=end),
                )
                line = self._get_line(self._plan(), customer)
                self.assertDecision(line, expected)

    def test_held_amount_is_told_apart(self):
        invoice = self._create_open_invoice(self.customer, amount=100)
        self._hold(self._get_receivable_line(invoice), 30)
        line = self._get_line(self._plan())
        self.assertRecordValues(
            line,
            [{"amount_overdue": 100, "amount_held": 30, "amount_collectible": 70}],
        )
        self.assertRecordValues(
            line.case_id,
            [{"amount_overdue": 100, "amount_held": 30, "amount_collectible": 70}],
        )

    def test_minimum(self):
        """A customer is contacted when the exposure exceeds the minimum."""
        self.policy.min_amount = 50
        for amount, expected in (
            (49.99, "skip below_minimum"),
            (50, "skip below_minimum"),
            (50.01, "contact 3 email"),
        ):
            with self.subTest(amount=amount):
                customer = self._create_customer(f"Customer {amount}")
                self._create_open_invoice(customer, amount=amount)
                line = self._get_line(self._plan(), customer)
                self.assertDecision(line, expected)

    def test_credits_are_netted(self):
        """(unapplied payment, credit note, the decision), of 100 overdue."""
        for paid, credited, expected in (
            (99.99, 0, "contact 3 email"),
            (100, 0, "skip credits"),
            (0, 100, "skip credits"),
            (60, 40, "skip credits"),
            (60, 39, "contact 3 email"),
            (0, 500, "skip credits"),
        ):
            with self.subTest(paid=paid, credited=credited):
                customer = self._create_customer(f"Customer {paid} {credited}")
                self._create_open_invoice(customer)
                if paid:
                    self._receive_unapplied(customer, paid)
                if credited:
                    self._create_open_invoice(
                        customer, credited, days=1, move_type="out_refund"
                    )
                line = self._get_line(self._plan(), customer)
                self.assertDecision(line, expected)

    def test_opening_credit_in_general_journal_counts(self):
        self._create_open_invoice(self.customer)
        self._create_opening_balance(-100)
        self.assertPlanned("skip credits")

    def test_credit_of_another_currency_does_not_cover(self):
        currency = self.setup_other_currency("EUR", rates=[("2024-01-01", 2.0)])
        self._create_open_invoice(self.customer, 100)
        self._receive_unapplied(self.customer, 1000, currency_id=currency.id)
        self.assertPlanned("contact 3 email")

    def test_exposure_is_converted_on_the_day(self):
        """100 EUR are 50 at the booked rate, but 40 on the day."""
        currency = self.setup_other_currency(
            "EUR", rates=[("2024-01-01", 2.0), ("2024-06-10", 2.5)]
        )
        self._create_open_invoice(self.customer, 100, currency_id=currency.id)
        self.policy.min_amount = 40
        line = self._get_line(self._plan())
        self.assertDecision(line, "skip below_minimum")
        self.assertEqual(line.amount_overdue, 50)
        self.policy.min_amount = 39.99
        self.assertPlanned("contact 3 email")

    def test_each_installment_by_its_own_date(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "Half in 10 days, half in 60",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 50, "nb_days": days}
                    )
                    for days in (10, 60)
                ],
            }
        )
        self._create_open_invoice(
            self.customer,
            100,
            invoice_date=TODAY - timedelta(days=20),
            invoice_date_due=False,
            invoice_payment_term_id=term.id,
        )
        line = self._get_line(self._plan())
        self.assertDecision(line, "contact 3 email")
        self.assertEqual(line.amount_overdue, 50)
        self.assertEqual(line.days_overdue, 10)

    def test_blocked_and_no_followup(self):
        blocked = self._create_open_invoice(self.customer)
        blocked.action_toggle_block_payment()
        self.assertPlanned("skip blocked")
        quiet = self._create_open_invoice(self.customer)
        quiet.no_followup = True
        self.assertPlanned("skip blocked")
        self._create_open_invoice(self.customer, 7)
        line = self._get_line(self._plan())
        self.assertDecision(line, "contact 3 email")
        self.assertEqual(line.amount_collectible, 7)

    def test_opening_balances_are_an_option(self):
        self._create_opening_balance(100)
        self.assertPlanned("skip blocked")
        self.policy.include_journal_entries = True
        self.assertPlanned("contact 3 email")

    def test_registered_payment_without_entry(self):
        """Without an outstanding account, a payment has no journal entry at first."""
        self._make_payments_without_entry()
        for paid, expected, collectible in (
            (100, "nothing", 0),
            (40, "contact 3 email", 60),
        ):
            with self.subTest(paid=paid):
                customer = self._create_customer(f"Customer {paid}")
                invoice = self._create_open_invoice(customer)
                payment = self._pay(invoice, paid)
                self.assertFalse(payment.move_id)
                self.assertEqual(payment.state, "in_process")
                line = self._get_line(self._plan(), customer)
                self.assertDecision(line, expected)
                self.assertEqual(line.amount_collectible, collectible)
                payment.action_cancel()
                line = self._get_line(self._plan(), customer)
                self.assertEqual(line.amount_collectible, 100)

    def test_payments_without_entry_of_one_invoice_do_not_pay_twice(self):
        """Two payments of 50 pay both instalments, not twice the first."""
        self._make_payments_without_entry()
        invoice = self._create_invoice_in_two(self.customer)
        self._pay(invoice, 50)
        self._pay(invoice, 50)
        self.assertPlanned("nothing")

    def test_payments_without_entry_of_the_same_invoices_follow_each_other(self):
        """(payments of two invoices of 100 together, what is left to collect)"""
        self._make_payments_without_entry()
        for amounts, expected in (
            ((50, 100), 50),
            ((100, 100), 0),
            ((50, 150), 0),
            ((30, 30, 30), 110),
        ):
            with self.subTest(amounts=amounts):
                customer = self._create_customer(f"Customer {amounts}")
                invoices = self._create_open_invoice(customer, days=20)
                invoices |= self._create_open_invoice(customer, days=15)
                for amount in amounts:
                    self._pay(invoices, amount, group_payment=True)
                self.env.invalidate_all()
                self.assertEqual(sum(invoices.mapped("collection_amount")), expected)
                line = self._get_line(self._plan(), customer)
                self.assertEqual(line.amount_collectible, expected)

    def test_credit_note_does_not_replace_a_paid_payment_without_entry(self):
        self._make_payments_without_entry()
        invoice = self._create_open_invoice(self.customer)
        payment = self._pay(invoice, 60)
        payment.state = "paid"
        credit = self._create_open_invoice(
            self.customer, 10, move_type="out_refund", days=0
        )
        (invoice | credit).line_ids.filtered(
            lambda line: line.account_id == self.receivable_account
        ).reconcile()
        self.assertEqual(self._get_line(self._plan()).amount_collectible, 30)

    def test_paid_payment_without_entry_covers_no_second_installment(self):
        """Once the bank's entry has met the invoice, the payment is spoken for."""
        self._make_payments_without_entry()
        invoice = self._create_invoice_in_two(self.customer)
        first = self._get_receivable_line(invoice)[0]
        payment = self._pay(invoice, 50)
        self.assertEqual(self._get_line(self._plan()).amount_overdue, 50)
        entry = self._create_entry(-50, self.bank_journal)
        (first | self._get_receivable_line(entry)).reconcile()
        payment.state = "paid"
        self.assertEqual(self._get_line(self._plan()).amount_overdue, 50)

    def test_part_held_in_a_foreign_currency_is_rounded(self):
        currency = self.setup_other_currency("EUR", rates=[("2024-01-01", 1.37)])
        invoice = self._create_open_invoice(self.customer, 100, currency_id=currency.id)
        self._hold(self._get_receivable_line(invoice), 33.33)
        line = self._get_line(self._plan())
        self.env.cr.execute(
            "SELECT amount_overdue, amount_held FROM account_collection_run_line "
            "WHERE id = %s",
            [line.id],
        )
        self.assertEqual(
            [str(amount) for amount in self.env.cr.fetchone()], ["72.99", "24.33"]
        )

    def test_children_are_one_customer(self):
        shops = self.env["res.partner"].create(
            [
                {"name": name, "parent_id": self.customer.id, "type": "delivery"}
                for name in ("North shop", "South shop")
            ]
        )
        for shop in shops:
            self._create_open_invoice(shop, 10)
        line = self._get_line(self._plan())
        self.assertDecision(line, "contact 3 email")
        self.assertEqual(line.amount_overdue, 20)

    def test_archived_customer_still_owes(self):
        self._create_open_invoice(self.customer)
        self.customer.active = False
        self.assertPlanned("contact 3 email")

    def test_invoice_without_due_date(self):
        """Its accounting date counts instead."""
        invoice = self._create_open_invoice(self.customer)
        line = self._get_receivable_line(invoice)
        line.date_maturity = False
        self.env.flush_all()
        planned = self._get_line(self._plan())
        self.assertEqual(planned.days_overdue, (TODAY - invoice.date).days)

    def test_policies(self):
        other = self.policy.copy()
        other.step_ids.filtered(lambda step: step.delay_days == 3).delay_days = 9
        self._create_open_invoice(self.customer, days=8)
        self.assertPlanned("contact 3 email")
        self.customer.collection_policy_id = other
        self.assertPlanned("skip no_step_due +1")
        self.customer.collection_policy_id = False
        self.assertPlanned("contact 3 email")
        self.company.collection_policy_id = False
        self.assertPlanned("skip no_policy")

    def test_change_of_policy_goes_on_where_it_stood(self):
        invoice = self._create_open_invoice(self.customer, days=100)
        self._reach(invoice, 15)
        self.customer.collection_policy_id = self.policy.copy()
        self.assertPlanned("contact 30 email")

    def test_addresses(self):
        """(e-mail, street, failed e-mail, the decision) at an e-mail's step."""
        for email, street, failed, expected in (
            ("a@example.com", "1 Mill Lane", False, "contact 3 email"),
            ("a@example.com", False, False, "contact 3 email"),
            (False, "1 Mill Lane", False, "contact 3 letter"),
            ("nonsense", "1 Mill Lane", False, "contact 3 letter"),
            (False, False, False, "skip no_address"),
            ("a@example.com", "1 Mill Lane", "a@example.com", "contact 3 letter"),
            ("b@example.com", "1 Mill Lane", "a@example.com", "contact 3 email"),
        ):
            with self.subTest(email=email, street=street, failed=failed):
                customer = self._create_customer(
                    "Customer",
                    email=email,
                    street=street,
                    city=False,
                    collection_failed_email=failed,
                )
                self._create_open_invoice(customer)
                line = self._get_line(self._plan(), customer)
                self.assertDecision(line, expected)

    def test_failed_contact_does_not_count(self):
        invoice = self._create_open_invoice(self.customer, days=20)
        contact = self._reach(invoice, 3, days_ago=1)
        self.assertPlanned("skip gap +6")
        contact.sudo()._mark_failed("No such mailbox")
        self.assertPlanned("contact 3 email")

    def test_calls_logged_by_a_person_count(self):
        self._create_open_invoice(self.customer)
        self._log_contact(self.customer, 2, direction="in")
        self.assertPlanned("skip gap +5")

    def test_handed_over(self):
        self._create_open_invoice(self.customer)
        case = self._get_line(self._plan()).case_id
        case.state = "handed_over"
        self.assertPlanned("skip blocked")

    def test_branches_count_with_their_company(self):
        branch = self.env["res.company"].create(
            {"name": "Branch", "parent_id": self.company.id}
        )
        self.cr.precommit.run()
        self._create_open_invoice(self.customer, 10)
        self._create_open_invoice(self.customer, 20, company_id=branch.id)
        line = self._get_line(self._plan())
        self.assertEqual(line.amount_overdue, 30)

    def test_companies_do_not_mix(self):
        other = self.setup_other_company()["company"]
        self._create_open_invoice(self.customer, 10)
        line = self._get_line(self._plan())
        self.assertEqual(line.amount_overdue, 10)
        self.assertFalse(self._get_line(self._plan(company_id=other.id)))

    def test_constant_number_of_statements(self):
        counts = []
        for customers in (1, 2, 20):
            for number in range(customers):
                customer = self._create_customer(f"Customer {customers} {number}")
                self._create_open_invoice(customer)
            run = self._plan()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            run.action_plan()
            self.env.flush_all()
            counts.append(self.cr.sql_log_count - before)
        # The first time, access rules are read that stay cached.
        self.assertEqual(counts[1], counts[2])
        self.env.invalidate_all()
        with self.assertQueryCount(counts[1]):
            run.action_plan()
            self.env.flush_all()

    # === HELPERS === #

    def _create_opening_balance(self, amount):
        return self._create_entry(amount, self.company_data["default_journal_misc"])

    def _create_entry(self, amount, journal):
        """Post what the customer owes without an invoice, or a credit."""
        move = self.env["account.move"].create(
            {
                "move_type": "entry",
                "date": TODAY - timedelta(days=10),
                "journal_id": journal.id,
                "line_ids": [
                    Command.create(
                        {
                            "account_id": self.receivable_account.id,
                            "partner_id": self.customer.id,
                            "date_maturity": TODAY - timedelta(days=10),
                            "balance": amount,
                        }
                    ),
                    Command.create(
                        {
                            "account_id": self.company_data[
                                "default_account_revenue"
                            ].id,
                            "balance": -amount,
                        }
                    ),
                ],
            }
        )
        move.action_post()
        return move

    def _create_invoice_in_two(self, partner):
        """Post an invoice of 100, half due 10 days ago, half 8 days ago."""
        term = self.env["account.payment.term"].create(
            {
                "name": "Half in 10 days, half in 12",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 50, "nb_days": days}
                    )
                    for days in (10, 12)
                ],
            }
        )
        return self._create_open_invoice(
            partner,
            100,
            invoice_date=TODAY - timedelta(days=20),
            invoice_date_due=False,
            invoice_payment_term_id=term.id,
        )

    def test_excluded_credit_covers_what_is_excluded_first(self):
        """An entry of 40 against another of 30, both left out: 10 are free."""
        self._create_open_invoice(self.customer, 20)
        self._create_opening_balance(30)
        self._create_opening_balance(-40)
        self.assertPlanned("contact 3 email")
        self._create_opening_balance(-10)
        self.assertPlanned("skip credits")

    def test_whole_customer_hold_survives_a_returned_payment(self):
        invoice = self._create_open_invoice(self.customer, 100)
        payment = self._pay(invoice, 60)
        self._hold(self._get_receivable_line(invoice), is_whole_customer=True)
        payment.action_draft()
        payment.action_cancel()
        line = self._get_line(self._plan())
        self.assertDecision(line, "skip held +10")
        self.assertEqual(line.amount_held, 100)
