from odoo import models
from odoo.tools import SQL


class AccountCollectionOpenItem(models.AbstractModel):
    """How far each open item has come on the way that its policy lays out."""

    _name = "account.collection.open.item"
    _inherit = ["account.collection.open.item"]

    # === HELPERS === #

    def _get_place_query(self, scope):
        """Number the steps of all policies in the order in which they are taken."""
        return SQL(
            """
            SELECT id, policy_id, active, delay_days, channel,
                   ROW_NUMBER() OVER (ORDER BY delay_days, sequence, id)::int AS place
              FROM account_collection_policy_step
             WHERE applies_to = 'item'
            """
        )

    def _get_step_query(self, scope):
        """Number the steps of each policy that may apply."""
        return SQL(
            """
            SELECT place.id, place.policy_id, place.delay_days, place.channel,
                   place.place, ROW_NUMBER() OVER (
                       PARTITION BY place.policy_id ORDER BY place.place
                   )::int AS rank
              FROM place
              JOIN account_collection_policy policy ON policy.id = place.policy_id
             WHERE place.active AND policy.active AND policy.company_id = %s
            """,
            scope["company"].id,
        )

    def _get_policy_query(self, scope):
        """Sum up the policies that may apply, with their steps by rank."""
        return SQL(
            """
            SELECT policy.id, policy.min_amount, policy.contact_gap_days,
                   policy.include_journal_entries,
                   COUNT(step.id) FILTER (WHERE step.delay_days < 0)::int
                       AS rank_before_due,
                   ARRAY_AGG(step.id ORDER BY step.rank) AS step_ids,
                   ARRAY_AGG(step.delay_days ORDER BY step.rank) AS delays,
                   ARRAY_AGG(step.channel ORDER BY step.rank) AS channels
              FROM account_collection_policy policy
              LEFT JOIN step ON step.policy_id = policy.id
             WHERE policy.active AND policy.company_id = %s
             GROUP BY policy.id
            """,
            scope["company"].id,
        )

    def _get_followed_query(self, scope):
        """Find the customers who have a policy of their own."""
        # The field is not visible to everyone who may run the dunning.
        partners = self.env["res.partner"].sudo().with_company(scope["company"])
        field = partners._fields["collection_policy_id"]
        usual = field.get_company_dependent_fallback(partners)
        return SQL(
            """
            SELECT partner.id AS partner_id, policy.id AS policy_id
              FROM res_partner partner
              JOIN policy ON policy.id = (
                   COALESCE(
                       partner.collection_policy_id -> %(company)s, %(usual)s
                   ) ->> 0
              )::int
             WHERE %(named)s AND partner.id = partner.commercial_partner_id
               AND %(among_partners)s
            """,
            company=str(scope["company"].id),
            usual=SQL("TO_JSONB(%s::int)", usual.id or None),
            # Most customers name none, and need not be looked at any closer.
            named=SQL("TRUE")
            if usual
            else SQL("partner.collection_policy_id IS NOT NULL"),
            among_partners=scope["among_partners"],
        )

    def _get_standing_query(self, scope):
        """Tell for each policy and last step reached (0: none) how many steps
        of the policy are behind an item and which comes next: while the item is
        coming due, and once it is late.

        Behind it are the steps up to the last one in its own policy; in another one,
        to which the customer has changed, those that come no later after the due
        date. Once the item is late, also all reminders before the due date.
        """
        return SQL(
            """
            SELECT behind.policy_id, behind.step_id, behind.include_journal_entries,
                   behind.rank AS rank_coming, behind.rank_late,
                   coming.rank AS next_coming, coming.delay_days AS delay_coming,
                   late.rank AS next_late, late.delay_days AS delay_late
              FROM (
                SELECT policy.id AS policy_id, past.id AS step_id,
                       policy.include_journal_entries, COUNT(step.id)::int AS rank,
                       GREATEST(COUNT(step.id)::int, policy.rank_before_due)
                           AS rank_late
                  FROM policy
                 CROSS JOIN (
                    SELECT id, place, policy_id, delay_days FROM place
                     UNION ALL SELECT 0, 0, NULL, NULL
                 ) past
                  LEFT JOIN step
                    ON step.policy_id = policy.id
                   AND CASE WHEN past.policy_id = policy.id
                       THEN step.place <= past.place
                       ELSE step.delay_days <= past.delay_days END
                 GROUP BY policy.id, policy.include_journal_entries,
                          policy.rank_before_due, past.id
              ) behind
              LEFT JOIN step coming
                ON coming.policy_id = behind.policy_id
               AND coming.rank = behind.rank + 1 AND coming.delay_days <= 0
              LEFT JOIN step late
                ON late.policy_id = behind.policy_id
               AND late.rank = behind.rank_late + 1
            """
        )
