from odoo import models


class AccountCollectionReturn(models.Model):
    """What a return takes off the debt: the open items that it covers, and how much of
    each."""

    _name = "account.collection.return"
    _inherit = ["account.collection.return"]

    # === BUSINESS METHODS === #

    def _find_open_items(self):
        """Cover the open items of the invoices that the goods are on."""
        for one in self:
            lines = one.return_line_ids.move_id.line_ids.filtered(
                lambda line: (
                    line.account_id.account_type == "asset_receivable"
                    and line.amount_currency > 0
                )
            )
            if lines != one.line_ids:
                # Found from the goods, whose invoices the user has chosen.
                one.sudo().line_ids = lines

    def _move_deadline(self):
        """Hold the value until the day that is agreed now."""
        for one in self.filtered(lambda one: one.state == "authorized"):
            one._check_deadline()
            # Holds are written by the agreements alone.
            one._get_holds().date_end = one.date_deadline
            one._refresh_case()

    # === HELPERS === #

    def _get_cover_amount(self):
        if self._is_received():
            return self.amount_accepted
        return super()._get_cover_amount()

    def _get_hold_end(self):
        return self.date_deadline if self.state == "authorized" else False

    def _get_free_amounts(self):
        """What of each item can be covered: no more of an invoice than its goods are
        worth."""
        free = super()._get_free_amounts()
        worth = self._get_amounts_by_move()
        if not worth:
            return free
        capped = {}
        for line, amount in free.items():
            move = line.move_id._origin
            capped[line] = min(amount, max(worth.get(move, 0), 0))
            worth[move] = worth.get(move, 0) - capped[line]
        return capped

    def _get_amounts_by_move(self):
        """What is credited of each invoice, with its share of the freight.

        :return: the amount of each invoice (`account.move`), in its currency
        :rtype: dict
        """
        field = "amount_accepted" if self._is_received() else "amount"
        worth = {
            move: sum(lines.mapped(field))
            for move, lines in self.return_line_ids.grouped("move_id").items()
        }
        for move, freight in self._get_freight_shares(worth).items():
            worth[move] = self._add_freight(worth[move], freight)
        return worth

    def _get_freight_shares(self, worth, freight=None):
        """With the credit notes of which invoices the freight is settled: ours with
        the largest, the customer's too, and as far as it is higher, with the next.

        :param dict worth: what is credited of each invoice
        :param float freight: what is settled, as far as it is known by default
        :return: the part of the freight by invoice (`account.move`)
        :rtype: dict
        """
        left = self._get_freight() if freight is None else freight
        shares = {}
        moves = sorted(worth, key=lambda move: (-worth[move], move.id))
        for move in moves:
            if self.currency_id.is_zero(left):
                break
            is_ours = self.freight_payer == "company"
            shares[move] = left if is_ours else min(left, max(worth[move], 0))
            left -= shares[move]
        if moves and not self.currency_id.is_zero(left):
            # More than all that is credited, which is refused.
            shares[moves[0]] += left
        return shares

    def _get_freight_share(self, move):
        """What of the freight is settled with the credit note of an invoice.

        :param move: the invoice (`account.move`)
        :rtype: float
        """
        lines = self.return_line_ids.filtered("quantity_accepted")
        return self._get_freight_shares(
            {
                one: sum(of_move.mapped("amount_accepted"))
                for one, of_move in lines.grouped("move_id").items()
            }
        ).get(move, 0.0)

    def _get_freight(self):
        """What is settled for the freight, as far as it is known."""
        return self.freight_settled if self._is_received() else self.freight_amount

    def _add_freight(self, amount, freight):
        """What is credited with the freight.

        :param float amount: the value of the goods
        :param float freight: what is settled for the freight
        :rtype: float
        """
        return amount + (1 if self.freight_payer == "company" else -1) * freight
