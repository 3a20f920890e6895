from odoo import models
from odoo.tools import SQL


class AccountCollectionOpenItem(models.AbstractModel):
    """What payments without a journal entry leave to be paid of open items."""

    _name = "account.collection.open.item"
    _inherit = ["account.collection.open.item"]

    # === HELPERS === #

    def _get_payment_query(self, scope):
        """List the customer payments that were registered but have no journal entry:
        they count while in process; once paid, only until the bank's entry meets
        the invoice (see `_get_allocation_query`)."""
        return SQL(
            """
            SELECT payment.id, partner.commercial_partner_id AS partner_id,
                   payment.currency_id, payment.amount, payment.state, (
                       SELECT ARRAY_AGG(link.invoice_id ORDER BY link.invoice_id)
                         FROM account_move__account_payment link
                        WHERE link.payment_id = payment.id
                   ) AS invoice_ids
              FROM account_payment payment
              JOIN res_partner partner ON partner.id = payment.partner_id
             WHERE payment.move_id IS NULL
               AND payment.state IN ('in_process', 'paid')
               AND payment.payment_type = 'inbound'
               AND payment.partner_type = 'customer'
               AND payment.company_id IN %(companies)s
               AND %(among_partners)s
            """,
            companies=scope["branches"]._ids,
            among_partners=scope["among_partners"],
        )

    def _get_allocation_query(self, scope):
        """Spread each such payment over the open items of its invoices, the oldest
        first, after what earlier payments of the same invoices have covered."""
        return SQL(
            """
            SELECT payment_id, line_id, partner_id, currency_id, residual, factor,
                   GREATEST(0, LEAST(covered_before + residual, paid_before + paid)
                               - GREATEST(covered_before, paid_before)) AS amount
              FROM (
                SELECT payment.id AS payment_id, open.id AS line_id, open.partner_id,
                       open.currency_id, open.residual, conversion.factor,
                       conversion.paid, COALESCE(earlier.paid, 0) AS paid_before,
                       COALESCE(SUM(open.residual) OVER (
                           PARTITION BY payment.id ORDER BY open.date_due, open.id
                           ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                       ), 0) AS covered_before
                  FROM payment
                  JOIN account_move__account_payment link
                    ON link.payment_id = payment.id
                  JOIN (%(receivable)s) open
                    ON open.move_id = link.invoice_id AND open.residual > 0
                  JOIN rate payment_rate
                    ON payment_rate.currency_id = payment.currency_id
                  JOIN rate item_rate ON item_rate.currency_id = open.currency_id
                 CROSS JOIN LATERAL (
                    SELECT item_rate.rate / payment_rate.rate AS factor,
                           ROUND(payment.amount * item_rate.rate / payment_rate.rate,
                                 item_rate.decimal_places) AS paid
                 ) conversion
                  LEFT JOIN LATERAL (
                    SELECT SUM(ROUND(
                               other.amount * item_rate.rate / other_rate.rate,
                               item_rate.decimal_places
                           )) AS paid
                      FROM payment other
                      JOIN rate other_rate
                        ON other_rate.currency_id = other.currency_id
                     WHERE other.id < payment.id
                       AND other.invoice_ids = payment.invoice_ids
                       AND (other.state = 'in_process' OR NOT %(met)s)
                  ) earlier ON TRUE
                 WHERE payment.state = 'in_process' OR NOT %(met)s
              ) due
            """,
            receivable=scope["receivable"],
            met=self._get_met_condition(),
        )

    def _get_met_condition(self):
        """The condition that the bank's entry has met an invoice that was paid."""
        return SQL(
            """
            EXISTS (
                SELECT FROM account_partial_reconcile partial
                  JOIN account_move_line met ON met.id = partial.debit_move_id
                  JOIN account_move_line money ON money.id = partial.credit_move_id
                  JOIN account_journal journal ON journal.id = money.journal_id
                 WHERE met.move_id = link.invoice_id
                   AND journal.type IN ('bank', 'cash', 'credit')
            )
            """
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
