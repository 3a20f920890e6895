from odoo import api, models

from .account_collection_hold import CASH_REASONS


class AccountCollectionResolution(models.AbstractModel):
    """What agreements hold of the open items."""

    _name = "account.collection.resolution"
    _inherit = ["account.collection.resolution"]

    # === BUSINESS METHODS === #

    def _cover(self):
        """Hold what is covered of each open item, the oldest first."""
        left = self._get_cover_amount()
        vals_list = []
        movements = self.env["account.collection.ledger"]._get_movements(self.line_ids)
        for line, free in self._get_free_amounts().items():
            covered = self.currency_id.round(min(free, left))
            if self.currency_id.compare_amounts(covered, 0) <= 0:
                continue
            left -= covered
            receipts, _reductions = movements[line.id]
            vals_list.append(self._prepare_hold(line, covered, receipts))
        self._release_manual_holds(vals_list)
        if self._hold_reason in CASH_REASONS:
            self._release_claims(self._get_past_holds())
        # Holds of agreements are written by the agreements alone.
        self.env["account.collection.hold"].sudo().create(vals_list)

    def _prepare_hold(self, line, covered, receipts):
        """Prepare the hold on one open item.

        :param line: the open item (`account.move.line`)
        :param float covered: how much of it is covered, in its currency
        :param list receipts: the money that it has so far, each with its day
        :return: values of an `account.collection.hold`
        :rtype: dict
        """
        received, announced = self._split_receipts(receipts, self.date_start)
        return {
            "line_id": line.id,
            "amount": covered,
            "amount_covered": covered,
            "received_before": received,
            "announced_before": announced,
            "date_start": self.date_start,
            "date_end": self._get_hold_end(),
            "reason": self._hold_reason,
            "note": self.name,
            "res_model": self._name,
            "res_id": self.id,
        }

    def _get_hold_end(self):
        """The last day of the holds, or False while it is open-ended."""
        return False

    # === HELPERS === #

    def _get_holds(self):
        """What these agreements hold, and have held.

        :return: holds (`account.collection.hold`), whoever may see them
        """
        # Who may act on an agreement need not see what is held of its customer.
        return self.sudo().hold_ids

    def _get_cover_amount(self):
        """How much of the open items it covers, in its currency."""
        return self.amount

    def _get_free_amounts(self):
        """What of each open item can be covered, by due date.

        :return: the amount of each item, in its currency
        :rtype: dict
        """
        return self._get_unagreed_amounts()

    def _get_unagreed_amounts(self):
        """What is left of each open item, by due date: its residual, less registered
        payments and what other agreements hold.

        :return: the amount of each item, in its currency
        :rtype: dict
        """
        items = self.env["account.collection.open.item"]._get_open_items(
            self.company_id, self.date_start, self.partner_id.ids
        )
        replaced = self._get_others() if self.is_replacing else []
        free = {}
        for item in items:
            line = self.line_ids.filtered(
                lambda line, item=item: line._origin.id == item["line_id"]
            )
            if not line:
                continue
            held = sum(
                hold.amount
                for hold in line.sudo().collection_hold_ids
                if hold.active
                and not hold._is_expired()
                and hold.reason != "manual"
                and (hold.res_model, hold.res_id)
                not in [(other._name, other.id) for other in [self, *replaced]]
            )
            free[line] = max(item["residual"] - held, 0)
        return free

    def _get_cover_names(self):
        """Name what covers its open items besides itself.

        :rtype: str
        """
        # What binds the customer counts, even if the user may not see it.
        holds = self.line_ids.sudo().collection_hold_ids.filtered(
            lambda hold: (
                hold.res_model
                and (hold.res_model, hold.res_id) != (self._name, self._origin.id)
                and not hold._is_expired()
            )
        )
        return ", ".join(dict.fromkeys(holds.filtered("note").mapped("note")))

    @api.model
    def _split_receipts(self, receipts, day):
        """Tell the money that has come by a day from what is dated later.

        :param list receipts: days and amounts
        :param datetime.date day: the day
        :return: the sum of what has come, and the rest as JSON knows it
        :rtype: tuple[float, list]
        """
        return (
            sum(amount for date, amount in receipts if date <= day),
            [[date.isoformat(), amount] for date, amount in receipts if date > day],
        )

    def _release_manual_holds(self, vals_list=()):
        """Let what is agreed take the place of what was only put off, as far as it
        covers it: the rest stays put off.

        :param list vals_list: values of the holds that are to be made
        """
        needed = {vals["line_id"]: vals["amount"] for vals in vals_list}
        # Holds set by others give way too.
        for line in self.line_ids.sudo():
            holds = line.collection_hold_ids.filtered(
                lambda hold: hold.active and not hold._is_expired()
            )
            manual = holds.filtered(lambda hold: hold.reason == "manual")
            agreed = sum((holds - manual).mapped("amount")) + needed.get(line.id, 0)
            manual._give_way(line.amount_residual_currency - agreed)
        self.env.flush_all()
