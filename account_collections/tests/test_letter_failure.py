from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import html2plaintext

from odoo.addons.mail.tests.common import MockEmail

from .common import TODAY
from .letter_common import LetterCommon

REFUSED = (
    "Mail Delivery Failed\nMail delivery failed via SMTP server 'None'.\n"
    "SMTPRecipientsRefused: {'ada.fashion@example.com': (550, b'No such user')}"
)
BUSY = REFUSED.replace("550", "450")

BOUNCE = """\
Return-Path: <>
From: MAILER-DAEMON@mx.example.com
To: bounce@us.example.com
Subject: Undelivered Mail Returned to Sender
Message-Id: <bounce-{action}@mx.example.com>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="xx"

--xx
Content-Type: text/plain

I am sorry.

--xx
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

{recipients}
Action: {action}
Status: 5.1.1

--xx
Content-Type: message/rfc822

Message-Id: {message_id}
To: ada.fashion@example.com
Subject: Reminder

--xx--
"""


@tagged("post_install", "-at_install")
class TestLetterFailure(LetterCommon, MockEmail):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls._create_open_invoice(cls.customer, 100, 10)
        cls.env["account.collection.case"]._refresh(cls.company, cls.customer)
        cls.case = cls.customer.collection_case_ids

    def setUp(self):
        super().setUp()
        self.contact = self._create_contact(
            self.customer, self.invoice, case_id=self.case.id
        )
        self.contact.item_ids.step_id = self.first_step
        self.mail = self._queue(self.contact)

    # === HELPERS === #

    def _finish(self, **values):
        """What Odoo calls at the end of sending an e-mail."""
        self.mail.state = "exception" if values else "sent"
        partners = [] if values else [self.customer]
        return self.mail._postprocess_sent_message(partners, [], **values)

    def _get_activities(self):
        return self.case.activity_ids.filtered(
            lambda activity: (
                activity.activity_type_id
                == self.env.ref("account_collections.mail_activity_type_address")
            )
        )

    def _receive_bounce(self, action="failed", **recipients):
        recipients = recipients or {"Final": "ada.fashion@example.com"}
        with self.mock_mail_gateway():
            self.env["mail.thread"].message_process(
                "mail.thread",
                BOUNCE.format(
                    action=action,
                    recipients="\n".join(
                        f"{kind}-Recipient: rfc822; {address}"
                        for kind, address in recipients.items()
                    ),
                    message_id=self.contact.mail_message_id.message_id,
                ),
            )

    def assertFailed(self, reason, failed_email):
        self.assertEqual(self.contact.state, "failed")
        self.assertIn(reason, self.contact.error)
        self.assertEqual(self.contact.run_line_id.state, "failed")
        self.assertIn(reason, self.contact.run_line_id.error)
        self.assertFalse(self.contact.item_ids.filtered("active"))
        self.assertEqual(self.customer.collection_failed_email, failed_email)
        self.assertEqual(len(self._get_activities()), 1 if failed_email else 0)

    # === TESTS === #

    def test_sent(self):
        message = self.contact.mail_message_id
        self._finish()
        self.assertEqual(self.contact.state, "sent")
        self.assertFalse(self.mail.exists())
        self.assertTrue(message.exists())
        self.assertEqual(message.notification_ids.notification_status, "sent")

    def test_address_that_fails(self):
        """Who is to blame decides what is remembered."""
        for failure, reason, is_address in (
            ("mail_email_invalid", "No valid recipient", True),
            ("mail_email_missing", "No recipient", True),
            ("unknown", REFUSED, True),
            ("unknown", BUSY, False),
            ("mail_smtp", "Connection refused", False),
            ("mail_from_invalid", "Bad sender", False),
        ):
            with self.subTest(failure=failure, reason=reason):
                contact = self._create_contact(
                    self.customer, self.invoice, case_id=self.case.id
                )
                mail = self._queue(contact)
                self.customer.collection_failed_email = False
                mail.state = "exception"
                mail._postprocess_sent_message(
                    [], [], failure_reason=reason, failure_type=failure
                )
                self.assertEqual(contact.state, "failed")
                self.assertEqual(
                    self.customer.collection_failed_email or None,
                    "ada.fashion@example.com" if is_address else None,
                )

    def test_words_for_an_accountant(self):
        """What happened comes first, then the mail server's own words, short."""
        several = REFUSED.replace("{", "{'second@example.com': (450, b'Busy'), ")
        several = several.replace("b'No such user'", str(b"5.1.1 It isn't\n5.1.1 here"))
        closed = "SMTPServerDisconnected: Connection closed"
        address = "The e-mail to ada.fashion@example.com failed: "
        refused = address + "the mail server refused the address "
        unsent = "The e-mail could not be sent: "
        for failure, reason, expected in (
            ("unknown", REFUSED, refused + "(550 No such user)"),
            ("unknown", several, refused + "(550 5.1.1 It isn't 5.1.1 here)"),
            ("unknown", BUSY, unsent + "the mail server refused it (450 No such user)"),
            ("unknown", closed, unsent + closed),
            ("unknown", "", unsent.strip()),
            ("mail_email_invalid", "x", address + "the address is not valid (x)"),
            ("mail_email_missing", "", address + "there is no address"),
            (
                "mail_smtp",
                "Connection refused",
                unsent + "our mail server cannot be reached (Connection refused)",
            ),
        ):
            with self.subTest(failure=failure, reason=reason):
                contact = self._create_contact(
                    self.customer, self.invoice, case_id=self.case.id
                )
                mail = self._queue(contact)
                mail.state = "exception"
                mail._postprocess_sent_message(
                    [], [], failure_reason=reason, failure_type=failure
                )
                self.assertEqual(contact.error.strip(), expected)
                self.assertEqual(contact.run_line_id.error, contact.error)

    def test_failure_gives_the_step_back(self):
        self._finish(failure_type="unknown", failure_reason=REFUSED)
        self.assertFailed("No such user", "ada.fashion@example.com")
        activity = self._get_activities()
        self.assertIn("ada.fashion@example.com", activity.summary)
        self.assertEqual(activity.date_deadline, TODAY)

    def test_next_run_sends_a_letter_until_the_address_changes(self):
        self._finish(failure_type="mail_email_invalid", failure_reason="Invalid")
        self.assertDecision(self._get_line(self._plan()), "contact 3 letter")
        self.customer.email = "new@example.com"
        self.assertDecision(self._get_line(self._plan()), "contact 3 email")

    def test_collector_is_asked_once(self):
        for _attempt in range(2):
            contact = self._create_contact(
                self.customer, self.invoice, case_id=self.case.id
            )
            mail = self._queue(contact)
            mail.state = "exception"
            mail._postprocess_sent_message(
                [], [], failure_reason="x", failure_type="mail_email_invalid"
            )
        self.assertEqual(len(self._get_activities()), 1)

    def test_words_of_the_mail_server(self):
        """What a stranger's server says is shown as text, never as HTML or a link."""
        reason = '550 <ada@example.com> is <a href="http://evil.example.com">gone</a>'
        self._finish(failure_type="mail_email_invalid", failure_reason=reason)
        note = self._get_activities().note
        self.assertIn("&lt;ada@example.com&gt;", note)
        self.assertNotIn("<a", note)
        self.assertIn(reason, html2plaintext(note))

    def test_our_server_is_down(self):
        """The e-mail stays as Odoo leaves it; the next run tries the step again."""
        self._finish(failure_type="mail_smtp", failure_reason="Connection refused")
        self.assertFailed("Connection refused", False)
        self.assertEqual(self.mail.state, "exception")
        self.assertDecision(self._get_line(self._plan()), "contact 3 email")

    def test_tried_again(self):
        """An e-mail that is tried again counts again, as long as no other followed."""
        self._finish(failure_type="mail_smtp", failure_reason="Connection refused")
        self.mail.action_retry()
        self.assertEqual(self.contact.state, "queued")
        self.assertTrue(self.contact.item_ids.active)
        self._finish()
        self.assertEqual(self.contact.state, "sent")

    def test_not_tried_again_after_another_contact(self):
        self._finish(failure_type="mail_smtp", failure_reason="Connection refused")
        self._queue(self._create_contact(self.customer, self.invoice))
        with self.assertRaisesRegex(UserError, "Ada Fashion has been contacted again"):
            self.mail.action_retry()

    def test_cancelled_or_deleted(self):
        """Who cancels or deletes an e-mail that has not left takes it back."""
        self.mail.cancel()
        self.assertEqual(self.contact.state, "void")
        other = self._create_contact(self.customer, self.invoice)
        self._queue(other).unlink()
        self.assertEqual(other.state, "void")

    def test_bounce(self):
        """What comes back after it had left was no contact either."""
        self._finish()
        self._receive_bounce()
        self.assertFailed("undeliverable", "ada.fashion@example.com")

    def test_bounce_of_an_address_that_has_changed(self):
        self._finish()
        self.customer.email = "new@example.com"
        self._receive_bounce()
        self.assertEqual(self.contact.state, "failed")
        self.assertDecision(self._get_line(self._plan()), "contact 3 email")

    def test_bounce_through_forwarding(self):
        """The address that was written to is to blame, whoever it forwards to, and
        the next run sends a letter."""
        self.mail.cancel()
        written, forwarded = "ada.fashion@example.com", "ada@elsewhere.example.com"
        for recipients in (
            {"Final": forwarded},
            {"Original": written, "Final": forwarded},
            {"Original": forwarded, "Final": forwarded},
        ):
            with self.subTest(**recipients):
                self.customer.collection_failed_email = False
                self.contact = self._create_contact(
                    self.customer, self.invoice, case_id=self.case.id
                )
                self.mail = self._queue(self.contact)
                self._finish()
                self._receive_bounce(**recipients)
                self.assertFailed(f"The e-mail to {written} failed", written)
                self.assertDecision(self._get_line(self._plan()), "contact 3 letter")

    def test_bounce_of_one_of_several_addresses(self):
        """Where a customer has several addresses, the server says which one failed."""
        self.customer.email = "ada.fashion@example.com, second@example.com"
        self._finish()
        self._receive_bounce(Final="second@example.com")
        self.assertEqual(self.customer.collection_failed_email, "second@example.com")

    def test_delay_is_no_bounce(self):
        self._finish()
        self._receive_bounce(action="delayed")
        self.assertEqual(self.contact.state, "sent")

    def test_mail_queue_goes_on(self):
        """Whatever goes wrong in our hook, Odoo's own work is done."""
        contact = type(self.contact)
        with (
            patch.object(contact, "_mark_undelivered", side_effect=ValueError),
            self.assertLogs("odoo.addons.account_collections", "ERROR"),
        ):
            self._finish(failure_type="unknown", failure_reason="x")
        notification = self.contact.mail_message_id.notification_ids
        self.assertEqual(notification.notification_status, "exception")
