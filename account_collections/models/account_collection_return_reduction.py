from odoo import models


class AccountCollectionReturnValuation(models.AbstractModel):
    """What takes off the value of goods before they come back: the discounts that are
    lines of the invoice, and what was credited without goods coming back.

    A reduction belongs to some of the goods; what is more than they are worth lowers
    the value of all the others. So what comes back of a line never credits more than
    is left of its value.
    """

    _name = "account.collection.return.valuation"
    _inherit = ["account.collection.return.valuation"]

    # === HELPERS === #

    def _get_reduction(self, line, worth, before, amounts):
        """How much less goods are worth, because some of the invoice was credited
        without goods coming back: their share of what that takes off all that can
        still come back of the line.

        :param line: the line of the invoice (`account.move.line`)
        :param dict worth: what the goods are worth by the invoice
        :param float before: how much of the line was credited before
        :param dict amounts: what the lines of the invoice come to
        :return: taxes included, in the currency of the invoice
        :rtype: float
        """
        currency, own = line.currency_id, self._get_total(worth)
        rests = self._get_rests({line: before}, amounts)
        reductions = self._get_reductions(line.move_id, amounts, rests)
        if own <= 0 or not any(reductions.values()):
            return 0.0
        if not rests.get(line):
            return own
        return min(currency.round(reductions[line] * own / rests[line]), own)

    def _get_rests(self, known, amounts):
        """What the goods are worth by the invoice that can still come back.

        :param dict known: how much of some lines was credited, where that is known
        :param dict amounts: what the lines of the invoice come to
        :return: taxes included, by line (`account.move.line`)
        :rtype: dict
        """
        discounts = self._get_discounts(amounts)
        goods = self.env["account.move.line"].concat(*amounts)
        credited = goods._get_credited_quantities() | known
        rests = {}
        for line in goods.filtered(lambda line: line.price_subtotal > 0):
            whole = self._add_amounts(amounts[line], discounts.get(line, {}))
            rest = self._get_share(
                line, line.quantity - credited[line], credited[line], whole
            )
            rests[line] = max(self._get_total(rest), 0)
        return rests

    def _get_reductions(self, move, amounts, rests):
        """What takes off the goods that can still come back: first from those that a
        reduction belongs to, and what is beyond their value from the others.

        :param move: the invoice (`account.move`)
        :param dict amounts: what its lines come to
        :param dict rests: what can still come back is worth, by line
        :return: the reduction of each line, no more than it is worth
        :rtype: dict
        """
        reductions, beyond = dict.fromkeys(rests, 0.0), 0.0
        for goods, left in self._get_open_reductions(move, amounts):
            beyond += self._reduce(move, reductions, rests, goods, left)
        self._reduce(move, reductions, rests, list(rests), beyond)
        return reductions

    def _reduce(self, move, reductions, rests, goods, amount):
        """Take an amount off goods, in proportion to what is left of their value.

        :param move: the invoice (`account.move`)
        :param dict reductions: what is taken off each line, completed in place
        :param dict rests: what each line is worth
        :param goods: the lines
        :param float amount: what to take off
        :return: what is beyond their value
        :rtype: float
        """
        room = {one: rests[one] - reductions[one] for one in goods if one in rests}
        taken = min(amount, sum(room.values()))
        for one, (share, _share) in self._spread(move, (taken, 0), room).items():
            reductions[one] += share
        return amount - taken

    def _get_open_reductions(self, move, amounts):
        """What was credited of an invoice without goods coming back, and is not yet
        taken off goods that came back later.

        :param move: the invoice (`account.move`)
        :param dict amounts: what its lines come to
        :return: pairs of the goods (`account.move.line`) and of what is open, taxes
            included, in the currency of the invoice; the fewest goods first
        :rtype: list[tuple]
        """
        quantities, reductions = move._get_credited_goods()
        for line in amounts:
            if line.price_subtotal < 0 and not self._get_same_taxes(line, amounts):
                total = self._get_total(amounts[line])
                reductions[move._get_priced_goods()] -= total
        for line, discount in self._get_discounts(amounts).items():
            # Goods were credited by hand at their price; the discount, if it was
            # taken off, is a line of that credit note.
            share = self._get_share(line, quantities[line], 0, discount)
            goods = move._get_goods_with_taxes(line.tax_ids)
            reductions[goods] -= self._get_total(share)
        taken = self._get_taken_reductions(move)
        pairs = []
        for goods, amount in sorted(reductions.items(), key=lambda pair: len(pair[0])):
            left = move.currency_id.round(amount)
            for line in goods:
                part = max(min(taken.get(line, 0), left), 0)
                taken[line] = taken.get(line, 0) - part
                left -= part
            if move.currency_id.compare_amounts(left, 0) > 0:
                pairs.append((goods, left))
        return pairs

    def _get_taken_reductions(self, move):
        """What was taken off the goods of an invoice that have come back.

        :param move: the invoice (`account.move`)
        :return: by line (`account.move.line`), in the currency of the invoice
        :rtype: dict
        """
        # What is credited counts, whoever may see it.
        returned = self.env["account.collection.return.line"].sudo()
        return {
            line: sum(lines.mapped("amount_reduced"))
            for line, lines in returned.search(
                [
                    ("move_id", "=", move.id),
                    ("return_id.state", "=", "credited"),
                ]
            )
            .grouped("invoice_line_id")
            .items()
        }

    def _get_discounts(self, amounts):
        """Share out the discounts that are lines of the invoice among the goods with
        the same taxes; those without such goods reduce the price of all.

        :param dict amounts: what the lines of the invoice come to
        :return: negative amounts as of `_get_invoice_amounts`, by line of goods
        :rtype: dict
        """
        discounts = {}
        for line, discount in amounts.items():
            if line.price_subtotal >= 0:
                continue
            weights = {
                goods: amounts[goods]["base",][0]
                for goods in self._get_same_taxes(line, amounts)
            }
            for key, pair in discount.items():
                for goods, share in self._spread(line.move_id, pair, weights).items():
                    discounts[goods] = self._add_amounts(
                        discounts.get(goods, {}), {key: share}
                    )
        return discounts

    def _get_same_taxes(self, line, amounts):
        """The goods of an invoice with the taxes of a discount.

        :param line: the discount (`account.move.line`)
        :param dict amounts: what the lines of the invoice come to
        :return: the goods (`account.move.line`)
        :rtype: list
        """
        return [
            goods
            for goods in amounts
            if goods.price_subtotal > 0 and goods.tax_ids == line.tax_ids
        ]
