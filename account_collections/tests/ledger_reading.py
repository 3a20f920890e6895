"""What the ledger says of open items, read record by record."""

from collections import Counter

from ..tools import allocation


class LedgerReading:
    """Reads receipts, reductions and credits without the queries of the add-on."""

    def _read(self, line):
        """The receipts and the reductions of an item."""
        receipts, reductions = [], []
        for partial in line.matched_credit_ids:
            credit = partial.credit_move_id
            units = self._to_units(partial.debit_amount_currency)
            if credit.parent_state != "posted" or line.parent_state != "posted":
                continue
            payment = credit.move_id.origin_payment_id
            if payment or credit.journal_id.type in ("bank", "cash", "credit"):
                receipts.append(allocation.Movement(payment.date or credit.date, units))
            else:
                reductions.append(allocation.Movement(credit.date, units))
        for payment, parts in self._read_registered().items():
            if line in parts:
                receipts.append(allocation.Movement(payment.date, parts[line]))
        return receipts, reductions

    def _read_registered(self):
        """The payments without journal entry, with what each of them pays of open
        items, the oldest first."""
        payments = self.env["account.payment"].search(
            [
                ("partner_id", "=", self.customer.id),
                ("move_id", "=", False),
                ("state", "in", ("in_process", "paid")),
            ]
        )
        paid = {}
        for payment in payments:
            left, paid[payment] = self._to_units(payment.amount), {}
            for line in self._get_registered_lines(payment):
                part = min(left, self._to_units(line.amount_residual_currency))
                left -= part
                if part:
                    paid[payment][line] = part
        return paid

    def _get_registered_lines(self, payment):
        """What a payment without journal entry may pay: once it is paid, nothing that
        something else was reconciled with."""
        invoices = payment.invoice_ids.filtered(lambda move: move.state == "posted")
        if payment.state == "paid":
            invoices = invoices.filtered(
                lambda move: not move.line_ids.matched_credit_ids
            )
        return (
            self._get_receivable_line(invoices)
            .filtered(lambda line: line.amount_residual_currency > 0)
            .sorted(lambda line: (self._get_due(line), line.id))
        )

    def _get_due(self, line):
        """When an item is due: at once, if an agreement has failed."""
        holds = line.with_context(active_test=False).collection_hold_ids
        called = [day for day in holds.mapped("date_called") if day]
        return min([line.date_maturity, *called])

    def _read_unapplied(self, currency):
        """The credits of the customer that nobody has applied."""
        lines = self.env["account.move.line"].search(
            [
                ("partner_id", "=", self.customer.id),
                ("account_id", "=", self.receivable_account.id),
                ("parent_state", "=", "posted"),
                ("reconciled", "=", False),
                ("amount_residual_currency", "<", 0),
                ("currency_id", "=", currency.id),
            ]
        )
        unapplied = [
            allocation.Movement(
                line.move_id.origin_payment_id.date or line.date,
                -self._to_units(line.amount_residual_currency),
            )
            for line in lines
        ]
        if left := self._read_left_over(currency):
            last = max(payment.date for payment in self._read_registered())
            unapplied.append(allocation.Movement(last, left))
        return unapplied

    def _read_left_over(self, currency):
        """What payments without journal entry leave over: what pays no item, or one
        that others pay."""
        left, paid = 0, Counter()
        for payment, parts in self._read_registered().items():
            if payment.currency_id == currency:
                paid.update(parts)
                if payment.state == "in_process":
                    left += self._to_units(payment.amount) - sum(parts.values())
        return left + sum(
            max(amount - self._to_units(line.amount_residual_currency), 0)
            for line, amount in paid.items()
        )

    def _to_units(self, amount):
        return round(amount * 100)
