from collections import defaultdict

from odoo import models


class AccountMove(models.Model):
    """What was credited of an invoice in another way than by a return."""

    _name = "account.move"
    _inherit = ["account.move"]

    # === HELPERS === #

    def _get_other_credit_notes(self):
        """The credit notes of invoices that no return has made, posted or not.

        :return: credit notes (`account.move`), whoever may see them
        """
        invoices = self.sudo()
        if not invoices.reversal_move_ids:
            return invoices.browse()
        own = (
            invoices.env["account.collection.return"]
            .search([("line_ids.move_id", "in", self.ids)])
            .credit_move_ids
        )
        return invoices.reversal_move_ids.filtered(
            lambda credit: credit.state != "cancel" and credit not in own
        )

    def _get_credited_goods(self):
        """Which goods came back in another way than by a return, and by how much the
        others were made cheaper.

        The same goods at the same price came back. Anything else, like the credit
        notes of disputes and settlements, brings no goods and reduces what they are
        worth.

        :return: the quantity by line of the invoice, in its unit, and the amount of
            the reductions, taxes included, in its currency
        :rtype: tuple[dict, float]
        """
        self.ensure_one()
        quantities, reduction = defaultdict(float), 0.0
        goods = self.invoice_line_ids.filtered(
            lambda line: line.display_type == "product" and line.price_subtotal >= 0
        )
        for other in self._get_other_credit_notes().invoice_line_ids:
            if other.display_type != "product":
                continue
            open_part = 1.0
            for line in goods.filtered(lambda line, other=other: line._is_same(other)):
                quantity = other._get_quantity_in_unit(line) * open_part
                room = line.quantity - quantities[line]
                share = quantity and max(min(room / quantity, 1), 0)
                quantities[line] += quantity * share
                open_part *= 1 - share
            reduction += other.currency_id._convert(
                other.price_total * open_part,
                self.currency_id,
                self.company_id,
                other.move_id.date or self.date,
                round=False,
            )
        return quantities, self.currency_id.round(reduction)
