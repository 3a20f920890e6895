"""Dunning e-mails leave through Odoo's mail queue and a real SMTP connection."""

import email
import email.policy
import socket
from unittest.mock import patch

import pytest
from aiosmtpd.controller import Controller

from odoo.tests import tagged

from odoo.addons.account_collections.tests.letter_common import LetterCommon
from odoo.addons.base.models.ir_mail_server import IrMail_Server


class Mailbox:
    """Keeps what arrives; knows no address that begins with "gone"."""

    def __init__(self):
        self.messages = {}

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if address.startswith("gone"):
            return "550 5.1.1 No such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):
        message = email.message_from_bytes(
            envelope.content, policy=email.policy.default
        )
        for address in envelope.rcpt_tos:
            self.messages.setdefault(address, []).append(message)
        return "250 OK"


@pytest.fixture(scope="class")
def mailbox(request):
    """An SMTP server of this test alone."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    handler = Mailbox()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    request.cls.mailbox, request.cls.port = handler, port
    yield
    controller.stop()


@tagged("post_install", "-at_install")
@pytest.mark.usefixtures("mailbox")
class TestMailSmtp(LetterCommon):
    # === HELPERS === #

    def _send_queue(self, port=None):
        """Do what Odoo's scheduled action of the mail queue does."""
        self.env["ir.mail_server"].search([]).active = False
        self.env["ir.mail_server"].create(
            {
                "name": "Test",
                "smtp_host": "127.0.0.1",
                "smtp_port": port or self.port,
                "smtp_encryption": "none",
            }
        )
        self.env["mail.mail"].search([("state", "=", "outgoing")]).filtered(
            lambda mail: mail not in self.mails
        ).state = "cancel"
        with patch.object(IrMail_Server, "_disable_send", lambda _self: False):
            self.env["mail.mail"].process_email_queue()

    def _execute(self):
        """Plan and execute a run, as the accountant does.

        :return: its contacts, by customer
        """
        run = self._plan()
        run.action_execute()
        contacts = self.env["account.collection.contact"].search(
            [("run_line_id.run_id", "=", run.id)]
        )
        self.mails = self.env["mail.mail"].search(
            [("mail_message_id", "in", contacts.mail_message_id.ids)]
        )
        return contacts.grouped("partner_id")

    def _get_part(self, message, content_type):
        return message.get_body((content_type,)).get_content()

    # === TESTS === #

    def test_run_reaches_the_customers(self):
        """Who gets what, in which language, with which table and attachments."""
        self.env["res.lang"]._activate_lang("de_DE")
        self.env["ir.module.module"]._load_module_terms(
            ["account_collections"], ["de_DE"]
        )
        self.customer.lang = "de_DE"
        billing = self.env["res.partner"].create(
            {
                "name": "Bea Buchhaltung",
                "type": "invoice",
                "parent_id": self.customer.id,
                "email": "bea@example.com",
                "lang": "de_DE",
            }
        )
        invoice = self._create_open_invoice(self.customer, 1234.5, 16, ref="PO 77")
        self._reach(invoice, 3)
        copy = self.env["ir.attachment"].create(
            {
                "name": "copy.pdf",
                "raw": b"%PDF-1.4 the copy that was stored",
                "mimetype": "application/pdf",
                "res_model": "account.move",
                "res_id": invoice.id,
                "res_field": "invoice_pdf_report_file",
            }
        )
        other = self._create_customer("Olive Grove")
        foreign = self._create_open_invoice(other, 99, 4)
        contacts = self._execute()
        self._send_queue()

        self.assertNotIn("ada.fashion@example.com", self.mailbox.messages)
        (message,) = self.mailbox.messages[billing.email]
        self.assertIn("Bea Buchhaltung", message["To"])
        self.assertEqual(
            message["Subject"], f"Zweite Zahlungserinnerung von {self.company.name}"
        )
        body = self._get_part(message, "html")
        (row, total) = [row for row in self._get_rows(body) if row[1:]]
        self.assertIn(invoice.name, row[0])
        self.assertIn("PO 77", row[0])
        self.assertEqual(row[1], "29.05.2024 16 Tage überfällig")
        self.assertEqual(total[1].replace("\xa0", " "), "$ 1.234,50")
        self.assertNotIn(foreign.name, body)
        self.assertIn(invoice.name, self._get_part(message, "plain"))
        (attachment,) = message.iter_attachments()
        self.assertEqual(attachment.get_filename(), "copy.pdf")
        self.assertEqual(attachment.get_content(), copy.raw)
        self.assertEqual(contacts[self.customer].state, "sent")

        (message,) = self.mailbox.messages[other.email]
        self.assertEqual(message["Subject"], "Reminder for Olive Grove")
        self.assertNotIn(invoice.name, self._get_part(message, "html"))
        self.assertFalse(list(message.iter_attachments()))
        self.assertEqual(contacts[other].state, "sent")

    def test_refused_address(self):
        """An address that the server refuses is no contact; the others are."""
        gone = self._create_customer("Gone Away", email="gone@example.com")
        here = self._create_customer("Still Here")
        for partner in gone + here:
            self._create_open_invoice(partner, 100, 4)
        contacts = self._execute()
        self._send_queue()
        self.assertEqual(contacts[here].state, "sent")
        self.assertEqual(contacts[gone].state, "failed")
        self.assertIn("No such user here", contacts[gone].error)
        self.assertEqual(gone.collection_failed_email, "gone@example.com")
        self.assertEqual(len(contacts[gone].case_id.activity_ids), 1)
        self.assertDecision(self._get_line(self._plan(), gone), "contact 3 letter")

    def test_server_is_down(self):
        """Where our own server does not answer, no address is to blame."""
        self._create_open_invoice(self.customer, 100, 4)
        contacts = self._execute()
        self._send_queue(port=1)
        self.assertEqual(contacts[self.customer].state, "failed")
        self.assertFalse(self.customer.collection_failed_email)
        self.assertEqual(self.mails.state, "exception")
        self.assertDecision(self._get_line(self._plan()), "contact 3 email")
