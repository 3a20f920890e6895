from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged

from ..models.account_collection_resolution_evaluation import FOLLOW_UP_DELAY
from .common import TODAY
from .promise_common import PromiseCommon


@tagged("post_install", "-at_install")
class TestPromise(PromiseCommon):
    # === LIFE === #

    def test_dunning_follows_the_promise(self):
        invoice = self._create_open_invoice(self.customer, days=20)
        self._reach(invoice, 3)
        promise = self._promise(invoice)
        self.assertEqual(promise.state, "open")
        for days, expected in (
            (0, "skip held +13"),
            (13, "skip held +13"),
            (14, "contact 15 email"),
        ):
            with self.subTest(days=days):
                self.assertDecision(self._run_on(days), expected)
        self.assertEqual(promise.state, "broken")
        self.assertEqual(promise.commitment_ids.state, "broken")
        call = promise.case_id.activity_ids
        self.assertEqual(call.date_deadline, TODAY + timedelta(days=14))

    def test_request_in_the_language_of_who_is_asked(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        collector = new_test_user(
            self.env,
            login="collecteur",
            lang="fr_FR",
            groups="account_collections.group_collection_own",
        )
        promise = self._promise(self._create_open_invoice(self.customer))
        promise.case_id.user_id = collector
        self._run_on(14)
        call = promise.case_id.activity_ids
        self.assertEqual(call.user_id, collector)
        self.assertIn("24/06/2024", call.note)

    def test_kept(self):
        invoice = self._create_open_invoice(self.customer)
        promise = self._promise(invoice)
        self._pay(invoice)
        self.assertEqual((promise.state, promise.is_late), ("kept", False))
        self.assertFalse(promise.hold_ids.filtered("active"))
        self.env["account.collection.commitment"]._cron_evaluate()
        self.assertIn("Promise kept", promise.message_ids.mapped("subject"))
        count = len(promise.message_ids)
        self.env["account.collection.commitment"]._cron_evaluate()
        self.assertEqual(len(promise.message_ids), count, "It is told once.")

    def test_undone_after_the_case_was_closed(self):
        invoice = self._create_open_invoice(self.customer)
        promise = self._promise(invoice)
        former = promise.case_id
        for is_told in (False, True):
            with self.subTest(is_told=is_told):
                payment = self._pay(invoice)
                cases = self.env["account.collection.case"]
                cases._refresh_open(self.customer.ids)
                self.assertEqual(former.state, "closed")
                if is_told:
                    self.env["account.collection.commitment"]._cron_evaluate()
                payment.action_cancel()
                self.assertEqual(promise.state, "open")
                self.env["account.collection.commitment"]._cron_evaluate()
                self.assertEqual(promise.case_id.state, "open")
                self.assertNotEqual(promise.case_id, former)
                former = promise.case_id

    def test_who_pays_waits_for_nobody_who_is_told(self):
        """The state is known at once; what it means is told, and logged once, by the
        scheduler the next minute."""
        cron = self.env.ref("account_collections.ir_cron_evaluate")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        invoice = self._create_open_invoice(self.customer)
        promise = self._promise(invoice)
        messages = promise.message_ids
        self._pay(invoice)
        self.env.cr.flush()
        self.assertEqual(promise.state, "kept")
        self.assertEqual(promise.message_ids, messages)
        trigger = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertEqual(
            (trigger - triggers).mapped("call_at"),
            [fields.Datetime.now() + FOLLOW_UP_DELAY],
        )
        for _again in range(2):
            self.env["account.collection.commitment"]._cron_evaluate()
            self.env.cr.flush()
            logged = (promise.message_ids - messages).tracking_value_ids
            self.assertEqual(
                logged.mapped(lambda one: (one.old_value_char, one.new_value_char)),
                [("Open", "Kept")],
            )

    def test_by_the_payments_date_not_its_booking(self):
        """(day of the payment, day of its booking, the state, late)."""
        for paid, booked, state, late in (
            (13, 13, "kept", False),
            (13, 25, "kept", False),
            (14, 25, "kept", True),
        ):
            with self.subTest(paid=paid, booked=booked):
                invoice = self._create_open_invoice(self._create_customer("Customer"))
                promise = self._promise(invoice)
                with freeze_time(TODAY + timedelta(days=booked)):
                    promise._evaluate()
                    self._pay(invoice, payment_date=TODAY + timedelta(days=paid))
                self.assertEqual((promise.state, promise.is_late), (state, late))

    def test_post_dated_payment(self):
        """(day of a payment that is booked at once, the state, late): money that is
        dated ahead counts at once, by its own day."""
        for paid, state, late in (
            (10, "kept", False),
            (13, "kept", False),
            (14, "kept", True),
            (60, "kept", True),
        ):
            with self.subTest(paid=paid):
                day = TODAY + timedelta(days=paid)
                invoice = self._create_open_invoice(self._create_customer("Customer"))
                promise = self._promise(invoice)
                payment = self._pay(invoice, payment_date=day)
                self.assertEqual((promise.state, promise.is_late), (state, late))
                self.assertEqual(promise.date_kept, day)
                self._run_on(14)
                self.assertEqual((promise.state, promise.is_late), (state, late))
                payment.action_draft()
                with freeze_time(TODAY + timedelta(days=14)):
                    promise._evaluate()
                self.assertEqual((promise.state, promise.date_kept), ("broken", False))

    def test_post_dated_payment_that_was_known(self):
        """What is announced already when something is promised is not part of it."""
        invoice = self._create_open_invoice(self.customer, 100)
        self._pay(invoice, 40, payment_date=TODAY + timedelta(days=5))
        promise = self._promise(invoice)
        self.assertEqual((promise.amount, promise.state), (60, "open"))
        promise._evaluate()
        self.assertEqual((promise.amount_received, promise.amount_open), (0, 60))
        self.assertEqual(promise.hold_ids.amount, 60)
        # On the same day as what was announced, but not known.
        self._pay(invoice, 20, payment_date=TODAY + timedelta(days=5))
        self.assertEqual((promise.amount_received, promise.amount_open), (20, 40))
        self._pay(invoice, 40)
        self.assertEqual((promise.state, promise.amount_received), ("kept", 60))

    def test_post_dated_payment_of_a_replaced_promise(self):
        """What was announced for the former promise stays with it."""
        invoice = self._create_open_invoice(self.customer, 100)
        former = self._promise(invoice)
        self._pay(invoice, 40, payment_date=TODAY + timedelta(days=5))
        promise = self._promise(invoice, is_replacing=True)
        (former | promise)._evaluate()
        self.assertEqual((former.state, former.amount_received), ("cancelled", 40))
        self.assertEqual((promise.amount, promise.amount_received), (60, 0))
        self._pay(invoice, 60, payment_date=TODAY + timedelta(days=5))
        self.assertEqual((former.amount_received, promise.amount_received), (40, 60))
        self.assertEqual(promise.state, "kept")

    def test_returned_payment_reopens(self):
        invoice = self._create_open_invoice(self.customer)
        promise = self._promise(invoice)
        payment = self._pay(invoice)
        self.assertEqual(promise.state, "kept")
        payment.action_draft()
        self.assertEqual(promise.state, "open")
        payment.action_post()
        self.assertEqual(promise.state, "kept")

    def test_returned_payment_when_the_next_has_run_out(self):
        """The second promise was over yesterday, and nothing was evaluated since: (how
        the payment is undone, the state of the second one then, what is held for the
        first one). Money that is to be applied would keep the second one."""
        for undo, state, held in (
            ("action_draft", "broken", 40),
            ("remove_move_reconcile", "open", 60),
        ):
            with self.subTest(undo=undo):
                invoice = self._create_open_invoice(self._create_customer("Customer"))
                first = self._promise(invoice, 60, days=20)
                payment = self._pay(invoice, 60)
                second = self._promise(invoice, 40, days=2)
                with freeze_time(TODAY + timedelta(days=6)):
                    if undo == "action_draft":
                        payment.action_draft()
                    else:
                        self._get_receivable_line(invoice).remove_move_reconcile()
                    self.assertEqual((first.state, second.state), ("open", state))
                    self.assertHeld(first, [held])
                    self.assertHeld(second, [])
                    self.env["account.collection.commitment"]._cron_evaluate()
                    self.assertHeld(first, [held])

    def test_undone_reconciliation_reopens(self):
        invoice = self._create_open_invoice(self.customer)
        promise = self._promise(invoice)
        self._pay(invoice)
        self._get_receivable_line(invoice).remove_move_reconcile()
        self.assertEqual(promise.state, "open")
        self.assertRecordValues(promise.hold_ids, [{"amount": 100, "active": True}])

    def test_hold_follows_the_money(self):
        """1,000 owed, 500 promised, 200 paid: held 300, collectible 500."""
        invoice = self._create_open_invoice(self.customer, 1000)
        promise = self._promise(invoice, 500)
        self._pay(invoice, 200)
        self.assertEqual(promise.hold_ids.amount, 300)
        line = self._get_line(self._plan())
        self.assertRecordValues(line, [{"amount_held": 300, "amount_collectible": 500}])

    def test_payment_without_entry(self):
        """(what happens to a payment of 40 of 100, what is held then): it counts while
        it is linked to the invoice."""
        self._make_payments_without_entry()
        invoice = self._create_open_invoice(self.customer)
        promise = self._promise(invoice)
        payment = self._pay(invoice, 40)
        self.assertFalse(payment.move_id)
        for happens, held in (
            (lambda: None, 60),
            (lambda: invoice.write({"matched_payment_ids": [Command.clear()]}), 100),
            (lambda: payment.write({"invoice_ids": [Command.set(invoice.ids)]}), 60),
            (lambda: payment.write({"invoice_ids": [Command.clear()]}), 100),
            (lambda: invoice.write({"matched_payment_ids": payment.ids}), 60),
            (payment.action_draft, 100),
            (payment.action_post, 60),
            (payment.unlink, 100),
        ):
            with self.subTest(held=held):
                happens()
                self.assertEqual(promise.hold_ids.amount, held)
                self.assertEqual(promise.amount_open, held)
        self._pay(invoice)
        self.assertEqual(promise.state, "kept")

    def test_payment_without_entry_uses_up_the_credits(self):
        """Money that waits to be applied excuses a late promise until it is linked to
        another invoice."""
        self._make_payments_without_entry()
        promise = self._promise(self._create_open_invoice(self.customer), days=1)
        other = self._create_open_invoice(self.customer)
        payment = self._receive_unapplied(self.customer, 100)
        with freeze_time(TODAY + timedelta(days=5)):
            promise._evaluate()
            self.assertEqual(promise.state, "open")
            other.matched_payment_ids += payment
            self.assertEqual(promise.state, "broken")

    def test_payment_with_entry_is_followed_once(self):
        invoice = self._create_open_invoice(self.customer)
        promise = self._promise(invoice)
        ledger = self.registry["account.collection.ledger"]
        with patch.object(ledger, "_follow_registered", autospec=True) as follow:
            self._pay(invoice)
        for _ledger, invoices, partners in (call.args for call in follow.mock_calls):
            self.assertFalse(invoices or partners)
        self.assertEqual(promise.state, "kept")

    def test_credit_note_shortens(self):
        invoice = self._create_open_invoice(self.customer)
        promise = self._promise(invoice)
        refund = self._create_open_invoice(
            self.customer, 30, days=0, move_type="out_refund"
        )
        lines = self._get_receivable_line(invoice | refund)
        lines.reconcile()
        self.assertRecordValues(
            promise.commitment_ids,
            [{"state": "pending", "amount_open": 70, "amount_void": 30}],
        )
        self.assertEqual(promise.hold_ids.amount, 70)
        self._pay(invoice)
        self.assertEqual(promise.state, "kept")

    def test_unapplied_payment_is_not_a_broken_promise(self):
        invoice = self._create_open_invoice(self.customer, days=20)
        promise = self._promise(invoice)
        self._receive_unapplied(self.customer, 100)
        line = self._run_on(20)
        self.assertDecision(line, "skip unapplied")
        self.assertEqual(promise.state, "open")
        self.assertTrue(promise.commitment_ids.is_unapplied)
        self.assertIn(
            "Apply the payment", promise.case_id.activity_ids.mapped("summary")
        )

    def test_withdrawn(self):
        invoice = self._create_open_invoice(self.customer)
        promise = self._promise(invoice)
        promise.action_cancel()
        self.assertEqual(promise.state, "cancelled")
        self.assertEqual(promise.commitment_ids.state, "void")
        self.assertDecision(self._get_line(self._plan()), "contact 3 email")
        self._pay(invoice)
        self.assertEqual(promise.state, "cancelled")

    def test_replaced(self):
        invoice = self._create_open_invoice(self.customer)
        first = self._promise(invoice)
        with self.assertRaisesRegex(UserError, first.name):
            self._promise(invoice, days=20)
        second = self._promise(invoice, days=20, is_replacing=True)
        self.assertEqual((first.state, second.state), ("cancelled", "open"))
        self._pay(invoice)
        self.assertEqual((first.state, second.state), ("cancelled", "kept"))

    def test_money_after_a_broken_promise_belongs_to_the_next(self):
        invoice = self._create_open_invoice(self.customer)
        first = self._promise(invoice, 50, days=1)
        with freeze_time(TODAY + timedelta(days=10)):
            first._evaluate()
            self.assertEqual(first.state, "broken")
            second = self._promise(invoice, 50, days=20)
            self._pay(invoice, 50, payment_date=TODAY + timedelta(days=10))
            self.assertEqual((first.state, second.state), ("broken", "kept"))

    # === LIMITS AND BAD INPUT === #

    def test_bad_input(self):
        invoice = self._create_open_invoice(self.customer)
        other = self._create_open_invoice(self._create_customer("Other"))
        for message, values in (
            ("greater than zero", {"amount": -1}),
            ("more than", {"amount": 100.01}),
            ("day that is past", {"days": -1}),
            ("30 days ahead", {"days": 31}),
            ("not owed by", {"partner_id": other.partner_id.id}),
            ("payment reference", {"is_paid_already": True}),
            (
                "waited for 5 days",
                {"is_paid_already": True, "reference": "42", "days": 6},
            ),
            ("Choose the open items", {"line_ids": False}),
        ):
            with (
                self.subTest(message=message),
                self.assertRaisesRegex((UserError, ValidationError), message),
            ):
                self._promise(invoice, **values)

    def test_manager_may_go_beyond(self):
        invoice = self._create_open_invoice(self.customer)
        self.env.user.group_ids += self.env.ref(
            "account_collections.group_collection_manager"
        )
        promise = self._promise(invoice, days=31)
        self.assertIn("beyond the policy", promise.message_ids[0].body)

    def test_too_many_broken(self):
        for number in range(3):
            invoice = self._create_open_invoice(self.customer)
            if number == 2:
                with self.assertRaisesRegex(UserError, "broken or put off 2"):
                    self._promise(invoice, days=1)
                break
            promise = self._promise(invoice, days=1)
            promise._evaluate(TODAY + timedelta(days=30))
            self.assertEqual(promise.state, "broken")

    def test_policy_edited_in_between_changes_nothing(self):
        invoice = self._create_open_invoice(self.customer)
        promise = self._promise(invoice)
        self.policy.sudo().promise_grace_days = 30
        promise._evaluate(TODAY + timedelta(days=14))
        self.assertEqual(promise.state, "broken")

    def test_covered_invoice_is_not_reset(self):
        invoice = self._create_open_invoice(self.customer)
        promise = self._promise(invoice)
        for action in ("button_draft", "button_cancel"):
            with (
                self.subTest(action=action),
                self.assertRaisesRegex(UserError, promise.name),
            ):
                getattr(invoice, action)()

    def test_foreign_currency(self):
        currency = self.setup_other_currency("EUR", rates=[("2024-01-01", 2.0)])
        invoice = self._create_open_invoice(self.customer, 100, currency_id=currency.id)
        promise = self._promise(invoice, 40)
        currency.rate_ids.rate = 4
        self._pay(invoice, 40, currency_id=currency.id)
        self.assertEqual(promise.state, "kept")

    def test_nothing_is_forged(self):
        invoice = self._create_open_invoice(self.customer)
        promise = self._promise(invoice)
        for values in ({"state": "kept"}, {"date_end": TODAY}, {"is_late": True}):
            with self.subTest(**values), self.assertRaises(AccessError):
                promise.write(values)
        for values in (
            {"amount": 1},
            {"date_due": TODAY},
            # Who said that it was paid has broken no promise.
            {"is_paid_already": True, "reference": "42"},
        ):
            with self.subTest(**values), self.assertRaises(UserError):
                promise.write(values)
        with self.assertRaises(AccessError):
            self._promise(invoice, confirm=False, state="kept")

    def test_what_is_replaced_is_decided_before(self):
        """Once it is in force, nobody ticks that it replaces something."""
        promise = self._promise(self._create_open_invoice(self.customer))
        with self.assertRaisesRegex(UserError, "do not change any more"):
            promise.is_replacing = True

    def test_states_and_their_neighbours(self):
        """Confirming and cancelling, from each state."""
        invoice = self._create_open_invoice(self.customer)
        for state in ("kept", "partial", "broken", "cancelled"):
            promise = self._promise(invoice, confirm=False)
            promise.sudo().state = state
            for action in ("action_confirm", "action_cancel"):
                with (
                    self.subTest(state=state, action=action),
                    self.assertRaisesRegex(UserError, "already"),
                ):
                    getattr(promise, action)()
