"""Random ledgers: what is stored is what a rebuild from scratch says, at every step."""

from collections import defaultdict
from datetime import timedelta

from freezegun import freeze_time
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from ..models.account_collection_hold import CASH_REASONS
from ..tools import evaluation
from .common import TODAY, CollectionCommon

# Often the same few, so that things meet.
invoice = st.sampled_from([0, 0, 0, 1, 2, 3])
amount = st.sampled_from([10, 33.33, 50, 50, 100])
late = st.integers(0, 15)
pick = st.integers(0, 9)
STEPS = st.one_of(
    st.tuples(st.just("promise"), invoice, amount, st.integers(0, 5)),
    st.tuples(st.just("promise"), invoice, amount, st.integers(0, 5)),
    st.tuples(st.just("pay"), invoice, amount, late),
    st.tuples(st.just("pay"), invoice, amount, late),
    st.tuples(st.just("receive"), invoice, amount, late),
    st.tuples(st.just("apply"), invoice, pick),
    st.tuples(st.just("credit"), invoice, amount),
    st.tuples(st.just("dispute"), invoice, amount),
    st.tuples(st.just("undo"), invoice),
    st.tuples(st.just("reset_payment"), pick),
    st.tuples(st.just("cancel_payment"), pick),
    st.tuples(st.just("reverse_payment"), pick),
    st.tuples(st.just("reset_invoice"), invoice),
    st.tuples(st.just("withdraw"), pick),
    st.tuples(st.just("pass"), st.integers(1, 15)),
    st.tuples(st.just("pass"), st.integers(1, 15)),
)


@tagged("post_install", "-at_install")
class TestResolutionProperty(CollectionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.write({"promise_max_broken": 0, "promise_tolerance_percent": 5})
        currency = cls.setup_other_currency("EUR", rates=[("2024-01-01", 2.0)])
        installments = cls.env["account.payment.term"].create(
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
        cls.invoices = [
            cls._create_open_invoice(cls.customer, 100, days=20),
            cls._create_open_invoice(
                cls.customer,
                90,
                invoice_payment_term_id=installments.id,
                invoice_date_due=False,
            ),
            cls._create_open_invoice(cls.customer, 80, days=5, currency_id=currency.id),
            cls._create_open_invoice(cls.customer, 50, days=1),
        ]
        cls.env.flush_all()

    @settings(
        max_examples=30,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(STEPS, min_size=8, max_size=12))
    def test_stored_equals_rebuilt(self, steps):
        savepoint = self.env.cr.savepoint()
        self.day = 0
        self.payments = self.env["account.payment"]
        try:
            for name, *arguments in steps:
                with freeze_time(f"{TODAY + timedelta(days=self.day)} 10:00:00"):
                    self._step(getattr(self, f"_do_{name}"), *arguments)
                with freeze_time(f"{TODAY + timedelta(days=self.day)} 10:00:00"):
                    self._check(name)
        finally:
            savepoint.close(rollback=True)

    # === STEPS === #

    def _step(self, act, *arguments):
        """Do something; what is refused leaves everything as it was."""
        try:
            with self.env.cr.savepoint():
                act(*arguments)
        except (UserError, ValidationError):
            self.env.invalidate_all(flush=False)

    def _do_promise(self, number, amount, days):
        lines = self._get_receivable_line(self.invoices[number])
        self.env["account.collection.promise"].create(
            {
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "currency_id": lines.currency_id.id,
                "line_ids": [Command.set(lines.ids)],
                "amount": amount,
                "date_due": self._get_today() + timedelta(days=days),
                "is_replacing": days % 2,
            }
        ).action_confirm()

    def _do_dispute(self, number, amount):
        lines = self._get_receivable_line(self.invoices[number])
        self.env["account.collection.dispute"].create(
            {
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "currency_id": lines.currency_id.id,
                "line_ids": [Command.set(lines.ids)],
                "amount": amount,
                "reason_id": self.env.ref("account_collections.dispute_reason_tax").id,
            }
        ).action_confirm()

    def _do_pay(self, number, amount, late):
        move = self.invoices[number]
        self.payments |= self._pay(
            move,
            amount,
            currency_id=move.currency_id.id,
            payment_date=self._get_today() - timedelta(days=late),
        )

    def _do_receive(self, number, amount, late):
        self.payments |= self._receive_unapplied(
            self.customer,
            amount,
            currency_id=self.invoices[number].currency_id.id,
            date=self._get_today() - timedelta(days=late),
        )

    def _do_apply(self, number, pick):
        payment = self._pick(self.payments, pick)
        (
            self._get_receivable_line(self.invoices[number])
            | self._get_receivable_line(payment.move_id)
        ).filtered(lambda line: not line.reconciled).reconcile()

    def _do_credit(self, number, amount):
        move = self.invoices[number]
        refund = self._create_open_invoice(
            self.customer,
            amount,
            days=0,
            move_type="out_refund",
            currency_id=move.currency_id.id,
        )
        self._get_receivable_line(move | refund).filtered(
            lambda line: not line.reconciled
        ).reconcile()

    def _do_undo(self, number):
        self._get_receivable_line(self.invoices[number]).remove_move_reconcile()

    def _do_reset_payment(self, pick):
        payment = self._pick(self.payments, pick)
        if payment.state == "draft":
            payment.action_post()
        else:
            payment.action_draft()

    def _do_cancel_payment(self, pick):
        self._pick(self.payments, pick).action_cancel()

    def _do_reverse_payment(self, pick):
        self._pick(self.payments, pick).move_id._reverse_moves(cancel=True)

    def _do_reset_invoice(self, number):
        move = self.invoices[number]
        if move.state == "draft":
            move.action_post()
        else:
            move.button_draft()

    def _do_withdraw(self, pick):
        self._pick(
            self.env["account.collection.promise"].search([]), pick
        ).action_cancel()

    def _do_pass(self, days):
        self.day += days
        with freeze_time(f"{TODAY + timedelta(days=self.day)} 10:00:00"):
            self.env["account.collection.commitment"]._cron_evaluate()

    # === CHECKS === #

    def _check(self, step):
        self.env.flush_all()
        self.env.invalidate_all()
        promises = self.env["account.collection.promise"].search(
            [("state", "!=", "draft")], order="id"
        )
        disputes = self.env["account.collection.dispute"].search([], order="id")
        stored = self._get_stored(promises, disputes)
        self.assertEqual(stored, self._get_rebuilt(promises, disputes), step)
        promises._evaluate()
        disputes._evaluate()
        self.assertEqual(self._get_stored(promises, disputes), stored, step)
        for commitment in promises.commitment_ids:
            self.assertAlmostEqual(
                commitment.amount_received
                + commitment.amount_open
                + commitment.amount_void,
                commitment.amount,
                places=2,
                msg=step,
            )

    def _get_stored(self, promises, disputes):
        """What is stored, in smallest units."""
        return {
            **{
                promise: (
                    promise.state,
                    promise.is_late,
                    *(
                        (
                            commitment.state,
                            self._to_units(commitment.amount_received),
                            self._to_units(commitment.amount_open),
                            self._to_units(commitment.amount_void),
                            commitment.date_kept or None,
                            commitment.is_unapplied,
                        )
                        for commitment in promise.commitment_ids
                    ),
                )
                for promise in promises
            },
            **{
                hold: self._to_units(hold.amount) if hold.active else 0
                for hold in (*promises.hold_ids, *disputes.hold_ids)
            },
        }

    def _get_rebuilt(self, promises, disputes):
        """The same, calculated from the ledger as it is read here."""
        rebuilt = {}
        expected, room = {}, {}
        shares, left = {}, {}
        for line in promises.line_ids | disputes.line_ids:
            receipts, reduced = self._read(line)
            holds = (
                line.with_context(active_test=False)
                .collection_hold_ids.filtered(lambda hold: hold.reason in CASH_REASONS)
                .sorted(lambda hold: (hold.date_start, hold.id))
            )
            allocated = evaluation.allocate(
                receipts,
                [
                    evaluation.Claim(
                        hold.id,
                        hold.date_start,
                        self._to_units(hold.amount_covered),
                        self._to_units(hold.received_before),
                    )
                    for hold in holds
                ],
            )
            money = sum(receipt.amount for receipt in receipts)
            counted = sum(
                receipt.amount for share in allocated.values() for receipt in share
            )
            self.assertLessEqual(counted, money, "Money counts once.")
            posted = line.amount_currency if line.parent_state == "posted" else 0
            rest = self._to_units(posted) - money - reduced
            for hold in holds:
                shares[hold] = allocated[hold.id]
                left[hold] = max(rest, 0)
                expected[hold] = self._to_units(hold.amount_covered) - sum(
                    receipt.amount for receipt in shares[hold]
                )
                rest -= expected[hold]
            room[line] = (
                self._to_units(line.amount_residual_currency)
                if line.parent_state == "posted"
                else 0
            )
        for promise in promises:
            if promise.date_end:
                # What was withdrawn stays as it ended.
                rebuilt.update(self._get_stored(promise, disputes.browse()))
                continue
            state, is_late, outcome = self._evaluate_promise(
                promise, shares, expected, left
            )
            rebuilt[promise] = (
                state,
                is_late,
                (
                    outcome.state,
                    outcome.received,
                    outcome.open + outcome.missing,
                    outcome.void,
                    outcome.date_kept,
                    outcome.is_unapplied,
                ),
            )
            for hold in promise.hold_ids:
                held = min(expected[hold], left[hold], room[hold.line_id])
                rebuilt[hold] = max(held, 0) if state == "open" else 0
                # While unapplied credits are waited for, the hold may have ended.
                if hold.date_end >= self._get_today():
                    room[hold.line_id] -= rebuilt[hold]
        for hold in disputes.hold_ids.sorted("id"):
            held = max(min(self._to_units(hold.amount_covered), room[hold.line_id]), 0)
            rebuilt[hold] = held
            room[hold.line_id] -= held
        return rebuilt

    def _evaluate_promise(self, promise, shares, expected, left):
        [commitment] = promise.commitment_ids
        term = evaluation.Term(
            commitment.date_due,
            self._to_units(commitment.amount),
            commitment.date_limit,
            self._to_units(commitment.amount_min),
        )
        [outcome] = evaluation.evaluate(
            [term],
            [receipt for hold in promise.hold_ids for receipt in shares[hold]],
            sum(max(expected[hold] - left[hold], 0) for hold in promise.hold_ids),
            self._get_today(),
            self._read_unapplied(promise.currency_id),
        )
        state = {
            "pending": "open",
            "kept": "kept",
            "kept_late": "kept",
            "partial": "partial",
            "broken": "broken",
            "void": "cancelled",
        }[outcome.state]
        return state, outcome.state == "kept_late", outcome

    # === HELPERS === #

    def _read(self, line):
        """The receipts of an item, and the sum of its reductions."""
        receipts, reduced = [], 0
        for partial in line.matched_credit_ids:
            credit = partial.credit_move_id
            units = self._to_units(partial.debit_amount_currency)
            if credit.parent_state != "posted" or line.parent_state != "posted":
                continue
            payment = credit.move_id.origin_payment_id
            if payment or credit.journal_id.type in ("bank", "cash", "credit"):
                receipts.append(evaluation.Receipt(payment.date or credit.date, units))
            else:
                reduced += units
        return receipts, reduced

    def _read_unapplied(self, currency):
        """The credits of the customer that nobody has applied."""
        residuals = defaultdict(int)
        for line in self.env["account.move.line"].search(
            [
                ("partner_id", "=", self.customer.id),
                ("account_id", "=", self.receivable_account.id),
                ("parent_state", "=", "posted"),
                ("reconciled", "=", False),
                ("amount_residual_currency", "<", 0),
            ]
        ):
            residuals[line.currency_id] -= self._to_units(line.amount_residual_currency)
        return residuals[currency]

    def _get_today(self):
        return TODAY + timedelta(days=self.day)

    def _pick(self, records, number):
        """One of the records; none at all is refused like anything impossible."""
        if not records:
            raise UserError("There is nothing to choose from.")
        return records[number % len(records)]

    def _to_units(self, amount):
        return round(amount * 100)
