from odoo import models
from odoo.tools.misc import format_date, formatLang


class AccountCollectionReturn(models.Model):
    """What the customer is told of a return, and the slip that goes with the goods."""

    _name = "account.collection.return"
    _inherit = ["account.collection.return"]

    # The mail template of each state that the customer is told of; the authorization
    # goes with the return slip.
    _notices = {
        "rejected": "mail_template_return_rejected",
        "expired": "mail_template_return_expired",
        "credited": "mail_template_return_credited",
    }

    # === BUSINESS METHODS === #

    def _on_state(self, former):
        result = super()._on_state(former)
        if self.state in ("expired", "credited") and not self.date_end:
            # Found by the evaluation, and not written by hand.
            self.sudo().date_end = self.company_id._get_collection_day()
        if self.state == "expired":
            self._on_ended()
        if self.state == "authorized":
            self._send_agreement()
        elif self.state in self._notices:
            self._send_notice(self._notices[self.state])
        elif self.state == "received" and former == "credited":
            self._tell_undone()
        return result

    def _tell_undone(self):
        """Say that the value is held again, because the credit note was undone."""
        self.message_post(
            body=self.env._(
                "The credit note is not posted any more, or was reversed: the goods "
                "are here, and their value is held until they are credited."
            )
        )
        self.sudo().activity_schedule(
            "mail.mail_activity_data_todo",
            date_deadline=self.company_id._get_collection_day(),
            summary=self.env._("Credit the returned goods"),
            user_id=(self.user_id or self.env.user).id,
            automated=True,
        )

    # === HELPERS === #

    def _get_agreement_name(self):
        self.ensure_one()
        title = self._get_customer_env()._("Return Slip")
        return f"{title} {self.name.replace('/', '-')}"

    def _get_slip_values(self):
        """Put what the return slip says into plain values, in the customer's language.

        :rtype: dict
        """
        self.ensure_one()
        lang = self._get_lang()
        one = self.sudo().with_context(lang=lang)
        conditions = dict(
            one.return_line_ids._fields["condition"]._description_selection(one.env)
        )
        return {
            "return": one,
            "lang": lang,
            "partner": one.partner_id,
            "company": one.company_id,
            "address": one.address_id,
            "date_text": format_date(one.env, one.date_start),
            "deadline_text": format_date(one.env, one.date_deadline),
            "amount_text": one.currency_id.format(one.amount),
            "freight_text": one.freight_amount
            and one.currency_id.format(one.freight_amount),
            "lines": [
                {
                    "name": line.name,
                    "invoice": line.move_id.name,
                    "quantity_text": one._get_quantity_text(line),
                    "condition": conditions[line.condition],
                    "restocking_text": line.restocking_percent
                    and f"{one._get_number_text(line.restocking_percent)} %",
                    "amount_text": one.currency_id.format(line.amount),
                }
                for line in one.return_line_ids
            ],
        }

    def _get_quantity_text(self, line):
        """A quantity with its unit, in the customer's language.

        :param line: the goods (`account.collection.return.line`)
        :rtype: str
        """
        number = self._get_number_text(line.quantity)
        return f"{number} {line.product_uom_id.name or ''}".strip()

    def _get_number_text(self, number):
        """A number without needless decimals, in the customer's language.

        :rtype: str
        """
        digits = 0 if number == int(number) else 2
        return formatLang(self.env, number, digits=digits)
