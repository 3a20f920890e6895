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
        action, address = self._get_delivery_status(email_message)
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
                email=address or message_dict.get("bounced_email"),
            )
        return result

    # === HELPERS === #

    def _get_delivery_status(self, email_message):
        """Read what a mail server says of the delivery of an e-mail (RFC 3464).

        Odoo takes today's address of the customer where nobody has the address that
        bounced any more: it may have been corrected in the meantime.

        :param email_message: the bounce (`email.message.EmailMessage`)
        :return: the action, as `failed` or `delayed`, and the address; each empty if
            it is not said
        :rtype: tuple[str, str]
        """
        for part in email_message.walk():
            if part.get("Action"):
                recipient = part.get("Final-Recipient") or ""
                address = email_normalize(recipient.partition(";")[2].strip())
                return part["Action"].strip().lower(), address or ""
        return "", ""
