import io
from datetime import timedelta

from freezegun import freeze_time
from pypdf import PdfReader

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import TODAY
from .test_plan import PlanCommon


@tagged("post_install", "-at_install")
class TestPlanNotice(PlanCommon):
    """What the customer is told, and what is asked of the collector."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls._create_open_invoice(cls.customer, 300)

    # === HELPERS === #

    def _get_mail(self, plan, subject):
        """The only message to the customer with these words in its subject."""
        message = plan.message_ids.filtered(
            lambda one: one.partner_ids and subject in (one.subject or "")
        )
        self.assertEqual(len(message), 1, subject)
        return message.body.replace("\xa0", " ").replace("&nbsp;", " ")

    # === DEFAULT AND BACK === #

    def test_default_names_what_is_due(self):
        plan = self._propose(self.invoice)
        self._pay(self.invoice, 40)
        self._default(plan)
        body = self._get_mail(plan, "has ended")
        self.assertIn(self.invoice.name, body)
        self.assertIn("$ 260.00", body)

    def test_at_risk_again_after_a_default(self):
        """A payment that was made in time, and booked late, leaves another one late:
        the plan is back, and the customer is told so."""
        plan = self._propose(self.invoice)
        self._default(plan)
        self.assertTrue(plan.case_id.activity_ids)
        with freeze_time("2024-08-20"):
            self._pay(self.invoice, 100, payment_date=fields.Date.to_date("2024-07-15"))
            self.assertEqual(plan.state, "at_risk")
        self._evaluate_on("2024-08-20")
        self.assertIn("We take back", self._get_mail(plan, "goes on"))
        self.assertFalse(plan.case_id.activity_ids)

    def test_completed_after_a_default(self):
        plan = self._propose(self.invoice)
        self._default(plan)
        with freeze_time("2024-07-29"):
            self._pay(self.invoice, 300, payment_date=fields.Date.to_date("2024-07-15"))
        self._evaluate_on("2024-07-29")
        self.assertEqual(plan.state, "completed")
        self.assertFalse(plan.case_id.activity_ids)
        self._get_mail(plan, "Thank you")

    def test_disputed_part_is_not_demanded(self):
        plan = self._propose(self.invoice)
        new = self._create_open_invoice(
            self.customer, 50, days=-20, invoice_date=TODAY + timedelta(days=1)
        )
        line = self._get_receivable_line(new)
        self._hold(line, 20, date_end=TODAY + timedelta(days=90))
        self._evaluate_on("2024-07-08")
        self.assertEqual(plan.state, "at_risk")
        self.assertIn("$ 30.00", self._get_mail(plan, "please pay by"))

    # === TOLERANCE === #

    def test_tolerance(self):
        """(the policy's tolerance, what is paid of 100, the state after the cure)."""
        for percent, paid, state in (
            (0, 99.99, "defaulted"),
            (1, 99.99, "active"),
            (1, 99, "active"),
            (1, 98.99, "defaulted"),
        ):
            with self.subTest(percent=percent, paid=paid):
                self.policy.sudo().promise_tolerance_percent = percent
                invoice = self._create_open_invoice(
                    self._create_customer("Customer"), 300
                )
                plan = self._propose(invoice)
                self.policy.sudo().promise_tolerance_percent = 0
                self._pay_on("2024-07-12", invoice, paid)
                for day in ("2024-07-18", "2024-07-28"):
                    self._evaluate_on(day)
                self.assertEqual(plan.state, state)

    def test_what_is_missing_is_asked_for_at_the_end(self):
        self.policy.sudo().promise_tolerance_percent = 1
        plan = self._propose(self.invoice)
        self._pay_on("2024-07-12", self.invoice, 99.99)
        self.assertEqual(plan.amount_open, 200.01)
        self.assertEqual(str(plan.date_next), "2024-08-14")
        self.assertEqual(list(plan._get_amounts_left().values()), [100, 100.01])
        new = plan.browse(plan.action_new_version()["res_id"])
        self.assertEqual(new.installment_ids.mapped("amount"), [100, 100.01])
        new.action_cancel()
        self._pay_on("2024-08-12", self.invoice, 100)
        self._pay_on("2024-09-12", self.invoice, 100)
        self.assertEqual(plan.state, "completed")
        self._evaluate_on("2024-09-12")
        self.assertIn("$ 0.01", self._get_mail(plan, "Thank you"))
        self.assertFalse(plan.hold_ids.filtered("active"))

    # === WITHOUT AN E-MAIL ADDRESS === #

    def test_cure_begins_when_the_customer_is_told(self):
        self.customer.email = False
        plan = self._propose(self.invoice)
        for day in ("2024-07-18", "2024-07-30", "2024-08-05"):
            self._evaluate_on(day)
            self.assertEqual((plan.state, plan.is_untold), ("at_risk", True))
        self.assertEqual(
            plan.case_id.activity_ids.mapped("summary"),
            ["Send a letter about the payment plan"],
        )
        with freeze_time("2024-08-05"):
            self.assertIn("does not know", plan.explanation)
            plan.action_told()
        self.assertFalse(plan.case_id.activity_ids)
        self.assertEqual(str(plan.date_cure), "2024-08-14")
        self._evaluate_on("2024-08-14")
        self.assertEqual(plan.state, "at_risk")
        self.assertFalse(plan.case_id.activity_ids)
        self._evaluate_on("2024-08-15")
        self.assertEqual(plan.state, "defaulted")

    def test_told_by_mail_once_there_is_an_address(self):
        self.customer.email = False
        plan = self._propose(self.invoice)
        self._evaluate_on("2024-07-18")
        self.customer.email = "ada@example.com"
        self._evaluate_on("2024-07-25")
        self.assertFalse(plan.is_untold)
        self.assertEqual(str(plan.date_cure), "2024-08-03")
        self._get_mail(plan, "please pay by 08/03/2024")
        self.assertFalse(plan.case_id.activity_ids)

    def test_cure_begins_anew_when_the_notice_bounces(self):
        plan = self._propose(self.invoice)
        self._evaluate_on("2024-07-18")
        self._bounce("2024-07-19", is_address_wrong=True)
        self._evaluate_on("2024-07-19")
        self.assertTrue(plan.is_untold)
        self.assertIn(
            "Send a letter about the payment plan",
            plan.case_id.activity_ids.mapped("summary"),
        )
        self._evaluate_on("2024-08-05")
        self.assertEqual(plan.state, "at_risk")
        with freeze_time("2024-08-05"):
            plan.action_told()
        self.assertEqual(str(plan.date_cure), "2024-08-14")

    def test_notice_is_sent_again_that_our_server_did_not_send(self):
        plan = self._propose(self.invoice)
        self._evaluate_on("2024-07-18")
        self._bounce("2024-07-18", is_address_wrong=False)
        self._evaluate_on("2024-07-18")
        self.assertEqual((plan.is_untold, str(plan.date_cure)), (True, "2024-07-27"))
        self._evaluate_on("2024-07-19")
        self.assertEqual((plan.is_untold, str(plan.date_cure)), (False, "2024-07-28"))
        self._get_mail(plan, "please pay by 07/28/2024")

    def test_end_that_bounces_is_told_by_letter(self):
        plan = self._propose(self.invoice)
        self._default(plan)
        self._bounce("2024-07-29", is_address_wrong=True)
        self.assertIn(
            "Send a letter about the payment plan",
            plan.case_id.activity_ids.mapped("summary"),
        )
        self.assertEqual((plan.state, plan.is_untold), ("defaulted", False))

    def _bounce(self, day, is_address_wrong):
        """Let the last message to the customer fail."""
        with freeze_time(day):
            self.env["account.collection.contact"].sudo().search(
                [("partner_id", "=", self.customer.id)], limit=1
            )._mark_undelivered("Refused", is_address_wrong)

    # === REQUESTS === #

    def test_request_is_found_whatever_its_words(self):
        """The scheduler may have asked in another language than the user's."""
        self.customer.email = False
        plan = self._propose(self.invoice)
        self._evaluate_on("2024-07-18")
        plan.case_id.activity_ids.summary = "Envoyer une lettre"
        with freeze_time("2024-07-18"):
            plan.action_told()
        self.assertFalse(plan.case_id.activity_ids)

    def test_name_of_the_customer_is_no_markup(self):
        self.customer.write({"name": "Ada <b>& Co", "email": False})
        plan = self._propose(self.invoice)
        self._evaluate_on("2024-07-18")
        self.assertIn("Ada &lt;b&gt;&amp; Co", plan.case_id.activity_ids.note)

    def test_nobody_is_asked_who_is_not_to_be_contacted(self):
        plan = self._propose(self.invoice)
        with freeze_time("2024-07-10"):
            self.env["account.collection.hold.set"].create(
                {
                    "case_id": plan.case_id.id,
                    "date_end": "2024-07-24",
                    "note": "Bereaved",
                }
            ).action_hold()
        contacts = self.env["account.collection.contact"]
        for day in ("2024-07-18", "2024-07-24"):
            self._evaluate_on(day)
            self.assertEqual((plan.state, plan.is_untold), ("at_risk", True))
            with freeze_time(day):
                plan.invalidate_recordset(["explanation"])
                self.assertIn("not to be contacted", plan.explanation)
        self.assertFalse(contacts.search([("partner_id", "=", self.customer.id)]))
        self.assertFalse(plan.case_id.activity_ids)
        self._evaluate_on("2024-07-25")
        self._get_mail(plan, "please pay by 08/03/2024")
        self.assertFalse(plan.is_untold)

    def test_paid_before_the_letter_is_sent(self):
        self.customer.email = False
        plan = self._propose(self.invoice)
        self._evaluate_on("2024-07-18")
        self._pay_on("2024-07-20", self.invoice, 100)
        self._evaluate_on("2024-07-20")
        self.assertEqual((plan.state, plan.is_untold), ("active", False))
        self.assertFalse(plan.case_id.activity_ids)

    def test_notice_as_a_letter(self):
        if self.env["account.collection.letter"]._get_pdf_problem():
            self.skipTest("wkhtmltopdf is needed to make PDF documents")
        self.customer.email = False
        plan = self._propose(self.invoice)
        with self.assertRaisesRegex(UserError, "nothing to tell"):
            plan.action_print_notice()
        self._evaluate_on("2024-07-18")
        with freeze_time("2024-07-20"):
            plan.action_print_notice()
            self.assertFalse(plan.is_untold)
            plan.action_print_notice()
            contact = self.env["account.collection.contact"].search(
                [("partner_id", "=", self.customer.id)]
            )
            self.assertRecordValues(contact, [{"channel": "letter", "state": "sent"}])
            report = self.env["ir.actions.report"].with_context(
                force_report_rendering=True
            )
            content, _type = report._render_qweb_pdf(
                "account_collections.action_report_plan_notice", plan.ids
            )
        text = PdfReader(io.BytesIO(content)).pages[0].extract_text()
        text = " ".join(text.replace("\xa0", " ").split())
        for words in ("Ada Fashion", "1 Mill Lane", "$ 100.00", "07/29/2024"):
            with self.subTest(words=words):
                self.assertIn(words, text)
