from odoo import api, models


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    # === BUSINESS METHODS === #

    @api.model
    def _routing_handle_bounce(self, email_message, message_dict):
        """A letter that comes back, often hours later, was never a contact."""
        result = super()._routing_handle_bounce(email_message, message_dict)
        message = message_dict.get("bounced_message")
        if message and not self._is_delay_notice(email_message):
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
                email=message_dict.get("bounced_email"),
            )
        return result

    # === HELPERS === #

    def _is_delay_notice(self, email_message):
        """Whether a mail server only says that it is still trying (RFC 3464)."""
        actions = {
            (block.get("Action") or "").strip().lower()
            for part in email_message.walk()
            if part.get_content_type() == "message/delivery-status"
            and part.is_multipart()
            for block in part.get_payload()
        }
        return "delayed" in actions and "failed" not in actions
