from collections import defaultdict

from odoo import models

from .account_collection_return_line import GOING_ON


class AccountMoveLine(models.Model):
    """How much of an invoice line can still come back."""

    _name = "account.move.line"
    _inherit = ["account.move.line"]

    # === CRUD METHODS === #

    def unlink(self):
        goods = self.filtered(lambda line: line.display_type == "product")
        if goods:
            # Whoever changes an invoice need not see what came back of it.
            self.env["account.collection.return.line"].sudo()._outlive(goods)
        return super().unlink()

    # === HELPERS === #

    def _get_returnable_quantities(self, but=None):
        """What was invoiced and not credited, nor is being returned.

        :param but: a return that does not count (`account.collection.return`)
        :return: the quantity of each line, in its unit
        :rtype: dict
        """
        credited = self._get_credited_quantities()
        returning = defaultdict(float)
        # What is on its way counts, whoever may see it.
        for line in (
            self.env["account.collection.return.line"]
            .sudo()
            .search(
                [
                    ("invoice_line_id", "in", self.ids),
                    ("return_id", "not in", but.ids if but else []),
                    ("return_id.state", "in", GOING_ON),
                ]
            )
        ):
            is_here = line.return_id.state == "received"
            returning[line.invoice_line_id.id] += (
                line.quantity_accepted if is_here else line.quantity
            )
        return {
            line: line.quantity - credited[line] - returning[line.id] for line in self
        }

    def _get_credited_quantities(self):
        """What has been credited of invoice lines: by returns, and by credit notes of
        the invoice that somebody made in another way, posted or not.

        :return: the quantity of each line, in its unit
        :rtype: dict
        """
        credited = dict.fromkeys(self, 0.0)
        # Credit notes count, whoever may see them.
        returned = (
            self.env["account.collection.return.line"]
            .sudo()
            .search(
                [
                    ("invoice_line_id", "in", self.ids),
                    ("return_id.state", "=", "credited"),
                ]
            )
        )
        for line in returned:
            credited[line.invoice_line_id.with_env(self.env)] += line.quantity_accepted
        for move, lines in self.grouped("move_id").items():
            quantities, _reductions = move._get_credited_goods()
            for line in lines:
                credited[line] += quantities[line]
        return credited

    def _is_same(self, other):
        """Whether a line of a credit note is about the same goods at the same price,
        as far as it can be written in the unit of the credit note.

        :param other: the line of the credit note (`account.move.line`)
        :rtype: bool
        """
        self.ensure_one()
        if (self.product_id or other.product_id) and self.product_id != (
            other.product_id
        ):
            return False
        if not self.product_id and self.name != other.name:
            return False
        digits = self.env["decimal.precision"].precision_get("Product Price")
        difference = other.quantity * other._get_net_price() - (
            other._get_quantity_in_unit(self) * self._get_net_price()
        )
        return abs(difference) <= 0.51 * 10**-digits * abs(other.quantity)

    def _get_net_price(self):
        """The price of a unit, after the discount of the line.

        :rtype: float
        """
        return self.price_unit * (1 - self.discount / 100)

    def _get_quantity_in_unit(self, line):
        """The quantity in the unit of another line.

        :param line: the other line (`account.move.line`)
        :rtype: float
        """
        unit, other = self.product_uom_id, line.product_uom_id
        if not unit or not other or unit == other:
            return self.quantity
        return unit._compute_quantity(
            self.quantity, other, round=False, raise_if_failure=False
        )
