from odoo import api, fields, models
from odoo.tools import SQL

# What the decision about a million open items takes without using the disk.
WORK_MEMORY = "64MB"


class AccountCollectionCase(models.Model):
    """How cases follow the ledger: opened, valued, ranked and closed in SQL."""

    _name = "account.collection.case"
    _inherit = ["account.collection.case"]

    # === BUSINESS METHODS === #

    @api.model
    def _refresh(self, company, partners=None):
        """Bring the cases up to date with today's ledger: open, value, close.

        :param company: the root company (`res.company`)
        :param partners: only these customers (`res.partner`), or everybody
        """
        date = company._get_collection_day()
        partner_ids = None if partners is None else partners.commercial_partner_id.ids
        self._refresh_on(company, date, partner_ids)

    @api.model
    def _refresh_on(self, company, date, partner_ids=None):
        """Bring the cases up to date as of a day (see `_refresh`).

        :param company: the root company (`res.company`)
        :param date date: the company's day
        :param list partner_ids: only these commercial partners, or everybody
        """
        self._decide(company, date, partner_ids)
        self._sync(company, date, partner_ids)

    @api.model
    def _decide(self, company, date, partner_ids=None):
        """Decide for each customer into the temporary table `collection_decision`.

        :param company: the root company (`res.company`)
        :param date date: the company's day to decide for
        :param list partner_ids: only these commercial partners, or everybody
        """
        query = self.env["account.collection.decision"]._get_decision_query(
            company, date, partner_ids
        )
        if partner_ids is None:
            self._set_up_for_many()
        self.env.cr.execute("DROP TABLE IF EXISTS collection_decision")
        self.env.cr.execute(
            SQL(
                "CREATE TEMPORARY TABLE collection_decision ON COMMIT DROP AS (%s)",
                query,
            )
        )
        if partner_ids is None:
            # What the statements that follow join and filter by.
            self.env.cr.execute(
                "ANALYZE collection_decision"
                " (partner_id, case_id, policy_id, amount_overdue)"
            )

    @api.model
    def _sync(self, company, date, partner_ids=None):
        """Open, update and close cases by the table `collection_decision`.

        :param company: the root company (`res.company`)
        :param date date: the company's day that the table was made for
        :param list partner_ids: only these commercial partners, or everybody
        """
        self._open(company, date)
        self._update(company, date, partner_ids)

    @api.model
    def _update(self, company, date, partner_ids=None):
        """Update and close cases by the table `collection_decision`.

        :param company: the root company (`res.company`)
        :param date date: the company's day that the table was made for
        :param list partner_ids: only these commercial partners, or everybody
        """
        self.env.cr.execute(self._get_update_query(company, date))
        self._close(
            company,
            date,
            partner_ids,
            SQL("SELECT partner_id FROM collection_decision WHERE amount_overdue > 0"),
        )

    @api.model
    def _close(self, company, date, partner_ids, late):
        """Close the cases of which nothing is overdue and nothing is agreed.

        :param company: the root company (`res.company`)
        :param date date: the company's day
        :param list partner_ids: only these commercial partners, or everybody
        :param SQL late: a query of the commercial partners with something overdue
        :return: the commercial partners of the closed cases
        :rtype: set[int]
        """
        self.env["mail.activity"].flush_model(["res_model", "res_id", "automated"])
        rows = self.env.execute_query(
            self._get_close_query(company, date, partner_ids, late)
        )
        self.invalidate_model()
        self._drop_planned_activities(
            [case_id for case_id, _partner, _is_over, is_planned in rows if is_planned]
        )
        return {
            partner_id for _case, partner_id, is_over, _is_planned in rows if is_over
        }

    @api.model
    def _open(self, company, date):
        """Open the cases that the table `collection_decision` asks for.

        :param company: the root company (`res.company`)
        :param date date: the company's day that the table was made for
        """
        self.env.cr.execute(self._get_open_query(company, date))

    # === HELPERS === #

    def _set_up_for_many(self):
        """Set up the database for many customers, in this transaction:
        compiling a query of so many parts takes longer than it saves, what does not fit
        into memory is sorted on disk, and what several processes find is quickly put
        together."""
        self.env.cr.execute(
            SQL(
                """
                SELECT SET_CONFIG('jit', 'off', TRUE), SET_CONFIG(
                    'work_mem',
                    GREATEST(
                        PG_SIZE_BYTES(CURRENT_SETTING('work_mem')), PG_SIZE_BYTES(%s)
                    ) / 1024 || 'kB',
                    TRUE
                ), SET_CONFIG('parallel_tuple_cost', '0.01', TRUE)
                """,
                WORK_MEMORY,
            )
        )

    def _get_collectors(self, company):
        """Who can be given cases of a company: the active users who may see them.

        :param company: the root company (`res.company`)
        """
        group = self.env.ref("account_collections.group_collection_own")
        # Cases are assigned by rule, whoever's work opens them.
        users = group.sudo().all_user_ids.filtered("active")
        return self._filter_collectors(users, company)

    def _get_open_query(self, company, date):
        """Open a case for whoever owes late money and has none, and assign it."""
        return SQL(
            """
            INSERT INTO account_collection_case (
                partner_id, company_id, policy_id, state, date_opened, user_id,
                team_id, amount_overdue, amount_held, amount_collectible,
                create_uid, create_date, write_uid, write_date
            )
            SELECT decision.partner_id, %(company)s, decision.policy_id, 'open',
                   %(date)s, CASE policy.assignment
                       WHEN 'salesperson' THEN salesperson.id
                       WHEN 'user' THEN collector.id
                       WHEN 'round_robin' THEN turn.user_ids[1 + MOD(
                           turn.cases + ROW_NUMBER() OVER (
                               PARTITION BY policy.id
                               ORDER BY decision.amount_collectible DESC,
                                        decision.partner_id
                           ), CARDINALITY(turn.user_ids)
                       )]
                   END, policy.team_id, decision.amount_overdue,
                   decision.amount_held, decision.amount_collectible,
                   %(uid)s, %(now)s, %(uid)s, %(now)s
              FROM collection_decision decision
              JOIN res_partner partner ON partner.id = decision.partner_id
              LEFT JOIN res_users salesperson
                ON salesperson.id = partner.user_id
               AND salesperson.id IN %(collectors)s
              LEFT JOIN account_collection_policy policy
                ON policy.id = decision.policy_id
              LEFT JOIN res_users collector
                ON collector.id = policy.user_id AND collector.id IN %(collectors)s
              LEFT JOIN LATERAL (
                SELECT ARRAY_AGG(member.user_id ORDER BY member.user_id) AS user_ids,
                       (SELECT COUNT(*) FROM account_collection_case sibling
                         WHERE sibling.team_id = policy.team_id) AS cases
                  FROM account_collection_team_member_rel member
                 WHERE member.team_id = policy.team_id
                   AND member.user_id IN %(collectors)s
              ) turn ON policy.assignment = 'round_robin'
             WHERE decision.case_id IS NULL AND decision.amount_overdue > 0
            ON CONFLICT (partner_id, company_id) WHERE state != 'closed' DO NOTHING
            """,
            company=company.id,
            date=date,
            collectors=self._get_collectors(company)._ids or (0,),
            uid=self.env.uid,
            now=fields.Datetime.now(),
        )

    def _get_update_query(self, company, date):
        """Write on each open case what was decided, and its priority in parts.

        The amount counts up to 40 points, 20 for the average of the company's
        cases; the age up to 30, at 90 days; the silence since the last contact up
        to 20, at 30 days; a last contact that failed, or an agreed payment missed
        within 90 days, 10. A case of which nothing is collectible, or only what
        payments and credit notes cover that are not applied yet, has no priority.
        """
        return SQL(
            """
            UPDATE account_collection_case
               SET policy_id = score.policy_id, step_id = score.step_reached_id,
                   amount_overdue = score.amount_overdue,
                   amount_held = score.amount_held,
                   amount_collectible = score.amount_collectible,
                   days_overdue = score.days_overdue,
                   date_last_contact = score.date_last_contact,
                   date_next_action = score.date_next_action,
                   silence_reason = score.reason,
                   priority_amount = score.amount_points,
                   priority_days = score.days_points,
                   priority_silence = score.silence_points,
                   priority_contact = score.contact_points,
                   priority = score.amount_points + score.days_points
                            + score.silence_points + score.contact_points
              FROM (
                SELECT decision.*, last_contact.date AS date_last_contact,
                       CASE WHEN decision.decision = 'contact' THEN %(date)s
                            WHEN decision.reason = 'no_address' THEN %(date)s
                            WHEN decision.reason = 'held'
                                THEN decision.reason_date + 1
                            ELSE decision.reason_date
                       END AS date_next_action,
                       active.factor * ROUND(40 * decision.amount_collectible
                           / NULLIF(decision.amount_collectible + average.amount, 0)
                       ) AS amount_points,
                       active.factor * ROUND(
                           30 * LEAST(decision.days_overdue, 90) / 90.0
                       ) AS days_points,
                       active.factor * ROUND(20 * LEAST(GREATEST(
                           COALESCE(%(date)s - last_contact.date,
                                    decision.days_overdue), 0), 30) / 30.0
                       ) AS silence_points,
                       active.factor * CASE WHEN last_contact.has_failed
                               OR missed.partner_id IS NOT NULL
                           THEN 10 ELSE 0 END AS contact_points
                  FROM collection_decision decision
                 CROSS JOIN (
                    SELECT COALESCE(AVG(amount_collectible), 0) AS amount
                      FROM account_collection_case
                     WHERE company_id = %(company)s AND state = 'open'
                       AND amount_collectible > 0
                 ) average
                 CROSS JOIN LATERAL (
                    SELECT CASE WHEN decision.amount_collectible > 0
                            AND COALESCE(decision.reason, '')
                                NOT IN ('credits', 'unapplied')
                           THEN 1 ELSE 0 END AS factor
                 ) active
                  LEFT JOIN (
                    SELECT partner_id,
                           MAX(date) FILTER (WHERE state IN ('queued', 'sent')) AS date,
                           (ARRAY_AGG(state ORDER BY date DESC, id DESC))[1] = 'failed'
                               AS has_failed
                      FROM account_collection_contact
                     WHERE company_id = %(company)s AND state != 'void'
                       AND partner_id IN (SELECT partner_id FROM collection_decision)
                     GROUP BY partner_id
                  ) last_contact ON last_contact.partner_id = decision.partner_id
                  LEFT JOIN (
                    SELECT DISTINCT partner_id FROM account_collection_commitment
                     WHERE company_id = %(company)s AND state IN ('partial', 'broken')
                       AND date_limit >= %(date)s - 90
                  ) missed ON missed.partner_id = decision.partner_id
              ) score
             WHERE account_collection_case.partner_id = score.partner_id
               AND account_collection_case.company_id = %(company)s
               AND account_collection_case.state != 'closed'
            """,
            company=company.id,
            date=date,
        )

    def _get_close_query(self, company, date, partner_ids, late):
        """Close the cases of which nothing is overdue and nothing is agreed; of those
        that stay for what is agreed, nothing is overdue any more, so that there is
        nothing to be silent about either."""
        return SQL(
            """
            WITH settled AS MATERIALIZED (
                SELECT id, %(unagreed)s AS is_over
                  FROM account_collection_case
                 WHERE company_id = %(company)s AND state != 'closed'
                   AND %(partners)s
                   AND partner_id NOT IN (%(late)s)
            )
            UPDATE account_collection_case
               SET state = CASE WHEN settled.is_over THEN 'closed'
                                ELSE account_collection_case.state END,
                   date_closed = CASE WHEN settled.is_over THEN %(date)s END,
                   amount_overdue = 0, amount_held = 0, amount_collectible = 0,
                   days_overdue = 0, priority = 0, priority_amount = 0,
                   priority_days = 0, priority_silence = 0, priority_contact = 0,
                   date_next_action = NULL, silence_reason = NULL,
                   order_hold = order_hold AND NOT settled.is_over
              FROM settled
             WHERE account_collection_case.id = settled.id
               AND (settled.is_over OR amount_overdue != 0
                    OR silence_reason IS NOT NULL OR date_next_action IS NOT NULL)
            RETURNING account_collection_case.id, partner_id, settled.is_over,
                      settled.is_over AND EXISTS (
                          SELECT FROM mail_activity planned
                           WHERE planned.res_model = %(model)s AND planned.automated
                             AND planned.res_id = account_collection_case.id
                      ) AS is_planned
            """,
            model=self._name,
            company=company.id,
            date=date,
            partners=SQL("TRUE")
            if partner_ids is None
            else SQL("partner_id IN %s", tuple(partner_ids) or (0,)),
            late=late,
            unagreed=self._get_unagreed_condition(),
        )

    def _get_unagreed_condition(self):
        """The condition that nothing is agreed with the customer of a case."""
        return SQL(
            """
            NOT EXISTS (
                SELECT FROM account_collection_hold hold
                 WHERE hold.partner_id = account_collection_case.partner_id
                   AND hold.company_id = account_collection_case.company_id
                   AND hold.active AND hold.reason != 'manual'
            ) AND NOT EXISTS (
                SELECT FROM account_collection_commitment commitment
                 WHERE commitment.partner_id = account_collection_case.partner_id
                   AND commitment.company_id = account_collection_case.company_id
                   AND commitment.state = 'pending'
            )
            """
        )

    def _drop_planned_activities(self, case_ids):
        """Call nobody whose case is closed: remove what the dunning had planned."""
        if not case_ids:
            return
        # Activities may be assigned to others than the user at work.
        self.env["mail.activity"].sudo().search(
            [
                ("res_model", "=", self._name),
                ("res_id", "in", case_ids),
                ("automated", "=", True),
            ]
        ).unlink()
