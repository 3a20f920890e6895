from datetime import date, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..models.account_collection_fee_posting import AccountCollectionFee
from .chart_common import on_charts
from .common import TODAY
from .test_fee import FeeCommon


class FeePostingCommon(FeeCommon):
    """The flows, for any chart of accounts: 1,000.00 are ten days late."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.write({"fee_method": "percent", "fee_percent": 5})
        cls.invoice = cls._create_open_invoice(cls.customer, 1000, days=10)

    # === HELPERS === #

    def _get_balances(self):
        """The trial balance: what is posted on each account, in the company's currency,
        accounts without balance left out."""
        self.env.flush_all()
        return {
            account: balance
            for account, balance in self.env["account.move.line"]._read_group(
                [("parent_state", "=", "posted"), ("company_id", "=", self.company.id)],
                ["account_id"],
                ["balance:sum"],
            )
            if not self.company.currency_id.is_zero(balance)
        }

    def assertBooked(self, before, expected):
        """Compare what has changed on each account since some balances."""
        after = self._get_balances()
        changes = {
            account: round(after.get(account, 0) - before.get(account, 0), 2)
            for account in {*before, *after}
        }
        self.assertEqual(
            {account: change for account, change in changes.items() if change}, expected
        )

    def _get_income_account(self):
        product = self.company._get_collection_fee_product()
        return (
            self.company._get_collection_fee_account(product)
            or product._get_product_accounts()["income"]
        )


@on_charts
@tagged("post_install", "-at_install")
class TestFeeFlows(FeePostingCommon):
    """What each flow books, whatever the chart of accounts."""

    def test_charge_and_waive(self):
        before = self._get_balances()
        fee = self._charge()
        self.assertRecordValues(
            fee.move_id, [{"state": "posted", "amount_total": 50, "amount_tax": 0}]
        )
        self.assertBooked(
            before, {self.receivable_account: 50, self._get_income_account(): -50}
        )
        fee.action_waive("The customer pays reliably otherwise")
        self.assertBooked(before, {})
        self.assertEqual(fee.move_id.amount_residual, 0)
        self.assertEqual(fee.credit_move_id.amount_residual, 0)

    def test_cancelled_by_hand(self):
        before = self._get_balances()
        fee = self._charge()
        fee.move_id.button_draft()
        fee.move_id.button_cancel()
        self.assertBooked(before, {})
        self.assertEqual(fee.state, "cancelled")
        self.assertEqual(self._charge().amount, 50)

    def test_waive_what_was_paid(self):
        fee = self._charge()
        before = self._get_balances()
        self._pay(fee.move_id)
        paid = self._get_balances()
        fee.action_waive("By courtesy")
        self.assertBooked(
            paid, {self.receivable_account: -50, self._get_income_account(): 50}
        )
        self.assertEqual(fee.move_id.amount_residual, 0)
        # What was paid is the customer's to use for something else.
        ledger = self.env["account.collection.ledger"]
        unapplied = ledger._get_unapplied(
            self.company, self.company.currency_id, self.customer
        )
        self.assertEqual(sum(amount for _day, amount in unapplied), 50)
        self.assertNotEqual(before, paid)

    def test_credit_note_reversed_by_hand(self):
        """The fee is owed again, and can be waived, however it was given back."""
        before = self._get_balances()
        fee = self._charge()
        charged = self._get_balances()
        today = {"date": TODAY, "invoice_date": TODAY}
        for give_back, state in (
            (lambda: fee.action_waive("By courtesy"), "waived"),
            (
                lambda: fee.move_id._reverse_moves([dict(today)], cancel=True),
                "credited",
            ),
        ):
            give_back()
            self.assertEqual(fee.state, state)
            credit = fee.move_id.reversal_move_ids._filter_in_force()
            credit._reverse_moves([dict(today)], cancel=True)
            self.assertEqual((fee.state, fee.move_id.amount_residual), ("charged", 50))
            self.assertBooked(charged, {})
        fee.action_waive("By courtesy")
        self.assertEqual((fee.state, fee.credit_move_id.amount_total), ("waived", 50))
        self.assertBooked(before, {})

    def test_taxes_follow_the_product(self):
        tax = self.company.account_sale_tax_id
        self.company._get_collection_fee_product().taxes_id = tax
        fee = self._charge()
        self.assertEqual(fee.amount, 50)
        self.assertAlmostEqual(
            fee.move_id.amount_tax, tax.compute_all(50)["total_included"] - 50
        )
        before = self._get_balances()
        fee.action_waive("By courtesy")
        self.assertEqual(fee.move_id.amount_residual, 0)
        self.assertEqual(
            fee.credit_move_id.amount_total_signed, -fee.move_id.amount_total_signed
        )
        self.assertNotEqual(before, self._get_balances())

    def test_foreign_currency_with_a_rate_change(self):
        currency = self.setup_other_currency(
            "CHF", rates=[("2020-01-01", 2.0), (TODAY, 4.0)]
        )
        customer = self._create_customer(
            "Foreign", collection_has_fee=True, collection_fee_start=date(2020, 1, 1)
        )
        self._create_open_invoice(customer, 1000, days=10, currency_id=currency.id)
        before = self._get_balances()
        fee = self._charge(partner=customer)
        self.assertRecordValues(
            fee.move_id, [{"amount_total": 50, "currency_id": currency.id}]
        )
        self.assertBooked(
            before, {self.receivable_account: 12.5, self._get_income_account(): -12.5}
        )
        with freeze_time(TODAY + timedelta(days=5)):
            currency.rate_ids.create(
                {
                    "currency_id": currency.id,
                    "company_id": self.company.id,
                    "name": TODAY + timedelta(days=5),
                    "rate": 5.0,
                }
            )
            fee.action_waive("By courtesy")
        self.assertEqual(fee.move_id.amount_residual, 0)
        # Nothing is left of it, no exchange difference either.
        self.assertBooked(before, {})

    def test_income_account(self):
        """Interest is no revenue from sales, and carries none of their taxes."""
        self.assertEqual(
            self.company.collection_fee_account_id.code,
            {"de_skr03": "2650", "fr": "763100"}.get(
                self.company.chart_template, "450000"
            ),
        )
        fee = self._charge()
        line = fee.move_id.line_ids.filtered("product_id")
        self.assertEqual(line.account_id, self.company.collection_fee_account_id)
        self.assertFalse(line.tax_ids)
        # Unless the product says something else
        own = self.company_data["default_account_revenue"]
        line.product_id.property_account_income_id = own
        fee.move_id.button_draft()
        fee.move_id.button_cancel()
        line = self._charge().move_id.line_ids.filtered("product_id")
        self.assertEqual(line.account_id, own)

    def test_limits_are_converted(self):
        self.policy.write({"fee_method": "flat", "fee_amount": 15})
        currency = self.setup_other_currency("CHF", rates=[("2020-01-01", 2.0)])
        customer = self._create_customer(
            "Foreign", collection_has_fee=True, collection_fee_start=date(2020, 1, 1)
        )
        self._create_open_invoice(customer, 1000, days=10, currency_id=currency.id)
        self.assertEqual(self._charge(partner=customer).move_id.amount_total, 30)


@tagged("post_install", "-at_install")
class TestFeePosting(FeePostingCommon):
    """How fees are charged, by hand, at a step and by schedule, and waived."""

    # === THE INVOICE === #

    def test_invoice_shows_the_calculation(self):
        self._set_law("eu")
        self.customer.lang = "en_US"
        move = self._charge().move_id
        self.assertEqual(move.invoice_origin, self.invoice.name)
        self.assertIn("Directive 2011/7/EU", str(move.narration))
        section, interest, compensation = move.invoice_line_ids
        self.assertEqual(section.display_type, "line_section")
        self.assertIn(f"Invoice {self.invoice.name} of 05/05/2024", section.name)
        self.assertIn("1,000.00 due on 06/04/2024", section.name)
        self.assertIn(
            "1,000.00 at 12.50 % a year for 10 days, 06/05/2024 to 06/14/2024",
            interest.name,
        )
        self.assertEqual(interest.price_subtotal, 3.42)
        self.assertEqual(compensation.price_subtotal, 40)

    def test_settings(self):
        """The product and the journal of the company."""
        journal = self.company_data["default_journal_sale"].copy()
        product = self.env["product.product"].create(
            {"name": "Mahngebühr", "type": "service", "taxes_id": False}
        )
        self.company.write(
            {
                "collection_fee_product_id": product.id,
                "collection_fee_journal_id": journal.id,
            }
        )
        move = self._charge().move_id
        self.assertEqual(move.journal_id, journal)
        self.assertEqual(
            move.invoice_line_ids.filtered(
                lambda line: line.display_type == "product"
            ).product_id,
            product,
        )

    def test_one_invoice_for_each_currency(self):
        currency = self.setup_other_currency("CHF", rates=[("2020-01-01", 2.0)])
        self._create_open_invoice(self.customer, 500, currency_id=currency.id)
        self._create_open_invoice(self.customer, 200)
        fees = self._charge()
        self.assertEqual(sorted(fees.mapped("amount")), [25, 60])

    def test_branch_bills_its_own(self):
        self.company.write({"child_ids": [Command.create({"name": "Branch"})]})
        branch = self.company.child_ids
        self.env.user.company_ids |= branch
        self.cr.precommit.run()
        invoice = self._create_open_invoice(
            self.customer.with_company(branch), 400, company_id=branch.id
        )
        journal = self.company_data["default_journal_sale"].copy()
        self.company.collection_fee_journal_id = journal
        fees = self._charge()
        self.assertEqual(
            {fee.move_id.company_id: fee.amount for fee in fees},
            {self.company: 50, branch: 20},
        )
        self.assertEqual(fees.move_id.journal_id, journal)
        self.assertEqual(fees.company_id, self.company)
        self.assertEqual(invoice.collection_fee_amount, 20)

    def test_payment_status_in_another_branch(self):
        self.company.write(
            {"child_ids": [Command.create({"name": name}) for name in ("One", "Two")]}
        )
        own, other = self.company.child_ids
        self.env.user.company_ids |= other
        self.cr.precommit.run()
        self.env["res.lang"]._activate_lang("fr_FR")
        self._create_open_invoice(
            self.customer.with_company(other), 400, company_id=other.id
        )
        fees = self._charge()
        collector = new_test_user(
            self.env,
            login="own.branch",
            lang="fr_FR",
            groups="account_collections.group_collection_all",
            company_id=own.id,
            company_ids=[Command.set(own.ids)],
        )
        seen = self.env["account.collection.fee"].with_user(collector)
        seen = seen.search([("payment_state", "=", "not_paid"), ("id", "in", fees.ids)])
        self.assertIn(other, seen.sudo().move_id.company_id)
        self.assertEqual(set(seen.mapped("payment_state")), {"not_paid"})
        states = dict(seen._fields["payment_state"]._description_selection(seen.env))
        self.assertEqual(
            states,
            dict(
                seen.move_id._fields["payment_state"]._description_selection(seen.env)
            ),
        )

    def test_fee_is_an_open_item_that_is_dunned(self):
        fee = self._charge()
        fee.move_id.line_ids.flush_recordset()
        with freeze_time(TODAY + timedelta(days=60)):
            items = self.env["account.collection.open.item"]._get_open_items(
                self.company, TODAY + timedelta(days=60), self.customer.ids
            )
        mine = [item for item in items if item["move_id"] == fee.move_id.id]
        self.assertEqual(
            [(one["residual"], one["is_overdue"]) for one in mine], [(50, True)]
        )

    # === WHAT CANNOT BE POSTED === #

    def test_failure_leaves_everything(self):
        """(what keeps the fee from being posted, Odoo's own words)."""

        def lock(self):
            self.company.hard_lock_date = TODAY

        def archive_journal(self):
            self.invoice.journal_id.active = False

        def drop_account(self):
            account = self._get_income_account()
            account.active = False

        for prepare in (lock, archive_journal, drop_account):
            with self.subTest(prepare.__name__):
                before = self._get_balances()
                with self.env.cr.savepoint() as savepoint:
                    prepare(self)
                    with self.assertRaises(UserError), self.env.cr.savepoint():
                        self._charge()
                    self.assertBooked(before, {})
                    self.assertFalse(
                        self.env["account.collection.fee"].search(
                            [("partner_id", "=", self.customer.id)]
                        )
                    )
                    self.assertTrue(self._get_charges())
                    savepoint.close(rollback=True)
                self.env.invalidate_all()

    # === WAIVING === #

    def test_waiving_needs_a_reason_and_a_right(self):
        fee = self._charge()
        for reason in ("", "  ", None):
            with self.assertRaisesRegex(UserError, "Say why"):
                fee.action_waive(reason)
        collector = new_test_user(
            self.env,
            "collector",
            "account_collections.group_collection_all",
            company_id=self.company.id,
        )
        with self.assertRaises(AccessError):
            fee.with_user(collector).action_waive("By courtesy")
        with self.assertRaises(AccessError):
            fee.with_user(collector).write({"waive_reason": "By courtesy"})
        manager = new_test_user(
            self.env,
            "manager",
            "account_collections.group_collection_manager",
            company_id=self.company.id,
        )
        fee.with_user(manager).action_waive("By courtesy")
        self.assertRecordValues(
            fee,
            [
                {
                    "state": "waived",
                    "waive_reason": "By courtesy",
                    "waive_user_id": manager.id,
                    "date_waived": TODAY,
                }
            ],
        )
        with self.assertRaisesRegex(UserError, "credited or cancelled already"):
            fee.action_waive("Again")

    def test_waived_days_do_not_come_back(self):
        self._charge().action_waive("By courtesy")
        self.assertFalse(self._charge())
        self.assertEqual(self.invoice.collection_fee_amount, 0)

    def test_waiver_undone(self):
        fee = self._charge()
        fee.action_waive("By courtesy")
        fee.credit_move_id.button_draft()
        self.assertEqual(fee.state, "charged")

    # === AT A STEP === #

    def _run_step(self, **values):
        step = self.steps.filtered(lambda step: step.delay_days == 3)
        step.write({"apply_fee": True})
        run = self._plan()
        run.action_execute()
        return self._get_line(run)

    def test_step_charges(self):
        self._run_step()
        fee = self.invoice.collection_fee_line_ids.fee_id
        self.assertRecordValues(fee, [{"origin": "step", "amount": 50}])
        self.assertTrue(fee.step_id.apply_fee)
        self.assertTrue(fee.move_id.sending_data)

    def test_step_charges_what_has_come_to_it(self):
        """(how many days invoices are late, and which steps they had reached; the
        letter, and what each is charged): there are fees after 30 and 60 days."""
        self.policy.write({"fee_method": "flat", "fee_amount": 40})
        self.steps.filtered(lambda step: step.delay_days in (30, 60)).apply_fee = True
        for name, items, letter, expected in (
            ("One", [(31, 15), (1, None)], "30 email", [40, 0]),
            ("Two", [(31, 15), (29, 15)], "30 email", [40, 0]),
            ("Three", [(31, 15), (30, None)], "30 email", [40, 40]),
            # One is beyond the step, and only mentioned in the letter.
            ("Four", [(61, 45), (40, 30), (20, 3)], "60 letter", [40, 40, 0]),
        ):
            customer = self._create_customer(
                name, collection_has_fee=True, collection_fee_start=date(2020, 1, 1)
            )
            invoices = self.env["account.move"]
            for days, reached in items:
                invoice = self._create_open_invoice(customer, 1000, days=days)
                if reached:
                    self._reach(invoice, reached)
                invoices += invoice
            run = self._plan()
            run.action_execute()
            with self.subTest(items=items):
                line = self._get_line(run, customer)
                self.assertDecision(line, f"contact {letter}")
                self.assertEqual(invoices.mapped("collection_fee_amount"), expected)

    def test_step_of_an_agreed_payment_charges_what_was_agreed_on(self):
        """Here nothing, since it is held; nor what fell due the day before."""
        self.policy.step_ids.filtered(
            lambda step: step.applies_to == "commitment" and not step.delay_days
        ).apply_fee = True
        day = TODAY + timedelta(days=10)
        other = self._create_open_invoice(self.customer, 1000, days=-9)
        promise = self.env["account.collection.promise"].create(
            {
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "line_ids": [Command.set(self._get_receivable_line(self.invoice).ids)],
                "amount": 1000,
                "date_due": day,
            }
        )
        promise.action_confirm()
        with freeze_time(f"{day} 10:00:00"):
            run = self._plan(date=day)
            run.action_execute()
        line = self._get_line(run)
        self.assertDecision(line, "contact 0 email")
        self.assertEqual(line.commitment_id, promise.commitment_ids)
        self.assertEqual(line._get_fee_lines([]), promise.line_ids)
        self.assertFalse((self.invoice | other).collection_fee_line_ids)

    def test_step_without_flag_charges_nothing(self):
        self._plan().action_execute()
        self.assertFalse(self.invoice.collection_fee_line_ids)

    def test_fee_that_fails_does_not_stop_the_letter(self):
        before = self._get_balances()

        failure = patch.object(
            AccountCollectionFee,
            "_prepare_fee_invoice",
            side_effect=UserError("The period is closed."),
        )
        with failure:
            line = self._run_step()
        self.assertEqual(line.state, "done")
        self.assertBooked(before, {})
        activity = line.case_id.activity_ids
        self.assertEqual(activity.summary, "Charge the late fee")
        self.assertIn("The period is closed.", str(activity.note))
        # Said once, however often it fails.
        with failure:
            self.env["account.collection.fee"]._try_charge(
                self.company, self.customer, TODAY, origin="step"
            )
        self.assertEqual(len(line.case_id.activity_ids), 1)

    # === WHO SEES IT === #

    def test_own_fees_and_companies(self):
        """A collector of own cases sees the fees of own customers, and nobody those of
        other companies."""
        fee = self._charge()
        self.env["account.collection.case"]._refresh(self.company, self.customer)
        case = self.env["account.collection.case"].search(
            [("partner_id", "=", self.customer.id)]
        )
        other = self.env["res.company"].sudo().create({"name": "Other"})
        users = {
            name: new_test_user(
                self.env,
                name,
                f"account_collections.group_collection_{group}",
                company_id=company.id,
                company_ids=[Command.set(company.ids)],
            )
            for name, group, company in (
                ("mine", "own", self.company),
                ("theirs", "own", self.company),
                ("all", "all", self.company),
                ("elsewhere", "manager", other),
            )
        }
        case.sudo().user_id = users["mine"]
        for name, is_seen in (
            ("mine", True),
            ("theirs", False),
            ("all", True),
            ("elsewhere", False),
        ):
            with self.subTest(name):
                for record in fee, fee.line_ids:
                    found = record.with_user(users[name]).search(
                        [("id", "in", record.ids)]
                    )
                    self.assertEqual(bool(found), is_seen)

    def test_no_charge_on_the_case_of_a_colleague(self):
        """The preview is refused; and so is the charge, when the case has become a
        colleague's in between."""
        self.env["account.collection.case"]._refresh(self.company, self.customer)
        collector = new_test_user(
            self.env,
            "collector",
            "account_collections.group_collection_own",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        case = self.invoice.collection_case_id.sudo()
        action = self.invoice.with_user(collector).action_collection_charge_fee()
        wizards = (
            self.env[action["res_model"]]
            .with_user(collector)
            .with_context(**action["context"])
        )
        case.user_id = collector
        wizard = wizards.create({})
        case.user_id = self.env.user
        for refused in (lambda: wizards.create({}), wizard.action_charge):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                refused()
        self.assertFalse(self.invoice.collection_fee_line_ids)

    # === PAYMENTS BOOKED LATER === #

    def test_payment_booked_after_its_interest(self):
        """1,000.00 for ten days, of which five came after a payment of 600.00."""
        self.policy.write({"fee_method": "daily", "fee_rate": 10})
        fee = self._charge()
        self.assertEqual((fee.amount, fee.amount_excess), (2.74, 0))
        with self.assertRaisesRegex(UserError, "no more than was owed"):
            fee.action_credit_excess()
        self._pay(self.invoice, 600, payment_date=TODAY - timedelta(days=5))
        fee.invalidate_recordset()
        # 5 days at 1,000.00 and 5 at 400.00 are 1.37 and 0.55
        self.assertEqual(fee.amount_excess, 0.82)
        self.env["account.collection.fee"]._cron_charge()
        case = self.env["account.collection.case"].search(
            [("partner_id", "=", self.customer.id)]
        )
        activities = (case or self.policy).activity_ids
        self.assertIn("0.82", str(activities.mapped("note")))
        before = self._get_balances()
        fee.action_credit_excess()
        self.assertBooked(
            before,
            {self.receivable_account: -0.82, self._get_income_account(): 0.82},
        )
        fee.invalidate_recordset()
        self.assertEqual((fee.move_id.amount_residual, fee.amount_excess), (1.92, 0))
        self.assertFalse(self._charge())

    # === BY SCHEDULE === #

    def test_schedule_charges_the_months_that_ended(self):
        self.policy.write(
            {"fee_method": "daily", "fee_is_scheduled": True, "fee_day": 5}
        )
        fees = self.env["account.collection.fee"]
        for day, expected in (
            ("2024-06-30", 0),
            # Too early in the month
            ("2024-07-04", 0),
            # 26 days of June, 1,000.00 × 10 % × 26 / 365
            ("2024-07-05", 7.12),
            ("2024-07-06", 0),
            # 31 days of July
            ("2024-08-20", 8.49),
            ("2024-08-21", 0),
        ):
            with self.subTest(day=day), freeze_time(f"{day} 10:00:00"):
                known = fees.search([("partner_id", "=", self.customer.id)])
                fees._cron_charge()
                charged = fees.search([("partner_id", "=", self.customer.id)]) - known
                self.assertEqual(sum(charged.mapped("amount")), expected)
                self.assertEqual(set(charged.mapped("origin")) - {"schedule"}, set())

    def test_schedule_that_ran_out_of_time_goes_on(self):
        """Odoo calls it again, while one of two customers is left."""
        self.policy.write(
            {"fee_method": "daily", "fee_is_scheduled": True, "fee_day": 1}
        )
        customers = self.customer + self.customer.copy({"name": "Second"})
        customers.collection_has_fee = True
        customers.collection_fee_start = "2020-01-01"
        invoices = self.invoice + self._create_open_invoice(customers[1], 1000)
        cron = self.env.ref("account_collections.ir_cron_charge")
        rounds = self.env["ir.cron.progress"].create(
            [{"cron_id": cron.id, "remaining": number} for number in (1, 0)]
        )
        fees = self.env["account.collection.fee"].with_context(
            cron_id=cron.id, ir_cron_progress_id=rounds[1].id
        )
        with freeze_time("2024-07-05 10:00:00"):
            fees._cron_charge()
            charged = invoices.collection_fee_line_ids.late_move_id
            self.assertEqual(charged, invoices[1])
            self.env["account.collection.fee"]._cron_charge()
        invoices.invalidate_recordset()
        self.assertEqual(invoices.collection_fee_line_ids.late_move_id, invoices)

    def test_schedule_spares_who_is_handed_over(self):
        self.policy.write(
            {"fee_method": "daily", "fee_is_scheduled": True, "fee_day": 1}
        )
        cases = self.env["account.collection.case"]
        cases._refresh(self.company, self.customer)
        cases.search(
            [("partner_id", "=", self.customer.id)]
        ).sudo().state = "handed_over"
        with freeze_time("2024-07-05 10:00:00"):
            self.env["account.collection.fee"]._cron_charge()
        self.assertFalse(self.invoice.collection_fee_line_ids)

    @mute_logger("odoo.sql_db")
    def test_no_day_twice_in_the_database(self):
        self.policy.write({"fee_method": "daily"})
        fee = self._charge()
        line = fee.line_ids
        with self.assertRaisesRegex(Exception, "no_day_twice"), self.env.cr.savepoint():
            line.sudo().copy({"date_start": TODAY, "date_end": TODAY})
            self.env.flush_all()
