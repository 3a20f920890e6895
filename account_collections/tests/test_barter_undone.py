from odoo.exceptions import UserError
from odoo.tests import tagged

from .barter_common import BarterCommon
from .chart_common import on_charts
from .common import TODAY


@on_charts
@tagged("post_install", "-at_install")
class TestBarterUndone(BarterCommon):
    """What a barter has posted is undone by hand: its state is what the ledger says."""

    # === MATCHING AND ENTRIES === #

    def test_entries_belong_to_the_barter(self):
        barter = self._barter(self._create_open_invoice(self.customer), state="settled")
        for move in barter.bill_id | barter.netting_move_id:
            for action in ("button_draft", "button_cancel"):
                with (
                    self.subTest(move=move.move_type, action=action),
                    self.assertRaisesRegex(UserError, "Cancel the barter"),
                ):
                    getattr(move, action)()
        barter.action_cancel()
        self.assertEqual(barter.bill_id.payment_state, "reversed")
        barter.bill_id.button_draft()

    def test_undone_matching_opens_it_again(self):
        """(whose matching is undone, what is held of 100 then)"""
        for sides, held in (
            (["asset_receivable"], [100]),
            (["liability_payable"], []),
            (["asset_receivable", "liability_payable"], [100]),
        ):
            with self.subTest(sides=sides):
                customer = self._create_customer("Customer")
                invoice = self._create_open_invoice(customer)
                barter = self._barter(invoice, state="settled")
                moves = barter.bill_id | barter.netting_move_id
                barter.netting_move_id.line_ids.filtered(
                    lambda line, sides=sides: line.account_id.account_type in sides
                ).remove_move_reconcile()
                self.assertEqual((barter.state, barter.date_end), ("delivered", False))
                self.assertHeld(barter, held)
                self.env["account.collection.commitment"]._cron_evaluate()
                self.assertIn("undone", barter.activity_ids.summary)
                barter.action_settle()
                self.assertEqual(barter.state, "settled")
                self.assertEqual(barter.bill_id | barter.netting_move_id, moves)
                self.assertEqual(invoice.amount_residual, 0)
                self.assertFalse(barter.activity_ids)

    def test_bill_credited_by_hand(self):
        """A netting entry that was reversed by hand is posted anew."""
        invoice = self._create_open_invoice(self.customer)
        barter = self._barter(invoice, state="settled")
        former = barter.netting_move_id
        former._reverse_moves([{"date": TODAY}], cancel=True)
        barter._evaluate()
        self.assertEqual(barter.state, "delivered")
        self.assertHeld(barter, [100])
        barter.action_settle()
        self.assertNotEqual(barter.netting_move_id, former)
        self.assertEqual((barter.state, invoice.amount_residual), ("settled", 0))

    def test_reversed_with_the_button(self):
        """What a barter posted is reversed with the barter alone."""
        barter = self._barter(self._create_open_invoice(self.customer), state="settled")
        for move in barter.bill_id | barter.netting_move_id:
            with (
                self.subTest(move=move.move_type),
                self.assertRaisesRegex(UserError, barter.name),
                self.env.cr.savepoint(),
            ):
                self._reverse_with_button(move)
        self.assertEqual(barter.state, "settled")
        barter.action_cancel()
        self.assertTrue(self._reverse_with_button(barter.bill_id))

    def test_cancelling_leaves_nothing_open(self):
        """The bill was reversed without the button, and the reversal not matched."""
        invoice = self._create_open_invoice(self.customer)
        barter = self._barter(invoice, state="settled")
        refund = barter.bill_id._reverse_moves([{"invoice_date": TODAY}])
        refund.action_post()
        self.assertEqual(refund.amount_residual, 100)
        barter.action_cancel()
        self.assertEqual(
            (invoice | barter.bill_id | refund).mapped("amount_residual"),
            [100, 0, 0],
        )

    def test_no_delivery_after_the_bill(self):
        """What comes later would never be billed; it can once the bill is reversed."""
        barter = self._barter(
            self._create_open_invoice(self.customer),
            [self._give(quantity=10, price_unit=10)],
        )
        self._deliver(barter, 4)
        barter.action_complete()
        barter.action_settle()
        barter.netting_move_id.line_ids.remove_move_reconcile()
        self.assertEqual(barter.state, "delivered")
        for change in (
            lambda: self._deliver(barter, 6),
            barter.delivery_ids.action_undo,
        ):
            with self.assertRaisesRegex(UserError, barter.bill_id.name):
                change()
        self.assertEqual(barter.amount_accepted, 40)

    def test_paid_after_the_matching_was_undone(self):
        """150 given for 100, the matching is undone, and one side is paid in money:
        (whether that is the invoice, how much, set off anew, left of the bill, of the
        invoice)"""
        for is_invoice, paid, set_off, payable, owed in (
            (True, 100, 0, 150, 0),
            (True, 30, 70, 80, 0),
            (False, 120, 30, 0, 70),
            (False, 150, 0, 0, 100),
        ):
            with self.subTest(is_invoice=is_invoice, paid=paid):
                customer = self._create_customer("Customer")
                invoice = self._create_open_invoice(customer)
                barter = self._barter(
                    invoice, [self._give(price_unit=150)], state="settled"
                )
                bill, former = barter.bill_id, barter.netting_move_id
                former.line_ids.remove_move_reconcile()
                self._pay(invoice if is_invoice else bill, paid)
                barter.action_settle()
                self.assertEqual(barter.state, "settled")
                self.assertEqual(barter.bill_id, bill)
                self.assertEqual(
                    sum(barter._get_netting_lines().mapped("debit")), set_off
                )
                self.assertEqual(bill.amount_residual, payable)
                self.assertEqual(invoice.amount_residual, owed)
                self.assertTrue(
                    all(
                        (former | former.reversal_move_ids)
                        .line_ids.filtered("account_id.reconcile")
                        .mapped("reconciled")
                    )
                )
                self.assertEqual(self._get_clearing()[0], 0)
                barter.action_cancel()
                self.assertEqual(invoice.amount_residual, 100 - paid * is_invoice)

    def test_rest_of_the_bill_is_paid(self):
        """150 given for 100: the rest is paid in money; cancelling leaves the payment
        with the customer."""
        invoice = self._create_open_invoice(self.customer)
        barter = self._barter(invoice, [self._give(price_unit=150)], state="settled")
        self._pay(barter.bill_id)
        self.assertEqual(barter.bill_id.amount_residual, 0)
        self.assertEqual(barter.state, "settled")
        barter.action_cancel()
        self.assertEqual(invoice.amount_residual, 100)
        self.assertEqual(self._get_balance("liability_payable"), 50)

    def test_told_on_the_case(self):
        barter = self._barter(self._create_open_invoice(self.customer), state="settled")
        barter.netting_move_id.line_ids.remove_move_reconcile()
        self.env["account.collection.commitment"]._cron_evaluate()
        [message] = barter.case_id.message_ids.filtered(
            lambda message: barter.name in (message.body or "")
        )
        amount = barter.currency_id.format(100).replace("\xa0", "&nbsp;")
        self.assertIn(f"{amount} is held", message.body)
        for _time in range(2):
            self.env["account.collection.commitment"]._cron_evaluate()
        self.assertEqual(len(barter.activity_ids), 1)
        barter.action_cancel()
        self.assertFalse(barter.activity_ids)
        self.assertFalse(barter.hold_ids.filtered("active"))

    def test_entries_leave_the_posted_state(self):
        """Not by a button, but by an import: (which entry, its state). Odoo keeps the
        matching, so nothing is open; settling again leaves nothing of it behind."""
        for entry, state in (
            ("bill_id", "draft"),
            ("bill_id", "cancel"),
            ("netting_move_id", "draft"),
            ("netting_move_id", "cancel"),
        ):
            with self.subTest(entry=entry, state=state):
                customer = self._create_customer("Customer")
                invoice = self._create_open_invoice(customer)
                before = self._get_balances()
                barter = self._barter(invoice, state="settled")
                former = barter[entry]
                former.state = state
                self.assertEqual((barter.state, barter.date_end), ("delivered", False))
                self.assertHeld(barter, [])
                self.assertEqual(invoice.amount_residual, 0)
                self.env["account.collection.commitment"]._cron_evaluate()
                self.assertIn("undone", barter.activity_ids.summary)
                barter.action_settle()
                self.assertEqual(
                    (barter.state, invoice.amount_residual), ("settled", 0)
                )
                self.assertEqual(former.state, "cancel")
                self.assertEqual(barter.bill_id.amount_residual, 0)
                self.assertEqual(self._get_clearing(), (0, 0))
                barter.action_cancel()
                self.assertEqual(self._get_balances(), before)

    def test_entry_is_posted_again(self):
        """What was undone and put back leaves the barter settled, and nobody asks."""
        barter = self._barter(self._create_open_invoice(self.customer), state="settled")
        end = barter.date_end
        for move in barter.bill_id | barter.netting_move_id:
            move.state = "draft"
            self.assertEqual(barter.state, "delivered")
            move.action_post()
            self.assertEqual((barter.state, barter.date_end), ("settled", end))
        self.env["account.collection.commitment"]._cron_evaluate()
        self.assertFalse(barter.activity_ids)

    def test_invoice_leaves_the_posted_state(self):
        """It is owed no more and nothing is held; posted again, it is set off."""
        invoice = self._create_open_invoice(self.customer)
        barter = self._barter(invoice, state="settled")
        invoice.button_draft()
        self.assertEqual(barter.state, "delivered")
        self.assertFalse(barter.hold_ids.filtered("active"))
        invoice.action_post()
        self.assertEqual((barter.state, invoice.amount_residual), ("settled", 0))

    def test_bill_reversed_but_not_matched(self):
        """(what is reversed): the reversal alone undoes the barter, and so does what
        reverses the reversal."""
        for entry in ("bill_id", "netting_move_id"):
            with self.subTest(entry=entry):
                customer = self._create_customer("Customer")
                invoice = self._create_open_invoice(customer)
                barter = self._barter(invoice, state="settled")
                former = barter[entry]
                reversal = former._reverse_moves(
                    [{"date": TODAY, "invoice_date": TODAY}]
                )
                reversal.action_post()
                self.assertEqual(barter.state, "delivered")
                reversal.button_draft()
                self.assertEqual(barter.state, "settled")
                reversal.action_post()
                barter.action_settle()
                self.assertEqual(barter.state, "settled")
                self.assertNotEqual(barter[entry], former)
                self.assertEqual(invoice.amount_residual, 0)
                for move in former | reversal:
                    for line in move.line_ids.filtered("account_id.reconcile"):
                        self.assertTrue(line.reconciled)

    # === SETTLED WITHOUT A NETTING ENTRY === #

    def test_nothing_was_left_to_set_off(self):
        """100 given, 100 paid in money: the bill stays payable. Whatever happens to
        the bill or to the money is seen."""
        invoice = self._create_open_invoice(self.customer)
        barter = self._barter(invoice)
        payment = self._pay(invoice)
        self._deliver(barter)
        barter.action_settle()
        self.assertEqual((barter.state, barter.netting_move_id.id), ("settled", False))
        self.assertEqual(barter.bill_id.amount_residual, 100)
        with self.subTest("the bill is undone and comes back"):
            barter.bill_id.state = "draft"
            self.assertEqual(barter.state, "delivered")
            barter.bill_id.action_post()
            self.assertEqual(barter.state, "settled")
        with self.subTest("the money is taken back: each owes the other"):
            # Reversed, for some charts let no entry be deleted.
            payment.move_id._reverse_moves([{"date": TODAY}], cancel=True)
            self.assertEqual((barter.state, barter.date_end), ("delivered", False))
            self.assertHeld(barter, [100])
            self.env["account.collection.commitment"]._cron_evaluate()
            self.assertIn("undone", barter.activity_ids.summary)
            barter.action_settle()
        self.assertEqual(barter.state, "settled")
        self.assertEqual((invoice | barter.bill_id).mapped("amount_residual"), [0, 0])

    def test_part_was_left_to_set_off(self):
        """100 given, 70 paid in money: when that is taken back, 70 more are set off."""
        invoice = self._create_open_invoice(self.customer)
        barter = self._barter(invoice)
        payment = self._pay(invoice, 70)
        self._deliver(barter)
        barter.action_settle()
        self.assertEqual(barter.bill_id.amount_residual, 70)
        payment.move_id._reverse_moves([{"date": TODAY}], cancel=True)
        self.assertEqual(barter.state, "delivered")
        self.assertHeld(barter, [70])
        barter.action_settle()
        self.assertEqual(barter.state, "settled")
        self.assertEqual((invoice | barter.bill_id).mapped("amount_residual"), [0, 0])
        self.assertEqual(self._get_clearing(), (0, 0))

    # === HELPERS === #

    def _reverse_with_button(self, move):
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id, "reason": "By hand"})
        )
        wizard.refund_moves()
        return wizard.new_move_ids
