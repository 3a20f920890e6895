from odoo import models
from odoo.tools import SQL


class AccountCollectionOpenItem(models.AbstractModel):
    """The open items of the ledger, as the dunning values them, in SQL.

    An open item is a posted, unreconciled receivable line. What a registered payment
    without journal entry covers is taken off its residual; what a hold or Odoo's own
    blocking covers is held; the rest is collectible.
    """

    _name = "account.collection.open.item"
    _description = "Open Item"

    # === BUSINESS METHODS === #

    def _get_open_items(self, company, date, partner_ids):
        """List the open items of some customers, credits among them.

        :param company: the root company (`res.company`), whose branches count
        :param date date: the company's day
        :param list partner_ids: the commercial partners
        :return: a dict for each item, by customer and due date, with the keys
            `line_id, move_id, partner_id, policy_id, currency_id, date_due,
            days_overdue, is_overdue, is_reminder_due, is_blocked`, in the currency of
            the item `residual` (negative for credits), `held`, `collectible`, and the
            places in the policy of the step reached and of the highest step that
            the item's age allows, `rank_reached, rank_allowed`
        :rtype: list[dict]
        """
        scope = self._get_scope(company, date, partner_ids)
        return self.env.execute_query_dict(
            SQL(
                """
                WITH %(item_parts)s
                SELECT item.line_id, item.move_id, item.partner_id, item.policy_id,
                       item.currency_id, item.date_due, item.days_overdue,
                       item.is_overdue, item.is_reminder_due, item.is_blocked,
                       item.residual, item.held, item.residual - item.held AS collectible,
                       item.held_until, item.held_reason, item.rank_reached,
                       (SELECT MAX(step.rank) FROM step
                         WHERE step.policy_id = item.policy_id
                           AND step.delay_days <= item.days_overdue) AS rank_allowed
                  FROM item
                 ORDER BY item.partner_id, item.date_due, item.line_id
                """,
                item_parts=self._get_item_parts(scope),
            )
        )

    def _get_receivable_query(self, company, partner_ids=None):
        """Select the open items themselves, without valuing them.

        :param company: the root company (`res.company`), whose branches count
        :param list partner_ids: only these commercial partners, or everybody
        :return: a query with the columns `id, move_id, journal_id, partner_id` (the
            commercial one)`, currency_id, date_due, no_followup, residual,
            residual_company`
        :rtype: odoo.tools.SQL
        """
        # Who is dunned does not depend on who asks.
        env = self.sudo().with_context(active_test=False).env
        accounts = env["account.account"].search(
            [("account_type", "=", "asset_receivable")]
        )
        return SQL(
            """
            SELECT line.id, line.move_id, line.journal_id,
                   contact.commercial_partner_id AS partner_id, line.currency_id,
                   COALESCE(line.date_maturity, line.date) AS date_due,
                   line.no_followup, line.amount_residual_currency AS residual,
                   line.amount_residual AS residual_company
              FROM account_move_line line
              JOIN res_partner contact ON contact.id = line.partner_id
             WHERE line.account_id IN %(accounts)s
               AND line.parent_state = 'posted'
               AND line.reconciled IS NOT TRUE
               AND line.amount_residual_currency != 0
               AND line.company_id IN %(companies)s
               AND %(partners)s
            """,
            accounts=accounts._ids or (0,),
            companies=self._get_branches(company)._ids,
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

    # === HELPERS === #

    def _get_branches(self, company):
        """The company and its branches, whoever asks."""
        return self.env["res.company"].sudo().search([("id", "child_of", company.id)])

    def _get_scope(self, company, date, partner_ids=None):
        """Put together what all parts of a query refer to."""
        self.env.flush_all()
        receivable = self._get_receivable_query(company, partner_ids)
        everybody = partner_ids is None
        return {
            "company": company,
            "date": date,
            "receivable": receivable,
            "among_lines": SQL("TRUE")
            if everybody
            else SQL("line_id IN (SELECT open.id FROM (%s) open)", receivable),
            "among_partners": SQL("TRUE")
            if everybody
            else SQL("partner.commercial_partner_id IN %s", tuple(partner_ids) or (0,)),
        }

    def _get_item_parts(self, scope):
        """Name the parts that value each open item; `item` is their result."""
        return SQL(
            """
            rate AS (%(rate)s),
            step AS (%(step)s),
            policy AS (%(policy)s),
            followed AS (%(followed)s),
            taken AS (%(taken)s),
            progress AS (%(progress)s),
            payment AS (%(payment)s),
            allocation AS (%(allocation)s),
            registered AS (%(registered)s),
            hold AS (%(hold)s),
            item AS (%(item)s)
            """,
            rate=self._get_rate_query(scope),
            step=self._get_step_query(scope),
            policy=self._get_policy_query(scope),
            followed=self._get_followed_query(scope),
            taken=self._get_taken_query(scope),
            progress=self._get_progress_query(scope),
            payment=self._get_payment_query(scope),
            allocation=self._get_allocation_query(scope),
            registered=self._get_registered_query(scope),
            hold=self._get_hold_query(scope),
            item=self._get_item_query(scope),
        )

    def _get_rate_query(self, scope):
        """The day's rate of each currency (units for one of the company's), and its
        decimal places."""
        company = scope["company"]
        currencies = self.env["res.currency"].with_context(active_test=False).search([])
        rates = currencies._get_rates(company, scope["date"])
        base = rates.get(company.currency_id.id) or 1.0
        return SQL(
            "SELECT * FROM (VALUES %s) AS rate (currency_id, rate, decimal_places)",
            SQL(", ").join(
                SQL(
                    "(%s, %s::numeric, %s)",
                    currency.id,
                    rates[currency.id] / base,
                    currency.decimal_places,
                )
                for currency in currencies
            ),
        )

    def _get_step_query(self, scope):
        """Number the steps of each policy in the order in which they are taken."""
        return SQL(
            """
            SELECT step.id, step.policy_id, step.delay_days, step.sequence, step.channel,
                   ROW_NUMBER() OVER (
                       PARTITION BY step.policy_id
                       ORDER BY step.delay_days, step.sequence, step.id
                   )::int AS rank
              FROM account_collection_policy_step step
              JOIN account_collection_policy policy ON policy.id = step.policy_id
             WHERE step.active AND step.applies_to = 'item'
               AND policy.active AND policy.company_id = %s
            """,
            scope["company"].id,
        )

    def _get_policy_query(self, scope):
        """Sum up the policies that may apply."""
        return SQL(
            """
            SELECT policy.id, policy.min_amount, policy.contact_gap_days,
                   policy.include_journal_entries,
                   COUNT(step.id) FILTER (WHERE step.delay_days < 0)::int
                       AS rank_before_due
              FROM account_collection_policy policy
              LEFT JOIN step ON step.policy_id = policy.id
             WHERE policy.active AND policy.company_id = %s
             GROUP BY policy.id
            """,
            scope["company"].id,
        )

    def _get_followed_query(self, scope):
        """Find the policy of each customer: their own, else the company's default."""
        # The field is not visible to everyone who may run the dunning.
        partners = self.env["res.partner"].sudo().with_company(scope["company"])
        return SQL(
            """
            SELECT partner.id AS partner_id, COALESCE(own.id, usual.id) AS policy_id
              FROM res_partner partner
              LEFT JOIN policy own ON own.id = %(own)s
              LEFT JOIN policy usual ON usual.id = %(usual)s
             WHERE partner.id = partner.commercial_partner_id AND %(among_partners)s
            """,
            own=partners._field_to_sql("partner", "collection_policy_id"),
            usual=scope["company"].sudo().collection_policy_id.id or None,
            among_partners=scope["among_partners"],
        )

    def _get_taken_query(self, scope):
        """Find the last step that each open item has reached, in the order in which
        steps are taken, whatever policy they belong to."""
        return SQL(
            """
            SELECT stamp.line_id,
                   MAX(ARRAY[step.delay_days, step.sequence, step.id]) AS position
              FROM account_collection_contact_item stamp
              JOIN account_collection_policy_step step ON step.id = stamp.step_id
             WHERE stamp.active AND step.applies_to = 'item' AND %s
             GROUP BY stamp.line_id
            """,
            scope["among_lines"],
        )

    def _get_progress_query(self, scope):
        """Count the steps of each policy that are behind an item which has reached
        some step: those up to it in its own policy; in another one, to which the
        customer has changed, those that come no later after the due date."""
        return SQL(
            """
            SELECT ARRAY[past.delay_days, past.sequence, past.id] AS position,
                   policy.id AS policy_id, COUNT(step.id)::int AS rank
              FROM account_collection_policy_step past
             CROSS JOIN policy
              LEFT JOIN step
                ON step.policy_id = policy.id
               AND CASE WHEN past.policy_id = policy.id
                   THEN (step.delay_days, step.sequence, step.id)
                        <= (past.delay_days, past.sequence, past.id)
                   ELSE step.delay_days <= past.delay_days END
             GROUP BY past.id, policy.id
            """
        )

    def _get_payment_query(self, scope):
        """List the customer payments that were registered but have no journal entry:
        they count while in process; once paid, only until the bank's entry meets
        the invoice (see `_get_allocation_query`)."""
        return SQL(
            """
            SELECT payment.id, partner.commercial_partner_id AS partner_id,
                   payment.currency_id, payment.amount, payment.state
              FROM account_payment payment
              JOIN res_partner partner ON partner.id = payment.partner_id
             WHERE payment.move_id IS NULL
               AND payment.state IN ('in_process', 'paid')
               AND payment.payment_type = 'inbound'
               AND payment.partner_type = 'customer'
               AND payment.company_id IN %(companies)s
               AND %(among_partners)s
            """,
            companies=self._get_branches(scope["company"])._ids,
            among_partners=scope["among_partners"],
        )

    def _get_allocation_query(self, scope):
        """Spread each such payment over the open items of its invoices, the oldest
        first."""
        return SQL(
            """
            SELECT payment.id AS payment_id, open.id AS line_id, open.partner_id,
                   open.currency_id, open.residual, conversion.factor,
                   LEAST(open.residual, GREATEST(0,
                       ROUND(payment.amount * conversion.factor, item_rate.decimal_places)
                       - COALESCE(SUM(open.residual) OVER (
                           PARTITION BY payment.id ORDER BY open.date_due, open.id
                           ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                       ), 0)
                   )) AS amount
              FROM payment
              JOIN account_move__account_payment link
                ON link.payment_id = payment.id
              JOIN (%s) open ON open.move_id = link.invoice_id AND open.residual > 0
              JOIN rate payment_rate ON payment_rate.currency_id = payment.currency_id
              JOIN rate item_rate ON item_rate.currency_id = open.currency_id
             CROSS JOIN LATERAL (
                SELECT item_rate.rate / payment_rate.rate AS factor
             ) conversion
             WHERE payment.state = 'in_process' OR NOT EXISTS (
                SELECT FROM account_partial_reconcile partial
                 WHERE partial.debit_move_id = open.id
             )
            """,
            scope["receivable"],
        )

    def _get_registered_query(self, scope):
        """Sum up per open item the registered payments without journal entry."""
        return SQL(
            """
            SELECT line_id, LEAST(MIN(residual), SUM(amount)) AS amount
              FROM allocation
             GROUP BY line_id
            """
        )

    def _get_registered_credit_query(self, scope):
        """Sum up per customer and currency what registered payments without journal
        entry leave over: not allocated to an item, or to one that others pay."""
        return SQL(
            """
            SELECT partner_id, currency_id, SUM(amount) AS amount
              FROM (
                SELECT payment.partner_id, payment.currency_id,
                       payment.amount - ROUND(COALESCE(
                           SUM(allocation.amount / allocation.factor), 0
                       ), rate.decimal_places) AS amount
                  FROM payment
                  JOIN rate ON rate.currency_id = payment.currency_id
                  LEFT JOIN allocation ON allocation.payment_id = payment.id
                 WHERE payment.state = 'in_process'
                 GROUP BY payment.id, payment.partner_id, payment.currency_id,
                          payment.amount, rate.decimal_places
                 UNION ALL
                SELECT partner_id, currency_id,
                       SUM(amount) - LEAST(MIN(residual), SUM(amount))
                  FROM allocation
                 GROUP BY line_id, partner_id, currency_id
              ) unallocated
             GROUP BY partner_id, currency_id
            """
        )

    def _get_hold_query(self, scope):
        """Sum up the live holds of each open item."""
        return SQL(
            """
            SELECT line_id, SUM(amount) AS amount, MIN(date_end) AS date_end,
                   (ARRAY_AGG(reason ORDER BY date_end, id))[1] AS reason
              FROM account_collection_hold
             WHERE active AND date_start <= %(date)s
               AND (date_end IS NULL OR date_end >= %(date)s)
               AND company_id = %(company)s
               AND %(among_lines)s
             GROUP BY line_id
            """,
            date=scope["date"],
            company=scope["company"].id,
            among_lines=scope["among_lines"],
        )

    def _get_item_query(self, scope):
        """Value each open item: what is left to pay of it, what of that is held,
        which step it has reached and which comes next."""
        return SQL(
            """
            SELECT valued.*,
                   valued.days_overdue > 0 AND valued.residual > 0 AS is_overdue,
                   next_step.rank AS rank_next, next_step.delay_days AS next_delay,
                   valued.days_overdue <= 0 AND valued.residual > valued.held
                       AND valued.days_overdue >= next_step.delay_days
                       AS is_reminder_due
              FROM (
                SELECT open.id AS line_id, open.move_id, open.partner_id,
                       followed.policy_id, open.currency_id, open.date_due,
                       %(date)s - open.date_due AS days_overdue,
                       net.residual, net.is_blocked,
                       CASE WHEN net.residual <= 0 THEN 0
                            WHEN net.is_blocked THEN net.residual
                            ELSE LEAST(COALESCE(hold.amount, 0), net.residual)
                       END AS held,
                       hold.date_end AS held_until, hold.reason AS held_reason,
                       open.residual_company / open.residual AS booked_rate,
                       CASE WHEN %(date)s > open.date_due
                            THEN GREATEST(progress.rank, policy.rank_before_due)
                            ELSE COALESCE(progress.rank, 0)
                       END AS rank_reached
                  FROM (%(receivable)s) open
                  JOIN account_journal journal ON journal.id = open.journal_id
                  LEFT JOIN account_move blocked
                    ON blocked.id = open.move_id
                   AND blocked.payment_state = 'blocked'
                  LEFT JOIN followed ON followed.partner_id = open.partner_id
                  LEFT JOIN policy ON policy.id = followed.policy_id
                  LEFT JOIN registered ON registered.line_id = open.id
                  LEFT JOIN hold ON hold.line_id = open.id
                  LEFT JOIN taken ON taken.line_id = open.id
                  LEFT JOIN progress
                    ON progress.position = taken.position
                   AND progress.policy_id = policy.id
                 CROSS JOIN LATERAL (
                    SELECT open.residual - COALESCE(registered.amount, 0) AS residual,
                           blocked.id IS NOT NULL OR COALESCE(open.no_followup, FALSE)
                           AND NOT (journal.type = 'general' AND COALESCE(
                               policy.include_journal_entries, FALSE
                           )) AS is_blocked
                 ) net
              ) valued
              LEFT JOIN step next_step
                ON next_step.policy_id = valued.policy_id
               AND next_step.rank = valued.rank_reached + 1
               AND (next_step.delay_days <= 0 OR valued.days_overdue > 0)
            """,
            date=scope["date"],
            receivable=scope["receivable"],
        )
