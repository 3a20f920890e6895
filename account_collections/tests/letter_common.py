from lxml import html

from odoo import Command

from .common import TODAY, CollectionCommon


class LetterCommon(CollectionCommon):
    """Letters to customers, from run lines that act."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Only the engine writes run lines and contacts, with the rights to do so.
        cls.engine = cls.env(su=True)
        cls.letters = cls.engine["account.collection.letter"]
        cls.first_step = cls.steps.filtered(lambda step: step.delay_days == 3)
        cls.first_step.mail_template_id.write(
            {
                "subject": "Reminder for {{ object.partner_id.name }}",
                "body_html": '<p>Hello <t t-out="object.address_id.name"/></p>'
                '<div class="o_collection_items">here</div>'
                "<p>Goodbye</p>",
            }
        )

    # === HELPERS === #

    @classmethod
    def _create_contact(cls, partner, moves, step=None, **values):
        """Create a contact as a run line does, about the items of some moves."""
        step = step or cls.first_step
        run = cls.env["account.collection.run"].create(
            {"date": TODAY, "company_id": cls.company.id}
        )
        line = cls.engine["account.collection.run.line"].create(
            {
                "run_id": run.id,
                "partner_id": partner.id,
                "decision": "contact",
                "channel": values.get("channel", "email"),
                "step_id": step.id,
            }
        )
        return cls.engine["account.collection.contact"].create(
            {
                "partner_id": partner.id,
                "company_id": cls.company.id,
                "date": TODAY,
                "channel": "email",
                "step_id": step.id,
                "run_line_id": line.id,
                "address_id": partner.id,
                "item_ids": [
                    Command.create(
                        {
                            "line_id": item.id,
                            "amount_residual": item.amount_residual_currency,
                        }
                    )
                    for move in moves
                    for item in cls._get_receivable_line(move)
                ],
                **values,
            }
        )

    def _compose(self, contact):
        """Compose the letter of a contact, which must succeed."""
        draft = self.letters._prepare_contact_draft(contact)
        letters, errors = self.letters._compose([draft])
        self.assertFalse(errors)
        return letters[contact.run_line_id]

    def _get_body(self, contact):
        return self.letters._get_body(self._compose(contact))

    def _get_rows(self, body):
        """The rows of the tables in a body, as texts of their cells."""
        return [
            [" ".join(cell.text_content().split()) for cell in row.xpath("./td")]
            for row in html.fromstring(f"<div>{body}</div>").xpath("//table//tr")
            if row.xpath("./td")
        ]

    def _queue(self, contacts):
        """Queue the e-mails of contacts, which must succeed.

        :return: the e-mails (`mail.mail`)
        """
        self.assertFalse(self.letters._queue_emails(contacts))
        return self.env["mail.mail"].search(
            [("mail_message_id", "in", contacts.mail_message_id.ids)], order="id"
        )

    def _attach(self, mail):
        """Attach what Odoo's mail queue attaches when it sends an e-mail.

        :return: the attachments (`ir.attachment`)
        """
        mail._prepare_outgoing_list()
        return mail.attachment_ids

    def _store_copy(self, invoice, content=b"%PDF-1.4 stored"):
        """Store the PDF of an invoice, as Odoo does when it is sent."""
        return self.env["ir.attachment"].create(
            {
                "name": f"{invoice.name.replace('/', '_')}.pdf",
                "raw": content,
                "mimetype": "application/pdf",
                "res_model": "account.move",
                "res_id": invoice.id,
                "res_field": "invoice_pdf_report_file",
            }
        )

    def _accept_payments(self):
        """Let the portal take payments of invoices."""
        self.env["ir.config_parameter"].set_param(
            "account_payment.enable_portal_payment", "True"
        )
        self.env["payment.provider"].create(
            {
                "name": "Test",
                "code": "none",
                "state": "test",
                "is_published": True,
                "company_id": self.company.id,
            }
        )
