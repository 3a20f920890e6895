"""What is no number is refused in words, wherever an agreement is written."""

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..tools.number import format_number
from .common import TODAY, CollectionCommon
from .return_common import ReturnCommon
from .settlement_common import SettlementCommon

NO_NUMBERS = (float("nan"), float("inf"))


@tagged("post_install", "-at_install")
class TestSettlementNumbers(SettlementCommon):
    def test_no_numbers(self):
        invoice = self._create_open_invoice(self.customer, 1000, days=20)
        settlement = self._settlement(invoice, until="draft")
        payments = self.env["account.collection.settlement.payment"]
        wizard = self.env["account.collection.settlement.offer"]
        for number in NO_NUMBERS:
            payment = {"date_due": TODAY, "amount": number}
            for write in (
                lambda number=number: settlement.write({"amount": number}),
                lambda payment=payment: settlement.write(
                    {"payment_ids": [Command.create(payment)]}
                ),
                lambda payment=payment: payments.create(
                    {**payment, "settlement_id": settlement.id}
                ),
                lambda number=number: wizard.create({"amount": number}),
                lambda payment=payment: wizard.create(
                    {"payment_ids": [Command.create(payment)]}
                ),
            ):
                with self.assertRaisesRegex(UserError, "Enter a number"):
                    write()

    def test_no_name(self):
        invoice = self._create_open_invoice(self.customer, 1000, days=20)
        settlement = self._settlement(invoice, until="offered")
        for name in (["a"], 1, " "):
            with self.assertRaisesRegex(UserError, "name of who accepts"):
                settlement.action_accept(name)


@tagged("post_install", "-at_install")
class TestNumbersInWords(CollectionCommon):
    def test_as_the_language_writes_them(self):
        """(number, in English, in German)."""
        self.env["res.lang"]._activate_lang("de_DE")
        for number, english, german in (
            (0, "0", "0"),
            (4, "4", "4"),
            (10.0, "10", "10"),
            (2.5, "2.5", "2,5"),
            (0.1 + 0.2, "0.3", "0,3"),
            (1_500_000, "1,500,000", "1.500.000"),
            (1_234.125, "1,234.125", "1.234,125"),
        ):
            for lang, expected in (("en_US", english), ("de_DE", german)):
                with self.subTest(number=number, lang=lang):
                    env = self.env(context={"lang": lang})
                    self.assertEqual(format_number(env, number), expected)


@tagged("post_install", "-at_install")
class TestReturnNumbers(ReturnCommon):
    def test_no_numbers(self):
        invoice = self._sell((10, 5, None))
        one = self._take_back(invoice, [1])
        wizard = self.env["account.collection.return.receive"].create(
            {"return_id": one.id}
        )
        for number in NO_NUMBERS:
            for write in (
                lambda number=number: self._take_back(invoice, [number]),
                lambda number=number: self._take_back(
                    invoice, [1], freight_amount=number
                ),
                lambda number=number: wizard.write({"freight_amount": number}),
                lambda number=number: wizard.row_ids.write(
                    {"quantity_accepted": number}
                ),
            ):
                with self.assertRaisesRegex(UserError, "Enter a number"):
                    write()
