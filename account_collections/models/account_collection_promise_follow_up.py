from odoo import models
from odoo.tools.misc import format_date

UNKEPT = ("broken", "partial")


class AccountCollectionPromise(models.Model):
    """What the collector learns of a promise: what became of it, and what to do."""

    _name = "account.collection.promise"
    _inherit = ["account.collection.promise"]

    # === BUSINESS METHODS === #

    def _apply_ledger(self, shares, as_of):
        # What is found is logged when it is acted upon: nobody who pays waits for it.
        promise = self.with_context(mail_notrack=True)
        return super(AccountCollectionPromise, promise)._apply_ledger(shares, as_of)

    def _on_state(self, former):
        result = super()._on_state(former)
        self._log_state(former)
        if former in UNKEPT:
            self._withdraw_requests("unkept")
        if self.state == "kept":
            self._tell_collector(
                self.env._("Promise kept late")
                if self.is_late
                else self.env._("Promise kept")
            )
        elif self.state in UNKEPT:
            self._request("unkept")
        elif self.state == "open" and former == "kept":
            self._tell_collector(
                self.env._("Payment undone: the promise is open again")
            )
        elif self.state == "cancelled" and not self.date_end:
            self.message_post(
                body=self.env._(
                    "Withdrawn: what it covers was credited, written off or cancelled, "
                    "so nothing is expected any more."
                )
            )
        return result

    def _log_state(self, former):
        """Log that the evaluation has changed the state.

        :param str former: the state before
        """
        tracked = self.fields_get(["state"], ["string", "type", "selection"])
        changed, tracking_values = self._mail_track(tracked, {"state": former})
        if changed:
            self._message_log(tracking_value_ids=tracking_values)

    def _tell_collector(self, subject):
        """Leave word with the collector of the case.

        :param str subject: what has happened
        """
        user = self.case_id.user_id or self.user_id
        body = self.env._(
            "%(promise)s of %(customer)s: %(amount)s by %(date)s.",
            promise=self.name,
            customer=self.partner_id.display_name,
            amount=self.currency_id.format(self.amount),
            date=format_date(self.env, self.date_due),
        )
        self.message_post(
            subject=subject,
            body=self.env._("%(event)s. %(details)s", event=subject, details=body),
        )
        if user and user.partner_id:
            self.message_notify(
                partner_ids=user.partner_id.ids, subject=subject, body=body
            )

    # === HELPERS === #

    def _prepare_request(self, key):
        """Ask for a call on the day on which the promise turned out broken, or for a
        look at the bank if the customer said that it is paid."""
        if key != "unkept":
            return super()._prepare_request(key)
        amounts = {
            "promise": self.name,
            "amount": self.currency_id.format(self.amount),
            "received": self.currency_id.format(
                sum(self._get_commitments().mapped("amount_received"))
            ),
        }
        if self.is_paid_already:
            return {
                "act_type_xmlid": "mail.mail_activity_data_todo",
                "summary": self.env._("Check the payment (%s)", self.reference),
                "note": self.env._(
                    "%(promise)s: the customer says that %(amount)s was paid "
                    "(%(reference)s), %(received)s came. Look for the payment, or ask "
                    "for a proof.",
                    reference=self.reference,
                    **amounts,
                ),
            }
        return {
            "act_type_xmlid": "mail.mail_activity_data_call",
            "summary": self.env._("Promise broken: ask why"),
            "note": self.env._(
                "%(promise)s: %(amount)s was promised for %(date)s, %(received)s came.",
                date=format_date(self.env, self.date_due),
                **amounts,
            ),
        }
