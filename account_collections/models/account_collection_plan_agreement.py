from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date


class AccountCollectionPlan(models.Model):
    """The written agreement: what the customer gets, and what they accept."""

    _name = "account.collection.plan"
    _inherit = ["account.collection.plan"]

    _agreement_report = "action_report_plan_agreement"
    _agreement_template = "mail_template_plan_agreement"
    _sent_states = ("proposed", "active", "at_risk")

    # === ACTION METHODS === #

    def action_send(self):
        """Send the agreement to the customer once more.

        :raise UserError: when it is not approved or made out yet, or has ended
        """
        for plan in self:
            if plan.state == "proposed" and plan._waits_for_approval():
                raise UserError(
                    self.env._(
                        "%s waits for the approval of a manager: nothing is sent to "
                        "the customer before.",
                        plan.name,
                    )
                )
        return super().action_send()

    # === BUSINESS METHODS === #

    def _on_accepted(self):
        result = super()._on_accepted()
        if self.state == "proposed" and not self._waits_for_approval():
            self._activate()
            self._send_agreement()
        return result

    def _prepare_terms(self):
        return {
            **super()._prepare_terms(),
            "plan": self.name,
            "grace_days": self.grace_days,
            "cure_days": self.cure_days,
            "keep_current": self.keep_current,
            "installments": [
                [row.date_due.isoformat(), self._get_amount_text(row.amount)]
                for row in self.installment_ids.sorted(
                    lambda row: (row.date_due, row.id)
                )
            ],
        }

    def _get_agreement_name(self):
        env = self.with_context(lang=self._get_lang()).env
        # Terms inside formatted strings are not found for translation.
        title = env._("Payment plan")
        return f"{title} {self.name.replace('/', '-')}"

    def _get_agreement_values(self):
        """Put what the agreement says into plain values, in the customer's language.

        :rtype: dict
        """
        self.ensure_one()
        lang = self._get_lang()
        plan = self.sudo().with_context(lang=lang)
        currency = plan.currency_id
        rows = plan.installment_ids.sorted(lambda row: (row.date_due, row.id))
        return {
            "plan": plan,
            "lang": lang,
            "partner": plan.partner_id,
            "company": plan.company_id,
            "date_text": format_date(plan.env, plan.date_start),
            "amount_text": currency.format(plan.amount),
            "amount_words": currency.amount_to_text(plan.amount),
            "items": [
                {
                    "name": line.move_id.name,
                    "date_text": format_date(plan.env, line.date),
                    "date_due_text": format_date(
                        plan.env, line.date_maturity or line.date
                    ),
                    "amount_text": currency.format(covered),
                }
                for line, covered in plan._get_covered_amounts()
            ],
            "installments": [
                {
                    "number": number,
                    "is_deposit": row.is_deposit,
                    "date_text": format_date(plan.env, row.date_due),
                    "limit_text": format_date(
                        plan.env, fields.Date.add(row.date_due, days=plan.grace_days)
                    ),
                    "amount_text": currency.format(row.amount),
                }
                for number, row in enumerate(rows, 1)
            ],
            "bank_text": plan.env["account.collection.statement"]._get_bank_text(
                [
                    {"kind": "invoice", "bank_id": move.partner_bank_id.id}
                    for move in plan.line_ids.move_id
                ],
                plan.company_id,
            ),
        }
