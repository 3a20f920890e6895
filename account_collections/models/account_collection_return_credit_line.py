from odoo import Command, models

from ..tools.number import format_number


class AccountCollectionReturnLine(models.Model):
    """The lines of a credit note."""

    _name = "account.collection.return.line"
    _inherit = ["account.collection.return.line"]

    # === BUSINESS METHODS === #

    def _prepare_credited(self):
        """Prepare what is credited, and what is kept for restocking.

        :return: values of `account.move.line`
        :rtype: list[dict]
        """
        self.ensure_one()
        parts = self._get_accepted_parts()
        vals_list = [self._prepare_credit_line(parts["goods"])]
        for name, prepare in (
            ("discount", self._prepare_discount_line),
            ("reduction", self._prepare_reduction_line),
            ("restocking", self._prepare_restocking_line),
        ):
            if not self.currency_id.is_zero(self._get_total(parts[name])):
                vals_list.append(prepare(parts[name]))
        return vals_list

    def _prepare_credit_line(self, shares):
        """Prepare the line that credits the goods at the price of the invoice.

        :param dict shares: its amounts
        :return: values of an `account.move.line`
        :rtype: dict
        """
        line = self.invoice_line_id
        return {
            "name": line.name,
            "product_id": line.product_id.id,
            "product_uom_id": line.product_uom_id.id,
            "account_id": line.account_id.id,
            "analytic_distribution": line.analytic_distribution,
            **self._prepare_amounts(
                shares,
                line.tax_ids,
                self.quantity_accepted,
                line.price_unit,
                line.discount,
            ),
        }

    def _prepare_discount_line(self, amounts):
        """Prepare the line that takes off the discounts of the invoice.

        :param dict amounts: its amounts
        :return: values of an `account.move.line`
        :rtype: dict
        """
        line = self.invoice_line_id
        discounts = line.move_id.invoice_line_ids.filtered(
            lambda one: one.price_subtotal < 0 and one.tax_ids == line.tax_ids
        )
        return self._prepare_deduction(
            self.return_id._get_customer_env()._("Discount: %s", self.name),
            amounts,
            discounts.account_id[:1],
        )

    def _prepare_reduction_line(self, amounts):
        """Prepare the line that takes off what was credited before without goods.

        :param dict amounts: its amounts
        :return: values of an `account.move.line`
        :rtype: dict
        """
        return self._prepare_deduction(
            self.return_id._get_customer_env()._("Credited before: %s", self.name),
            amounts,
        )

    def _prepare_restocking_line(self, amounts):
        """Prepare the line that keeps the restocking fee.

        :param dict amounts: its amounts
        :return: values of an `account.move.line`
        :rtype: dict
        """
        env = self.return_id._get_customer_env()
        return self._prepare_deduction(
            env._(
                "Restocking fee %(percent)s %%: %(goods)s",
                percent=format_number(env, self.restocking_percent),
                goods=self.name,
            ),
            amounts,
            # Whoever credits goods need not be allowed to see the settings.
            self.company_id.sudo().collection_restocking_account_id,
        )

    def _prepare_deduction(self, name, amounts, account=None):
        """Prepare a line that takes something off the credit of the goods.

        :param str name: what it is called
        :param dict amounts: its amounts, negative
        :param account: the account, that of the goods by default
        :return: values of an `account.move.line`
        :rtype: dict
        """
        line = self.invoice_line_id
        return {
            "name": name,
            "account_id": (account or line.account_id).id,
            "analytic_distribution": line.analytic_distribution,
            **self._prepare_amounts(amounts, line.tax_ids),
        }

    def _prepare_amounts(self, amounts, taxes, quantity=1, price=None, discount=0):
        """Prepare price and taxes of a line so that it comes to some amounts exactly.

        :param dict amounts: as of `_get_invoice_amounts`
        :param taxes: the taxes (`account.tax`)
        :param float quantity: the quantity
        :param float price: the price to show; that which follows, by default
        :param float discount: the discount, in percent
        :return: values of an `account.move.line`
        :rtype: dict
        """
        line = self.invoice_line_id
        base, company_base = amounts["base",]
        if not taxes:
            natural = (price or 0) * quantity * (1 - discount / 100)
            if price is None or self.currency_id.compare_amounts(natural, base):
                price, discount = base / quantity, 0
        elif price is None:
            included = taxes.filtered("price_include")
            price = base + sum(
                pair[0]
                for key, pair in amounts.items()
                if key[0] == "tax" and key[1] in included.ids
            )
        values = {
            "quantity": quantity,
            "price_unit": price,
            "discount": discount,
            "tax_ids": [Command.set(taxes.ids)],
        }
        if taxes:
            values["extra_tax_data"] = {
                "currency_id": self.currency_id.id,
                "price_unit": price,
                "quantity": quantity,
                "discount": discount,
                "rate": line.move_id._get_product_base_line_currency_rate(line),
                "manual_total_excluded_currency": base,
                "manual_total_excluded": company_base,
                "manual_tax_amounts": {
                    str(key[1]): {
                        "tax_amount_currency": pair[0],
                        "tax_amount": pair[1],
                        "base_amount_currency": amounts["tax_base", key[1]][0],
                        "base_amount": amounts["tax_base", key[1]][1],
                    }
                    for key, pair in amounts.items()
                    if key[0] == "tax" and not key[2]
                },
            }
        return values

    # === HELPERS === #

    def _get_accepted_amounts(self):
        """What is credited for the goods accepted, after all that is taken off.

        :return: amounts as of `_get_invoice_amounts`
        :rtype: dict
        """
        return self._add_amounts(*self._get_accepted_parts().values())

    def _get_accepted_parts(self):
        """What the credit of the goods accepted is made up of.

        :return: as of `_get_credit_parts`
        :rtype: dict
        """
        self.ensure_one()
        return self._get_credit_parts(
            self.invoice_line_id,
            self.quantity_accepted,
            self.restocking_percent,
            self.quantity_before,
            self.amount_reduced,
        )

    def _get_inclusive_amounts(self, amount, sign):
        """Part an amount that includes the taxes of the goods into base and taxes.

        :param float amount: taxes included, in the currency of the invoice
        :param int sign: whether it is added or taken off
        :return: amounts as of `_get_invoice_amounts`
        :rtype: dict
        """
        line = self.invoice_line_id
        engine, company = self.env["account.tax"], line.company_id
        base_line = engine._prepare_base_line_for_taxes_computation(
            line,
            price_unit=amount,
            quantity=1,
            discount=0,
            tax_ids=line.tax_ids.filtered(lambda tax: tax.amount_type != "fixed"),
            extra_tax_data=None,
            special_mode="total_included",
            rate=line.move_id._get_product_base_line_currency_rate(line),
        )
        engine._add_tax_details_in_base_lines([base_line], company)
        engine._round_base_lines_tax_details([base_line], company)
        amounts = self._get_base_line_amounts(base_line)
        return {key: (sign * pair[0], sign * pair[1]) for key, pair in amounts.items()}
