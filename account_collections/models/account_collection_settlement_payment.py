from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools.misc import format_date


class AccountCollectionSettlementPayment(models.Model):
    _name = "account.collection.settlement.payment"
    _description = "Payment of a Settlement"
    _inherit = ["account.collection.numeric"]
    _order = "date_due, id"
    _check_company_auto = True

    # === FIELDS === #

    settlement_id = fields.Many2one(
        "account.collection.settlement",
        required=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(
        related="settlement_id.company_id", store=True, index=True
    )
    currency_id = fields.Many2one(related="settlement_id.currency_id")
    date_due = fields.Date(string="Due Date", required=True)
    amount = fields.Monetary(required=True)

    # === CONSTRAINT METHODS === #

    @api.constrains("amount")
    def _check_amount(self):
        for payment in self:
            if payment.currency_id.compare_amounts(payment.amount, 0) <= 0:
                raise ValidationError(
                    self.env._(
                        "The payment of %s must be greater than zero. Remove it if "
                        "nothing is to be paid then.",
                        format_date(self.env, payment.date_due),
                    )
                )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        payments = super().create(vals_list)
        payments._check_open()
        return payments

    def write(self, vals):
        is_term = vals.keys() & {"settlement_id", "date_due", "amount"}
        if is_term:
            self._check_open()
        result = super().write(vals)
        if is_term:
            self._check_open()
        if "amount" in vals:
            self.settlement_id._check_payments()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_offered(self):
        self._check_open()

    # === BUSINESS METHODS === #

    def _check_open(self):
        """Keep what was offered as it is, and have other terms approved anew."""
        self.settlement_id._check_terms_open()
        self.settlement_id._withdraw_request()


class AccountCollectionSettlement(models.Model):
    """Payments that are registered from the settlement."""

    _name = "account.collection.settlement"
    _inherit = ["account.collection.settlement"]

    # === ACTION METHODS === #

    def action_register_payment(self):
        """Register the agreed amount or, where it is paid in parts, the next of them.

        :return: the action of Odoo's own form
        :rtype: dict
        :raise UserError: when it is not accepted, or nothing is open
        """
        self.ensure_one()
        if self.state != "accepted":
            raise UserError(
                self.env._(
                    "Payments of %s are registered here while it is accepted and not "
                    "yet settled.",
                    self.name,
                )
            )
        # What is agreed counts, whoever may see it.
        expected = self._get_commitments().filtered("amount_open")
        return self._prepare_payment_action(expected.sorted("date_due")[:1].amount_open)
