from collections import defaultdict

from odoo import Command, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date


class AccountCollectionReturn(models.Model):
    """The credit notes for what has come back.

    They are made by Odoo's own reversal of each invoice, posted, and thereby reconciled
    with it: its lines that were accepted, with their taxes, and what is kept for
    restocking and settled for the freight as lines of their own.
    """

    _name = "account.collection.return"
    _inherit = ["account.collection.return"]

    # === FIELDS === #

    credit_move_ids = fields.Many2many(
        "account.move",
        "account_collection_return_credit_rel",
        "return_id",
        "move_id",
        string="Credit Notes",
        readonly=True,
        copy=False,
    )

    # === ACTION METHODS === #

    def action_credit(self):
        """Post the credit notes for what was accepted.

        :return: an action that opens them
        :rtype: dict
        :raise UserError: when the goods have not arrived, or the credit note is not
            allowed (lock dates, journals): then everything stays as it was
        """
        for one in self:
            one._lock_in(("received",))
            one._post_credit_notes()
            one._evaluate()
        return self.action_view_credit_notes()

    def action_view_credit_notes(self):
        """Open the credit notes.

        :return: a window action
        :rtype: dict
        """
        return self.credit_move_ids._get_records_action(name=self.env._("Credit Notes"))

    # === BUSINESS METHODS === #

    def _post_credit_notes(self):
        """Post a credit note for each invoice; those that were set to draft are posted
        again as they are."""
        self.ensure_one()
        # Somebody may have credited the goods by hand since they arrived.
        self.return_line_ids._check_available("quantity_accepted")
        self.return_line_ids._value_accepted()
        self.sudo().amount_accepted = self._get_accepted_amount()
        credits_ = self.credit_move_ids.filtered(lambda move: move.state != "cancel")
        for move in self.return_line_ids.filtered("quantity_accepted").move_id:
            if move not in credits_.reversed_entry_id:
                amount = self._get_credit_amount(move)
                credit = self._create_credit_note(move, amount)
                # Recorded here alone.
                self.sudo().credit_move_ids |= credit
                credits_ |= credit
        drafts = credits_.filtered(lambda move: move.state == "draft")
        self._check_lock_dates(drafts)
        drafts.action_post()

    def _check_lock_dates(self, drafts):
        """Refuse to post into a closed period; Odoo would move the date silently.

        :param drafts: the draft credit notes (`account.move`)
        :raise UserError: saying what is closed
        """
        today = self.company_id._get_collection_day()
        for credit in drafts:
            if closed := credit._get_violated_lock_dates(
                credit.invoice_date or today, credit._affect_tax_report()
            ):
                raise UserError(
                    self.env._(
                        "%(day)s is in a period that is closed: %(closed)s. Nothing "
                        "was posted.",
                        day=format_date(self.env, credit.invoice_date or today),
                        closed=self.env["res.company"]._format_lock_dates(closed),
                    )
                )

    def _prepare_credit_lines(self, move, amount):
        """Prepare the goods accepted, the restocking and the freight."""
        lines = self._get_accepted_lines(move)
        vals_list = [vals for line in lines for vals in line._prepare_credited()]
        freight = self._get_freight_share(move)
        if not self.currency_id.is_zero(freight):
            vals_list.append(self._prepare_freight_line(lines, freight))
        return vals_list

    def _prepare_freight_line(self, lines, freight):
        """Prepare the line that settles the freight, with the taxes of the goods that
        most is credited for: it shares their fate.

        :param lines: the goods on the same credit note
        :param float freight: what is settled
        :return: values of an `account.move.line`
        :rtype: dict
        """
        goods = self._get_main_goods(lines)
        invoice_line = goods.invoice_line_id
        account = self.company_id.collection_freight_account_id
        return {
            "name": self._get_customer_env()._("Freight of the return %s", self.name),
            "account_id": (account or invoice_line.account_id).id,
            "quantity": 1,
            **goods._prepare_amounts(
                self._get_freight_amounts(goods, freight),
                invoice_line.tax_ids.filtered(lambda tax: tax.amount_type != "fixed"),
            ),
        }

    def _clear_discount(self, credit):
        """Let Odoo book the discount for early payment, as on the invoice."""

    def _fit_credit_note(self, credit, move):
        """Take up in the taxes the cents by which Odoo's rounding of the whole, with an
        early payment discount, differs from the shares."""
        result = super()._fit_credit_note(credit, move)
        if credit.invoice_cash_rounding_id and not self._get_cash_rounding(move):
            # A part is not rounded to coins.
            credit.invoice_cash_rounding_id = False
        amount = self._get_credit_amount(move)
        if not credit.currency_id.compare_amounts(credit.amount_total, amount):
            return result
        expected = defaultdict(float)
        for line in self._get_accepted_lines(move):
            for key, pair in line._get_accepted_amounts().items():
                if key[0] in ("tax", "discount_tax"):
                    expected[key[1]] += pair[0]
        if freight := self._get_freight_share(move):
            goods = self._get_main_goods(self._get_accepted_lines(move))
            for key, pair in self._get_freight_amounts(goods, freight).items():
                if key[0] == "tax":
                    expected[key[1]] += pair[0]
        for tax_line in credit.line_ids.filtered("tax_line_id"):
            difference = expected[tax_line.tax_line_id.id] - tax_line.amount_currency
            if not tax_line.currency_id.is_zero(difference):
                tax_line.amount_currency += difference
        return result

    # === HELPERS === #

    def _is_part(self, move, amount):
        # Goods, restocking and freight may come to the total of the invoice by chance.
        return True

    def _get_credit_label(self, move):
        return self.name

    def _get_accepted_lines(self, move):
        """The goods accepted that are on an invoice."""
        return self.return_line_ids.filtered(
            lambda line: line.move_id == move and line.quantity_accepted
        )

    def _get_credit_amount(self, move):
        """What the credit note of an invoice comes to, as it is today.

        :rtype: float
        """
        total = self._get_goods_amount(move)
        total = self._add_freight(total, self._get_freight_share(move))
        return self.currency_id.round(total + self._get_cash_rounding(move))

    def _get_goods_amount(self, move):
        """What is credited for the goods of an invoice.

        :rtype: float
        """
        return sum(
            line._get_total(line._get_accepted_amounts())
            for line in self._get_accepted_lines(move)
        )

    def _get_cash_rounding(self, move):
        """What an invoice was rounded by to coins, if all of it is credited at once.

        :rtype: float
        """
        lines = move.line_ids.filtered(lambda line: line.display_type == "rounding")
        rounding = -sum(lines.mapped("amount_currency"))
        goods = self._get_goods_amount(move) if lines else 0.0
        is_whole = not move.currency_id.compare_amounts(
            goods + rounding, move.amount_total
        ) and not self._get_freight_share(move)
        return rounding if is_whole else 0.0

    def _get_main_goods(self, lines):
        """The goods that most is credited for, whose taxes the freight takes.

        :param lines: the goods on the same credit note
        :return: an `account.collection.return.line`
        """
        return max(lines, key=lambda line: (line.amount_accepted, -line.id))

    def _get_freight_amounts(self, goods, freight):
        """The freight parted into base and taxes.

        :param goods: the goods whose taxes it takes
        :param float freight: what is settled, taxes included
        :return: amounts as of `_get_invoice_amounts`
        :rtype: dict
        """
        return goods._get_inclusive_amounts(freight, self._add_freight(0, 1))

    def _get_posted_credits(self):
        """The credit notes that are posted, whoever may see them."""
        return self.sudo().credit_move_ids.filtered(lambda move: move.state == "posted")

    def _get_own_moves(self):
        return super()._get_own_moves() | self.credit_move_ids

    def _is_credited(self):
        """Whether a credit note of each invoice is posted.

        :rtype: bool
        """
        posted = self._get_posted_credits()
        accepted = self.sudo().return_line_ids.filtered("quantity_accepted")
        return bool(posted) and not accepted.move_id - posted.reversed_entry_id

    def _get_customer_env(self):
        """The environment in the language of the customer."""
        return self.with_context(lang=self._get_lang()).env


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
        return self._prepare_deduction(
            self.return_id._get_customer_env()._(
                "Restocking fee %(percent)s %%: %(goods)s",
                percent=f"{self.restocking_percent:g}",
                goods=self.name,
            ),
            amounts,
            self.company_id.collection_restocking_account_id,
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
