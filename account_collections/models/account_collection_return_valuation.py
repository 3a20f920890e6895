from odoo import models

from ..tools.proportion import share_in_proportion


class AccountCollectionReturnValuation(models.AbstractModel):
    """What goods are worth that come back: their share of the invoice as it was posted.

    The amounts of an invoice line (its base, and each of its taxes) are shared out over
    its quantity: what has been credited up to some quantity is rounded, so that several
    returns of the same line add up to it to the cent.
    """

    _name = "account.collection.return.valuation"
    _description = "Value of Returned Goods"
    _inherit = ["account.collection.numeric"]

    # === HELPERS === #

    def _get_goods_name(self, line):
        """What the goods are called.

        :param line: the line of the invoice (`account.move.line`)
        :rtype: str
        """
        return line.product_id.display_name or (line.name or "").split("\n")[0]

    def _get_credit_totals(self, line, quantity, restocking_percent, before=None):
        """What is credited for goods, and what is kept for restocking.

        :param line: the line of the invoice (`account.move.line`)
        :param float quantity: how much comes back, in the unit of the invoice
        :param float restocking_percent: what is kept, in percent
        :param float before: how much of it was credited before, if that is known
        :return: both amounts, taxes included, in the currency of the invoice
        :rtype: tuple[float, float]
        """
        if not line or not quantity:
            return 0.0, 0.0
        parts = self._get_credit_parts(line, quantity, restocking_percent, before)
        round_ = line.currency_id.round
        return (
            round_(sum(self._get_total(part) for part in parts.values())),
            round_(-self._get_total(parts["restocking"])),
        )

    def _get_credit_parts(self, line, quantity, percent, before=None, reduction=None):
        """What the credit of goods is made up of: the goods at the price of the
        invoice, their share of the discounts that are lines of the invoice, and of what
        was credited without goods coming back, and what is kept for restocking.

        :param line: the line of the invoice (`account.move.line`)
        :param float quantity: how much comes back, in the unit of the invoice
        :param float percent: what is kept, in percent
        :param float before: how much of it was credited before, if that is known
        :param float reduction: their share of what was credited without goods, if that
            is known
        :return: amounts as of `_get_invoice_amounts` by `goods`, `discount`,
            `reduction` and `restocking`; what is taken off is negative
        :rtype: dict
        """
        if before is None:
            before = line._get_credited_quantities()[line]
        amounts = self._get_invoice_amounts(line.move_id)
        discounts = self._get_discounts(amounts)
        goods = self._get_share(line, quantity, before, amounts[line])
        discount = self._get_share(line, quantity, before, discounts.get(line, {}))
        worth = self._add_amounts(goods, discount)
        if reduction is None:
            reduction = self._get_reduction(line, worth, before, amounts)
        reduced = self._get_part(line, worth, reduction)
        left = self._add_amounts(worth, reduced)
        return {
            "goods": goods,
            "discount": discount,
            "reduction": reduced,
            "restocking": self._get_restocking(line, left, percent),
        }

    def _get_share(self, line, quantity, before, amounts):
        """The amounts of a part of an invoice line, after what was credited before.

        :param line: the line of the invoice (`account.move.line`)
        :param float quantity: how much comes back
        :param float before: how much of it was credited before
        :param dict amounts: what the whole comes to, as of `_get_invoice_amounts`
        :return: amounts as of `_get_invoice_amounts`
        :rtype: dict
        """
        currencies = (line.currency_id, line.company_currency_id)
        return {
            key: tuple(
                currency.round(
                    currency.round(value * (before + quantity) / line.quantity)
                    - currency.round(value * before / line.quantity)
                )
                for currency, value in zip(currencies, pair, strict=True)
            )
            for key, pair in amounts.items()
        }

    def _get_restocking(self, line, shares, percent):
        """The part of some amounts that is kept for restocking.

        :param dict shares: amounts as of `_get_invoice_amounts`
        :param float percent: what is kept, in percent
        :return: negative amounts
        :rtype: dict
        """
        currencies = (line.currency_id, line.company_currency_id)
        return {
            key: tuple(
                -currency.round(value * percent / 100)
                for currency, value in zip(currencies, pair, strict=True)
            )
            for key, pair in shares.items()
        }

    def _get_part(self, line, shares, amount):
        """The part of some amounts that comes to an amount to the cent.

        :param dict shares: amounts as of `_get_invoice_amounts`
        :param float amount: what is taken off, taxes included
        :return: negative amounts
        :rtype: dict
        """
        total = self._get_total(shares)
        if line.currency_id.is_zero(amount) or not total:
            return {}
        part = self._get_restocking(line, shares, 100 * amount / total)
        cents = line.currency_id.round(-amount - self._get_total(part))
        base, company_base = part["base",]
        part["base",] = (base + cents, company_base + cents * company_base / base)
        return part

    def _add_amounts(self, *several):
        """Add up amounts key by key.

        :param several: amounts as of `_get_invoice_amounts`
        :rtype: dict
        """
        total = {}
        for amounts in several:
            for key, pair in amounts.items():
                former = total.get(key, (0.0, 0.0))
                total[key] = tuple(
                    one + other for one, other in zip(former, pair, strict=True)
                )
        return total

    def _get_total(self, amounts):
        """Base and taxes together, in the currency of the invoice.

        :param dict amounts: as of `_get_invoice_amounts`
        :rtype: float
        """
        return sum(
            pair[0]
            for key, pair in amounts.items()
            if key[0] in ("base", "tax", "discount_tax")
        )

    def _get_invoice_amounts(self, move):
        """The base and the taxes of each line of an invoice, as they were posted: the
        roundings of the whole are spread over the lines.

        :param move: the invoice (`account.move`)
        :return: by line, pairs of amounts in the invoice's and in the company's
            currency, by `("base",)`, `("tax", tax id, whether it is reversed)`,
            `("tax_base", tax id)`, and `("discount_tax", tax id)` for what an early
            payment discount takes off the tax in any case
        :rtype: dict
        """
        base_lines, _tax_lines = move._get_rounded_base_and_tax_lines()
        amounts, discounts = {}, []
        for base_line in base_lines:
            line_amounts = self._get_base_line_amounts(base_line)
            if base_line["special_type"] == "early_payment":
                discounts.append(line_amounts)
            elif base_line["record"].display_type == "product":
                amounts[base_line["record"]] = line_amounts
        for discount in discounts:
            self._spread_discount(move, amounts, discount)
        return amounts

    def _get_base_line_amounts(self, base_line):
        """The amounts of one line, as Odoo's engine of taxes has calculated them."""
        details = base_line["tax_details"]
        amounts = {
            ("base",): tuple(
                details[f"total_excluded{suffix}"]
                + details[f"delta_total_excluded{suffix}"]
                for suffix in ("_currency", "")
            )
        }
        for data in details["taxes_data"]:
            tax = data["tax"].id
            amounts["tax", tax, data["is_reverse_charge"]] = (
                data["tax_amount_currency"],
                data["tax_amount"],
            )
            amounts["tax_base", tax] = (
                data["base_amount_currency"],
                data["base_amount"],
            )
        return amounts

    def _spread_discount(self, move, amounts, discount):
        """Share out the taxes on an early payment discount that reduces them in any
        case (`mixed`) among the lines that they belong to, in proportion.

        :param dict amounts: the amounts by line, completed in place
        :param dict discount: the amounts of the discount
        """
        for key, pair in discount.items():
            if key[0] != "tax":
                continue
            weights = {
                line: amounts[line][key][0] for line in amounts if key in amounts[line]
            }
            for line, share in self._spread(move, pair, weights).items():
                amounts[line] = self._add_amounts(
                    amounts[line], {("discount_tax", key[1]): share}
                )

    def _spread(self, move, pair, weights):
        """Share out a pair of amounts in proportion, so that they add up to the cent.

        :param move: the invoice (`account.move`)
        :param tuple pair: the amount in its currency and in that of the company
        :param dict weights: in which proportion
        :return: the pair for each key of the weights
        :rtype: dict
        """
        currencies = (move.currency_id, move.company_currency_id)
        shares, company_shares = (
            share_in_proportion(value, weights, currency.round)
            for currency, value in zip(currencies, pair, strict=True)
        )
        return {one: (share, company_shares[one]) for one, share in shares.items()}
