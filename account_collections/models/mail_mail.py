import logging
import re

from odoo import models

_logger = logging.getLogger(__name__)

# The answer of a mail server that refused a recipient for good: (550, b'No such user').
REFUSED_ADDRESS = re.compile(r"SMTPRecipientsRefused.*?\(5\d\d, ", re.DOTALL)

# The answers of a mail server in what Odoo says: their codes and words.
ANSWER = re.compile(r"\((\d{3}), b(?:'(.*?)'|\"(.*?)\")[,)]", re.DOTALL)


class MailMail(models.Model):
    """Tell the dunning what became of its e-mails."""

    _inherit = "mail.mail"

    # === CRUD METHODS === #

    def unlink(self):
        """An e-mail that is deleted before it left was never a contact."""
        waiting = self.filtered(lambda mail: mail.state == "outgoing")
        waiting._get_collection_contacts()._mark_void()
        return super().unlink()

    # === BUSINESS METHODS === #

    def cancel(self):
        """An e-mail that is cancelled before it left was never a contact."""
        contacts = self._get_collection_contacts(["queued", "void"])
        contacts._mark_void()
        contacts.mail_message_id.notification_ids.filtered(
            lambda notification: notification.notification_status == "ready"
        ).notification_status = "canceled"
        return super().cancel()

    def mark_outgoing(self):
        """What is tried again counts as a contact again, unless the customer was
        contacted in the meantime."""
        self._get_collection_contacts(["failed"])._mark_queued()
        return super().mark_outgoing()

    def send(self, auto_commit=False, raise_exception=False, post_send_callback=None):
        self._cancel_needless()
        return super().send(
            auto_commit=auto_commit,
            raise_exception=raise_exception,
            post_send_callback=post_send_callback,
        )

    def _prepare_outgoing_list(self, mail_server=False, doc_to_followers=None):
        self._attach_collection_documents()
        return super()._prepare_outgoing_list(
            mail_server=mail_server, doc_to_followers=doc_to_followers
        )

    def _postprocess_sent_message(
        self, success_pids, success_emails, failure_reason=False, failure_type=None
    ):
        # Before, because Odoo deletes the e-mails.
        if contacts := self._get_collection_contacts():
            self._report_to_collection(contacts, failure_reason, failure_type)
        return super()._postprocess_sent_message(
            success_pids, success_emails, failure_reason, failure_type
        )

    # === HELPERS === #

    def _get_collection_contacts(self, states=("queued",)):
        """The contacts with customers that these e-mails make."""
        # The mail queue knows nothing of the rights on contacts.
        return (
            self.env["account.collection.contact"]
            .sudo()
            .search(
                [
                    ("mail_message_id", "in", self.sudo().mail_message_id.ids),
                    ("channel", "=", "email"),
                    ("state", "in", list(states)),
                ]
            )
        )

    def _cancel_needless(self):
        """Cancel the e-mails that ask for what has been paid since they were queued.
        Whatever goes wrong, the mail queue goes on."""
        try:
            with self.env.cr.savepoint():
                contacts = self._get_collection_contacts().filtered("run_line_id")
                needless = contacts._drop_needless()
                if needless:
                    self.filtered(
                        lambda mail: (
                            mail.state == "outgoing"
                            and mail.mail_message_id in needless.mail_message_id
                        )
                    ).cancel()
        except Exception:
            _logger.exception("E-mails %s are sent as they are", self.ids)

    def _attach_collection_documents(self):
        """Make what goes with these e-mails. Whatever goes wrong, they leave."""
        contacts = self._get_collection_contacts()
        for contact in contacts.filtered("is_attachment_pending"):
            try:
                with self.env.cr.savepoint():
                    contact.env["account.collection.letter"]._attach_documents(contact)
            except Exception:
                _logger.exception("%s goes without attachments", contact.display_name)

    def _report_to_collection(self, contacts, failure_reason, failure_type):
        """Record that e-mails left or failed. Whatever goes wrong in here, the mail
        queue goes on."""
        try:
            with self.env.cr.savepoint():
                # Odoo may fail without saying why.
                if not failure_type and "exception" not in self.mapped("state"):
                    contacts._mark_emailed()
                else:
                    contacts._mark_undelivered(
                        self._get_failure_text(
                            failure_reason or self[:1].failure_reason or "",
                            failure_type,
                        ),
                        is_address_wrong=self._is_address_wrong(
                            failure_reason, failure_type
                        ),
                    )
        except Exception:
            _logger.exception("Contacts %s could not be updated", contacts.ids)

    def _is_address_wrong(self, failure_reason, failure_type):
        """Whether the customer's address is to blame, and not our mail server, which
        may work again at the next run."""
        return failure_type in ("mail_email_invalid", "mail_email_missing") or bool(
            REFUSED_ADDRESS.search(failure_reason or "")
        )

    def _get_failure_text(self, reason, failure_type):
        """Say why an e-mail failed: what happened, then the mail server's words.

        :param str reason: what Odoo or the mail server says
        :param str failure_type: what Odoo takes it for, if it knows
        :rtype: str
        """
        # Of several recipients, the one that was refused for good.
        code, *words = max(ANSWER.findall(reason), default=("",))
        answer = " ".join([code, *words]).replace("\\n", " ")
        answer = " ".join(answer.split()) or reason
        what = {
            "mail_email_invalid": self.env._("the address is not valid"),
            "mail_email_missing": self.env._("there is no address"),
            "mail_from_invalid": self.env._("our sender's address is not valid"),
            "mail_from_missing": self.env._("our sender has no address"),
            "mail_smtp": self.env._("our mail server cannot be reached"),
            "mail_spam": self.env._("it was taken for spam"),
        }.get(failure_type)
        if REFUSED_ADDRESS.search(reason):
            what = self.env._("the mail server refused the address")
        elif code and not what:
            what = self.env._("the mail server refused it")
        return f"{what} ({answer})" if what and answer else what or answer
