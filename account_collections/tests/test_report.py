import io
import shutil
from datetime import timedelta
from unittest import skipUnless
from unittest.mock import Mock, patch

from pypdf import PdfReader

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..models import account_collection_letter_print as print_module
from .common import TODAY
from .letter_common import LetterCommon


@tagged("post_install", "-at_install")
@skipUnless(shutil.which("wkhtmltopdf"), "wkhtmltopdf is not installed")
class TestReport(LetterCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context=dict(cls.env.context, force_report_rendering=True))
        # Nothing listens there: text in the fonts of the server cannot be read back.
        cls.env["ir.config_parameter"].sudo().set_param(
            "report.url", "http://127.0.0.1:9"
        )
        cls.customer.write({"street": "1 Mill Lane", "zip": "BS1", "city": "Bristol"})
        cls.late = cls._create_open_invoice(cls.customer, 1000, 40, ref="PO 77")
        cls.recent = cls._create_open_invoice(cls.customer, 234.5, 10)
        cls.coming = cls._create_open_invoice(cls.customer, 50, -5)
        cls.refund = cls._create_open_invoice(
            cls.customer, 80, 5, move_type="out_refund"
        )
        cls.collector = new_test_user(
            cls.env,
            "collector",
            "account_collections.group_collection_all",
            company_id=cls.company.id,
        )

    # === HELPERS === #

    def _read(self, content):
        """The text of each page of a PDF, with plain spaces."""
        return [
            " ".join(page.extract_text().replace("\u200b", "").split())
            for page in PdfReader(io.BytesIO(content)).pages
        ]

    def _download(self, action):
        """The content of the file that an action downloads."""
        attachment_id = int(action["url"].split("/")[3].split("?")[0])
        return self.env["ir.attachment"].browse(attachment_id).raw

    def _print_statement(self, user=None, **data):
        report = self.env["ir.actions.report"].with_user(user or self.env.user)
        content, _type = report._render_qweb_pdf(
            "account_collections.action_report_statement", self.customer.ids, data=data
        )
        return " ".join(self._read(content))

    def _execute(self):
        """Send the first reminder to all customers by letter.

        :return: the run
        """
        self.steps.filtered(lambda step: step.delay_days != 3).active = False
        self.first_step.channel = "letter"
        run = self._plan()
        run.line_ids.sudo()._act()
        return run

    # === TESTS === #

    def test_statement(self):
        """The statement lists everything, adds up, ages it and says it in words."""
        text = self._print_statement(self.collector)
        for expected in (
            "Statement of Account",
            "06/14/2024",
            "1 Mill Lane",
            f"{self.late.name} PO 77",
            "05/05/2024 40 $",
            f"{self.refund.name} Credit note",
            "Total $ 1,204.50",
            "One Thousand, Two Hundred And Four Dollars and Fifty Cents",
            "Not due 1–30 days 31–60 days 61–90 days Over 90 days Credits",
            "$ 50.00 $ 234.50 $ 1,000.00 $ 0.00 $ 0.00 $ -80.00",
        ):
            self.assertIn(expected, text)

    def test_statement_balances(self):
        statement = self.env["account.collection.statement"]._get_statement(
            self.customer, self.company, TODAY
        )
        (group,) = statement["groups"]
        self.assertEqual(
            [row["balance_text"] for row in group["rows"]],
            ["$\xa01,000.00", "$\xa01,234.50", "$\xa01,284.50", "$\xa01,204.50"],
        )
        self.assertEqual(sum(column["amount"] for column in group["aging"]), 1204.5)

    def test_statement_of_what_has_fallen_due_at_once(self):
        """It says of it what the dunning does."""
        hold = self._hold(self._get_receivable_line(self.coming), 50)
        hold.sudo().write({"date_called": TODAY - timedelta(days=35), "active": False})
        (item,) = [
            item
            for item in self.env["account.collection.open.item"]._get_open_items(
                self.company, TODAY, self.customer.ids
            )
            if item["move_id"] == self.coming.id
        ]
        statement = self.env["account.collection.statement"]._get_statement(
            self.customer, self.company, TODAY
        )
        (group,) = statement["groups"]
        (row,) = [row for row in group["rows"] if row["move_id"] == self.coming.id]
        for name in ("date_due", "days_overdue"):
            self.assertEqual(row[name], item[name])
        self.assertEqual(row["late_text"], "35 days late")
        self.assertEqual(
            [column["amount"] for column in group["aging"]],
            [0, 234.5, 1050, 0, 0, -80],
        )

    def test_statement_of_nothing(self):
        partner = self._create_customer("Nobody")
        statement = self.env["account.collection.statement"]._get_statement(
            partner, self.company, TODAY
        )
        self.assertEqual(statement["groups"], [])

    def test_statement_is_for_collectors(self):
        """Neither strangers nor another company's people get a statement."""
        report = self.env["report.account_collections.report_statement"]
        employee = new_test_user(self.env, "employee", "base.group_user")
        with self.assertRaises(AccessError):
            report.with_user(employee)._get_report_values(self.customer.ids)
        other = self._create_company(name="Elsewhere")
        with self.assertRaises(AccessError):
            report.with_user(self.collector)._get_report_values(
                self.customer.ids, {"company_id": other.id}
            )

    def test_print_statement_from_the_case(self):
        self.env["account.collection.case"]._refresh(self.company, self.customer)
        case = self.customer.collection_case_ids.with_user(self.collector)
        action = case.action_print_statement()
        self.assertEqual(action["data"]["partner_ids"], self.customer.ids)
        values = (
            self.env["report.account_collections.report_statement"]
            .with_user(self.collector)
            ._get_report_values(None, action["data"])
        )
        self.assertEqual(values["docs"], self.customer)

    def test_letters(self):
        """The letters of a run are one file; who is printed is sent; a second print
        says the same, whatever has changed since."""
        other = self._create_customer("Otto Buyer", city="Bath", email=False)
        invoice = self._create_open_invoice(other, 99, 10)
        run = self._execute()
        contacts = self.env["account.collection.contact"].search(
            [("run_line_id.run_id", "=", run.id)]
        )
        mine = contacts.filtered(lambda contact: contact.partner_id == self.customer)
        self.assertEqual(set(contacts.mapped("state")), {"queued"})
        run = run.with_user(self.collector)
        pages = self._read(self._download(run.action_print_letters()))
        self.assertEqual(set(contacts.mapped("state")), {"sent"})
        (page,) = [text for text in pages if self.late.name in text]
        for expected in (
            "Ada Fashion 1 Mill Lane",
            "06/14/2024",
            "Reminder for Ada Fashion",
            "Hello Ada Fashion",
            "PO 77",
            "40 $ 1,000.00",
            "Total $ 1,154.50",
            "In words: One Thousand, One Hundred And Fifty-Four Dollars",
            "Goodbye",
        ):
            self.assertIn(expected, page)
        self.assertNotIn("Otto", page)
        self.assertNotIn(invoice.name, page)
        self.assertNotIn("Pay now", page)
        self.assertFalse(mine.mail_message_id.notification_ids)

        self.first_step.mail_template_id.body_html = "<p>Other words</p>"
        self._pay(self.late)
        again = self._read(
            self._download(mine.with_user(self.collector).action_print())
        )
        self.assertEqual(again, [page])

    def test_later_letters_are_kept_beside_the_first(self):
        """(letters that wait, letters in each file of the run after a print)"""
        self._create_open_invoice(self._create_customer("Otto Buyer"), 99, 10)
        run = self._execute().with_user(self.collector)
        first, second = self.env["account.collection.contact"].search(
            [("run_line_id.run_id", "=", run.id)]
        )
        second.sudo().state = "failed"
        files = self.env["ir.attachment"].sudo()
        for waiting, expected in (
            (first, {"Letters 2024-06-14.pdf": 1}),
            (second, {"Letters 2024-06-14.pdf": 1, "Letters 2024-06-14 (2).pdf": 1}),
            # All again, instead of the first.
            (None, {"Letters 2024-06-14.pdf": 2, "Letters 2024-06-14 (2).pdf": 1}),
        ):
            if waiting:
                waiting.sudo().state = "queued"
            with (
                self.subTest(waiting=waiting),
                patch.object(
                    type(self.letters),
                    "_render_letters",
                    lambda _letters, contacts: str(len(contacts)).encode(),
                ),
            ):
                run.action_print_letters()
                prints = files.search(
                    [("res_model", "=", run._name), ("res_id", "=", run.id)]
                )
                self.assertEqual(
                    {file.name: int(file.raw) for file in prints}, expected
                )

    def test_letter_with_its_statement_and_invoices(self):
        """What goes with a letter follows it, before the next letter."""
        self.first_step.sudo().write(
            {"attach_statement": True, "attach_invoices": True}
        )
        other = self._create_customer("Otto Buyer")
        self._create_open_invoice(other, 99, 10)
        pages = self._read(self._download(self._execute().action_print_letters()))
        kinds = [
            next(
                (
                    kind
                    for kind in ("Reminder for", "Statement of Account")
                    if kind in text
                ),
                "Invoice",
            )
            for text in pages
        ]
        mine = ["Reminder for", "Statement of Account", "Invoice", "Invoice"]
        others = ["Reminder for", "Statement of Account", "Invoice"]
        self.assertIn(kinds, (mine + others, others + mine))

    def test_letter_logged_by_hand(self):
        """What a collector noted of a letter of their own is never printed."""
        run = self._execute()
        case = self.customer.collection_case_ids
        self.env["account.collection.contact.log"].create(
            {"case_id": case.id, "channel": "letter", "note": "They lie again"}
        ).action_log()
        made, logged = case.contact_ids.sorted("id")
        self.assertEqual(made.run_line_id.run_id, run)
        with self.assertRaisesRegex(UserError, "no letter to print"):
            logged.with_user(self.collector).action_print()
        made.with_user(self.collector).action_print()
        report = self.env["report.account_collections.report_letter"]
        values = report.with_user(self.collector)._get_report_values(
            (made | logged).ids
        )
        self.assertEqual(values["docs"], made)
        (letter,) = values["letters"]
        self.assertEqual(letter["contact"], made)

    def test_letter_is_for_its_collector(self):
        """Who may not read a contact can neither print nor render its letter."""
        self._execute()
        contact = self.customer.collection_case_ids.contact_ids
        contact.case_id.user_id = self.env.user
        contact.action_print()
        other = new_test_user(
            self.env,
            "other",
            "account_collections.group_collection_own",
            company_id=self.company.id,
        )
        report = self.env["report.account_collections.report_letter"].with_user(other)
        with self.assertRaises(AccessError):
            contact.with_user(other).action_print()
        with self.assertRaises(AccessError):
            report._get_report_values(contact.ids)

    def test_one_broken_copy_does_not_keep_the_others(self):
        """A letter goes without what cannot be made or read; its line says so, until
        a print is complete."""
        self.first_step.sudo().write(
            {"attach_statement": True, "attach_invoices": True}
        )
        other = self._create_customer("Otto Buyer")
        self._create_open_invoice(other, 99, 10)
        stored = self._store_copy(self.late, b"%PDF-1.4 cut off")
        run = self._execute()
        line = self._get_line(run)
        make_copy = type(self.letters)._make_copy

        def fail(letters, invoice):
            if invoice == self.recent:
                raise ValueError("out of ink")
            return make_copy(letters, invoice)

        with (
            patch.object(type(self.letters), "_make_copy", fail),
            self.assertLogs("odoo.addons.account_collections", "WARNING"),
        ):
            pages = self._read(self._download(run.action_print_letters()))
        self.assertEqual(len([page for page in pages if "Reminder for" in page]), 2)
        self.assertEqual(len(pages), 2 + 2 + 1, "Letters, statements, one copy")
        self.assertEqual(set(run.line_ids.mapped("state")), {"done"})
        self.assertIn("Sent without", line.error)
        for words in (self.late.name, f"{self.recent.name}: out of ink"):
            self.assertIn(words, line.error)
        self.assertFalse(self._get_line(run, other).error)

        stored.unlink()
        pages = self._read(self._download(run.action_print_letters()))
        self.assertEqual(len(pages), 2 + 2 + 3)
        self.assertFalse([page for page in pages if "proforma" in page.lower()])
        self.assertFalse(line.error)

    def test_one_broken_statement_does_not_keep_the_letter(self):
        """Neither where letters are rendered with their statements in one go."""
        self.first_step.sudo().attach_statement = True
        run = self._execute()
        with (
            patch.object(
                type(self.env["account.collection.statement"]),
                "_get_statement",
                side_effect=ValueError("no sum"),
            ),
            patch.object(print_module, "_wkhtml", lambda: Mock(is_patched_qt=True)),
            self.assertLogs("odoo.addons.account_collections", "WARNING"),
        ):
            (page,) = self._read(self._download(run.action_print_letters()))
        self.assertIn("Reminder for", page)
        self.assertEqual(
            self._get_line(run).error, "Sent without Statement of account: no sum"
        )

    def test_nothing_to_print(self):
        with self.assertRaisesRegex(UserError, "no letter to print"):
            self._plan().action_print_letters()

    def test_without_wkhtmltopdf(self):
        """Where no PDF can be made, a letter is not printed and not sent."""
        run = self._execute()
        report = type(self.env["ir.actions.report"])
        self.patch(report, "get_wkhtmltopdf_state", lambda _self: "install")
        with self.assertRaisesRegex(UserError, "wkhtmltopdf does not work"):
            run.action_print_letters()
        contact = self.env["account.collection.contact"].search(
            [("run_line_id.run_id", "=", run.id)]
        )
        self.assertEqual(contact.state, "queued")
        with self.assertRaisesRegex(UserError, "wkhtmltopdf does not work"):
            self.customer.collection_case_ids.action_print_statement()
