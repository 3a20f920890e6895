from datetime import timedelta

from odoo import Command
from odoo.tests import new_test_user, tagged

from odoo.addons.mail.tests.common import MockEmail

from .common import TODAY
from .letter_common import LetterCommon


@tagged("post_install", "-at_install")
class TestLetterRenewal(LetterCommon, MockEmail):
    """What waits to leave is seen again on the day on which it leaves."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls._create_open_invoice(cls.customer, 100, 10)
        cls.env["account.collection.case"]._refresh(cls.company, cls.customer)
        cls.case = cls.customer.collection_case_ids

    # === HELPERS === #

    def _wait(self, invoices=None, **values):
        """Queue an e-mail that nobody has sent yet."""
        contact = self._create_contact(
            self.customer,
            self.invoice if invoices is None else invoices,
            **{"case_id": self.case.id, **values},
        )
        contact.item_ids.step_id = contact.step_id
        contact.run_line_id.write({"state": "done", "case_id": contact.case_id.id})
        self._queue(contact)
        return contact

    def _send(self, contacts):
        """Send what waits, as Odoo's mail queue does.

        :return: the e-mails that left
        """
        mails = self.env["mail.mail"].search(
            [("mail_message_id", "in", contacts.mail_message_id.ids)]
        )
        with self.mock_mail_gateway():
            mails.sudo().send()
            return list(self._mails)

    def _pay_without_invoice(self):
        self._receive_unapplied(self.customer, 100)

    def _credit(self):
        self._create_open_invoice(self.customer, 100, 1, move_type="out_refund")

    def _hand_over(self):
        self.case.sudo().write(
            {"state": "handed_over", "agency_id": self.env.user.partner_id.id}
        )

    def _promise(self):
        promise = self.env["account.collection.promise"].create(
            {
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "line_ids": [Command.set(self._get_receivable_line(self.invoice).ids)],
                "amount": 100,
                "date_due": TODAY + timedelta(days=10),
            }
        )
        promise.action_confirm()
        return promise

    # === TESTS === #

    def test_what_happens_in_between(self):
        """(what happens, whether the e-mail leaves, what the line says)."""
        line = self._get_receivable_line(self.invoice)
        for name, happen, leaves, says in (
            ("nothing", lambda: None, True, ""),
            ("paid", lambda: self._pay(self.invoice), False, "Paid before it left"),
            ("in part", lambda: self._pay(self.invoice, 40), True, ""),
            ("unapplied", self._pay_without_invoice, False, "not yet applied"),
            ("credited", self._credit, False, "not yet applied"),
            ("held", lambda: self._hold(line), False, "Held until"),
            ("held in part", lambda: self._hold(line, 40), True, ""),
            ("promised", self._promise, False, "Promise to pay until"),
            ("excluded", lambda: line.write({"no_followup": True}), False, "excluded"),
            ("handed over", self._hand_over, False, "Handed over to"),
        ):
            with self.subTest(name), self.cr.savepoint() as savepoint:
                contact = self._wait()
                happen()
                mails = self._send(contact)
                self.assertEqual(len(mails), leaves)
                self.assertEqual(contact.state, "sent" if leaves else "void")
                run_line = contact.run_line_id
                self.assertEqual(run_line.state, "done" if leaves else "dropped")
                self.assertEqual(bool(contact.item_ids.filtered("active")), leaves)
                status = contact.mail_message_id.notification_ids.notification_status
                self.assertEqual(status, "sent" if leaves else "canceled")
                if not leaves:
                    self.assertIn(says, run_line.explanation)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_before_the_due_date(self):
        """A reminder of what is not due yet is needless too, once it is paid."""
        for paid in (False, True):
            with self.subTest(paid=paid):
                coming = self._create_open_invoice(self.customer, 70, -3)
                contact = self._wait(coming, step=self.steps[0], case_id=False)
                if paid:
                    self._pay(coming)
                self.assertEqual(len(self._send(contact)), not paid)
                self.assertEqual(contact.state, "void" if paid else "sent")

    def test_money_for_something_else(self):
        """What was asked for decides, and not what the customer owes besides."""
        contact = self._wait()
        self._create_open_invoice(self.customer, 500, 1)
        self._pay(self.invoice)
        self.assertFalse(self._send(contact))
        self.assertEqual(contact.run_line_id.explanation, "Paid before it left")

    def test_agreed_payment(self):
        """A reminder of an agreed payment asks for that payment alone."""
        commitment = self._promise().commitment_ids
        for paid in (False, True):
            with self.subTest(paid=paid):
                contact = self._create_contact(self.customer, self.env["account.move"])
                contact.run_line_id.commitment_id = commitment
                self._queue(contact)
                if paid:
                    self._pay(self.invoice)
                self.assertEqual(len(self._send(contact)), not paid)
                self.assertEqual(contact.state, "void" if paid else "sent")

    def test_step_is_given_back(self):
        """The step of an e-mail that did not leave is taken later, when it is due."""
        contact = self._wait()
        hold = self._hold(self._get_receivable_line(self.invoice))
        self._send(contact)
        hold.action_end()
        self.assertDecision(self._get_line(self._plan()), "contact 3 email")

    def test_mail_that_is_not_ours(self):
        mail = self.env["mail.mail"].create(
            {"body_html": "<p>Hello</p>", "email_to": "somebody@example.com"}
        )
        with self.mock_mail_gateway():
            mail.send()
        self.assertEqual(len(self._mails), 1)

    def test_mail_queue_goes_on(self):
        """Should the check itself fail, the e-mails leave as they are."""
        contact = self._wait()

        def fail(*_args):
            raise ZeroDivisionError

        contacts = type(self.env["account.collection.contact"])
        self.patch(contacts, "_get_open_items_today", fail)
        with self.assertLogs("odoo.addons.account_collections.models.mail_mail"):
            self.assertEqual(len(self._send(contact)), 1)

    def test_queries(self):
        """One look at the ledger for a batch, however many wait."""
        counts = []
        for size in (12, 2, 12):
            contacts = self.engine["account.collection.contact"]
            for number in range(size):
                partner = self._create_customer(f"Customer {size} {number}")
                invoice = self._create_open_invoice(partner)
                contacts += self._create_contact(partner, invoice)
            self.assertFalse(self.letters._queue_emails(contacts))
            mails = self.env["mail.mail"].search(
                [("mail_message_id", "in", contacts.mail_message_id.ids)]
            )
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            mails._cancel_needless()
            counts.append(self.env.cr.sql_log_count - before)
            self.assertEqual(set(contacts.mapped("state")), {"queued"})
        # The first one fills caches.
        self.assertEqual(*counts[1:])

    def test_letters_on_paper(self):
        """Whoever prints need not be allowed to write lines and contacts."""
        contact = self._create_contact(
            self.customer, self.invoice, channel="letter", case_id=self.case.id
        )
        self._pay(self.invoice)
        collector = new_test_user(
            self.env,
            login="printer",
            groups="account_collections.group_collection_all",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        run = contact.run_line_id.run_id
        for print_letters in (
            contact.with_user(collector).action_print,
            run.with_user(collector).action_print_letters,
        ):
            contact.state = "queued"
            with self.subTest(print_letters):
                self.assertEqual(print_letters()["tag"], "display_notification")
                self.assertEqual(contact.state, "void")
                self.assertEqual(contact.run_line_id.explanation, "Paid before it left")
