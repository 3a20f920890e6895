from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import format_date

from ..tools import allocation, evaluation, standing


class AccountCollectionResolution(models.AbstractModel):
    _name = "account.collection.resolution"
    _inherit = ["account.collection.resolution"]

    # === HELPERS === #

    def _flush_concerns(self):
        self.env["account.collection.plan"].flush_model(
            ["partner_id", "state", "keep_current"]
        )
        return super()._flush_concerns()

    def _get_concern_queries(self, lines):
        """A new invoice concerns the plans that it may put at risk."""
        return [
            *super()._get_concern_queries(lines),
            SQL(
                """
                SELECT 3, id, 'account.collection.plan', id
                  FROM account_collection_plan
                 WHERE partner_id IN %s AND keep_current
                   AND state IN ('active', 'at_risk', 'defaulted')
                """,
                tuple(lines.partner_id.commercial_partner_id.ids) or (0,),
            ),
        ]


class AccountCollectionPlan(models.Model):
    """How plans follow the ledger, and what follows from it."""

    _name = "account.collection.plan"
    _inherit = ["account.collection.plan"]

    # === FIELDS === #

    overdue_line_ids = fields.Many2many(
        "account.move.line",
        string="New Invoices Overdue",
        compute="_compute_overdue_line_ids",
        help="Invoiced since the plan was agreed, and not paid on time.",
    )

    explanation = fields.Char(compute="_compute_explanation")

    # === COMPUTE METHODS === #

    @api.depends(
        "state",
        "limits_exceeded",
        "approved_by_id",
        "date_at_risk",
        "date_cure",
        "is_untold",
    )
    def _compute_explanation(self):
        for plan in self:
            plan.explanation = plan._get_explanation()

    def _compute_overdue_line_ids(self):
        for plan in self:
            plan.overdue_line_ids = False
            if plan.state in ("active", "at_risk"):
                today = plan.company_id._get_collection_day()
                for line, _term, outcome in plan._get_new_outcomes(today):
                    if outcome.is_missed:
                        plan.overdue_line_ids |= line

    # === BUSINESS METHODS === #

    def _evaluate(self, as_of=None):
        # The state follows from the ledger, whoever causes the evaluation.
        return super(AccountCollectionPlan, self.sudo())._evaluate(as_of)

    def _get_evaluated_state(self, outcomes, as_of):
        if not self.date_activated:
            return {"state": self.state}
        missing = self._get_missing(self._get_commitments(), outcomes)
        others = [pair[1:] for pair in self._get_new_outcomes(as_of, missing)]
        result = standing.get_standing(
            list(zip(self._get_terms(self._get_commitments()), outcomes, strict=True)),
            others,
            self.cure_days,
            as_of,
            # The days of cure begin when the customer is told.
            (not self.is_untold and self.date_at_risk) or None,
        )
        return {
            "state": result.state,
            "is_untold": self.is_untold and result.state == "at_risk",
            "date_at_risk": result.date_at_risk or False,
            "date_cure": result.date_cure or False,
        }

    def _apply_ledger(self, shares, as_of):
        """Once a plan has failed, the rest of what it covers is due at once."""
        result = super()._apply_ledger(shares, as_of)
        called = self.state == "defaulted" and fields.Date.add(self.date_cure, days=1)
        for hold in self._get_holds():
            self._write_changes(hold, {"date_called": called})
        return result

    def _prepare_outcome(self, commitment, outcome):
        values = super()._prepare_outcome(commitment, outcome)
        if (
            self.state == "defaulted"
            and outcome.state not in standing.DONE
            and commitment.date_limit > self.date_cure
        ):
            # The rest was due at once when the plan ended, by the invoices and no
            # longer by the schedule.
            values.update(self._prepare_void(outcome))
        return values

    def _has_successor(self):
        # A proposal that nobody answered has not failed: it can still be accepted.
        return self.state != "proposed" and super()._has_successor()

    def _get_last_day(self, commitment):
        """Money that comes after the cure does not revive the plan."""
        released = super()._get_last_day(commitment)
        if not self.date_at_risk:
            return released
        last = standing.get_last_day(
            commitment.date_limit, self.date_at_risk, self.cure_days
        )
        return min(last, released) if released else last

    def _get_new_outcomes(self, as_of, missing=None):
        """Evaluate what was invoiced since the plan was agreed, under the same grace.

        :param datetime.date as_of: the day of the evaluation
        :param list missing: what the plan itself is late with (`Missing`), by default
            as it is stored
        :return: for each open item its `Term` and its `Outcome`
        :rtype: list[tuple]
        """
        if not self.keep_current:
            return []
        held = self._get_new_lines(as_of)
        lines = self.env["account.move.line"].union(*held)
        movements = self.env["account.collection.ledger"]._get_movements(lines)
        outcomes = []
        for line in lines:
            rounding = line.currency_id.rounding
            due = line.date_maturity or line.date
            amount = round((line.amount_currency - held[line]) / rounding)
            term = evaluation.Term(
                due, amount, fields.Date.add(due, days=self.grace_days), amount
            )
            receipts, reductions = (
                [
                    allocation.Movement(date, round(part / rounding))
                    for date, part in parts
                ]
                for parts in movements[line.id]
            )
            [outcome] = evaluation.evaluate([term], receipts, reductions, as_of)
            outcomes.append((line, term, outcome))
        return self._spare_unapplied(outcomes, missing)

    def _get_new_lines(self, as_of):
        """The receivable lines of invoices that came after the plan, whose grace is
        over, and which nothing else covers or blocks.

        :param datetime.date as_of: the day of the evaluation
        :return: what of each line is held, in its currency
        :rtype: dict
        """
        # The clause is about all that the customer owes, whoever sees it.
        lines = (
            self.env["account.move.line"]
            .sudo()
            .search(
                [
                    ("partner_id.commercial_partner_id", "=", self.partner_id.id),
                    ("company_id", "child_of", self.company_id.id),
                    ("account_id.account_type", "=", "asset_receivable"),
                    ("parent_state", "=", "posted"),
                    ("move_id.move_type", "in", ("out_invoice", "out_receipt")),
                    ("move_id.payment_state", "!=", "blocked"),
                    ("no_followup", "=", False),
                    ("amount_currency", ">", 0),
                    "|",
                    ("date", ">", self.date_start),
                    "&",
                    ("date", "=", self.date_start),
                    ("create_date", ">", self.date_activated),
                    (
                        "date_maturity",
                        "<",
                        fields.Date.subtract(as_of, days=self.grace_days),
                    ),
                    ("id", "not in", self.line_ids.ids),
                ]
            )
        )
        held = {
            line: sum(
                hold.amount for hold in line.collection_hold_ids if hold._is_live(as_of)
            )
            for line in lines
        }
        return {
            line: amount
            for line, amount in held.items()
            if line.currency_id.compare_amounts(line.amount_currency, amount) > 0
        }

    def _spare_unapplied(self, outcomes, missing):
        """Leave out what credits of the customer that nobody has applied would cover.

        :param list outcomes: items with their terms and outcomes
        :param list missing: what the plan itself is late with, None as it is stored
        :rtype: list[tuple]
        """
        late = [entry for entry in outcomes if entry[2].is_missed]
        commitments = self._get_commitments()
        excused = set()
        for currency in {line.currency_id for line, *_ in late}:
            own = [
                evaluation.Missing(
                    line,
                    term.date_limit,
                    outcome.missing,
                    self.date_at_risk
                    and standing.get_last_day(
                        term.date_limit, self.date_at_risk, self.cure_days
                    ),
                    rank=1,
                )
                for line, term, outcome in late
                if line.currency_id == currency
            ]
            is_same = missing is not None and currency == self.currency_id
            excused |= self._get_excused(
                own + (missing if is_same else []),
                currency,
                commitments if is_same else commitments.browse(),
            )
        return [entry for entry in outcomes if entry[0] not in excused]

    def _get_followed(self):
        """What is missed while a plan is at risk has a last day of its own, of which
        the customer is told."""
        state = super()._get_followed()
        return f"{state} {self.date_cure}" if state == "at_risk" else state

    # === HELPERS === #

    def _get_explanation(self):
        """Say what a plan waits for, or why it has ended, or nothing.

        :return: a sentence in the user's language
        :rtype: str
        """
        if self.state == "proposed" and self._waits_for_approval():
            return self.env._(
                "Waits for the approval of a manager: %s",
                self.limits_exceeded.replace("\n", " "),
            )
        if self.state == "proposed":
            return self.env._("Waits for the answer of the customer.")
        if self.state == "at_risk" and self.is_untold and self._is_left_alone():
            return self.env._(
                "At risk, and the customer does not know, as they are not to be "
                "contacted; what is late can be paid for %s days once they are told.",
                self.cure_days,
            )
        if self.state == "at_risk" and self.is_untold:
            return self.env._(
                "At risk, and the customer does not know: there is no e-mail address "
                "that works. Print the notice and send it, or call; what is late can "
                "be paid for %s days from then.",
                self.cure_days,
            )
        if self.state == "at_risk":
            return self.env._(
                "At risk since %(since)s: what is late has to be paid by %(cure)s, or "
                "everything is due at once.",
                since=format_date(self.env, self.date_at_risk),
                cure=format_date(self.env, self.date_cure),
            )
        if self.state == "defaulted":
            return self.env._(
                "What was late was not paid by %s: everything is due at once.",
                format_date(self.env, self.date_cure),
            )
        return ""
