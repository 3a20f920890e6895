import hashlib
import json
import logging

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, get_lang
from odoo.tools.misc import format_date

_logger = logging.getLogger(__name__)


class AccountCollectionPlan(models.Model):
    """The written agreement: what the customer gets, and what they accept."""

    _name = "account.collection.plan"
    _inherit = ["account.collection.plan"]

    # === FIELDS === #

    accepted_by = fields.Char(
        readonly=True, copy=False, help="Who accepted it, at the customer's."
    )
    date_accepted = fields.Datetime(string="Accepted On", readonly=True, copy=False)
    accepted_terms = fields.Text(
        readonly=True, copy=False, help="The terms as they were accepted."
    )
    accepted_hash = fields.Char(
        string="Fingerprint",
        readonly=True,
        copy=False,
        help="SHA-256 of the terms that were accepted. Any change would show.",
    )

    # === ACTION METHODS === #

    def action_accept(self, name):
        """Record that the customer accepts the terms as they stand. A plan within the
        policy that waited for it is in force thereby.

        :param str name: who accepts, at the customer's
        :raise UserError: when nothing is proposed, or it was accepted before
        """
        for plan in self:
            plan._lock_in(plan._live_states)
            if plan.date_accepted:
                raise UserError(
                    self.env._(
                        "%(plan)s was accepted by %(name)s already.",
                        plan=plan.name,
                        name=plan.accepted_by,
                    )
                )
            if not (name or "").strip():
                raise UserError(self.env._("Enter the name of who accepts."))
            terms = plan._get_terms_text()
            # Recorded here alone, with the terms as they stand.
            plan.sudo().write(
                {
                    "accepted_by": name.strip(),
                    "date_accepted": fields.Datetime.now(),
                    "accepted_terms": terms,
                    "accepted_hash": plan._get_hash(terms),
                }
            )
            plan.message_post(
                body=self.env._("The terms were accepted by %s.", plan.accepted_by)
            )
            if plan.state == "proposed" and not plan.limits_exceeded:
                plan._activate()

    def action_print(self):
        """Print the agreement.

        :return: an action that downloads it
        :rtype: dict
        :raise UserError: when no PDF can be made
        """
        self.check_access("read")
        self.env["account.collection.letter"]._check_pdf()
        return self.env.ref(
            "account_collections.action_report_plan_agreement"
        ).report_action(self)

    def action_send(self):
        """Send the agreement to the customer once more."""
        self.check_access("write")
        self._send_agreement()

    # === BUSINESS METHODS === #

    def _send_agreement(self):
        """Send the agreement to the customer; without a PDF the words go alone."""
        for plan in self:
            plan._send_notice("mail_template_plan_agreement", plan._make_agreement())

    def _send_notice(self, template, attachment=None):
        """Write to the customer about the plan.

        :param str template: the name of the mail template
        :param attachment: what goes with it (`ir.attachment`)
        """
        self.ensure_one()
        address = self._get_email_address()
        if not address:
            self.message_post(
                body=self.env._(
                    "%s was not written to: there is no e-mail address that works. "
                    "Print the agreement, or call.",
                    self.partner_id.display_name,
                )
            )
            return
        # The customer is written to whatever the sender may see; words of the
        # template and no other come from the database.
        self.sudo().message_post_with_source(
            self.env.ref(f"account_collections.{template}").sudo(),
            message_type="comment",
            subtype_xmlid="mail.mt_note",
            partner_ids=address.ids,
            attachment_ids=attachment.ids if attachment else [],
            email_layout_xmlid="mail.mail_notification_light",
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

    def _make_agreement(self):
        """Make the PDF of the agreement and keep it with the plan.

        :return: the file (`ir.attachment`), empty if none can be made: then a message
            says why
        """
        self.ensure_one()
        attachments = self.env["ir.attachment"]
        problem = self.env["account.collection.letter"]._get_pdf_problem()
        if not problem:
            try:
                with self.env.cr.savepoint():
                    return attachments.sudo().create(self._prepare_agreement())
            except Exception as error:
                _logger.warning("%s could not be printed", self.name, exc_info=True)
                problem = str(error)
        self.message_post(
            body=self.env._("Sent without the agreement as PDF: %s", problem)
        )
        return attachments

    def _prepare_agreement(self):
        """Prepare the PDF of the agreement as an attachment of the plan.

        :rtype: dict
        """
        report = self.env["ir.actions.report"].sudo()
        content, _type = report._render_qweb_pdf(
            "account_collections.action_report_plan_agreement", self.ids
        )
        return {
            "name": f"{self._get_agreement_name()}.pdf",
            "raw": content,
            "mimetype": "application/pdf",
            "res_model": self._name,
            "res_id": self.id,
        }

    def _get_agreement_name(self):
        """The name of the file, in the language of the customer."""
        self.ensure_one()
        env = self.with_context(lang=self._get_lang()).env
        return f"{env._('Payment plan')} {self.name.replace('/', '-')}"

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

    # === HELPERS === #

    def _get_lang(self):
        """The language of the customer."""
        return get_lang(self.env, self.partner_id.lang).code

    def _get_covered_amounts(self):
        """What is covered of each open item, the oldest first.

        :return: pairs of the item (`account.move.line`) and its amount
        :rtype: list[tuple]
        """
        holds = {hold.line_id: hold.amount_covered for hold in self.hold_ids}
        if not holds:
            left, holds = self.amount, {}
            for line, free in self._get_free_amounts().items():
                holds[line] = min(left, free)
                left -= holds[line]
        return sorted(
            ((line, amount) for line, amount in holds.items() if amount),
            key=lambda pair: (pair[0].date_maturity or pair[0].date, pair[0].id),
        )

    def _get_terms_text(self):
        """Write down the terms in one way only, so that they can be compared.

        :return: JSON with sorted keys; amounts as text, dates as ISO 8601
        :rtype: str
        """
        self.ensure_one()
        places = self.currency_id.decimal_places
        terms = {
            "plan": self.name,
            "customer": self.partner_id.id,
            "company": self.company_id.id,
            "currency": self.currency_id.name,
            "amount": f"{self.amount:.{places}f}",
            "agreed_on": self.date_start.isoformat(),
            "grace_days": self.grace_days,
            "cure_days": self.cure_days,
            "keep_current": self.keep_current,
            "items": [
                [line.move_id.name, line.id]
                for line in self.sudo().line_ids.sorted("id")
            ],
            "installments": [
                [row.date_due.isoformat(), f"{row.amount:.{places}f}"]
                for row in self.installment_ids.sorted(
                    lambda row: (row.date_due, row.id)
                )
            ],
        }
        return json.dumps(terms, sort_keys=True, separators=(",", ":"))

    def _get_hash(self, text):
        """The fingerprint of a text (SHA-256, FIPS 180-4), in hexadecimal."""
        return hashlib.sha256(text.encode()).hexdigest()
