from odoo import models
from odoo.tools import SQL


class AccountCollectionResolution(models.AbstractModel):
    """What the customer is told of an agreement. A message that asks for money is a
    contact: the dunning leaves a gap after it, and one that fails is noticed."""

    _name = "account.collection.resolution"
    _inherit = ["account.collection.resolution"]

    # === BUSINESS METHODS === #

    def _send_notice(self, template, attachment=None, is_demand=False):
        """Write to the customer about what is agreed; the message is queued.

        :param str template: the name of the mail template
        :param attachment: what goes with it (`ir.attachment`)
        :param bool is_demand: whether it asks for money
        """
        self.ensure_one()
        if is_demand and self._is_left_alone():
            self.message_post(
                body=self.env._(
                    "%s was not written to: nobody is to ask them for money now.",
                    self.partner_id.display_name,
                )
            )
            return
        address = self._get_email_address()
        if not address:
            self.message_post(
                body=self.env._(
                    "%s was not written to: there is no e-mail address that works. "
                    "Send a letter, or call.",
                    self.partner_id.display_name,
                )
            )
            return
        # The customer is written to whatever the sender may see; words of the
        # template and no other come from the database.
        message = (
            self.sudo()
            .with_context(mail_notify_force_send=False)
            .message_post_with_source(
                self.env.ref(f"account_collections.{template}").sudo(),
                message_type="comment",
                subtype_xmlid="mail.mt_note",
                partner_ids=address.ids,
                attachment_ids=attachment.ids if attachment else [],
                email_layout_xmlid="mail.mail_notification_light",
            )
        )
        if is_demand:
            # Contacts are recorded whoever causes them.
            self.env["account.collection.contact"].sudo().create(
                self._prepare_notice_contact(message, address)
            )

    def _prepare_notice_contact(self, message, address):
        """Prepare the contact that a message makes.

        :param message: the message (`mail.message`)
        :param address: who it was written to (`res.partner`)
        :return: values of an `account.collection.contact`
        :rtype: dict
        """
        return {
            "partner_id": self.partner_id.id,
            "company_id": self.company_id.id,
            "case_id": self.case_id.id,
            "date": self.company_id._get_collection_day(),
            "channel": "email",
            "user_id": self.env.user.id,
            "address_id": address.id,
            "mail_message_id": message.id,
            "note": message.subject,
        }

    # === HELPERS === #

    def _notify_get_recipients_groups(self, message, model_description, msg_vals=False):
        """Link nobody to a document that they cannot open: there is no page for
        customers. So no link carries a token either."""
        groups = super()._notify_get_recipients_groups(
            message, model_description, msg_vals=msg_vals
        )
        groups = [group for group in groups if group[0] != "portal_customer"]
        for name, _is_in_group, data in groups:
            if name != "user":
                data["has_button_access"] = False
        return groups

    def _is_left_alone(self):
        """Whether nobody asks the customer for money now: they are not to be contacted,
        or somebody else collects.

        :rtype: bool
        """
        self.ensure_one()
        today = self.company_id._get_collection_day()
        # It holds whoever may see who was handed over or put off.
        sudo = self.sudo()
        return sudo.case_id.state == "handed_over" or bool(
            sudo.env["account.collection.hold"].search_count(
                [
                    ("is_whole_customer", "=", True),
                    ("partner_id", "=", self.partner_id.id),
                    ("company_id", "=", self.company_id.id),
                    ("date_start", "<=", today),
                    "|",
                    ("date_end", "=", False),
                    ("date_end", ">=", today),
                ],
                limit=1,
            )
        )

    def _get_email_address(self):
        """Where the customer gets what concerns collections.

        :return: the contact (`res.partner`), empty if no address works
        """
        partners = self.env["res.partner"]
        partners.flush_model()
        rows = self.env.execute_query(
            partners._get_collection_address_query(
                SQL("partner.commercial_partner_id = %s", self.partner_id.id)
            )
        )
        return partners.browse([email_id for _id, email_id, _post in rows if email_id])
