from datetime import timedelta

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .chart_common import on_charts
from .common import TODAY
from .return_common import ReturnCommon


@on_charts
@tagged("post_install", "-at_install")
class TestReturnCredit(ReturnCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vat19, cls.vat7 = cls._create_tax(19), cls._create_tax(7)
        cls.included = cls._create_tax(
            20, name="20 % included", price_include_override="tax_included"
        )
        cls.per_piece = cls._create_tax(
            0.25, name="Per piece", amount_type="fixed", include_base_amount=True
        )
        cls.per_piece.sequence = 0

    # === HELPERS === #

    def _get_taxes(self, move):
        """The amount of each tax of a document."""
        return {
            line.tax_line_id.name: round(abs(line.amount_currency), 2)
            for line in move.line_ids
            if line.tax_line_id
        }

    # === TO THE CENT === #

    def test_everything_back_leaves_the_books_as_before(self):
        """Whatever the taxes and prices: the invoice and its return leave nothing, be
        it in one return or piece by piece."""
        combined = self.vat19 + self.vat7
        for name, goods, values in (
            ("no tax", [(3, 33.33, None)], {}),
            ("no tax, discount", [(3, 9.99, None, {"discount": 15})], {}),
            ("one tax", [(3, 0.33, self.vat19)], {}),
            ("two rates", [(3, 33.33, self.vat19), (3, 66.67, self.vat7)], {}),
            ("two taxes on a line", [(3, 9.99, combined)], {}),
            ("discount", [(3, 19.99, self.vat19, {"discount": 12.5})], {}),
            ("included", [(3, 1.01, self.included)], {}),
            ("per piece", [(3, 1.01, self.per_piece + self.vat19)], {}),
        ):
            for steps in ([3], [1, 1, 1], [2, 1]):
                with self.subTest(name=name, steps=steps):
                    before = self._get_balances()
                    invoice = self._sell(*goods, **values)
                    for quantity in steps:
                        one = self._take_back(
                            invoice, [quantity] * len(goods), "credited"
                        )
                        self.assertAlmostEqual(
                            sum(one.credit_move_ids.mapped("amount_total")),
                            one.amount_accepted,
                            places=2,
                        )
                    self.assertEqual(invoice.amount_residual, 0)
                    self.assertEqual(invoice.payment_state, "reversed")
                    self.assertEqual(self._get_balances(), before)

    def test_taxes_of_a_part(self):
        """(goods, quantity back, credit, its taxes)."""
        for goods, quantities, total, taxes in (
            ([(10, 10, self.vat19)], [4], 47.60, {"19 % of goods": 7.6}),
            (
                [(10, 10, self.vat19), (5, 10, self.vat7)],
                [1, 2],
                33.30,
                {"19 % of goods": 1.9, "7 % of goods": 1.4},
            ),
            ([(10, 12, self.included)], [3], 36, {"20 % included": 6}),
            (
                [(4, 10, self.per_piece + self.vat19)],
                [1],
                12.20,
                {"Per piece": 0.25, "19 % of goods": 1.95},
            ),
        ):
            with self.subTest(quantities=quantities, total=total):
                one = self._take_back(self._sell(*goods), quantities, "credited")
                credit = one.credit_move_ids
                self.assertAlmostEqual(credit.amount_total, total, places=2)
                self.assertAlmostEqual(one.amount, total, places=2)
                self.assertEqual(self._get_taxes(credit), taxes)

    def test_restocking_and_freight_are_lines_of_their_own(self):
        """(who pays the freight, the credit of 4 x 10 + 19 %, 10 % kept, 5.95
        freight)."""
        for payer, sign, total in (("customer", -1, 36.89), ("company", 1, 48.79)):
            with self.subTest(payer=payer):
                invoice = self._sell((10, 10, self.vat19))
                one = self._take_back(
                    invoice,
                    [4],
                    "credited",
                    restocking_percent=10,
                    freight_payer=payer,
                    freight_amount=5.95,
                )
                credit = one.credit_move_ids
                self.assertAlmostEqual(one.amount, total, places=2)
                self.assertAlmostEqual(credit.amount_total, total, places=2)
                self.assertEqual(
                    credit.invoice_line_ids.mapped("price_subtotal"),
                    [40, -4, sign * 5],
                )
                self.assertEqual(credit.invoice_line_ids.tax_ids, self.vat19)
                self.assertIn("10 %", credit.invoice_line_ids[1].name)
                self.assertIn(one.name, credit.invoice_line_ids[2].name)
                self.assertAlmostEqual(invoice.amount_residual, 119 - total, places=2)

    def test_freight_with_several_taxes_to_the_cent(self):
        """Odd freights, with included, added and per-piece taxes."""
        for taxes in (
            self.vat19 + self.vat7,
            self.included,
            self.per_piece + self.vat19,
            None,
        ):
            for freight in (0.01, 3.33, 4.9):
                with self.subTest(taxes=taxes, freight=freight):
                    invoice = self._sell((10, 9.99, taxes))
                    one = self._take_back(
                        invoice,
                        [7],
                        "credited",
                        restocking_percent=7.5,
                        freight_amount=freight,
                    )
                    self.assertAlmostEqual(
                        one.credit_move_ids.amount_total, one.amount, places=2
                    )

    def test_accounts_of_restocking_and_freight(self):
        revenue = self.company_data["default_account_revenue"]
        fees = revenue.sudo().copy()
        freight = revenue.sudo().copy()
        self.company.sudo().write(
            {
                "collection_restocking_account_id": fees.id,
                "collection_freight_account_id": freight.id,
            }
        )
        invoice = self._sell((1, 100, None))
        goods = invoice.invoice_line_ids.account_id
        one = self._take_back(
            invoice,
            [1],
            "credited",
            restocking_percent=10,
            freight_amount=5,
        )
        self.assertEqual(
            [
                (line.account_id, line.balance)
                for line in one.credit_move_ids.invoice_line_ids
            ],
            [(goods, 100), (fees, -10), (freight, -5)],
        )

    def test_early_payment_discount(self):
        """However the discount reduces the tax, the return credits what was booked."""
        for computation in ("included", "excluded", "mixed"):
            term = (
                self.env["account.payment.term"]
                .sudo()
                .create(
                    {
                        "name": f"2 % in 10 days, {computation}",
                        "early_discount": True,
                        "discount_percentage": 2,
                        "discount_days": 10,
                        "early_pay_discount_computation": computation,
                        "line_ids": [
                            Command.create(
                                {"value": "percent", "value_amount": 100, "nb_days": 30}
                            )
                        ],
                    }
                )
            )
            for steps in ([3], [1, 1, 1]):
                with self.subTest(computation=computation, steps=steps):
                    before = self._get_balances()
                    invoice = self._sell(
                        (3, 33.35, self.vat19),
                        (3, 12.49, self.vat7),
                        invoice_payment_term_id=term.id,
                        invoice_date_due=False,
                    )
                    for quantity in steps:
                        one = self._take_back(invoice, [quantity] * 2, "credited")
                        self.assertAlmostEqual(
                            one.credit_move_ids.amount_total,
                            one.amount_accepted,
                            places=2,
                        )
                    self.assertEqual(invoice.amount_residual, 0)
                    self.assertEqual(self._get_balances(), before)
            for payer in ("company", "customer"):
                with self.subTest(computation=computation, payer=payer):
                    invoice = self._sell(
                        (3, 33.35, self.vat19),
                        (3, 12.49, self.vat7),
                        invoice_payment_term_id=term.id,
                        invoice_date_due=False,
                    )
                    one = self._take_back(
                        invoice,
                        [2, 1],
                        "credited",
                        restocking_percent=10,
                        freight_payer=payer,
                        freight_amount=7.77,
                    )
                    self.assertAlmostEqual(
                        one.credit_move_ids.amount_total, one.amount, places=2
                    )

    def test_foreign_currency_after_a_change_of_the_rate(self):
        """The credit takes as much off the books as the invoice has put on them."""
        currency = self.setup_other_currency(
            "CHF",
            rates=[
                ("2024-01-01", 2.0),
                (str(TODAY - timedelta(days=5)), 3.0),
            ],
        )
        for steps in ([3], [1, 2]):
            with self.subTest(steps=steps):
                before = self._get_balances()
                invoice = self._sell(
                    (3, 33.33, self.vat19),
                    (3, 0.99, self.vat7),
                    currency_id=currency.id,
                )
                for quantity in steps:
                    one = self._take_back(
                        invoice, [quantity] * 2, "credited", freight_amount=0
                    )
                    self.assertAlmostEqual(
                        one.credit_move_ids.amount_total, one.amount_accepted, places=2
                    )
                self.assertEqual(invoice.amount_residual, 0)
                self.assertEqual(self._get_balances(), before)

    def test_fiscal_position(self):
        """The taxes are those of the invoice, not those of the product."""
        position = (
            self.env["account.fiscal.position"]
            .sudo()
            .create({"name": "Abroad", "company_id": self.company.id})
        )
        exempt = self._create_tax(0, name="Export")
        exempt.sudo().write(
            {
                "fiscal_position_ids": [Command.link(position.id)],
                "original_tax_ids": [Command.link(self.vat19.id)],
            }
        )
        product = (
            self.env["product.product"]
            .sudo()
            .create({"name": "Lamp", "taxes_id": [Command.set(self.vat19.ids)]})
        )
        invoice = self._sell(
            (2, 50, exempt, {"product_id": product.id}),
            fiscal_position_id=position.id,
        )
        credit = self._take_back(invoice, [1], "credited").credit_move_ids
        self.assertRecordValues(
            credit, [{"amount_total": 50, "fiscal_position_id": position.id}]
        )
        self.assertRecordValues(
            credit.invoice_line_ids,
            [
                {
                    "product_id": product.id,
                    "quantity": 1,
                    "price_unit": 50,
                    "tax_ids": exempt.ids,
                }
            ],
        )

    def test_edited_tax_of_the_invoice(self):
        """A cent that somebody has moved on the invoice comes back with it."""
        before = self._get_balances()
        invoice = self._sell((3, 33.33, self.vat19))
        invoice.button_draft()
        tax_line = invoice.line_ids.filtered("tax_line_id")
        tax_line.amount_currency -= 0.01
        invoice.action_post()
        self.assertAlmostEqual(invoice.amount_total, 119, places=2)
        for quantity in (1, 2):
            self._take_back(invoice, [quantity], "credited")
        self.assertEqual(invoice.amount_residual, 0)
        self.assertEqual(self._get_balances(), before)

    # === REVERSED BY HAND === #

    def test_credit_notes_that_were_reversed(self):
        """They count for nothing: neither the goods that they credited nor what they
        took off the price."""
        before = self._get_balances()
        invoice = self._sell((10, 100, self.vat19))
        for values in ({}, {"quantity": 4}, {"quantity": 1, "price_unit": 500}):
            with self.subTest(values=values):
                credit = self._credit_by_hand(invoice, **values)
                self._reverse(credit)
                self.assertEqual(invoice.amount_residual, 1190)
                one = self._take_back(invoice, [10], "draft")
                self.assertAlmostEqual(one.amount, 1190, places=2)
        one = self._take_back(invoice, [10], "credited")
        self.assertAlmostEqual(one.credit_move_ids.amount_total, 1190, places=2)
        self.assertEqual(invoice.amount_residual, 0)
        self.assertEqual(self._get_balances(), before)

    # === ITS OWN INVOICE === #

    def test_pays_what_the_return_holds(self):
        """The first of two instalments is promised: what comes back is taken off the
        second, be it credited here or by hand."""
        term = (
            self.env["account.payment.term"]
            .sudo()
            .create(
                {
                    "name": "In two",
                    "line_ids": [
                        Command.create(
                            {"value": "percent", "value_amount": 50, "nb_days": days}
                        )
                        for days in (0, 15)
                    ],
                }
            )
        )
        for by_hand in (False, True):
            with self.subTest(by_hand=by_hand):
                invoice = self._sell(
                    (10, 100, None),
                    partner=self._create_customer("Customer"),
                    invoice_payment_term_id=term.id,
                    invoice_date_due=False,
                )
                first, second = self._get_receivable_line(invoice)
                promise = self.env["account.collection.promise"].create(
                    {
                        "partner_id": invoice.partner_id.id,
                        "company_id": self.company.id,
                        "currency_id": invoice.currency_id.id,
                        "line_ids": [Command.set(first.ids)],
                        "amount": 500,
                        "date_due": TODAY + timedelta(days=5),
                    }
                )
                promise.action_confirm()
                one = self._take_back(invoice, [3], "received")
                self.assertEqual(one.hold_ids.line_id, second)
                self.assertHeld(one, [300])
                if by_hand:
                    credit = self._credit_by_hand(invoice, quantity=3)
                    credit.line_ids.remove_move_reconcile()
                    one._attach_credit_notes(credit)
                else:
                    one.action_credit()
                self.assertEqual(
                    (first.amount_residual, second.amount_residual), (500, 200)
                )
                self.assertHeld(promise, [500])
                self.assertHeld(one, [])

    def test_each_credit_note_pays_its_own_invoice(self):
        first = self._sell((2, 50, self.vat19), invoice_date=TODAY - timedelta(days=90))
        second = self._sell((2, 50, self.vat19))
        one = self.env["account.collection.return"].create(
            {
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "currency_id": first.currency_id.id,
                "freight_amount": 9.5,
                "return_line_ids": [
                    Command.create({"invoice_line_id": line.id, "quantity": quantity})
                    for line, quantity in (
                        (first.invoice_line_ids, 1),
                        (second.invoice_line_ids, 2),
                    )
                ],
            }
        )
        one.action_confirm()
        one.action_authorize()
        self.assertHeld(one, [59.5, 109.5])
        self._receive(one)
        one.action_credit()
        self.assertEqual(
            {
                credit.reversed_entry_id: round(credit.amount_total, 2)
                for credit in one.credit_move_ids
            },
            {first: 59.5, second: 109.5},
        )
        self.assertAlmostEqual(first.amount_residual, 59.5, places=2)
        self.assertAlmostEqual(second.amount_residual, 9.5, places=2)

    def test_more_than_is_left_to_pay(self):
        """What is credited beyond the debt stays with the customer."""
        invoice = self._sell((2, 50, None))
        self._pay(invoice, 70)
        one = self._take_back(invoice, [2])
        self.assertEqual(one.amount, 100)
        self.assertHeld(one, [30])
        self._receive(one)
        one.action_credit()
        self.assertEqual(invoice.amount_residual, 0)
        self.assertEqual(one.credit_move_ids.amount_residual, 70)
        self.assertEqual(one.state, "credited")

    # === CREDITED IN ANOTHER WAY === #

    def test_goods_credited_by_hand_since(self):
        """After the authorization, after the receipt; all, half; posted or not."""
        for state in ("authorized", "received"):
            for quantity in (10, 5):
                for post in (True, False):
                    with self.subTest(state=state, quantity=quantity, post=post):
                        invoice = self._sell((10, 100, self.vat19))
                        one = self._take_back(invoice, [10], state)
                        credit = self._credit_by_hand(invoice, post, quantity=quantity)
                        act = (
                            one.action_credit
                            if state == "received"
                            else lambda one=one: self._receive(one)
                        )
                        with (
                            self.assertRaisesRegex(UserError, credit.name or "Draft"),
                            self.env.cr.savepoint(),
                        ):
                            act()
                        self.env.invalidate_all()
                        self.assertEqual(one.state, state)
                        self.assertFalse(one.credit_move_ids)

    def test_price_credited_before_and_after(self):
        """Of 10 x 100, 200 are credited without goods: (returned before, then, name and
        price of the credit, what the second return credits)."""
        for first, then, values, expected in (
            (0, 10, {"quantity": 1, "price_unit": 200, "name": "Concession"}, 800),
            (0, 5, {"quantity": 1, "price_unit": 200, "name": "Concession"}, 400),
            (5, 5, {"quantity": 1, "price_unit": 200, "name": "Concession"}, 300),
            (0, 10, {"price_unit": 20}, 800),
            (0, 1, {"price_unit": 20}, 80),
        ):
            with self.subTest(first=first, then=then, values=values):
                invoice = self._sell((10, 100, None))
                if first:
                    self._take_back(invoice, [first], "credited")
                self._credit_by_hand(invoice, **values)
                one = self._take_back(invoice, [then], "credited")
                self.assertEqual(one.amount, expected)
                self.assertEqual(one.credit_move_ids.amount_total, expected)
                if first + then == 10:
                    self.assertEqual(invoice.amount_residual, 0)
                    self.assertEqual(
                        sum(invoice.reversal_move_ids.mapped("amount_total")), 1000
                    )

    def test_dispute_credited_before(self):
        """200 of 1,000 were conceded: the goods are worth 800."""
        invoice = self._sell((10, 100, self.vat19))
        line = self._get_receivable_line(invoice)
        dispute = self.env["account.collection.dispute"].create(
            {
                "partner_id": self.customer.id,
                "line_ids": [Command.set(line.ids)],
                "amount": 238,
                "reason_id": self.env["account.collection.dispute.reason"]
                .search([], limit=1)
                .id,
            }
        )
        dispute.action_confirm()
        dispute.action_investigate()
        dispute.action_resolve_valid(238, "Sorry.")
        dispute.credit_move_ids.action_post()
        one = self._take_back(invoice, [10], "credited")
        self.assertAlmostEqual(one.amount, 952, places=2)
        self.assertAlmostEqual(one.credit_move_ids.amount_total, 952, places=2)
        self.assertEqual(invoice.amount_residual, 0)

    def test_price_credited_before_piece_by_piece(self):
        """With taxes and restocking, every cent of it is credited once."""
        invoice = self._sell((3, 33.33, self.vat19), (3, 9.99, self.vat7))
        self._credit_by_hand(invoice, quantity=1, price_unit=7.77, name="Concession")
        left = invoice.amount_residual
        credited = 0
        for _step in range(3):
            one = self._take_back(invoice, [1, 1], "credited")
            credited += one.credit_move_ids.amount_total
            self.assertAlmostEqual(one.amount, one.credit_move_ids.amount_total)
        self.assertAlmostEqual(credited, left, places=2)
        self.assertEqual(invoice.amount_residual, 0)

    def test_credited_by_hand_in_another_unit(self):
        """(unit sold, credited in which and how much, what can still come back)."""
        unit = self.env.ref("uom.product_uom_unit")
        dozen = self.env.ref("uom.product_uom_dozen")
        product = (
            self.env["product.product"]
            .sudo()
            .create({"name": "Eggs", "taxes_id": [], "company_id": self.company.id})
        )
        for sold, quantity, price, other, credited, at, left in (
            (unit, 24, 1, dozen, 1, 12, 12),
            (dozen, 2, 12, unit, 6, 1, 1.5),
            (dozen, 2, 10, unit, 6, 0.83, 1.5),
        ):
            with self.subTest(sold=sold.name):
                invoice = self._sell(
                    (
                        quantity,
                        price,
                        None,
                        {"product_id": product.id, "product_uom_id": sold.id},
                    )
                )
                self._credit_by_hand(
                    invoice,
                    product_uom_id=other.id,
                    quantity=credited,
                    price_unit=at,
                )
                line = invoice.invoice_line_ids
                self.assertEqual(line._get_returnable_quantities()[line], left)

    def test_same_product_at_two_prices(self):
        product = (
            self.env["product.product"]
            .sudo()
            .create({"name": "Lamp", "taxes_id": [], "company_id": self.company.id})
        )
        values = {"product_id": product.id}
        invoice = self._sell((5, 10, None, values), (5, 100, None, values))
        credit = self._credit_by_hand(invoice, post=False)
        credit.invoice_line_ids[0].unlink()
        credit.action_post()
        self.assertEqual(
            list(invoice.invoice_line_ids._get_returnable_quantities().values()), [5, 0]
        )
        one = self._take_back(invoice, [5, 0], "credited")
        self.assertEqual(one.credit_move_ids.amount_total, 50)
        self.assertEqual(invoice.amount_residual, 0)

    def test_rounded_to_coins(self):
        """119.99 rounded to 120.00: everything returned credits the whole, a part
        what the goods are worth."""
        account = self.company_data["default_account_revenue"]
        rounding = (
            self.env["account.cash.rounding"]
            .sudo()
            .create(
                {
                    "name": "5 cents",
                    "rounding": 0.05,
                    "rounding_method": "HALF-UP",
                    "strategy": "add_invoice_line",
                    "profit_account_id": account.id,
                    "loss_account_id": account.id,
                }
            )
        )
        for quantity, total in ((1, 120), (0.5, 60)):
            with self.subTest(quantity=quantity):
                invoice = self._sell(
                    (1, 119.99, None), invoice_cash_rounding_id=rounding.id
                )
                self.assertEqual(invoice.amount_total, 120)
                one = self._take_back(invoice, [quantity], "credited")
                self.assertEqual(one.credit_move_ids.amount_total, total)
                self.assertEqual(invoice.amount_residual, 120 - total)

    # === DISCOUNTS THAT ARE LINES === #

    def test_discount_line_comes_back_with_the_goods(self):
        """Discounts with the taxes of the goods, and without: (steps)."""
        for taxes in (None, self.vat19):
            for discount_taxes in {taxes, None}:
                for steps in ([10], [3, 3, 4]):
                    with self.subTest(taxes=taxes, steps=steps):
                        before = self._get_balances()
                        invoice = self._sell(
                            (10, 99.99, taxes),
                            (10, 5.55, taxes),
                            (1, -100, discount_taxes),
                        )
                        for quantity in steps:
                            one = self._take_back(
                                invoice, [quantity, quantity], "credited"
                            )
                            self.assertAlmostEqual(
                                one.amount, one.credit_move_ids.amount_total, places=2
                            )
                        self.assertEqual(invoice.amount_residual, 0)
                        if taxes == discount_taxes:
                            self.assertEqual(self._get_balances(), before)

    def test_discount_line_is_no_goods(self):
        invoice = self._sell((10, 100, None), (1, -100, None))
        action = invoice.action_return()
        wizard = (
            self.env[action["res_model"]].with_context(**action["context"]).create({})
        )
        self.assertEqual(
            wizard.return_line_ids.invoice_line_id, invoice.invoice_line_ids[0]
        )
        wizard.return_line_ids.quantity = 10
        self.assertEqual(wizard.amount, 900)
        with self.assertRaisesRegex(ValidationError, "discount"):
            self._take_back(invoice, [0, 1])

    # === FREIGHT === #

    def test_freight_above_one_invoice(self):
        """Two invoices of 100, all comes back: (freight, the credit notes)."""
        for freight, expected in ((30, [70, 100]), (100, [0, 100]), (110, [0, 90])):
            with self.subTest(freight=freight):
                invoices = [self._sell((10, 10, None)) for _number in range(2)]
                one = self.env["account.collection.return"].create(
                    {
                        "partner_id": self.customer.id,
                        "freight_amount": freight,
                        "return_line_ids": [
                            Command.create(
                                {
                                    "invoice_line_id": invoice.invoice_line_ids.id,
                                    "quantity": 10,
                                    "restocking_percent": 0,
                                }
                            )
                            for invoice in invoices
                        ],
                    }
                )
                one.action_confirm()
                one.action_authorize()
                self._receive(one)
                one.action_credit()
                self.assertEqual(one.state, "credited")
                self.assertEqual(
                    sorted(one.credit_move_ids.mapped("amount_total")), expected
                )

    # === WHAT ODOO FORBIDS === #

    def test_lock_date_leaves_the_return_where_it_was(self):
        for lock in ("sale_lock_date", "tax_lock_date", "fiscalyear_lock_date"):
            for days in (0, 10):
                with self.subTest(lock=lock, days=days):
                    one = self._take_back(
                        self._sell((1, 100, self.vat19)), [1], "received"
                    )
                    with self.env.cr.savepoint() as savepoint:
                        self.company.sudo()[lock] = TODAY + timedelta(days=days)
                        with self.assertRaisesRegex(UserError, "closed"):
                            one.action_credit()
                        savepoint.rollback()
                    self.env.invalidate_all()
                    self.assertEqual(one.state, "received")
                    self.assertFalse(one.credit_move_ids)
                    self.assertHeld(one, [119])

    def test_restricted_journal_leaves_the_return_where_it_was(self):
        invoice = self._sell((1, 100, self.vat19))
        one = self._take_back(invoice, [1], "received")
        invoice.journal_id.sudo().active = False
        with self.assertRaises(UserError), self.env.cr.savepoint():
            one.action_credit()
        one.invalidate_recordset()
        self.assertEqual(one.state, "received")
        self.assertFalse(one.credit_move_ids)
        self.assertHeld(one, [119])

    def test_secured_journal(self):
        """The credit note is posted beside entries that nobody may change, and stays:
        so does the return."""
        invoice = self._sell((1, 100, self.vat19))
        one = self._take_back(invoice, [1], "received")
        invoice.journal_id.sudo().restrict_mode_hash_table = True
        one.action_credit()
        self.assertEqual(one.state, "credited")
        self.assertEqual(invoice.amount_residual, 0)
        self.assertTrue(one.credit_move_ids.inalterable_hash)
        for undo in ("button_draft", "button_cancel"):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                getattr(one.credit_move_ids, undo)()
            self.env.invalidate_all()
            self.assertEqual(one.state, "credited")

    # === UNDONE === #

    def test_credit_note_undone(self):
        """Set to draft, cancelled, deleted: the goods are here, and wait again."""
        for undo in ("button_draft", "button_cancel", "unlink"):
            if undo == "unlink" and self.company.restrictive_audit_trail:
                # Where the law wants every entry kept, Odoo deletes none.
                continue
            with self.subTest(undo=undo):
                invoice = self._sell((2, 100, self.vat19))
                one = self._take_back(invoice, [1], "credited")
                self.assertHeld(one, [])
                credit = one.credit_move_ids
                credit.button_draft()
                if undo != "button_draft":
                    getattr(credit.sudo(), undo)()
                self.assertEqual((one.state, one.date_end), ("received", False))
                self.assertHeld(one, [119])
                self.env["account.collection.commitment"]._cron_evaluate()
                self.assertIn(
                    "Credit the returned goods", one.activity_ids.mapped("summary")
                )
                one.action_credit()
                self.assertEqual(one.state, "credited")
                self.assertHeld(one, [])
                self.assertEqual(invoice.amount_residual, 119)
                posted = one.credit_move_ids.filtered(
                    lambda move: move.state == "posted"
                )
                self.assertEqual(posted.amount_total, 119)

    def test_credit_note_reversed(self):
        """Reversed by hand, as where entries are hashed: it is credited anew."""
        invoice = self._sell((2, 100, self.vat19))
        one = self._take_back(invoice, [1], "credited")
        before = self._get_balances()
        credit = one.credit_move_ids
        credit._reverse_moves([{"date": TODAY, "invoice_date": TODAY}], cancel=True)
        self.assertEqual((one.state, one.date_end), ("received", False))
        self.assertHeld(one, [119])
        self.env["account.collection.commitment"]._cron_evaluate()
        self.assertIn("Credit the returned goods", one.activity_ids.mapped("summary"))
        one.action_credit()
        self.assertEqual(one.state, "credited")
        self.assertEqual(len(one.credit_move_ids - credit), 1)
        self.assertEqual(invoice.amount_residual, 119)
        self.assertEqual(self._get_balances(), before)

    def test_credit_note_without_debt_undone(self):
        """It was never reconciled: the invoice was paid before."""
        invoice = self._sell((1, 100, None))
        one = self._take_back(invoice, [1], "received")
        self._pay(invoice)
        self.assertHeld(one, [])
        one.action_credit()
        self.assertEqual(one.state, "credited")
        one.credit_move_ids.button_draft()
        self.assertEqual(one.state, "received")
        self.assertHeld(one, [])

    def test_next_day(self):
        """Credited on another day than received: the credit note is of that day."""
        one = self._take_back(self._sell((1, 100, self.vat19)), [1], "received")
        with freeze_time(TODAY + timedelta(days=20)):
            one.action_credit()
        self.assertEqual(one.credit_move_ids.invoice_date, TODAY + timedelta(days=20))
        self.assertEqual(one.date_end, TODAY + timedelta(days=20))
