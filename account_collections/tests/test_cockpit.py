import io
from datetime import timedelta
from unittest.mock import patch

import openpyxl
from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import LockError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from .common import TODAY, CollectionCommon


@tagged("post_install", "-at_install")
class TestCockpit(CollectionCommon):
    """What a collector does on a case."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls._create_open_invoice(cls.customer, 1000, days=20)
        cls.line = cls._get_receivable_line(cls.invoice)
        cls.case = cls._get_case(cls.customer)

    @classmethod
    def _get_case(cls, customer):
        cases = cls.env["account.collection.case"]
        cases._refresh(cls.company, customer)
        return cases.search([("partner_id", "=", customer.id)])

    def _log(self, **values):
        return (
            self.env["account.collection.contact.log"]
            .create({"case_id": self.case.id, **values})
            .action_log()
        )

    # === OPEN ITEMS === #

    def test_open_items_say_what_is_held_and_why(self):
        credit = self._create_open_invoice(
            self.customer, 50, days=5, move_type="out_refund"
        )
        self._hold(self.line, 300, note="One crate is missing")
        self.case.invalidate_recordset()
        items = self.case.item_ids
        self.assertEqual(items, self.line | self._get_receivable_line(credit))
        self.assertRecordValues(
            items,
            [
                {
                    "collection_residual": 1000,
                    "collection_held": 300,
                    "collection_hold_reason": "One crate is missing (until 06/24/2024)",
                    "collection_days_overdue": 20,
                },
                {
                    "collection_residual": -50,
                    "collection_held": 0,
                    "collection_hold_reason": "",
                    "collection_days_overdue": 5,
                },
            ],
        )
        self.assertIn("One crate is missing", self.invoice.collection_hold_reason)

    def test_step_reached(self):
        self.assertFalse(self.line.collection_step_id)
        self._reach(self.invoice, 3)
        self._reach(self.invoice, 15)
        self.line.invalidate_recordset()
        self.assertEqual(self.line.collection_step_id.delay_days, 15)

    def test_priority_is_explained(self):
        self.assertRegex(
            self.case.priority_explanation,
            r"^Amount \d+/40 · Age 7/30 · Silence 13/20$",
        )
        self.assertEqual(
            self.case.priority,
            self.case.priority_amount
            + self.case.priority_days
            + self.case.priority_silence,
        )

    def test_failed_contact_is_shown(self):
        contact = self._log_contact(
            self.customer, 1, channel="email", case_id=self.case.id
        )
        # Contacts are written by the engine only.
        contact.sudo()._mark_failed("Mailbox full")
        self.assertEqual(self.case.contact_error, "Mailbox full")
        self._log_contact(self.customer, 0, case_id=self.case.id)
        self.case.invalidate_recordset()
        self.assertFalse(self.case.contact_error)

    # === LOGGING === #

    def test_logged_contact_counts_for_the_gap(self):
        self._log(outcome="reached", note="Asks for a copy")
        contact = self.case.contact_ids
        self.assertRecordValues(
            contact, [{"state": "sent", "date": TODAY, "channel": "call"}]
        )
        self.assertEqual(contact.item_ids.line_id, self.line)
        self.assertFalse(contact.item_ids.step_id)
        self.assertIn("Asks for a copy", contact.mail_message_id.body)
        self.assertDecision(self._get_line(self._plan()), "skip gap +7")

    def test_log_sets_reason_and_reminder(self):
        reason = self.env.ref("account_collections.late_reason_cash_flow")
        self._log(
            late_reason_id=reason.id,
            activity_date=TODAY + timedelta(days=3),
            activity_summary="Call again",
        )
        self.assertEqual(self.case.late_reason_id, reason)
        self.assertEqual(self.case.activity_ids.summary, "Call again")

    def test_log_not_in_the_future(self):
        with self.assertRaisesRegex(ValidationError, "before it took place"):
            self._log(date=TODAY + timedelta(days=1))

    def test_log_what_is_of_others(self):
        """Neither open items nor addresses of others stand on a contact."""
        other = self._create_customer("Bellows Ltd")
        line = self._get_receivable_line(self._create_open_invoice(other))
        child = self.env["res.partner"].create(
            {"name": "Till", "parent_id": self.customer.id}
        )
        for values, words in (
            ({"line_ids": (self.line | line).ids}, "no open item of Ada Fashion"),
            ({"address_id": other.id}, "no contact person or address of Ada"),
        ):
            with (
                self.subTest(values=values),
                self.assertRaisesRegex(ValidationError, words),
            ):
                self._log(**values)
        self._log(line_ids=self.line.ids, address_id=child.id)
        contact = self.case.contact_ids
        self.assertEqual(contact.item_ids.line_id, self.line)
        self.assertEqual(contact.address_id, child)

    def test_logged_call_completes_the_planned_one(self):
        """(outcome, whether the call that the dunning asked for is done)"""
        for outcome, is_done in (("not_reached", False), ("reached", True)):
            with self.subTest(outcome=outcome):
                planned = self._log_contact(
                    self.customer, 0, state="queued", case_id=self.case.id
                )
                planned._schedule_calls()
                activity = self.case.activity_ids
                self._log(outcome=outcome)
                self.assertEqual(planned.state, "sent" if is_done else "queued")
                self.assertEqual(bool(self.case.activity_ids), not is_done)
                activity.exists().unlink()

    # === HOLDS === #

    def test_hold_whole_customer(self):
        self._hold(self.line, 300)
        form = Form(
            self.env["account.collection.hold.set"].with_context(
                default_case_id=self.case.id
            )
        )
        self.assertTrue(form.is_whole_customer)
        form.note = "On holiday"
        form.save().action_hold()
        self.assertEqual(
            sorted(self.line.collection_hold_ids.mapped("amount")), [300, 700]
        )
        self.assertEqual(self.case.amount_collectible, 0)
        later = self._create_open_invoice(self.customer, 80, days=10)
        self.assertDecision(self._get_line(self._plan()), "skip held +14")
        self.assertIn(
            "whole customer", self._get_receivable_line(later).collection_hold_reason
        )

    def test_hold_one_invoice(self):
        action = self.invoice.action_collection_hold()
        form = Form(self.env[action["res_model"]].with_context(**action["context"]))
        form.note = "Waits for a credit note"
        with form.line_ids.edit(0) as line:
            line.amount = 250
        form.save().action_hold()
        self.assertRecordValues(
            self.line.collection_hold_ids,
            [{"amount": 250, "is_whole_customer": False, "reason": "manual"}],
        )

    def test_hold_bad_input(self):
        """(values of the wizard, amount, words of the message)"""
        day = timedelta(days=1)
        for values, amount, words in (
            ({"date_end": TODAY - day, "date_start": TODAY}, 100, "before it begins"),
            (
                {"date_end": TODAY - day, "date_start": TODAY - 9 * day},
                100,
                "which is past",
            ),
            ({}, 1000.01, "is too much"),
            ({}, 0, "greater than zero"),
            ({}, -5, "greater than zero"),
        ):
            with self.subTest(values=values, amount=amount):
                wizard = self.env["account.collection.hold.set"].create(
                    {
                        "move_line_ids": [Command.set(self.line.ids)],
                        "note": "Because",
                        **values,
                    }
                )
                wizard.line_ids.amount = amount
                with self.assertRaisesRegex(UserError, words):
                    wizard.action_hold()
                self.assertFalse(self.line.collection_hold_ids)

    def test_hold_nothing_left(self):
        self._hold(self.line)
        wizard = self.env["account.collection.hold.set"].create(
            {"case_id": self.case.id, "note": "Because", "is_whole_customer": False}
        )
        with self.assertRaisesRegex(UserError, "held already"):
            wizard.action_hold()

    def test_hold_customer_whose_items_are_held(self):
        self._hold(self.line)
        self.env["account.collection.hold.set"].create(
            {"case_id": self.case.id, "note": "Because"}
        ).action_hold()
        later = self._create_open_invoice(self.customer, 80, days=10)
        self.assertDecision(self._get_line(self._plan()), "skip held +14")
        later = self._get_receivable_line(later)
        self.assertIn("whole customer", later.collection_hold_reason)
        hold = self.env["account.collection.hold"].search(
            [("partner_id", "=", self.customer.id), ("is_whole_customer", "=", True)]
        )
        self.assertEqual((hold.partner_id, hold.amount), (self.customer, 0))
        hold.action_end()
        later.invalidate_recordset(["collection_hold_reason"])
        self.assertFalse(later.collection_hold_reason)

    def test_hold_paid_invoice(self):
        self._pay(self.invoice)
        with self.assertRaisesRegex(UserError, "nothing to hold"):
            self.invoice.action_collection_hold()

    def test_end_hold(self):
        hold = self._hold(self.line)
        self.case.action_refresh()
        self.assertEqual(self.case.amount_collectible, 0)
        hold.action_end()
        self.assertEqual(self.case.amount_collectible, 1000)
        # Resolutions hold what they agree; nobody else may.
        agreed = self._hold(self.line).sudo()
        agreed.reason = "promise"
        with self.assertRaisesRegex(UserError, "was agreed"):
            agreed.sudo(False).action_end()

    # === ASSIGNING === #

    def test_assign(self):
        team = self.env["account.collection.team"].create({"name": "North"})
        other = self._create_customer("Bellows Ltd")
        self._create_open_invoice(other)
        cases = self.case | self._get_case(other)
        wizard = self.env["account.collection.assign"].create(
            cases.action_assign()["context"] and {"case_ids": [Command.set(cases.ids)]}
        )
        with self.assertRaisesRegex(UserError, "Choose the collector"):
            wizard.action_assign()
        wizard.write({"user_id": self.env.uid, "team_id": team.id})
        wizard.action_assign()
        self.assertEqual(cases.user_id, self.env.user)
        self.assertEqual(cases.team_id, team)

    def test_assign_only_who_may_see_cases(self):
        """Whoever gets a case follows it: nobody from outside reads its letters."""
        wizards = self.env["account.collection.assign"]
        for groups in ("base.group_portal", "account.group_account_invoice"):
            user = new_test_user(self.env, login=groups, groups=groups)
            with self.subTest(groups=groups):
                wizard = wizards.create({"case_ids": self.case.ids, "user_id": user.id})
                with self.assertRaisesRegex(ValidationError, "cannot see the cases"):
                    wizard.action_assign()
                self.assertNotIn(user.partner_id, self.case.message_partner_ids)

    # === HANDING OVER === #

    def _hand_over(self, **values):
        agency = self._create_customer("Sterling Collections")
        wizard = self.env["account.collection.handover"].create(
            {"case_id": self.case.id, "agency_id": agency.id, **values}
        )
        wizard.action_hand_over()
        return agency

    def test_hand_over_and_take_back(self):
        planned = self._log_contact(
            self.customer, 30, state="queued", case_id=self.case.id
        )
        planned._schedule_calls()
        agency = self._hand_over(note="15 percent")
        self.assertRecordValues(
            self.case,
            [
                {
                    "state": "handed_over",
                    "agency_id": agency.id,
                    "date_handed_over": TODAY,
                }
            ],
        )
        self.assertFalse(self.case.activity_ids)
        line = self._get_line(self._plan())
        self.assertDecision(line, "skip blocked")
        self.assertEqual(line.explanation, "Handed over to Sterling Collections")
        with self.assertRaisesRegex(UserError, "not open"):
            self._hand_over()
        self.case.action_take_back()
        self.assertEqual(self.case.state, "open")
        self.assertDecision(self._get_line(self._plan()), "contact 3 email")
        with self.assertRaisesRegex(UserError, "not handed over"):
            self.case.action_take_back()

    def test_hand_over_stops_what_has_not_left(self):
        """Letters that wait are taken back; what has left stays in the history."""
        for channel, mail_states in (("email", ["outgoing"]), ("letter", [])):
            with self.subTest(channel=channel):
                step = self.steps.filtered(lambda step: step.delay_days == 3)
                step.channel = channel
                customer = self._create_customer(f"Bellows {channel}")
                self._create_open_invoice(customer)
                run = self._plan()
                line = self._get_line(run, customer).sudo()
                self.case = line.case_id
                past = self._log_contact(customer, 30, case_id=self.case.id)
                line._act()
                contact = self.case.contact_ids - past
                mail = self.env["mail.mail"].search(
                    [("mail_message_id", "in", contact.mail_message_id.ids)]
                )
                self.assertEqual((contact.channel, contact.state), (channel, "queued"))
                self.assertEqual(mail.mapped("state"), mail_states)
                self._hand_over()
                self.assertEqual((contact.state, past.state), ("void", "sent"))
                self.assertFalse(contact.item_ids.filtered("active"))
                self.assertEqual(mail.mapped("state"), ["cancel"] * len(mail))

    def test_hand_over_while_somebody_works_on_the_case(self):
        with (
            patch.object(
                type(self.case), "lock_for_update", side_effect=LockError("Locked.")
            ),
            self.assertRaisesRegex(UserError, "the case of Ada Fashion at this moment"),
        ):
            self._hand_over()
        self.assertEqual(self.case.state, "open")

    def test_agency_is_kept(self):
        """Who has a case can be merged, but not deleted."""
        agency = self._hand_over()
        with self.assertRaisesRegex(UserError, "has the case of Ada Fashion"):
            agency.unlink()
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            self.env.cr.execute("DELETE FROM res_partner WHERE id = %s", [agency.id])

    def test_agencies_are_merged(self):
        agency = self._hand_over()
        other = self._create_customer("Sterling Ltd")
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            [agency.id, other.id], other
        )
        self.assertFalse(agency.exists())
        self.assertEqual(self.case.agency_id, other)

    def test_handover_file(self):
        self._log_contact(self.customer, 4, note="=1+1", case_id=self.case.id)
        self._hand_over()
        attachment = self.case.message_attachment_count and self.env[
            "ir.attachment"
        ].search([("res_model", "=", self.case._name), ("res_id", "=", self.case.id)])
        book = openpyxl.load_workbook(io.BytesIO(attachment.raw))
        sheets = {
            sheet.title: [[cell.value for cell in row] for row in sheet.rows]
            for sheet in book
        }
        self.assertIn(["Customer", "Ada Fashion"], sheets["Customer"])
        self.assertEqual(
            [sheets["Open Items"][1][i] for i in (0, 2, 3, 6)],
            [self.invoice.name, "05/25/2024", 20, 1000],
        )
        self.assertEqual(sheets["History"][1][6], "=1+1")
        note = book["History"].cell(2, 7)
        self.assertEqual(note.data_type, "s", "not a formula")

    def test_handover_bad_input(self):
        for values, words in (
            ({"agency_id": self.customer.id}, "to the customer"),
            ({"date": TODAY + timedelta(days=1)}, "The dunning stops on the day"),
        ):
            with (
                self.subTest(values=values),
                self.assertRaisesRegex(ValidationError, words),
            ):
                self._hand_over(**values)

    # === SMART BUTTONS === #

    def test_lists_of_the_customer(self):
        """They show everything in this company, what is over too."""
        domain = [
            ("partner_id", "=", self.customer.id),
            ("company_id", "=", self.company.id),
        ]
        for kind in ("contact", "hold", "agreement", "fee"):
            with self.subTest(kind=kind):
                action = getattr(self.case, f"action_view_{kind}s")()
                self.assertEqual(action["res_model"], f"account.collection.{kind}")
                self.assertEqual(action["domain"], domain)
                self.assertEqual(action["context"], {})

    def test_way_to_the_case(self):
        child = self.env["res.partner"].create(
            {"name": "Till", "parent_id": self.customer.id}
        )
        for record in (self.customer, child, self.invoice):
            self.assertEqual(record.collection_case_id, self.case)
            action = record.action_view_collection_case()
            self.assertEqual(action["res_id"], self.case.id)
        self.assertEqual(child.collection_amount_overdue, 1000)
        self.assertFalse(self._create_customer("Bellows Ltd").collection_case_id)
