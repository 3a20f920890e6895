from odoo import models


class AccountCollectionSettlement(models.Model):
    """What gave up the remainder, and was reversed or unmatched by hand: the settlement
    is open again until somebody settles or cancels it.
    """

    _name = "account.collection.settlement"
    _inherit = ["account.collection.settlement"]

    # === BUSINESS METHODS === #

    def _match_entries(self):
        """Match what was unmatched by hand with the covered items again, and what was
        reversed by hand with what reversed it."""
        for move in self._get_given_up_moves():
            reversals = move.reversal_move_ids.filtered(
                lambda reversal: reversal.state == "posted"
            )
            own = move._get_receivables()
            if reversals:
                own.remove_move_reconcile()
                (own | reversals._get_receivables())._reconcile_collection()
                self.move_ids |= reversals
                continue
            own._reconcile_in_turn(self._get_items_to_credit() & self.hold_ids.line_id)

    # === HELPERS === #

    def _is_given_up(self):
        """Whether the entries that gave up the remainder are in force and matched with
        the covered items.

        :rtype: bool
        """
        # Entries count, whoever may see them.
        settlement = self.sudo()
        items = settlement.hold_ids.line_id
        in_force = settlement._get_moves_in_force()
        return not settlement._get_given_up_moves() - in_force and all(
            settlement._is_matched(line, items) for line in in_force._get_receivables()
        )

    def _is_undone_by_hand(self):
        """Whether all was paid in time, and what was given up is open again.

        :rtype: bool
        """
        return self.state == "accepted" and self.is_paid and self.is_remitted

    def _get_given_up_moves(self):
        """What gave up the remainder and was not reversed by the settlement since.

        :return: entries (`account.move`), also those that were reversed by hand
        """
        reversals = self.move_ids.filtered(
            lambda move: move.reversed_entry_id in self.move_ids
        )
        return self.move_ids - reversals - reversals.reversed_entry_id

    def _get_undone_text(self):
        """Say that what was given up is open again, and what to do.

        :rtype: str
        """
        return self.env._(
            "%(settlement)s is paid, but %(entries)s was reversed or unmatched by "
            "hand: what was given up is open again. Press Settle to give it up anew, "
            "or Cancel to collect it.",
            settlement=self.name,
            entries=", ".join(self._get_given_up_moves().mapped("name")),
        )


class AccountCollectionLedger(models.AbstractModel):
    _name = "account.collection.ledger"
    _inherit = ["account.collection.ledger"]

    # === BUSINESS METHODS === #

    def _follow(self, lines):
        """What reverses an entry of a settlement undoes it, matched with it or not."""
        result = super()._follow(lines)
        if reversed_ := lines.move_id.reversed_entry_id:
            # Settlements follow the ledger, whoever books.
            self.env["account.collection.settlement"].sudo().search(
                [("move_ids", "in", reversed_.ids)]
            ).with_context(collection_in_transaction=True)._evaluate()
        return result
