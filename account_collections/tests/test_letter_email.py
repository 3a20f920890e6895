from unittest.mock import patch

from odoo.tests import tagged

from .common import TODAY
from .letter_common import LetterCommon


@tagged("post_install", "-at_install")
class TestLetterEmail(LetterCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls._create_open_invoice(cls.customer, 100, 10)

    def test_mail(self):
        """The e-mail goes to the address from the collector, and stays on the case."""
        self.env["account.collection.case"]._refresh(self.company, self.customer)
        case = self.customer.collection_case_ids
        user = self.env.user.copy(
            {"name": "Cora", "login": "cora", "email": "cora@us.example.com"}
        )
        case.sudo().user_id = user
        contact = self._create_contact(self.customer, self.invoice, case_id=case.id)
        mail = self._queue(contact)
        message = contact.mail_message_id
        self.assertEqual(mail.recipient_ids, self.customer)
        self.assertFalse(mail.email_to)
        self.assertEqual(mail.state, "outgoing")
        self.assertTrue(mail.auto_delete)
        self.assertEqual(mail.email_from, '"Cora" <cora@us.example.com>')
        self.assertEqual(message.author_id, user.partner_id)
        self.assertEqual((message.model, message.res_id), (case._name, case.id))
        self.assertEqual(message.subject, "Reminder for Ada Fashion")
        self.assertEqual(self._get_rows(message.body)[-1], ["Total", "$ 100.00"])
        self.assertIn(message.body, mail.body_html)
        self.assertEqual(message.notified_partner_ids, self.customer)
        self.assertEqual(message.notification_ids.notification_status, "ready")
        self.assertEqual(contact.state, "queued")

    def test_mail_without_case(self):
        """A reminder before the due date stays on the contact, which not everybody
        sees who sees the customer."""
        contact = self._create_contact(self.customer, self.invoice)
        self._queue(contact)
        message = contact.mail_message_id
        self.assertEqual((message.model, message.res_id), (contact._name, contact.id))

    def test_nobody_else_is_told(self):
        """Followers are not notified, nobody becomes one, and who opted out of
        marketing is written to all the same."""
        self.env["account.collection.case"]._refresh(self.company, self.customer)
        case = self.customer.collection_case_ids
        follower = self.env["res.partner"].create(
            {"name": "Fay", "email": "fay@example.com"}
        )
        case.message_subscribe(follower.ids)
        followers = case.message_partner_ids
        self.env["mail.blacklist"]._add(self.customer.email)
        contact = self._create_contact(self.customer, self.invoice, case_id=case.id)
        mail = self._queue(contact)
        self.assertEqual(mail.recipient_ids, self.customer)
        self.assertEqual(mail.notification_ids.res_partner_id, self.customer)
        self.assertEqual(case.message_partner_ids, followers)

    def test_answers_come_back(self):
        """The reply goes to the catchall address, by which it finds the letter."""
        domain = self.env["mail.alias.domain"].create(
            {"name": "us.example.com", "catchall_alias": "all"}
        )
        self.company.alias_domain_id = domain
        contact = self._create_contact(self.customer, self.invoice)
        mail = self._queue(contact)
        self.assertIn("all@us.example.com", mail.reply_to)
        self.assertIn(f"-{contact.id}-{contact._name}@", mail.message_id)
        self.assertEqual(mail.record_alias_domain_id, domain)

    def test_queries(self):
        """The number of queries does not depend on the number of customers."""
        counts = []
        for size in (2, 12):
            contacts = self.engine["account.collection.contact"]
            for number in range(size):
                partner = self._create_customer(f"Customer {size} {number}")
                invoices = self._create_open_invoice(partner)
                invoices += self._create_open_invoice(partner, 50, 4)
                contacts += self._create_contact(partner, invoices)
            self._queue(contacts[:1])
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertFalse(self.letters._queue_emails(contacts[1:]))
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(*counts)

    def test_attachments(self):
        """The statement and copies of the own invoices go with the letter; a stored
        copy is taken as it is."""
        step = self.first_step
        step.write({"attach_statement": True, "attach_invoices": True})
        stored = self._store_copy(self.invoice)
        other = self._create_open_invoice(self.customer, 30, 4)
        refund = self._create_open_invoice(self.customer, 10, 4, move_type="out_refund")
        contact = self._create_contact(self.customer, self.invoice + other + refund)
        mail = self._queue(contact)
        self.assertFalse(mail.attachment_ids)
        attachments = self._attach(mail)
        self.assertEqual(self._attach(mail), attachments)
        self.assertIn(stored, attachments)
        names = attachments.mapped("name")
        self.assertEqual(len(names), 3)
        self.assertIn(f"Statement of account {TODAY}.pdf", names)
        self.assertIn(other._get_invoice_report_filename(), names)
        self.assertFalse(contact.run_line_id.error)

    def test_copy_is_the_invoice(self):
        """A late invoice that was never printed goes as the invoice, by the report
        that sending it takes, not as a pro forma. That does not send the invoice."""
        invoice, self.first_step.attach_invoices = self.invoice, True
        original = self.env.ref("account.account_invoices")
        report = original.copy(
            {"print_report_name": "'Own %s' % object.name", "is_invoice_report": True}
        )
        for holder, expected in (
            (self.env["account.journal"], original),
            (invoice.journal_id, report),
        ):
            holder.invoice_template_pdf_report_id = report
            messages, sent = invoice.message_ids, invoice.is_move_sent
            with self.subTest(report=expected.print_report_name):
                contact = self._create_contact(self.customer, invoice)
                with patch.object(
                    type(report),
                    "_pre_render_qweb_pdf",
                    autospec=True,
                    side_effect=type(report)._pre_render_qweb_pdf,
                ) as render:
                    mail = self._queue(contact)
                    copy = self._attach(mail)
                    self.assertEqual(self._attach(mail), copy)
                self.assertEqual(render.call_count, 1)
                self.assertEqual(
                    copy.name, invoice._get_invoice_report_filename(report=expected)
                )
                for words in (copy.name.encode(), copy.raw):
                    self.assertNotIn(b"proforma", words.lower())
                self.assertIn(invoice.name.encode(), copy.raw)
                self.assertEqual(copy.res_model, contact._get_thread()._name)
                self.assertFalse(invoice.invoice_pdf_report_id)
                self.assertEqual(invoice.message_ids, messages)
                self.assertEqual(invoice.is_move_sent, sent)

    def test_attachments_are_the_own(self):
        """An invoice that was moved to another customer does not go along."""
        stranger = self._create_customer("Stranger")
        self.first_step.attach_invoices = True
        contact = self._create_contact(self.customer, self.invoice)
        draft = self.letters._prepare_contact_draft(contact)
        self.assertEqual(self.letters._get_attached_invoices(draft), self.invoice)
        draft["partner"] = stranger
        self.assertFalse(self.letters._get_attached_invoices(draft))

    def test_without_wkhtmltopdf(self):
        """Without PDF the letter goes, with the copies that there are, and the line
        says what is missing."""
        self.first_step.write({"attach_statement": True, "attach_invoices": True})
        stored = self._store_copy(self.invoice)
        contact = self._create_contact(self.customer, self.invoice)
        report = type(self.env["ir.actions.report"])
        self.patch(report, "get_wkhtmltopdf_state", lambda _self: "install")
        mail = self._queue(contact)
        self.assertEqual(self._attach(mail), stored)
        self.assertRegex(
            contact.run_line_id.error,
            "Sent without Statement of account: .*wkhtmltopdf does not work",
        )

    def test_report_that_fails(self):
        """A PDF that cannot be made never keeps the letter back."""
        self.first_step.attach_statement = True
        contact = self._create_contact(self.customer, self.invoice)

        def fail(*_args, **_kwargs):
            raise ValueError("out of paper")

        report = type(self.env["ir.actions.report"])
        self.patch(report, "_render_qweb_pdf", fail)
        mail = self._queue(contact)
        with self.assertLogs("odoo.addons.account_collections", "WARNING"):
            self.assertFalse(self._attach(mail))
        self.assertIn("out of paper", contact.run_line_id.error)
