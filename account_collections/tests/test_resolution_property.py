"""Random ledgers: what is stored is what a rebuild from scratch says, at every step."""

from datetime import timedelta

from freezegun import freeze_time
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common import TODAY, CollectionCommon
from .resolution_rebuild import ResolutionRebuild

# Often the same few, so that things meet.
invoice = st.sampled_from([0, 0, 0, 1, 2, 3])
amount = st.sampled_from([10, 33.33, 50, 50, 100])
# Dated ahead, too.
late = st.integers(-5, 15)
pick = st.integers(0, 9)
STEPS = st.one_of(
    st.tuples(st.just("promise"), invoice, amount, st.integers(0, 5)),
    st.tuples(st.just("promise"), invoice, amount, st.integers(0, 5)),
    st.tuples(st.just("plan"), invoice, amount, st.integers(0, 5)),
    st.tuples(st.just("plan"), invoice, amount, st.integers(0, 5)),
    st.tuples(st.just("settle"), invoice, amount, st.integers(0, 5)),
    st.tuples(st.just("accept"), pick),
    st.tuples(st.just("sell"), amount, st.integers(-2, 3)),
    st.tuples(st.just("pay"), invoice, amount, late),
    st.tuples(st.just("pay"), invoice, amount, late),
    st.tuples(st.just("register"), invoice, amount, late),
    st.tuples(st.just("receive"), invoice, amount, late),
    st.tuples(st.just("apply"), invoice, pick),
    st.tuples(st.just("credit"), invoice, amount),
    st.tuples(st.just("combine"), invoice, amount, pick),
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
class TestResolutionProperty(ResolutionRebuild, CollectionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.write(
            {
                "promise_max_broken": 0,
                "promise_tolerance_percent": 5,
                "plan_cure_days": 5,
                "settlement_max_discount_percent": 100,
            }
        )
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
        cls.other_bank = cls.env["account.journal"].create(
            {"name": "Other Bank", "type": "bank", "code": "OTHER"}
        )
        cls.env.flush_all()

    def setUp(self):
        super().setUp()
        self._make_payments_without_entry(self.other_bank)

    @settings(
        max_examples=30,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    # What random ledgers have shown to be wrong once.
    @example([("promise", 0, 10, 0), ("withdraw", 0)])
    @example([("promise", 3, 50, 1), ("pass", 9), ("receive", 3, 50, 0)])
    @example(
        [
            ("promise", 0, 50, 0),
            ("pass", 11),
            ("receive", 0, 50, 1),
            ("withdraw", 0),
            ("apply", 3, 0),
        ]
    )
    @example([("plan", 0, 50, 1), ("pass", 12), ("pass", 12), ("pass", 5)])
    @example([("settle", 0, 50, 5), ("accept", 0), ("pay", 0, 50, 0), ("pass", 1)])
    @example(
        [
            ("receive", 0, 10, 0),
            ("promise", 0, 50, 5),
            ("dispute", 0, 50),
            ("combine", 0, 33.33, 0),
        ]
    )
    @example([("plan", 1, 100, 1), ("sell", 50, 0), ("pass", 9), ("receive", 0, 50, 0)])
    @given(st.lists(STEPS, min_size=8, max_size=12))
    def test_stored_equals_rebuilt(self, steps):
        savepoint = self.env.cr.savepoint()
        self.day = 0
        self.payments = self.env["account.payment"]
        invoices = list(self.invoices)
        try:
            for name, *arguments in steps:
                with freeze_time(f"{TODAY + timedelta(days=self.day)} 10:00:00"):
                    self._step(getattr(self, f"_do_{name}"), *arguments)
                with freeze_time(f"{TODAY + timedelta(days=self.day)} 10:00:00"):
                    self._check(name)
        finally:
            savepoint.close(rollback=True)
            self.invoices[:] = invoices

    # === STEPS === #

    def _step(self, act, *arguments):
        """Do something; what is refused leaves everything as it was."""
        try:
            with self.env.cr.savepoint():
                act(*arguments)
        except (UserError, ValidationError):
            self.env.invalidate_all(flush=False)

    def _do_promise(self, number, amount, days):
        self._agree(
            "promise",
            number,
            amount,
            date_due=self._get_today() + timedelta(days=days),
            is_replacing=days % 2,
        )

    def _do_plan(self, number, amount, days):
        first = self._get_today() + timedelta(days=days)
        parts = [round(amount / 3, 2), round(amount / 3, 2)]
        parts.append(round(amount - sum(parts), 2))
        self.policy.plan_keep_current = days % 3
        self._agree(
            "plan",
            number,
            amount,
            is_replacing=days % 2,
            installment_ids=[
                Command.create(
                    {"amount": part, "date_due": first + timedelta(days=7 * index)}
                )
                for index, part in enumerate(parts)
            ],
        )

    def _do_settle(self, number, amount, days):
        expiry = self._get_today() + timedelta(days=days)
        self._agree(
            "settlement",
            number,
            amount,
            nature="concession",
            date_expiry=expiry,
            is_replacing=days % 2,
            payment_ids=[
                Command.create({"amount": amount, "date_due": expiry}),
            ],
        )

    def _do_accept(self, pick):
        self._pick(
            self.env["account.collection.settlement"].search(
                [("state", "=", "offered")], order="id"
            ),
            pick,
        ).action_accept("Ada Miller")

    def _do_sell(self, amount, days):
        """Invoice something that falls due some days later, and is to be paid on time
        while a plan lasts."""
        self.invoices.append(
            self._create_open_invoice(
                self.customer,
                amount,
                invoice_date=self._get_today(),
                invoice_date_due=self._get_today() + timedelta(days=days),
            )
        )

    def _do_dispute(self, number, amount):
        reason = self.env.ref("account_collections.dispute_reason_tax")
        self._agree("dispute", number, amount, reason_id=reason.id)

    def _agree(self, kind, number, amount, **values):
        # Of several invoices, where the currency allows.
        chosen = self.invoices[number]
        if number and kind != "dispute":
            chosen |= self.invoices[number - 1]
        lines = self._get_receivable_line(chosen).filtered(
            lambda line: line.currency_id == chosen[-1:].currency_id
        )
        self.env[f"account.collection.{kind}"].create(
            {
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "currency_id": lines.currency_id.id,
                "line_ids": [Command.set(lines.ids)],
                "amount": amount,
                **values,
            }
        ).action_confirm()

    def _do_pay(self, number, amount, late, **values):
        move = self.invoices[number]
        self.payments |= self._pay(
            move,
            amount,
            currency_id=move.currency_id.id,
            payment_date=self._get_today() - timedelta(days=late),
            **values,
        )

    def _do_register(self, number, amount, late):
        """Pay without a journal entry."""
        self._do_pay(number, amount, late, journal_id=self.other_bank.id)

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

    def _do_combine(self, number, amount, pick):
        """Apply a payment and a credit note at once; nothing that is agreed keeps
        anybody from it."""
        move = self.invoices[number]
        payment = self._pick(self.payments, pick)
        refund = self._create_open_invoice(
            self.customer,
            amount,
            days=0,
            move_type="out_refund",
            currency_id=move.currency_id.id,
        )
        lines = self._get_receivable_line(move | payment.move_id | refund).filtered(
            lambda line: not line.reconciled
        )
        try:
            lines.reconcile()
        except ValidationError as error:
            self.fail(error)

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
        kinds = ("promise", "settlement")
        self._pick(
            self.env[f"account.collection.{kinds[pick % 2]}"].search([]), pick
        ).action_cancel()

    def _do_pass(self, days):
        self.day += days
        with freeze_time(f"{TODAY + timedelta(days=self.day)} 10:00:00"):
            self.env["account.collection.commitment"]._cron_evaluate()

    # === CHECKS === #

    def _check(self, step):
        self.env.flush_all()
        self.env.invalidate_all()
        agreements, disputes = self._get_agreements()
        stored = self._get_stored(agreements, disputes)
        self.assertEqual(stored, self._get_rebuilt(agreements, disputes), step)
        for agreement in [*agreements, disputes]:
            # What is posted then, the scheduler posts.
            agreement.with_context(collection_in_transaction=True)._evaluate()
        self.assertEqual(self._get_stored(agreements, disputes), stored, step)
        for commitment in self.env["account.collection.commitment"].search([]):
            self.assertAlmostEqual(
                commitment.amount_received
                + commitment.amount_open
                + commitment.amount_void,
                commitment.amount,
                places=2,
                msg=step,
            )

    # === HELPERS === #

    def _get_today(self):
        return TODAY + timedelta(days=self.day)

    def _pick(self, records, number):
        """One of the records; none at all is refused like anything impossible."""
        if not records:
            raise UserError(self.env._("There is nothing to choose from."))
        return records[number % len(records)]
