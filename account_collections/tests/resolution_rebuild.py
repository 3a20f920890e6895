"""What agreements should have come to, read from the ledger as it is."""

from ..models.account_collection_hold import CASH_REASONS
from ..tools import allocation, evaluation, standing

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
        self.shares, self.room = {}, {}
        lines = disputes.line_ids
        for agreement in agreements:
            lines |= agreement.line_ids
        for line in lines:
            self._share_out(line)
        excused = self._excuse(agreements)
        for agreement in agreements:
            rebuilt.update(self._rebuild(agreement, excused[agreement]))
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
        receipts, reductions = self._read(line)
        holds = line.with_context(active_test=False).collection_hold_ids.filtered(
            lambda hold: hold.reason in CASH_REASONS
        )
        is_posted = line.parent_state == "posted"
        shares = allocation.share_out(
            self._to_units(line.amount_currency * is_posted),
            receipts,
            reductions,
            [
                allocation.Claim(
                    hold.id,
                    hold.date_start,
                    self._to_units(hold.amount_covered),
                    self._to_units(hold.received_before),
                    hold.date_released or None,
                    self._to_units(hold.received_by_release),
                )
                for hold in holds
            ],
        )
        counted = sum(one.amount for share in shares.values() for one in share.receipts)
        money = sum(receipt.amount for receipt in receipts)
        self.assertLessEqual(counted, money, "Money counts once.")
        self.shares.update({hold: shares[hold.id] for hold in holds})
        self.room[line] = self._to_units(line.amount_residual_currency * is_posted)

    def _excuse(self, agreements):
        """The late payments that credits would cover, each credit once. What is not
        due any more, because its plan has failed, leaves them to the others."""
        missing = {
            agreement: self._get_missing(agreement, self._evaluate(agreement, ()))
            for agreement in agreements
        }
        everything = self._excuse_missing(sum(missing.values(), []))
        failed = set()
        for agreement in agreements:
            outcomes = self._evaluate(agreement, everything)
            standing_ = self._get_standing(agreement, outcomes)
            failed.update(
                commitment
                for commitment, outcome in zip(
                    agreement.commitment_ids, outcomes, strict=True
                )
                if self._is_void(agreement, commitment, outcome, standing_)
            )
        return {
            agreement: self._excuse_missing(
                own
                + [
                    late
                    for other, others in missing.items()
                    for late in others
                    if other != agreement and late.key not in failed
                ]
            )
            for agreement, own in missing.items()
        }

    def _excuse_missing(self, missing):
        missing = sorted(missing, key=lambda late: late.key.id)
        excused = set()
        for currency in {late.key.currency_id for late in missing}:
            excused |= evaluation.excuse(
                [late for late in missing if late.key.currency_id == currency],
                self._read_unapplied(currency),
            )
        return excused

    def _get_missing(self, agreement, outcomes):
        if not agreement.date_end and self._get_end(agreement):
            # Credits serve what was agreed since.
            return []
        return [
            evaluation.Missing(
                commitment,
                commitment.date_limit,
                outcome.missing,
                self._get_last_day(agreement, commitment),
            )
            for commitment, outcome in zip(
                agreement.commitment_ids, outcomes, strict=True
            )
            if outcome.is_missed
        ]

    def _get_last_day(self, agreement, commitment):
        days = agreement.hold_ids.mapped("date_released")
        last = [max(days)] if days and all(days) else []
        if agreement._name == "account.collection.plan" and agreement.date_at_risk:
            last.append(
                standing.get_last_day(
                    commitment.date_limit, agreement.date_at_risk, agreement.cure_days
                )
            )
        return min(last, default=None)

    def _get_terms(self, agreement):
        return [
            evaluation.Term(
                commitment.date_due,
                self._to_units(commitment.amount),
                commitment.date_limit,
                self._to_units(commitment.amount_min),
            )
            for commitment in agreement.commitment_ids
        ]

    def _evaluate(self, agreement, excused):
        shares = [self.shares[hold] for hold in agreement.hold_ids]
        return evaluation.evaluate(
            self._get_terms(agreement),
            [receipt for share in shares for receipt in share.receipts],
            [reduction for share in shares for reduction in share.reductions],
            self._get_end(agreement) or self._get_today(),
            excused={
                index
                for index, commitment in enumerate(agreement.commitment_ids)
                if commitment in excused
            },
        )

    def _get_end(self, agreement):
        """The day on which an agreement ended, or something else was agreed on its
        items after it had failed."""
        released = [day for day in agreement.hold_ids.mapped("date_released") if day]
        return agreement.date_end or max(released, default=False)

    def _get_standing(self, agreement, outcomes):
        """How a plan stands, None for a promise."""
        if agreement._name == "account.collection.promise":
            return None
        return standing.get_standing(
            list(zip(self._get_terms(agreement), outcomes, strict=True)),
            [],
            agreement.cure_days,
            self._get_today(),
            agreement.date_at_risk or None,
        )

    def _is_void(self, agreement, commitment, outcome, standing_):
        """Whether a payment was not due yet when its agreement ended."""
        if self._get_end(agreement) and outcome.state == "pending":
            return True
        return (
            standing_ is not None
            and standing_.state == "defaulted"
            and commitment.date_limit > standing_.date_cure
            and outcome.state not in standing.DONE
        )

    def _rebuild(self, agreement, excused):
        """Evaluate a promise or plan, and what it holds."""
        outcomes = self._evaluate(agreement, excused)
        standing_ = self._get_standing(agreement, outcomes)
        if agreement.date_end:
            # What was withdrawn or replaced stays so.
            state = agreement.state
        elif standing_:
            state = standing_.state
        else:
            state = PROMISE_STATES[outcomes[0].state]
        if self._get_end(agreement) and state in agreement._live_states:
            state = agreement._superseded_state
        flat = [
            self._flatten(
                outcome, self._is_void(agreement, commitment, outcome, standing_)
            )
            for commitment, outcome in zip(
                agreement.commitment_ids, outcomes, strict=True
            )
        ]
        rebuilt = {agreement: (state, flat)}
        for hold in agreement.hold_ids:
            held = min(self.shares[hold].expected, self.room[hold.line_id])
            is_live = state in agreement._live_states
            rebuilt[hold] = max(held, 0) if is_live else 0
        return rebuilt

    def _flatten(self, outcome, is_void):
        """An outcome as it is stored."""
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
        """The receipts and the reductions of an item."""
        receipts, reductions = [], []
        for partial in line.matched_credit_ids:
            credit = partial.credit_move_id
            units = self._to_units(partial.debit_amount_currency)
            if credit.parent_state != "posted" or line.parent_state != "posted":
                continue
            payment = credit.move_id.origin_payment_id
            if payment or credit.journal_id.type in ("bank", "cash", "credit"):
                receipts.append(allocation.Movement(payment.date or credit.date, units))
            else:
                reductions.append(allocation.Movement(credit.date, units))
        return receipts, reductions

    def _read_unapplied(self, currency):
        """The credits of the customer that nobody has applied."""
        lines = self.env["account.move.line"].search(
            [
                ("partner_id", "=", self.customer.id),
                ("account_id", "=", self.receivable_account.id),
                ("parent_state", "=", "posted"),
                ("reconciled", "=", False),
                ("amount_residual_currency", "<", 0),
                ("currency_id", "=", currency.id),
            ]
        )
        return [
            allocation.Movement(
                line.move_id.origin_payment_id.date or line.date,
                -self._to_units(line.amount_residual_currency),
            )
            for line in lines
        ]

    def _to_units(self, amount):
        return round(amount * 100)
