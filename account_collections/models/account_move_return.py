from collections import defaultdict

from odoo import models
from odoo.exceptions import UserError

from .account_collection_return_line import GOING_ON


class AccountMove(models.Model):
    """What was credited of an invoice in another way than by a return."""

    _name = "account.move"
    _inherit = ["account.move"]

    # === BUSINESS METHODS === #

    def _check_not_agreed(self):
        """Keep the invoices whose goods come back, also where nothing is left to hold
        because they are paid.

        :raise UserError: naming the return, and what to do first
        """
        # Goods on their way count, even if the user may not see the return.
        goods = (
            self.env["account.collection.return.line"]
            .sudo()
            .search(
                [("move_id", "in", self.ids), ("return_id.state", "in", GOING_ON)],
                limit=1,
            )
        )
        names = {"name": goods.return_id.name, "invoice": goods.move_id.name}
        if goods.state == "received":
            raise UserError(
                self.env._(
                    "The goods of the return %(name)s, which are on %(invoice)s, have "
                    "arrived. Credit them before you change the invoice.",
                    **names,
                )
            )
        if goods:
            raise UserError(
                self.env._(
                    "Goods on %(invoice)s come back with the return %(name)s. Cancel "
                    "the return before you change the invoice.",
                    **names,
                )
            )
        return super()._check_not_agreed()

    # === HELPERS === #

    def _get_other_credit_notes(self):
        """The credit notes of invoices that are no return's, in force or still drafts.

        :return: credit notes (`account.move`), whoever may see them
        """
        invoices = self.sudo()
        own = (
            invoices.env["account.collection.return"]
            .search([("line_ids.move_id", "in", self.ids)])
            .credit_move_ids
        )
        return (invoices.reversal_move_ids - own)._filter_countable()

    def _filter_countable(self):
        """Those that are in force, or drafts that somebody may still post.

        :return: credit notes (`account.move`)
        """
        drafts = self.filtered(lambda credit: credit.state == "draft")
        return drafts | self._filter_in_force()

    def _get_credited_goods(self):
        """Which goods came back in another way than by a return, and by how much the
        others were made cheaper.

        The same goods at the same price came back. Anything else, like the credit
        notes of disputes and settlements, brings no goods and reduces what they are
        worth. So does what the credit note of a return credits beyond that return,
        where it was made by hand.

        :return: the quantity by line of the invoice, in its unit, and the reductions
            by the lines that they belong to (`account.move.line`), taxes included, in
            the currency of the invoice
        :rtype: tuple[dict, dict]
        """
        self.ensure_one()
        # Most invoices have no credit note: nothing is searched for each of them.
        if not self.sudo().reversal_move_ids:
            return defaultdict(float), defaultdict(float)
        quantities, reductions = self._match_credit_notes(
            self._get_other_credit_notes()
        )
        # What is credited counts, whoever may see it.
        for one in (
            self.env["account.collection.return"]
            .sudo()
            .search([("attached_move_ids.reversed_entry_id", "=", self.id)])
        ):
            beyond, cheaper = one._get_beyond(self)
            for line, quantity in beyond.items():
                quantities[line] += quantity
            for lines, amount in cheaper.items():
                reductions[lines] += amount
        return quantities, reductions

    def _match_credit_notes(self, credit_notes):
        """Match what credit notes credit with the goods of the invoice.

        :param credit_notes: credit notes of this invoice (`account.move`)
        :return: as of `_get_credited_goods`
        :rtype: tuple[dict, dict]
        """
        self.ensure_one()
        quantities, reductions = defaultdict(float), defaultdict(float)
        goods = self.invoice_line_ids.filtered(
            lambda line: line.display_type == "product" and line.price_subtotal >= 0
        )
        for other in credit_notes.invoice_line_ids:
            if other.display_type != "product":
                continue
            open_part = 1.0
            for line in goods.filtered(lambda line, other=other: line._is_same(other)):
                quantity = other._get_quantity_in_unit(line) * open_part
                room = line.quantity - quantities[line]
                share = quantity and max(min(room / quantity, 1), 0)
                quantities[line] += quantity * share
                open_part *= 1 - share
            if open_part:
                reductions[self._get_reduced_goods(other)] += (
                    other.currency_id._convert(
                        other.price_total * open_part,
                        self.currency_id,
                        self.company_id,
                        other.move_id.date or self.date,
                        round=False,
                    )
                )
        return quantities, reductions

    def _get_reduced_goods(self, other):
        """Which goods a line of a credit note belongs to that brings none back: those
        of the same product, else of the same name, else on the same account with the
        same taxes, else with the same taxes, else all; of a dispute, those that were
        disputed.

        A deduction from a credit note, like a discount, is shared out by the taxes, as
        the discounts of the invoice are.

        :param other: the line of the credit note (`account.move.line`)
        :return: lines of the invoice (`account.move.line`)
        """
        goods = self._get_priced_goods()
        if other.price_subtotal < 0:
            return self._get_goods_with_taxes(other.tax_ids) or goods
        # What was disputed counts, whoever may see it.
        disputes = self.env["account.collection.dispute"].sudo()
        goods = (
            goods
            & disputes.search(
                [("credit_move_ids", "in", other.move_id.ids)]
            ).invoice_line_ids
        ) or goods
        product = other.product_id
        belonging = (
            lambda line: product and line.product_id == product,
            lambda line: not product and line.name == other.name,
            lambda line: line.account_id == other.account_id,
            lambda line: True,
        )
        for is_its in belonging:
            if found := goods.filtered(
                lambda line, is_its=is_its: (
                    is_its(line) and line.tax_ids == other.tax_ids
                )
            ):
                return found
        return goods.filtered(lambda line: product and line.product_id == product) or (
            goods
        )

    def _get_priced_goods(self):
        """The lines of goods that cost something.

        :return: lines of the invoice (`account.move.line`)
        """
        return self.invoice_line_ids.filtered(
            lambda line: line.display_type == "product" and line.price_subtotal > 0
        )

    def _get_goods_with_taxes(self, taxes):
        """The goods that some taxes apply to.

        :param taxes: the taxes (`account.tax`)
        :return: lines of the invoice (`account.move.line`)
        """
        return self._get_priced_goods().filtered(lambda line: line.tax_ids == taxes)
