from datetime import timedelta

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .common import TODAY
from .promise_common import PromiseCommon


@tagged("post_install", "-at_install")
class TestPromiseBroken(PromiseCommon):
    """What counts as broken, what the collector is asked to do, and the history."""

    # === HELPERS === #

    def _on_day(self, days):
        """Let a number of days pass, and evaluate."""
        self._freeze(days)
        self.env["account.collection.commitment"]._cron_evaluate()

    def _freeze(self, days):
        freezer = freeze_time(f"{TODAY + timedelta(days=days)} 10:00:00")
        freezer.start()
        self.addCleanup(freezer.stop)

    def _get_history(self):
        self.customer.invalidate_recordset(["promise_history", "promise_rate"])
        return self.customer.promise_history

    # === WHAT COUNTS AS BROKEN === #

    def test_rolled_over(self):
        """A promise is put off twice, and no third time."""
        invoice = self._create_open_invoice(self.customer)
        first = self._promise(invoice, days=10)
        self._on_day(11)
        second = self._promise(invoice, days=20, is_replacing=True)
        self.assertTrue(first.is_put_off)
        self._on_day(15)
        with self.assertRaisesRegex(UserError, "put off 2 promises"):
            self._promise(invoice, days=40, is_replacing=True)
        self.assertEqual(second.state, "open")
        self.assertEqual(
            self._get_history(), "1 open, 1 put off · 0% kept, 0% of the amount"
        )

    def test_ended(self):
        """(days until it is withdrawn, until the next and for which day, put off)."""
        for ended, following, due, is_put_off in (
            (9, None, None, False),
            (10, None, None, True),
            (12, None, None, True),
            (9, 9, 20, True),
            (9, 12, 20, True),
            (9, 9, 10, False),
            (0, 0, 20, False),
            (0, 5, 20, False),
        ):
            with self.subTest(ended=ended, following=following, due=due):
                invoice = self._create_open_invoice(self._create_customer("Customer"))
                promise = self._promise(invoice, days=10)
                with freeze_time(TODAY + timedelta(days=ended)):
                    promise.action_cancel()
                if following is not None:
                    with freeze_time(TODAY + timedelta(days=following)):
                        self._promise(invoice, days=due)
                self.assertEqual(promise.is_put_off, is_put_off)
                self.assertEqual(promise.state, "cancelled")

    def test_replaced(self):
        """(days until it is replaced, the day of the other promise, put off)."""
        for replaced, due, is_put_off in (
            (0, 20, False),
            (1, 20, True),
            (1, 8, False),
            (10, 10, True),
        ):
            with self.subTest(replaced=replaced, due=due):
                invoice = self._create_open_invoice(self._create_customer("Customer"))
                promise = self._promise(invoice, days=10)
                with freeze_time(TODAY + timedelta(days=replaced)):
                    self._promise(invoice, days=due, is_replacing=True)
                self.assertEqual(promise.is_put_off, is_put_off)

    def test_withdrawn_while_a_payment_is_to_be_applied(self):
        invoice = self._create_open_invoice(self.customer)
        promise = self._promise(invoice, days=1)
        self._receive_unapplied(self.customer, 100)
        self._on_day(10)
        promise.action_cancel()
        self.assertFalse(promise.is_put_off)

    def test_a_draft_is_no_promise(self):
        invoice = self._create_open_invoice(self.customer)
        draft = self._promise(invoice, days=1, confirm=False)
        self._freeze(2)
        draft.action_cancel()
        self._promise(invoice, days=10)
        self.assertFalse(draft.is_put_off)

    def test_deleted_invoice_expects_nothing(self):
        """What is owed no more eats no credits of what was agreed since."""
        gone = self._create_open_invoice(self.customer, 400)
        broken = self._promise(gone, days=1)
        self._on_day(9)
        self.assertEqual(broken.state, "broken")
        self.env.user.group_ids += self.env.ref("account.group_account_manager")
        gone.button_draft()
        gone.unlink()
        following = self._promise(
            self._create_open_invoice(self.customer, 500), days=12
        )
        self._receive_unapplied(self.customer, 500)
        self._on_day(20)
        for promise, state, received, missing in (
            (broken, "cancelled", 0, 0),
            (following, "open", 0, 500),
        ):
            with self.subTest(state=state):
                self.assertRecordValues(
                    promise,
                    [
                        {
                            "state": state,
                            "followed_state": state,
                            "amount_received": received,
                            "amount_open": missing,
                        }
                    ],
                )
        self.assertTrue(following.commitment_ids.is_unapplied)
        self.assertEqual(self._get_history(), "1 open, 1 withdrawn")

    def test_deleted_invoice_shortens(self):
        """What is left of a broken promise is what is left of its items."""
        stays, gone = (self._create_open_invoice(self.customer) for _number in range(2))
        promise = self._promise(stays | gone, days=1)
        self._on_day(9)
        gone.button_draft()
        gone.unlink()
        self._on_day(10)
        self.assertEqual((promise.state, promise.amount_open), ("broken", 100))
        self._pay(stays, payment_date=TODAY)
        self.assertEqual(promise.state, "kept")

    # === WHAT THE COLLECTOR IS ASKED TO DO === #

    def test_call_is_withdrawn(self):
        """(day of the payment, its amount, the state, calls left)."""
        for paid, amount, state, calls in (
            (1, 100, "kept", 0),
            (12, 100, "kept", 0),
            (12, 40, "partial", 1),
        ):
            with self.subTest(paid=paid, amount=amount):
                invoice = self._create_open_invoice(self._create_customer("Customer"))
                promise = self._promise(invoice, days=1)
                other = self._promise(
                    self._create_open_invoice(invoice.partner_id), days=1
                )
                with freeze_time(TODAY + timedelta(days=12)):
                    promise._evaluate()
                    other._evaluate()
                    self.assertEqual(len(promise.case_id.activity_ids), 2)
                    self._pay(
                        invoice, amount, payment_date=TODAY + timedelta(days=paid)
                    )
                    promise._evaluate()
                self.assertEqual(promise.state, state)
                notes = promise.case_id.activity_ids.mapped("note")
                self.assertEqual(sum(promise.name in note for note in notes), calls)
                self.assertEqual(sum(other.name in note for note in notes), 1)

    def test_bounce_is_told(self):
        invoice = self._create_open_invoice(self.customer)
        promise = self._promise(invoice)
        payment = self._pay(invoice)
        promise._evaluate()
        payment.action_draft()
        promise._evaluate()
        self.assertEqual(promise.state, "open")
        self.assertIn(
            "Payment undone: the promise is open again",
            promise.message_ids.mapped("subject"),
        )

    def test_credited_in_full(self):
        invoice = self._create_open_invoice(self.customer)
        promise = self._promise(invoice)
        refund = self._create_open_invoice(
            self.customer, days=0, move_type="out_refund"
        )
        self._get_receivable_line(invoice | refund).reconcile()
        promise._evaluate()
        self.assertEqual(promise.state, "cancelled")
        self.assertFalse(promise.is_put_off)
        self.assertIn("was credited", promise.message_ids[0].body)

    # === WHAT WAS PUT OFF BY HAND === #

    def test_manual_hold_gives_way(self):
        """(put off of 1,000, promised, left of what was put off)."""
        for put_off, promised, left in (
            (1000, 600, 400),
            (1000, 1000, 0),
            (300, 600, 300),
            (500, 600, 400),
        ):
            with self.subTest(put_off=put_off, promised=promised):
                invoice = self._create_open_invoice(
                    self._create_customer("Customer"), 1000
                )
                hold = self._hold(self._get_receivable_line(invoice), put_off)
                self._promise(invoice, promised)
                self.assertEqual(hold.amount if hold.active else 0, left)

    # === SAYS THAT IT IS PAID === #

    def test_paid_already(self):
        """Nobody is asked to pay what is said to be paid; the payment is looked for."""
        invoice = self._create_open_invoice(self.customer)
        promise = self._promise(
            invoice, days=5, is_paid_already=True, reference="TRF 1"
        )
        self.assertFalse(promise.commitment_ids.reminder_ids)
        self._on_day(9)
        self.assertEqual(promise.state, "broken")
        activity = promise.case_id.activity_ids
        self.assertEqual(activity.summary, "Check the payment (TRF 1)")
        self.assertIn("TRF 1", activity.note)
        self.assertEqual(promise._count_broken(TODAY), 0)
        self.assertEqual(self._get_history(), "1 unconfirmed")

    def test_paid_already_is_believed_once(self):
        invoice = self._create_open_invoice(self.customer)
        said = {"is_paid_already": True, "reference": "TRF 1"}
        first = self._promise(invoice, days=5, **said)
        self._on_day(4)
        with self.assertRaisesRegex(UserError, first.name):
            self._promise(invoice, days=8, is_replacing=True, **said)
        self._on_day(9)
        with self.assertRaisesRegex(UserError, first.name):
            self._promise(invoice, days=12, **said)
        self._promise(self._create_open_invoice(self.customer), days=12, **said)
        self.assertEqual(self._promise(invoice, days=12).state, "open")

    def test_the_dialog_says_so_before(self):
        """What a manager has to decide is shown before the promise is taken."""
        invoice = self._create_open_invoice(self.customer)
        self._promise(invoice, days=5, is_paid_already=True, reference="TRF 1")
        self._on_day(9)
        action = invoice.action_promise()
        form = Form(self.env[action["res_model"]].with_context(**action["context"]))
        self.assertFalse(form.limits_exceeded)
        form.is_paid_already = True
        self.assertIn("said before that this is paid", form.limits_exceeded)
