from datetime import timedelta

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .chart_common import on_charts
from .common import TODAY
from .test_dispute import DisputeCommon


@on_charts
@tagged("post_install", "-at_install")
class TestDisputeCredit(DisputeCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.taxes = {
            percent: cls.env["account.tax"]
            .sudo()
            .create({"name": f"{percent} %", "amount": percent})
            for percent in (7, 19)
        }

    # === HELPERS === #

    def _create_taxed_invoice(self, lines, included=False, **values):
        """Post an invoice with a line for each price and percentage."""
        if included:
            for tax in self.taxes.values():
                tax.sudo().price_include_override = "tax_included"
        return self._create_open_invoice(
            self.customer,
            invoice_line_ids=[
                Command.create(
                    {
                        "name": f"Goods at {percent} %",
                        "price_unit": price,
                        "tax_ids": [Command.set(self.taxes[percent].ids)],
                    }
                )
                for price, percent in lines
            ],
            **values,
        )

    def _resolve(self, invoice, agreed, **values):
        dispute = self._dispute(invoice, **values)
        dispute.action_investigate()
        dispute.action_resolve_valid(agreed)
        return dispute

    def _get_taxes(self, move):
        return {
            line.tax_line_id.amount: abs(line.amount_currency)
            for line in move.line_ids
            if line.tax_line_id
        }

    # === THE CREDIT NOTE === #

    def test_whole_invoice(self):
        invoice = self._create_taxed_invoice([(100, 19), (100, 7)])
        dispute = self._resolve(invoice, 226)
        credit = dispute.credit_move_ids
        self.assertRecordValues(
            credit,
            [
                {
                    "move_type": "out_refund",
                    "state": "draft",
                    "amount_total": 226,
                    "reversed_entry_id": invoice.id,
                }
            ],
        )
        self.assertEqual(len(credit.invoice_line_ids), 2)

    def test_taxes_in_proportion_to_the_cent(self):
        """(lines, taxes included, agreed, the taxes credited)."""
        for lines, included, agreed, taxes in (
            ([(100, 19)], False, 59.50, {19: 9.5}),
            ([(100, 19), (100, 7)], False, 113, {19: 9.5, 7: 3.5}),
            ([(100, 19), (100, 7)], False, 100, {19: 8.41, 7: 3.10}),
            ([(33.33, 19), (66.67, 7), (10, 19)], False, 17.77, {19: 1.19, 7: 0.68}),
            ([(119, 19), (107, 7)], True, 100, {19: 8.41, 7: 3.10}),
            ([(0.99, 19)], False, 0.01, {}),
        ):
            with self.subTest(lines=lines, agreed=agreed):
                invoice = self._create_taxed_invoice(lines, included)
                credit = self._resolve(invoice, agreed).credit_move_ids
                self.assertAlmostEqual(credit.amount_total, agreed, places=2)
                actual = {
                    percent: round(amount, 2)
                    for percent, amount in self._get_taxes(credit).items()
                    if round(amount, 2)
                }
                self.assertEqual(actual, taxes)
                self.assertEqual(
                    credit.invoice_line_ids.account_id,
                    invoice.invoice_line_ids.account_id,
                )
                credit.sudo().action_post()
                self.assertAlmostEqual(
                    invoice.amount_residual, invoice.amount_total - agreed, places=2
                )

    def test_only_the_disputed_lines(self):
        invoice = self._create_taxed_invoice([(100, 19), (100, 7)])
        line = invoice.invoice_line_ids.filtered(lambda line: line.tax_ids.amount == 7)
        dispute = self._resolve(
            invoice, 53.50, invoice_line_ids=[Command.set(line.ids)]
        )
        self.assertEqual(dispute.amount, 107)
        self.assertEqual(self._get_taxes(dispute.credit_move_ids), {7: 3.5})

    def test_foreign_currency(self):
        currency = self.setup_other_currency("CHF", rates=[("2024-01-01", 2.0)])
        invoice = self._create_taxed_invoice([(100, 19)], currency_id=currency.id)
        credit = self._resolve(invoice, 59.50).credit_move_ids
        self.assertRecordValues(
            credit, [{"amount_total": 59.50, "currency_id": currency.id}]
        )
        self.assertAlmostEqual(abs(credit.amount_total_signed), 29.75)

    def test_two_invoices(self):
        invoices = self._create_open_invoice(
            self.customer, days=20
        ) | self._create_open_invoice(self.customer, days=10)
        dispute = self._resolve(invoices, 130)
        self.assertEqual(
            dispute.credit_move_ids.sorted("id").mapped("amount_total"), [100, 30]
        )

    # === THE HOLD UNTIL THEN === #

    def test_held_until_it_is_posted(self):
        invoice = self._create_open_invoice(self.customer)
        dispute = self._resolve(invoice, 40, amount=70)
        self.assertHeld(dispute, [40])
        self.assertFalse(dispute.date_end)
        self.assertEqual(self._get_line(self._plan()).amount_collectible, 60)
        credit = dispute.credit_move_ids
        credit.sudo().action_post()
        self.assertHeld(dispute, [])
        self.assertEqual(dispute.date_end, TODAY)
        self.assertEqual(invoice.amount_residual, 60)
        self.assertEqual(self._get_line(self._plan()).amount_collectible, 60)

    def test_undone_credit_note_holds_again(self):
        invoice = self._create_open_invoice(self.customer)
        dispute = self._resolve(invoice, 40)
        credit = dispute.credit_move_ids.sudo()
        credit.action_post()
        credit.button_draft()
        self.assertHeld(dispute, [40])
        self.assertFalse(dispute.date_end)
        credit.action_post()
        self.assertHeld(dispute, [])
        self._get_receivable_line(credit).remove_move_reconcile()
        self.assertHeld(dispute, [40])

    def _credit_less(self, dispute, amount):
        credit = dispute.credit_move_ids.sudo()
        credit.invoice_line_ids.write({"price_unit": amount, "extra_tax_data": False})
        credit.action_post()

    def test_accountant_credits_less(self):
        """What was agreed and not credited stays held and is asked for."""
        invoice = self._create_open_invoice(self.customer)
        dispute = self._resolve(invoice, 40)
        self.assertFalse(dispute.activity_ids)
        self._credit_less(dispute, 30)
        self.assertEqual(invoice.amount_residual, 70)
        self.assertHeld(dispute, [10])
        self.assertFalse(dispute.date_end)
        self.assertEqual(self._get_line(self._plan()).amount_collectible, 60)
        with freeze_time(TODAY + timedelta(days=8)):
            self.env["account.collection.commitment"]._cron_evaluate()
            self.env["account.collection.commitment"]._cron_evaluate()
        self.assertEqual(
            dispute.activity_ids.mapped("summary"), ["Credit what was agreed"]
        )
        self.assertIn("10.00", dispute.activity_ids.note)
        dispute.action_create_credit_notes()
        self.assertFalse(dispute.activity_ids)
        self.assertEqual(
            dispute.credit_move_ids.sorted("id").mapped("amount_total"), [30, 10]
        )
        dispute.credit_move_ids.sudo().filtered(
            lambda move: move.state == "draft"
        ).action_post()
        self.assertHeld(dispute, [])
        self.assertEqual((dispute.date_end, invoice.amount_residual), (TODAY, 60))

    def test_no_more_is_credited(self):
        """(credited of 40 agreed of 70 disputed, what the customer is asked for)."""
        for credited, left in ((30, 40), (0, 70)):
            with self.subTest(credited=credited):
                invoice = self._create_open_invoice(self._create_customer("Customer"))
                dispute = self._resolve(invoice, 40, amount=70)
                with self.assertRaisesRegex(UserError, "is credited"):
                    dispute.action_credit_no_more()
                if credited:
                    self._credit_less(dispute, credited)
                else:
                    dispute.credit_move_ids.sudo().unlink()
                self.env["account.collection.commitment"]._cron_evaluate()
                dispute.action_credit_no_more()
                self.assertEqual(dispute.amount_agreed, credited)
                self.assertEqual(dispute.date_end, TODAY)
                self.assertHeld(dispute, [])
                self.assertFalse(dispute.activity_ids)
                self.assertEqual(
                    dispute.case_id.amount_collectible, invoice.amount_residual
                )
                self.assertEqual(dispute._get_left_to_pay(), left)
                self.assertIn("Please pay the", dispute.message_ids[0].body)

    def test_responsible_credits_no_more(self):
        """Of a colleague's customer, whose holds they do not see."""
        colleague, responsible = (
            new_test_user(
                self.env,
                login,
                groups="account_collections.group_collection_own",
                company_id=self.company.id,
            )
            for login in ("colleague", "responsible")
        )
        dispute = self._resolve(self._create_open_invoice(self.customer), 40)
        dispute.case_id.user_id = colleague
        dispute.responsible_id = responsible
        self._credit_less(dispute, 30)
        self.assertHeld(dispute, [10])
        self.env.invalidate_all()
        dispute.with_user(responsible).action_credit_no_more()
        self.env.invalidate_all()
        self.assertHeld(dispute, [])
        self.assertEqual(dispute.hold_ids.amount_covered, 30)

    def test_posted_again_in_full(self):
        """Nobody is asked any more, until it is undone."""
        dispute = self._resolve(self._create_open_invoice(self.customer), 40)
        credit = dispute.credit_move_ids.sudo()
        self._credit_less(dispute, 30)
        self.env["account.collection.commitment"]._cron_evaluate()
        self.assertTrue(dispute.activity_ids)
        credit.button_draft()
        credit.invoice_line_ids.price_unit = 40
        credit.action_post()
        self.assertFalse(dispute.activity_ids)
        self.assertEqual(dispute.date_end, TODAY)
        credit.button_draft()
        credit.button_cancel()
        self.env["account.collection.commitment"]._cron_evaluate()
        self.assertTrue(dispute.activity_ids)

    def test_no_more_while_one_is_a_draft(self):
        dispute = self._resolve(self._create_open_invoice(self.customer), 40)
        credit = dispute.credit_move_ids.sudo()
        credit.invoice_line_ids.price_unit = 30
        with self.assertRaisesRegex(UserError, "Post or delete"):
            dispute.action_credit_no_more()

    def test_never_more_than_was_not_credited(self):
        """A draft credit note of something else counts; one that was paid does not."""
        invoice = self._create_open_invoice(self.customer)
        first = self._dispute(invoice, 60)
        second = self._dispute(invoice, 40)
        self._pay(invoice, 100)
        first.action_investigate()
        first.action_resolve_valid(60)
        second.sudo().amount = 50
        second.action_investigate()
        with self.assertRaisesRegex(UserError, "up to the .*40.00"):
            second.action_resolve_valid(50)
        second.action_resolve_valid(40)
        third = self._dispute(self._create_open_invoice(self.customer), 40)
        third.action_investigate()
        third.line_ids.move_id._reverse_moves(cancel=True)
        with self.assertRaisesRegex(UserError, "Nothing can be credited"):
            third.action_resolve_valid(1)

    def test_credit_notes_are_not_written_by_hand(self):
        dispute = self._resolve(self._create_open_invoice(self.customer), 40)
        credit = self._create_open_invoice(self.customer, 40, move_type="out_refund")
        for values in (
            {"credit_move_ids": [Command.set(credit.ids)]},
            {"credit_move_ids": [Command.clear()]},
            {"amount_agreed": 1},
        ):
            with self.subTest(values=values), self.assertRaises(AccessError):
                dispute.write(values)

    def test_cancelled_credit_note_keeps_the_hold(self):
        invoice = self._create_open_invoice(self.customer)
        dispute = self._resolve(invoice, 40)
        dispute.credit_move_ids.sudo().button_cancel()
        dispute._evaluate()
        self.assertHeld(dispute, [40])

    def test_credit_note_is_made_again(self):
        """One that was deleted or cancelled leaves nobody stuck."""
        invoice = self._create_open_invoice(self.customer)
        dispute = self._resolve(invoice, 40)
        with self.assertRaisesRegex(UserError, "has its credit notes already"):
            dispute.action_create_credit_notes()
        for undo in ("unlink", "button_cancel"):
            with self.subTest(undo=undo):
                getattr(dispute.credit_move_ids.sudo(), undo)()
                self.assertTrue(dispute.is_credit_missing)
                dispute._evaluate()
                self.assertHeld(dispute, [40])
                dispute.action_create_credit_notes()
                self.assertFalse(dispute.is_credit_missing)
        credit = dispute.credit_move_ids.filtered(lambda move: move.state == "draft")
        credit.sudo().action_post()
        self.assertEqual(invoice.amount_residual, 60)
        self.assertHeld(dispute, [])

    def test_pays_the_disputed_installment(self):
        """The second of two instalments is disputed."""
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
        invoice = self._create_open_invoice(
            self.customer,
            invoice_payment_term_id=term.id,
            invoice_date=TODAY - timedelta(days=40),
            invoice_date_due=False,
        )
        first, second = self._get_receivable_line(invoice)
        dispute = self._resolve(
            invoice, 30, amount=50, line_ids=[Command.set(second.ids)]
        )
        dispute.credit_move_ids.sudo().action_post()
        self.assertEqual((first.amount_residual, second.amount_residual), (50, 20))
        self.assertHeld(dispute, [])
