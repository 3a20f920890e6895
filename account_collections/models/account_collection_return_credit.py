from collections import defaultdict

from odoo import fields, models


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
        credit_notes = self.sudo().credit_move_ids._filter_countable()
        for move in self.return_line_ids.filtered("quantity_accepted").move_id:
            if move not in credit_notes.reversed_entry_id:
                amount = self._get_credit_amount(move)
                credit = self._create_credit_note(move, amount)
                # Recorded here alone.
                self.sudo().credit_move_ids |= credit
                credit_notes |= credit
        drafts = credit_notes.filtered(lambda move: move.state == "draft")
        drafts._post_collection()

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
        # Whoever credits goods need not be allowed to see the settings.
        account = self.company_id.sudo().collection_freight_account_id
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
        """The credit notes that are posted and were not reversed as a whole since,
        whoever may see them."""
        return self.sudo().credit_move_ids._filter_in_force()

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
