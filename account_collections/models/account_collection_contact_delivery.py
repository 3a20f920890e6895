from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import email_normalize_all

from odoo.addons.base.models.ir_qweb_fields import nl2br_enclose

from .account_collection_contact import LIVE_STATES


class AccountCollectionContact(models.Model):
    """What becomes of an e-mail after Odoo's mail queue has taken it over."""

    _name = "account.collection.contact"
    _inherit = ["account.collection.contact"]

    # === FIELDS === #

    is_attachment_pending = fields.Boolean(
        readonly=True,
        help="The statement and the copies of invoices are made when the e-mail is "
        "sent.",
    )
    email = fields.Char(
        readonly=True,
        help="Where the e-mail was sent to. The customer's address may have changed "
        "since.",
    )

    # === BUSINESS METHODS === #

    def _mark_emailed(self):
        """Record that the e-mails of these queued contacts left, and where to."""
        for contact in self:
            contact.email = ", ".join(email_normalize_all(contact.address_id.email))
        self._mark_sent()

    def _mark_undelivered(self, reason, is_address_wrong, emails=()):
        """Record that e-mails did not reach the customer, whoever is to blame.

        Where it is the address, it is remembered, so that the next run sends a
        letter until it changes, and the collector is asked to find a better one.
        Where it is our mail server, the next run simply tries again.

        :param str reason: what the mail server says
        :param bool is_address_wrong: whether the address is to blame
        :param emails: the addresses that the mail server names, the most telling
            first
        """
        contacts = self.filtered(lambda contact: contact.state in LIVE_STATES)
        if not contacts:
            return
        if is_address_wrong:
            for contact in contacts:
                failed = contact._get_failed_email(emails)
                contact._remember_failed_email(failed)
                contact._mark_failed(
                    self.env._(
                        "The e-mail to %(address)s failed: %(reason)s",
                        address=failed or contact.address_id.display_name,
                        reason=reason,
                    )
                )
            contacts._ask_for_address()
        else:
            contacts._mark_failed(
                self.env._("The e-mail could not be sent: %s", reason)
            )
        self.env["account.collection.case"]._refresh_after_commit(contacts.partner_id)

    def _remember_failed_email(self, email):
        """Write no more to an address that failed, whichever contact has it.

        :param str email: the address, normalized
        """
        self.ensure_one()
        family = (
            self.env["res.partner"]
            .sudo()
            .search(
                [
                    ("commercial_partner_id", "=", self.partner_id.id),
                    ("email_normalized", "=", email),
                ]
            )
        )
        (family | self.address_id.sudo()).collection_failed_email = email

    def _mark_queued(self):
        """Count failed contacts again, because their e-mails are tried again.

        :raise UserError: when a customer has been contacted in the meantime
        """
        for contact in self:
            later = self.search_count(
                [
                    ("partner_id", "=", contact.partner_id.id),
                    ("company_id", "=", contact.company_id.id),
                    ("direction", "=", "out"),
                    ("state", "in", LIVE_STATES),
                    ("id", ">", contact.id),
                ],
                limit=1,
            )
            if later:
                raise UserError(
                    self.env._(
                        "%s has been contacted again since this e-mail failed. Cancel "
                        "the e-mail instead of sending it.",
                        contact.partner_id.display_name,
                    )
                )
            # Whoever tries again says that the address works.
            contact.address_id.collection_failed_email = False
        self.write({"state": "queued", "error": False})
        self.item_ids.active = True
        self.run_line_id.write({"state": "done", "error": False})

    def _withdraw(self):
        """Take back those of these contacts that have not left yet."""
        waiting = self.filtered(lambda contact: contact.state == "queued")
        waiting._mark_void()
        self.env["mail.mail"].search(
            [
                ("mail_message_id", "in", waiting.mail_message_id.ids),
                ("state", "=", "outgoing"),
            ]
        ).cancel()

    # === HELPERS === #

    def _get_failed_email(self, emails):
        """Tell which address failed: one that was written to, for a mailbox that it
        forwards to is not the customer's address.

        :param emails: the addresses that the mail server names
        :return: the address, else False
        """
        written = email_normalize_all(self.email or self.address_id.email)
        named = [email for email in emails if email in written]
        return next(iter(named or written), False)

    def _ask_for_address(self):
        """Ask the collectors for better addresses, once for each customer."""
        kind = self.env.ref("account_collections.mail_activity_type_address")
        records = {contact: contact._get_thread() for contact in self}
        asked = {
            (activity.res_model, activity.res_id)
            for activity in self.env["mail.activity"].search(
                [
                    ("activity_type_id", "=", kind.id),
                    ("res_id", "in", [record.id for record in records.values()]),
                ]
            )
        }
        vals_list = {
            (record._name, record.id): contact._prepare_address_activity(kind, record)
            for contact, record in records.items()
            if (record._name, record.id) not in asked
        }
        self.env["mail.activity"].with_context(mail_activity_quick_update=True).create(
            list(vals_list.values())
        )

    def _prepare_address_activity(self, kind, record):
        """Prepare the activity that asks for a better address.

        :param kind: the type of activity (`mail.activity.type`)
        :param record: the case, else the contact
        :return: values of a `mail.activity`
        :rtype: dict
        """
        self.ensure_one()
        return {
            "res_model_id": self.env["ir.model"]._get_id(record._name),
            "res_id": record.id,
            "activity_type_id": kind.id,
            "summary": self.env._(
                "E-mail to %s failed: ask for a better address",
                self.address_id.email or self.address_id.display_name,
            ),
            "note": nl2br_enclose(self.error, "p"),
            "user_id": self.case_id._get_responsible(self.company_id, self.user_id).id,
            "date_deadline": self.company_id._get_collection_day(),
            "automated": True,
        }
