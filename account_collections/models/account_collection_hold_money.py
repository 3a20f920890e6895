from odoo import fields, models

from ..tools import allocation
from .account_collection_hold import CASH_REASONS


class AccountCollectionHold(models.Model):
    """How holds follow the money: each is what its agreement still expects, and they
    share what is left of the open item."""

    _name = "account.collection.hold"
    _inherit = ["account.collection.hold"]

    # === BUSINESS METHODS === #

    def _follow_money(self, amount):
        """Hold what an agreement still expects of the open item, or nothing.

        Never more than what other holds leave of its residual: an agreement that a
        returned payment reopens gives way to what was held in between. What is
        disputed, returned or bartered gives way to the others.

        :param float amount: what is expected, in the currency of the item
        """
        self.ensure_one()
        # Nobody who books is kept from it: once all have followed, they are in step.
        self = self.with_context(collection_following=True)
        active = self.line_id.collection_hold_ids.filtered(
            lambda hold: hold.active and hold != self
        )
        expired = active.filtered(lambda hold: hold._is_expired())
        others = active - expired
        yielding = others.filtered(
            lambda hold: hold._yields() and (not self._yields() or hold.id > self.id)
        )
        room = self.line_id.amount_residual_currency - sum(
            (others - yielding).mapped("amount")
        )
        amount = self.currency_id.round(min(amount, room))
        if (
            self.currency_id.compare_amounts(amount, 0) <= 0
            # What has run out makes way for what has not.
            or self._get_rivals(active if self._is_expired() else others)
        ):
            if self.active:
                self.active = False
        elif not self.active or self.currency_id.compare_amounts(amount, self.amount):
            yielding._give_way(room - amount)
            rivals = self._get_rivals(expired)
            rivals.active = False
            rivals.flush_recordset(["active"])
            self.write({"amount": amount, "active": True})

    def _give_way(self, room):
        """Reduce holds on one open item to what is left for them, the latest first.

        :param float room: what they may come to, in the currency of the item
        """
        for hold in self.sorted("id"):
            kept = hold.currency_id.round(min(hold.amount, max(room, 0)))
            room -= kept
            if hold.currency_id.is_zero(kept):
                hold.active = False
            elif hold.currency_id.compare_amounts(kept, hold.amount):
                hold.amount = kept

    # === HELPERS === #

    def _get_rivals(self, others):
        """Which other holds cannot be active together with this one: an open item is in
        one agreement at most that expects money.

        :param others: other holds on the same open item
        """
        cash = others.filtered(lambda hold: hold.reason in CASH_REASONS)
        return cash if self.reason in CASH_REASONS else cash.browse()

    def _get_claim(self):
        """What an agreement expects of the open item, in smallest units.

        :rtype: Claim
        """
        self.ensure_one()

        def get_units(amount):
            return round(amount / self.currency_id.rounding)

        def get_movements(announced):
            return tuple(
                allocation.Movement(fields.Date.to_date(day), get_units(amount))
                for day, amount in announced or []
            )

        return allocation.Claim(
            self.id,
            self.date_start,
            get_units(self.amount_covered),
            get_units(self.received_before),
            self.date_released or None,
            get_units(self.received_by_release),
            get_movements(self.announced_before),
            get_movements(self.announced_by_release),
        )

    def _yields(self):
        """Whether money goes to it last: it expects none, and was not set by hand."""
        return self.reason not in (*CASH_REASONS, "manual")
