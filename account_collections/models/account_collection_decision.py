from datetime import timedelta

from odoo import models
from odoo.tools import SQL


class AccountCollectionDecision(models.AbstractModel):
    """Whom to contact on a day, at which step, or why not: in set-based SQL.

    The number of statements does not depend on the number of customers. A query is
    put together of named parts, each built by a method of its own that an add-on may
    extend; `account.collection.open.item` values the open items it starts from.
    """

    _name = "account.collection.decision"
    _inherit = ["account.collection.open.item"]
    _description = "Dunning Decision"

    # === BUSINESS METHODS === #

    def _get_decision_query(self, company, date, partner_ids=None):
        """Decide for each customer with something overdue or a reminder due.

        Amounts of the result are in company currency, at the booked rate.

        :param company: the root company (`res.company`), whose branches count
        :param date date: the company's day to decide for
        :param list partner_ids: only these commercial partners, or everybody
        :return: a query with the columns `partner_id, case_id, policy_id, step_id,
            commitment_id, channel, address_id, decision, reason, reason_date,
            reason_source, amount_overdue, amount_held, amount_collectible,
            days_overdue, step_reached_id, date_next_step`
        :rtype: odoo.tools.SQL
        """
        scope = self._get_scope(company, date, partner_ids)
        return SQL(
            """
            WITH agreed AS (%(agreed)s),
            %(item_parts)s,
            credit AS (%(credit)s),
            balance AS (%(balance)s),
            customer AS (%(customer)s),
            assessed AS (%(assessed)s)
            SELECT assessed.partner_id, assessed.case_id, assessed.policy_id,
                   act.step_id, act.commitment_id, act.channel,
                   CASE act.channel
                       WHEN 'email' THEN assessed.email_address_id
                       WHEN 'letter' THEN assessed.postal_address_id
                       WHEN 'call' THEN assessed.partner_id
                   END AS address_id,
                   CASE WHEN act.step_id IS NULL THEN 'skip' ELSE 'contact' END
                       AS decision,
                   act.reason,
                   CASE act.reason
                       WHEN 'held' THEN NULLIF(
                           SPLIT_PART(assessed.hold_first, ' ', 1), '9999-12-31'
                       )::date
                       WHEN 'gap' THEN assessed.date_gap_over
                       WHEN 'no_step_due' THEN assessed.date_next_step
                   END AS reason_date,
                   CASE WHEN act.reason = 'held'
                        THEN SPLIT_PART(assessed.hold_first, ' ', 2) END
                       AS reason_source,
                   assessed.amount_overdue, assessed.amount_held,
                   assessed.amount_overdue - assessed.amount_held
                       AS amount_collectible,
                   assessed.days_overdue, assessed.step_reached_id,
                   assessed.date_next_step
              FROM assessed
             CROSS JOIN LATERAL (%(act)s) act
            """,
            item_parts=self._get_item_parts(scope),
            credit=self._get_registered_credit_query(scope),
            agreed=self._get_agreed_query(scope),
            balance=self._get_balance_query(scope),
            customer=self._get_customer_query(scope),
            assessed=self._get_assessed_query(scope),
            act=self._get_act_query(),
        )

    # === HELPERS === #

    def _get_open_query(self, scope):
        """Add up the ordinary late items of a customer that have reached the same
        step, dated by the oldest: what is decided of them does not differ. So do
        ordinary credits.

        On their own stay the items that are held, blocked, excluded from follow-up,
        paid by a registered payment, or coming due.
        """
        return SQL(
            """
            SELECT NULLIF(open.single_id, 0) AS id, open.partner_id, open.currency_id,
                   open.step_id, MIN(open.date_due) AS date_due,
                   MIN(open.journal_id) FILTER (WHERE open.no_followup) AS journal_id,
                   BOOL_OR(open.no_followup) AS no_followup,
                   SUM(open.residual) AS residual,
                   SUM(open.residual_company)
                       FILTER (WHERE open.currency_id != %(currency)s)
                       AS residual_company
              FROM (
                SELECT open.*, CASE
                           WHEN open.no_followup
                               OR open.id IN (SELECT line_id FROM special) THEN open.id
                           WHEN open.residual < 0 THEN 0
                           WHEN open.date_due >= %(date)s THEN open.id
                       END AS single_id
                  FROM (%(open)s) open
                 WHERE %(relevant)s
                OFFSET 0
              ) open
             GROUP BY open.partner_id, open.currency_id, open.step_id, open.single_id
            """,
            currency=scope["company"].currency_id.id,
            open=super()._get_open_query(scope),
            date=scope["date"],
            relevant=self._get_relevant_condition(scope),
        )

    def _get_relevant_condition(self, scope):
        """The condition of the open items that can make a difference: the credits,
        what is overdue or close enough to its due date for a reminder, and whatever
        is owed by a customer with an agreed payment to speak of."""
        return SQL(
            """
            (open.residual < 0
             OR open.date_due <= %s
             OR open.partner_id IN (SELECT partner_id FROM agreed))
            """,
            self._get_reminder_horizon(scope),
        )

    def _get_reminder_horizon(self, scope):
        """The last due date of which a reminder may be due already."""
        # Who is dunned does not depend on who asks.
        first = (
            self.env["account.collection.policy.step"]
            .sudo()
            .search_fetch(
                [
                    ("policy_id.company_id", "=", scope["company"].id),
                    ("applies_to", "=", "item"),
                ],
                ["delay_days"],
                order="delay_days",
                limit=1,
            )
        )
        return scope["date"] - timedelta(days=min(first.delay_days, 0))

    def _get_balance_query(self, scope):
        """Sum up the open items of each customer and currency.

        Amounts that are booked are in company currency, the others in the currency
        of the items. Credits that are excluded from the dunning cover first what is
        excluded too. The oldest collectible item that has a step left drives: its due
        date (as days since 2000) and its next step are kept as one number, the date
        first.
        """
        return SQL(
            """
            SELECT total.*,
                   total.overdue - COALESCE(total.held, 0) AS collectible,
                   CASE WHEN total.currency_id = %(currency)s THEN total.overdue
                        ELSE total.booked_overdue END AS amount_overdue,
                   CASE WHEN total.currency_id = %(currency)s THEN total.held
                        ELSE total.booked_held END AS amount_held,
                   COALESCE(total.free_credits, 0)
                       + GREATEST(total.blocked_credits, 0) AS credits
              FROM (
                SELECT item.partner_id, item.currency_id,
                       MIN(item.policy_id) AS policy_id,
                       SUM(item.residual) FILTER (WHERE item.is_overdue) AS overdue,
                       SUM(item.held) FILTER (WHERE item.is_overdue AND item.is_held)
                           AS held,
                       SUM(item.residual * item.residual_company / item.residual_booked)
                           FILTER (WHERE item.is_overdue
                                     AND item.currency_id != %(currency)s)
                           AS booked_overdue,
                       SUM(item.held * item.residual_company / item.residual_booked)
                           FILTER (WHERE item.is_overdue AND item.is_held
                                     AND item.currency_id != %(currency)s)
                           AS booked_held,
                       BOOL_OR(NOT item.is_blocked)
                           FILTER (WHERE item.is_overdue AND item.is_held) AS has_hold,
                       SUM(item.residual - item.held)
                           FILTER (WHERE item.is_reminder_due) AS remindable,
                       SUM(-item.residual)
                           FILTER (WHERE NOT item.is_owed AND NOT item.is_blocked)
                           AS free_credits,
                       SUM(-item.residual) FILTER (WHERE item.is_blocked)
                           AS blocked_credits,
                       MAX(item.days_overdue) FILTER (WHERE item.is_overdue)
                           AS days_overdue,
                       MIN(COALESCE(
                               TO_CHAR(item.held_until, 'YYYY-MM-DD'), '9999-12-31'
                           ) || ' ' || item.held_reason)
                           FILTER (WHERE item.is_overdue AND item.is_held)
                           AS hold_first,
                       MAX(item.rank_taken) FILTER (WHERE item.is_overdue)
                           AS rank_taken,
                       MAX(item.rank_next) FILTER (
                           WHERE item.is_overdue AND item.is_collectible
                             AND item.days_overdue >= item.next_delay
                       ) AS rank_due,
                       MAX(item.rank_next) FILTER (WHERE item.is_reminder_due)
                           AS rank_reminder,
                       MIN(((item.date_due - DATE '2000-01-01')::bigint << 32)
                           + item.rank_next) FILTER (
                           WHERE item.is_overdue AND item.is_collectible
                       ) AS driver
                  FROM item
                 GROUP BY item.partner_id, item.currency_id
              ) total
            """,
            currency=scope["company"].currency_id.id,
        )

    def _get_customer_query(self, scope):
        """Sum up the currencies of each customer; the exposure of each currency is
        converted on the day, and the largest counts."""
        return SQL(
            """
            SELECT balance.partner_id, MIN(balance.policy_id) AS policy_id,
                   ROUND(COALESCE(SUM(balance.amount_overdue), 0), %(places)s)
                       AS amount_overdue,
                   ROUND(COALESCE(SUM(balance.amount_held), 0), %(places)s)
                       AS amount_held,
                   COALESCE(BOOL_OR(balance.has_hold), FALSE) AS has_hold,
                   BOOL_OR(COALESCE(balance.collectible, 0) > 0) AS is_collectible,
                   BOOL_OR(credits.amount > 0) AS has_credits,
                   MAX((balance.collectible - credits.amount) / rate.rate)
                       FILTER (WHERE balance.collectible > 0) AS exposure_overdue,
                   MAX((balance.remindable - credits.amount) / rate.rate)
                       FILTER (WHERE balance.remindable > 0) AS exposure_coming,
                   MAX(balance.days_overdue) AS days_overdue,
                   MIN(balance.hold_first) AS hold_first,
                   MAX(balance.rank_taken) AS rank_taken,
                   MAX(balance.rank_due) AS rank_due,
                   MAX(balance.rank_reminder) AS rank_reminder,
                   MIN(balance.driver) AS driver
              FROM balance
              JOIN rate ON rate.currency_id = balance.currency_id
              LEFT JOIN credit
                ON credit.partner_id = balance.partner_id
               AND credit.currency_id = balance.currency_id
             CROSS JOIN LATERAL (
                SELECT balance.credits + COALESCE(credit.amount, 0) AS amount
             ) credits
             GROUP BY balance.partner_id
            HAVING SUM(balance.amount_overdue) > 0
                OR MAX(balance.rank_reminder) IS NOT NULL
                OR balance.partner_id IN (SELECT partner_id FROM agreed)
            """,
            places=scope["company"].currency_id.decimal_places,
        )

    def _get_assessed_query(self, scope):
        """Find the first reason for silence of each customer, if there is one.

        `OFFSET 0` keeps the planner from working an expression out again wherever
        it is referred to.
        """
        return SQL(
            """
            SELECT due.*, %(reason)s AS reason
              FROM (
                SELECT customer.*, collection_case.id AS case_id,
                       collection_case.state AS case_state,
                       COALESCE(policy.min_amount, 0) AS min_amount,
                       COALESCE(customer.exposure_overdue, customer.exposure_coming)
                           AS exposure,
                       policy.step_ids[next.rank] AS item_step_id,
                       agreed.step_id AS agreed_step_id, agreed.commitment_id,
                       address.email_address_id, address.postal_address_id,
                       %(item_channel)s AS item_channel,
                       %(agreed_channel)s AS agreed_channel,
                       last_contact.date AS date_last_contact,
                       %(date)s::date AS date_decided,
                       CASE WHEN customer.is_collectible THEN
                           DATE '2000-01-01' + (customer.driver >> 32)::int
                           + policy.delays[customer.driver & x'FFFFFFFF'::bigint]
                       END AS date_next_step,
                       policy.step_ids[customer.rank_taken] AS step_reached_id,
                       last_contact.date + policy.contact_gap_days AS date_gap_over
                  FROM customer
                  LEFT JOIN account_collection_case collection_case
                    ON collection_case.partner_id = customer.partner_id
                   AND collection_case.company_id = %(company)s
                   AND collection_case.state != 'closed'
                  LEFT JOIN policy ON policy.id = customer.policy_id
                 CROSS JOIN LATERAL (
                    SELECT CASE WHEN customer.is_collectible THEN customer.rank_due
                                ELSE customer.rank_reminder END AS rank
                 ) next
                  LEFT JOIN agreed ON agreed.partner_id = customer.partner_id
                  LEFT JOIN (%(last_contact)s) last_contact
                    ON last_contact.partner_id = customer.partner_id
                  LEFT JOIN (%(address)s) address
                    ON address.partner_id = customer.partner_id
                OFFSET 0
              ) due
            OFFSET 0
            """,
            company=scope["company"].id,
            date=scope["date"],
            reason=self._get_reason_sql(scope),
            item_channel=self._get_channel_sql(SQL("policy.channels[next.rank]")),
            agreed_channel=self._get_channel_sql(SQL("agreed.channel")),
            last_contact=self._get_last_contact_query(scope),
            address=self.env["res.partner"]._get_collection_address_query(
                scope["among_partners"]
            ),
        )

    def _get_reason_sql(self, scope):
        """The reasons for silence, the first that applies counting; none is NULL."""
        return SQL(
            """
            CASE
                WHEN due.case_state = 'handed_over' THEN 'blocked'
                WHEN due.policy_id IS NULL THEN 'no_policy'
                WHEN NOT due.is_collectible AND due.rank_reminder IS NULL
                    THEN CASE WHEN due.has_hold OR due.amount_overdue = 0
                         THEN 'held' ELSE 'blocked' END
                WHEN due.has_credits AND due.exposure <= 0
                    THEN CASE WHEN EXISTS (
                        SELECT FROM account_collection_commitment commitment
                         WHERE commitment.partner_id = due.partner_id
                           AND commitment.company_id = %(company)s
                           AND commitment.state = 'pending'
                           AND commitment.is_unapplied
                    ) THEN 'unapplied' ELSE 'credits' END
                WHEN due.exposure <= due.min_amount THEN 'below_minimum'
                WHEN due.is_collectible AND due.driver IS NULL THEN 'steps_done'
                WHEN due.is_collectible AND due.date_next_step > %(date)s
                    THEN 'no_step_due'
                WHEN due.date_gap_over > %(date)s THEN 'gap'
                WHEN due.item_channel IS NULL THEN 'no_address'
            END
            """,
            company=scope["company"].id,
            date=scope["date"],
        )

    def _get_channel_sql(self, channel):
        """How a step reaches the customer: an e-mail without a working e-mail address
        becomes a letter; without any address there is no way.

        :param SQL channel: the channel of the step
        """
        return SQL(
            """
            CASE WHEN %(channel)s = 'call' THEN 'call'
                 WHEN %(channel)s = 'email' AND address.email_address_id IS NOT NULL
                     THEN 'email'
                 WHEN %(channel)s IS NOT NULL AND address.postal_address_id IS NOT NULL
                     THEN 'letter'
            END
            """,
            channel=channel,
        )

    def _get_last_contact_query(self, scope):
        """Find the day of the last contact of any kind that did not fail."""
        return SQL(
            """
            SELECT contact.partner_id, MAX(contact.date) AS date
              FROM account_collection_contact contact
              JOIN res_partner partner ON partner.id = contact.partner_id
             WHERE contact.company_id = %(company)s
               AND contact.state IN ('queued', 'sent')
               AND contact.date > %(date)s - (
                   SELECT MAX(contact_gap_days) FROM policy
               )
               AND %(among_partners)s
             GROUP BY contact.partner_id
            """,
            company=scope["company"].id,
            date=scope["date"],
            among_partners=scope["among_partners"],
        )
