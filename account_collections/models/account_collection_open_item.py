from odoo import models
from odoo.fields import Domain
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
                SELECT item.line_id, line.move_id, item.partner_id, item.policy_id,
                       item.currency_id, item.date_due, item.days_overdue,
                       item.is_overdue, item.is_reminder_due, item.is_blocked,
                       item.residual, item.held,
                       item.residual - item.held AS collectible, item.held_until,
                       item.held_reason, item.rank_reached,
                       (SELECT MAX(step.rank) FROM step
                         WHERE step.policy_id = item.policy_id
                           AND step.delay_days <= item.days_overdue) AS rank_allowed
                  FROM item
                  JOIN account_move_line line ON line.id = item.line_id
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
                   LEAST(COALESCE(line.date_maturity, line.date), called.date)
                       AS date_due,
                   line.no_followup, line.amount_residual_currency AS residual,
                   line.amount_residual AS residual_company
              FROM account_move_line line
              JOIN res_partner contact ON contact.id = line.partner_id
              LEFT JOIN (
                -- What an agreement that has failed lets fall due at once.
                SELECT line_id, MIN(date_called) AS date
                  FROM account_collection_hold
                 WHERE date_called IS NOT NULL
                 GROUP BY line_id
              ) called ON called.line_id = line.id
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
            "branches": self._get_branches(company),
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
            place AS (%(place)s),
            step AS (%(step)s),
            policy AS (%(policy)s),
            followed AS (%(followed)s),
            standing AS (%(standing)s),
            payment AS (%(payment)s),
            allocation AS (%(allocation)s),
            registered AS (%(registered)s),
            hold AS (%(hold)s),
            whole AS (%(whole)s),
            special AS (%(special)s),
            open AS (%(open)s),
            item AS (%(item)s)
            """,
            rate=self._get_rate_query(scope),
            place=self._get_place_query(scope),
            step=self._get_step_query(scope),
            policy=self._get_policy_query(scope),
            followed=self._get_followed_query(scope),
            standing=self._get_standing_query(scope),
            payment=self._get_payment_query(scope),
            allocation=self._get_allocation_query(scope),
            registered=self._get_registered_query(scope),
            hold=self._get_hold_query(scope),
            whole=self._get_whole_query(scope),
            special=self._get_special_query(scope),
            open=self._get_open_query(scope),
            item=self._get_item_query(scope),
        )

    def _get_rate_query(self, scope):
        """The day's rate of each currency (units for one of the company's), and its
        decimal places."""
        company = scope["company"]
        # Archived ones too: something may still be owed in them.
        currencies = self.env["res.currency"].with_context(active_test=False)
        currencies = currencies.search(Domain.TRUE)
        rates = currencies._get_rates(company, scope["date"])
        base = rates.get(company.currency_id.id) or 1.0
        return SQL(
            """
            SELECT rate.currency_id, rate.rate, currency.decimal_places
              FROM UNNEST(%s::int[], %s::numeric[]) AS rate (currency_id, rate)
              JOIN res_currency currency ON currency.id = rate.currency_id
            """,
            list(rates),
            [rate / base for rate in rates.values()],
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

    def _get_whole_query(self, scope):
        """List the customers who are held as a whole: whatever they owe, invoices
        and returned payments that came later included."""
        return SQL(
            """
            SELECT partner_id,
                   CASE WHEN BOOL_AND(date_end IS NOT NULL) THEN MAX(date_end) END
                       AS date_end
              FROM account_collection_hold
             WHERE is_whole_customer AND active AND date_start <= %(date)s
               AND (date_end IS NULL OR date_end >= %(date)s)
               AND company_id = %(company)s
             GROUP BY partner_id
            """,
            date=scope["date"],
            company=scope["company"].id,
        )

    def _get_special_query(self, scope):
        """Put together what sets some open items apart from the many others."""
        return SQL(
            """
            SELECT line_id, MAX(registered) AS registered, MAX(hold) AS hold,
                   MAX(date_end) AS date_end, MAX(reason) AS reason,
                   BOOL_OR(is_blocked) AS is_blocked
              FROM (
                SELECT line_id, amount AS registered, NULL::numeric AS hold,
                       NULL::date AS date_end, NULL AS reason, FALSE AS is_blocked
                  FROM registered
                 UNION ALL
                SELECT line_id, NULL, amount, date_end, reason, FALSE FROM hold
                 UNION ALL
                SELECT line_id, NULL, NULL, NULL, NULL, TRUE
                  FROM (
                    SELECT line.id AS line_id
                      FROM account_move move
                      JOIN account_move_line line ON line.move_id = move.id
                     WHERE move.payment_state = 'blocked'
                  ) blocked
                 WHERE %s
              ) mark
             GROUP BY line_id
            """,
            scope["among_lines"],
        )

    def _get_open_query(self, scope):
        """Put the open items together with the last step that each has reached."""
        return SQL(
            """
            SELECT open.*, reached.step_id
              FROM (%s) open
              LEFT JOIN account_collection_contact_item reached
                ON reached.line_id = open.id AND reached.is_reached
            """,
            scope["receivable"],
        )

    def _get_item_query(self, scope):
        """Value each open item: what is left to pay of it, what of that is held,
        which step it has reached and which comes next.

        `OFFSET 0` keeps the planner from working an expression out again wherever
        it is referred to.
        """
        return SQL(
            """
            SELECT valued.*, valued.is_owed AND valued.is_late AS is_overdue,
                   valued.is_owed AND (NOT valued.is_held
                       OR valued.residual > valued.held) AS is_collectible,
                   NOT valued.is_late AND valued.days_overdue >= valued.next_delay
                       AND valued.is_owed AND (NOT valued.is_held
                           OR valued.residual > valued.held) AS is_reminder_due
              FROM (
                SELECT net.*, net.residual > 0 AS is_owed,
                       net.is_blocked OR net.hold IS NOT NULL AS is_held,
                       CASE WHEN net.is_blocked THEN GREATEST(net.residual, 0)
                            WHEN net.hold IS NULL THEN 0
                            ELSE GREATEST(LEAST(net.hold, net.residual), 0)
                       END AS held
                  FROM (
                    SELECT open.id AS line_id, open.partner_id,
                           standing.policy_id, open.currency_id, open.date_due,
                           %(date)s - open.date_due AS days_overdue, late.is_late,
                           open.residual AS residual_booked, open.residual_company,
                           CASE WHEN special.registered IS NULL THEN open.residual
                                ELSE open.residual - special.registered
                           END AS residual,
                           special.is_blocked IS TRUE
                           OR open.no_followup IS TRUE AND NOT (
                               standing.include_journal_entries IS TRUE
                               AND open.journal_id IN (
                                   SELECT id FROM account_journal
                                    WHERE type = 'general'
                               )
                           ) AS is_blocked,
                           CASE WHEN whole.partner_id IS NULL THEN special.hold
                                ELSE GREATEST(open.residual, 0) END AS hold,
                           CASE WHEN whole.partner_id IS NULL THEN special.date_end
                                ELSE whole.date_end END AS held_until,
                           CASE WHEN whole.partner_id IS NULL THEN special.reason
                                ELSE 'manual' END AS held_reason,
                           standing.rank_coming AS rank_taken,
                           CASE WHEN late.is_late THEN standing.rank_late
                                ELSE standing.rank_coming END AS rank_reached,
                           CASE WHEN late.is_late THEN standing.next_late
                                ELSE standing.next_coming END AS rank_next,
                           CASE WHEN late.is_late THEN standing.delay_late
                                ELSE standing.delay_coming END AS next_delay
                      FROM open
                      LEFT JOIN followed ON followed.partner_id = open.partner_id
                      LEFT JOIN special ON special.line_id = open.id
                      LEFT JOIN whole ON whole.partner_id = open.partner_id
                      LEFT JOIN standing
                        ON standing.policy_id
                               = COALESCE(followed.policy_id, %(usual)s)
                       AND standing.step_id = COALESCE(open.step_id, 0)
                     CROSS JOIN LATERAL (
                        SELECT %(date)s > open.date_due AS is_late
                     ) late
                     OFFSET 0
                  ) net
                OFFSET 0
              ) valued
            OFFSET 0
            """,
            date=scope["date"],
            usual=scope["company"].sudo().collection_policy_id.id or None,
        )
