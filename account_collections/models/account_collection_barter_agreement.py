from odoo import models
from odoo.tools import formatLang
from odoo.tools.misc import format_date


class AccountCollectionBarter(models.Model):
    """The written agreement of a barter: what both sides sign."""

    _name = "account.collection.barter"
    _inherit = ["account.collection.barter"]

    _agreement_report = "action_report_barter_agreement"
    _agreement_template = "mail_template_barter_agreement"

    # === BUSINESS METHODS === #

    def _get_agreement_name(self):
        env = self.with_context(lang=self._get_lang()).env
        return f"{env._('Barter agreement')} {self.name.replace('/', '-')}"

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
            "date_text": format_date(barter.env, barter.date_start),
            "deadline_text": format_date(barter.env, barter.date_deadline),
            "amount_text": currency.format(barter.amount),
            "amount_words": currency.amount_to_text(barter.amount),
            "untaxed_text": currency.format(barter.amount_untaxed),
            "tax_text": currency.format(barter.amount_total - barter.amount_untaxed),
            "total_text": currency.format(barter.amount_total),
            "payable_text": barter.amount_payable
            and currency.format(barter.amount_payable),
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
            "evidence": barter.evidence_ids.mapped("name"),
        }

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
