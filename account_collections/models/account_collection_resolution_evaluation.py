from datetime import date, timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import allocation, evaluation
from .account_collection_hold import CASH_REASONS

# To wake the scheduler at once takes a connection of its own; each minute, when it
# looks by itself, is soon enough to tell people what is new.
FOLLOW_UP_DELAY = timedelta(seconds=10)


class AccountCollectionResolution(models.AbstractModel):
    """How agreements follow the ledger: evaluated from scratch each time."""

    _name = "account.collection.resolution"
    _inherit = ["account.collection.resolution"]

    # === BUSINESS METHODS === #

    def _evaluate(self, as_of=None):
        """Say of each agreement what became of it, from the ledger alone.

        Evaluating twice changes nothing, and an undone payment reopens what it had
        kept. What follows from a change (messages, calls) happens here too, unless
        the evaluation runs inside another user's transaction, which it may not
        disturb: then it is left to the scheduler, within a minute or so.

        :param as_of: the day to evaluate on (`datetime.date`), today by default
        """
        agreed = self.filtered(lambda one: not one._is_draft())
        late = agreed._get_late()
        for company, resolutions in agreed.grouped("company_id").items():
            day = as_of or company._get_collection_day()
            shares = self._get_shares(resolutions._get_holds().line_id)
            for resolution in resolutions:
                resolution._apply_ledger(shares, day)
        if moved := agreed._get_late() ^ late:
            self._evaluate_others_late(agreed, {one for one, _amount in moved}, as_of)
        evaluated = agreed.filtered(lambda one: one._is_evaluated())
        changed = evaluated.filtered(
            lambda one: one._get_followed() != one.followed_state
        )
        if not self.env.context.get("collection_in_transaction"):
            evaluated._keep_case()
            changed._follow_up()
            evaluated._ask_to_apply()
        elif changed:
            changed._trigger_follow_up(fields.Datetime.now() + FOLLOW_UP_DELAY)

    def _follow_up(self):
        """Do what follows from a new state, once: each kind tells whom it concerns."""
        for resolution in self:
            former, state = resolution.followed_state, resolution._get_followed()
            # Written by the evaluation alone, whoever caused it.
            resolution.sudo().followed_state = state
            if former != state:
                resolution._on_state(former and former.partition(" ")[0])
        for resolution in self:
            resolution._refresh_case()

    def _get_followed(self):
        """What is acted upon once: the state, and after a space what else is news.

        :rtype: str
        """
        self.ensure_one()
        return self.state

    def _on_state(self, former):
        """Act on a state that the evaluation has found.

        :param str former: the state last acted upon, or False
        """
        self.ensure_one()

    def _get_evaluated_state(self, outcomes, as_of):
        """The state that follows from what became of the agreed payments.

        :param list outcomes: an `Outcome` for each commitment, by due date
        :param datetime.date as_of: the day of the evaluation
        :return: the state, and other values that go with it
        :rtype: dict
        """
        return {"state": self.state}

    # === HELPERS === #

    def _keep_case(self):
        """Open a case again where something is agreed: a payment that was undone may
        have brought it back after the case was closed."""
        # A case is open or not, whoever may see it.
        for resolution in self.sudo():
            is_pending = "pending" in resolution._get_commitments().mapped("state")
            if resolution.case_id.state in (False, "closed") and (
                is_pending or any(resolution._get_holds().mapped("active"))
            ):
                resolution._open_case()

    def _get_unfinished_condition(self, is_new_day):
        """The condition on its table that something may have to be done.

        :param SQL is_new_day: the condition that it is to be evaluated again
        :rtype: odoo.tools.SQL
        """
        return SQL(
            """
            (%s) AND (
                state IN %s
                OR state IS DISTINCT FROM SPLIT_PART(followed_state, ' ', 1)
            )
            """,
            is_new_day,
            self._live_states,
        )

    def _apply_ledger(self, shares, as_of):
        """Bring commitments, state and holds in line with the ledger.

        :param dict shares: by hold id, what of its item concerns it (`Share`)
        :param datetime.date as_of: the day of the evaluation
        """
        self.ensure_one()
        # Written by the evaluation alone, whoever caused it.
        holds, commitments = self._get_holds(), self._get_commitments()
        # What falls due after its end is expected no more.
        released = [day for day in holds.mapped("date_released") if day]
        ended = self.date_end or (self._has_successor() and max(released))
        outcomes = self._get_outcomes(commitments, shares, min(as_of, ended or as_of))
        if self._is_evaluated():
            values = self._get_evaluated_state(outcomes, as_of)
            if self._has_successor() and values["state"] in self._live_states:
                # What was agreed since stays in force alone.
                values["state"] = self._superseded_state
            self._write_changes(self.sudo(), values)
        for commitment, outcome in zip(commitments, outcomes, strict=True):
            self._write_changes(commitment, self._prepare_outcome(commitment, outcome))
        for hold in holds:
            expected = (
                self._get_expected(hold, shares[hold.id])
                if self._is_holding(hold)
                else 0
            )
            hold._follow_money(self._from_units(expected))

    def _is_holding(self, hold):
        """Whether a hold still stops the dunning of what is expected.

        :param hold: one of its holds (`account.collection.hold`)
        :rtype: bool
        """
        return self.state in self._live_states

    def _get_expected(self, hold, share):
        """What is still expected of an open item.

        :param hold: the hold on it (`account.collection.hold`)
        :param Share share: what of the item concerns the hold
        :return: the amount in smallest units
        :rtype: int
        """
        return share.expected

    def _get_outcomes(self, commitments, shares, as_of):
        """Evaluate the commitments; unapplied credits are looked up when needed.

        :return: an `Outcome` for each
        :rtype: list
        """
        terms = self._get_terms(commitments)
        own = [shares[hold_id] for hold_id in self._get_holds().ids]
        agreed = sum(term.amount for term in terms)
        covered = sum(self._to_units(hold.amount_covered) for hold in self._get_holds())
        # What was deleted is not owed, just as what is not posted: it never was.
        gone = [allocation.Movement(date.min, max(agreed - covered, 0))]
        values = {
            "receipts": [receipt for share in own for receipt in share.receipts],
            "reductions": [one for share in own for one in share.reductions] + gone,
            "slack": max(covered - agreed, 0),
            "as_of": as_of,
        }
        outcomes = evaluation.evaluate(terms, **values)
        missing = self._get_missing(commitments, outcomes)
        if missing:
            excused = self._get_excused(missing, self.currency_id, commitments)
            values["excused"] = {
                index
                for index, commitment in enumerate(commitments)
                if commitment in excused
            }
            outcomes = evaluation.evaluate(terms, **values)
        return outcomes

    def _is_over(self):
        """Whether it has ended: it was withdrawn, or something else takes its place.

        :rtype: bool
        """
        self.ensure_one()
        return bool(self.date_end) or self._has_successor()

    def _has_successor(self):
        """Whether something else was agreed on its open items after it had failed.

        :rtype: bool
        """
        self.ensure_one()
        return not self.date_end and any(self._get_holds().mapped("date_released"))

    def _get_terms(self, commitments):
        """The agreed payments as plain values, in smallest units."""
        return [
            evaluation.Term(
                commitment.date_due,
                self._to_units(commitment.amount),
                commitment.date_limit,
                self._to_units(commitment.amount_min),
            )
            for commitment in commitments
        ]

    def _prepare_outcome(self, commitment, outcome):
        """Prepare what became of an agreed payment as values of the commitment.

        :param commitment: the payment (`account.collection.commitment`)
        :param Outcome outcome: what became of it
        :rtype: dict
        """
        values = {
            "state": outcome.state,
            "amount_received": self._from_units(outcome.received),
            "amount_open": self._from_units(outcome.open + outcome.missing),
            "amount_void": self._from_units(outcome.void),
            "date_kept": outcome.date_kept or False,
            "date_last": self._get_last_day(commitment) or False,
            "is_unapplied": outcome.is_unapplied,
        }
        if self._is_over() and outcome.state == "pending":
            # What was not due yet when it ended is expected no more.
            values.update(self._prepare_void(outcome))
        return values

    def _prepare_void(self, outcome):
        """Prepare an agreed payment that is expected no more.

        :param Outcome outcome: what became of it
        :rtype: dict
        """
        void = outcome.void + outcome.open + outcome.missing
        return {
            "state": "void",
            "amount_open": 0,
            "amount_void": self._from_units(void),
            "is_unapplied": False,
        }

    def _get_shares(self, lines):
        """Share out open items among all that covers them and expects money.

        :param lines: the open items (`account.move.line`)
        :return: by hold id, what of its item concerns it, in smallest units
        :rtype: dict[int, Share]
        """
        # What others agreed on the same items counts, even if the user may not see it.
        lines = lines.sudo().with_context(active_test=False)
        movements = self.env["account.collection.ledger"]._get_movements(lines)
        shares = {}
        for line in lines:
            rounding = line.currency_id.rounding
            receipts, reductions = (
                [
                    allocation.Movement(date, round(amount / rounding))
                    for date, amount in part
                ]
                for part in movements[line.id]
            )
            posted = line.amount_currency if line.parent_state == "posted" else 0
            claims = [
                hold._get_claim()
                for hold in line.collection_hold_ids
                if hold.reason in CASH_REASONS
            ]
            shares.update(
                allocation.share_out(
                    round(posted / rounding), receipts, reductions, claims
                )
            )
        return shares

    def _get_past_holds(self):
        """The holds by which agreements that did not get their money covered the same
        items."""
        holds = (
            self.env["account.collection.hold"]
            .sudo()
            .with_context(active_test=False)
            .search(
                [
                    ("line_id", "in", self.line_ids.ids),
                    ("reason", "in", CASH_REASONS),
                    ("active", "=", False),
                    ("date_released", "=", False),
                ]
            )
        )
        shares = self._get_shares(holds.line_id)
        return holds.filtered(lambda hold: shares[hold.id].expected)

    def _release_claims(self, holds):
        """Let agreements that have ended claim no money that comes later."""
        holds = holds.sudo().filtered(
            lambda hold: hold.reason in CASH_REASONS and not hold.date_released
        )
        movements = self.env["account.collection.ledger"]._get_movements(holds.line_id)
        for hold in holds:
            today = hold.company_id._get_collection_day()
            receipts, _reductions = movements[hold.line_id.id]
            received, announced = self._split_receipts(receipts, today)
            hold.write(
                {
                    "date_released": today,
                    "received_by_release": received,
                    "announced_by_release": announced,
                }
            )

    def _to_units(self, amount):
        """An amount as a whole number of the currency's smallest unit."""
        return round(amount / self.currency_id.rounding)

    def _from_units(self, units):
        """A number of the currency's smallest unit as an amount."""
        return self.currency_id.round(units * self.currency_id.rounding)

    @api.model
    def _write_changes(self, record, values):
        """Write only what differs: an evaluation that finds no news writes nothing."""
        changes = {
            name: value
            for name, value in values.items()
            if record._fields[name].convert_to_write(record[name], record) != value
        }
        if changes:
            record.write(changes)

    def _set_evaluated(self):
        """Note that the scheduler has looked at these today."""
        # Written by the scheduler alone.
        for resolution in self.sudo():
            resolution.date_evaluated = resolution.company_id._get_collection_day()

    def _trigger_follow_up(self, at=None):
        """Let the scheduler evaluate these again, and act on what is new.

        :param datetime at: when (UTC), right after this transaction by default
        """
        # Whoever books a payment need not be allowed to see agreements or scheduled
        # actions.
        self.sudo().with_context(mail_notrack=True).date_evaluated = False
        self.env.ref("account_collections.ir_cron_evaluate").sudo()._trigger(at)
