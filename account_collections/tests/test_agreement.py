from contextlib import nullcontext
from datetime import timedelta

from freezegun import freeze_time

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import Form, new_test_user, tagged

from .common import TODAY, CollectionCommon


@tagged("post_install", "-at_install")
class TestAgreement(CollectionCommon):
    """What a collector sees of all agreements, of whatever kind."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reason = cls.env.ref("account_collections.dispute_reason_price")

    # === HELPERS === #

    @classmethod
    def _prepare(cls, invoices, **values):
        lines = cls._get_receivable_line(invoices)
        return {
            "partner_id": invoices.commercial_partner_id.id,
            "company_id": cls.company.id,
            "currency_id": lines.currency_id.id,
            "line_ids": [Command.set(lines.ids)],
            "amount": sum(lines.mapped("amount_residual_currency")),
            **values,
        }

    @classmethod
    def _promise(cls, invoices, days=10, **values):
        promise = cls.env["account.collection.promise"].create(
            cls._prepare(invoices, date_due=TODAY + timedelta(days=days), **values)
        )
        promise.action_confirm()
        return promise

    @classmethod
    def _agree_plan(cls, invoices, days=(10, 40)):
        lines = cls._get_receivable_line(invoices)
        share = sum(lines.mapped("amount_residual_currency")) / len(days)
        plan = cls.env["account.collection.plan"].create(
            cls._prepare(
                invoices,
                installment_ids=[
                    Command.create(
                        {"date_due": TODAY + timedelta(days=later), "amount": share}
                    )
                    for later in days
                ],
            )
        )
        # Without its letter, which is another matter.
        plan._check_limits()
        plan._start()
        return plan

    @classmethod
    def _dispute(cls, invoices, amount, register=True):
        dispute = cls.env["account.collection.dispute"].create(
            cls._prepare(invoices, amount=amount, reason_id=cls.reason.id)
        )
        if register:
            dispute.action_confirm()
        return dispute

    def _get_agreements(self, *domain):
        return self.env["account.collection.agreement"].search(
            [("partner_id", "=", self.customer.id), *domain]
        )

    def _get_case(self):
        cases = self.env["account.collection.case"]
        cases._refresh(self.company, self.customer)
        return cases.search([("partner_id", "=", self.customer.id)])

    def _break(self, invoice, **values):
        """Take a promise and let its day pass."""
        promise = self._promise(invoice, days=1, **values)
        with freeze_time(TODAY + timedelta(days=10)):
            promise._evaluate()
        self.assertEqual(promise.state, "broken")
        return promise

    # === THE LIST OF ALL AGREEMENTS === #

    def test_list_of_every_kind(self):
        promised, planned, disputed = (
            self._create_open_invoice(self.customer, amount)
            for amount in (100, 200, 300)
        )
        promise = self._promise(promised)
        plan = self._agree_plan(planned)
        dispute = self._dispute(disputed, 50)
        days_to_answer = (dispute.date_deadline - TODAY).days
        self._pay(planned, 30)
        self.assertRecordValues(
            self._get_agreements(("is_live", "=", True)).sorted("amount"),
            [
                {
                    "name": document.name,
                    "res_model": document._name,
                    "res_id": document.id,
                    "amount": document.amount,
                    "amount_received": received,
                    "amount_open": expected,
                    "amount_held": held,
                    "date_next": TODAY + timedelta(days=days),
                    "state_label": label,
                }
                for document, received, expected, held, days, label in (
                    (dispute, 0.0, 0.0, 50.0, days_to_answer, "New"),
                    (promise, 0.0, 100.0, 100.0, 10, "Open"),
                    (plan, 30.0, 170.0, 170.0, 10, "Active"),
                )
            ],
        )

    def test_list_knows_what_has_ended(self):
        invoice = self._create_open_invoice(self.customer)
        promise = self._promise(invoice)
        draft = promise.copy({"date_due": TODAY, "amount": 10})
        written = self._dispute(invoice, 10, register=False)
        self.assertEqual(
            set(self._get_agreements(("is_live", "=", False)).mapped("name")),
            {draft.name, written.name},
            "What is only written down is not in force.",
        )
        promise.action_cancel()
        self.assertFalse(self._get_agreements(("is_live", "=", True)))

    def test_row_opens_the_document(self):
        promise = self._promise(self._create_open_invoice(self.customer))
        action = self._get_agreements().action_open()
        self.assertEqual(
            (action["res_model"], action["res_id"]), (promise._name, promise.id)
        )

    def test_every_kind_is_listed(self):
        kinds = self.env["account.collection.commitment"]._get_resolution_models()
        labels = dict(self.env["account.collection.agreement"]._get_kinds())
        self.assertEqual(list(labels), kinds)
        self.assertEqual(labels["account.collection.promise"], "Promise to Pay")

    def test_own_and_all(self):
        users = {
            group: new_test_user(
                self.env,
                login=f"collector_{group}",
                groups=f"account_collections.group_collection_{group}",
                company_id=self.company.id,
                company_ids=[Command.set(self.company.ids)],
            )
            for group in ("own", "all")
        }
        promise = self._promise(self._create_open_invoice(self.customer))
        promise.case_id.user_id = self.env.user
        for group, count in (("own", 0), ("all", 1)):
            with self.subTest(group=group):
                self.assertEqual(
                    len(self._get_agreements().with_user(users[group]).search([])),
                    count,
                )

    def test_other_companies(self):
        promise = self._promise(self._create_open_invoice(self.customer))
        other = self._create_company(name="Other")
        agreements = self.env["account.collection.agreement"]
        collector = new_test_user(
            self.env,
            login="elsewhere",
            groups="account_collections.group_collection_all",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        self.assertIn(promise.name, agreements.search([]).mapped("name"))
        self.assertFalse(agreements.with_user(collector).search([]))

    def test_list_does_not_query_by_row(self):
        for _number in range(5):
            self._promise(self._create_open_invoice(self.customer))
        names = ["name", "amount_open", "date_next", "state", "res_model"]
        agreements = self.env["account.collection.agreement"]
        # Once to learn what Odoo keeps in its caches; then the list and the company.
        for count in (None, 2):
            self.env.flush_all()
            self.env.invalidate_all()
            with self.assertQueryCount(count) if count else nullcontext():
                agreements.search_fetch(
                    [("company_id", "=", self.company.id)], names
                ).mapped("state_label")

    # === TAKING A PROMISE === #

    def test_take_from_the_case(self):
        self._create_open_invoice(self.customer, 100, days=30)
        self._create_open_invoice(self.customer, 50, days=5)
        self._create_open_invoice(self.customer, 700, days=-20)
        action = self._get_case().action_promise()
        form = Form(self.env[action["res_model"]].with_context(**action["context"]))
        self.assertEqual(form.amount, 150, "All that is overdue, in full.")
        self.assertEqual(form.date_due, TODAY + timedelta(days=7))
        self.assertIn("30 days ahead", form.limits)
        form.given_by = "Ms Lovelace"
        form.save().action_confirm()
        promise = self._get_case().agreement_ids
        self.assertRecordValues(promise, [{"amount": 150, "state": "open"}])

    def test_take_what_is_said_to_be_paid(self):
        invoice = self._create_open_invoice(self.customer)
        action = invoice.action_promise()
        form = Form(self.env[action["res_model"]].with_context(**action["context"]))
        form.is_paid_already = True
        self.assertEqual(form.date_due, TODAY + timedelta(days=5))
        form.reference = "TRF 1"
        form.save().action_confirm()
        promise = self._get_promise(invoice)
        with freeze_time(TODAY + timedelta(days=9)):
            self.env["account.collection.commitment"]._cron_evaluate()
        self.assertEqual(promise.state, "broken")
        self.assertTrue(promise.case_id.activity_ids, "Somebody checks it.")

    def _get_promise(self, invoice):
        return self.env["account.collection.promise"].search(
            [("line_ids", "in", invoice.line_ids.ids)], order="id desc", limit=1
        )

    def test_take_says_what_is_in_force(self):
        invoice = self._create_open_invoice(self.customer)
        former = self._promise(invoice)
        action = self._get_receivable_line(invoice).action_promise()
        form = Form(self.env[action["res_model"]].with_context(**action["context"]))
        self.assertEqual(form.agreed, former.name)
        self.assertEqual(form.amount, 0, "Nothing is left to promise.")
        form.is_replacing = True
        self.assertEqual(form.amount, 100)
        form.save().action_confirm()
        self.assertEqual(former.state, "cancelled")

    def test_take_warns_beyond_the_policy(self):
        invoice = self._create_open_invoice(self.customer)
        action = invoice.action_promise()
        form = Form(self.env[action["res_model"]].with_context(**action["context"]))
        self.assertFalse(form.limits_exceeded)
        form.date_due = TODAY + timedelta(days=31)
        self.assertIn("up to 30 days ahead", form.limits_exceeded)

    def test_take_refuses(self):
        invoice = self._create_open_invoice(self.customer)
        other = self._create_open_invoice(self._create_customer("Other"))
        paid = self._create_open_invoice(self.customer)
        self._pay(paid)
        for message, invoices in (
            ("Nothing is left to pay", paid),
            ("one customer", invoice | other),
        ):
            with (
                self.subTest(message=message),
                self.assertRaisesRegex(UserError, message),
            ):
                invoices.action_promise()

    # === THE HISTORY OF PROMISES === #

    def test_history(self):
        self.assertEqual(self.customer.promise_history, "")
        kept, late, broken, withdrawn, waiting = (
            self._create_open_invoice(self.customer, amount)
            for amount in (400, 100, 300, 50, 60)
        )
        self._promise(kept)
        self._pay(kept)
        self._promise(late, days=1)
        with freeze_time(TODAY + timedelta(days=9)):
            self._pay(late, payment_date=TODAY + timedelta(days=9))
        self._break(broken)
        self._promise(withdrawn).action_cancel()
        self._promise(waiting)
        given = self.env["account.collection.promise"].create(
            self._prepare(withdrawn, date_due=TODAY)
        )
        given.action_cancel()
        self.env.invalidate_all()
        case = self._get_case()
        for record in (self.customer, case):
            with self.subTest(record=record._name):
                self.assertEqual(
                    record.promise_history,
                    "1 open, 1 kept, 1 late, 1 broken, 1 withdrawn · 67% kept, "
                    "62% of the amount",
                )
                self.assertEqual(record.promise_count, 5, "Not what was never given.")

    def test_history_of_a_part(self):
        invoice = self._create_open_invoice(self.customer, 100)
        promise = self._promise(invoice, days=1)
        self._pay(invoice, 40)
        with freeze_time(TODAY + timedelta(days=9)):
            promise._evaluate()
        self.env.invalidate_all()
        self.assertEqual(
            self.customer.promise_history, "1 partly · 0% kept, 40% of the amount"
        )

    def test_history_converts_currencies(self):
        currency = self.setup_other_currency("EUR", rates=[("2024-01-01", 2.0)])
        foreign = self._create_open_invoice(self.customer, 200, currency_id=currency.id)
        kept = self._create_open_invoice(self.customer, 300)
        self._promise(kept)
        self._pay(kept)
        self._break(foreign)
        self.env.invalidate_all()
        self.assertEqual(self.customer.promise_amount_rate, 0.75)

    def test_history_of_many_takes_few_queries(self):
        customers = self.customer
        for number in range(4):
            customers |= self._create_customer(f"Customer {number}")
        for customer in customers:
            self._promise(self._create_open_invoice(customer))
        # The first time, access rules are read that stay cached.
        customers.mapped("promise_history")
        self.env.flush_all()
        self.env.invalidate_all()
        customers.mapped("commercial_partner_id")
        with self.assertQueryCount(6):
            customers.mapped("promise_history")

    # === THE CASE === #

    def test_case_shows_what_is_expected(self):
        self._agree_plan(self._create_open_invoice(self.customer, 100))
        self._break(self._create_open_invoice(self.customer))
        case = self._get_case()
        self.assertEqual(case.agreement_count, 1)
        self.assertEqual(
            case.commitment_ids.sorted("date_due").mapped("label"),
            ["installment 1 of 2", "installment 2 of 2"],
        )

    def test_broken_promise_raises_the_priority(self):
        invoice = self._create_open_invoice(self.customer)
        before = self._get_case().priority
        promise = self._promise(invoice, days=1)
        self.assertEqual(self._get_case().priority, 0)
        promise._evaluate(TODAY + timedelta(days=10))
        case = self._get_case()
        self.assertEqual(case.priority_contact, 10)
        self.assertGreater(case.priority, before)
        self.assertIn("broken word", case.priority_explanation)

    # === INVOICES AND CUSTOMERS === #

    def test_invoice_shows_what_is_agreed_and_collectible(self):
        invoice = self._create_open_invoice(self.customer, 1000)
        coming = self._create_open_invoice(self.customer, 500, days=-10)
        promise = self._promise(invoice, amount=300)
        dispute = self._dispute(invoice, 200)
        self.env.invalidate_all()
        self.assertEqual(
            invoice.collection_agreement, f"{promise.name}, {dispute.name}"
        )
        self.assertEqual(invoice.collection_amount, 500)
        self.assertEqual(coming.collection_amount, 0, "It is not due yet.")
        self.assertEqual(
            invoice.action_view_agreements()["domain"],
            [
                ("partner_id", "=", self.customer.id),
                ("name", "in", [promise.name, dispute.name]),
            ],
        )

    def test_invoice_list_does_not_query_by_invoice(self):
        counts = []
        for size in (1, 2, 10):
            invoices = self.env["account.move"]
            for _number in range(size):
                invoices |= self._create_open_invoice(self.customer)
            self._promise(invoices[:1])
            # What is read once stays cached.
            invoices.mapped("collection_amount")
            invoices.mapped("collection_agreement")
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            invoices.mapped("collection_amount")
            invoices.mapped("collection_agreement")
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[1], counts[2])

    def test_customer_shows_the_totals(self):
        self._promise(self._create_open_invoice(self.customer, 100), amount=40)
        self._get_case()
        self.assertRecordValues(
            self.customer.collection_open_case_ids,
            [{"amount_overdue": 100, "amount_held": 40, "amount_collectible": 60}],
        )

    # === THE RUN === #

    def test_run_explains_itself(self):
        promised, planned = (
            self._create_customer("Promising"),
            self._create_customer("Planning"),
        )
        self._promise(self._create_open_invoice(promised))
        plan = self._agree_plan(self._create_open_invoice(planned))
        step = self.policy.step_ids.filtered(
            lambda step: step.applies_to == "commitment"
        )[:1] or self.env["account.collection.policy.step"].create(
            {
                "policy_id": self.policy.id,
                "name": "Agreed payment",
                "applies_to": "commitment",
                "delay_days": 1,
                "channel": "email",
            }
        )
        line = self._get_line(self._plan(), promised)
        self.assertEqual(line.explanation, "Promise to pay until 06/27/2024")
        payment = plan.commitment_ids.sorted("date_due")[0]
        for days, ending in ((-1, "due soon"), (0, "due today"), (1, "missed")):
            with self.subTest(days=days):
                run = self.env["account.collection.run"].create(
                    {
                        "date": fields.Date.add(payment.date_due, days=days),
                        "company_id": self.company.id,
                    }
                )
                line = (
                    self.env["account.collection.run.line"]
                    .sudo()
                    .create(
                        {
                            "run_id": run.id,
                            "partner_id": planned.id,
                            "decision": "contact",
                            "channel": "email",
                            "step_id": step.id,
                            "commitment_id": payment.id,
                        }
                    )
                )
                self.assertEqual(
                    line.explanation, f"Reminder by e-mail: installment 1 of 2 {ending}"
                )
