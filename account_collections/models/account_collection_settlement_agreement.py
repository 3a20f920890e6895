from odoo import models
from odoo.tools.misc import format_date


class AccountCollectionSettlement(models.Model):
    """The offer in writing: what the customer gets, and what they accept."""

    _name = "account.collection.settlement"
    _inherit = ["account.collection.settlement"]

    _agreement_report = "action_report_settlement_offer"
    _agreement_template = "mail_template_settlement_offer"
    _sent_states = ("offered", "accepted")

    # === BUSINESS METHODS === #

    def _prepare_terms(self):
        return {
            **super()._prepare_terms(),
            "settlement": self.name,
            "debt": self._get_amount_text(self.amount_covered),
            "nature": self.nature,
            "expires_on": self.date_expiry.isoformat(),
            "payments": [
                [payment.date_due.isoformat(), self._get_amount_text(payment.amount)]
                for payment in self.payment_ids.sorted(
                    lambda payment: (payment.date_due, payment.id)
                )
            ],
        }

    def _get_agreement_name(self):
        env = self.with_context(lang=self._get_lang()).env
        title = env._("Settlement offer")
        return f"{title} {self.name.replace('/', '-')}"

    def _is_due_before_expiry(self):
        """Whether something is to be paid before the offer expires: paying that accepts
        it.

        :rtype: bool
        """
        return any(payment.date_due <= self.date_expiry for payment in self.payment_ids)

    def _has_other_open_items(self):
        """Whether the customer owes something that the settlement does not cover.

        :rtype: bool
        """
        items = self.env["account.collection.open.item"]._get_open_items(
            self.company_id,
            self.company_id._get_collection_day(),
            self.partner_id.ids,
        )
        return any(
            item["residual"] > 0 and item["line_id"] not in self.line_ids.ids
            for item in items
        )

    def _get_agreement_values(self):
        """Put what the offer says into plain values, in the customer's language.

        :rtype: dict
        """
        self.ensure_one()
        lang = self._get_lang()
        settlement = self.sudo().with_context(lang=lang)
        env, currency = settlement.env, settlement.currency_id
        return {
            "settlement": settlement,
            "lang": lang,
            "partner": settlement.partner_id,
            "company": settlement.company_id,
            "date_text": format_date(env, settlement.date_start),
            "expiry_text": format_date(env, settlement.date_expiry),
            "is_due_before": settlement._is_due_before_expiry(),
            "amount_text": currency.format(settlement.amount),
            "amount_words": currency.amount_to_text(settlement.amount),
            "covered_text": currency.format(settlement.amount_covered),
            "waived_text": currency.format(settlement.amount_waived),
            "items": [
                {
                    "name": line.move_id.name,
                    "date_text": format_date(env, line.date),
                    "date_due_text": format_date(env, line.date_maturity or line.date),
                    "amount_text": currency.format(covered),
                }
                for line, covered in settlement._get_covered_amounts()
            ],
            "payments": [
                {
                    "date_text": format_date(env, payment.date_due),
                    "amount_text": currency.format(payment.amount),
                }
                for payment in settlement.payment_ids
            ],
            "bank_text": env["account.collection.statement"]._get_bank_text(
                [
                    {"kind": "invoice", "bank_id": move.partner_bank_id.id}
                    for move in settlement.line_ids.move_id
                ],
                settlement.company_id,
            ),
        }
