from odoo import models
from odoo.tools import SQL


class AccountCollectionDecision(models.AbstractModel):
    """When to speak of an agreed payment, rather than of what is overdue."""

    _name = "account.collection.decision"
    _inherit = ["account.collection.decision"]

    # === HELPERS === #

    def _get_agreed_query(self, scope):
        """Find for each customer the agreed payment to speak of: the earliest one with
        a reminder due, at its latest reminder. Those up to the due date are for what
        is pending, the later ones for what is missing."""
        return SQL(
            """
            SELECT DISTINCT ON (commitment.partner_id)
                   commitment.partner_id, commitment.id AS commitment_id,
                   step.id AS step_id, step.channel
              FROM account_collection_commitment commitment
              JOIN account_collection_commitment_reminder reminder
                ON reminder.commitment_id = commitment.id
              JOIN account_collection_policy_step step ON step.id = reminder.step_id
              JOIN res_partner partner ON partner.id = commitment.partner_id
              LEFT JOIN account_collection_contact contact
                ON contact.id = reminder.contact_id
               AND contact.state IN ('queued', 'sent')
              LEFT JOIN LATERAL (
                -- Nobody is reminded whose money only waits to be applied.
                SELECT SUM(amount) AS amount FROM (
                    SELECT -open.residual AS amount FROM (%(receivable)s) open
                     WHERE open.residual < 0
                       AND open.partner_id = commitment.partner_id
                       AND open.currency_id = commitment.currency_id
                     UNION ALL
                    SELECT payment.amount FROM account_payment payment
                      JOIN res_partner payer ON payer.id = payment.partner_id
                     WHERE payment.move_id IS NULL AND payment.state = 'in_process'
                       AND payment.payment_type = 'inbound'
                       AND payment.partner_type = 'customer'
                       AND payment.company_id IN %(companies)s
                       AND payer.commercial_partner_id = commitment.partner_id
                       AND payment.currency_id = commitment.currency_id
                       AND NOT EXISTS (
                           SELECT FROM account_move__account_payment link
                            WHERE link.payment_id = payment.id
                       )
                ) credits
              ) unapplied ON TRUE
             WHERE commitment.company_id = %(company)s
               AND reminder.date <= %(date)s
               AND contact.id IS NULL
               AND commitment.amount_open > 0
               AND commitment.is_unapplied IS NOT TRUE
               AND commitment.amount_open > COALESCE(unapplied.amount, 0)
               AND EXISTS (
                   -- Once an agreement is over, the dunning of the items goes on;
                   -- of what Odoo blocks nobody is reminded.
                   SELECT FROM account_collection_hold hold
                     JOIN account_move_line line ON line.id = hold.line_id
                     JOIN account_move move ON move.id = line.move_id
                    WHERE hold.res_model = commitment.res_model
                      AND hold.res_id = commitment.res_id
                      AND hold.active
                      AND move.payment_state IS DISTINCT FROM 'blocked'
               )
               AND commitment.partner_id NOT IN (
                   SELECT partner_id FROM (%(whole)s) whole
               )
               AND CASE WHEN commitment.date_due >= %(date)s
                   THEN commitment.state = 'pending'
                   ELSE reminder.date > commitment.date_due
                        AND commitment.state IN ('pending', 'partial', 'broken')
                   END
               AND %(among_partners)s
             ORDER BY commitment.partner_id, commitment.date_due, reminder.date DESC
            """,
            company=scope["company"].id,
            companies=scope["branches"]._ids,
            date=scope["date"],
            receivable=scope["receivable"],
            whole=self._get_whole_query(scope),
            among_partners=scope["among_partners"],
        )

    def _get_act_query(self):
        """Choose what to do: the step of the open items if nothing speaks against it,
        else that of an agreed payment, which has a rhythm of its own: on any day on
        which the customer was not contacted."""
        return SQL(
            """
            SELECT CASE WHEN assessed.reason IS NULL THEN assessed.item_step_id
                        WHEN agreed.speaks THEN assessed.agreed_step_id
                   END AS step_id,
                   CASE WHEN assessed.reason IS NOT NULL AND agreed.speaks
                        THEN assessed.commitment_id END AS commitment_id,
                   CASE WHEN assessed.reason IS NULL THEN assessed.item_channel
                        WHEN agreed.speaks THEN assessed.agreed_channel
                   END AS channel,
                   CASE WHEN NOT agreed.speaks THEN assessed.reason END AS reason
              FROM (
                SELECT assessed.agreed_channel IS NOT NULL
                       AND assessed.case_state IS DISTINCT FROM 'handed_over'
                       AND (assessed.date_last_contact IS NULL
                            OR assessed.date_last_contact < assessed.date_decided)
                       AS speaks
              ) agreed
            """
        )
