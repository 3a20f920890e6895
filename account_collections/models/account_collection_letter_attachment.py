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

    _inherit = "account.collection.letter"

    # === BUSINESS METHODS === #

    def _attach_documents(self, contact):
        """Attach what the step asks for to the e-mail of a contact, once.

        :param contact: the contact (`account.collection.contact`)
        """
        contact.is_attachment_pending = False
        letter = self._prepare_contact_draft(contact)
        attachments, error = self._get_step_attachments(contact, letter)
        message = contact.mail_message_id
        message.attachment_ids = [
            Command.link(attachment.id) for attachment in attachments
        ]
        if error:
            contact.run_line_id.error = error

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

    def _get_step_attachments(self, contact, letter):
        """Make the attachments of one letter.

        :return: the attachments (`ir.attachment`), and in words what is missing
        :rtype: tuple
        """
        attachments = self.env["ir.attachment"].sudo()
        missing, problem = [], self._get_pdf_problem()
        invoices = self._get_attached_invoices(letter)
        for invoice in invoices.filtered("invoice_pdf_report_id"):
            attachments |= invoice.invoice_pdf_report_id
        wanted = [
            (invoice.name, lambda invoice=invoice: self._make_copy(invoice))
            for invoice in invoices - invoices.filtered("invoice_pdf_report_id")
        ]
        if letter["step"].attach_statement:
            name = self.env._("Statement of account")
            wanted.insert(0, (name, lambda: self._make_statement(letter)))
        record = contact.case_id or contact.partner_id
        for name, make in wanted:
            try:
                if problem:
                    raise UserError(problem)
                with self.env.cr.savepoint():
                    filename, content = make()
            except Exception as error:
                if not problem:
                    _logger.warning("%s could not be made", name, exc_info=True)
                missing.append(f"{name}: {self._get_reason(error)}")
            else:
                attachments |= attachments.create(
                    self._prepare_attachment(record, filename, content)
                )
        return attachments, self._get_missing_text(missing, problem, wanted)

    def _get_missing_text(self, missing, problem, wanted):
        """Say that a letter went without some documents."""
        if not missing:
            return ""
        if problem:
            names = ", ".join(name for name, _make in wanted)
            missing = [f"{names}: {problem}"]
        return self.env._("Sent without %s", "; ".join(missing))

    def _prepare_attachment(self, record, filename, content):
        """Prepare an attachment of the case, else of the customer.

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
        """Make the copy of an invoice that was never printed, as Odoo's portal does:
        a pro forma, which leaves it to the accountant to issue the invoice itself.

        :return: the name and the content of the file
        :rtype: tuple[str, bytes]
        """
        document = invoice._get_invoice_legal_documents("pdf", allow_fallback=True)
        return document["filename"], document["content"]

    def _make_statement(self, letter):
        """Make the statement of account of a customer, in the language of the letter.

        :return: the name and the content of the file
        :rtype: tuple[str, bytes]
        """
        report = self.env["ir.actions.report"].with_context(lang=letter["lang"])
        content, _type = report._render_qweb_pdf(
            "account_collections.action_report_statement",
            letter["partner"].ids,
            data={"company_id": letter["company"].id, "lang": letter["lang"]},
        )
        name = self.with_context(lang=letter["lang"]).env._("Statement of account")
        return f"{name} {letter['date']}.pdf", content
