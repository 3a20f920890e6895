from odoo import api, fields, models
from odoo.exceptions import LockError, RedirectWarning, UserError
from odoo.tools import SQL
from odoo.tools.misc import format_date

from odoo.addons.base.models.ir_qweb_fields import nl2br_enclose

from ..tools import evaluation


class AccountCollectionSettlement(models.Model):
    """How settlements follow the ledger, and what follows from it.

    Whether the money came in time is a matter of the ledger alone: a payment that is
    imported late makes good a lapse, and an undone one ends what was settled. What is
    posted then is posted afterwards, in a transaction of its own.
    """

    _name = "account.collection.settlement"
    _inherit = ["account.collection.settlement"]

    # === FIELDS === #

    is_paid = fields.Boolean(
        string="Paid in Time",
        readonly=True,
        copy=False,
        help="All that was agreed has come, and in time.",
    )
    explanation = fields.Char(compute="_compute_explanation")

    # === COMPUTE METHODS === #

    @api.depends("state", "limits_exceeded", "requested_by_id", "is_paid", "date_next")
    def _compute_explanation(self):
        for settlement in self:
            settlement.explanation = settlement._get_explanation()

    # === BUSINESS METHODS === #

    def _evaluate(self, as_of=None):
        # The state follows from the ledger, whoever causes the evaluation.
        settlements = self.sudo()
        in_transaction = self.env.context.get("collection_in_transaction")
        for settlement in settlements:
            if settlement._is_paid_as_offered():
                if in_transaction:
                    settlement._trigger_follow_up()
                else:
                    settlement._accept_by_payment()
        result = super(AccountCollectionSettlement, settlements)._evaluate(as_of)
        due = settlements.filtered(
            lambda one: one._is_evaluated() and one.is_paid != one.is_remitted
        )
        if in_transaction and due:
            due._trigger_follow_up()
        elif not in_transaction:
            undone = settlements.filtered(lambda one: one._is_undone_by_hand())
            (settlements - due - undone)._close_requests()
            for settlement in due:
                settlement._follow_payment()
            for settlement in undone - due:
                settlement._ask_accountant(settlement._get_undone_text())
        return result

    def _get_evaluated_state(self, outcomes, as_of):
        if not self.date_accepted:
            return {"state": self._get_offer_state(as_of)}
        missed = [
            commitment
            for commitment, outcome in zip(
                self._get_commitments(), outcomes, strict=True
            )
            if outcome.state in ("kept_late", "partial", "broken")
        ]
        is_void = all(outcome.state == "void" for outcome in outcomes)
        is_paid = (
            not is_void
            and not self._has_successor()
            # Nothing is given up for money that is dated ahead.
            and all(
                outcome.state == "void"
                or (outcome.state == "kept" and outcome.date_kept <= as_of)
                for outcome in outcomes
            )
        )
        if is_void:
            state = "cancelled"
        elif is_paid and self.is_remitted and self._is_given_up():
            state = "settled"
        elif any(self._get_wait_end(commitment) < as_of for commitment in missed):
            state = "lapsed"
        else:
            state = "accepted"
        return {"state": state, "is_paid": is_paid}

    def _get_offer_state(self, as_of):
        """The state of an offer that the customer has not answered.

        :param datetime.date as_of: the day of the evaluation
        :rtype: str
        """
        if self._is_paid_as_offered():
            return "offered"
        if self._is_needless():
            return self._cancelled_state
        return "lapsed" if self.date_expiry < as_of else "offered"

    def _is_needless(self):
        """Whether nothing was left to settle before the offer expired.

        :rtype: bool
        """
        shares = self._get_shares(self._get_holds().line_id)
        own = [shares[hold.id] for hold in self._get_holds()]
        return not any(share.expected for share in own) and all(
            movement.date <= self.date_expiry
            for share in own
            for movement in share.receipts + share.reductions
        )

    def _is_paid_as_offered(self):
        """Whether what falls due before the offer expires was paid in time, without
        another answer of the customer: all of it, if nothing falls due before.

        :rtype: bool
        """
        self.ensure_one()
        if self.date_accepted or not self._is_evaluated():
            return False
        shares = self._get_shares(self._get_holds().line_id)
        terms = [
            evaluation.Term(
                payment.date_due,
                self._to_units(payment.amount),
                payment.date_due,
                self._to_units(self._get_least(payment.amount)),
            )
            for payment in self.payment_ids
        ]
        outcomes = evaluation.evaluate(
            terms,
            [one for hold in self._get_holds() for one in shares[hold.id].receipts],
            [one for hold in self._get_holds() for one in shares[hold.id].reductions],
            self.date_expiry,
            slack=self._to_units(self.amount_waived),
        )
        by_expiry = [
            outcome
            for term, outcome in zip(terms, outcomes, strict=True)
            if term.date_due <= self.date_expiry
        ]
        return bool(terms) and all(
            outcome.state == "kept" and outcome.date_kept <= self.date_expiry
            for outcome in by_expiry or outcomes
        )

    def _accept_by_payment(self):
        """Take the payment of what was offered for the acceptance of the offer."""
        # Who accepted stands in the document of the customer.
        env = self.with_context(lang=self._get_lang()).env
        self._record_acceptance(env._("%s, by payment", self.partner_id.name))

    def _follow_payment(self):
        """Post what follows from the payment or from its loss; where that cannot be
        posted, ask the accountant and leave everything as it was."""
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                if self.is_paid:
                    self._settle()
                else:
                    self._post_reversal()
        except LockError:
            # Somebody else is at it just now: then they follow it up.
            raise
        except (UserError, RedirectWarning) as error:
            self.invalidate_recordset()
            self._ask_accountant(self._get_accountant_note(error.args[0]))

    def _settle(self):
        """Close the debt: give up the remainder.

        :raise UserError: when it cannot be posted, with Odoo's own message, or would
            not close what is covered
        """
        self.ensure_one()
        # A payment that is undone at the same moment makes this transaction fail.
        self.lock_for_update()
        self.is_remitted = True
        self._post_remainder()
        self._check_given_up()
        self._close_requests()
        self.state = "settled"
        self._follow_up()

    def _ask_accountant(self, text):
        """Ask for help with what cannot be posted: once, until it is.

        :param str text: what has happened, and what to do
        """
        self.ensure_one()
        key = "settle" if self.is_paid else "reverse"
        # It is asked for by the rule, whoever causes it.
        asked = self.sudo().activity_ids.filtered("automated")
        if asked.filtered(
            lambda one: (
                one.collection_key == key and one.note == nl2br_enclose(text, "p")
            )
        ):
            return
        asked.unlink()
        self._request(key, self, note=text)

    def _close_requests(self):
        """What could not be posted is posted now, or need not be any more."""
        # The request may be somebody else's.
        self.sudo().activity_ids.filtered("automated").unlink()

    def _on_state(self, former):
        result = super()._on_state(former)
        if self.state == "settled":
            self._send_notice("mail_template_settlement_closed")
        elif self.state == "lapsed":
            self._tell_lapsed(former)
        elif self.state == "cancelled" and (explanation := self._get_explanation()):
            self.message_post(body=explanation)
        elif former == "lapsed":
            self.message_post(
                body=self.env._("A payment came in time after all: it did not lapse.")
            )
        if former == "settled" and self.is_paid and self.is_remitted:
            self._open_case()
            self.case_id.sudo().message_post(body=self._get_undone_text())
        elif former == "settled":
            self._tell_undone()
        return result

    def _tell_lapsed(self, former):
        """Leave word that the full debt is back.

        :param str former: the state before
        """
        self.message_post(body=self._get_explanation())
        if former != "settled":
            self._send_notice("mail_template_settlement_lapsed", is_demand=True)

    def _tell_undone(self):
        """Leave word on the case that a payment was undone after all was settled."""
        record = self.case_id or self
        record.message_post(
            body=self.env._(
                "A payment of %(settlement)s was undone after it was settled: what had "
                "been given up (%(amount)s) is owed again.",
                settlement=self.name,
                amount=self.currency_id.format(self.amount_waived),
            )
        )

    # === HELPERS === #

    def _get_unfinished_condition(self, is_new_day):
        # What could not be posted is tried again the next day, whatever the state.
        return SQL(
            """
            %s OR (%s) AND COALESCE(is_paid, FALSE) != COALESCE(is_remitted, FALSE)
            """,
            super()._get_unfinished_condition(is_new_day),
            is_new_day,
        )

    def _get_last_day(self, commitment):
        # What is not dated in time does not count for a settlement.
        last = super()._get_last_day(commitment)
        return min(filter(None, (last, commitment.date_limit)))

    def _get_wait_end(self, commitment):
        """The last day on which the bank statement of a payment is waited for.

        :param commitment: the payment (`account.collection.commitment`)
        :rtype: datetime.date
        """
        return fields.Date.add(commitment.date_limit, days=self.wait_days)

    def _prepare_request(self, key):
        summaries = {
            "settle": self.env._("Settle by hand: %s", self.name),
            "reverse": self.env._("Reverse by hand: %s", self.name),
        }
        if key not in summaries:
            return super()._prepare_request(key)
        return {
            "act_type_xmlid": "mail.mail_activity_data_todo",
            "summary": summaries[key],
        }

    def _get_accountant_note(self, error):
        """Say what the accountant has to do about what cannot be posted.

        :param error: what Odoo says about it
        :rtype: str
        """
        if self.is_paid:
            return self.env._(
                "%(settlement)s is paid, but the remainder could not be given up: "
                "%(error)s\nRemove the cause, then press Settle.",
                settlement=self.name,
                error=error,
            )
        return self.env._(
            "The payment of %(settlement)s was undone, but %(entries)s could not be "
            "reversed: %(error)s\nReverse them on a day that is open and reconcile "
            "them, or remove the cause and press Reverse.",
            settlement=self.name,
            entries=", ".join(self.move_ids.mapped("name")),
            error=error,
        )

    def _get_explanation(self):
        """Say what a settlement waits for, or why it has ended, or nothing.

        :return: a sentence in the user's language
        :rtype: str
        """
        if self.state == "draft" and self.requested_by_id:
            return self.env._(
                "Waits for the approval of another manager: %s",
                self.limits_exceeded.replace("\n", " "),
            )
        if self.state == "offered":
            return self.env._(
                "Waits for the answer of the customer until %s.",
                format_date(self.env, self.date_expiry),
            )
        if self._is_undone_by_hand():
            return self._get_undone_text()
        if self.state == "accepted" and self.is_paid:
            return self.env._(
                "Paid in time: the remainder is given up in a moment. If it is not, "
                "an activity says why."
            )
        if self.state == "accepted":
            return self._get_expectation_text()
        if self.state == "lapsed" and self.is_remitted:
            return self.env._(
                "Its payment was undone: what had been given up has to be reversed."
            )
        if self.state == "lapsed" and not self.date_accepted:
            return self.env._(
                "Nobody accepted it by %s: the full debt is due.",
                format_date(self.env, self.date_expiry),
            )
        if self.state == "lapsed":
            return self.env._(
                "Not everything was paid in time: the full debt is due. What was paid "
                "stays applied."
            )
        if self._is_evaluated() and self.state == "cancelled":
            return (
                ""
                if self._has_successor()
                else self.env._(
                    "Nothing was left to settle: what it covered was credited, written "
                    "off or paid."
                )
            )
        return ""

    def _get_expectation_text(self):
        """Say what is paid next, and what in all.

        :rtype: str
        """
        # What is agreed counts, whoever may see it.
        commitments = self._get_commitments()
        days = [day for day in commitments.mapped("date_kept") if day]
        if days and not self.amount_open:
            return self.env._(
                "A payment is dated ahead: the remainder is given up on %s.",
                format_date(self.env, max(days)),
            )
        following = commitments.filtered(
            lambda commitment: (
                commitment.amount_open and commitment.date_due == self.date_next
            )
        )
        due = sum(following.mapped("amount_open"))
        values = {
            "amount": self.currency_id.format(due),
            "date": format_date(self.env, self.date_next),
        }
        if not self.currency_id.compare_amounts(due, self.amount_open):
            return self.env._("%(amount)s is expected by %(date)s.", **values)
        return self.env._(
            "%(amount)s is expected by %(date)s, and %(total)s in all.",
            total=self.currency_id.format(self.amount_open),
            **values,
        )
