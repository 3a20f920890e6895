from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools.misc import format_date


class AccountCollectionPromiseTake(models.TransientModel):
    """Takes a promise to pay: whatever is overdue, in full, unless told otherwise."""

    _name = "account.collection.promise.take"
    _description = "Take a Promise to Pay"

    # === FIELDS === #

    case_id = fields.Many2one("account.collection.case", ondelete="cascade")
    partner_id = fields.Many2one(
        "res.partner", string="Customer", compute="_compute_from_lines"
    )
    company_id = fields.Many2one("res.company", compute="_compute_from_lines")
    currency_id = fields.Many2one("res.currency", compute="_compute_from_lines")
    line_ids = fields.Many2many(
        "account.move.line",
        string="Open Items",
        compute="_compute_line_ids",
        store=True,
        readonly=False,
        precompute=True,
    )
    amount_free = fields.Monetary(string="Open", compute="_compute_amount_free")
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
    is_replacing = fields.Boolean(
        string="Replace What Was Agreed",
        help="End what was agreed on the same open items before.",
    )
    agreed = fields.Char(string="In Force", compute="_compute_agreed")
    history = fields.Char(string="So Far", related="partner_id.promise_history")
    limits = fields.Char(string="Policy", compute="_compute_limits")
    limits_exceeded = fields.Text(compute="_compute_limits")
    is_manager = fields.Boolean(compute="_compute_is_manager")

    # === COMPUTE METHODS === #

    @api.depends("case_id")
    def _compute_line_ids(self):
        for wizard in self:
            items = wizard.case_id.item_ids.filtered(
                lambda line: line.amount_residual_currency > 0
            )
            overdue = items.filtered("collection_days_overdue") or items
            # A promise is in one currency: that of the oldest item, until changed.
            oldest = overdue.sorted(
                lambda line: (line.date_maturity or line.date, line.id)
            )[:1]
            wizard.line_ids = overdue.filtered(
                lambda line, oldest=oldest: line.currency_id == oldest.currency_id
            )

    @api.depends("line_ids", "case_id")
    def _compute_from_lines(self):
        for wizard in self:
            line = wizard.line_ids[:1]
            wizard.partner_id = (
                wizard.case_id.partner_id or line.partner_id.commercial_partner_id
            )
            wizard.company_id = (
                wizard.case_id.company_id
                or line.company_id.root_id
                or self.env.company.root_id
            )
            wizard.currency_id = line.currency_id or wizard.company_id.currency_id

    @api.depends("line_ids", "is_replacing")
    def _compute_amount_free(self):
        for wizard in self:
            wizard.amount_free = sum(wizard._new_promise()._get_free_amounts().values())

    @api.depends("amount_free")
    def _compute_amount(self):
        for wizard in self:
            wizard.amount = wizard.amount_free

    @api.depends("is_paid_already")
    def _compute_date_due(self):
        for wizard in self:
            promise = wizard._new_promise()
            days = promise._usual_days
            if policy := promise._get_policy():
                days = min(days, policy.promise_max_days)
            if wizard.is_paid_already:
                days = promise._check_days
            wizard.date_due = fields.Date.add(promise.date_start, days=days)

    @api.depends("line_ids")
    def _compute_agreed(self):
        for wizard in self:
            wizard.agreed = wizard._new_promise()._get_other_names()

    @api.depends("line_ids", "date_due")
    def _compute_limits(self):
        for wizard in self:
            promise = wizard._new_promise()
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
        promise = self._create_promise()
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
        return self._create_promise()._get_records_action()

    # === BUSINESS METHODS === #

    def _create_promise(self):
        """Create the promise as entered, as a draft."""
        self.ensure_one()
        if not self.line_ids:
            raise UserError(self.env._("Choose the open items that it covers."))
        return self.env["account.collection.promise"].create(self._prepare_promise())

    def _prepare_promise(self):
        """Prepare the promise as entered.

        :return: values of an `account.collection.promise`
        :rtype: dict
        """
        return {
            "partner_id": self.partner_id.id,
            "company_id": self.company_id.id,
            "currency_id": self.currency_id.id,
            "line_ids": [Command.set(self.line_ids.ids)],
            "amount": self.amount,
            "date_start": self.company_id._get_collection_day(),
            "date_due": self.date_due,
            "channel": self.channel,
            "given_by": self.given_by,
            "is_paid_already": self.is_paid_already,
            "reference": self.reference,
            "note": self.note,
            "is_replacing": self.is_replacing,
        }

    # === HELPERS === #

    def _new_promise(self):
        """The promise that would be made, not saved."""
        return self.env["account.collection.promise"].new(
            {
                "partner_id": self.partner_id._origin.id,
                "company_id": self.company_id.id,
                "currency_id": self.currency_id.id,
                "line_ids": [Command.set(self.line_ids._origin.ids)],
                "date_due": self.date_due,
                "date_start": self.company_id._get_collection_day(),
                "is_replacing": self.is_replacing,
            }
        )
