from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..tools.dialog import prepare_dialog
from ..tools.locking import take_turns


class AccountCollectionFee(models.Model):
    """An invoice for late payment: what it was calculated from, and whether it was
    waived. It is itself an open item, which is dunned but never charged a fee."""

    _name = "account.collection.fee"
    _description = "Late Fee"
    _inherit = ["mail.thread"]
    _order = "date desc, id desc"
    _check_company_auto = True

    # === FIELDS === #

    move_id = fields.Many2one(
        "account.move",
        string="Fee Invoice",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    name = fields.Char(related="move_id.name", string="Number")
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, readonly=True, index=True
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    currency_id = fields.Many2one(related="move_id.currency_id", store=True)
    policy_id = fields.Many2one(
        "account.collection.policy", readonly=True, ondelete="set null"
    )
    date = fields.Date(required=True, readonly=True)
    origin = fields.Selection(
        [("step", "Step"), ("schedule", "Schedule"), ("manual", "By hand")],
        string="Charged By",
        default="manual",
        required=True,
        readonly=True,
    )
    step_id = fields.Many2one(
        "account.collection.policy.step", readonly=True, ondelete="set null"
    )
    line_ids = fields.One2many(
        "account.collection.fee.line", "fee_id", string="Calculation", readonly=True
    )
    amount = fields.Monetary(
        compute="_compute_amount", store=True, help="Without taxes, if there are any."
    )
    payment_state = fields.Selection(related="move_id.payment_state")
    state = fields.Selection(
        [("charged", "Charged"), ("waived", "Waived"), ("cancelled", "Cancelled")],
        compute="_compute_state",
        store=True,
        tracking=True,
    )
    waive_reason = fields.Char(string="Waived Because", readonly=True, tracking=True)
    waive_user_id = fields.Many2one("res.users", string="Waived By", readonly=True)
    date_waived = fields.Date(string="Waived On", readonly=True)
    credit_move_id = fields.Many2one(
        "account.move", string="Credit Note", readonly=True, ondelete="set null"
    )

    # === CONSTRAINT METHODS === #

    _unique_move = models.UniqueIndex(
        "(move_id)", "An invoice for late payment is one fee only."
    )

    # === COMPUTE METHODS === #

    @api.depends("line_ids.amount")
    def _compute_amount(self):
        for fee in self:
            fee.amount = sum(fee.line_ids.mapped("amount"))

    @api.depends("move_id.state", "credit_move_id.state")
    def _compute_state(self):
        for fee in self:
            if fee.move_id.state == "cancel":
                fee.state = "cancelled"
            elif fee.credit_move_id.state == "posted":
                fee.state = "waived"
            else:
                fee.state = "charged"

    # === ACTION METHODS === #

    def action_view_invoice(self):
        """Open the fee invoice.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        return self.move_id._get_records_action(name=self.env._("Late Fee"))

    def action_open_waiver(self):
        """Open the form that waives these fees.

        :return: a window action
        :rtype: dict
        """
        return prepare_dialog(
            "account.collection.fee.waive",
            self.env._("Waive"),
            default_fee_ids=self.ids,
        )

    def action_waive(self, reason):
        """Waive these fees: each gets a credit note that is reconciled with it. The
        days that were charged stay charged: they do not come back.

        :param str reason: why, for the books
        :raise AccessError: for who is no manager
        :raise UserError: when no reason is given, or a fee is waived or not posted
        """
        if not self.env.user.has_group("account_collections.group_collection_manager"):
            raise AccessError(
                self.env._("Ask a collections manager to waive late fees.")
            )
        self.check_access("read")
        if not (reason or "").strip():
            raise UserError(self.env._("Say why the fee is waived."))
        take_turns(self)
        for fee in self:
            if fee.state != "charged" or fee.move_id.state != "posted":
                raise UserError(
                    self.env._(
                        "The fee %s is not posted, or it was waived or cancelled "
                        "already, so there is nothing to waive.",
                        fee.display_name,
                    )
                )
            credit = fee._post_waiver(reason)
            # Fees are written by their buttons alone; who may press it was checked.
            fee.sudo().write(fee._prepare_waived(credit, reason))

    # === BUSINESS METHODS === #

    def _post_waiver(self, reason):
        """Credit a fee invoice in full.

        :param str reason: why
        :return: the credit note (`account.move`), posted and reconciled
        """
        self.ensure_one()
        return self.move_id._reverse_moves([self._prepare_waiver(reason)], cancel=True)

    def _prepare_waiver(self, reason):
        """Prepare the credit note of a fee invoice.

        :param str reason: why
        :return: values of an `account.move`
        :rtype: dict
        """
        today = self.company_id._get_collection_day()
        # In the customer's words and language, not in those for the books.
        lang = self.move_id.partner_id.lang or self.env.lang
        return {
            "invoice_date": today,
            "date": today,
            "journal_id": self.move_id.journal_id.id,
            "invoice_payment_term_id": False,
            "ref": self.with_context(lang=lang).env._(
                "Late fee %s waived", self.move_id.name
            ),
            "narration": False,
        }

    def _prepare_waived(self, credit, reason):
        """Prepare what a fee remembers of its waiver.

        :param credit: the credit note (`account.move`)
        :param str reason: why
        :return: values of an `account.collection.fee`
        :rtype: dict
        """
        return {
            "credit_move_id": credit.id,
            "waive_reason": reason,
            "waive_user_id": self.env.uid,
            "date_waived": self.company_id._get_collection_day(),
        }
