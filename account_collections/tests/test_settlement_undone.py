"""What gave up the remainder of a settlement is reversed or unmatched by hand."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import TODAY
from .settlement_common import SettlementCommon


@tagged("post_install", "-at_install")
class TestSettlementUndone(SettlementCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls._create_taxed_invoice([(1000, cls._create_tax(20))], days=20)
        cls.line = cls._get_receivable_line(cls.invoice)

    # === HELPERS === #

    def _settle(self, nature):
        settlement = self._settlement(self.invoice, nature=nature)
        self._pay(self.invoice, 960)
        self._evaluate_on(0)
        self.assertEqual(settlement.state, "settled")
        return settlement

    def _undo(self, settlement, how):
        """Undo the entries by hand: unmatched, or reversed, matched with it or not."""
        if how == "unmatched":
            settlement.move_ids._get_receivables().remove_move_reconcile()
            return
        reversals = settlement.move_ids._reverse_moves(
            [{"date": TODAY, "invoice_date": TODAY}], cancel=how == "reversed"
        )
        if how == "posted":
            reversals.action_post()

    # === UNDONE BY HAND === #

    def test_settled_again(self):
        """(nature, how it was undone): it says so, is held, and posts nothing by
        itself; the button gives up the remainder once."""
        for nature in ("concession", "impairment"):
            for how in ("unmatched", "reversed", "posted"):
                with (
                    self.subTest(nature=nature, how=how),
                    self.env.cr.savepoint() as savepoint,
                ):
                    settlement = self._settle(nature)
                    before = self._get_balances()
                    self._undo(settlement, how)
                    for day in (0, 20):
                        self._evaluate_on(day)
                        self.assertEqual(
                            (settlement.state, len(settlement.move_ids)),
                            ("accepted", 1),
                        )
                    self.assertIn("by hand", settlement.explanation)
                    self.assertIn("by hand", settlement.activity_ids.note)
                    self.assertIn("by hand", settlement.case_id.message_ids[:1].body)
                    if how != "posted":
                        self.assertEqual(self.line.amount_residual, 240)
                        self.assertEqual(
                            settlement.hold_ids.filtered("active").amount, 240
                        )
                    settlement.action_settle()
                    self.assertEqual(settlement.state, "settled")
                    self.assertFalse(settlement.activity_ids)
                    self.assertClosed(self.invoice)
                    self.assertTrue(
                        all(settlement.move_ids._get_receivables().mapped("reconciled"))
                    )
                    self.assertEqual(self._get_difference(before), {})
                    self._evaluate_on(1)
                    self.assertEqual(settlement.state, "settled")
                    savepoint.rollback()

    def test_cancelled(self):
        """A manager alone cancels it: nothing is reversed twice."""
        settlement = self._settle("concession")
        self._undo(settlement, "reversed")
        self._evaluate_on(0)
        with self.assertRaisesRegex(UserError, "Ask a manager"):
            settlement.with_user(self.collector).action_cancel()
        settlement.with_user(self.manager).action_cancel()
        self.assertEqual(settlement.state, "cancelled")
        self.assertEqual(len(settlement.move_ids), 1)
        self.assertEqual(self.line.amount_residual, 240)

    def test_reversed_by_a_collector(self):
        """It is paid: no collector makes good for what a manager alone may cancel."""
        settlement = self._settle("concession")
        self._undo(settlement, "unmatched")
        self._evaluate_on(0)
        with self.assertRaisesRegex(UserError, "Ask a manager"):
            settlement.with_user(self.collector).action_reverse()
        self.assertTrue(settlement.is_remitted)
        self.assertEqual(len(settlement.move_ids), 1)

    def test_payment_undone_too(self):
        settlement = self._settle("concession")
        self._undo(settlement, "unmatched")
        self._evaluate_on(0)
        self.line.remove_move_reconcile()
        self._evaluate_on(0)
        self.assertEqual(
            (settlement.state, settlement.is_remitted), ("accepted", False)
        )
        self.assertEqual(self.line.amount_residual, 1200)
