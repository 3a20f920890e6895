from collections import defaultdict

from odoo import models


class AccountMoveLine(models.Model):
    """How much of an invoice line can still come back."""

    _name = "account.move.line"
    _inherit = ["account.move.line"]

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
                    ("return_id.state", "in", ("requested", "authorized", "received")),
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
        own = (
            self.env["account.collection.return"]
            .sudo()
            .search([("line_ids.move_id", "in", self.move_id.ids)])
            .credit_move_ids
        )
        for move, lines in self.grouped("move_id").items():
            others = move.sudo().reversal_move_ids.filtered(
                lambda credit: credit.state != "cancel"
            )
            quantities = defaultdict(float)
            for other in (others - own).invoice_line_ids:
                if other.display_type == "product":
                    quantities[other._get_goods_key()] += other.quantity
            for line in lines:
                share = min(quantities[line._get_goods_key()], line.quantity)
                quantities[line._get_goods_key()] -= share
                credited[line] += share
        return credited

    def _get_goods_key(self):
        """By which lines of an invoice and of its credit note are about the same."""
        return self.product_id.id or self.name
