from datetime import timedelta

from dateutil.relativedelta import relativedelta
from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from .common import TODAY, CollectionCommon


class PlanCommon(CollectionCommon):
    """Plans of 300 in three installments on the 14th of the next months, which are
    a Monday at the earliest: 15 July, 14 August, 16 September."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.write(
            {
                "plan_max_installments": 6,
                "plan_max_days": 180,
                "plan_grace_days": 3,
                "plan_cure_days": 10,
                "plan_keep_current": True,
            }
        )
        cls.manager = new_test_user(
            cls.env,
            login="plan manager",
            groups="account_collections.group_collection_manager",
        )
        cls.other_company = cls.setup_other_company()["company"]
        cls.env.user.group_ids -= cls.env.ref(
            "account_collections.group_collection_manager"
        ) + cls.env.ref("account.group_account_manager")
        cls.env.user.group_ids += cls.env.ref(
            "account_collections.group_collection_all"
        )

    # === HELPERS === #

    @classmethod
    def _propose(cls, invoices, amount=None, confirm=True, months=(1, 2, 3), **values):
        lines = cls._get_receivable_line(invoices)
        amount = amount or sum(lines.mapped("amount_residual_currency"))
        part = round(amount / len(months), 2)
        parts = [part] * (len(months) - 1) + [amount - part * (len(months) - 1)]
        plan = cls.env["account.collection.plan"].create(
            {
                "partner_id": invoices.commercial_partner_id.id,
                "company_id": cls.company.id,
                "currency_id": lines[:1].currency_id.id,
                "line_ids": [Command.set(lines.ids)],
                "amount": amount,
                "installment_ids": [
                    Command.create(
                        {
                            "date_due": TODAY + relativedelta(months=month),
                            "amount": part,
                        }
                    )
                    for month, part in zip(months, parts, strict=True)
                ],
                **values,
            }
        )
        if confirm:
            plan.action_confirm()
        return plan

    def _evaluate_on(self, day):
        """Let time pass until a day: evaluate as the scheduler does."""
        with freeze_time(day):
            self.env["account.collection.commitment"]._cron_evaluate()

    def _default(self, plan):
        """Let the first payment, in time until 17 July, pass, and the days of cure."""
        self._evaluate_on("2024-07-18")
        self._evaluate_on("2024-07-27")
        self.assertEqual(plan.state, "at_risk")
        self._evaluate_on("2024-07-28")
        self.assertEqual(plan.state, "defaulted")

    def _pay_on(self, day, invoice, amount):
        with freeze_time(day):
            return self._pay(invoice, amount, payment_date=fields.Date.to_date(day))

    def _get_subjects(self, plan):
        return [subject for subject in plan.message_ids.mapped("subject") if subject]


@tagged("post_install", "-at_install")
class TestPlan(PlanCommon):
    # === LIFE === #

    def test_whole_life(self):
        invoice = self._create_open_invoice(self.customer, 300, days=20)
        plan = self._propose(invoice)
        self.assertEqual(plan.state, "active")
        self.assertEqual(plan.activated_by_id, self.env.user)
        self.assertRecordValues(
            plan.hold_ids, [{"amount": 300, "date_end": False, "active": True}]
        )
        self.assertEqual(plan.installment_ids.mapped("number"), [1, 2, 3])
        self.assertEqual(
            plan.commitment_ids[0].display_name.replace("\xa0", " "),
            "$ 100.00 by 07/14/2024",
        )
        self._pay_on("2024-07-12", invoice, 100)
        self._evaluate_on("2024-07-18")
        self.assertEqual(plan.state, "active")
        self.assertEqual(plan.hold_ids.amount, 200)
        self.assertEqual(
            plan.installment_ids.mapped("state"), ["kept"] + 2 * ["pending"]
        )
        # The second is late: its last day is 17 August.
        self._evaluate_on("2024-08-17")
        self.assertEqual(plan.state, "active")
        self._evaluate_on("2024-08-18")
        self.assertEqual(plan.state, "at_risk")
        self.assertEqual(plan.date_at_risk.isoformat(), "2024-08-18")
        self.assertEqual(plan.date_cure.isoformat(), "2024-08-27")
        self.assertEqual(plan.amount_arrears, 100)
        self.assertTrue(
            plan.hold_ids.active, "Nothing is chased while it can be cured."
        )
        self.assertIn("please pay by 08/27/2024", "".join(self._get_subjects(plan)))
        self._pay_on("2024-08-27", invoice, 100)
        self.assertEqual(plan.state, "active")
        self.assertFalse(plan.date_at_risk)
        self._evaluate_on("2024-08-28")
        self.assertEqual(plan.state, "active")
        self._pay_on("2024-09-01", invoice, 100)
        self.assertEqual(plan.state, "completed")
        self.assertFalse(plan.hold_ids.filtered("active"))
        self._evaluate_on("2024-09-02")
        self._evaluate_on("2024-09-03")
        thanks = [one for one in self._get_subjects(plan) if "Thank you" in one]
        self.assertEqual(len(thanks), 1)

    def test_default(self):
        invoice = self._create_open_invoice(self.customer, 300, days=20)
        self._reach(invoice, 3)
        plan = self._propose(invoice)
        self._default(plan)
        self.assertFalse(plan.hold_ids.filtered("active"))
        self.assertEqual(
            plan.commitment_ids.mapped("state"), ["broken", "void", "void"]
        )
        self.assertTrue(any("has ended" in one for one in self._get_subjects(plan)))
        self.assertEqual(
            plan.case_id.activity_ids.mapped("summary"), ["Payment plan defaulted"]
        )
        with freeze_time("2024-07-28"):
            line = self._get_line(self._plan(date=fields.Date.to_date("2024-07-28")))
            self.assertEqual(line.reason, "gap", "The customer has just been told.")
        with freeze_time("2024-08-04"):
            run = self._plan(date=fields.Date.to_date("2024-08-04"))
            self.assertDecision(self._get_line(run), "contact 15 email")
        # Late money pays the debt, but does not revive the plan.
        self._pay_on("2024-07-29", invoice, 300)
        self.assertEqual(plan.state, "defaulted")

    def test_late_booking_of_a_payment_in_time(self):
        invoice = self._create_open_invoice(self.customer, 300)
        plan = self._propose(invoice)
        self._default(plan)
        with freeze_time("2024-07-29"):
            self._pay(invoice, 100, payment_date=fields.Date.to_date("2024-07-15"))
        self.assertEqual(plan.state, "active")
        self.assertEqual(plan.hold_ids.amount, 200)

    def test_evaluated_twice_changes_nothing(self):
        invoice = self._create_open_invoice(self.customer, 300)
        plan = self._propose(invoice)
        for day in ("2024-06-20", "2024-07-20", "2024-07-28"):
            self._evaluate_on(day)
            before = plan.read() + plan.commitment_ids.read() + plan.hold_ids.read()
            self._evaluate_on(day)
            after = plan.read() + plan.commitment_ids.read() + plan.hold_ids.read()
            self.assertEqual(before, after)

    def test_keep_current(self):
        invoice = self._create_open_invoice(self.customer, 300)
        plan = self._propose(invoice)
        new = self._create_open_invoice(
            self.customer,
            50,
            days=-20,
            invoice_date=TODAY + timedelta(days=1),
        )
        # Due on 4 July, in time until the 7th, made good until the 17th.
        self._evaluate_on("2024-07-07")
        self.assertEqual(plan.state, "active")
        self._evaluate_on("2024-07-08")
        self.assertEqual(plan.state, "at_risk")
        with freeze_time("2024-07-08"):
            plan.invalidate_recordset(["overdue_line_ids"])
            self.assertEqual(plan.overdue_line_ids.move_id, new)
        self._pay_on("2024-07-09", new, 50)
        self.assertEqual(plan.state, "active")

    def test_keep_current_defaults(self):
        for keep_current, state in ((True, "defaulted"), (False, "completed")):
            self.policy.sudo().plan_keep_current = keep_current
            customer = self._create_customer("Customer")
            invoice = self._create_open_invoice(customer, 300)
            plan = self._propose(invoice)
            self._create_open_invoice(
                customer, 50, days=-20, invoice_date=TODAY + timedelta(days=1)
            )
            self._pay_on("2024-07-10", invoice, 100)
            self._evaluate_on("2024-07-08")
            self._evaluate_on("2024-07-18")
            self._pay_on("2024-07-20", invoice, 200)
            self.assertEqual(plan.state, state)

    def test_invoices_after_completion_do_not_count(self):
        invoice = self._create_open_invoice(self.customer, 300)
        plan = self._propose(invoice)
        self._create_open_invoice(
            self.customer, 50, days=-20, invoice_date=TODAY + timedelta(days=1)
        )
        self._pay(invoice)
        self._evaluate_on("2024-12-01")
        self.assertEqual(plan.state, "completed")

    # === THE LEDGER RULE === #

    def test_payments_of_all_kinds(self):
        """(invoices, payments as invoice and amount, credit notes, amounts received,
        open), of 300 in three installments over two invoices of 150."""
        for payments, credit, received, left in (
            ([(0, 50)], 0, [50, 0, 0], [50, 100, 100]),
            ([(0, 150)], 0, [100, 50, 0], [0, 50, 100]),
            ([(1, 150)], 0, [100, 50, 0], [0, 50, 100]),
            ([(1, 150), (0, 100)], 0, [100, 100, 50], [0, 0, 50]),
            ([(0, 150), (1, 150)], 0, [100, 100, 100], [0, 0, 0]),
            ([], 120, [0, 0, 0], [100, 80, 0]),
            ([(0, 30)], 150, [30, 0, 0], [70, 50, 0]),
        ):
            with self.subTest(payments=payments, credit=credit):
                customer = self._create_customer("Customer")
                invoices = [
                    self._create_open_invoice(customer, 150, days=20 - number)
                    for number in range(2)
                ]
                plan = self._propose(invoices[0] | invoices[1])
                for index, amount in payments:
                    self._pay(invoices[index], amount)
                if credit:
                    refund = self._create_open_invoice(
                        customer, credit, days=0, move_type="out_refund"
                    )
                    self._get_receivable_line(invoices[1] | refund).reconcile()
                self.assertEqual(
                    plan.commitment_ids.mapped("amount_received"), received
                )
                self.assertEqual(plan.commitment_ids.mapped("amount_open"), left)

    def test_undone_after_completion(self):
        invoice = self._create_open_invoice(self.customer, 300)
        plan = self._propose(invoice)
        payment = self._pay(invoice)
        self.assertEqual(plan.state, "completed")
        payment.action_draft()
        self.assertEqual(plan.state, "active")
        payment.action_post()
        self.assertEqual(plan.state, "completed")
        self._get_receivable_line(invoice).remove_move_reconcile()
        self.assertEqual(plan.state, "active")
        self.assertRecordValues(plan.hold_ids, [{"amount": 300, "active": True}])

    def test_unapplied_money_is_no_arrears(self):
        invoice = self._create_open_invoice(self.customer, 300)
        plan = self._propose(invoice)
        self._receive_unapplied(self.customer, 100)
        self._evaluate_on("2024-07-25")
        self.assertEqual(plan.state, "active")
        self.assertEqual(
            plan.case_id.activity_ids.mapped("summary"), ["Apply the payment"]
        )

    def test_part_of_the_debt(self):
        invoice = self._create_open_invoice(self.customer, 500)
        plan = self._propose(invoice, 300)
        self.assertEqual(plan.hold_ids.amount, 300)
        line = self._get_line(self._plan())
        self.assertRecordValues(line, [{"amount_collectible": 200}])

    def test_foreign_currency_and_changing_rates(self):
        currency = self.setup_other_currency("EUR", rates=[("2024-01-01", 2.0)])
        invoice = self._create_open_invoice(self.customer, 300, currency_id=currency.id)
        plan = self._propose(invoice)
        currency.rate_ids.rate = 4
        self._pay(invoice, 100, currency_id=currency.id)
        self.assertEqual(plan.commitment_ids.mapped("amount_open"), [0, 100, 100])
        self._pay(invoice, 200, currency_id=currency.id)
        self.assertEqual(plan.state, "completed")

    # === PROPOSALS === #

    def test_beyond_the_policy(self):
        invoice = self._create_open_invoice(self.customer, 300)
        plan = self._propose(invoice, months=(1, 2, 7))
        self.assertEqual(plan.state, "proposed")
        self.assertIn("180 days", plan.limits_exceeded)
        self.assertFalse(plan.commitment_ids)
        with self.assertRaisesRegex(UserError, "Ask a manager"):
            plan.action_activate()
        plan.with_user(self.manager).action_activate()
        self.assertEqual(plan.state, "active")
        self.assertEqual(plan.activated_by_id, self.manager)
        self.assertEqual(len(plan.commitment_ids), 3)
        self.assertFalse(plan.hold_ids.date_end)

    def test_limits(self):
        """(the policy's limit, what is proposed, part of the message)."""
        for limit, months, message in (
            ({"plan_max_installments": 2}, (1, 2, 3), "allows 2 payments"),
            ({"plan_max_days": 60}, (1, 2, 3), "up to 60 days"),
            ({"plan_min_deposit_percent": 20}, (1, 2, 3), "deposit of at least"),
            ({"plan_min_installment": 101}, (1, 2, 3), "installments of at least"),
        ):
            with self.subTest(limit=limit):
                before = {name: self.policy[name] for name in limit}
                self.policy.sudo().write(limit)
                invoice = self._create_open_invoice(
                    self._create_customer("Customer"), 300
                )
                plan = self._propose(invoice, months=months)
                self.assertEqual(plan.state, "proposed")
                self.assertIn(message, plan.limits_exceeded)
                self.policy.sudo().write(before)

    def test_unanswered_proposal_does_not_stop_the_dunning(self):
        invoice = self._create_open_invoice(self.customer, 300)
        self._propose(invoice, wait_for_acceptance=True)
        self.assertDecision(self._get_line(self._plan()), "skip held +7")
        with freeze_time(TODAY + timedelta(days=8)):
            run = self._plan(date=TODAY + timedelta(days=8))
            self.assertDecision(self._get_line(run), "contact 3 email")

    def test_paid_while_proposed(self):
        invoice = self._create_open_invoice(self.customer, 300)
        plan = self._propose(invoice, wait_for_acceptance=True)
        self._pay(invoice, 100)
        self.assertEqual(plan.hold_ids.amount, 200)
        plan.action_accept("Ada Miller")
        self.assertEqual(plan.commitment_ids.mapped("amount_open"), [0, 100, 100])

    def test_activated_too_late(self):
        invoice = self._create_open_invoice(self.customer, 300)
        plan = self._propose(invoice, wait_for_acceptance=True)
        with (
            freeze_time("2024-08-01"),
            self.assertRaisesRegex(UserError, "late before"),
        ):
            plan.action_accept("Ada Miller")

    # === VERSIONS === #

    def test_new_version(self):
        invoice = self._create_open_invoice(self.customer, 300)
        plan = self._propose(invoice)
        self._pay_on("2024-07-12", invoice, 120)
        self._evaluate_on("2024-08-20")
        self.assertEqual(plan.state, "at_risk")
        with freeze_time("2024-08-20"):
            action = plan.action_new_version()
            new = self.env["account.collection.plan"].browse(action["res_id"])
            self.assertEqual(plan.state, "at_risk", "It is in force meanwhile.")
            self.assertRecordValues(
                new,
                [
                    {
                        "previous_id": plan.id,
                        "version": 2,
                        "amount": 180,
                        "state": "draft",
                    }
                ],
            )
            self.assertEqual(
                [(str(row.date_due), row.amount) for row in new.installment_ids],
                [("2024-08-20", 80), ("2024-09-14", 100)],
            )
            new.action_confirm()
            self.assertEqual((plan.state, new.state), ("superseded", "active"))
            self.assertEqual(plan.following_ids, new)
            self._pay(invoice, payment_date=fields.Date.to_date("2024-08-20"))
        self.assertEqual((plan.state, new.state), ("superseded", "completed"))

    def test_former_version_stays_until_the_new_is_approved(self):
        invoice = self._create_open_invoice(self.customer, 300)
        plan = self._propose(invoice)
        new = self._propose(invoice, months=(1, 7), is_replacing=True)
        self.assertEqual((plan.state, new.state), ("active", "proposed"))
        self.assertFalse(new.hold_ids)
        new.with_user(self.manager).action_activate()
        self.assertEqual((plan.state, new.state), ("superseded", "active"))
        self.assertEqual(new.hold_ids.amount, 300)

    # === STATES AND THEIR NEIGHBOURS === #

    def test_forbidden_transitions(self):
        """Which actions are possible in which state."""
        possible = {
            "draft": {"action_confirm", "action_cancel"},
            "proposed": {"action_activate", "action_cancel", "action_new_version"},
            "active": {"action_cancel", "action_new_version"},
            "at_risk": {"action_cancel", "action_new_version"},
            "completed": set(),
            "defaulted": set(),
            "cancelled": set(),
            "superseded": set(),
        }
        plan = self._propose(
            self._create_open_invoice(self.customer, 300), confirm=False
        )
        for state, actions in possible.items():
            plan.sudo().state = state
            for action in set.union(*possible.values()) - actions:
                with (
                    self.subTest(state=state, action=action),
                    self.assertRaisesRegex(UserError, "already"),
                ):
                    getattr(plan, action)()

    def test_cancelled(self):
        invoice = self._create_open_invoice(self.customer, 300)
        plan = self._propose(invoice)
        plan.action_cancel()
        self.assertEqual(plan.state, "cancelled")
        self.assertEqual(set(plan.commitment_ids.mapped("state")), {"void"})
        self.assertDecision(self._get_line(self._plan()), "contact 3 email")
        self._pay(invoice)
        self.assertEqual(plan.state, "cancelled")

    # === BAD INPUT === #

    def test_bad_input(self):
        invoice = self._create_open_invoice(self.customer, 300)
        other = self._create_open_invoice(self._create_customer("Other"))
        euro = self.setup_other_currency("EUR")
        row = {"date_due": TODAY, "amount": 300}
        for message, values in (
            ("greater than zero", {"amount": -1}),
            ("more than", {"amount": 300.03}),
            ("not owed by", {"partner_id": other.partner_id.id}),
            ("is in", {"currency_id": euro.id}),
            ("Choose the open items", {"line_ids": False}),
            ("at least one installment", {"installment_ids": False}),
            (
                "which is past",
                {
                    "installment_ids": [
                        Command.create({**row, "date_due": "2024-06-13"})
                    ]
                },
            ),
            (
                "come to",
                {"installment_ids": [Command.create({**row, "amount": 299.99})]},
            ),
            (
                "installment of 06/14/2024 must be greater than zero",
                {"installment_ids": [Command.create({**row, "amount": 0})]},
            ),
        ):
            with (
                self.subTest(message=message),
                self.assertRaisesRegex((UserError, ValidationError), message),
            ):
                self._propose(invoice, **values)

    def test_covered_already(self):
        invoice = self._create_open_invoice(self.customer, 300)
        plan = self._propose(invoice)
        with self.assertRaisesRegex(UserError, plan.name):
            self._propose(invoice)

    def test_covered_invoice_is_not_reset(self):
        invoice = self._create_open_invoice(self.customer, 300)
        plan = self._propose(invoice)
        for action in ("button_draft", "button_cancel"):
            with (
                self.subTest(action=action),
                self.assertRaisesRegex(UserError, plan.name),
            ):
                getattr(invoice, action)()

    def test_nothing_is_moved_into_what_was_proposed(self):
        proposed, draft = (
            self._propose(self._create_open_invoice(self.customer, 300), confirm=one)
            for one in (True, False)
        )
        with self.assertRaisesRegex(UserError, "do not change any more"):
            draft.installment_ids[0].plan_id = proposed

    def test_terms_do_not_change(self):
        invoice = self._create_open_invoice(self.customer, 300)
        plan = self._propose(invoice)
        row = plan.installment_ids[0]
        for record, values in (
            (plan, {"amount": 200}),
            (plan.sudo(), {"grace_days": 30}),
            (plan, {"line_ids": False}),
            (plan, {"installment_ids": [Command.delete(row.id)]}),
            (row, {"amount": 50}),
            (row, {"date_due": TODAY}),
        ):
            with (
                self.subTest(values=values),
                self.assertRaisesRegex(UserError, "do not change any more"),
            ):
                record.write(values)
        with self.assertRaisesRegex(UserError, "do not change any more"):
            row.unlink()
        with self.assertRaisesRegex(UserError, "do not change any more"):
            row.create({"plan_id": plan.id, "date_due": TODAY, "amount": 1})

    def test_policy_edited_in_between_changes_nothing(self):
        invoice = self._create_open_invoice(self.customer, 300)
        plan = self._propose(invoice)
        self.policy.sudo().write({"plan_grace_days": 30, "plan_cure_days": 30})
        self._default(plan)

    def test_policy_limits_make_sense(self):
        for values in (
            {"plan_max_installments": 0},
            {"plan_grace_days": -1},
            {"plan_min_deposit_percent": 101},
        ):
            with (
                self.subTest(values=values),
                self.assertRaises(IntegrityError),
                mute_logger("odoo.sql_db"),
                self.cr.savepoint(),
            ):
                self.policy.sudo().write(values)
                self.env.flush_all()

    # === COMPANIES AND RIGHTS === #

    def test_other_company(self):
        other = self.other_company
        invoice = self._create_open_invoice(self.customer, 300)
        plan = self._propose(invoice)
        user = new_test_user(
            self.env,
            login="elsewhere",
            groups="account_collections.group_collection_all",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        plans = self.env["account.collection.plan"].with_user(user)
        self.assertFalse(plans.search([("id", "=", plan.id)]))
        with self.assertRaises(AccessError):
            plan.with_user(user).read(["amount"])
        with self.assertRaisesRegex(ValidationError, "another company"):
            self._propose(invoice, company_id=other.id, confirm=False)

    def test_own_plans(self):
        invoice = self._create_open_invoice(self.customer, 300)
        plan = self._propose(invoice)
        plan.case_id.sudo().user_id = self.manager
        plan.user_id = self.manager
        user = new_test_user(
            self.env,
            login="colleague",
            groups="account_collections.group_collection_own",
        )
        with self.assertRaises(AccessError):
            plan.with_user(user).read(["amount"])
        plan.user_id = user
        self.assertEqual(plan.with_user(user).amount, 300)
        biller = new_test_user(
            self.env, login="biller", groups="account.group_account_invoice"
        )
        with self.assertRaises(AccessError):
            plan.with_user(biller).action_cancel()

    def test_collector_of_own_cases(self):
        user = new_test_user(
            self.env,
            login="collector",
            groups="account_collections.group_collection_own",
        )
        invoice = self._create_open_invoice(self.customer, 300)
        self.env["account.collection.case"]._refresh(self.company)
        case = invoice.collection_case_id
        case.user_id = user
        wizard = (
            self.env["account.collection.plan.propose"]
            .with_user(user)
            .create({"case_id": case.id, "wait_for_acceptance": True})
        )
        plan = self.env["account.collection.plan"].browse(
            wizard.action_propose()["res_id"]
        )
        plan = plan.with_user(user)
        self.env["account.collection.accept"].with_user(user).create(
            {"res_model": plan._name, "res_id": plan.id, "name": "Ada Miller"}
        ).action_accept()
        self.assertEqual((plan.state, plan.activated_by_id), ("active", user))
        self._pay(invoice, 100)
        self.assertEqual(plan.amount_open, 200)
        new = plan.browse(plan.action_new_version()["res_id"])
        new.action_confirm()
        self.assertEqual((plan.state, new.state), ("active", "proposed"))
        new.action_accept("Ada Miller")
        self.assertEqual((plan.state, new.state), ("superseded", "active"))
        new.action_cancel()
        self.assertEqual(new.state, "cancelled")

    def test_what_the_actions_decide_is_not_written(self):
        invoice = self._create_open_invoice(self.customer, 300)
        plan = self._propose(invoice, months=(1, 7))
        for values in (
            {"state": "active"},
            {"limits_exceeded": False},
            {"activated_by_id": self.manager.id},
            {"accepted_by": "Nobody"},
            {"grace_days": 90},
            {"date_at_risk": "2099-01-01"},
            {"case_id": False},
            {"name": "PLAN"},
        ):
            with self.subTest(values=values), self.assertRaises(AccessError):
                plan.write(values)
        with self.assertRaises(AccessError):
            plan.create({"partner_id": self.customer.id, "state": "active"})
        with self.assertRaises(AccessError):
            plan.installment_ids[0].commitment_id = plan.commitment_ids[:1].id or 1

    def test_what_is_replaced_is_decided_before(self):
        """What a manager approves does not turn into the end of something else."""
        plan = self._propose(
            self._create_open_invoice(self.customer, 300), months=(1, 7)
        )
        self.assertEqual(plan.state, "proposed")
        with self.assertRaisesRegex(UserError, "do not change any more"):
            plan.is_replacing = True

    # === WIZARD AND PAYMENT === #

    def test_wizard(self):
        first = self._create_open_invoice(self.customer, 200, days=20)
        second = self._create_open_invoice(self.customer, 100, days=10)
        self.env["account.collection.case"]._refresh(self.company)
        case = first.collection_case_id
        action = case.action_propose_plan()
        form = Form(self.env[action["res_model"]].with_context(**action["context"]))
        self.assertEqual(form.amount, 300)
        form.deposit_type = "amount"
        form.deposit_amount = 50
        form.number = 3
        self.assertEqual(len(form.installment_ids), 4)
        with form.installment_ids.edit(3) as row:
            row.amount = 80
        self.assertIn("differ from the covered total", form.problem)
        with form.installment_ids.edit(3) as row:
            row.amount = 83.34
        self.assertFalse(form.problem)
        wizard = form.save()
        plan = self.env["account.collection.plan"].browse(
            wizard.action_propose()["res_id"]
        )
        self.assertEqual(plan.state, "active")
        self.assertEqual(
            [
                (str(row.date_due), row.amount, row.is_deposit)
                for row in plan.installment_ids
            ],
            [
                ("2024-06-14", 50, True),
                ("2024-07-15", 83.33, False),
                ("2024-08-14", 83.33, False),
                ("2024-09-16", 83.34, False),
            ],
        )
        self.assertEqual(plan.hold_ids.line_id.move_id, first | second)

    def test_nobody_pays_on_a_holiday(self):
        calendar = self.company.resource_calendar_id.sudo()
        self.env["resource.calendar.leaves"].sudo().create(
            {
                "name": "Bank holiday",
                "calendar_id": calendar.id,
                "resource_id": False,
                "date_from": "2024-07-15 06:00:00",
                "date_to": "2024-07-16 16:00:00",
            }
        )
        # The first day is a Sunday, the two days after it are holidays.
        wizard = self.env["account.collection.plan.propose"].create(
            {
                "line_ids": [
                    Command.set(
                        self._get_receivable_line(
                            self._create_open_invoice(self.customer, 300)
                        ).ids
                    )
                ],
                "number": 2,
                "date_first": "2024-07-14",
            }
        )
        self.assertEqual(
            [str(day) for day in wizard.installment_ids.mapped("date_due")],
            ["2024-07-17", "2024-08-14"],
        )

    def test_wizard_refuses_what_does_not_add_up(self):
        invoice = self._create_open_invoice(self.customer, 300)
        wizard = self.env["account.collection.plan.propose"].create(
            {"line_ids": [Command.set(self._get_receivable_line(invoice).ids)]}
        )
        self.assertEqual(wizard.amount, 300)
        self.assertEqual(len(wizard.installment_ids), 3)
        wizard.installment_ids[0].amount = 1
        with self.assertRaisesRegex(UserError, "differ from the covered total"):
            wizard.action_save()

    def test_register_payment_goes_to_the_oldest_first(self):
        newer = self._create_open_invoice(self.customer, 150, days=10)
        older = self._create_open_invoice(self.customer, 150, days=40)
        plan = self._propose(newer | older)
        action = plan.installment_ids[0].action_register_payment()
        form = Form(self.env[action["res_model"]].with_context(**action["context"]))
        self.assertEqual(form.amount, 100)
        form.save().action_create_payments()
        self.assertEqual((older.amount_residual, newer.amount_residual), (50, 150))
        self.assertEqual(plan.commitment_ids.mapped("amount_open"), [0, 100, 100])
        action = plan.action_register_payment()
        Form(
            self.env[action["res_model"]].with_context(**action["context"])
        ).save().action_create_payments()
        self.assertEqual((older.amount_residual, newer.amount_residual), (0, 100))
        self._pay(newer)
        with self.assertRaisesRegex(UserError, "Nothing is left"):
            plan.action_register_payment()
