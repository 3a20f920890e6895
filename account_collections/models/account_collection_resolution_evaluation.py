from odoo import api, models

from ..tools import evaluation
from .account_collection_hold import CASH_REASONS


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
        disturb: then it is left to the scheduler, right after.

        :param as_of: the day to evaluate on (`datetime.date`), today by default
        """
        evaluated = self.filtered(lambda one: one._is_evaluated())
        for company, resolutions in evaluated.grouped("company_id").items():
            day = as_of or company._get_collection_day()
            shares = self._get_shares(resolutions.hold_ids.line_id)
            for resolution in resolutions:
                resolution._apply_ledger(*shares, day)
        changed = evaluated.filtered(lambda one: one.state != one.followed_state)
        if not self.env.context.get("collection_in_transaction"):
            changed._follow_up()
            evaluated._ask_to_apply()
        elif changed:
            self._trigger_follow_up()

    def _follow_up(self):
        """Do what follows from a new state, once: each kind tells whom it concerns."""
        for resolution in self:
            state = resolution.followed_state
            # Written by the evaluation alone, whoever caused it.
            resolution.sudo().followed_state = resolution.state
            if state != resolution.state:
                resolution._on_state(state)
        for resolution in self:
            resolution._refresh_case()

    def _ask_to_apply(self):
        """Ask once for late payments that credits of the customer would cover."""
        summary = self.env._("Apply the payment")
        for resolution in self:
            case = resolution.case_id.sudo()
            if not any(resolution.commitment_ids.mapped("is_unapplied")) or any(
                activity.summary == summary for activity in case.activity_ids
            ):
                continue
            case.activity_schedule(
                "mail.mail_activity_data_todo",
                date_deadline=resolution.company_id._get_collection_day(),
                summary=summary,
                note=self.env._(
                    "%s is late, but payments or credits of the customer that nobody "
                    "has applied yet would cover it.",
                    resolution.name,
                ),
                user_id=(case.user_id or resolution.user_id or self.env.user).id,
                automated=True,
            )

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

    @api.model
    def _evaluate_lines(self, lines):
        """Evaluate whatever covers some open items, inside the transaction that
        changed them.

        :param lines: journal items (`account.move.line`), of any account
        """
        if not lines:
            return
        # Agreements follow the ledger, whoever books.
        holds = (
            self.env["account.collection.hold"]
            .sudo()
            .with_context(active_test=False)
            .search([("line_id", "in", lines.ids), ("res_model", "!=", False)])
        )
        # Money goes first to what expects it: the others follow what that leaves.
        for model, own in (
            holds.sorted(lambda hold: (hold._yields(), hold.id))
            .grouped("res_model")
            .items()
        ):
            self.env[model].sudo().with_context(collection_in_transaction=True).browse(
                dict.fromkeys(own.mapped("res_id"))
            ).exists()._evaluate()

    @api.model
    def _evaluate_late(self, partners):
        """Evaluate what customers are late with, when their credits have changed: what
        is missing is not broken while credits that nobody has applied would cover it.

        :param partners: the commercial partners (`res.partner`)
        """
        if not partners:
            return
        # Agreements follow the ledger, whoever books.
        commitments = (
            self.env["account.collection.commitment"]
            .sudo()
            .search(
                [
                    ("partner_id", "in", partners.ids),
                    "|",
                    ("state", "in", ("partial", "broken")),
                    ("is_unapplied", "=", True),
                ]
            )
        )
        for model, own in commitments.grouped("res_model").items():
            self.env[model].sudo().with_context(collection_in_transaction=True).browse(
                dict.fromkeys(own.mapped("res_id"))
            ).exists()._evaluate()

    # === HELPERS === #

    def _apply_ledger(self, shares, residuals, as_of):
        """Bring commitments, state and holds in line with the ledger.

        :param dict shares: by hold id, the receipts that count for it
        :param dict residuals: by hold id, what of its item it can still expect
        :param datetime.date as_of: the day of the evaluation
        """
        self.ensure_one()
        # Written by the evaluation alone, whoever caused it.
        holds, commitments = self.hold_ids.sudo(), self.commitment_ids.sudo()
        receipts = [receipt for hold in holds for receipt in shares[hold.id]]
        expected = {
            hold: self._to_units(hold.amount_covered)
            - sum(receipt.amount for receipt in shares[hold.id])
            for hold in holds
        }
        reduction = sum(
            max(amount - residuals[hold.id], 0) for hold, amount in expected.items()
        )
        outcomes = self._get_outcomes(commitments, receipts, reduction, as_of)
        self._write_changes(self.sudo(), self._get_evaluated_state(outcomes, as_of))
        for commitment, outcome in zip(commitments, outcomes, strict=True):
            self._write_changes(commitment, self._prepare_outcome(commitment, outcome))
        for hold in holds:
            hold._follow_money(
                self._from_units(min(expected[hold], residuals[hold.id]))
                if self.state in self._live_states
                else 0
            )

    def _get_outcomes(self, commitments, receipts, reduction, as_of):
        """Evaluate the commitments; unapplied credits are looked up when needed."""
        terms = self._get_terms(commitments)
        outcomes = evaluation.evaluate(terms, receipts, reduction, as_of)
        if any(outcome.state in ("partial", "broken") for outcome in outcomes):
            unapplied = self.env["account.collection.ledger"]._get_unapplied(
                self.company_id, self.currency_id, self.partner_id
            )
            if self.currency_id.compare_amounts(unapplied, 0) > 0:
                outcomes = evaluation.evaluate(
                    terms, receipts, reduction, as_of, self._to_units(unapplied)
                )
        return outcomes

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
        return {
            "state": outcome.state,
            "amount_received": self._from_units(outcome.received),
            "amount_open": self._from_units(outcome.open + outcome.missing),
            "amount_void": self._from_units(outcome.void),
            "date_kept": outcome.date_kept or False,
            "is_unapplied": outcome.is_unapplied,
        }

    def _get_shares(self, lines):
        """Share out the money on open items among all that covers them.

        :param lines: the open items (`account.move.line`)
        :return: by hold id, the receipts that count for it, and what is left of its
            item for it to expect, in smallest units
        :rtype: tuple[dict, dict]
        """
        # What others agreed on the same items counts, even if the user may not see it.
        lines = lines.sudo()
        movements = self.env["account.collection.ledger"]._get_movements(lines)
        shares, residuals = {}, {}
        for line in lines:
            rounding = line.currency_id.rounding
            received, reduced = movements[line.id]
            receipts = [
                evaluation.Receipt(date, round(amount / rounding))
                for date, amount in received
            ]
            holds = line.with_context(active_test=False).collection_hold_ids.filtered(
                lambda hold: hold.reason in CASH_REASONS
            )
            claims = [
                evaluation.Claim(
                    hold.id,
                    hold.date_start,
                    round(hold.amount_covered / rounding),
                    round(hold.received_before / rounding),
                )
                for hold in holds
            ]
            shares.update(evaluation.allocate(receipts, claims))
            posted = line.amount_currency if line.parent_state == "posted" else 0
            left = (
                round(posted / rounding)
                - sum(receipt.amount for receipt in receipts)
                - round(reduced / rounding)
            )
            for claim in sorted(
                claims, key=lambda claim: (claim.date_start, claim.key)
            ):
                residuals[claim.key] = max(left, 0)
                left -= claim.amount - sum(
                    receipt.amount for receipt in shares[claim.key]
                )
        return shares, residuals

    def _get_past_holds(self):
        """The holds by which other agreements covered the same items, all ended."""
        return (
            self.env["account.collection.hold"]
            .sudo()
            .with_context(active_test=False)
            .search(
                [
                    ("line_id", "in", self.line_ids.ids),
                    ("reason", "in", CASH_REASONS),
                    ("active", "=", False),
                ]
            )
        )

    def _release_claims(self, holds):
        """Let agreements that have ended claim no more money than they received."""
        holds = holds.sudo().filtered(lambda hold: hold.reason in CASH_REASONS)
        shares, _residuals = self._get_shares(holds.line_id)
        for hold in holds:
            hold.amount_covered = hold.currency_id.rounding * sum(
                receipt.amount for receipt in shares[hold.id]
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

    @api.model
    def _trigger_follow_up(self):
        """Let the scheduler act on new states right after this transaction."""
        # Whoever books a payment need not be allowed to see scheduled actions.
        self.env.ref("account_collections.ir_cron_evaluate").sudo()._trigger()
