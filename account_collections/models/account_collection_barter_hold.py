from odoo import models


class AccountCollectionBarter(models.Model):
    """What of the open items is not chased because something is given for it.

    Until the deadline that is what was agreed; once it is delivered, what was
    accepted. A barter is settled while its entries are posted and matched and nothing
    more can be set off: who undoes that opens it again.
    """

    _name = "account.collection.barter"
    _inherit = ["account.collection.barter"]

    # === BUSINESS METHODS === #

    def _apply_ledger(self, shares, as_of):
        """Find the state that the ledger and the deadline show, and hold by it."""
        self.ensure_one()
        if not self._is_evaluated():
            return super()._apply_ledger(shares, as_of)
        # Written by the evaluation alone, whoever caused it.
        barter = self.sudo()
        state = self._get_ledger_state(as_of)
        self._write_changes(
            barter,
            {
                "state": state,
                "date_end": (self.date_end or as_of) if state == "settled" else False,
            },
        )
        date_end = self.date_deadline if state == "agreed" else False
        for hold in barter._get_holds():
            self._write_changes(hold, {"date_end": date_end})
        return super()._apply_ledger(shares, as_of)

    # === HELPERS === #

    def _get_ledger_state(self, as_of):
        """The state that follows from the deadline and from its entries.

        :param datetime.date as_of: the company's day
        :rtype: str
        """
        if self.state == "agreed" and as_of > self.date_deadline:
            return "delivered" if self._is_accepted() else "agreed"
        if self.state in ("delivered", "settled"):
            return "settled" if self._is_carried_out() else "delivered"
        return self.state

    def _get_covered(self, as_of):
        """Until the deadline what was agreed, then what was accepted."""
        covered = super()._get_covered(as_of)
        if self.state == "agreed" and as_of <= self.date_deadline:
            return covered
        left = min(self.amount, self.amount_accepted)
        for hold, amount in covered.items():
            covered[hold] = self.currency_id.round(min(amount, left))
            left -= covered[hold]
        return covered

    def _is_evaluated(self):
        # Who undoes the matching opens a settled barter again.
        return super()._is_evaluated() or self.state == "settled"

    def _get_own_moves(self):
        return super()._get_own_moves() | self.netting_move_id

    def _is_carried_out(self):
        """Whether the bill stands, the netting entry, if there is one, is matched with
        it and with the open items, and nothing more of them can be set off."""
        # Entries count, whoever may see them.
        barter = self.sudo()
        bill, netting = barter.bill_id, barter.netting_move_id
        if not bill._filter_in_force():
            return False
        if netting and not netting._filter_in_force():
            return False
        others = (bill.line_ids | barter.line_ids).filtered(
            lambda line: line.parent_state == "posted"
        )
        return all(
            barter._is_matched(line, others) for line in barter._get_netting_lines()
        ) and not barter._get_netting_shares(
            -barter._get_payable_line().amount_residual_currency
        )
