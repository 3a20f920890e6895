import io
import logging

from odoo import models
from odoo.exceptions import UserError
from odoo.tools.mail import generate_tracking_message_id
from odoo.tools.pdf import PdfReader, PdfWriter

from odoo.addons.base.models.ir_actions_report import _wkhtml

from .account_collection_contact import LIVE_STATES

_logger = logging.getLogger(__name__)


class AccountCollectionLetter(models.AbstractModel):
    """Letters on paper.

    What a letter says is kept in a message when it is first printed, so
    that a second print says the same.
    """

    _name = "account.collection.letter"
    _inherit = ["account.collection.letter"]

    # === BUSINESS METHODS === #

    def _keep_letters(self, contacts):
        """Compose letters and keep them in messages; nobody is notified.

        :param contacts: contacts (`account.collection.contact`) by letter
        :return: the contacts whose letter could not be made, with the reason in words
        :rtype: dict
        """
        drafts = {contact: self._prepare_contact_draft(contact) for contact in contacts}
        letters, errors = self._compose(list(drafts.values()))
        made = [contact for contact in drafts if drafts[contact]["line"] in letters]
        letters = [letters[drafts[contact]["line"]] for contact in made]
        # The letter is the engine's, whoever prints it.
        messages = (
            self.env["mail.message"]
            .sudo()
            .create(
                [
                    self._prepare_letter_message(contact, letter)
                    for contact, letter in zip(made, letters, strict=True)
                ]
            )
        )
        if messages:
            self._insert_tables(messages, letters)
        for contact, message in zip(made, messages, strict=True):
            contact.mail_message_id = message
        return {
            contact: errors[draft["line"]]
            for contact, draft in drafts.items()
            if draft["line"] in errors
        }

    def _prepare_letter_message(self, contact, letter):
        """Prepare the message that keeps a printed letter.

        :return: values of a `mail.message`
        :rtype: dict
        """
        record = contact._get_thread()
        return {
            "subject": letter["subject"],
            "body": letter["words"],
            "model": record._name,
            "res_id": record.id,
            "message_type": "notification",
            "subtype_id": self.env.ref("mail.mt_note").id,
            "author_id": self.env.user.partner_id.id,
            "message_id": generate_tracking_message_id(f"{record.id}-{record._name}"),
            "record_company_id": contact.company_id.id,
        }

    def _render_letters(self, contacts):
        """Render letters as one PDF, each followed by what its step encloses.

        :param contacts: the contacts, whose letters were kept
        :return: the content of the file
        :rtype: bytes
        """
        contacts.run_line_id.error = False
        parts = []
        groups = contacts.grouped(lambda contact: contact.step_id.attach_invoices)
        for has_copies, group in groups.items():
            at_once = [] if has_copies else self._render_at_once(group)
            parts += at_once or self._render_one_by_one(group)
        return parts[0] if len(parts) == 1 else self._merge(parts)

    # === HELPERS === #

    def _render_at_once(self, contacts):
        """Render letters and their statements in one go, if that is possible.

        Where one of them cannot be rendered, none is, as where the build of
        wkhtmltopdf cannot convert several documents at once, such as Debian's.

        :return: the content of the file, else nothing
        :rtype: list[bytes]
        """
        if not _wkhtml().is_patched_qt:
            return []
        try:
            with self.env.cr.savepoint():
                return [self._render_letter(contacts)]
        except Exception:
            _logger.warning("Letters are rendered one by one", exc_info=True)
            return []

    def _render_one_by_one(self, contacts):
        """Render letters, each followed by what can be made of its enclosures.

        :return: the contents of the files, in order
        :rtype: list[bytes]
        """
        parts = []
        for contact in contacts:
            parts.append(self._render_letter(contact, {"without_statement": True}))
            # What cannot be read alone could not be put behind the letter either.
            parts += self._make_enclosures(
                contact, lambda document: self._merge([document["content"]])
            )
        return parts

    def _render_letter(self, contacts, data=None):
        content, _type = self.env["ir.actions.report"]._render_qweb_pdf(
            "account_collections.action_report_letter", contacts.ids, data=data
        )
        return content

    def _merge(self, parts):
        """Put PDF files one behind the other.

        Odoo's own function calls what current versions of the library have removed.
        """
        writer = PdfWriter()
        for part in parts:
            for page in PdfReader(io.BytesIO(part), strict=False).pages:
                writer.add_page(page)
        content = io.BytesIO()
        writer.write(content)
        return content.getvalue()


class AccountCollectionContact(models.Model):
    _name = "account.collection.contact"
    _inherit = ["account.collection.contact"]

    # === ACTION METHODS === #

    def action_print(self):
        """Print these letters as one PDF; those that were queued are sent thereby.

        :return: an action that downloads the file
        :rtype: dict
        :raise UserError: when none is a letter, or no PDF can be made
        """
        self.check_access("read")
        waiting = self._filter_letters().filtered(
            lambda contact: contact.state == "queued"
        )
        waiting._bring_up_to_date()
        if waiting and not self._filter_letters():
            return self.env["account.collection.run"]._prepare_nothing_to_print()
        return self._print_letters(self[:1], self.env._("Letter"))

    # === BUSINESS METHODS === #

    def _print_letters(self, record, title):
        """Print letters as one PDF, which is kept on a record.

        :param record: the contact or run that keeps the file
        :param str title: the beginning of the name of the file
        :return: an action that downloads it
        :rtype: dict
        :raise UserError: when there is no letter to print, or no PDF can be made
        """
        letter = self.env["account.collection.letter"]
        letter._check_pdf()
        # Nobody but the engine writes contacts.
        contacts = self.sudo()._filter_letters()
        errors = letter._keep_letters(
            contacts.filtered(lambda contact: not contact.mail_message_id)
        )
        for contact, error in errors.items():
            contact._mark_failed(error)
        contacts = contacts.filtered("mail_message_id")
        if not contacts:
            raise UserError(
                "\n".join(errors.values())
                or self.env._("There is no letter to print here.")
            )
        attachment = contacts._keep_file(
            record,
            f"{title} {contacts[0].date}",
            letter.sudo()._render_letters(contacts),
        )
        contacts._mark_sent()
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{attachment.id}?download=true",
            "target": "download",
        }

    # === HELPERS === #

    def _filter_letters(self):
        """The letters that a run made and that count.

        A letter that a person wrote and logged is known by their note alone, which
        is not for the customer.
        """
        return self.filtered(
            lambda contact: (
                contact.channel == "letter"
                and contact.state in LIVE_STATES
                and contact.run_line_id
                and contact.step_id
            )
        )

    def _keep_file(self, record, title, content):
        """Keep the print of these letters on a record. Letters that are printed for
        the first time are kept beside those that were printed before; a second print
        is kept instead of the first.

        :param record: the contact or run that keeps the file
        :param str title: the name of the file, but the number and the extension
        :param bytes content: the PDF
        :return: the file (`ir.attachment`)
        """
        # Whoever may print need not be allowed to write the run or the contact.
        attachments = self.env["ir.attachment"].sudo()
        values = {"mimetype": "application/pdf", "raw": content}
        scope = {"res_model": record._name, "res_id": record.id}
        prints = attachments.search(
            [
                *((name, "=", value) for name, value in scope.items()),
                ("name", "=like", f"{title}%.pdf"),
            ],
            order="id",
        )
        if prints and "queued" not in self.mapped("state"):
            prints[0].write(values)
            return prints[0]
        number = f" ({len(prints) + 1})" if prints else ""
        return attachments.create({**values, **scope, "name": f"{title}{number}.pdf"})


class AccountCollectionRun(models.Model):
    _name = "account.collection.run"
    _inherit = ["account.collection.run"]

    # === ACTION METHODS === #

    def _prepare_nothing_to_print(self):
        """Say that the letters that waited have become needless.

        :rtype: dict
        """
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": self.env._(
                    "Nothing is left to print: the customers have paid since, or are "
                    "not to be contacted any more."
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_print_letters(self):
        """Print the letters of the run that wait for it; once all were printed, print
        them all again.

        :return: an action that downloads the file
        :rtype: dict
        :raise UserError: when there is no letter to print, or no PDF can be made
        """
        self.ensure_one()
        self.check_access("read")
        letters = self.env["account.collection.contact"].search(
            [
                ("run_line_id.run_id", "=", self.id),
                ("channel", "=", "letter"),
                ("state", "in", LIVE_STATES),
            ],
            order="id",
        )
        waiting = letters.filtered(lambda contact: contact.state == "queued")
        if waiting and not (waiting := waiting._bring_up_to_date()):
            return self._prepare_nothing_to_print()
        return (waiting or letters)._print_letters(self, self.env._("Letters"))


class AccountCollectionCase(models.Model):
    _name = "account.collection.case"
    _inherit = ["account.collection.case"]

    # === ACTION METHODS === #

    def action_print_statement(self):
        """Print the statement of account of the customer, in their language.

        :return: an action that downloads the file
        :rtype: dict
        :raise UserError: when no PDF can be made
        """
        self.check_access("read")
        self.env["account.collection.letter"]._check_pdf()
        report = self.env.ref("account_collections.action_report_statement")
        partners = self.partner_id
        return report.report_action(
            partners,
            data={"partner_ids": partners.ids, "company_id": self.company_id[:1].id},
            config=False,
        )
