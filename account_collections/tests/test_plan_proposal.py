from datetime import timedelta

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import TODAY
from .test_plan import PlanCommon


@tagged("post_install", "-at_install")
class TestPlanProposal(PlanCommon):
    """Who has to agree to a plan before it is in force, and what happens meanwhile."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls._create_open_invoice(cls.customer, 300)

    # === HELPERS === #

    def _get_mails(self, plan):
        """What was written to the customer, the oldest first."""
        return [
            message.body
            for message in plan.message_ids.sorted("id")
            if message.partner_ids & self.customer
        ]

    def _propose_beyond(self, **values):
        """Propose a plan that takes longer than the policy allows."""
        return self._propose(self.invoice, months=(1, 2, 7), **values)

    # === APPROVAL === #

    def test_nothing_happens_before_the_approval(self):
        plan = self._propose_beyond()
        self.assertIn("if a manager approves", plan._get_outlook())
        self.assertFalse(self._get_mails(plan))
        self.assertFalse(plan.hold_ids.filtered("active"))
        self.assertDecision(self._get_line(self._plan()), "contact 3 email")
        plan._evaluate()
        self.assertFalse(plan.hold_ids.filtered("active"))
        activity = plan.activity_ids
        self.assertEqual(activity.summary, "Approve the payment plan")
        self.assertTrue(
            activity.user_id.has_group("account_collections.group_collection_manager")
        )
        with self.assertRaisesRegex(UserError, "waits for the approval"):
            plan.action_send()
        plan.with_user(self.manager).action_activate()
        self.assertEqual(plan.approved_by_id, self.manager)
        self.assertFalse(plan.activity_ids)
        self.assertRecordValues(
            plan.hold_ids, [{"amount": 300, "active": True, "date_end": False}]
        )
        [mail] = self._get_mails(plan)
        self.assertIn("in force", mail)

    def test_request_ends_with_the_proposal(self):
        plan = self._propose_beyond()
        plan.action_cancel()
        self.assertFalse(plan.activity_ids)

    def test_a_hold_set_by_hand_stays_until_the_approval(self):
        hold = self._hold(self._get_receivable_line(self.invoice))
        plan = self._propose_beyond(amount=200)
        self.assertEqual(hold.amount, 300)
        plan.with_user(self.manager).action_activate()
        self.assertEqual((hold.amount, plan.hold_ids.amount), (100, 200))

    def test_approved_before_it_is_accepted(self):
        plan = self._propose_beyond(wait_for_acceptance=True)
        with freeze_time(TODAY + timedelta(days=10)):
            plan.with_user(self.manager).action_activate()
            self.assertEqual(plan.state, "proposed")
            self.assertRecordValues(
                plan.hold_ids,
                [
                    {
                        "amount": 300,
                        "active": True,
                        "date_end": TODAY + timedelta(days=17),
                    }
                ],
            )
            plan.action_accept("Ada Miller")
        self.assertEqual(plan.state, "active")
        proposal, agreement = self._get_mails(plan)
        self.assertIn("is a proposal", proposal)
        self.assertIn("in force", agreement)

    def test_accepted_before_it_is_approved(self):
        plan = self._propose_beyond(wait_for_acceptance=True)
        plan.action_accept("Ada Miller")
        self.assertEqual(plan.state, "proposed")
        plan.with_user(self.manager).action_activate()
        self.assertEqual(plan.state, "active")
        self.assertEqual(len(self._get_mails(plan)), 1)

    # === ACCEPTANCE === #

    def test_customer_is_told_that_it_is_in_force(self):
        plan = self._propose(self.invoice, wait_for_acceptance=True)
        plan.action_accept("Ada Miller")
        proposal, agreement = self._get_mails(plan)
        self.assertIn("is a proposal", proposal)
        self.assertIn("in force", agreement)
        within = self._propose(self._create_open_invoice(self.customer, 90))
        self.assertEqual(len(self._get_mails(within)), 1)

    def test_acceptance_is_waited_for(self):
        plan = self._propose(self.invoice, wait_for_acceptance=True)
        with self.assertRaisesRegex(UserError, "waits for the customer's acceptance"):
            plan.action_activate()
        plan.with_user(self.manager).action_activate()
        self.assertEqual(plan.state, "active")
        self.assertTrue(
            any(
                "without the customer's acceptance by plan manager" in body
                for body in plan.message_ids.mapped("body")
            )
        )

    # === AGAIN AND AGAIN === #

    def test_repeated_proposals_take_a_manager(self):
        """(what became of the first, days until the next, whether it waits)."""
        for end, days, waits in (
            ("cancelled", 0, True),
            ("cancelled", 30, True),
            ("cancelled", 31, False),
            ("unanswered", 8, True),
            ("unanswered", 38, False),
            ("active", 5, True),
        ):
            with self.subTest(end=end, days=days):
                invoice = self._create_open_invoice(
                    self._create_customer("Customer"), 300
                )
                first = self._propose(invoice, wait_for_acceptance=end != "active")
                if end != "unanswered":
                    first.action_cancel()
                with freeze_time(TODAY + timedelta(days=days)):
                    again = self._propose(
                        invoice, months=(2, 3), wait_for_acceptance=True
                    )
                    self.assertEqual(again._waits_for_approval(), waits)
                    self.assertEqual(again.hold_ids.active, not waits)
                    self.assertEqual(first.name in again.limits_exceeded, waits)

    def test_what_was_never_offered_is_no_repetition(self):
        self._propose_beyond().action_cancel()
        self.assertEqual(self._propose(self.invoice).state, "active")

    def test_replaced_plans_count_from_the_first(self):
        """(the day of the new plan, whether it waits), with 180 days from 14 June."""
        for day, waits in (("2024-09-01", False), ("2024-11-01", True)):
            with self.subTest(day=day):
                customer = self._create_customer("Customer")
                invoice = self._create_open_invoice(customer, 300)
                first = self._propose(invoice, months=(5,))
                with freeze_time(day):
                    new = first.browse(first.action_new_version()["res_id"])
                    new.installment_ids.date_due = "2024-12-05"
                    new.action_confirm()
                    self.assertEqual(new.state, "active")
                    newer = first.browse(new.action_new_version()["res_id"])
                    if waits:
                        newer.installment_ids.date_due = "2025-01-05"
                    newer.action_confirm()
                    self.assertEqual(newer._waits_for_approval(), waits)

    # === MONEY THAT COMES MEANWHILE === #

    def test_payments_count_for_what_was_proposed(self):
        """(how it is proposed, the day of the answer)."""
        for beyond, days in ((False, 3), (False, 12), (True, 3), (True, 12)):
            with self.subTest(beyond=beyond, days=days):
                invoice = self._create_open_invoice(
                    self._create_customer("Customer"), 300
                )
                plan = self._propose(
                    invoice,
                    months=(1, 2, 7) if beyond else (1, 2, 3),
                    wait_for_acceptance=not beyond,
                )
                day = TODAY + timedelta(days=days)
                self._pay_on(str(day), invoice, 120)
                with freeze_time(day):
                    if beyond:
                        plan.with_user(self.manager).action_activate()
                    else:
                        plan.action_accept("Ada Miller")
                self.assertEqual(plan.state, "active")
                self.assertEqual(
                    plan.commitment_ids.mapped("amount_received"), [100, 20, 0]
                )
                self.assertRecordValues(plan.hold_ids, [{"amount": 180}])

    def test_outdated_proposal_gives_a_new_version(self):
        """What was paid on the plan that is replaced does not count twice."""
        plan = self._propose(self.invoice)
        new = self._propose(
            self.invoice, is_replacing=True, wait_for_acceptance=True, months=(2, 3)
        )
        self._pay(self.invoice, 120)
        with (
            self.assertRaisesRegex(UserError, "Make a new version"),
            self.cr.savepoint(),
        ):
            new.action_accept("Ada Miller")
        newest = new.browse(new.action_new_version()["res_id"])
        self.assertEqual(newest.amount, 180)
        self.assertEqual(newest.installment_ids.mapped("amount"), [30, 150])
        newest.action_confirm()
        newest.action_accept("Ada Miller")
        self.assertEqual(
            (plan + new + newest).mapped("state"),
            ["superseded", "superseded", "active"],
        )

    # === WIZARD === #

    def test_wizard_names_what_is_in_force(self):
        plan = self._propose(self.invoice)
        wizard = self.env["account.collection.plan.propose"].create(
            {"line_ids": [Command.set(self._get_receivable_line(self.invoice).ids)]}
        )
        self.assertIn(plan.name, wizard.problem)
        with self.assertRaisesRegex(UserError, plan.name):
            wizard.action_propose()
        wizard = self.env["account.collection.promise.take"].create(
            {"line_ids": [Command.set(self._get_receivable_line(self.invoice).ids)]}
        )
        with self.assertRaisesRegex(UserError, plan.name):
            wizard.action_confirm()

    def test_wizard_says_that_a_manager_decides(self):
        self._propose(self.invoice).action_cancel()
        wizard = self.env["account.collection.plan.propose"].create(
            {"line_ids": [Command.set(self._get_receivable_line(self.invoice).ids)]}
        )
        self.assertIn("came to nothing", wizard.limits_exceeded)
