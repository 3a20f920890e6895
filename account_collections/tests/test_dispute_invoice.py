from datetime import timedelta

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import TODAY
from .test_dispute import DisputeCommon


@tagged("post_install", "-at_install")
class TestDisputeInvoice(DisputeCommon):
    """What becomes of a dispute when its invoice is paid, changed or gone."""

    # === HELPERS === #

    def _correct(self, invoice, amount):
        invoice.button_draft()
        invoice.invoice_line_ids.price_unit = amount
        invoice.action_post()

    def _move(self, invoice, customer):
        invoice.button_draft()
        invoice.partner_id = customer
        invoice.action_post()

    def _get_told(self, dispute):
        """The messages to the customer, the first one first."""
        return [
            str(message.body)
            for message in dispute.message_ids.sorted("id")
            if message.message_type == "comment" and message.subject
        ]

    # === PAID === #

    def test_asks_for_what_is_left(self):
        """(disputed of 1,000, paid, what the customer is asked for)."""
        for disputed, paid, left in (
            (300, 0, "300.00"),
            (300, 700, "300.00"),
            (300, 900, "100.00"),
            (300, 1000, ""),
            (1000, 1000, ""),
        ):
            for action, arguments, words in (
                ("action_resolve_invalid", ("It is right.",), "Please pay the"),
                ("action_withdraw", (), "are due as before"),
            ):
                with self.subTest(disputed=disputed, paid=paid, action=action):
                    invoice = self._create_open_invoice(self.customer, 1000)
                    dispute = self._dispute(invoice, disputed)
                    dispute.action_investigate()
                    if paid:
                        self._pay(invoice, paid)
                    getattr(dispute, action)(*arguments)
                    told = self._get_told(dispute)[-1]
                    self.assertEqual(words in told, bool(left))
                    if left:
                        self.assertIn(f"he $&nbsp;{left} that are left", told)

    def test_what_is_promised_is_not_asked_for(self):
        """1,000 owed, 700 promised, 300 disputed, 800 paid."""
        invoice = self._create_open_invoice(self.customer, 1000)
        self.env["account.collection.promise"].create(
            {
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "currency_id": invoice.currency_id.id,
                "line_ids": [Command.set(self._get_receivable_line(invoice).ids)],
                "amount": 700,
                "date_due": TODAY + timedelta(days=10),
            }
        ).action_confirm()
        dispute = self._dispute(invoice, 300)
        self._pay(invoice, 100)
        self.assertEqual(dispute._get_left_to_pay(), 300)
        self._pay(invoice, 700)
        self.assertEqual(dispute._get_left_to_pay(), 200)

    def test_accepted_when_all_is_paid(self):
        """Nothing of the invoice remains due."""
        invoice = self._create_open_invoice(self.customer, 1000)
        for paid, is_due in ((800, True), (200, False)):
            dispute = self._dispute(invoice, 100)
            dispute.action_investigate()
            self._pay(invoice, paid)
            dispute.action_resolve_valid(50)
            told = self._get_told(dispute)[-1]
            self.assertEqual("remains due" in told, is_due)

    # === CHANGED === #

    def test_follows_a_corrected_invoice(self):
        """(the invoice of 1,000 comes to, what of 400 disputed is left)."""
        for amount, disputed in ((700, 400), (400, 400), (100, 100)):
            with self.subTest(amount=amount):
                invoice = self._create_open_invoice(self.customer, 1000)
                dispute = self._dispute(invoice, 400)
                self._correct(invoice, amount)
                self.assertEqual(dispute.amount, disputed)
                self.assertHeld(dispute, [disputed])
                dispute.action_investigate()
                if disputed < 400:
                    with self.assertRaisesRegex(UserError, "above zero"):
                        dispute.action_resolve_valid(400)
                dispute.action_resolve_valid(disputed)
                self.assertEqual(dispute.credit_move_ids.amount_total, disputed)

    def test_credits_what_each_invoice_comes_to(self):
        invoices = self._create_open_invoice(self.customer, days=20)
        invoices |= self._create_open_invoice(self.customer, days=10)
        dispute = self._dispute(invoices)
        self._correct(invoices[0], 10)
        self.assertEqual(dispute.amount, 110)
        dispute.action_investigate()
        dispute.action_resolve_valid(110)
        self.assertEqual(
            dispute.credit_move_ids.sorted("id").mapped("amount_total"), [10, 100]
        )

    # === GONE === #

    def test_ends_with_its_invoice(self):
        """(how the invoice goes, the state of the dispute before)."""
        for undo in ("button_cancel", "unlink"):
            for state in ("new", "investigating"):
                with self.subTest(undo=undo, state=state):
                    customer = self._create_customer("Customer")
                    invoice = self._create_open_invoice(customer)
                    dispute = self._dispute(invoice)
                    if state == "investigating":
                        dispute.action_investigate()
                    told = self._get_told(dispute)
                    invoice.button_draft()
                    self.assertEqual(dispute.state, state)
                    getattr(invoice, undo)()
                    self.assertEqual(dispute.state, "withdrawn")
                    self.assertHeld(dispute, [])
                    self.env["account.collection.commitment"]._cron_evaluate()
                    self.assertEqual(dispute.date_end, TODAY)
                    self.assertEqual(self._get_told(dispute), told)
                    self.assertFalse(dispute.activity_ids)
                    self.assertIn("has ended", dispute.case_id.message_ids[0].body)
                    with self.assertRaisesRegex(UserError, "withdrawn already"):
                        dispute.action_investigate()

    def test_not_held_and_its_invoice_cancelled(self):
        """Disputed again after a rejection: found by the next evaluation."""
        invoice = self._create_open_invoice(self.customer)
        self._reject(self._dispute(invoice))
        dispute = self._dispute(invoice)
        invoice.button_draft()
        invoice.button_cancel()
        with self.assertRaisesRegex(UserError, "Nothing is left"):
            dispute.action_investigate()
        self.env["account.collection.commitment"]._cron_evaluate()
        self.assertEqual(dispute.state, "withdrawn")

    def test_accepted_and_its_invoice_deleted(self):
        """Nothing is to be credited any more, so nobody is asked to."""
        invoice = self._create_open_invoice(self.customer)
        dispute = self._dispute(invoice)
        dispute.action_investigate()
        dispute.action_resolve_valid(40)
        dispute.credit_move_ids.sudo().unlink()
        invoice.button_draft()
        invoice.unlink()
        self.env["account.collection.commitment"]._cron_evaluate()
        self.assertEqual((dispute.state, dispute.date_end), ("resolved_valid", TODAY))
        self.assertFalse(dispute.is_credit_missing)
        self.assertFalse(dispute.activity_ids)

    def test_comes_to_nothing(self):
        """A discount of 100 %: the invoice is posted again, and the dispute ends."""
        invoice = self._create_open_invoice(self.customer)
        dispute = self._dispute(invoice)
        told = self._get_told(dispute)
        self._correct(invoice, 0)
        self.assertEqual((invoice.state, dispute.state), ("posted", "withdrawn"))
        self.assertHeld(dispute, [])
        self.env["account.collection.commitment"]._cron_evaluate()
        self.assertEqual(dispute.date_end, TODAY)
        self.assertEqual(self._get_told(dispute), told)

    def test_goes_to_another_customer(self):
        """(disputed invoices, of which the first was meant for somebody else, the state
        of the dispute then, its amount, what it holds)."""
        for count, state, amount, held in (
            (1, "withdrawn", 100, []),
            (2, "new", 100, [100]),
        ):
            with self.subTest(count=count):
                customer = self._create_customer("Customer")
                other = self._create_customer("Other")
                first = invoices = self._create_open_invoice(customer)
                for _number in range(count - 1):
                    invoices |= self._create_open_invoice(customer)
                dispute = self._dispute(invoices)
                self._move(first, other)
                self.assertEqual((dispute.state, dispute.amount), (state, amount))
                self.assertHeld(dispute, held)
                self.assertNotIn(first, dispute.line_ids.move_id)
                self.assertIn(
                    f"{first.name} went to another customer",
                    " ".join(map(str, dispute.message_ids.mapped("body"))),
                )
                line = self._get_line(self._plan(), other)
                self.assertEqual(line.amount_collectible, 100)

    def test_accepted_and_goes_to_another_customer(self):
        """What was agreed with one is not credited to the other."""
        invoice = self._create_open_invoice(self.customer)
        dispute = self._dispute(invoice)
        dispute.action_investigate()
        dispute.action_resolve_valid(40)
        dispute.credit_move_ids.sudo().unlink()
        self._move(invoice, self._create_customer("Other"))
        self.env["account.collection.commitment"]._cron_evaluate()
        self.assertEqual((dispute.state, dispute.date_end), ("resolved_valid", TODAY))
        self.assertHeld(dispute, [])
        self.assertFalse(dispute.is_credit_missing)

    def test_customer_becomes_part_of_another(self):
        """The dispute goes along."""
        invoice = self._create_open_invoice(self.customer)
        dispute = self._dispute(invoice)
        self.customer.write(
            {"parent_id": self._create_customer("Parent").id, "is_company": False}
        )
        self.env["account.collection.commitment"]._cron_evaluate()
        self.assertEqual(dispute.state, "new")
        self.assertHeld(dispute, [100])

    # === THE CASE === #

    def test_case_follows_each_button(self):
        """(button, what the case holds of 1,000)."""
        invoice = self._create_open_invoice(self.customer, 1000)
        dispute = self._dispute(invoice, 400)
        for action, arguments, held in (
            ("action_investigate", (), 400),
            ("action_resolve_valid", (100,), 100),
        ):
            with self.subTest(action=action):
                getattr(dispute, action)(*arguments)
                self.assertEqual(dispute.case_id.amount_held, held)
                self.assertEqual(dispute.case_id.amount_collectible, 1000 - held)

    def test_deadline_until_it_is_decided(self):
        dispute = self._dispute(self._create_open_invoice(self.customer))
        dispute.action_investigate()
        self.assertEqual(self._get_next_day(dispute), dispute.date_deadline)
        with freeze_time(TODAY + timedelta(days=9)):
            dispute.action_resolve_valid(40)
            self.assertFalse(self._get_next_day(dispute))

    def _get_next_day(self, dispute):
        self.env.flush_all()
        return (
            self.env["account.collection.agreement"]
            .search([("res_model", "=", dispute._name), ("res_id", "=", dispute.id)])
            .date_next
        )
