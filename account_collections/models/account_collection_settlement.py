from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools.misc import format_date

from .account_collection_resolution_acceptance import DECIDED, TERMS


class AccountCollectionSettlement(models.Model):
    """A debt that is closed by paying a part of it in time.

    An offer holds the whole of what it covers until it expires. Once it is accepted,
    the agreed payments are waited for; when they have come in time, the remainder is
    credited (a price concession) or written off (an impairment). If they have not, the
    full debt is back, and what was paid stays applied.
    """

    _name = "account.collection.settlement"
    _description = "Settlement"
    _inherit = ["account.collection.resolution.acceptance"]

    _hold_reason = "settlement"
    _live_states = ("offered", "accepted")
    _acceptable_states = ("offered",)
    _deadline_field = "date_expiry"
    _terms_fields = frozenset(
        TERMS | {"nature", "date_expiry", "payment_ids", "amount_covered"}
    )
    _decided_fields = frozenset(
        DECIDED
        | {"requested_by_id", "approved_by_id", "wait_days", "is_paid", "is_remitted"}
        | {"move_ids"}
    )

    # === FIELDS === #

    state = fields.Selection(
        selection_add=[
            ("offered", "Offered"),
            ("accepted", "Accepted"),
            ("settled", "Settled"),
            ("lapsed", "Lapsed"),
            ("cancelled", "Cancelled"),
        ],
        ondelete={
            state: "cascade"
            for state in ("offered", "accepted", "settled", "lapsed", "cancelled")
        },
    )
    amount = fields.Monetary(
        string="To Pay", help="What the customer pays for the debt to be closed."
    )
    amount_covered = fields.Monetary(
        string="Debt",
        compute="_compute_amount_covered",
        store=True,
        help="What was owed of the open items when the settlement was offered.",
    )
    amount_waived = fields.Monetary(string="Given Up", compute="_compute_amount_waived")
    discount_percent = fields.Float(
        string="Discount (%)", compute="_compute_amount_waived"
    )
    nature = fields.Selection(
        [
            ("concession", "Price concession: credit notes, taxes reduced"),
            ("impairment", "Impairment: write-off, no credit note"),
        ],
        required=True,
        help="A price concession lowers the price: credit notes are spread over the "
        "invoices, and their taxes are reduced in proportion. An impairment leaves the "
        "price as it is: what is not paid is a bad debt. Whether its taxes can be "
        "claimed back is left to the accountant.",
    )
    date_expiry = fields.Date(
        string="Offer Expires On",
        required=True,
        # It is the same for everybody, even if they see one branch only.
        default=lambda self: fields.Date.add(
            self.env.company._get_collection_day(),
            days=self.env.company.root_id.sudo().collection_offer_days,
        ),
        help="The last day on which the customer can accept.",
    )
    payment_ids = fields.One2many(
        "account.collection.settlement.payment",
        "settlement_id",
        string="Payments",
        copy=True,
        help="When the amount is paid. Without any, all of it is due on the day on "
        "which the offer expires.",
    )
    requested_by_id = fields.Many2one(
        "res.users",
        string="Asked For Approval",
        readonly=True,
        copy=False,
        help="Who offered it beyond the limit of the policy.",
    )
    approved_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    wait_days = fields.Integer(
        string="Wait for the Bank",
        readonly=True,
        copy=False,
        help="Days after the last day of a payment within which a bank statement that "
        "comes late is waited for. What counts is the day of the payment.",
    )
    amount_received = fields.Monetary(
        string="Received", compute="_compute_amounts", compute_sudo=True
    )
    amount_open = fields.Monetary(
        string="Still Expected", compute="_compute_amounts", compute_sudo=True
    )
    date_next = fields.Date(
        string="Next Payment", compute="_compute_amounts", compute_sudo=True
    )

    # === CONSTRAINT METHODS === #

    @api.constrains("amount", "payment_ids")
    def _check_payments(self):
        for settlement in self:
            payments = settlement.payment_ids
            total = sum(payments.mapped("amount"))
            if payments and settlement.currency_id.compare_amounts(
                total, settlement.amount
            ):
                raise UserError(
                    self.env._(
                        "The payments come to %(total)s, but %(amount)s is to be paid. "
                        "Change the last one by the difference.",
                        total=settlement.currency_id.format(total),
                        amount=settlement.currency_id.format(settlement.amount),
                    )
                )

    # === COMPUTE METHODS === #

    @api.depends("line_ids", "is_replacing", "date_start")
    def _compute_amount_covered(self):
        for settlement in self:
            if settlement._is_draft():
                settlement.amount_covered = sum(settlement._get_free_amounts().values())

    @api.depends("amount", "amount_covered")
    def _compute_amount_waived(self):
        for settlement in self:
            waived = settlement.amount_covered - settlement.amount
            settlement.amount_waived = waived
            settlement.discount_percent = (
                settlement.amount_covered and 100 * waived / settlement.amount_covered
            )

    @api.depends("commitment_ids.amount_received", "commitment_ids.amount_open")
    def _compute_amounts(self):
        for settlement in self:
            payments = settlement.commitment_ids
            expected = payments.filtered("amount_open")
            settlement.amount_received = sum(payments.mapped("amount_received"))
            settlement.amount_open = sum(payments.mapped("amount_open"))
            settlement.date_next = min(expected.mapped("date_due"), default=False)

    # === CRUD METHODS === #

    def write(self, vals):
        result = super().write(vals)
        terms = self._terms_fields - {"amount_covered", "date_start"}
        if terms & vals.keys() and not self._is_moving(vals):
            self._withdraw_request()
        return result

    # === ACTION METHODS === #

    def action_confirm(self):
        """Offer settlements to their customers. One beyond the policy is not offered
        before a manager has approved it.

        :raise UserError: when one is not a draft, makes no sense, or covers what
            something else covers already
        """
        result = super().action_confirm()
        self.filtered(lambda one: one.state == "offered")._send_agreement()
        return result

    def action_approve(self):
        """Offer settlements beyond the policy.

        :raise UserError: when one waits for no approval, when the user is no manager,
            or asked for it
        """
        for settlement in self:
            settlement._lock_in(("draft",))
            settlement._check_approval()
            settlement._check_others()
            settlement._check_limits()
            # Who may approve has been checked.
            settlement.sudo().approved_by_id = self.env.user
            settlement._start()
        self._send_agreement()

    def action_accept(self, name=None):
        """Record that the customer accepts the offer.

        :param str name: who accepts, at the customer's; the customer by default
        :raise UserError: when nothing is offered any more, or a payment is past that
            has not come
        """
        for partner, settlements in self.grouped("partner_id").items():
            super(AccountCollectionSettlement, settlements).action_accept(
                partner.name if name is None else name
            )
            for settlement in settlements:
                settlement._check_payments_missed()
        return True

    def action_cancel(self):
        """Withdraw settlements: what is not paid is collected again. What a settled one
        has posted is reversed.

        :raise UserError: when one has ended, or was settled and the user is no manager
        """
        for settlement in self:
            settlement._lock_in(("draft", *self._live_states, "settled"))
            if (
                settlement.state == "settled" or settlement._is_undone_by_hand()
            ) and not settlement._is_manager():
                raise UserError(
                    self.env._(
                        "%s is settled. Ask a manager to cancel it.", settlement.name
                    )
                )
            settlement._post_reversal()
            settlement._end(settlement._cancelled_state)

    # === BUSINESS METHODS === #

    def _check_owed(self):
        # The whole of what is free is covered, and less than that is paid.
        self._compute_amount_covered()
        result = super()._check_owed()
        if self.currency_id.compare_amounts(self.amount_waived, 0) <= 0:
            raise UserError(
                self.env._(
                    "%(amount)s is all that can be covered on these open items, so "
                    "nothing would be given up. Take a promise or make a plan.",
                    amount=self.currency_id.format(self.amount_covered),
                )
            )
        return result

    def _check_limits(self):
        result = super()._check_limits()
        # Payments can be added and removed without the settlement being written.
        self._check_payments()
        today = self.company_id._get_collection_day()
        for date in [self.date_expiry, *self.payment_ids.mapped("date_due")]:
            if date < today:
                raise UserError(
                    self.env._(
                        "%s is past. Choose today or a later day.",
                        format_date(self.env, date),
                    )
                )
        self._check_nature()
        return result

    def _check_approval(self):
        if not self.requested_by_id:
            raise UserError(self.env._("%s waits for no approval.", self.name))
        result = super()._check_approval()
        if self.env.user in (self.requested_by_id, self.create_uid):
            raise UserError(
                self.env._(
                    "Nobody approves their own settlements beyond the limit. Ask "
                    "another manager."
                )
            )
        return result

    def _check_acceptable(self):
        if self.date_expiry < self.company_id._get_collection_day():
            raise UserError(
                self.env._(
                    "The offer expired on %s. Make a new one.",
                    format_date(self.env, self.date_expiry),
                )
            )
        return super()._check_acceptable()

    def _check_payments_missed(self):
        """Refuse what could only lapse: payments that are past and have not come.

        :raise UserError: naming the day and the amount
        """
        today = self.company_id._get_collection_day()
        past = self.payment_ids.filtered(lambda payment: payment.date_due < today)
        expected = sum(self._get_least(amount) for amount in past.mapped("amount"))
        if self.currency_id.compare_amounts(self.amount_received, expected) < 0:
            raise UserError(
                self.env._(
                    "%(amount)s was to be paid by %(date)s and has not come. Make a "
                    "new offer with later dates.",
                    amount=self.currency_id.format(
                        sum(past.mapped("amount")) - self.amount_received
                    ),
                    date=format_date(self.env, max(past.mapped("date_due"))),
                )
            )

    def _get_limits_exceeded(self, today):
        dates = [date for date in self.payment_ids.mapped("date_due") if date]
        return self._get_policy()._get_settlement_limits_exceeded(
            self.amount_covered,
            self.amount_waived,
            self.currency_id,
            today,
            self.date_expiry or today,
            max(dates, default=today),
        )

    def _start(self):
        problems = self._get_limits_exceeded(self.company_id._get_collection_day())
        if problems and not self.approved_by_id:
            self._ask_for_approval(problems)
            return
        self._fill_payments()
        result = super()._start()
        # Decided here, by the policy.
        self.sudo().write(
            {
                "limits_exceeded": "\n".join(problems),
                "wait_days": self._get_policy().settlement_wait_days,
                "state": "offered",
                "followed_state": "offered",
            }
        )
        self._refresh_case()
        return result

    def _fill_payments(self):
        """Have all of it paid on the day on which the offer expires, unless told
        otherwise."""
        if not self.payment_ids:
            self.payment_ids = [
                Command.create({"date_due": self.date_expiry, "amount": self.amount})
            ]

    def _ask_for_approval(self, problems):
        """Leave a settlement beyond the policy as a draft, for a manager to approve.

        :param list problems: the limits exceeded, in words
        """
        # Decided here, by the policy.
        self.sudo().write(
            {
                "limits_exceeded": "\n".join(problems),
                "requested_by_id": self.env.user.id,
            }
        )
        self.message_post(body=self._get_explanation())

    def _withdraw_request(self):
        """Ask for the approval again: what was asked for was that of other terms."""
        self.filtered(
            lambda one: one.requested_by_id and not one.approved_by_id
        ).sudo().write({"limits_exceeded": False, "requested_by_id": False})

    def _commit(self):
        """The payments are expected only once the customer has accepted."""
        return super()._commit() if self.date_accepted else None

    def _on_accepted(self):
        result = super()._on_accepted()
        # Accepted by the customer, whoever records it.
        self.sudo().write({"state": "accepted", "followed_state": "accepted"})
        self._get_holds().date_end = False
        self._commit()
        self.invalidate_recordset(["commitment_ids"])
        self._evaluate()
        self._refresh_case()
        return result

    def _prepare_commitments(self):
        # What counts is the day of the payment, without grace.
        return [
            {
                **self._prepare_commitment(payment.date_due, payment.amount, 0, 0),
                "amount_min": self._get_least(payment.amount),
            }
            for payment in self.payment_ids
        ]

    def _get_reminder_steps(self):
        """Once a payment is missed, the settlement lapses and the dunning is back."""
        return super()._get_reminder_steps().filtered(lambda step: step.delay_days <= 0)

    # === HELPERS === #

    def _get_cover_amount(self):
        return self.amount_covered

    def _get_hold_end(self):
        return self.date_expiry

    def _get_least(self, amount):
        """What is enough of a payment: nobody loses a settlement by the rounding of
        money that is converted. The remainder is more by what is missing.

        :param float amount: what was agreed, in the currency of the settlement
        :return: less by the smallest unit of its currency or, where that is worth
            more, of the company's
        :rtype: float
        """
        smallest = self.currency_id.rounding
        own = self.company_id.currency_id
        converted = own._convert(
            own.rounding, self.currency_id, self.company_id, self.date_start
        )
        return self.currency_id.round(
            max(amount - max(smallest, converted), min(amount, smallest))
        )
