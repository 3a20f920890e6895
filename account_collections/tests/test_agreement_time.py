"""Agreements when the ledger learns late what happened, or something is undone."""

from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time
from psycopg2.errors import SerializationFailure

from odoo import Command, fields
from odoo.exceptions import LockError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger
from odoo.tools.misc import format_date

from .common import TODAY
from .test_plan import PlanCommon

CALL = "Payment plan defaulted"


@tagged("post_install", "-at_install")
class TestAgreementTime(PlanCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.sudo().promise_max_broken = 0
        cls.invoice = cls._create_open_invoice(cls.customer, 300, days=20)

    # === REDUCTIONS === #

    def test_write_off_does_not_complete_a_plan_that_has_failed(self):
        plan = self._propose(self.invoice)
        self._default(plan)
        self._credit_on("2024-08-10", self.invoice, 300)
        self._evaluate_on("2024-08-11")
        self.assertEqual(plan.state, "defaulted")
        self.assertFalse([one for one in self._get_subjects(plan) if "Thank" in one])

    def test_the_rest_falls_due_at_once(self):
        """Also an invoice whose own due date is still to come."""
        new = self._create_open_invoice(self.customer, 300, days=-90)
        plan = self._propose(self.invoice | new)
        self._default(plan)
        with freeze_time("2024-08-04"):
            day = fields.Date.to_date("2024-08-04")
            line = self._get_line(self._plan(date=day))
            self.assertEqual(line.amount_collectible, 600)
            self.assertEqual(plan.case_id.amount_overdue, 600)
            self._pay(self.invoice, 200, payment_date=fields.Date.to_date("2024-07-10"))
            self.assertEqual(plan.state, "active")
            plan.case_id._refresh(self.company, self.customer)
            self.assertEqual(plan.case_id.amount_overdue, 100)

    def test_credit_note_within_the_cure_completes_a_plan(self):
        plan = self._propose(self.invoice)
        self._evaluate_on("2024-07-18")
        self._credit_on("2024-07-20", self.invoice, 300)
        self.assertEqual(plan.state, "completed")

    def test_credit_note_does_not_withdraw_a_broken_promise(self):
        """(day of the credit note, the promise of 19 June with 3 days of grace)"""
        for day, state in ((22, "cancelled"), (23, "broken")):
            with self.subTest(day=day):
                invoice = self._create_open_invoice(self.customer, 300)
                promise = self._promise(invoice)
                self._evaluate_on("2024-06-23")
                self._credit_on(f"2024-06-{day}", invoice, 300)
                self.assertEqual(promise.state, state)

    # === UNAPPLIED CREDITS === #

    def test_a_credit_excuses_one_agreement(self):
        first = self._promise(self.invoice, 100)
        second = self._promise(self._create_open_invoice(self.customer, 100))
        credit = self._receive_unapplied(self.customer, 100)
        self._evaluate_on("2024-06-30")
        self.assertEqual((first.state, second.state), ("open", "broken"))
        # The first is paid otherwise: the credit is free for the second.
        self._pay_on("2024-06-30", self.invoice, 100)
        self.assertEqual((first.state, second.state), ("kept", "open"))
        with freeze_time("2024-06-30"):
            credit.action_draft()
        self.assertEqual((first.state, second.state), ("kept", "broken"))

    def test_a_credit_serves_a_plan_before_new_invoices(self):
        """(a credit that nobody has applied, the state): 100 of the plan and a new
        invoice of 100 are late."""
        for amount, state in ((100, "at_risk"), (199, "at_risk"), (200, "active")):
            with self.subTest(amount=amount):
                customer = self._create_customer(f"Customer {amount}")
                plan = self._propose(self._create_open_invoice(customer, 300))
                self._receive_unapplied(
                    customer, amount, date=fields.Date.to_date("2024-07-10")
                )
                with freeze_time("2024-07-01"):
                    self._create_open_invoice(
                        customer,
                        100,
                        invoice_date=fields.Date.to_date("2024-07-01"),
                        invoice_date_due=fields.Date.to_date("2024-07-12"),
                    )
                self._evaluate_on("2024-07-18")
                self.assertTrue(plan.commitment_ids[0].is_unapplied)
                self.assertEqual(plan.state, state)

    def test_unapplied_money_after_the_cure_does_not_revive_a_plan(self):
        """(day of the payment, state while it is not applied, and once it is)"""
        for day, *states in (
            ("2024-07-28", "defaulted", "defaulted"),
            ("2024-07-27", "active", "active"),
        ):
            with self.subTest(day=day):
                customer = self._create_customer("Customer")
                invoice = self._create_open_invoice(customer, 300)
                plan = self._propose(invoice)
                self._default(plan)
                with freeze_time("2024-07-29"):
                    date = fields.Date.to_date(day)
                    credit = self._receive_unapplied(customer, 100, date=date)
                    before = plan.state
                    (
                        self._get_receivable_line(invoice)
                        | self._get_receivable_line(credit.move_id)
                    ).reconcile()
                self.assertEqual([before, plan.state], states)

    # === ENDED AGREEMENTS === #

    def test_bounced_payment_of_a_replaced_promise(self):
        first = self._promise(self.invoice)
        payment = self._pay(self.invoice, 100)
        second = self._promise(self.invoice, 200, days=20, is_replacing=True)
        self.assertEqual(first.commitment_ids.amount_received, 100)
        with freeze_time("2024-06-16"):
            payment.action_draft()
        self.assertEqual(first.commitment_ids.amount_received, 0)
        self.assertEqual(first.commitment_ids.state, "void")
        self._pay_on("2024-06-17", self.invoice, 200)
        self.assertEqual(second.state, "kept")
        self.assertEqual(first.commitment_ids.amount_received, 0)

    def test_payment_booked_late_saves_a_promise_that_was_broken(self):
        first = self._promise(self.invoice)
        with freeze_time("2024-07-01"):
            first._evaluate()
            self.assertEqual(first.state, "broken")
            second = self._promise(self.invoice, days=30)
            self._pay(self.invoice, 100, payment_date=fields.Date.to_date("2024-06-19"))
        self.assertEqual((first.state, second.state), ("partial", "open"))
        self.assertEqual(second.commitment_ids.amount_open, 200)
        with freeze_time("2024-07-02"):
            self._pay(self.invoice, 200, payment_date=fields.Date.to_date("2024-06-19"))
        self.assertEqual((first.state, second.state), ("kept", "cancelled"))

    def test_plan_that_failed_does_not_revive_beside_its_successor(self):
        plan = self._propose(self.invoice)
        self._default(plan)
        with freeze_time("2024-07-29"):
            promise = self._promise(self.invoice)
            self._pay(self.invoice, 100, payment_date=fields.Date.to_date("2024-07-25"))
            self.assertEqual((plan.state, promise.state), ("superseded", "open"))
            self.assertEqual(promise.commitment_ids.amount_open, 200)
            self._pay(self.invoice, 200, payment_date=fields.Date.to_date("2024-07-29"))
        subjects = self._get_subjects(plan)
        self._evaluate_on("2024-09-30")
        self.assertEqual((plan.state, promise.state), ("superseded", "kept"))
        self.assertEqual(self._get_subjects(plan), subjects, "Nobody is written to.")
        self.assertFalse(sum(plan.commitment_ids.mapped("amount_open")))

    def test_credits_serve_what_was_agreed_later(self):
        first = self._promise(self.invoice)
        with freeze_time("2024-07-01"):
            first._evaluate()
            second = self._promise(self.invoice)
            date = fields.Date.to_date("2024-06-19")
            self._receive_unapplied(self.customer, 300, date=date)
        self._evaluate_on("2024-07-20")
        self.assertEqual((first.state, second.state), ("broken", "open"))
        self.assertTrue(second.commitment_ids.is_unapplied)

    def test_plan_that_goes_on_after_all(self):
        plan = self._propose(self.invoice)
        self._default(plan)
        self.assertEqual(plan.case_id.activity_ids.mapped("summary"), [CALL])
        with freeze_time("2024-07-29"):
            self._pay(self.invoice, 100, payment_date=fields.Date.to_date("2024-07-27"))
            self._evaluate_on("2024-07-29")
        self.assertEqual(plan.state, "active")
        self.assertIn("goes on", "".join(self._get_subjects(plan)))
        self.assertFalse(plan.case_id.activity_ids)

    # === WRITE-OFFS IN PAYMENTS === #

    def test_what_a_payment_writes_off_is_no_money(self):
        promise = self._promise(self.invoice)
        self._pay(
            self.invoice,
            1,
            payment_difference_handling="reconcile",
            writeoff_account_id=self.company_data["default_account_expense"].id,
        )
        self.assertEqual(self.invoice.amount_residual, 0)
        self.assertEqual(promise.commitment_ids.amount_received, 1)
        self.assertEqual(promise.commitment_ids.amount_void, 299)

    # === CUSTOMERS THAT CHANGE === #

    def test_agreements_move_with_their_customer(self):
        """(what happens, for a promise, an ended and a live plan and a dispute)"""
        for change in ("merge", "parent"):
            with self.subTest(change=change):
                customer = self._create_customer("Small")
                target = self._create_customer("Large")
                invoices = [
                    self._create_open_invoice(customer, 100) for _number in range(4)
                ]
                agreements = [
                    self._promise(invoices[0]),
                    self._propose(invoices[1]),
                    self._propose(invoices[2]),
                    self._dispute(invoices[3]),
                ]
                agreements[1].action_cancel()
                if change == "merge":
                    self.env["base.partner.merge.automatic.wizard"].sudo().create(
                        {}
                    )._merge([customer.id, target.id], target)
                else:
                    customer.write({"parent_id": target.id, "is_company": False})
                for agreement in agreements:
                    self.assertEqual(agreement.partner_id, target)
                    self.assertEqual(agreement.case_id.partner_id, target)
                    self.assertLessEqual(agreement.commitment_ids.partner_id, target)

    # === NEW INVOICES === #

    def test_part_of_a_new_invoice_is_disputed(self):
        """The rest of it has to be paid on time."""
        plan = self._propose(self.invoice)
        new = self._create_open_invoice(
            self.customer, 50, days=-20, invoice_date=TODAY + timedelta(days=1)
        )
        self._dispute(new, 10)
        self._pay_on("2024-07-02", self.invoice, 200)
        self._evaluate_on("2024-07-08")
        self.assertEqual(plan.state, "at_risk")
        self._pay_on("2024-07-09", new, 40)
        self.assertEqual(plan.state, "active")

    def test_payment_of_a_new_invoice_booked_late(self):
        plan = self._propose(self.invoice)
        new = self._create_open_invoice(
            self.customer, 50, days=-20, invoice_date=TODAY + timedelta(days=1)
        )
        self._pay_on("2024-07-02", self.invoice, 200)
        self._evaluate_on("2024-07-08")
        self._evaluate_on("2024-07-18")
        self.assertEqual(plan.state, "defaulted")
        with freeze_time("2024-07-19"):
            self._pay(new, payment_date=fields.Date.to_date("2024-07-05"))
        self.assertEqual(plan.state, "active")

    def test_invoice_of_the_day_of_the_plan(self):
        """What was invoiced right after the plan was agreed is to be paid on time."""
        plan = self._propose(self.invoice)
        self._create_open_invoice(self.customer, 50, days=-20, invoice_date=TODAY)
        self._pay_on("2024-07-02", self.invoice, 200)
        self._evaluate_on("2024-07-08")
        self.assertEqual(plan.state, "at_risk")

    # === PROPOSALS THAT NOBODY ANSWERS === #

    def test_unanswered_proposal_is_in_nobodys_way(self):
        plan = self._propose(self.invoice, wait_for_acceptance=True)
        with freeze_time("2024-06-21"):
            with self.assertRaisesRegex(UserError, "is in force"):
                self._promise(self.invoice, 100)
        with freeze_time("2024-06-22"):
            promise = self._promise(self.invoice, 100)
            self.assertFalse(plan.hold_ids.filtered("active"))
            # The customer answers after all, with the promise still open.
            with (
                self.assertRaisesRegex(UserError, "is in force"),
                self.cr.savepoint(),
            ):
                plan.action_accept("Ada")
            promise.action_cancel()
            plan.action_accept("Ada")
        self.assertEqual(plan.state, "active")
        self.assertRecordValues(plan.hold_ids, [{"amount": 300, "active": True}])

    # === MESSAGES === #

    def test_demands_of_a_plan_count_for_the_gap(self):
        plan = self._propose(self.invoice)
        contacts = self.env["account.collection.contact"]
        own = [("partner_id", "=", self.customer.id)]
        self.assertFalse(contacts.search(own), "The agreement asks for nothing new.")
        self._create_open_invoice(self.customer, 40, days=30)
        # The plan's own rhythm is more frequent than the gap.
        plan.commitment_ids.reminder_ids.sudo().unlink()
        self._evaluate_on("2024-07-18")
        contact = contacts.search(own)
        self.assertRecordValues(
            contact,
            [
                {
                    "channel": "email",
                    "direction": "out",
                    "state": "queued",
                    "case_id": plan.case_id.id,
                    "address_id": self.customer.id,
                }
            ],
        )
        with freeze_time("2024-07-19"):
            day = fields.Date.to_date("2024-07-19")
            line = self._get_line(self._plan(date=day))
            self.assertEqual((line.reason, line.reason_date.day), ("gap", 25))
            self.env["mail.mail"].search(
                [("mail_message_id", "=", contact.mail_message_id.id)]
            )._postprocess_sent_message([], [], "No such user", "mail_email_invalid")
            self.assertEqual(contact.state, "failed")
            self.assertEqual(self.customer.collection_failed_email, self.customer.email)
            line = self._get_line(self._plan(date=day))
            self.assertDecision(line, "contact 3 letter")

    # === PAYMENTS DATED AHEAD === #

    def test_post_dated_payment_ends_no_plan_before_its_time(self):
        """(days of cure, the state on the day of booking, after the grace, later): the
        first payment is announced for a day after its cure."""
        for cure_days, *states in (
            (10, "active", "active", "active"),
            (0, "active", "defaulted", "defaulted"),
        ):
            with self.subTest(cure_days=cure_days):
                self.policy.sudo().plan_cure_days = cure_days
                invoice = self._create_open_invoice(self._create_customer("C"), 300)
                plan = self._propose(invoice)
                self._pay(invoice, 100, payment_date=fields.Date.to_date("2024-08-05"))
                payment = plan.commitment_ids[0]
                self.assertEqual(payment.state, "kept_late")
                for day, state in zip(
                    ("2024-06-14", "2024-07-18", "2024-08-06"), states, strict=True
                ):
                    self._evaluate_on(day)
                    self.assertEqual(plan.state, state, day)

    def test_post_dated_payment_makes_good_what_is_late(self):
        """Who has been told of arrears is not told again once money is announced."""
        plan = self._propose(self.invoice)
        self._evaluate_on("2024-07-18")
        self.assertEqual(plan.state, "at_risk")
        with freeze_time("2024-07-20"):
            payment = self._pay(
                self.invoice, 100, payment_date=fields.Date.to_date("2024-08-05")
            )
        self.assertEqual(plan.state, "active")
        self._evaluate_on("2024-08-04")
        self.assertEqual(plan.state, "active")
        with freeze_time("2024-08-05"):
            payment.action_draft()
        self.assertEqual(plan.state, "at_risk")

    # === PAYMENTS THAT BOUNCE === #

    def test_the_customer_is_told_before_a_bounced_payment_ends_the_plan(self):
        plan = self._propose(self.invoice)
        payment = self._pay_on("2024-07-14", self.invoice, 100)
        self._evaluate_on("2024-07-18")
        with freeze_time("2024-08-10"):
            payment.action_draft()
        self.assertEqual(plan.state, "at_risk")
        self._evaluate_on("2024-08-10")
        self.assertEqual(plan.date_cure.isoformat(), "2024-08-19")
        self.assertTrue(
            any("please pay by 08/19/2024" in one for one in self._get_subjects(plan))
        )
        self._evaluate_on("2024-08-19")
        self.assertEqual(plan.state, "at_risk")
        self._evaluate_on("2024-08-20")
        self.assertEqual(plan.state, "defaulted")

    def test_the_customer_is_told_of_each_missed_payment(self):
        plan = self._propose(self.invoice, confirm=False)
        # Due on 14, 21 and 28 July.
        for days, row in zip((30, 37, 44), plan.installment_ids, strict=True):
            row.date_due = TODAY + timedelta(days=days)
        plan.action_confirm()
        self._evaluate_on("2024-07-18")
        self._pay_on("2024-07-27", self.invoice, 100)
        self.assertEqual(plan.state, "at_risk")
        self._evaluate_on("2024-07-27")
        notices = [one for one in self._get_subjects(plan) if "please pay by" in one]
        self.assertEqual(len(notices), 2)
        self.assertIn(format_date(self.env, plan.date_cure), notices[0])

    # === THE SCHEDULER === #

    def test_evaluated_once_a_day_and_whenever_something_is_new(self):
        """The scheduler looks at all once a day; when it is triggered besides, at what
        is new alone."""
        model = self.env["account.collection.commitment"]
        plans = [
            self._propose(
                self._create_open_invoice(self._create_customer(f"Customer {n}"), 300)
            )
            for n in range(3)
        ]
        self.assertEqual(self._get_due(), plans)
        # It is killed after the first, and runs again.
        plans[0].sudo().date_evaluated = TODAY
        self.assertEqual(self._get_due(), plans[1:])
        model._cron_evaluate()
        self.assertFalse(self._get_due())
        invoice = plans[1].line_ids.move_id
        self._pay(invoice, 100)
        self.assertFalse(self._get_due(), "A payment in time is no news.")
        self._pay(invoice, 200)
        self.assertEqual(self._get_due(), [plans[1]])
        with freeze_time("2024-07-18"):
            self.assertEqual(self._get_due(), plans)
            model._cron_evaluate()
            self.assertEqual(
                [plan.state for plan in plans], ["at_risk", "completed", "at_risk"]
            )
            self.assertFalse(self._get_due(), "Who is at risk has been told.")
        with freeze_time("2024-07-19"):
            self.assertEqual(self._get_due(), [plans[0], plans[2]])

    def test_one_that_fails_does_not_keep_the_others(self):
        """(what happens to the first one, whether it is tried again today)"""
        plans = [
            self._propose(
                self._create_open_invoice(self._create_customer(f"Customer {n}"), 300)
            )
            for n in range(2)
        ]
        model = type(plans[0])
        evaluate = model._evaluate
        cron = self.env.ref("account_collections.ir_cron_evaluate")
        domain = [("cron_id", "=", cron.id)]
        triggers = self.env["ir.cron.trigger"].sudo()
        for day, error, is_again in (
            ("2024-06-15", ValueError("No."), False),
            ("2024-06-16", SerializationFailure("Not now."), True),
            ("2024-06-17", LockError("Not now."), True),
        ):

            def fail(records, as_of=None, error=error):
                if records == plans[0]:
                    raise error
                return evaluate(records, as_of)

            with (
                self.subTest(error=error),
                freeze_time(f"{day} 10:00:00"),
                patch.object(model, "_evaluate", fail),
                mute_logger(
                    "odoo.addons.account_collections.models."
                    "account_collection_commitment"
                ),
            ):
                triggers.search(domain).unlink()
                self.assertEqual(self._get_due(), plans)
                self.env["account.collection.commitment"]._cron_evaluate()
                self.assertEqual(self._get_due(), plans[:1] if is_again else [])
                self.assertEqual(
                    triggers.search(domain).mapped("call_at"),
                    [fields.Datetime.to_datetime(f"{day} 10:01:00")] * is_again,
                )

    # === HELPERS === #

    def _get_due(self):
        """The agreements that the scheduler would evaluate now."""
        due = self.env["account.collection.commitment"]._get_evaluated_resolutions()
        return [one for one in due if one.sudo().company_id == self.company]

    @classmethod
    def _dispute(cls, invoice, amount=None):
        lines = cls._get_receivable_line(invoice)
        dispute = cls.env["account.collection.dispute"].create(
            {
                "partner_id": invoice.commercial_partner_id.id,
                "company_id": cls.company.id,
                "currency_id": lines.currency_id.id,
                "line_ids": [Command.set(lines.ids)],
                "amount": amount or sum(lines.mapped("amount_residual_currency")),
                "reason_id": cls.env.ref("account_collections.dispute_reason_tax").id,
            }
        )
        dispute.action_confirm()
        return dispute

    @classmethod
    def _promise(cls, invoice, amount=None, days=5, **values):
        lines = cls._get_receivable_line(invoice)
        today = fields.Date.context_today(lines)
        promise = cls.env["account.collection.promise"].create(
            {
                "partner_id": invoice.commercial_partner_id.id,
                "company_id": cls.company.id,
                "currency_id": lines.currency_id.id,
                "line_ids": [Command.set(lines.ids)],
                "amount": amount or sum(lines.mapped("amount_residual_currency")),
                "date_due": today + timedelta(days=days),
                **values,
            }
        )
        promise.action_confirm()
        return promise

    def _credit_on(self, day, invoice, amount):
        """Credit an invoice by a credit note of some day."""
        with freeze_time(day):
            date = fields.Date.to_date(day)
            refund = self._create_open_invoice(
                invoice.partner_id,
                amount,
                days=0,
                move_type="out_refund",
                invoice_date=date,
                date=date,
            )
            self._get_receivable_line(invoice | refund).reconcile()
