from odoo import models


class AccountCollectionReturnValuation(models.AbstractModel):
    """What goods are worth that come back: their share of the invoice as it was posted.

    The amounts of an invoice line (its base, and each of its taxes) are shared out over
    its quantity: what has been credited up to some quantity is rounded, so that several
    returns of the same line add up to it to the cent.
    """

    _name = "account.collection.return.valuation"
    _description = "Value of Returned Goods"

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
        if before is None:
            before = line._get_credited_quantities()[line]
        shares = self._get_share(line, quantity, before)
        fees = self._get_restocking(line, shares, restocking_percent)
        round_ = line.currency_id.round
        fee = round_(self._get_total(fees))
        return round_(self._get_total(shares) - fee), fee

    def _get_share(self, line, quantity, before):
        """The amounts of a part of an invoice line, after what was credited before.

        :param line: the line of the invoice (`account.move.line`)
        :param float quantity: how much comes back
        :param float before: how much of it was credited before
        :return: amounts as of `_get_invoice_amounts`
        :rtype: dict
        """
        amounts = self._get_invoice_amounts(line.move_id)[line]
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
        :rtype: dict
        """
        currencies = (line.currency_id, line.company_currency_id)
        return {
            key: tuple(
                currency.round(value * percent / 100)
                for currency, value in zip(currencies, pair, strict=True)
            )
            for key, pair in shares.items()
        }

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
        currencies = (move.currency_id, move.company_currency_id)
        for key, pair in discount.items():
            lines = [line for line in amounts if key in amounts[line]]
            total = sum(amounts[line][key][0] for line in lines)
            if key[0] != "tax" or not total:
                continue
            done, given = 0, (0, 0)
            for line in lines:
                done += amounts[line][key][0]
                reached = tuple(
                    currency.round(value * done / total)
                    for currency, value in zip(currencies, pair, strict=True)
                )
                former = amounts[line].get(("discount_tax", key[1]), (0, 0))
                amounts[line]["discount_tax", key[1]] = tuple(
                    old + new - before
                    for old, new, before in zip(former, reached, given, strict=True)
                )
                given = reached
