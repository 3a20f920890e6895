from odoo import api, models
from odoo.tools import email_normalize


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    # === BUSINESS METHODS === #

    @api.model
    def _routing_handle_bounce(self, email_message, message_dict):
        """A letter that comes back, often hours later, was never a contact."""
        result = super()._routing_handle_bounce(email_message, message_dict)
        message = message_dict.get("bounced_message")
        action, emails = self._get_delivery_status(email_message)
        # "Delayed" only says that the mail server is still trying.
        if message and action != "delayed":
            # The mail gateway knows nothing of the rights on contacts.
            self.env["account.collection.contact"].sudo().search(
                [
                    ("mail_message_id", "in", message.ids),
                    ("channel", "=", "email"),
                    ("state", "in", ("queued", "sent")),
                ]
            )._mark_undelivered(
                self.env._("it came back as undeliverable"),
                is_address_wrong=True,
                emails=emails,
            )
        return result

    # === HELPERS === #

    def _get_delivery_status(self, email_message):
        """Read what a mail server says of the delivery of an e-mail (RFC 3464).

        The final recipient may be a mailbox that the original one forwards to.

        :param email_message: the bounce (`email.message.EmailMessage`)
        :return: the action, as `failed` or `delayed`, empty if it is not said, and
            the addresses that are named, the original recipient first
        :rtype: tuple[str, list[str]]
        """
        for part in email_message.walk():
            if part.get("Action"):
                named = [
                    email_normalize(part.get(name, "").partition(";")[2].strip())
                    for name in ("Original-Recipient", "Final-Recipient")
                ]
                return part["Action"].strip().lower(), list(filter(None, named))
        return "", []
