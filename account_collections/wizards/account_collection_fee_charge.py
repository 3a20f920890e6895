from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


class AccountCollectionFeeCharge(models.TransientModel):
    """Shows what a customer can be charged for late payment, and charges it."""

    _name = "account.collection.fee.charge"
    _description = "Charge Late Fee"
    _inherit = ["account.collection.dialog"]

    # === FIELDS === #

    partner_id = fields.Many2one("res.partner", string="Customer", required=True)
    company_id = fields.Many2one("res.company", required=True)
    late_move_ids = fields.Many2many(
        "account.move", string="Only These Invoices", readonly=True
    )
    date_end = fields.Date(
        string="Up To",
        required=True,
        default=lambda self: self.env.company._get_collection_day(),
        help="The last day that is charged, today at the latest.",
    )
    line_ids = fields.One2many(
        "account.collection.fee.charge.line",
        "wizard_id",
        string="Calculation",
        compute="_compute_line_ids",
    )
    total = fields.Char(compute="_compute_line_ids")
    explanation = fields.Char(compute="_compute_line_ids")
    rate_warning = fields.Char(compute="_compute_line_ids")
    is_sent = fields.Boolean(
        string="Send to the Customer",
        compute="_compute_is_sent",
        store=True,
        readonly=False,
    )

    # === CONSTRAINT METHODS === #

    @api.constrains("date_end")
    def _check_date_end(self):
        for wizard in self:
            if wizard.date_end > wizard.company_id._get_collection_day():
                raise ValidationError(
                    self.env._(
                        "Days to come cannot be charged. Choose today or earlier."
                    )
                )

    # === COMPUTE METHODS === #

    @api.depends("partner_id", "company_id", "late_move_ids", "date_end")
    def _compute_line_ids(self):
        for wizard in self:
            wizard.line_ids = False
            wizard.total = wizard.explanation = wizard.rate_warning = ""
            try:
                charges = wizard._calculate()
            except UserError as error:
                wizard.explanation = str(error)
                continue
            wizard.line_ids = [
                fields.Command.create(wizard._prepare_line(charge))
                for charge in charges
            ]
            if any(charge.get("is_provisional") for charge in charges):
                wizard.rate_warning = wizard._get_rate_warning()
            if not charges:
                wizard.explanation = wizard._get_explanation()
            wizard.total = ", ".join(
                currency.format(sum(lines.mapped("amount")))
                for currency, lines in wizard.line_ids.grouped("currency_id").items()
            )

    @api.depends("partner_id", "company_id")
    def _compute_is_sent(self):
        for wizard in self:
            wizard.is_sent = wizard.partner_id._get_fee_policy(
                wizard.company_id
            ).fee_is_sent

    # === ACTION METHODS === #

    def action_charge(self):
        """Post the fee invoices, and send them if asked to.

        :return: a window action that shows them
        :rtype: dict
        :raise UserError: when there is nothing to charge
        """
        self.ensure_one()
        fees = self.env["account.collection.fee"]._charge(
            self.company_id,
            self.partner_id.commercial_partner_id,
            self.date_end,
            self._get_lines(),
        )
        if not fees:
            raise UserError(self._get_explanation())
        # Fees are written whoever asks for them, but not on cases of colleagues.
        fees.check_access("read")
        if self.is_sent:
            fees._send()
        return fees.move_id._get_records_action(name=self.env._("Late Fee"))

    # === HELPERS === #

    def _check_references(self, names):
        result = super()._check_references(names)
        if "partner_id" in names:
            known = "company_id" in names
            companies = self.company_id._origin if known else self.env.companies
            self._check_customers(self.partner_id._origin, companies)
        return result

    def _calculate(self):
        """What can be charged; see `account.collection.fee.calculation`."""
        if not self.partner_id or not self.company_id or not self.date_end:
            return []
        return self.env["account.collection.fee.calculation"]._calculate(
            self.company_id,
            self.partner_id.commercial_partner_id,
            min(self.date_end, self.company_id._get_collection_day()),
            self._get_lines(),
        )

    def _get_lines(self):
        """The open items to charge, or None for all of the customer."""
        if not self.late_move_ids:
            return None
        return self.late_move_ids._origin.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )

    def _prepare_line(self, charge):
        """Prepare a line of the preview.

        :param dict charge: values of an `account.collection.fee.line`
        :rtype: dict
        """
        # What is charged does not depend on who asks.
        item = self.env["account.move.line"].sudo().browse(charge["line_id"])
        line = self.env["account.collection.fee.line"].new(charge)
        return {
            "invoice": item.move_id.name,
            "date_due": item.date_maturity,
            "currency_id": item.currency_id.id,
            "description": line._get_description(item.currency_id),
            "amount": charge["amount"],
        }

    def _get_rate_warning(self):
        """Which reference rate is missing, and what stands in for it.

        :rtype: str
        """
        policy = self.partner_id._get_fee_policy(self.company_id)
        return policy.fee_rate_warning or self.env._(
            "The reference rate is provisional: the last one that was entered."
        )

    def _get_explanation(self):
        """Why there is nothing to charge.

        :rtype: str
        """
        policy = self.partner_id._get_fee_policy(self.company_id)
        if not policy or policy.fee_method == "none":
            return self.env._(
                "The collection policy of the customer charges no late fees."
            )
        return self.env._(
            "There is nothing to charge: what is late was charged already, is held or "
            "disputed, is within the days of grace, or neither the customer nor the "
            "payment terms included late fees when it was invoiced."
        )


class AccountCollectionFeeChargeLine(models.TransientModel):
    _name = "account.collection.fee.charge.line"
    _description = "Preview of a Late Fee"

    # === FIELDS === #

    wizard_id = fields.Many2one("account.collection.fee.charge", ondelete="cascade")
    invoice = fields.Char()
    date_due = fields.Date(string="Due")
    description = fields.Char(string="Calculation")
    currency_id = fields.Many2one("res.currency")
    amount = fields.Monetary()
