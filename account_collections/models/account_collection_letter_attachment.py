import logging

from odoo import Command, models
from odoo.exceptions import UserError

from .account_collection_statement import INVOICE_TYPES

_logger = logging.getLogger(__name__)


class AccountCollectionLetter(models.AbstractModel):
    """What goes with a letter: the statement and copies of the invoices.

    Making a PDF takes as long as a hundred letters. So those of an e-mail are made
    when Odoo's mail queue sends it, and a run is not kept waiting. One that cannot
    be made never keeps a letter back: it goes without, and the line of the run says
    so.
    """

    _name = "account.collection.letter"
    _inherit = ["account.collection.letter"]

    # === BUSINESS METHODS === #

    def _attach_documents(self, contact):
        """Attach what the step asks for to the e-mail of a contact, once.

        :param contact: the contact (`account.collection.contact`)
        """
        contact.is_attachment_pending = False
        record = contact._get_thread()
        attachments = self._make_enclosures(
            contact, lambda document: self._keep_document(record, document)
        )
        contact.mail_message_id.attachment_ids = [
            Command.link(attachment.id) for attachment in attachments
        ]

    def _make_enclosures(self, contact, use):
        """Make what goes with the letter of a contact, one by one. What cannot be
        made or used is left out, and the line of the run says so.

        :param contact: the contact (`account.collection.contact`)
        :param use: a function of a document (`name`, `content` and, if it is kept
            already, `attachment`), which gives what the caller needs of it
        :return: what `use` gave, in the order of the documents
        :rtype: list
        """
        made, missing = [], {}
        letter = self._prepare_contact_draft(contact)
        for name, make in self._get_enclosures(letter):
            try:
                with self.env.cr.savepoint():
                    made.append(use(make()))
            except Exception as error:
                if not isinstance(error, UserError):
                    _logger.warning("%s could not be made", name, exc_info=True)
                missing.setdefault(self._get_reason(error), []).append(name)
        contact.run_line_id.error = self._get_missing_text(missing)
        return made

    def _get_attached_invoices(self, letter):
        """The invoices of which a copy goes with a letter: those it asks for, if they
        are the customer's own.

        :param dict letter: the letter, or its draft
        :return: the invoices (`account.move`), by date
        """
        if not letter["step"].attach_invoices:
            return self.env["account.move"]
        lines = self.env["account.move.line"].browse(
            [item["line_id"] for item in letter["items"] if item["amount_residual"] > 0]
        )
        # The customer gets their invoices whatever the sender may see.
        return lines.sudo().move_id.filtered(
            lambda move: (
                move.move_type in INVOICE_TYPES
                and move.state == "posted"
                and move.commercial_partner_id == letter["partner"]
                and move.company_id.root_id == letter["company"]
            )
        )

    def _get_attachment_names(self, letter):
        """Name what would go with a letter, without making it.

        :param dict letter: the letter, or its draft
        :rtype: list[str]
        """
        names = letter["template"].sudo().attachment_ids.mapped("name")
        if letter["step"].attach_statement:
            names.append(self.env._("Statement of account"))
        return names + self._get_attached_invoices(letter).mapped("name")

    def _get_pdf_problem(self):
        """Say why no PDF can be made on this system, or nothing.

        :rtype: str
        """
        state = self.env["ir.actions.report"].get_wkhtmltopdf_state()
        if state in ("install", "broken"):
            return self.env._(
                "No PDF can be made: wkhtmltopdf does not work on the server. Ask "
                "your administrator to install it."
            )
        return ""

    def _check_pdf(self):
        """Refuse to print where that is impossible.

        :raise UserError: with what to do
        """
        if problem := self._get_pdf_problem():
            raise UserError(problem)

    # === HELPERS === #

    def _get_enclosures(self, letter):
        """Name what goes with a letter, and how each document is made.

        :param dict letter: the letter, or its draft
        :return: names and functions, which give the document or raise
        :rtype: list[tuple]
        """
        enclosures = [
            (invoice.name, lambda invoice=invoice: self._make_copy(invoice))
            for invoice in self._get_attached_invoices(letter)
        ]
        if letter["step"].attach_statement:
            name = self.env._("Statement of account")
            enclosures.insert(0, (name, lambda: self._make_statement(letter)))
        return enclosures

    def _get_missing_text(self, missing):
        """Say that a letter went without some documents.

        :param dict missing: the names of the documents, by the reason
        :rtype: str
        """
        if not missing:
            return ""
        return self.env._(
            "Sent without %s",
            "; ".join(f"{', '.join(names)}: {why}" for why, names in missing.items()),
        )

    def _keep_document(self, record, document):
        """Keep a document with a record, unless it is kept already.

        :return: the attachment (`ir.attachment`)
        """
        return document.get("attachment") or self.env["ir.attachment"].sudo().create(
            self._prepare_attachment(record, document["name"], document["content"])
        )

    def _prepare_attachment(self, record, filename, content):
        """Prepare an attachment of the case, else of the contact.

        :return: values of an `ir.attachment`
        :rtype: dict
        """
        return {
            "name": filename,
            "raw": content,
            "mimetype": "application/pdf",
            "res_model": record._name,
            "res_id": record.id,
        }

    def _make_copy(self, invoice):
        """Take the PDF of an invoice, or make one of an invoice that was never
        printed, by the report that sending it takes. That is not kept as the PDF of
        the invoice: sending it may have to put electronic data into it.

        :return: `name`, `content`, and `attachment` if it is the PDF of the invoice
        :rtype: dict
        :raise UserError: when no PDF can be made
        """
        if stored := invoice.invoice_pdf_report_id:
            return {"name": stored.name, "content": stored.raw, "attachment": stored}
        self._check_pdf()
        action = invoice.env["account.move.send"]._get_default_pdf_report_id(invoice)
        # Rendered as Odoo renders invoices to send, which keeps no file.
        reports = invoice.env["ir.actions.report"].with_company(invoice.company_id)
        name = action.report_name
        rendered, kind = reports._pre_render_qweb_pdf(name, invoice.ids)
        contents = reports._get_splitted_report(name, rendered, kind)
        return {
            "name": invoice._get_invoice_report_filename(report=action),
            "content": contents[invoice.id],
        }

    def _make_statement(self, letter):
        """Make the statement of account of a customer, in the language of the letter.

        :return: `name` and `content`
        :rtype: dict
        :raise UserError: when no PDF can be made
        """
        self._check_pdf()
        report = self.env["ir.actions.report"].with_context(lang=letter["lang"])
        content, _type = report._render_qweb_pdf(
            "account_collections.action_report_statement",
            letter["partner"].ids,
            data={"company_id": letter["company"].id, "lang": letter["lang"]},
        )
        name = self.with_context(lang=letter["lang"]).env._("Statement of account")
        return {"name": f"{name} {letter['date']}.pdf", "content": content}
