from datetime import timedelta
from unittest.mock import patch
from urllib.parse import parse_qsl, urlsplit

from freezegun import freeze_time
from lxml import html

from odoo import Command, models
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import TODAY
from .letter_common import LetterCommon

NASTY = "<script>alert(1)</script> & {{ 7 * 7 }} <t t-out='7 * 7'/> ${7*7}"


@tagged("post_install", "-at_install")
class TestLetter(LetterCommon):
    def test_table(self):
        """The table says what is owed of each invoice, deducts credits and adds up."""
        invoice = self._create_open_invoice(self.customer, 1000, 10, ref="PO 77")
        other = self._create_open_invoice(self.customer, 250.5, 1)
        refund = self._create_open_invoice(self.customer, 80, 5, move_type="out_refund")
        contact = self._create_contact(self.customer, invoice + refund + other)
        body = self._get_body(contact)
        self.assertEqual(
            self._get_rows(body),
            [
                [
                    f"{invoice.name} 05/05/2024 Your reference: PO 77",
                    "06/04/2024 10 days late",
                    "$ 1,000.00",
                ],
                [f"{other.name} 05/14/2024", "06/13/2024 1 day late", "$ 250.50"],
                [f"{refund.name} Credit note, 05/10/2024", "", "$ -\ufeff80.00"],
                ["Total", "$ 1,170.50"],
            ],
        )

    def test_currencies_have_their_own_totals(self):
        euro = self.setup_other_currency("EUR")
        contact = self._create_contact(
            self.customer,
            self._create_open_invoice(self.customer, 100, 10)
            + self._create_open_invoice(self.customer, 40, 9, currency_id=euro.id),
        )
        totals = [row for row in self._get_rows(self._get_body(contact)) if row[1:]]
        self.assertIn(["Total in USD", "$ 100.00"], totals)
        self.assertIn(["Total in EUR", "40.00 €"], totals)

    def test_what_is_held_is_not_asked_for(self):
        invoice = self._create_open_invoice(self.customer, 1000, 10)
        contact = self._create_contact(self.customer, invoice)
        contact.item_ids.amount_held = 400
        first, total = self._get_rows(self._get_body(contact))
        self.assertEqual(
            first[2], "$ 600.00 of $ 1,000.00; $ 400.00 is not asked for at present"
        )
        self.assertEqual(total, ["Total", "$ 600.00"])

    def test_installments_are_numbered(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "Half now, half later",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 50, "nb_days": days}
                    )
                    for days in (0, 10)
                ],
            }
        )
        invoice = self._create_open_invoice(
            self.customer, 600, 10, invoice_payment_term_id=term.id
        )
        rows = self._get_rows(
            self._get_body(self._create_contact(self.customer, invoice))
        )
        self.assertIn(f"{invoice.name}, installment 1 of 2", rows[0][0])
        self.assertIn(f"{invoice.name}, installment 2 of 2", rows[1][0])
        self.assertEqual([rows[0][2], rows[1][2]], ["$ 300.00", "$ 300.00"])

    def test_place_of_the_table(self):
        """The table stands at its placeholder, or at the end where that is gone; it
        never stands twice, whatever was written."""
        contact = self._create_contact(
            self.customer, self._create_open_invoice(self.customer)
        )
        place = (
            '<div class="x o_collection_items" style="color:red">any <b>words</b></div>'
        )
        for words, expected in (
            (f"<p>one</p>{place}<p> two</p>", "one T two"),
            ("<p>one</p><p> two</p>", "one two T"),
            (f"<p>one {place} tail</p>{place}", "one T tail"),
            ("", "T"),
        ):
            with self.subTest(words=words):
                self.first_step.mail_template_id.body_html = words
                root = html.fromstring(f"<div>{self._get_body(contact)}</div>")
                for table in root.xpath("//table"):
                    tail = table.tail
                    table.clear()
                    table.text, table.tail = " T ", tail
                self.assertEqual(" ".join(root.text_content().split()), expected)

    def test_strings_are_escaped(self):
        """What customers write about themselves is text, never markup or code."""
        partner = self._create_customer(NASTY, email="nasty@example.com")
        invoice = self._create_open_invoice(partner, ref=NASTY)
        contact = self._create_contact(partner, invoice)
        self.first_step.mail_template_id.body_html = (
            '<p t-attf-title="{{object.partner_id.name}}">'
            '<t t-out="object.partner_id.name"/></p>'
        )
        letter = self._compose(contact)
        body = self.letters._get_body(letter)
        root = html.fromstring(body)
        self.assertFalse(root.xpath("//script | //t | //*[@t-out]"))
        self.assertEqual(root.xpath("//p")[0].text_content(), NASTY)
        self.assertEqual(root.xpath("//p/@title")[0], NASTY)
        self.assertIn(NASTY, root.xpath("//table")[0].text_content())
        self.assertEqual(letter["subject"], f"Reminder for {NASTY}")

    def test_many_letters_keep_their_own_words(self):
        """Letters rendered at once do not mix, nor where a template has variables."""
        templates = (
            '<p>To <t t-out="object.partner_id.name"/></p>',
            '<t t-if="object.partner_id.ref"><t t-set="ref" t-value='
            '"object.partner_id.ref"/></t><p>To <t t-out="object.partner_id.name"/>'
            "<t t-out=\"ref or ''\"/></p>",
        )
        first = self._create_customer("First", ref="SECRET")
        partners = first + self._create_customer("Second") + self.customer
        contacts = self.engine["account.collection.contact"]
        for partner in partners:
            contacts += self._create_contact(
                partner, self._create_open_invoice(partner)
            )
        for words in templates:
            self.first_step.mail_template_id.body_html = words
            drafts = [
                self.letters._prepare_contact_draft(contact) for contact in contacts
            ]
            letters, errors = self.letters._compose(drafts)
            self.assertFalse(errors)
            for contact in contacts:
                body = self.letters._get_body(letters[contact.run_line_id])
                self.assertIn(f"To {contact.partner_id.name}", body)
                self.assertIn(contact.item_ids.line_id.move_id.name, body)
                for other in contacts - contact:
                    self.assertNotIn(f"To {other.partner_id.name}", body)
                    self.assertNotIn(other.item_ids.line_id.move_id.name, body)
                self.assertEqual(
                    "SECRET" in body, "t-set" in words and contact == contacts[0]
                )

    def test_only_own_items(self):
        """Nobody reads of the open items of another customer or company."""
        stranger = self._create_customer("Stranger")
        foreign = self._create_open_invoice(stranger, 999)
        own = self._create_open_invoice(self.customer)
        other_company = self.setup_other_company()
        elsewhere = (
            self.env["account.move.line"]
            .with_company(other_company["company"])
            .create(
                {
                    "move_id": self.env["account.move"]
                    .with_company(other_company["company"])
                    .create({"journal_id": other_company["default_journal_misc"].id})
                    .id,
                    "account_id": other_company["default_account_receivable"].id,
                    "partner_id": self.customer.id,
                    "date_maturity": TODAY - timedelta(days=10),
                }
            )
        )
        contacts = [
            self._create_contact(self.customer, own + foreign),
            self._create_contact(stranger, own),
            self._create_contact(self.customer, elsewhere.move_id),
            self._create_contact(self.customer, own, address_id=stranger.id),
        ]
        before = self.env["mail.mail"].search_count([])
        errors = self.letters._queue_emails(
            self.engine["account.collection.contact"].concat(*contacts)
        )
        self.assertEqual(list(errors), contacts)
        self.assertIn("not an open item of Ada Fashion", errors[contacts[0]])
        self.assertIn("no longer an address of Ada Fashion", errors[contacts[3]])
        self.assertEqual(self.env["mail.mail"].search_count([]), before)

    def test_language(self):
        """The language is that of the address, else of the customer, if installed."""
        self.env["res.lang"]._activate_lang("de_DE")
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.lang = "de_DE"
        contact, french = self.env["res.partner"].create(
            [
                {"name": "Ben", "parent_id": self.customer.id, "lang": False},
                {"name": "Chloé", "parent_id": self.customer.id, "lang": "fr_FR"},
            ]
        )
        get_lang = self.letters._get_lang
        self.assertEqual(get_lang(self.customer, self.company), "de_DE")
        self.assertEqual(get_lang(contact, self.company), "de_DE")
        self.assertEqual(get_lang(french, self.company), "fr_FR")
        # Odoo keeps languages that customers have, but not for ever.
        with patch.object(type(self.env["res.lang"]), "write", models.Model.write):
            self.env["res.lang"].search([("code", "=", "fr_FR")]).active = False
        self.env.registry.clear_cache("stable")
        self.assertEqual(get_lang(french, self.company), self.env.lang or "en_US")

    def test_words_in_german(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.customer.lang = "de_DE"
        self.first_step.mail_template_id.with_context(
            lang="de_DE"
        ).subject = "Zahlungserinnerung"
        contact = self._create_contact(
            self.customer, self._create_open_invoice(self.customer, 1234.5)
        )
        letter = self._compose(contact)
        self.assertEqual(letter["subject"], "Zahlungserinnerung")
        self.assertIn("$\xa01.234,50", letter["table"])
        self.assertIn("04.06.2024", letter["table"])

    def test_template_that_does_not_render(self):
        """It is named before anything is sent; at the sending it harms nobody else."""
        contact = self._create_contact(
            self.customer, self._create_open_invoice(self.customer)
        )
        self._write_words('<p t-out="object.no_such_field"/>')
        with self.assertRaisesRegex(UserError, "(?s)First reminder.*no_such_field"):
            self.letters._check_templates(contact.run_line_id)
        errors = self.letters._queue_emails(contact)
        self.assertIn("no_such_field", errors[contact])

        self._write_words('<p t-out="object.partner_id.ref.upper()"/>')
        able = self._create_customer("Able", ref="x")
        other = self._create_contact(able, self._create_open_invoice(able))
        errors = self.letters._queue_emails(contact + other)
        self.assertEqual(list(errors), [contact])
        self.assertTrue(other.mail_message_id)
        self.assertFalse(contact.mail_message_id)

    def test_step_without_text(self):
        contact = self._create_contact(
            self.customer, self._create_open_invoice(self.customer)
        )
        self.env.cr.execute(
            "UPDATE account_collection_policy_step SET mail_template_id = NULL "
            "WHERE id = %s",
            [self.first_step.id],
        )
        self.first_step.invalidate_recordset()
        with self.assertRaisesRegex(UserError, "First reminder has no text"):
            self.letters._check_templates(contact.run_line_id)
        self.assertIn("has no text", self.letters._queue_emails(contact)[contact])

    def test_default_templates(self):
        """Each of the five texts renders and has its table."""
        for step in self.steps.filtered("mail_template_id"):
            contact = self._create_contact(
                self.customer, self._create_open_invoice(self.customer), step
            )
            self.letters._check_templates(contact.run_line_id)
            letter = self._compose(contact)
            self.assertTrue(letter["subject"])
            self.assertEqual(self.letters._get_body(letter).count("<table"), 1)

    def test_links(self):
        """Each invoice has its link: to its page, or to pay what is asked for where
        the portal takes payments; signed so that the portal believes it."""
        invoice = self._create_open_invoice(self.customer, 1000.1)
        refund = self._create_open_invoice(self.customer, 80, 5, move_type="out_refund")
        contact = self._create_contact(self.customer, invoice + refund)
        contact.item_ids[0].amount_held = 400
        (link,) = html.fromstring(self._get_body(contact)).xpath("//td/a/@href")
        self.assertTrue(
            link.endswith(
                f"/my/invoices/{invoice.id}?access_token={invoice.access_token}"
            )
        )
        if "payment.provider" not in self.env:
            self.skipTest("account_payment is not installed")
        self._accept_payments()
        links = html.fromstring(self._get_body(contact)).xpath("//a/@href")
        self.assertEqual(len(set(links)), 1)
        url = urlsplit(links[0])
        params = dict(parse_qsl(url.query))
        self.assertEqual(url.path, f"/my/invoices/{invoice.id}")
        self.assertEqual(url.fragment, "portal_pay")
        self.assertEqual(params["amount"], "600.1")
        self.assertEqual(params["access_token"], invoice.access_token)

    def _write_words(self, words, step=None):
        """Write a text that Odoo would not accept, as an update may leave it."""
        template = (step or self.first_step).mail_template_id
        with patch.object(type(template), "_check_can_be_rendered"):
            template.body_html = words

    def test_preview_of_another_day(self):
        """(days until the run, days until the preview, days late of an invoice that
        is 40 days late today): those of the day on which it would leave."""
        self._create_open_invoice(self.customer, 1000, 40)
        for run_day, preview_day, days in ((0, 0, 40), (0, 2, 42), (3, 0, 43)):
            with self.subTest(run_day=run_day, preview_day=preview_day):
                run = self._plan(date=TODAY + timedelta(days=run_day))
                line = self._get_line(run)
                with freeze_time(TODAY + timedelta(days=preview_day)):
                    draft = line._prepare_letter_draft()
                    letters, errors = self.letters._compose([draft])
                self.assertFalse(errors)
                self.assertIn(f"{days} days late", letters[line]["table"])

    def test_preview(self):
        """The preview shows the letter and writes nothing."""
        invoice = self._create_open_invoice(self.customer, 1000, 10)
        run = self._plan()
        line = self._get_line(run)
        action = line.action_preview()
        counts = self._count_records()
        preview = self.env[action["res_model"]].with_context(**action["context"]).new()
        self.assertEqual(preview.subject, "Reminder for Ada Fashion")
        self.assertIn("1,000.00", preview.body_html)
        self.assertIn("ada.fashion@example.com", preview.recipient)
        self.assertIn("English", preview.language)
        self.assertFalse(preview.error)
        self.assertEqual(self._count_records(), counts)
        self.assertFalse(invoice.access_token)
        self.assertEqual(line.state, "planned")
        self._write_words('<p t-out="object.nothing"/>', line.step_id)
        preview = preview.new({"line_id": line.id})
        self.assertIn("nothing", preview.error)

    def _count_records(self):
        return [
            self.env[model].search_count([])
            for model in (
                "mail.mail",
                "mail.message",
                "ir.attachment",
                "account.collection.contact",
            )
        ]
