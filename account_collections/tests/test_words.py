"""What customers say and how they are called stays text, wherever it is shown."""

from datetime import timedelta

from freezegun import freeze_time
from lxml import html

from odoo import Command
from odoo.tests import tagged

from .common import TODAY
from .letter_common import LetterCommon

WORDS = """<b>&"'{{ 7 * 7 }}<script>alert(1)</script>"""
NAME = f"Ada {WORDS} Ltd"


@tagged("post_install", "-at_install")
class TestWords(LetterCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._create_customer(NAME, email="ada@example.com")
        cls.invoice = cls._create_open_invoice(cls.customer, 300, ref=WORDS)
        cls.reason = cls.env["account.collection.dispute.reason"].create(
            {"name": f"Price {WORDS}", "user_id": cls.env.user.id}
        )

    # === CHATTER, ACTIVITIES, E-MAILS === #

    def test_promise(self):
        promise = self._agree(
            "promise",
            date_due=TODAY + timedelta(days=3),
            given_by=NAME,
            is_paid_already=True,
            reference=WORDS,
            note=WORDS,
        )
        promise._tell_collector("Told")
        told = self.env["mail.message"].search(
            [("subject", "=", "Told"), ("message_type", "=", "user_notification")]
        )
        self.assertShown(NAME, promise.message_ids[0].body)
        self.assertShown(NAME, told.body)
        with freeze_time(TODAY + timedelta(days=30)):
            promise._evaluate()
        self.assertEqual(promise.state, "broken")
        self.assertNothingInterpreted(promise, promise.case_id)

    def test_promise_of_who_cannot_be_written_to(self):
        self.customer.email = False
        plan = self._propose_plan()
        message = plan.message_ids.filtered(lambda one: "not written" in one.body)
        self.assertShown(f"{NAME} was not written to", message.body)

    def test_dispute(self):
        dispute = self._agree("dispute", reason_id=self.reason.id, description=WORDS)
        [activity] = dispute.activity_ids
        self.assertShown(NAME, activity.note)
        self.assertShown(self.reason.name, activity.note)
        self.assertShown(WORDS, dispute.message_ids.filtered("subject")[:1].body)
        dispute.action_investigate()
        dispute.action_resolve_invalid(WORDS)
        self.assertShown(WORDS, dispute.message_ids.filtered("subject")[:1].body)
        self.assertNothingInterpreted(dispute, dispute.case_id)

    def test_plan(self):
        plan = self._propose_plan()
        self.assertShown(NAME, plan.message_ids.filtered("partner_ids").body)
        plan.action_accept(NAME)
        accepted = plan.message_ids.filtered(lambda one: "accepted by" in one.body)
        self.assertShown(f"The terms were accepted by {NAME}.", accepted.body)
        for days in (30, 60, 90):
            with freeze_time(TODAY + timedelta(days=days)):
                plan._evaluate()
        self.assertEqual(plan.state, "defaulted")
        self.assertNothingInterpreted(plan, plan.case_id)

    def test_dunning_letter(self):
        self.env["account.collection.case"]._refresh(self.company, self.customer)
        contact = self._create_contact(
            self.customer, self.invoice, case_id=self.customer.collection_case_ids.id
        )
        mail = self._queue(contact)
        self.assertShown(f"Hello {NAME}", contact.mail_message_id.body)
        self.assertShown(f"Hello {NAME}", mail.body_html)

    # === DOCUMENTS === #

    def test_documents(self):
        """The agreements and the statement, of which the PDFs are made."""
        plan = self._propose_plan(confirm=False)
        settlement = self._agree(
            "settlement",
            confirm=False,
            amount=250,
            nature="concession",
            date_expiry=TODAY + timedelta(days=10),
        )
        barter = self._agree(
            "barter",
            confirm=False,
            date_deadline=TODAY + timedelta(days=20),
            value_note=WORDS,
            given_ids=[
                Command.create(
                    {
                        "name": f"Goods {WORDS}",
                        "quantity": 1,
                        "price_unit": 100,
                        "tax_ids": [],
                        "account_id": self.company_data["default_account_expense"].id,
                    }
                )
            ],
        )
        for report, document, shown in (
            ("action_report_plan_agreement", plan, [NAME]),
            ("action_report_settlement_offer", settlement, [NAME]),
            ("action_report_barter_agreement", barter, [NAME, f"Goods {WORDS}"]),
            ("action_report_statement", self.customer, [NAME]),
        ):
            with self.subTest(report=report):
                content, _type = self.env["ir.actions.report"]._render_qweb_html(
                    f"account_collections.{report}", document.ids
                )
                for words in shown:
                    self.assertShown(words, content.decode())

    # === HELPERS === #

    def _agree(self, kind, confirm=True, **values):
        lines = self._get_receivable_line(self.invoice)
        values.setdefault("amount", 300)
        one = self.env[f"account.collection.{kind}"].create(
            {
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "currency_id": lines.currency_id.id,
                "line_ids": [Command.set(lines.ids)],
                **values,
            }
        )
        if confirm:
            one.action_confirm()
        return one

    def _propose_plan(self, **values):
        return self._agree(
            "plan",
            installment_ids=[
                Command.create(
                    {"date_due": TODAY + timedelta(days=days), "amount": 150}
                )
                for days in (7, 14)
            ],
            **values,
        )

    def assertShown(self, words, markup):
        """The words can be read as they were written."""
        shown = html.fromstring(f"<div>{markup}</div>").text_content()
        self.assertIn(" ".join(words.split()), " ".join(shown.split()))

    def assertNothingInterpreted(self, *documents):
        """No word of the customer has become a tag, or was calculated."""
        for document in documents:
            for markup in (
                *document.message_ids.mapped("body"),
                *document.activity_ids.filtered("note").mapped("note"),
            ):
                tree = html.fromstring(f"<div>{markup}</div>")
                self.assertFalse(tree.xpath("//script | //b"), markup)
                self.assertNotIn("Ada <b>&\"'49", tree.text_content())
