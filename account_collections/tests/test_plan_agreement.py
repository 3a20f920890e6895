import hashlib
import io
import json
from unittest.mock import patch

from freezegun import freeze_time
from pypdf import PdfReader

from odoo.exceptions import UserError
from odoo.tests import tagged

from .test_plan import PlanCommon


@tagged("post_install", "-at_install")
class TestPlanAgreement(PlanCommon):
    # === ACCEPTANCE === #

    def test_acceptance_puts_into_force(self):
        invoice = self._create_open_invoice(self.customer, 300)
        plan = self._propose(invoice, wait_for_acceptance=True)
        self.assertEqual(plan.state, "proposed")
        plan.action_accept("Ada Miller")
        self.assertEqual(plan.state, "active")
        self.assertEqual(plan.accepted_by, "Ada Miller")
        self.assertTrue(plan.date_accepted)
        terms = json.loads(plan.accepted_terms)
        self.assertEqual(terms["amount"], "300.00")
        self.assertEqual(terms["installments"][0], ["2024-07-14", "100.00"])
        self.assertEqual(
            plan.accepted_hash,
            hashlib.sha256(plan.accepted_terms.encode()).hexdigest(),
        )
        self._pay(invoice)
        self.assertEqual(plan._get_terms_text(), plan.accepted_terms)
        with self.assertRaisesRegex(UserError, "already"):
            plan.action_accept("Somebody else")

    def test_acceptance_does_not_replace_approval(self):
        invoice = self._create_open_invoice(self.customer, 300)
        plan = self._propose(invoice, months=(1, 7))
        plan.action_accept("Ada Miller")
        self.assertEqual(plan.state, "proposed")
        plan.with_user(self.manager).action_activate()
        self.assertEqual(plan.state, "active")

    def test_acceptance_needs_a_name(self):
        plan = self._propose(self._create_open_invoice(self.customer, 300))
        with self.assertRaisesRegex(UserError, "Enter the name"):
            plan.action_accept("  ")

    def test_accepted_terms_stay_when_customers_are_merged(self):
        """The fingerprint is that of the terms that were accepted, which are kept as
        they were, and not of what the plan would say today."""
        plan = self._propose(
            self._create_open_invoice(self.customer, 300), wait_for_acceptance=True
        )
        plan.action_accept("Ada Miller")
        accepted = plan.accepted_terms
        target = self._create_customer("Large")
        self.env["base.partner.merge.automatic.wizard"].sudo().create({})._merge(
            [self.customer.id, target.id], target
        )
        self.assertEqual(plan.partner_id, target)
        self.assertEqual(plan.accepted_terms, accepted)
        self.assertEqual(plan.accepted_hash, plan._get_hash(plan.accepted_terms))

    # === DOCUMENT === #

    def _read_agreement(self, plan):
        """The text of each page of the PDF."""
        if self.env["account.collection.letter"]._get_pdf_problem():
            self.skipTest("wkhtmltopdf is needed to make PDF documents")
        report = self.env["ir.actions.report"].with_context(force_report_rendering=True)
        content, _type = report._render_qweb_pdf(
            "account_collections.action_report_plan_agreement", plan.ids
        )
        return [
            " ".join(page.extract_text().replace("\xa0", " ").split())
            for page in PdfReader(io.BytesIO(content)).pages
        ]

    def test_agreement(self):
        invoice = self._create_open_invoice(self.customer, 300)
        with freeze_time("2024-06-14"):
            plan = self._propose(invoice)
            text = " ".join(self._read_agreement(plan))
        for words in (
            plan.name,
            "Ada Fashion acknowledges to owe",
            "Three Hundred",
            invoice.name,
            "07/14/2024",
            "07/17/2024",
            "up to 3 days after its due date",
            "New invoices of",
            "made good within 10 days",
            "due at once",
        ):
            with self.subTest(words=words):
                self.assertIn(words, text)

    def test_nobody_signs_an_empty_page(self):
        """Whatever the number of installments: where it is signed, it says what
        applies."""
        for count in (6, 12, 18):
            with self.subTest(count=count):
                plan = self._propose(
                    self._create_open_invoice(self.customer, 1200),
                    confirm=False,
                    months=range(1, count + 1),
                )
                [signed] = [
                    page for page in self._read_agreement(plan) if "signature" in page
                ]
                for words in ("What applies", "due at once", "are not reminded"):
                    self.assertIn(words, signed)

    def test_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.lang = "fr_FR"
        plan = self._propose(
            self._create_open_invoice(self.customer, 300), confirm=False
        )
        values = plan._get_agreement_values()
        self.assertIn("Trois Cents", values["amount_words"])
        self.assertEqual(values["installments"][0]["date_text"], "14/07/2024")

    # === MAIL === #

    def test_sent_to_the_customer(self):
        plan = self._propose(self._create_open_invoice(self.customer, 300))
        message = plan.message_ids.filtered(lambda one: one.partner_ids)
        self.assertEqual(message.partner_ids, self.customer)
        self.assertIn("$&nbsp;300.00", message.body)
        self.assertEqual(
            message.mail_ids.recipient_ids or message.notified_partner_ids,
            self.customer,
        )

    def test_without_pdf_it_goes_without(self):
        report = type(self.env["ir.actions.report"])
        with patch.object(report, "get_wkhtmltopdf_state", return_value="install"):
            plan = self._propose(self._create_open_invoice(self.customer, 300))
        self.assertEqual(plan.state, "active")
        self.assertTrue(
            any("wkhtmltopdf" in body for body in plan.message_ids.mapped("body"))
        )
        self.assertTrue(plan.message_ids.filtered(lambda one: one.partner_ids))

    def test_without_address(self):
        self.customer.email = False
        plan = self._propose(self._create_open_invoice(self.customer, 300))
        self.assertEqual(plan.state, "active")
        self.assertTrue(
            any("no e-mail address" in body for body in plan.message_ids.mapped("body"))
        )
