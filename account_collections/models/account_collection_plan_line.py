from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.tools.misc import format_date

from ..tools import standing


class AccountCollectionPlanLine(models.Model):
    _name = "account.collection.plan.line"
    _description = "Installment"
    _order = "date_due, id"
    _check_company_auto = True

    # === FIELDS === #

    plan_id = fields.Many2one(
        "account.collection.plan", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="plan_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="plan_id.currency_id")
    number = fields.Integer(compute="_compute_number")
    date_due = fields.Date(string="Due Date", required=True)
    amount = fields.Monetary(required=True)
    is_deposit = fields.Boolean(string="Deposit")
    commitment_id = fields.Many2one(
        "account.collection.commitment",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )
    state = fields.Selection(related="commitment_id.state")
    date_limit = fields.Date(string="Last Day", related="commitment_id.date_limit")
    date_kept = fields.Date(string="Paid On", related="commitment_id.date_kept")
    amount_received = fields.Monetary(
        string="Received", related="commitment_id.amount_received"
    )
    amount_open = fields.Monetary(string="Open", related="commitment_id.amount_open")

    # === CONSTRAINT METHODS === #

    @api.constrains("amount")
    def _check_amount(self):
        for line in self:
            if line.currency_id.compare_amounts(line.amount, 0) <= 0:
                raise ValidationError(
                    self.env._(
                        "The installment of %s must be greater than zero. Remove it "
                        "if nothing is to be paid then.",
                        format_date(self.env, line.date_due),
                    )
                )

    # === COMPUTE METHODS === #

    @api.depends("plan_id.installment_ids.date_due")
    def _compute_number(self):
        self.number = 0
        for plan in self.plan_id:
            lines = plan.installment_ids.sorted(
                lambda line: (line.date_due or fields.Date.today(), line._origin.id)
            )
            for number, line in enumerate(lines, 1):
                line.number = number

    @api.depends("number", "plan_id")
    def _compute_display_name(self):
        for line in self:
            line.display_name = self.env._(
                "%(plan)s, installment %(number)s of %(count)s",
                plan=line.plan_id.name,
                number=line.number,
                count=len(line.plan_id.installment_ids),
            )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        self._check_by_hand(*vals_list, self.default_get(["commitment_id"]))
        lines = super().create(vals_list)
        lines.plan_id._check_terms_open()
        return lines

    def write(self, vals):
        self._check_by_hand(vals)
        if not vals.keys() & {"plan_id", "date_due", "amount", "is_deposit"}:
            return super().write(vals)
        # Neither what it leaves nor what it comes to may be agreed.
        self.plan_id._check_terms_open()
        result = super().write(vals)
        self.plan_id._check_terms_open()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_agreed(self):
        self.plan_id._check_terms_open()

    # === ACTION METHODS === #

    def action_register_payment(self):
        """Register the payment of this installment.

        :return: the action of Odoo's own form
        :rtype: dict
        :raise UserError: when nothing is open
        """
        self.ensure_one()
        return self.plan_id._prepare_payment_action(self.amount_open)

    # === HELPERS === #

    def _is_done(self):
        """Whether it was kept, or is not needed any more: then it is asked for no more,
        even if a little is missing."""
        return self.state in standing.DONE

    @api.model
    def _check_by_hand(self, *vals_list):
        """Keep the payments that installments stand for as they were agreed.

        :param vals_list: the values to be written
        :raise AccessError: when somebody links another payment
        """
        if not self.env.su and any(vals.get("commitment_id") for vals in vals_list):
            raise AccessError(
                self.env._("Installments get their payments when a plan is agreed.")
            )
