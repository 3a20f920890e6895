"""What a settlement cannot post: closed periods, restricted journals, no account."""

from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import RedirectWarning, UserError
from odoo.tests import tagged

from .common import TODAY
from .settlement_common import SettlementCommon

LATER = TODAY + timedelta(days=4)
LOCKS = (
    ("concession", "fiscalyear_lock_date", "Global Lock Date"),
    ("concession", "sale_lock_date", "Sales Lock"),
    ("concession", "tax_lock_date", "Tax Return Lock Date"),
    ("concession", "hard_lock_date", "Hard Lock Date"),
    ("impairment", "fiscalyear_lock_date", "Global Lock Date"),
    ("impairment", "hard_lock_date", "Hard Lock Date"),
)


@tagged("post_install", "-at_install")
class TestSettlementPosting(SettlementCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls._create_taxed_invoice([(1000, cls._create_tax(20))], days=20)
        cls.line = cls._get_receivable_line(cls.invoice)

    # === CLOSED PERIODS === #

    def test_closed_period(self):
        """(nature, what is closed, what Odoo says): the accountant is asked once; the
        settlement waits, and is settled by itself in the next period."""
        for nature, lock, message in LOCKS:
            with (
                self.subTest(nature=nature, lock=lock),
                self.env.cr.savepoint() as savepoint,
            ):
                settlement = self._settlement(self.invoice, nature=nature)
                self._pay(self.invoice, 960)
                before = self._get_balances()
                self.company[lock] = LATER - timedelta(days=1)
                for _time in range(2):
                    self._evaluate_on(0)
                self.assertRecordValues(
                    settlement,
                    [{"state": "accepted", "is_remitted": False, "move_ids": []}],
                )
                self.assertEqual(self._get_difference(before), {})
                self.assertAsked(settlement, message, "press Settle")
                with (
                    self.assertRaisesRegex(UserError, message),
                    self.env.cr.savepoint(),
                ):
                    settlement.action_settle()
                self.assertEqual(settlement.state, "accepted")
                self._evaluate_on(4)
                self.assertEqual(settlement.state, "settled")
                self.assertEqual(settlement.move_ids.mapped("date"), [LATER])
                self.assertClosed(self.invoice)
                self.assertFalse(settlement.activity_ids)
                savepoint.rollback()

    def test_closed_period_when_it_is_undone(self):
        """The payment is taken off in a closed period: what was given up is reversed
        in the next one, or with the button."""
        for nature, lock, message in LOCKS:
            with (
                self.subTest(nature=nature, lock=lock),
                self.env.cr.savepoint() as savepoint,
            ):
                settlement = self._settlement(self.invoice, nature=nature)
                payment = self._pay(self.invoice, 960)
                before = self._get_balances()
                self._evaluate_on(0)
                entries = settlement.move_ids
                self.company[lock] = LATER - timedelta(days=1)
                payment.move_id.line_ids.remove_move_reconcile()
                for _time in range(2):
                    self._evaluate_on(0)
                self.assertRecordValues(
                    settlement,
                    [
                        {
                            "state": "accepted",
                            "is_remitted": True,
                            "move_ids": entries.ids,
                        }
                    ],
                )
                self.assertAsked(settlement, message, "press Reverse")
                with (
                    self.assertRaisesRegex(UserError, message),
                    self.env.cr.savepoint(),
                ):
                    settlement.action_reverse()
                self._evaluate_on(4)
                self.assertFalse(settlement.is_remitted)
                self.assertEqual(self.line.amount_residual, 1200)
                self.assertFalse(settlement.activity_ids)
                self.assertEqual(self._get_difference(before), {})
                savepoint.rollback()

    def test_lapsed_is_reversed_when_the_period_is_open(self):
        """It has lapsed, and its concession is still to be reversed: it is tried each
        day."""
        settlement = self._settlement(self.invoice)
        payment = self._pay(self.invoice, 960)
        self._evaluate_on(0)
        self.company.sale_lock_date = TODAY + timedelta(days=30)
        payment.action_draft()
        payment.action_cancel()
        for day in (20, 21):
            self._evaluate_on(day)
            self.assertEqual(settlement.state, "lapsed")
            self.assertEqual(self.line.amount_residual, 960)
        self._evaluate_on(31)
        self.assertEqual((settlement.state, settlement.is_remitted), ("lapsed", False))
        self.assertEqual(self.line.amount_residual, 1200)
        self.assertFalse(settlement.activity_ids)
        notices = settlement.message_ids.filtered("partner_ids")
        self._evaluate_on(32)
        self.assertEqual(settlement.message_ids.filtered("partner_ids"), notices)

    def test_closed_period_when_it_is_cancelled(self):
        for nature, lock, message in LOCKS:
            with (
                self.subTest(nature=nature, lock=lock),
                self.env.cr.savepoint() as savepoint,
            ):
                settlement = self._settlement(self.invoice, nature=nature)
                self._pay(self.invoice, 960)
                before = self._get_balances()
                self._evaluate_on(0)
                self.company[lock] = LATER - timedelta(days=1)
                with (
                    self.assertRaisesRegex(UserError, message),
                    self.env.cr.savepoint(),
                ):
                    settlement.with_user(self.manager).action_cancel()
                settlement.invalidate_recordset()
                self.assertRecordValues(
                    settlement, [{"state": "settled", "is_remitted": True}]
                )
                self.assertClosed(self.invoice)
                with freeze_time(f"{LATER} 10:00:00"):
                    settlement.with_user(self.manager).action_cancel()
                self.assertEqual(self._get_difference(before), {})
                self.assertEqual(self.line.amount_residual, 240)
                savepoint.rollback()

    # === RESTRICTED JOURNALS === #

    def test_hashed_entries_are_reversed_not_changed(self):
        """(nature, how it is undone): the entries stay, what reverses them is new."""
        for nature in ("concession", "impairment"):
            for is_cancelled in (True, False):
                with (
                    self.subTest(nature=nature, is_cancelled=is_cancelled),
                    self.env.cr.savepoint() as savepoint,
                ):
                    journal = (
                        self.invoice.journal_id
                        if nature == "concession"
                        else self.company._get_collection_write_off_journal()
                    )
                    journal.restrict_mode_hash_table = True
                    settlement = self._settlement(self.invoice, nature=nature)
                    payment = self._pay(self.invoice, 960)
                    before = self._get_balances()
                    self._evaluate_on(0)
                    entry = settlement.move_ids
                    if not entry.inalterable_hash:
                        entry.button_hash()
                    self.assertTrue(entry.inalterable_hash)
                    self.assertEqual(entry.journal_id, journal)
                    if is_cancelled:
                        settlement.with_user(self.manager).action_cancel()
                    else:
                        payment.move_id.line_ids.remove_move_reconcile()
                        self._evaluate_on(0)
                    self.assertEqual(entry.state, "posted")
                    self.assertEqual(self._get_difference(before), {})
                    self.assertEqual(
                        self.line.amount_residual, 240 if is_cancelled else 1200
                    )
                    savepoint.rollback()

    def test_entries_are_not_changed_by_hand(self):
        settlement = self._settlement(self.invoice)
        self._pay(self.invoice, 960)
        self._evaluate_on(0)
        with self.assertRaisesRegex(UserError, settlement.name):
            settlement.move_ids.button_draft()

    # === ACCOUNTS === #

    def test_archived_account_or_journal(self):
        """(nature, what is archived, what Odoo says): it is settled once it is back."""
        account = self.company_data["default_account_revenue"].copy()
        self.company.collection_concession_account_id = account
        for nature, archived, message in (
            ("concession", account, "is archived"),
            (
                "impairment",
                self.company._get_collection_bad_debt_account(),
                "is archived",
            ),
            (
                "impairment",
                self.company._get_collection_write_off_journal(),
                "archived journal",
            ),
        ):
            with (
                self.subTest(nature=nature, archived=archived),
                self.env.cr.savepoint() as savepoint,
            ):
                settlement = self._settlement(self.invoice, nature=nature)
                self._pay(self.invoice, 960)
                archived.active = False
                self._evaluate_on(0)
                self.assertEqual(settlement.state, "accepted")
                self.assertFalse(settlement.move_ids)
                self.assertAsked(settlement, message, "press Settle")
                archived.active = True
                self._evaluate_on(1)
                self.assertEqual(settlement.state, "settled")
                self.assertFalse(settlement.activity_ids)
                savepoint.rollback()

    def test_whatever_odoo_says(self):
        """(two days, what is raised): one with a way to the settings is told too;
        another message is told instead of the former one."""
        settlement = self._settlement(self.invoice)
        self._pay(self.invoice, 960)
        moves = self.env.registry["account.move"]
        for days, error in (
            ((0, 1), RedirectWarning("Choose a journal first.", 1, "Settings")),
            ((2, 3), UserError("The books are closed.")),
        ):
            with (
                self.subTest(error=error),
                patch.object(moves, "_check_fiscal_lock_dates", side_effect=error),
            ):
                for day in days:
                    self._evaluate_on(day)
                self.assertEqual(settlement.state, "accepted")
                self.assertAsked(settlement, error.args[0], "press Settle")
                with self.assertRaises(type(error)), self.env.cr.savepoint():
                    settlement.action_settle()
        settlement.action_settle()
        self.assertEqual(settlement.state, "settled")
        self.assertFalse(settlement.activity_ids)

    # === HELPERS === #

    def assertAsked(self, settlement, *texts):
        """The accountant is asked once, in Odoo's words and ours."""
        self.assertEqual(len(settlement.activity_ids), 1)
        for text in texts:
            self.assertIn(text, settlement.activity_ids.note)
        self.assertIn(settlement.name, settlement.activity_ids.summary)
