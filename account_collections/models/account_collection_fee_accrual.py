from collections import defaultdict

from odoo import models
from odoo.tools import SQL

from ..tools import interest

# What is charged for days: no day of an open item is charged twice.
DAILY_KINDS = ("interest", "flat", "percent")


class AccountCollectionFeeAccrual(models.AbstractModel):
    """Which open items cost the customer something, and on how much of them on each
    day: read from the ledger and from the holds."""

    _name = "account.collection.fee.accrual"
    _description = "What Late Fees Accrue On"

    # === BUSINESS METHODS === #

    def _get_late_lines(self, company, partner, date_end):
        """The items of a customer that may have to be charged: invoices whose terms
        include it, unpaid, or paid late and not charged to the end.

        :return: the receivable lines (`account.move.line`)
        """
        self.env.flush_all()
        query = self._get_late_query(company, date_end, partner.ids)
        return self.env["account.move.line"].browse(
            line_id for line_id, _partner_id in self.env.execute_query(query)
        )

    def _get_late_query(self, company, date_end, partner_ids=None):
        """Select late items that may have to be charged, in a company.

        :param company: the root company (`res.company`), whose branches count
        :param datetime.date date_end: the last day to charge
        :param list partner_ids: only these commercial partners, or everybody
        :return: a query with the columns `id, partner_id` (the commercial one)
        :rtype: odoo.tools.SQL
        """
        key = str(company.id)
        return SQL(
            """
            SELECT line.id, customer.id AS partner_id
              FROM account_move_line line
              JOIN account_move move ON move.id = line.move_id
              JOIN account_account account ON account.id = line.account_id
              JOIN res_partner contact ON contact.id = line.partner_id
              JOIN res_partner customer ON customer.id = contact.commercial_partner_id
              LEFT JOIN account_payment_term term
                ON term.id = move.invoice_payment_term_id
              LEFT JOIN LATERAL (
                SELECT MAX(charge.date_end) AS date_end,
                       BOOL_OR(charge.date_end IS NULL) AS is_whole
                  FROM account_collection_fee_line charge
                 WHERE charge.line_id = line.id AND charge.is_live
                   AND charge.kind IN %(kinds)s
              ) charged ON TRUE
             WHERE account.account_type = 'asset_receivable'
               AND line.parent_state = 'posted' AND move.move_type = 'out_invoice'
               AND line.company_id IN %(companies)s
               AND line.amount_currency > 0 AND line.date_maturity < %(date_end)s
               AND charged.is_whole IS NOT TRUE
               AND (line.reconciled IS NOT TRUE OR EXISTS (
                    SELECT FROM account_partial_reconcile partial
                     WHERE partial.debit_move_id = line.id
                       AND partial.max_date
                           > GREATEST(line.date_maturity, charged.date_end)
               ))
               AND (term.collection_has_fee IS TRUE
                    AND COALESCE(move.invoice_date >= term.collection_fee_start, TRUE)
                    OR (customer.collection_has_fee ->> %(key)s)::boolean
                    AND COALESCE(move.invoice_date >=
                        (customer.collection_fee_start ->> %(key)s)::date, TRUE))
               AND NOT EXISTS (
                    SELECT FROM account_collection_fee fee
                     WHERE fee.move_id = move.id
               )
               AND move.collection_is_fee IS NOT TRUE
               -- Who has settled is even.
               AND NOT EXISTS (
                    SELECT FROM account_collection_hold hold
                      JOIN account_collection_settlement settlement
                        ON settlement.id = hold.res_id
                     WHERE hold.line_id = line.id
                       AND hold.res_model = 'account.collection.settlement'
                       AND settlement.state = 'settled'
               )
               AND %(partners)s
            """,
            kinds=DAILY_KINDS,
            companies=self.env["account.collection.open.item"]
            ._get_branches(company)
            ._ids,
            date_end=date_end,
            key=key,
            partners=SQL("TRUE")
            if partner_ids is None
            else SQL(
                """
                line.partner_id IN (
                    SELECT id FROM res_partner WHERE commercial_partner_id IN %s
                )
                """,
                tuple(partner_ids) or (0,),
            ),
        )

    def _get_histories(self, company, partner, lines, is_once=False):
        """What was owed of late items, and what of it can be charged today, on each
        day.

        Credits that nobody has applied yet count as if they were, for the oldest item
        first. What is excluded from follow-up does not accrue.

        :param company: the root company (`res.company`)
        :param partner: the commercial partner (`res.partner`)
        :param lines: late items (`account.move.line`)
        :param bool is_once: see `_get_free_steps`
        :return: by item, steps of what was owed and steps of what can be charged
        :rtype: dict
        """
        today = company._get_collection_day()
        items = self.env["account.collection.open.item"]._get_open_items(
            company, today, partner.ids
        )
        blocked = {item["line_id"] for item in items if item["is_blocked"]}
        held_today = {item["line_id"]: item["held"] for item in items}
        spared = self._get_spared(company, partner, items)
        movements = self.env["account.collection.ledger"]._get_movements(lines)
        whole = self._get_whole_steps(company, partner)
        missed = self._get_missed(lines)
        histories = {}
        for line in lines:
            units = self._get_units(line)
            received, reductions = movements[line.id]
            # What was credited or written off was not worth interest before either.
            reduced = sum(amount for _day, amount in reductions)
            owed = interest.get_owed(
                units(line.amount_currency - reduced),
                [(day, units(amount)) for day, amount in received + spared[line.id]],
            )
            held = interest.merge(
                lambda *amounts: sum(amounts),
                *(hold._get_held_steps(units) for hold in self._get_holds(line)),
            )
            accruing = interest.merge(
                self._get_accruing_amount,
                owed,
                held,
                missed.get(line, []),
                whole,
                line.move_id._get_blocked_steps(),
            )
            free = self._get_free_steps(
                owed, accruing, units(held_today.get(line.id, 0)), today, is_once
            )
            histories[line] = owed, [] if line.id in blocked else free
        return histories

    # === HELPERS === #

    def _get_accruing_amount(self, owed, held, missed, whole, blocked):
        """What of an open item accrues on a day: what is chased, and what a plan holds
        though it is late.

        :rtype: int
        """
        if whole or blocked:
            return 0
        return min(max(owed - held, 0) + min(missed, held), owed)

    def _get_free_steps(self, owed, accruing, held, today, is_once):
        """What can be charged of what has accrued: nothing for what is held today,
        for the days before the hold either.

        The days on which that accrued wait until the hold ends. Where is charged once,
        they cannot wait: then the rest alone is charged for them.

        :param list owed: steps of what was owed of the item
        :param list accruing: steps of what was chased of it
        :param int held: what is held today, in smallest units
        :param datetime.date today: the day of the charge
        :param bool is_once: whether there is no later charge
        :return: steps, see `tools.interest`
        :rtype: list[tuple[datetime.date, int]]
        """
        # What is late of a plan is not spared by it.
        held = min(
            held, interest.get_value(owed, today) - interest.get_value(accruing, today)
        )

        def get_free(owed, accruing):
            free = max(owed - held, 0)
            if accruing <= free:
                return accruing
            return free if is_once else 0

        return interest.merge(get_free, owed, accruing) if held > 0 else accruing

    def _get_spared(self, company, partner, items):
        """Share out the credits that nobody has applied among the open items, the
        oldest first.

        :param list items: the open items (`_get_open_items`), by due date
        :return: by line id, pairs of the day of a credit and what it would cover
        :rtype: dict[int, list[tuple]]
        """
        spared = defaultdict(list)
        ledger = self.env["account.collection.ledger"]
        for currency in self.env["res.currency"].browse(
            {item["currency_id"] for item in items}
        ):
            credits_ = sorted(ledger._get_unapplied(company, currency, partner))
            for item in items:
                left = item["residual"]
                while item["currency_id"] == currency.id and left > 0 and credits_:
                    day, amount = credits_.pop(0)
                    share = min(amount, left)
                    spared[item["line_id"]].append((day, share))
                    left = currency.round(left - share)
                    if (rest := currency.round(amount - share)) > 0:
                        credits_.insert(0, (day, rest))
        return spared

    def _get_holds(self, line):
        """The holds of an open item, those that have ended too."""
        return line.with_context(active_test=False).collection_hold_ids

    def _get_whole_steps(self, company, partner):
        """The days on which the whole customer was left alone."""
        holds = (
            self.env["account.collection.hold"]
            .with_context(active_test=False)
            .search(
                [
                    ("is_whole_customer", "=", True),
                    ("partner_id", "=", partner.id),
                    ("company_id", "=", company.id),
                ]
            )
        )
        return interest.merge(
            lambda *amounts: sum(amounts),
            *(hold._get_held_steps(bool) for hold in holds),
        )

    def _get_missed(self, lines):
        """What was late of the payment plans that held these items, on each day.

        :return: steps by item
        :rtype: dict
        """
        holds = self._get_holds(lines).filtered(lambda hold: hold.reason == "plan")
        missed = {}
        for plan in (
            self.env["account.collection.plan"]
            .browse(set(holds.mapped("res_id")))
            .exists()
        ):
            own = holds.search(
                [
                    ("res_model", "=", plan._name),
                    ("res_id", "=", plan.id),
                    ("active", "in", (True, False)),
                ]
            ).sorted(lambda hold: (hold.line_id.date_maturity, hold.line_id.id))
            shares = plan._get_shares(own.line_id)
            late = interest.get_missed(
                [
                    (
                        commitment.date_limit,
                        plan._to_units(commitment.amount - commitment.amount_void),
                    )
                    for commitment in plan.commitment_ids
                ],
                [receipt for hold in own for receipt in shares[hold.id].receipts],
            )
            helds = [hold._get_held_steps(plan._to_units) for hold in own]
            for hold, steps in zip(own, interest.share_out(late, helds), strict=True):
                missed[hold.line_id] = interest.merge(
                    lambda *amounts: sum(amounts), missed.get(hold.line_id, []), steps
                )
        return missed

    def _get_units(self, line):
        """What turns an amount in the currency of an item into smallest units."""
        rounding = line.currency_id.rounding
        return lambda amount: round(amount / rounding)
