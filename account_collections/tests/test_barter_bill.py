from datetime import timedelta

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .barter_common import BarterCommon
from .chart_common import on_charts
from .common import TODAY


@on_charts
@tagged("post_install", "-at_install")
class TestBarterBill(BarterCommon):
    """What is posted: to the cent, on several charts and in foreign currency."""

    # === SETTLING === #

    def test_balances_after_settling(self):
        """1,000 and 200 tax are owed: (given without tax, tax rate, accepted share of
        it, owed to us, owed by us, expense, deductible tax)."""
        for price, tax_rate, share, receivable, payable, expense, tax in (
            (1000, 20, 1, 0, 0, 1000, 200),
            (500, 20, 1, 600, 0, 500, 100),
            (1000, 20, 0.5, 600, 0, 500, 100),
            (1500, 20, 1, 0, -600, 1500, 300),
            (1500, 20, 0.5, 300, 0, 750, 150),
            (1200, 0, 1, 0, 0, 1200, 0),
            (333.33, 7.7, 1, 841, 0, 333.33, 25.67),
        ):
            with self.subTest(price=price, tax=tax_rate, share=share):
                customer = self._create_customer("Customer")
                invoice = self._create_taxed_invoice(customer, 1000)
                before = self._get_balances()
                purchase_tax = self._create_tax(
                    "purchase", tax_rate, name=f"{price} {tax_rate} {share}"
                )
                barter = self._barter(
                    invoice, [self._give("Work", 1, price, purchase_tax)]
                )
                self._deliver(barter, share)
                if barter.state == "agreed":
                    barter.action_complete()
                barter.action_settle()
                self.assertEqual(barter.state, "settled")
                self.assertAlmostEqual(
                    self._get_balance("asset_receivable", customer), receivable
                )
                self.assertAlmostEqual(invoice.amount_residual, receivable)
                self.assertAlmostEqual(
                    self._get_balance("liability_payable", customer), payable
                )
                self.assertAlmostEqual(barter.bill_id.amount_residual, -payable)
                self.assertEqual(self._get_clearing(), (0, 0))
                bill = barter.bill_id
                self.assertAlmostEqual(bill.amount_untaxed, expense)
                self.assertAlmostEqual(bill.amount_tax, tax)
                self.assertEqual(bill.invoice_line_ids.account_id, self.expense_account)
                self.assertEqual(barter.amount_accepted, bill.amount_total)
                self.assertFalse(barter.hold_ids.filtered("active"))
                # The sale and its tax stay as they were.
                self._check_unchanged(before, invoice)
                barter.action_cancel()
                self.assertEqual(self._get_balances(), before)
                self.assertEqual(invoice.amount_residual, 1200)

    def test_several_items_and_accounts(self):
        """Two items on two receivable accounts, the oldest is paid first."""
        other = self.receivable_account.copy({"name": "Other customers"})
        old = self._create_open_invoice(self.customer, 60, days=50)
        self.customer.property_account_receivable_id = other
        new = self._create_open_invoice(self.customer, 90, days=20)
        barter = self._barter(old | new, state="settled")
        self.assertEqual((old.amount_residual, new.amount_residual), (0, 50))
        self.assertEqual(
            barter.netting_move_id.line_ids.filtered(
                lambda line: line.account_id.account_type == "asset_receivable"
            ).mapped("balance"),
            [-60, -40],
        )
        self.assertEqual(self._get_clearing(), (0, 0))
        self.assertTrue(
            all(
                barter.netting_move_id.line_ids.filtered(
                    lambda line: line.account_id.reconcile
                ).mapped("reconciled")
            )
        )

    def test_installments_and_what_others_cover(self):
        """What a promise covers is not set off."""
        invoice = self._create_open_invoice(self.customer, 150)
        barter = self._barter(invoice)
        promise = self.env["account.collection.promise"].create(
            {
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "currency_id": invoice.currency_id.id,
                "line_ids": [Command.set(self._get_receivable_line(invoice).ids)],
                "amount": 50,
                "date_due": TODAY + timedelta(days=5),
            }
        )
        promise.action_confirm()
        self._deliver(barter)
        barter.action_settle()
        self.assertEqual(invoice.amount_residual, 50)
        self.assertEqual(promise.hold_ids.filtered("active").amount, 50)
        self.assertEqual(promise.state, "open")

    def test_paid_in_the_meantime(self):
        """100 agreed of 100: (paid in money, set off, stays payable)."""
        for paid, set_off, payable in ((100, 0, 100), (70, 30, 70)):
            with self.subTest(paid=paid):
                customer = self._create_customer("Customer")
                invoice = self._create_open_invoice(customer)
                barter = self._barter(invoice)
                self._pay(invoice, paid)
                self._deliver(barter)
                barter.action_settle()
                self.assertEqual(barter.state, "settled")
                self.assertEqual(bool(barter.netting_move_id), bool(set_off))
                self.assertEqual(barter.bill_id.amount_residual, payable)
                self.assertEqual(invoice.amount_residual, 0)
                self.assertIn("stays payable", barter.message_ids[0].body)

    def test_product_gives_account_and_taxes(self):
        """(account of the product, of its category, what is used)"""
        accounts = [
            self.expense_account.copy({"name": f"Expense {number}"})
            for number in range(2)
        ]
        category = self.env["product.category"].create({"name": "Services"})
        for own, of_category, expected in (
            (accounts[0], accounts[1], accounts[0]),
            (False, accounts[1], accounts[1]),
        ):
            category.property_account_expense_categ_id = of_category
            product = self.env["product.product"].create(
                {
                    "name": "Referral",
                    "categ_id": category.id,
                    "standard_price": 40,
                    "property_account_expense_id": own and own.id,
                    "supplier_taxes_id": [Command.set(self.purchase_tax.ids)],
                }
            )
            with self.subTest(expected=expected.name):
                barter = self._barter(
                    self._create_open_invoice(self.customer),
                    [Command.create({"product_id": product.id, "quantity": 2})],
                    state="draft",
                )
                self.assertRecordValues(
                    barter.given_ids,
                    [
                        {
                            "name": "Referral",
                            "price_unit": 40,
                            "account_id": expected.id,
                            "tax_ids": self.purchase_tax.ids,
                            "amount_untaxed": 80,
                            "amount_total": 88,
                        }
                    ],
                )
                self.assertEqual(barter.amount, 88)

    def test_fiscal_position_of_the_customer(self):
        abroad = self.env["account.fiscal.position"].create(
            {"name": "Abroad", "company_id": self.company.id}
        )
        exempt = self._create_tax("purchase", 0, name="Exempt")
        exempt.original_tax_ids = self.purchase_tax
        exempt.fiscal_position_ids = abroad
        self.customer.property_account_position_id = abroad
        product = self.env["product.product"].create(
            {"name": "Day", "supplier_taxes_id": [Command.set(self.purchase_tax.ids)]}
        )
        barter = self._barter(
            self._create_open_invoice(self.customer),
            [Command.create({"product_id": product.id, "price_unit": 50})],
            state="settled",
        )
        self.assertEqual(barter.given_ids.tax_ids, exempt)
        self.assertEqual(barter.bill_id.amount_total, 50)

    def test_price_included_taxes(self):
        tax = self._create_tax(
            "purchase", 10, name="Included", price_include_override="tax_included"
        )
        barter = self._barter(
            self._create_open_invoice(self.customer),
            [self._give("Day", 3, 33.33, tax)],
            state="settled",
        )
        self.assertEqual(barter.amount_total, barter.bill_id.amount_total)
        self.assertEqual(barter.bill_id.amount_total, 99.99)
        self.assertEqual(self._get_balance("asset_receivable"), 0.01)

    # === FOREIGN CURRENCY === #

    def test_foreign_currency_and_rate_changes(self):
        """Invoice at 2 per unit of the company's, settled and cancelled at other
        rates: (owed, given, rate at the settlement, rate at the cancellation)."""
        currency = self._create_currency()
        for owed, given, settled_at, cancelled_at in (
            (1000, 1000, 2, 2),
            (1000, 1000, 4, 4),
            (1000, 1000, 2.7, 1.3),
            (1000, 600, 3.3, 2),
            (1000, 1500, 1.7, 3),
            (999.99, 333.33, 1.37, 0.91),
        ):
            with self.subTest(owed=owed, given=given, rate=settled_at):
                self._set_rate(currency, TODAY - timedelta(days=100), 2)
                self._set_rate(currency, TODAY, settled_at)
                self._set_rate(currency, TODAY + timedelta(days=9), cancelled_at)
                customer = self._create_customer("Customer")
                invoice = self._create_open_invoice(
                    customer, owed, currency_id=currency.id
                )
                before = self._get_balances()
                barter = self._barter(
                    invoice, [self._give("Work", 1, given)], state="settled"
                )
                self.assertEqual(barter.state, "settled")
                left = max(owed - given, 0)
                payable = min(owed - given, 0)
                for kind, expected in (
                    ("asset_receivable", left),
                    ("liability_payable", payable),
                ):
                    self.assertAlmostEqual(
                        self._get_balance(kind, customer, "amount_currency"),
                        expected,
                        2,
                    )
                    residual = self._get_balance(kind, customer, "amount_residual")
                    self.assertEqual(self._get_balance(kind, customer), residual)
                    if not expected:
                        self.assertEqual(residual, 0)
                self.assertEqual(self._get_clearing(), (0, 0))
                self._check_exchange_difference(barter, invoice, settled_at)
                with freeze_time(TODAY + timedelta(days=9)):
                    barter.action_cancel()
                self.assertEqual(barter.state, "cancelled")
                self.assertEqual(self._get_balances(), before)
                self.assertAlmostEqual(invoice.amount_residual, owed)

    # === CASH BASIS === #

    def test_cash_basis_taxes_become_due(self):
        """Taxes that are due on payment are due, and deductible, when it is set off;
        cancelling undoes that."""
        self.company.tax_exigibility = True
        transition = self.expense_account.copy(
            {"name": "Tax not due", "account_type": "liability_current"}
        )
        transition.reconcile = True
        taxes = [
            self._create_tax(
                kind,
                20,
                name=f"On payment {kind}",
                tax_exigibility="on_payment",
                cash_basis_transition_account_id=transition.id,
            )
            for kind in ("sale", "purchase")
        ]
        invoice = self._create_taxed_invoice(self.customer, 100, taxes[0])
        before = self._get_balances()
        barter = self._barter(invoice, [self._give(taxes=taxes[1])], state="settled")
        self.assertEqual(invoice.amount_residual, 0)
        waiting = self.env["account.move.line"].search(
            [("account_id", "=", transition.id), ("parent_state", "=", "posted")]
        )
        self.assertEqual(sum(waiting.mapped("balance")), 0)
        barter.action_cancel()
        self.assertEqual(self._get_balances(), before)

    # === WHAT ODOO REFUSES === #

    def test_locked_period(self):
        """The period of the settlement is closed before it is cancelled: what is
        reversed is in the open period."""
        invoice = self._create_open_invoice(self.customer)
        barter = self._barter(invoice, state="settled")
        before = self._get_balances()
        later = TODAY + timedelta(days=40)
        with freeze_time(later):
            self.company.fiscalyear_lock_date = TODAY + timedelta(days=16)
            barter.action_cancel()
            self.assertEqual(
                (barter.bill_id | barter.netting_move_id).reversal_move_ids.mapped(
                    "date"
                ),
                [later, later],
            )
        self.assertNotEqual(self._get_balances(), before)
        self.assertEqual(invoice.amount_residual, 100)

    def test_settled_in_a_locked_period(self):
        """(what is closed, what Odoo says): nothing is posted, nothing is lost."""
        barter = self._barter(
            self._create_open_invoice(self.customer),
            [self._give(taxes=self._create_tax("purchase", 5, name="Reported"))],
            state="delivered",
        )
        before = self._get_balances()
        for lock, message in (
            ("fiscalyear_lock_date", "Global Lock Date"),
            ("purchase_lock_date", "Purchase Lock"),
            ("hard_lock_date", "Hard Lock Date"),
            ("tax_lock_date", "Tax Return Lock Date"),
        ):
            with (
                self.subTest(lock=lock),
                self.assertRaisesRegex(UserError, message),
                self.env.cr.savepoint(),
            ):
                self.company[lock] = TODAY + timedelta(days=3)
                barter.action_settle()
            barter.invalidate_recordset()
            self.assertRecordValues(
                barter,
                [{"state": "delivered", "bill_id": False, "netting_move_id": False}],
            )
            self.assertHeld(barter, [100])
            self.assertEqual(self._get_balances(), before)
        barter.action_settle()
        self.assertEqual(barter.state, "settled")
        after = self._get_balances()
        with (
            self.assertRaisesRegex(UserError, "Global Lock Date"),
            self.env.cr.savepoint(),
        ):
            self.company.fiscalyear_lock_date = TODAY
            barter.action_cancel()
        barter.invalidate_recordset()
        self.assertEqual(barter.state, "settled")
        self.assertEqual(self._get_balances(), after)

    def test_archived_account_leaves_it_where_it_was(self):
        barter = self._barter(
            self._create_open_invoice(self.customer), state="delivered"
        )
        moves = self.env["account.move"].search_count([])
        self.expense_account.active = False
        with self.assertRaises(UserError), self.env.cr.savepoint():
            barter.action_settle()
        barter.invalidate_recordset()
        self.assertEqual((barter.state, barter.bill_id.id), ("delivered", False))
        self.assertEqual(self.env["account.move"].search_count([]), moves)
        self.assertHeld(barter, [100])

    def test_hashed_entries(self):
        """Entries of restricted journals are reversed, never changed."""
        journals = (
            self.company._get_collection_purchase_journal()
            | self.company._get_collection_barter_journal()
        )
        journals.restrict_mode_hash_table = True
        invoice = self._create_open_invoice(self.customer)
        before = self._get_balances()
        barter = self._barter(invoice, state="settled")
        moves = barter.bill_id | barter.netting_move_id
        moves.filtered(lambda move: not move.inalterable_hash).button_hash()
        self.assertTrue(all(moves.mapped("inalterable_hash")))
        barter.action_cancel()
        self.assertEqual(self._get_balances(), before)
        self.assertEqual(moves.mapped("state"), ["posted", "posted"])

    # === SETTINGS === #

    def test_clearing_account(self):
        """It is made once, next to the one for transfers, and can be chosen."""
        self.assertFalse(self.company.collection_barter_account_id)
        self._barter(self._create_open_invoice(self.customer), state="settled")
        account = self.company.collection_barter_account_id
        self.assertRecordValues(
            account, [{"account_type": "asset_current", "reconcile": True}]
        )
        self._barter(self._create_open_invoice(self.customer), state="settled")
        self.assertEqual(self.company.collection_barter_account_id, account)
        chosen = account.copy({"name": "Mine"})
        # Not where Odoo books by itself, even if that journal is the first one.
        exchange = self.company.currency_exchange_journal_id.sudo()
        exchange.sequence = -1
        self.assertNotEqual(self.company._get_collection_barter_journal(), exchange)
        journal = self.env["account.journal"].create(
            {"name": "Barter", "code": "BART", "type": "general"}
        )
        self.company.collection_barter_account_id = chosen
        self.company.collection_barter_journal_id = journal
        barter = self._barter(self._create_open_invoice(self.customer), state="settled")
        self.assertEqual(barter.netting_move_id.journal_id, journal)
        self.assertIn(chosen, barter.netting_move_id.line_ids.account_id)

    # === HELPERS === #

    def _create_taxed_invoice(self, customer, amount, tax=None):
        invoice = self._create_open_invoice(customer, amount)
        invoice.button_draft()
        invoice.invoice_line_ids.tax_ids = tax or self.sale_tax
        invoice.action_post()
        return invoice

    def _create_currency(self):
        return self.env["res.currency"].create(
            {"name": "ZZZ", "symbol": "Z", "rounding": 0.01}
        )

    def _set_rate(self, currency, date, rate):
        rates = self.env["res.currency.rate"]
        rates.search([("currency_id", "=", currency.id), ("name", "=", date)]).unlink()
        rates.create(
            {
                "currency_id": currency.id,
                "company_id": self.company.id,
                "name": date,
                "rate": rate,
            }
        )

    def _check_unchanged(self, before, invoice):
        """The income and the tax of a sale are as they were before."""
        after = self._get_balances()
        for line in invoice.line_ids:
            if line.account_id.account_type != "asset_receivable" and (
                line.account_id not in self._get_bill_accounts()
            ):
                key = (line.account_id.id, line.currency_id.id)
                self.assertEqual(after[key], before[key])

    def _get_bill_accounts(self):
        return (
            self.env["account.collection.barter"].search([]).bill_id.line_ids.account_id
        )

    def _check_exchange_difference(self, barter, invoice, rate):
        """It is what the rates make of what was set off, by Odoo's own entries."""
        currency = self.company.currency_id
        exchange = barter.netting_move_id.line_ids.matched_debit_ids.exchange_move_id
        exchange |= barter.netting_move_id.line_ids.matched_credit_ids.exchange_move_id
        result = sum(
            line.balance
            for line in exchange.line_ids
            if line.account_id.account_type
            not in ("asset_receivable", "liability_payable")
        )
        set_off = -sum(
            line.amount_currency
            for line in barter._get_netting_lines()
            if line.account_id.account_type == "asset_receivable"
        )
        self.assertAlmostEqual(
            result, currency.round(set_off / 2 - set_off / rate), delta=0.02
        )
