from odoo import models
from odoo.tools import SQL

# What the movements of a receivable line are read from.
MOVEMENT_FIELDS = {
    "account.partial.reconcile": [
        "debit_move_id",
        "credit_move_id",
        "debit_amount_currency",
    ],
    "account.move.line": [
        "move_id",
        "account_id",
        "currency_id",
        "amount_currency",
        "parent_state",
    ],
    "account.move": [
        "date",
        "journal_id",
        "origin_payment_id",
        "statement_line_id",
        "matched_payment_ids",
    ],
    "account.payment": ["amount", "currency_id", "date", "move_id"],
    "account.journal": ["type"],
}


class AccountCollectionLedger(models.AbstractModel):
    """What has become of receivable lines, read from the ledger.

    A *receipt* is a partial whose two lines are posted and whose credit side is a
    payment, a bank statement line, or an entry of a bank, cash or credit journal; it
    is dated by the payment, even if that day is still to come. Any other partial is a
    *reduction*, and so is what a payment writes off: its items on the customer's
    account come to more than the money. A registered payment without journal entry is a
    receipt too (see `account.collection.open.item`).
    """

    _name = "account.collection.ledger"
    _inherit = ["account.collection.open.item"]
    _description = "Receipts and Reductions"

    # === BUSINESS METHODS === #

    def _get_movements(self, lines):
        """List what was taken off receivable lines, in their currency.

        :param lines: the receivable lines (`account.move.line`)
        :return: for each line id, the receipts and the reductions, each with its day
        :rtype: dict[int, tuple[list, list]]
        """
        movements = {line_id: ([], []) for line_id in lines.ids}
        if not lines:
            return movements
        self._flush_movements()
        rows = self.env.execute_query(self._get_partial_query(lines))
        if self._is_any_registered(lines):
            for company in lines.company_id.root_id:
                rows += self.env.execute_query(
                    self._get_registered_receipt_query(company, lines)
                )
        for line_id, date, money, reduction in rows:
            receipts, reductions = movements[line_id]
            if money:
                receipts.append((date, money))
            if reduction:
                reductions.append((date, reduction))
        return movements

    def _get_unapplied(self, company, currency, partner):
        """The customer's credits that nobody has applied, in one currency.

        :param company: the root company (`res.company`)
        :param currency: the currency (`res.currency`)
        :param partner: the commercial partner (`res.partner`)
        :return: the credits, positive, each with its day: a payment's is its own
        :rtype: list[tuple[datetime.date, float]]
        """
        scope = self._get_scope(company, company._get_collection_day(), partner.ids)
        rows = self.env.execute_query(
            SQL(
                """
                WITH rate AS (%(rate)s), payment AS (%(payment)s),
                allocation AS (%(allocation)s), credit AS (%(credit)s)
                SELECT COALESCE(source.date, move.date), -open.residual
                  FROM (%(receivable)s) open
                  JOIN account_move move ON move.id = open.move_id
                  LEFT JOIN account_payment source ON source.id = move.origin_payment_id
                 WHERE open.residual < 0 AND open.currency_id = %(currency)s
                 UNION ALL
                SELECT (SELECT MAX(source.date) FROM account_payment source
                          JOIN payment ON payment.id = source.id), amount
                  FROM credit
                 WHERE currency_id = %(currency)s AND amount > 0
                """,
                rate=self._get_rate_query(scope),
                payment=self._get_payment_query(scope),
                allocation=self._get_allocation_query(scope),
                credit=self._get_registered_credit_query(scope),
                receivable=scope["receivable"],
                currency=currency.id,
            )
        )
        return [(date, float(amount)) for date, amount in rows]

    def _follow(self, lines):
        """Let what depends on the ledger follow a change of it: agreements at once,
        cases right after the transaction.

        :param lines: the journal items (`account.move.line`), of any account
        """
        # A payment that is set to draft keeps its partials: both sides are concerned.
        lines |= lines.matched_debit_ids.debit_move_id
        lines |= lines.matched_credit_ids.credit_move_id
        receivables = lines.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )
        if receivables:
            receivables.move_id.invalidate_recordset(["collection_amount"], flush=False)
            self.env["account.collection.resolution"]._evaluate_lines(receivables)
            self.env["account.collection.case"]._refresh_after_commit(
                receivables.partner_id
            )

    def _follow_registered(self, invoices, partners):
        """Let what depends on the ledger follow a change of payments without journal
        entry, which nothing is reconciled with.

        :param invoices: the invoices that they pay, or did (`account.move`)
        :param partners: the commercial partners who pay (`res.partner`)
        """
        self._follow(invoices.line_ids)
        self.env["account.collection.resolution"]._evaluate_late(partners)

    # === HELPERS === #

    def _flush_movements(self):
        """Write what the movements are read from, and no more: in the middle of a
        payment the rest would be written twice."""
        for model, names in MOVEMENT_FIELDS.items():
            self.env[model].flush_model(names)

    def _is_any_registered(self, lines):
        """Whether a payment without journal entry may count for some items.

        :param lines: the receivable lines (`account.move.line`)
        :rtype: bool
        """
        [[is_registered]] = self.env.execute_query(
            SQL(
                """
                SELECT EXISTS (
                    SELECT FROM account_move_line line
                      JOIN account_move__account_payment link
                        ON link.invoice_id = line.move_id
                      JOIN account_payment payment ON payment.id = link.payment_id
                     WHERE line.id IN %s AND payment.move_id IS NULL
                )
                """,
                tuple(lines.ids),
            )
        )
        return is_registered

    def _get_partial_query(self, lines):
        """List the partials of receivable lines: what of each is money and what is not,
        as a payment may write something off, which is in proportion."""
        return SQL(
            """
            SELECT line_id, date, money, amount - money
              FROM (
                SELECT line.id AS line_id, partial.id,
                       COALESCE(payment.date, credit_move.date) AS date,
                       partial.debit_amount_currency AS amount,
                       CASE
                           WHEN payment.amount < (%(booked)s)
                           THEN ROUND(partial.debit_amount_currency * payment.amount
                                      / (%(booked)s), currency.decimal_places)
                           WHEN credit_move.origin_payment_id IS NOT NULL
                             OR credit_move.statement_line_id IS NOT NULL
                             OR journal.type IN ('bank', 'cash', 'credit')
                           THEN partial.debit_amount_currency
                           ELSE 0
                       END AS money
                  FROM account_partial_reconcile partial
                  JOIN account_move_line line ON line.id = partial.debit_move_id
                  JOIN res_currency currency ON currency.id = line.currency_id
                  JOIN account_move_line credit ON credit.id = partial.credit_move_id
                  JOIN account_move credit_move ON credit_move.id = credit.move_id
                  JOIN account_journal journal ON journal.id = credit_move.journal_id
                  LEFT JOIN account_payment payment
                    ON payment.id = credit_move.origin_payment_id
                 WHERE line.id IN %(lines)s
                   AND line.parent_state = 'posted' AND credit.parent_state = 'posted'
              ) movement
             ORDER BY date, id
            """,
            # What the payment's items on the customer's account come to.
            booked=SQL(
                """
                SELECT -SUM(item.amount_currency) FROM account_move_line item
                 WHERE item.move_id = payment.move_id
                   AND item.account_id = credit.account_id
                   AND item.currency_id = payment.currency_id
                """
            ),
            lines=tuple(lines.ids),
        )

    def _get_registered_receipt_query(self, company, lines):
        """List the payments without journal entry that count for these lines."""
        scope = self._get_scope(
            company,
            company._get_collection_day(),
            lines.partner_id.commercial_partner_id.ids,
        )
        return SQL(
            """
            WITH rate AS (%(rate)s), payment AS (%(payment)s),
            allocation AS (%(allocation)s)
            SELECT allocation.line_id, registered.date, allocation.amount, 0
              FROM allocation
              JOIN account_payment registered ON registered.id = allocation.payment_id
             WHERE allocation.line_id IN %(lines)s AND allocation.amount > 0
             ORDER BY registered.date, registered.id
            """,
            rate=self._get_rate_query(scope),
            payment=self._get_payment_query(scope),
            allocation=self._get_allocation_query(scope),
            lines=tuple(lines.ids),
        )
