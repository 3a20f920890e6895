"""What agreements should have come to, read from the ledger as it is."""

from collections import defaultdict

from ..models.account_collection_hold import CASH_REASONS
from ..tools import evaluation, standing

PROMISE_STATES = {
    "pending": "open",
    "kept": "kept",
    "kept_late": "kept",
    "partial": "partial",
    "broken": "broken",
    "void": "cancelled",
}


class ResolutionRebuild:
    """Reads the ledger on its own and calculates promises, plans and holds anew, for
    comparison with what is stored."""

    def _get_agreements(self):
        """The promises and plans in the order they were made, and the disputes."""
        made = [
            agreement
            for model in ("account.collection.plan", "account.collection.promise")
            for agreement in self.env[model].search(
                [("state", "!=", "draft")], order="id"
            )
        ]
        return made, self.env["account.collection.dispute"].search([], order="id")

    def _get_stored(self, agreements, disputes):
        """What is stored, in smallest units."""
        stored = {}
        for agreement in agreements:
            stored[agreement] = (
                agreement.state,
                [
                    (
                        commitment.state,
                        self._to_units(commitment.amount_received),
                        self._to_units(commitment.amount_open),
                        self._to_units(commitment.amount_void),
                        commitment.date_kept or None,
                        commitment.is_unapplied,
                    )
                    for commitment in agreement.commitment_ids
                ],
            )
        for document in [*agreements, *disputes]:
            for hold in document.hold_ids:
                stored[hold] = self._to_units(hold.amount) if hold.active else 0
        return stored

    def _get_rebuilt(self, agreements, disputes):
        """The same, calculated anew."""
        rebuilt = {}
        self.shares, self.left, self.expected, self.room = {}, {}, {}, {}
        lines = disputes.line_ids
        for agreement in agreements:
            lines |= agreement.line_ids
        for line in lines:
            self._share_out(line)
        for agreement in agreements:
            # What was withdrawn stays as it ended.
            rebuilt.update(
                self._get_stored([agreement], disputes.browse())
                if agreement.date_end
                else self._rebuild(agreement)
            )
        for agreement in agreements:
            for hold in agreement.hold_ids:
                # While unapplied credits are waited for, the hold may have ended.
                if not hold.date_end or hold.date_end >= self._get_today():
                    self.room[hold.line_id] -= rebuilt[hold]
        for hold in disputes.hold_ids.sorted("id"):
            room = self.room[hold.line_id]
            rebuilt[hold] = max(min(self._to_units(hold.amount_covered), room), 0)
            self.room[hold.line_id] -= rebuilt[hold]
        return rebuilt

    def _share_out(self, line):
        """Share out the money on an item among what covers it."""
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
        is_posted = line.parent_state == "posted"
        rest = self._to_units(line.amount_currency * is_posted) - money - reduced
        for hold in holds:
            self.shares[hold] = allocated[hold.id]
            self.left[hold] = max(rest, 0)
            self.expected[hold] = self._to_units(hold.amount_covered) - sum(
                receipt.amount for receipt in self.shares[hold]
            )
            rest -= self.expected[hold]
        self.room[line] = self._to_units(line.amount_residual_currency * is_posted)

    def _rebuild(self, agreement):
        """Evaluate a promise or plan, and what it holds."""
        today, holds = self._get_today(), agreement.hold_ids
        terms = [
            evaluation.Term(
                commitment.date_due,
                self._to_units(commitment.amount),
                commitment.date_limit,
                self._to_units(commitment.amount_min),
            )
            for commitment in agreement.commitment_ids
        ]
        outcomes = evaluation.evaluate(
            terms,
            [receipt for hold in holds for receipt in self.shares[hold]],
            sum(max(self.expected[hold] - self.left[hold], 0) for hold in holds),
            today,
            self._read_unapplied(agreement.currency_id),
        )
        ended = [False] * len(terms)
        if agreement._name == "account.collection.promise":
            state = PROMISE_STATES[outcomes[0].state]
        else:
            state, _first, last = standing.get_standing(
                list(zip(terms, outcomes, strict=True)), [], agreement.cure_days, today
            )
            if state == "defaulted":
                ended = [term.date_limit > last for term in terms]
        flat = [self._flatten(*pair) for pair in zip(outcomes, ended, strict=True)]
        rebuilt = {agreement: (state, flat)}
        for hold in holds:
            held = min(self.expected[hold], self.left[hold], self.room[hold.line_id])
            is_live = state in agreement._live_states
            rebuilt[hold] = max(held, 0) if is_live else 0
        return rebuilt

    def _flatten(self, outcome, has_ended):
        """An outcome as it is stored; what was not due yet when the plan failed is
        void unless it was paid all the same."""
        is_void = has_ended and outcome.state not in standing.DONE
        rest = outcome.missing + outcome.open
        return (
            "void" if is_void else outcome.state,
            outcome.received,
            0 if is_void else rest,
            outcome.void + (rest if is_void else 0),
            outcome.date_kept,
            outcome.is_unapplied and not is_void,
        )

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

    def _to_units(self, amount):
        return round(amount * 100)
