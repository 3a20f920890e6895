from datetime import timedelta

from freezegun import freeze_time

from odoo import Command
from odoo.tests import tagged

from .common import TODAY, CollectionCommon


@tagged("post_install", "-at_install")
class TestCommitmentReminder(CollectionCommon):
    """The run reminds of agreed payments in their own rhythm."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        template = cls.steps[0].mail_template_id
        cls.policy.step_ids.filtered(
            lambda step: step.applies_to == "commitment"
        ).unlink()
        cls.policy.step_ids = [
            Command.create(
                {
                    "name": f"Agreed payment {days:+d}",
                    "applies_to": "commitment",
                    "delay_days": days,
                    "channel": "email",
                    "mail_template_id": template.id,
                }
            )
            for days in (-3, 0, 3)
        ]
        cls.invoice = cls._create_open_invoice(cls.customer, 100, days=20)
        cls.promise = cls.env["account.collection.promise"].create(
            {
                "partner_id": cls.customer.id,
                "company_id": cls.company.id,
                "line_ids": [Command.set(cls._get_receivable_line(cls.invoice).ids)],
                "amount": 100,
                "date_due": TODAY + timedelta(days=10),
            }
        )

    def _run_on(self, days, execute=True):
        with freeze_time(TODAY + timedelta(days=days)):
            run = self._plan(date=TODAY + timedelta(days=days))
            if execute:
                run.action_execute()
            return self._get_line(run)

    def test_rhythm(self):
        """(day, the decision), each run executed."""
        self.promise.action_confirm()
        for days, expected in (
            (6, "skip held +13"),
            (7, "contact -3 email"),
            (8, "skip held +13"),
            (9, "skip held +13"),
            (10, "contact 0 email"),
            (11, "skip held +13"),
        ):
            with self.subTest(days=days):
                self.assertDecision(self._run_on(days), expected)
        contacts = self.promise.commitment_ids.reminder_ids.contact_id
        self.assertEqual(len(contacts), 2)
        self.assertFalse(contacts.item_ids)

    def test_nobody_is_reminded_whose_money_waits_to_be_applied(self):
        self.promise.action_confirm()
        self._receive_unapplied(self.customer, 99)
        self.assertDecision(self._run_on(7, execute=False), "contact -3 email")
        self._receive_unapplied(self.customer, 1)
        self.assertDecision(self._run_on(7, execute=False), "skip held +13")

    def test_nobody_is_reminded_who_is_not_to_be_contacted(self):
        """(what keeps the customer from being contacted, the decision)"""
        self.promise.action_confirm()
        case = self.invoice.collection_case_id
        for silence, expected in (
            (lambda: None, "contact -3 email"),
            (lambda: self._hold_whole_customer(case), "skip held +60"),
            (self.invoice.action_toggle_block_payment, "skip blocked"),
            (lambda: case.sudo().write({"state": "handed_over"}), "skip blocked"),
        ):
            with self.subTest(expected=expected), self.cr.savepoint() as savepoint:
                silence()
                self.assertDecision(self._run_on(7, execute=False), expected)
                savepoint.rollback()

    def _hold_whole_customer(self, case):
        self.env["account.collection.hold.set"].create(
            {
                "case_id": case.id,
                "date_end": TODAY + timedelta(days=60),
                "note": "Bereaved",
            }
        ).action_hold()

    def test_reminder_that_was_missed_gives_way_to_the_next(self):
        self.promise.action_confirm()
        self.assertDecision(self._run_on(10), "contact 0 email")
        self.assertDecision(self._run_on(11), "skip held +13")

    def test_no_reminder_of_what_is_paid(self):
        self.promise.action_confirm()
        self._pay(self.invoice)
        self.assertFalse(self._run_on(7))

    def test_no_reminder_of_what_is_paid_without_journal_entry(self):
        self._make_payments_without_entry()
        self.promise.action_confirm()
        payment = self._pay(self.invoice)
        self.assertFalse(payment.move_id)
        self.assertFalse(self._run_on(7))

    def test_reminder_of_the_part_that_is_missing(self):
        self.promise.action_confirm()
        self._pay(self.invoice, 40)
        self.assertDecision(self._run_on(7), "contact -3 email")

    def test_not_twice_on_a_day(self):
        self.promise.action_confirm()
        self._log_contact(self.customer, -7)
        self.assertDecision(self._run_on(7), "skip held +13")
        self.assertDecision(self._run_on(8), "contact -3 email")

    def test_reminders_of_a_withdrawn_promise_stop(self):
        self.promise.action_confirm()
        self.promise.action_cancel()
        self.assertDecision(self._run_on(7, execute=False), "contact 3 email")

    def test_failed_reminder_is_repeated(self):
        self.promise.action_confirm()
        line = self._run_on(7)
        contact = line.commitment_id.reminder_ids.contact_id
        contact.sudo()._mark_failed("No such mailbox")
        self.assertDecision(self._run_on(8), "contact -3 email")

    def test_rhythm_is_fixed_when_agreed(self):
        self.promise.action_confirm()
        self.policy.step_ids.filtered(
            lambda step: step.applies_to == "commitment" and step.delay_days == -3
        ).delay_days = -5
        self.assertDecision(self._run_on(5), "skip held +13")
        self.assertDecision(self._run_on(7), "contact -5 email")

    def test_other_open_items_come_first(self):
        self.promise.action_confirm()
        self._create_open_invoice(self.customer, 50)
        line = self._run_on(7)
        self.assertDecision(line, "contact 3 email")
        self.assertFalse(line.commitment_id)
        line = self._run_on(8)
        self.assertDecision(line, "contact -3 email")
        self.assertEqual(line.commitment_id, self.promise.commitment_ids)
