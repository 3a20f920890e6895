"""What a settlement posts, on the generic chart and on those of other countries."""

from datetime import timedelta
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .chart_common import on_charts
from .common import TODAY
from .settlement_common import SettlementCommon


@on_charts
@tagged("post_install", "-at_install")
class TestSettlementAccounting(SettlementCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.collection_concession_account_id = False
        cls.taxes = {percent: cls._create_tax(percent) for percent in (7, 19)}

    # === HELPERS === #

    def _settle(self, invoices, **values):
        """Settle invoices for 80 %, paid at once.

        :return: the settlement, and the trial balance before the remainder is given up
        """
        settlement = self._settlement(invoices, **values)
        self._pay_invoices(invoices, settlement.amount)
        before = self._get_balances()
        self._evaluate_on(0)
        self.assertEqual(settlement.state, "settled")
        self.assertClosed(invoices)
        return settlement, before

    def _create_in_two(self, price):
        """Post an invoice with 19 % of tax that is due in two instalments."""
        term = self.env["account.payment.term"].create(
            {
                "name": "In two",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 50, "nb_days": days}
                    )
                    for days in (0, 10)
                ],
            }
        )
        return self._create_taxed_invoice(
            [(price, self.taxes[19])], invoice_payment_term_id=term.id
        )

    def _dispute(self, line, amount):
        dispute = self.env["account.collection.dispute"].create(
            {
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "currency_id": line.currency_id.id,
                "line_ids": [Command.set(line.ids)],
                "amount": amount,
                "reason_id": self.env.ref(
                    "account_collections.dispute_reason_price"
                ).id,
            }
        )
        dispute.action_confirm()
        return dispute

    def _settle_items(self, paid):
        """Settle open items for what is paid of each, at once."""
        lines = self.env["account.move.line"].concat(*paid)
        settlement = self._settlement(
            lines.move_id, sum(paid.values()), line_ids=[Command.set(lines.ids)]
        )
        for line, amount in paid.items():
            payment = self._receive_unapplied(self.customer, amount)
            (payment.move_id._get_receivables() | line).reconcile()
        self._evaluate_on(0)
        return settlement

    def _get_taxes(self, moves):
        """The tax of each rate that entries take back, in their currency."""
        lines = moves.line_ids.filtered("tax_line_id")
        return {
            tax.amount: round(sum(own.mapped("amount_currency")), 2)
            for tax, own in lines.grouped("tax_line_id").items()
        }

    # === CONCESSION === #

    def test_concession_reduces_each_tax_in_proportion(self):
        """Two invoices of two rates, the first one paid in full by the payment: the
        discount is on both."""
        first = self._create_taxed_invoice(
            [(1000, self.taxes[19]), (500, self.taxes[7])], days=20
        )
        second = self._create_taxed_invoice([(333.33, self.taxes[19])])
        owed = first.amount_total + second.amount_total
        settlement, before = self._settle(first | second)
        credits_ = settlement.move_ids.sorted(lambda move: move.reversed_entry_id.id)
        self.assertEqual(credits_.reversed_entry_id, first | second)
        self.assertRecordValues(
            credits_,
            [
                {"move_type": "out_refund", "state": "posted", "amount_total": 345},
                {"move_type": "out_refund", "state": "posted", "amount_total": 79.33},
            ],
        )
        self.assertAlmostEqual(
            sum(credits_.mapped("amount_total")), owed - settlement.amount
        )
        self.assertEqual(self._get_taxes(credits_[0]), {19: 38, 7: 7})
        self.assertEqual(self._get_taxes(credits_[1]), {19: 12.67})
        difference = self._get_difference(before)
        self.assertEqual(difference.pop(self.receivable_account), -424.33)
        self.assertEqual(round(sum(difference.values()), 2), 424.33)

    def test_concession_table(self):
        """(lines, whether taxes are in the price, paid): to the cent."""
        for lines, included, paid in (
            ([(100, 19)], False, 95.2),
            ([(100, 19)], True, 33.33),
            ([(99.99, 19), (0.01, 7)], False, 100),
            ([(33.33, 19), (33.33, 7), (33.34, 0)], False, 77.77),
            ([(33.33, 19), (66.67, 7)], True, 99.99),
            ([(0.05, 19), (0.05, 7)], False, 0.1),
            ([(12345.67, 19), (-345.67, 19), (1000, 7)], False, 12000.01),
        ):
            with (
                self.subTest(lines=lines, included=included),
                self.env.cr.savepoint() as savepoint,
            ):
                for tax in self.taxes.values():
                    tax.price_include_override = (
                        "tax_included" if included else "tax_excluded"
                    )
                invoice = self._create_taxed_invoice(
                    [(price, self.taxes.get(percent)) for price, percent in lines]
                )
                self.policy.settlement_max_discount_percent = 100
                settlement, _before = self._settle(invoice, amount=paid)
                credit = settlement.move_ids
                self.assertAlmostEqual(
                    credit.amount_total, invoice.amount_total - paid, places=2
                )
                share = credit.amount_total / invoice.amount_total
                taxes = self._get_taxes(invoice)
                for percent, amount in self._get_taxes(credit).items():
                    self.assertAlmostEqual(
                        amount, -taxes[percent] * share, delta=0.011, msg=percent
                    )
                savepoint.rollback()

    def test_several_taxes_on_a_line(self):
        both = self.taxes[7] + self.taxes[19]
        invoice = self._create_taxed_invoice([(100, both)])
        self.assertEqual(invoice.amount_total, 126)
        settlement, _before = self._settle(invoice, amount=100.8)
        self.assertEqual(self._get_taxes(settlement.move_ids), {7: 1.4, 19: 3.8})

    def test_cash_discount(self):
        """(how the discount reduces the tax, the tax that is taken back of 19.00, or
        of 18.62 where it is on the discounted price from the start)."""
        for computation, invoiced, expected in (
            ("included", 19, 3.8),
            ("excluded", 19, 3.8),
            ("mixed", 18.62, 3.72),
        ):
            with (
                self.subTest(computation=computation),
                self.env.cr.savepoint() as savepoint,
            ):
                term = self.env["account.payment.term"].create(
                    {
                        "name": computation,
                        "early_discount": True,
                        "discount_percentage": 2,
                        "discount_days": 5,
                        "early_pay_discount_computation": computation,
                        "line_ids": [
                            Command.create(
                                {"value": "percent", "value_amount": 100, "nb_days": 20}
                            )
                        ],
                    }
                )
                invoice = self._create_taxed_invoice(
                    [(100, self.taxes[19])], invoice_payment_term_id=term.id
                )
                self.assertEqual(self._get_taxes(invoice), {19: -invoiced})
                settlement, _before = self._settle(invoice)
                self.assertEqual(self._get_taxes(settlement.move_ids), {19: expected})
                savepoint.rollback()

    def test_installments(self):
        invoice = self._create_in_two(100)
        self.assertEqual(len(self._get_receivable_line(invoice)), 2)
        settlement, _before = self._settle(invoice)
        self.assertEqual(len(settlement.move_ids), 1)
        self.assertEqual(self._get_taxes(settlement.move_ids), {19: 3.8})

    def test_account_of_concessions(self):
        account = self.company_data["default_account_revenue"].copy()
        self.company.collection_concession_account_id = account
        invoice = self._create_taxed_invoice([(100, self.taxes[19])])
        settlement, before = self._settle(invoice)
        self.assertEqual(self._get_difference(before)[account], 20)
        self.assertEqual(self._get_taxes(settlement.move_ids), {19: 3.8})

    def test_account_of_concessions_when_all_is_credited(self):
        """Nothing was paid of one invoice, and the other is disputed in part."""
        account = self.company_data["default_account_revenue"].copy()
        self.company.collection_concession_account_id = account
        self.policy.settlement_max_discount_percent = 100
        first = self._create_taxed_invoice([(100, self.taxes[19])], days=5)
        second = self._create_taxed_invoice([(100, self.taxes[19])])
        disputed = self._get_receivable_line(second)
        self._dispute(disputed, 19)
        settlement = self._settlement(first | second, 100)
        payment = self._receive_unapplied(self.customer, 100)
        (payment.move_id._get_receivables() | disputed).reconcile()
        before = self._get_balances()
        self._evaluate_on(0)
        self.assertEqual(settlement.state, "settled")
        self.assertClosed(first)
        self.assertEqual(settlement.move_ids.amount_total, 119)
        self.assertEqual(self._get_difference(before)[account], 100)
        self.assertIn("price concession", settlement.move_ids.invoice_line_ids.name)

    def test_taxes_that_do_not_allow_the_amount(self):
        """The accountant is told what to do, which is enough to settle it."""
        invoice = self._create_taxed_invoice([(100, self.taxes[19])])
        settlement = self._settlement(invoice)
        self._pay_invoices(invoice, settlement.amount)
        with patch.object(
            self.env.registry["account.collection.settlement"],
            "_prepare_credit_lines",
            lambda self, move, amount: [{"name": "Goods", "price_unit": 1}],
        ):
            self._evaluate_on(0)
        self.assertEqual(settlement.state, "accepted")
        self.assertIn("match it with the invoice", settlement.activity_ids.note)
        credit = self._create_taxed_invoice(
            [(20, self.taxes[19])], move_type="out_refund"
        )
        (invoice | credit)._get_receivables().reconcile()
        settlement.action_settle()
        self.assertEqual(settlement.state, "settled")
        self.assertFalse(settlement.move_ids)
        self.assertClosed(invoice)

    def test_part_of_an_invoice(self):
        """Half of it is disputed: only the other half is settled."""
        invoice = self._create_taxed_invoice([(100, self.taxes[19])])
        line = self._get_receivable_line(invoice)
        dispute = self._dispute(line, 59.5)
        settlement = self._settlement(invoice, 47.6)
        self.assertEqual(settlement.amount_covered, 59.5)
        self._pay(invoice, 47.6)
        self._evaluate_on(0)
        self.assertEqual(settlement.state, "settled")
        self.assertAlmostEqual(line.amount_residual, 59.5)
        self.assertEqual(self._get_taxes(settlement.move_ids), {19: 1.9})
        # Unmatched by hand, it is settled again by the same credit note.
        settlement.move_ids._get_receivables().remove_move_reconcile()
        self._evaluate_on(0)
        self.assertEqual(settlement.state, "accepted")
        settlement.action_settle()
        self.assertEqual(len(settlement.move_ids), 1)
        self.assertAlmostEqual(line.amount_residual, 59.5)
        self.assertAlmostEqual(dispute.hold_ids.amount, 59.5)

    def test_what_is_not_covered_stays_open(self):
        """(what is not settled, what is paid of each item, what stays open of them):
        one instalment, or a disputed part, of an invoice whose other items are."""
        self.policy.settlement_max_discount_percent = 100
        for disputed, paid, left in (
            # Of two instalments the second, or the first, is not covered.
            (0, [595, None, 357], [0, 595, 0]),
            (0, [None, 476, 595], [595, 0, 0]),
            (0, [None, 476, None], [595, 0, 595]),
            # A part of the first instalment is disputed.
            (357, [238, 595, 309.4], [357, 0, 0]),
            (357, [190.4, 476, 595], [357, 0, 0]),
            (357, [190.4, 595, None], [357, 0, 595]),
        ):
            with (
                self.subTest(disputed=disputed, paid=paid),
                self.env.cr.savepoint() as savepoint,
            ):
                invoices = self._create_in_two(1000) | self._create_taxed_invoice(
                    [(500, self.taxes[19])]
                )
                lines = self.env["account.move.line"].concat(
                    *(self._get_receivable_line(invoice) for invoice in invoices)
                )
                dispute = disputed and self._dispute(lines[0], disputed)
                settlement = self._settle_items(
                    {
                        line: amount
                        for line, amount in zip(lines, paid, strict=True)
                        if amount is not None
                    }
                )
                self.assertEqual(settlement.state, "settled")
                for line, residual in zip(lines, left, strict=True):
                    self.assertAlmostEqual(line.amount_residual, residual)
                self.assertAlmostEqual(
                    sum(settlement.move_ids.mapped("amount_total")),
                    settlement.amount_waived,
                )
                if dispute:
                    self.assertEqual(dispute.hold_ids.amount, disputed)
                self._evaluate_on(1)
                self.assertEqual(settlement.state, "settled")
                savepoint.rollback()

    def test_nothing_else_is_given_up(self):
        """Both instalments are disputed in part: one credit note cannot close the rest
        of both. The accountant is asked, and nobody is told that all is settled."""
        invoice = self._create_in_two(1000)
        lines = self._get_receivable_line(invoice)
        for line in lines:
            self._dispute(line, 357)
        settlement = self._settle_items(dict.fromkeys(lines, 190.4))
        messages = settlement.message_ids
        self.assertRecordValues(
            settlement, [{"state": "accepted", "is_remitted": False, "move_ids": []}]
        )
        self.assertIn("Something else is open", settlement.activity_ids.note)
        with self.assertRaisesRegex(UserError, "Something else is open"):
            settlement.action_settle()
        self.assertEqual(settlement.message_ids, messages)

    # === IMPAIRMENT === #

    def test_impairment_leaves_the_taxes(self):
        invoices = self._create_taxed_invoice(
            [(1000, self.taxes[19])]
        ) | self._create_taxed_invoice([(500, self.taxes[7])], days=5)
        settlement, before = self._settle(invoices, nature="impairment")
        bad_debts = self.company.collection_bad_debt_account_id
        self.assertEqual(
            self._get_difference(before),
            {self.receivable_account: -345, bad_debts: 345},
        )
        self.assertEqual(settlement.move_ids.move_type, "entry")
        self.assertFalse(settlement.move_ids.line_ids.filtered("tax_line_id"))
        self.assertFalse(settlement.move_ids.line_ids.tax_ids)

    def test_accounts_of_the_chart(self):
        """The chart's own account for bad debts, or a new one where it has none."""
        codes = {"de_skr03": "2400", "fr": "654100"}
        account = self.company._get_collection_bad_debt_account()
        self.assertIn(account.account_type, ("expense", "expense_other"))
        self.assertFalse(account.tax_ids)
        expected = codes.get(self.company.chart_template)
        if expected:
            self.assertTrue(account.code.startswith(expected[:4]), account.code)
        else:
            self.assertEqual(account.name, "Bad Debts")
        self.assertEqual(self.company._get_collection_bad_debt_account(), account)
        journal = self.company._get_collection_write_off_journal()
        self.assertEqual(journal.type, "general")

    def test_accounts_are_found_by_collectors(self):
        """Whoever settles need not be allowed to change the chart."""
        for has_account in (True, False):
            with self.subTest(has_account=has_account):
                self.company.collection_bad_debt_account_id = False
                self.company.collection_write_off_journal_id = False
                if not has_account:
                    self.patch(
                        self.registry["res.company"],
                        "_find_bad_debt_account",
                        lambda company: company.env["account.account"],
                    )
                company = self.company.with_user(self.collector)
                account = company._get_collection_bad_debt_account()
                self.assertEqual(self.company.collection_bad_debt_account_id, account)
                self.assertFalse(account.env.su)
                journal = company._get_collection_write_off_journal()
                self.assertFalse(journal.env.su)

    # === CURRENCY AND CANCELLATION === #

    def test_foreign_currency(self):
        """Booked at 2, paid at 4: what is given up is taken back at 2."""
        for nature in ("concession", "impairment"):
            with self.subTest(nature=nature), self.env.cr.savepoint() as savepoint:
                currency = self.setup_other_currency(
                    "CHF", rates=[("2024-01-01", 2.0), (TODAY, 4.0)]
                )
                invoice = self._create_taxed_invoice(
                    [(100, self.taxes[19])], currency_id=currency.id
                )
                line = self._get_receivable_line(invoice)
                self.assertEqual(line.amount_residual, 59.5)
                settlement = self._settlement(invoice, nature=nature)
                self.assertEqual(settlement.amount, 95.2)
                self._pay_invoices(invoice, 95.2, currency_id=currency.id)
                before = self._get_balances()
                self._evaluate_on(0)
                self.assertEqual(settlement.state, "settled")
                self.assertClosed(invoice)
                difference = self._get_difference(before)
                self.assertEqual(difference.pop(self.receivable_account), -11.9)
                self.assertEqual(sum(difference.values()), 11.9)
                if nature == "concession":
                    self.assertEqual(self._get_taxes(settlement.move_ids), {19: 3.8})
                    [tax] = settlement.move_ids.line_ids.filtered("tax_line_id")
                    self.assertEqual(tax.balance, 1.9)
                savepoint.rollback()

    def test_cash_discount_in_a_foreign_currency(self):
        """Taxes on the whole invoice, booked at another rate than today's: Odoo's own
        reversal at the rate of today would not balance."""
        self.company.tax_calculation_rounding_method = "round_globally"
        currency = self.setup_other_currency(
            "CHF", rates=[("2024-01-01", 0.5371), (TODAY, 0.8113)]
        )
        term = self.env["account.payment.term"].create(
            {
                "name": "2.5 % within 7 days",
                "early_discount": True,
                "discount_percentage": 2.5,
                "discount_days": 7,
                "early_pay_discount_computation": "mixed",
            }
        )
        invoice = self._create_taxed_invoice(
            [(544.84, self._create_tax(5.5)), (307.06, self._create_tax(20))],
            currency_id=currency.id,
            invoice_payment_term_id=term.id,
        )
        settlement, _before = self._settle(invoice)
        self.assertEqual(settlement.move_ids.amount_total, 188.2)
        self.assertClosed(settlement.move_ids)

    def test_cancellation_puts_everything_back(self):
        """(nature, currency): the trial balance is the one before."""
        for nature, foreign in (
            ("concession", False),
            ("concession", True),
            ("impairment", False),
            ("impairment", True),
        ):
            with (
                self.subTest(nature=nature, foreign=foreign),
                self.env.cr.savepoint() as savepoint,
            ):
                values = {}
                if foreign:
                    currency = self.setup_other_currency(
                        "CHF", rates=[("2024-01-01", 2.0), (TODAY, 4.0)]
                    )
                    values["currency_id"] = currency.id
                invoice = self._create_taxed_invoice(
                    [(100, self.taxes[19]), (10, self.taxes[7])], **values
                )
                line = self._get_receivable_line(invoice)
                settlement = self._settlement(invoice, nature=nature)
                self._pay_invoices(invoice, settlement.amount, **values)
                before, residual = self._get_balances(), line.amount_residual_currency
                self._evaluate_on(0)
                self.assertClosed(invoice)
                settlement.with_user(self.manager).action_cancel()
                self.assertEqual(self._get_difference(before), {})
                self.assertEqual(line.amount_residual_currency, residual)
                savepoint.rollback()

    def test_undone_payment_puts_everything_back(self):
        """(nature, currency): settled at one rate, the payment undone at another; the
        trial balance is the one before anything was paid."""
        for nature, foreign in (
            ("concession", False),
            ("concession", True),
            ("impairment", False),
            ("impairment", True),
        ):
            with (
                self.subTest(nature=nature, foreign=foreign),
                self.env.cr.savepoint() as savepoint,
            ):
                values = {}
                if foreign:
                    currency = self.setup_other_currency(
                        "CHF",
                        rates=[
                            ("2024-01-01", 2.0),
                            (TODAY, 4.0),
                            (TODAY + timedelta(days=3), 3.0),
                        ],
                    )
                    values["currency_id"] = currency.id
                invoice = self._create_taxed_invoice(
                    [(100, self.taxes[19]), (10, self.taxes[7])], **values
                )
                line = self._get_receivable_line(invoice)
                before, residual = self._get_balances(), line.amount_residual_currency
                settlement = self._settlement(invoice, nature=nature)
                payment = self._pay_invoices(invoice, settlement.amount, **values)
                self._evaluate_on(0)
                self.assertClosed(invoice)
                # Reversed, for some charts let no entry be deleted.
                payment.move_id._reverse_moves(
                    [{"date": TODAY + timedelta(days=3)}], cancel=True
                )
                self._evaluate_on(3)
                self.assertEqual(settlement.state, "accepted")
                self.assertFalse(settlement.is_remitted)
                self.assertEqual(self._get_difference(before), {})
                self.assertEqual(line.amount_residual_currency, residual)
                savepoint.rollback()
