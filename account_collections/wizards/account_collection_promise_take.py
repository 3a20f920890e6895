from odoo import api, fields, models
from odoo.tools.misc import format_date


class AccountCollectionPromiseTake(models.TransientModel):
    """Takes a promise to pay: whatever is overdue, in full, unless told otherwise."""

    _name = "account.collection.promise.take"
    _description = "Take a Promise to Pay"
    _inherit = ["account.collection.item.choice"]

    _resolution_model = "account.collection.promise"

    # === FIELDS === #

    amount = fields.Monetary(
        string="Promised",
        compute="_compute_amount",
        store=True,
        readonly=False,
        precompute=True,
        help="How much of the open items is promised, the oldest first.",
    )
    date_due = fields.Date(
        string="Promised For",
        compute="_compute_date_due",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )
    channel = fields.Selection(
        selection=lambda self: (
            self.env["account.collection.promise"]
            ._fields["channel"]
            ._description_selection(self.env)
        ),
        string="Given Through",
        default="phone",
        required=True,
    )
    given_by = fields.Char(help="Who gave the promise, at the customer's.")
    is_paid_already = fields.Boolean(
        string="Says It Is Paid",
        help="The customer says that the money is on its way. It is waited for a few "
        "days, then checked.",
    )
    reference = fields.Char(string="Payment Reference")
    note = fields.Text()
    history = fields.Char(string="So Far", related="partner_id.promise_history")
    limits = fields.Char(string="Policy", compute="_compute_limits")
    limits_exceeded = fields.Text(compute="_compute_limits")
    is_manager = fields.Boolean(compute="_compute_is_manager")

    # === COMPUTE METHODS === #

    @api.depends("amount_free")
    def _compute_amount(self):
        for wizard in self:
            wizard.amount = wizard.amount_free

    @api.depends("is_paid_already")
    def _compute_date_due(self):
        for wizard in self:
            promise = wizard._new_resolution(date_due=wizard.date_due)
            days = promise._usual_days
            if policy := promise._get_policy():
                days = min(days, policy.promise_max_days)
            if wizard.is_paid_already:
                days = promise._check_days
            wizard.date_due = fields.Date.add(promise.date_start, days=days)

    @api.depends("line_ids", "date_due", "is_paid_already")
    def _compute_limits(self):
        for wizard in self:
            promise = wizard._new_resolution(
                date_due=wizard.date_due, is_paid_already=wizard.is_paid_already
            )
            today = promise.date_start
            policy = promise._get_policy()
            wizard.limits = policy and self.env._(
                "Up to %(days)s days ahead, until %(date)s; on time within "
                "%(grace)s days more.",
                days=policy.promise_max_days,
                date=format_date(
                    self.env, fields.Date.add(today, days=policy.promise_max_days)
                ),
                grace=policy.promise_grace_days,
            )
            wizard.limits_exceeded = wizard.date_due and "\n".join(
                promise._get_limits_exceeded(today)
            )

    @api.depends_context("uid")
    def _compute_is_manager(self):
        self.is_manager = self.env["account.collection.promise"]._is_manager()

    # === ACTION METHODS === #

    def action_confirm(self):
        """Take the promise: what is promised is not chased until its day.

        :return: an action that tells so and closes the form
        :rtype: dict
        :raise UserError: when it is beyond the policy, or makes no sense
        """
        promise = self._create_resolution()
        promise.action_confirm()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "%(promise)s: %(amount)s by %(date)s.",
                    promise=promise.name,
                    amount=promise.currency_id.format(promise.amount),
                    date=format_date(self.env, promise.date_due),
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def action_save(self):
        """Keep the promise as a draft, for a manager to confirm.

        :return: an action that opens it
        :rtype: dict
        """
        return self._create_resolution()._get_records_action()

    # === BUSINESS METHODS === #

    def _prepare_resolution(self):
        return {
            **super()._prepare_resolution(),
            "amount": self.amount,
            "date_due": self.date_due,
            "channel": self.channel,
            "given_by": self.given_by,
            "is_paid_already": self.is_paid_already,
            "reference": self.reference,
            "note": self.note,
        }
