from datetime import timedelta

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .common import TODAY
from .settlement_common import SettlementCommon


@tagged("post_install", "-at_install")
class TestSettlementPayment(SettlementCommon):
    """Payments that are registered with the button of the settlement."""

    def test_agreed_amount_to_the_oldest_first(self):
        newer = self._create_open_invoice(self.customer, 400, days=10)
        older = self._create_open_invoice(self.customer, 600, days=40)
        settlement = self._settlement(newer | older)
        form = self._open_form(settlement)
        self.assertEqual(form.amount, 800)
        self.assertEqual(form.payment_difference, 200)
        self.assertEqual(form.payment_difference_handling, "open")
        form.save().action_create_payments()
        self.assertEqual((older.amount_residual, newer.amount_residual), (0, 200))
        self.assertTrue(settlement.is_paid)
        with self.assertRaisesRegex(UserError, "Nothing is left"):
            settlement.action_register_payment()
        self._evaluate_on(0)
        self.assertEqual(settlement.state, "settled")
        self.assertClosed(newer | older)

    def test_part_by_part(self):
        """(day, what the form shows): the first payment that is open."""
        invoice = self._create_open_invoice(self.customer, 1000, days=20)
        settlement = self._settlement(
            invoice,
            payment_ids=[
                Command.create(
                    {"date_due": TODAY + timedelta(days=days), "amount": due}
                )
                for days, due in ((5, 300), (20, 500))
            ],
        )
        self._pay(invoice, 100)
        for day, amount in ((0, 200), (9, 500)):
            with freeze_time(f"{TODAY + timedelta(days=day)} 10:00:00"):
                form = self._open_form(settlement)
                self.assertEqual(form.amount, amount)
                form.save().action_create_payments()
        self._evaluate_on(9)
        self.assertEqual(settlement.state, "settled")

    def test_foreign_currency(self):
        """The form is in the currency of the settlement."""
        currency = self.setup_other_currency(
            "CHF", rates=[("2024-01-01", 2.0), (TODAY, 4.0)]
        )
        invoice = self._create_open_invoice(
            self.customer, 1000, currency_id=currency.id
        )
        settlement = self._settlement(invoice)
        form = self._open_form(settlement)
        self.assertEqual((form.amount, form.currency_id), (800, currency))
        form.save().action_create_payments()
        self._evaluate_on(0)
        self.assertEqual(settlement.state, "settled")
        self.assertClosed(invoice)

    def test_no_more_than_is_owed(self):
        """A credit note in between: less is expected, and less is shown."""
        invoice = self._create_open_invoice(self.customer, 1000, days=20)
        settlement = self._settlement(invoice)
        refund = self._create_open_invoice(self.customer, 300, move_type="out_refund")
        self._get_receivable_line(refund | invoice).reconcile()
        self.assertEqual(self._open_form(settlement).amount, 700)

    def test_when_it_is_not_accepted(self):
        invoice = self._create_open_invoice(self.customer, 1000, days=20)
        for until in ("draft", "offered"):
            with self.subTest(until=until), self.env.cr.savepoint() as savepoint:
                settlement = self._settlement(invoice, until=until)
                with self.assertRaisesRegex(UserError, "while it is accepted"):
                    settlement.action_register_payment()
                savepoint.rollback()

    # === HELPERS === #

    def _open_form(self, settlement):
        action = settlement.action_register_payment()
        return Form(self.env[action["res_model"]].with_context(**action["context"]))
