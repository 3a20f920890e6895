from odoo import fields, models
from odoo.exceptions import UserError

from ..tools.dialog import prepare_dialog


class AccountCollectionReturn(models.Model):
    """What has arrived of a return, and what it is worth."""

    _name = "account.collection.return"
    _inherit = ["account.collection.return"]

    # === FIELDS === #

    amount_accepted = fields.Monetary(
        string="Value Accepted",
        readonly=True,
        copy=False,
        help="What is credited for the goods that were accepted, taxes included.",
    )
    freight_settled = fields.Monetary(
        readonly=True, copy=False, help="What of the freight is on the credit note."
    )
    date_received = fields.Date(string="Received On", readonly=True, copy=False)

    # === ACTION METHODS === #

    def action_open_receipt(self):
        """Open the form that notes what has arrived.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        return prepare_dialog(
            "account.collection.return.receive",
            self.env._("Goods Received"),
            default_return_id=self.id,
        )

    # === BUSINESS METHODS === #

    def _record_receipt(self, results, freight=None):
        """Note what has arrived: what is accepted will be credited, and the value stays
        held until then. Where nothing is accepted, the return is rejected.

        A stock add-on calls it with what its receipt says. It may be corrected until
        the credit note is posted.

        :param dict results: by return line, the quantity accepted, the quantity
            refused (in the unit of the invoice) and the reason of the refusal
        :param float freight: what is settled for the freight, if it has changed
        :raise UserError: when nothing is awaited, the quantities make no sense, or
            something else was agreed over the value since it expired
        """
        self.ensure_one()
        self._lock_in(("authorized", "received", "expired"))
        is_late = self.state == "expired"
        if self._get_posted_credits():
            raise UserError(
                self.env._(
                    "A credit note of %s is posted. Reset it to draft to correct what "
                    "was received.",
                    self.name,
                )
            )
        for line, (accepted, refused, reason) in results.items():
            if line not in self.return_line_ids:
                raise UserError(
                    self.env._(
                        "%(goods)s is no part of %(name)s.",
                        goods=line.name,
                        name=self.name,
                    )
                )
            line._set_received(accepted, refused, reason)
        self._drop_drafts()
        accepted = self.return_line_ids.filtered("quantity_accepted")
        accepted._check_available("quantity_accepted")
        if not accepted:
            self.sudo().answer = self._get_refusal_text()
            self._end("rejected")
        else:
            self._accept(freight)
            if is_late:
                self._check_not_agreed_since()
                self._open_case()
        self._follow_up()

    def _check_not_agreed_since(self):
        """See that the goods that arrived too late can still be credited: nothing else
        was agreed over their value since the return expired.

        :raise UserError: naming what was agreed, and what to do
        """
        held = sum(self._get_holds().mapped("amount"))
        names = self._get_cover_names()
        if names and self.currency_id.compare_amounts(held, self.amount_accepted) < 0:
            raise UserError(
                self.env._(
                    "%(name)s expired, and %(others)s covers what is owed of the "
                    "invoice since. Cancel that first, or send the goods back.",
                    name=self.name,
                    others=names,
                )
            )

    def _drop_drafts(self):
        """Cancel the credit notes that were set to draft to correct the receipt: the
        next one credits what is accepted now. Those made by hand are left to whoever
        made them."""
        drafts = self.credit_move_ids.filtered(lambda move: move.state == "draft")
        own = drafts - self.attached_move_ids
        if own:
            own.button_cancel()
        # Recorded by the buttons alone.
        one = self.sudo()
        one.credit_move_ids -= drafts - own
        one.attached_move_ids -= drafts

    def _accept(self, freight=None):
        """Hold what was accepted, for as long as it takes to credit it.

        :param float freight: what is settled for the freight, if it has changed
        """
        # What the goods are worth follows from what was accepted.
        one = self.sudo()
        one.freight_settled = one.freight_amount if freight is None else freight
        amount = one._get_accepted_amount()
        if one.currency_id.compare_amounts(amount, 0) <= 0:
            raise UserError(
                self.env._(
                    "Restocking and freight leave nothing to credit. Reduce the "
                    "freight, or refuse the goods."
                )
            )
        one.write(
            {
                "state": "received",
                "amount_accepted": amount,
                "date_end": False,
                "date_received": one.date_received
                or one.company_id._get_collection_day(),
            }
        )
        one._cover_again()

    def _cover_again(self):
        """Hold what was accepted instead of what was expected."""
        one = self.sudo()
        one._get_holds().unlink()
        one._cover()
        one._refresh_case()

    # === HELPERS === #

    def _is_received(self):
        """Whether it is known what has arrived."""
        return bool(self.date_received)

    def _get_accepted_amount(self):
        """What is credited for the goods that were accepted."""
        goods = sum(self.return_line_ids.mapped("amount_accepted"))
        return self._add_freight(goods, self.freight_settled)

    def _get_refusal_text(self):
        """Why goods were refused, in words for the customer."""
        refused = self.return_line_ids.filtered("quantity_refused")
        return "\n".join(
            f"{line.name}: {line.refusal_reason}" for line in refused
        ) or self.env._("Nothing has arrived.")
