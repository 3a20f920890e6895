from odoo import models
from odoo.tools import formatLang
from odoo.tools.misc import format_date


class AccountCollectionBarter(models.Model):
    """The written agreement of a barter: what both sides sign."""

    _name = "account.collection.barter"
    _inherit = ["account.collection.barter"]

    _agreement_report = "action_report_barter_agreement"
    _agreement_template = "mail_template_barter_agreement"
    _sent_states = ("proposed", "agreed")

    # === BUSINESS METHODS === #

    def _get_agreement_name(self):
        env = self.with_context(lang=self._get_lang()).env
        return env._("Barter agreement %s", self.name.replace("/", "-"))

    def _get_agreement_values(self):
        """Put what the agreement says into plain values, in the customer's language.

        :rtype: dict
        """
        self.ensure_one()
        lang = self._get_lang()
        barter = self.sudo().with_context(lang=lang)
        currency = barter.currency_id
        return {
            "barter": barter,
            "lang": lang,
            "partner": barter.partner_id,
            "company": barter.company_id,
            "amount_text": currency.format(barter.amount),
            "untaxed_text": currency.format(barter.amount_untaxed),
            "tax_text": currency.format(barter.amount_total - barter.amount_untaxed),
            "total_text": currency.format(barter.amount_total),
            "parties": barter._get_parties_text(),
            "promise": barter._get_promise_text(),
            "value": barter._get_value_text(),
            "debt": barter._get_debt_text(),
            "rules": barter._get_rule_texts(),
            "items": [
                {
                    "name": line.move_id.name,
                    "date_text": format_date(barter.env, line.date),
                    "date_due_text": format_date(
                        barter.env, line.date_maturity or line.date
                    ),
                    "amount_text": currency.format(covered),
                }
                for line, covered in barter._get_covered_amounts()
            ],
            "given": [barter._get_given_values(line) for line in barter.given_ids],
        }

    def _get_parties_text(self):
        """Say between whom it is.

        :rtype: str
        """
        return self.env._(
            "Between %(company)s and %(customer)s, of %(date)s.",
            company=self.company_id.name,
            customer=self.partner_id.name,
            date=format_date(self.env, self.date_start),
        )

    def _get_promise_text(self):
        """Say who gives what is listed, and by when.

        :rtype: str
        """
        return self.env._(
            "Instead of paying money, %(customer)s delivers by %(date)s:",
            customer=self.partner_id.name,
            date=format_date(self.env, self.date_deadline),
        )

    def _get_value_text(self):
        """Say how the values were established.

        :rtype: str
        """
        texts = [
            self.env._("The values are the fair values of what is delivered.")
            if self.value_basis == "fair_value"
            else self.env._(
                "The values follow the selling prices of %s for what is set off.",
                self.company_id.name,
            ),
            self._get_sentence(self.value_note),
        ]
        if self.evidence_ids:
            names = ", ".join(self.evidence_ids.mapped("name"))
            texts.append(self._get_sentence(self.env._("Evidence: %s", names)))
        return " ".join(filter(None, texts))

    def _get_sentence(self, text):
        """Close what somebody wrote with a full stop, so that more can follow.

        :param str text: the words, maybe none
        :rtype: str
        """
        text = (text or "").strip()
        return f"{text}." if text and text[-1] not in ".!?" else text

    def _get_debt_text(self):
        """Say what is owed.

        :rtype: str
        """
        return self.env._(
            "%(customer)s acknowledges to owe %(amount)s (%(words)s) for:",
            customer=self.partner_id.name,
            amount=self.currency_id.format(self.amount),
            words=self.currency_id.amount_to_text(self.amount),
        )

    def _get_rule_texts(self):
        """Say what both sides agree on besides.

        :return: whole sentences
        :rtype: list[str]
        """
        company, customer = self.company_id.name, self.partner_id.name
        texts = [
            self.env._(
                "%s bills what is delivered in time and accepted at the values above. "
                "The bill is set off against the documents above, the oldest first.",
                customer,
            ),
            self.env._(
                "What is not delivered in time, or not accepted, is owed in money as "
                "before."
            ),
            self.env._(
                "The invoices of both sides stay as they are, with their taxes."
            ),
            self.env._(
                "Until the day of delivery, no reminders are sent for what is set off."
            ),
        ]
        if self.amount_payable:
            texts.insert(
                1,
                self.env._(
                    "If everything is delivered, it is worth %(amount)s more than what "
                    "is set off. %(company)s pays that.",
                    amount=self.currency_id.format(self.amount_payable),
                    company=company,
                ),
            )
        return texts

    def _get_given_values(self, line):
        """Put one thing that is given into plain values.

        :param line: the `account.collection.barter.line`
        :rtype: dict
        """
        return {
            "name": line.name,
            "quantity_text": formatLang(
                self.env, line.quantity, dp="Product Unit", rounding_method="HALF-UP"
            ),
            "price_text": formatLang(
                self.env,
                line.price_unit,
                dp="Product Price",
                currency_obj=self.currency_id,
            ),
            "tax_text": ", ".join(
                tax.invoice_label or tax.name for tax in line.tax_ids
            ),
            "amount_text": self.currency_id.format(line.amount_untaxed),
        }
