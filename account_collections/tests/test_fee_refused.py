from datetime import date, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import AccessError, RedirectWarning, UserError
from odoo.tests import new_test_user, tagged

from ..models.account_collection_fee_posting import AccountCollectionFee
from .common import TODAY
from .test_fee_posting import FeePostingCommon

LOCKS = ("sale_lock_date", "fiscalyear_lock_date", "hard_lock_date")


@tagged("post_install", "-at_install")
class TestFeeRefused(FeePostingCommon):
    """What keeps a fee from being posted leaves it where it was, and is told."""

    # === HELPERS === #

    def _get_case(self):
        self.env["account.collection.case"]._refresh(self.company, self.customer)
        return self.env["account.collection.case"].search(
            [("partner_id", "=", self.customer.id)]
        )

    def _hash(self):
        """Secure the entries of the journal, as some countries ask for."""
        self.invoice.journal_id.restrict_mode_hash_table = True

    def _prepare_own_reversal(self, move):
        """Odoo's own reversal of an invoice."""
        return (
            move.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id, "date": TODAY})
        )

    # === LOCKED PERIODS === #

    def test_closed_period(self):
        """(lock, how many days ahead): the day of the fee is closed."""
        for lock in LOCKS:
            for days in (0, 10):
                with self.subTest(lock=lock, days=days):
                    before = self._get_balances()
                    with self.env.cr.savepoint() as savepoint:
                        self.company[lock] = TODAY + timedelta(days=days)
                        with (
                            self.assertRaisesRegex(UserError, "clos|lock"),
                            self.env.cr.savepoint(),
                        ):
                            self._charge()
                        self.assertBooked(before, {})
                        self.assertFalse(self.invoice.collection_fee_line_ids)
                        savepoint.close(rollback=True)
                    self.env.invalidate_all()

    def test_closed_tax_return(self):
        """It closes the period for a fee that is taxed, and for no other."""
        self.company.tax_lock_date = TODAY
        product = self.company._get_collection_fee_product()
        product.taxes_id = self.company.account_sale_tax_id
        with self.assertRaisesRegex(UserError, "closed"), self.env.cr.savepoint():
            self._charge()
        self.env.invalidate_all()
        product.taxes_id = False
        self.assertEqual(self._charge().move_id.date, TODAY)

    def test_open_period(self):
        """Closed up to yesterday: today is open."""
        for lock in LOCKS:
            with self.subTest(lock=lock):
                with self.env.cr.savepoint() as savepoint:
                    self.company[lock] = TODAY - timedelta(days=1)
                    fee = self._charge()
                    self.assertEqual(fee.move_id.date, TODAY)
                    fee.action_waive("By courtesy")
                    self.assertEqual(fee.credit_move_id.date, TODAY)
                    savepoint.close(rollback=True)
                self.env.invalidate_all()

    def test_closed_period_of_a_waiver(self):
        for lock, days in [(lock, days) for lock in LOCKS for days in (0, 5)]:
            with (
                self.subTest(lock=lock, days=days),
                self.env.cr.savepoint() as savepoint,
            ):
                fee = self._charge()
                before = self._get_balances()
                self.company[lock] = TODAY + timedelta(days=days)
                with (
                    self.assertRaisesRegex(UserError, "clos|lock"),
                    self.env.cr.savepoint(),
                ):
                    fee.action_waive("By courtesy")
                self.env.invalidate_all()
                self.assertEqual(fee.state, "charged")
                self.assertFalse(fee.waive_reason)
                self.assertBooked(before, {})
                savepoint.close(rollback=True)

    # === SECURED JOURNALS === #

    def test_secured_entries(self):
        """A fee and its waiver are posted beside entries that nobody may change; the
        fee itself cannot be set to draft any more."""
        self._hash()
        before = self._get_balances()
        fee = self._charge()
        self.assertTrue(fee.move_id.inalterable_hash)
        with self.assertRaises(UserError), self.env.cr.savepoint():
            fee.move_id.button_draft()
        self.env.invalidate_all()
        self.assertEqual(fee.state, "charged")
        fee.action_waive("By courtesy")
        self.assertEqual(fee.state, "waived")
        self.assertBooked(before, {})

    # === BY ODOO'S OWN BUTTONS === #

    def test_waived_by_managers_alone(self):
        """(who, how it is given back): refused to whoever may not waive fees."""

        def reverse(move):
            self._prepare_own_reversal(move).refund_moves()

        def replace(move):
            self._prepare_own_reversal(move).modify_moves()

        def draft(move):
            move.button_draft()

        def cancel(move):
            move.button_cancel()

        fee = self._charge()
        for group, is_allowed in (
            ("account.group_account_invoice", False),
            ("account_collections.group_collection_own", False),
            ("account_collections.group_collection_all", False),
            ("account_collections.group_collection_manager", True),
        ):
            user = new_test_user(
                self.env,
                group,
                f"{group},account.group_account_invoice",
                company_id=self.company.id,
            )
            for give_back in (reverse, replace, draft, cancel):
                with (
                    self.subTest(group=group, way=give_back.__name__),
                    self.env.cr.savepoint() as savepoint,
                ):
                    move = fee.move_id.with_user(user)
                    if is_allowed:
                        give_back(move)
                    else:
                        with self.assertRaisesRegex(AccessError, "waive the fee"):
                            give_back(move)
                    # Other invoices are as ever.
                    give_back(self.invoice.with_user(user))
                    savepoint.close(rollback=True)
                self.env.invalidate_all()

    # === IT IS TOLD === #

    def test_each_failure_is_told(self):
        """(what fails, what the activity of the case says)."""

        def redirect():
            return patch.object(
                AccountCollectionFee,
                "_prepare_fee_invoice",
                side_effect=RedirectWarning(
                    "The journal <b>is</b> not set up.", 7, "Go to the journal"
                ),
            )

        def refuse():
            return patch.object(
                AccountCollectionFee,
                "_prepare_fee_invoice",
                side_effect=UserError("The entries of R&D are secured."),
            )

        case = self._get_case()
        for failure, words, besides in (
            (redirect, "The journal &lt;b&gt;is&lt;/b&gt; not set up.", "Go to"),
            (refuse, "The entries of R&amp;D are secured.", "journal"),
        ):
            with self.subTest(words=words), failure():
                self.env["account.collection.fee"]._try_charge(
                    self.company, self.customer, TODAY, origin="step"
                )
                # One task, which says what keeps it from being done now.
                activity = case.activity_ids
                self.assertEqual(activity.summary, "Charge the late fee")
                self.assertIn(words, str(activity.note))
                self.assertNotIn(besides, str(activity.note))
        self.assertFalse(self.invoice.collection_fee_line_ids)
        self.assertEqual(self._charge().amount, 50)

    def test_closed_period_in_a_run_and_by_schedule(self):
        case = self._get_case()
        self.company.sale_lock_date = TODAY + timedelta(days=30)
        step = self.steps.filtered(lambda step: step.delay_days == 3)
        step.apply_fee = True
        run = self._plan()
        run.action_execute()
        self.assertEqual(self._get_line(run).state, "done")
        self.assertIn("closed", str(case.activity_ids.note))
        self.assertFalse(self.invoice.collection_fee_line_ids)
        case.activity_ids.unlink()
        self.policy.write({"fee_is_scheduled": True, "fee_day": 1})
        with freeze_time("2024-07-05 10:00:00"):
            self.env["account.collection.fee"]._cron_charge()
            self.assertIn("closed", str(case.activity_ids.note))
            self.assertFalse(self.invoice.collection_fee_line_ids)
            # Whoever opens the period need not do anything else.
            self.company.sale_lock_date = date(2024, 6, 30)
            self.env["account.collection.fee"]._cron_charge()
            self.assertEqual(
                self.invoice.collection_fee_line_ids.fee_id.origin, "schedule"
            )

    def test_told_to_somebody(self):
        """Not to the scheduler, whom nobody reads."""
        case = self._get_case()
        case.user_id = False
        self.company.sale_lock_date = TODAY + timedelta(days=30)
        fee = self.env["account.collection.fee"].with_user(
            self.env.ref("base.user_root")
        )
        fee._try_charge(self.company, self.customer, TODAY, origin="schedule")
        self.assertFalse(case.activity_ids.user_id._is_superuser())
