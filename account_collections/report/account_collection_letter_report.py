from odoo import models
from odoo.tools import format_date


class ReportLetter(models.AbstractModel):
    _name = "report.account_collections.report_letter"
    _description = "Dunning Letters"

    # === BUSINESS METHODS === #

    def _get_report_values(self, docids, data=None):
        """Give the report the letters that runs made, as they were kept.

        :param list docids: the contacts (`account.collection.contact`); those that
            are no letters of a run are left out
        :raise AccessError: when the user may not see the contacts
        """
        contacts = self.env["account.collection.contact"].browse(docids)
        contacts.check_access("read")
        # The messages of a case are for its followers; this is its own letter.
        letters = contacts.sudo()._filter_letters().filtered("mail_message_id")
        return {
            "doc_ids": letters.ids,
            "docs": contacts & letters,
            "letters": [
                self._prepare_letter(contact, (data or {}).get("without_statement"))
                for contact in letters
            ],
        }

    # === HELPERS === #

    def _prepare_letter(self, contact, without_statement=False):
        """Prepare the values of a printed letter.

        :param bool without_statement: leave out the statement that goes with it
        :rtype: dict
        """
        letter = self.env["account.collection.letter"]
        address = contact.address_id or contact.partner_id
        lang = letter._get_lang(address, contact.company_id)
        statement = None
        if contact.step_id.attach_statement and not without_statement:
            statement = (
                self.env["account.collection.statement"]
                .with_context(lang=lang)
                ._get_statement(
                    contact.partner_id,
                    contact.company_id,
                    contact.company_id._get_collection_day(),
                )
            )
        return {
            "contact": contact,
            "company": contact.company_id,
            "address": address.with_context(lang=lang),
            "lang": lang,
            "sender_text": self.env["account.collection.statement"]._get_sender_text(
                contact.company_id
            ),
            "date_text": format_date(self.env, contact.date, lang_code=lang),
            "subject": contact.mail_message_id.subject,
            "body": contact.mail_message_id.body,
            "statement": statement,
        }
