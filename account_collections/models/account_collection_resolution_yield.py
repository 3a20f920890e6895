from odoo import models

from .account_collection_hold import CASH_REASONS


class AccountCollectionResolution(models.AbstractModel):
    """Kinds that expect no money: what is disputed, returned or bartered is paid last.

    Money on an item goes to a promise, plan or settlement first, then to what nothing
    covers, and only then to these. Their hold is what they cover, less what their own
    entries have taken off the item, and never more than is left of it.
    """

    _name = "account.collection.resolution"
    _inherit = ["account.collection.resolution"]

    # === BUSINESS METHODS === #

    def _apply_ledger(self, shares, as_of):
        """Hold what is covered and not carried out yet, if no money is expected."""
        if self._expects_money():
            return super()._apply_ledger(shares, as_of)
        is_over = self.state not in self._live_states or self._is_carried_out()
        deducted = self._get_deducted()
        # Written by the evaluation alone, whoever caused it.
        for hold, covered in self.sudo()._get_covered(as_of).items():
            is_open = not is_over and hold.line_id.parent_state == "posted"
            hold._follow_money(
                covered - deducted.get(hold.line_id, 0) if is_open else 0
            )

    # === HELPERS === #

    def _expects_money(self):
        """Whether it is kept by payments of the customer.

        :rtype: bool
        """
        return self._hold_reason in CASH_REASONS

    def _get_covered(self, as_of):
        """How much of its items it covers today, what is carried out included.

        :param datetime.date as_of: the company's day
        :return: the amount of each hold, in the currency of its item
        :rtype: dict
        """
        return {hold: hold.amount_covered for hold in self._get_holds().sorted("id")}

    def _is_carried_out(self):
        """Whether nothing needs to be held any more, although it is in force.

        :rtype: bool
        """
        self.ensure_one()
        return False

    def _get_own_moves(self):
        """The entries that carry it out: credit notes, netting entries.

        :return: entries (`account.move`), posted or not
        """
        self.ensure_one()
        return self.env["account.move"]

    def _get_deducted(self, lines=None):
        """What its own entries have taken off the open items.

        :param lines: which of them (`account.move.line`), all by default
        :return: the amount by item, in its currency
        :rtype: dict
        """
        # They count, whoever may see them.
        resolution = self.sudo()
        moves = resolution._get_own_moves()
        return {
            line: sum(
                partial.debit_amount_currency
                for partial in line.matched_credit_ids
                if partial.credit_move_id.move_id in moves
                and partial.credit_move_id.parent_state == "posted"
            )
            for line in (resolution.line_ids if lines is None else lines)
        }
