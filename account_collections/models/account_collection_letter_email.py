from markupsafe import Markup

from odoo import Command, models
from odoo.tools import SQL, clean_context
from odoo.tools.mail import generate_tracking_message_id

from .account_collection_letter import PLACEHOLDER

# Stands in the layout for the body, so that it is rendered once for many letters.
BODY_MARK = "o_collection_body_mark"


class AccountCollectionLetter(models.AbstractModel):
    """Letters on their way by e-mail."""

    _name = "account.collection.letter"
    _inherit = ["account.collection.letter"]

    # === BUSINESS METHODS === #

    def _queue_emails(self, contacts):
        """Compose the e-mails of contacts and put them into Odoo's mail queue.

        Messages, mails and notifications are created in batch, without following
        anybody or notifying followers; Odoo's queue sends them after the commit.

        :param contacts: queued contacts (`account.collection.contact`) by e-mail
        :return: the contacts whose e-mail could not be made, with the reason in words
        :rtype: dict
        """
        drafts = {contact: self._prepare_contact_draft(contact) for contact in contacts}
        letters, errors = self._compose(list(drafts.values()))
        sent = contacts.browse(
            [
                contact.id
                for contact, draft in drafts.items()
                if draft["line"] in letters
            ]
        )
        if sent:
            self._create_mails(
                {contact: letters[drafts[contact]["line"]] for contact in sent}
            )
            # Whoever executes a run need not be allowed to see scheduled actions.
            self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()
        return {
            contact: errors[draft["line"]]
            for contact, draft in drafts.items()
            if draft["line"] in errors
        }

    def _get_preview(self, letter):
        """The letter as the customer would see it, to be shown in Odoo.

        :param dict letter: what was composed
        :rtype: Markup
        """
        if letter["channel"] == "letter":
            return self._get_body(letter)
        return self._wrap(letter, {})

    # === HELPERS === #

    def _create_mails(self, letters):
        """Create messages, mails and notifications of composed letters.

        :param dict letters: the letters, by contact
        """
        reply_to = self._get_reply_to(letters)
        subtype = self.env.ref("mail.mt_comment")
        layouts = {}
        # The letter is the engine's, whoever executes it.
        env = self.sudo().with_context(clean_context(self.env.context)).env
        messages = env["mail.message"].create(
            [
                {
                    **self._prepare_message(contact, letter),
                    "subtype_id": subtype.id,
                    "reply_to": reply_to[contact],
                }
                for contact, letter in letters.items()
            ]
        )
        mails = env["mail.mail"].create(
            [
                self._prepare_mail(message, letter, layouts)
                for message, letter in zip(messages, letters.values(), strict=True)
            ]
        )
        env["mail.notification"].create(
            [
                self._prepare_notification(mail, message, letter)
                for mail, message, letter in zip(
                    mails, messages, letters.values(), strict=True
                )
            ]
        )
        self._insert_tables(messages, letters.values())
        for contact, letter in letters.items():
            step = letter["step"]
            if step.attach_statement or step.attach_invoices:
                contact.is_attachment_pending = True
        self._link_messages(letters, messages)

    def _prepare_message(self, contact, letter):
        """Prepare the message that stays on the case, else on the contact.

        :return: values of a `mail.message`
        :rtype: dict
        """
        record = contact._get_thread()
        sender = self._get_sender(contact)
        company = contact.company_id
        return {
            "subject": letter["subject"],
            "body": letter["words"],
            "model": record._name,
            "res_id": record.id,
            "message_type": "email_outgoing",
            "author_id": sender["author_id"],
            "email_from": sender["email_from"],
            "message_id": generate_tracking_message_id(f"{record.id}-{record._name}"),
            "record_company_id": company.id,
            "record_alias_domain_id": company.sudo().alias_domain_id.id,
            "partner_ids": [Command.link(letter["address"].id)],
            "attachment_ids": [
                Command.link(attachment.id)
                for attachment in letter["template"].sudo().attachment_ids
            ],
            "mail_server_id": letter["template"].sudo().mail_server_id.id,
        }

    def _link_messages(self, contacts, messages):
        """Let contacts know their messages, in one statement."""
        links = SQL(", ").join(
            SQL("(%s, %s)", contact.id, message.id)
            for contact, message in zip(contacts, messages, strict=True)
        )
        contacts = self.env["account.collection.contact"].browse(
            [contact.id for contact in contacts]
        )
        contacts.flush_recordset(["mail_message_id"])
        self.env.cr.execute(
            SQL(
                """
                UPDATE account_collection_contact
                   SET mail_message_id = link.message_id
                  FROM (VALUES %s) AS link (id, message_id)
                 WHERE account_collection_contact.id = link.id
                """,
                links,
            )
        )
        contacts.invalidate_recordset(["mail_message_id", "letter"], flush=False)

    def _insert_tables(self, messages, letters):
        """Put the tables of open items into the messages that keep the letters.

        The words were sanitized by Odoo, whoever wrote them. The table is ours, made
        of escaped values: sanitizing it too would take as long as all the rest.
        """
        messages.flush_recordset(["body"])
        self.env.cr.execute(
            SQL(
                """
                UPDATE mail_message
                   SET body = REPLACE(mail_message.body, %s, letter.items)
                  FROM (VALUES %s) AS letter (id, items)
                 WHERE mail_message.id = letter.id
                """,
                PLACEHOLDER,
                SQL(", ").join(
                    SQL("(%s, %s)", message.id, letter["table"])
                    for message, letter in zip(messages, letters, strict=True)
                ),
            )
        )
        messages.invalidate_recordset(["body", "preview"], flush=False)

    def _prepare_mail(self, message, letter, layouts):
        """Prepare the e-mail of a message.

        It is deleted once it was sent; the message remains.

        :param dict layouts: the layouts rendered so far, by company and language
        :return: values of a `mail.mail`
        :rtype: dict
        """
        return {
            "mail_message_id": message.id,
            "body_html": self._wrap(letter, layouts),
            "recipient_ids": [Command.link(letter["address"].id)],
            "references": message.message_id,
            "auto_delete": True,
        }

    def _prepare_notification(self, mail, message, letter):
        """Prepare the notification that shows on the message what became of it.

        :return: values of a `mail.notification`
        :rtype: dict
        """
        return {
            "author_id": message.author_id.id,
            "mail_mail_id": mail.id,
            "mail_message_id": message.id,
            "res_partner_id": letter["address"].id,
            "notification_type": "email",
            "notification_status": "ready",
            "is_read": True,
        }

    def _wrap(self, letter, layouts):
        """Put the company's sheet around the body of a letter.

        :rtype: Markup
        """
        key = (letter["company"], letter["lang"])
        if key not in layouts:
            layouts[key] = self._render_layout(*key).split(Markup(BODY_MARK), 1)
        head, tail = layouts[key]
        return head + self._get_body(letter) + tail

    def _render_layout(self, company, lang):
        """Render the company's sheet in a language, with a mark for the body."""
        return Markup("<!DOCTYPE html>\n") + self.env["ir.qweb"].with_context(
            lang=lang
        )._render(
            "account_collections.email_layout",
            # Its address is printed on every letter.
            {"company": company.sudo(), "lang": lang, "body": BODY_MARK},
            minimal_qcontext=True,
        )

    def _get_sender(self, contact):
        """Who writes: the collector of the case, else the company.

        :return: `author_id, email_from`
        :rtype: dict
        """
        user = contact.case_id.user_id
        partner = (
            user.partner_id if user.email else contact.company_id.sudo().partner_id
        )
        if not partner.email:
            partner = self.env.user.partner_id
        return {"author_id": partner.id, "email_from": partner.email_formatted}

    def _get_reply_to(self, letters):
        """Where the answers go to: to the letter by the catchall address, if there is
        one, else to the sender.

        :return: the address, by contact
        :rtype: dict
        """
        reply_to = {}
        for model in ("account.collection.case", "account.collection.contact"):
            contacts = [
                contact for contact in letters if contact._get_thread()._name == model
            ]
            if not contacts:
                continue
            records = self.env[model].browse(
                [contact._get_thread().id for contact in contacts]
            )
            senders = {
                record.id: self._get_sender(contact)
                for record, contact in zip(records, contacts, strict=True)
            }
            addresses = records._notify_get_reply_to_batch(
                defaults={
                    res_id: sender["email_from"] for res_id, sender in senders.items()
                },
                author_ids={
                    res_id: sender["author_id"] for res_id, sender in senders.items()
                },
            )
            for record, contact in zip(records, contacts, strict=True):
                reply_to[contact] = addresses[record.id]
        return reply_to
