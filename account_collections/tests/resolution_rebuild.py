"""What agreements should have come to, read from the ledger as it is."""

from datetime import timedelta

from odoo import fields

from ..models.account_collection_hold import CASH_REASONS
from ..tools import allocation, evaluation, standing
from .ledger_reading import LedgerReading

PLAN, SETTLEMENT = "account.collection.plan", "account.collection.settlement"
PROMISE_STATES = {
    "pending": "open",
    "kept": "kept",
    "kept_late": "kept",
    "partial": "partial",
    "broken": "broken",
    "void": "cancelled",
}


class ResolutionRebuild(LedgerReading):
    """Reads the ledger on its own and calculates promises, plans, settlements and holds
    anew, for comparison with what is stored."""

    def _get_agreements(self):
        """The agreements that expect money, by kind and in the order they were made,
        and the disputes."""
        made = [
            agreement
            for model in (PLAN, "account.collection.promise", SETTLEMENT)
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
        self.missing = {}
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
                    self._read_announced(hold.announced_before),
                    self._read_announced(hold.announced_by_release),
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
        self.missing = {
            agreement: own
            + [
                late
                for other, others in missing.items()
                for late in others
                if other != agreement and late.key not in failed
            ]
            for agreement, own in missing.items()
        }
        return {
            agreement: self._excuse_missing(late)
            for agreement, late in self.missing.items()
        }

    def _excuse_missing(self, missing):
        missing = sorted(missing, key=lambda late: (late.rank, late.key.id))
        excused = set()
        for currency in {late.key.currency_id for late in missing}:
            excused |= evaluation.excuse(
                [late for late in missing if late.key.currency_id == currency],
                self._read_unapplied(currency),
            )
        return excused

    def _get_missing(self, agreement, outcomes):
        if self._get_end(agreement):
            # Credits serve what is in force.
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
        if agreement._name == SETTLEMENT:
            last.append(commitment.date_limit)
        if agreement._name == PLAN and agreement.date_at_risk:
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
        terms = self._get_terms(agreement)
        covered = sum(map(self._to_units, agreement.hold_ids.mapped("amount_covered")))
        return evaluation.evaluate(
            terms,
            [receipt for share in shares for receipt in share.receipts],
            [reduction for share in shares for reduction in share.reductions],
            self._get_end(agreement) or self._get_today(),
            covered - sum(term.amount for term in terms),
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
        """How a plan stands, None for another kind."""
        if agreement._name != PLAN:
            return None
        return standing.get_standing(
            list(zip(self._get_terms(agreement), outcomes, strict=True)),
            self._get_new(agreement),
            agreement.cure_days,
            self._get_today(),
            agreement.date_at_risk or None,
        )

    def _get_new(self, plan):
        """What was invoiced since a plan was made that wants the customer to keep
        current: terms and outcomes, without what credits would cover."""
        if not plan.keep_current:
            return []
        today, grace = self._get_today(), timedelta(days=plan.grace_days)
        late = {}
        for line in self._get_receivable_line(
            self.env["account.move"].union(*self.invoices)
        ):
            held = sum(
                hold.amount
                for hold in line.collection_hold_ids
                if not hold.date_end or hold.date_end >= today
            )
            amount = self._to_units(line.amount_currency - held)
            due = line.date_maturity
            is_new = line.date > plan.date_start or (
                line.date == plan.date_start and line.create_date > plan.date_activated
            )
            if (
                line in plan.line_ids
                or line.parent_state != "posted"
                or not is_new
                or due + grace >= today
                or amount <= 0
            ):
                continue
            term = evaluation.Term(due, amount, due + grace, amount)
            [outcome] = evaluation.evaluate([term], *self._read(line), today)
            late[line] = (term, outcome)
        told = plan.date_at_risk
        excused = self._excuse_missing(
            [
                *self.missing.get(plan, ()),
                *(
                    evaluation.Missing(
                        line,
                        term.date_limit,
                        outcome.missing,
                        told
                        and standing.get_last_day(
                            term.date_limit, told, plan.cure_days
                        ),
                        rank=1,
                    )
                    for line, (term, outcome) in late.items()
                    if outcome.is_missed
                ),
            ]
        )
        return [pair for line, pair in late.items() if line not in excused]

    def _get_settlement_state(self, settlement, outcomes):
        """How a settlement stands, and what was offered that nobody has accepted."""
        today = self._get_today()
        if not settlement.date_accepted:
            if self._is_paid_as_offered(settlement):
                return "offered"
            shares = [self.shares[hold] for hold in settlement.hold_ids]
            moved = [one for share in shares for one in share.receipts]
            moved += [one for share in shares for one in share.reductions]
            if not any(share.expected for share in shares) and all(
                one.date <= settlement.date_expiry for one in moved
            ):
                return "cancelled"
            return "lapsed" if settlement.date_expiry < today else "offered"
        states = {outcome.state for outcome in outcomes}
        if states == {"void"}:
            return "cancelled"
        if states <= {"kept", "void"} and settlement.is_remitted:
            if not self._get_end(settlement):
                return "settled"
        wait = timedelta(days=settlement.wait_days)
        is_missed = any(
            outcome.state in ("kept_late", "partial", "broken")
            and commitment.date_limit + wait < today
            for commitment, outcome in zip(
                settlement.commitment_ids, outcomes, strict=True
            )
        )
        return "lapsed" if is_missed else "accepted"

    def _is_paid_as_offered(self, settlement):
        shares = [self.shares[hold] for hold in settlement.hold_ids]
        terms = [
            evaluation.Term(
                payment.date_due,
                self._to_units(payment.amount),
                payment.date_due,
                self._to_units(settlement._get_least(payment.amount)),
            )
            for payment in settlement.payment_ids
        ]
        outcomes = evaluation.evaluate(
            terms,
            [one for share in shares for one in share.receipts],
            [one for share in shares for one in share.reductions],
            settlement.date_expiry,
            self._to_units(settlement.amount_waived),
        )
        return all(
            one.state == "kept" and one.date_kept <= settlement.date_expiry
            for one in outcomes
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
        """Evaluate an agreement, and what it holds."""
        outcomes = self._evaluate(agreement, excused)
        standing_ = self._get_standing(agreement, outcomes)
        if agreement.date_end:
            # What was withdrawn or replaced stays so.
            state = agreement.state
        elif standing_:
            state = standing_.state
        elif agreement._name == SETTLEMENT:
            state = self._get_settlement_state(agreement, outcomes)
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
            held = min(self._get_expected(hold, agreement), self.room[hold.line_id])
            is_live = state in agreement._live_states
            rebuilt[hold] = max(held, 0) if is_live else 0
        return rebuilt

    def _get_expected(self, hold, agreement):
        """What is expected of an item, less what a settlement has given up of it."""
        share = self.shares[hold]
        given_up = sum(
            self._to_units(partial.debit_amount_currency)
            for partial in hold.line_id.matched_credit_ids
            if agreement._name == SETTLEMENT
            and partial.credit_move_id.parent_state == "posted"
            and partial.credit_move_id.move_id in agreement.move_ids
        )
        reduced = sum(reduction.amount for reduction in share.reductions)
        return share.expected - max(given_up - reduced, 0)

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

    def _read_announced(self, announced):
        return tuple(
            allocation.Movement(fields.Date.to_date(day), self._to_units(amount))
            for day, amount in announced or []
        )
