from odoo import models

from odoo.addons.base.models.ir_qweb_fields import nl2br_enclose


class AccountCollectionBarter(models.Model):
    """Who is asked to look after a barter: whoever agreed on it."""

    _name = "account.collection.barter"
    _inherit = ["account.collection.barter"]

    # === BUSINESS METHODS === #

    def _evaluate(self, as_of=None):
        result = super()._evaluate(as_of)
        if not self.env.context.get("collection_in_transaction"):
            for barter in self:
                barter._tell_overdue(as_of or barter.company_id._get_collection_day())
        return result

    def _tell_overdue(self, day):
        """Say once that nothing was delivered by the deadline: the hold has ended.

        :param datetime.date day: the company's day
        """
        if self.state != "agreed" or self.date_escalated or day <= self.date_deadline:
            return
        # Nobody writes it by hand.
        self.sudo().date_escalated = day
        self.message_post(
            body=self.env._(
                "Nothing was delivered in time: the amount is collected again. Accept "
                "what comes late, or cancel the barter."
            )
        )
        self._close_requests()
        self._schedule(self.env._("Barter not delivered in time"), day)
        self._refresh_case()

    def _on_state(self, former):
        """Ask for what is to be done next."""
        result = super()._on_state(former)
        if self.state == "agreed" and former == "proposed":
            return result
        self._close_requests()
        today = self.company_id._get_collection_day()
        if self.state == "delivered":
            if former == "settled":
                self._tell_undone()
                self._schedule(
                    self.env._("The set-off was undone: settle again, or cancel"), today
                )
            else:
                self._schedule(self.env._("Settle the barter"), today)
        elif self.state == "agreed":
            self._ask_to_receive()
        elif self.state == "settled":
            self.message_post(body=self._get_settled_text())
        return result

    def _tell_undone(self):
        """Leave word on the case that what was settled is open again."""
        self._open_case()
        held = sum(self._get_holds().filtered("active").mapped("amount"))
        self.case_id.sudo().message_post(
            body=self.env._(
                "The set-off of %(barter)s was undone after it was settled. "
                "%(amount)s is held until it is settled again or cancelled.",
                barter=self.name,
                amount=self.currency_id.format(held),
            )
        )

    def _ask_to_receive(self):
        """Ask whoever agreed on it to see that it is delivered by the deadline."""
        self._schedule(self.env._("Receive what was agreed"), self.date_deadline)

    def _get_settled_text(self):
        """Say what the settlement came to.

        :rtype: str
        """
        payable = self._get_payable_line()
        left = -payable.amount_residual_currency
        text = self.env._(
            "%(bill)s over %(total)s: %(set_off)s set off.",
            bill=self.bill_id.name,
            total=self.currency_id.format(self.bill_id.amount_total),
            set_off=self.currency_id.format(self.bill_id.amount_total - left),
        )
        if self.currency_id.is_zero(left):
            return text
        return (
            text
            + " "
            + self.env._(
                "%s stays payable to the customer.", self.currency_id.format(left)
            )
        )

    # === HELPERS === #

    def _schedule(self, summary, date_deadline):
        """Ask for something to be done.

        :param str summary: what
        :param datetime.date date_deadline: by when
        """
        # Whoever works on a barter need not be allowed to give others work.
        self.sudo().activity_schedule(
            "mail.mail_activity_data_todo",
            date_deadline=date_deadline,
            summary=summary,
            note=nl2br_enclose(
                self.env._(
                    "%(customer)s gives %(amount)s in barter.",
                    customer=self.partner_id.display_name,
                    amount=self.currency_id.format(self.amount_total),
                ),
                "p",
            ),
            user_id=(self.user_id or self.env.user).id,
            automated=True,
        )

    def _close_requests(self):
        """What was asked for is done."""
        # The request may be somebody else's.
        self.sudo().activity_ids.filtered("automated").unlink()
