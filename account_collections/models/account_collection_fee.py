from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..tools.dialog import prepare_dialog
from ..tools.locking import take_turns


class AccountCollectionFee(models.Model):
    """An invoice for late payment: what it was calculated from, and whether it was
    waived. It is itself an open item, which is dunned but never charged a fee."""

    _name = "account.collection.fee"
    _description = "Late Fee"
    _inherit = ["account.collection.own", "mail.thread"]
    _order = "date desc, id desc"
    _check_company_auto = True

    # === FIELDS === #

    move_id = fields.Many2one(
        "account.move",
        string="Fee Invoice",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
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
    payment_state = fields.Selection(
        lambda self: self._get_payment_states(),
        string="Payment Status",
        compute="_compute_payment_state",
        search="_search_payment_state",
        compute_sudo=True,
    )
    state = fields.Selection(
        [
            ("charged", "Charged"),
            ("waived", "Waived"),
            ("credited", "Credited"),
            ("cancelled", "Cancelled"),
        ],
        compute="_compute_state",
        store=True,
        tracking=True,
    )
    waive_reason = fields.Char(string="Waived Because", readonly=True, tracking=True)
    waive_user_id = fields.Many2one("res.users", string="Waived By", readonly=True)
    date_waived = fields.Date(string="Waived On", readonly=True)
    credit_move_id = fields.Many2one(
        "account.move",
        string="Credit Note",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
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

    # Nothing to depend on: each payment would look for the fee invoices it concerns.
    def _compute_payment_state(self):
        for fee in self:
            fee.payment_state = fee.move_id.payment_state

    def _search_payment_state(self, operator, value):
        # Who sees a fee learns what became of its invoice, of whatever branch.
        return [("move_id", "any!", [("payment_state", operator, value)])]

    @api.depends(
        "move_id.state",
        "credit_move_id.state",
        "credit_move_id.reversal_move_ids.state",
        "move_id.reversal_move_ids.state",
        "move_id.reversal_move_ids.reversal_move_ids.state",
    )
    def _compute_state(self):
        for fee in self:
            if fee.move_id.state == "cancel":
                fee.state = "cancelled"
            elif fee.credit_move_id._filter_in_force():
                fee.state = "waived"
            elif fee._is_credited():
                fee.state = "credited"
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
                        "The fee %s is not posted, or it was waived, credited or "
                        "cancelled already, so there is nothing to waive.",
                        fee.display_name,
                    )
                )
            credit = fee._post_waiver(reason)
            # Fees are written by their buttons alone; who may press it was checked.
            fee.sudo().write(fee._prepare_waived(credit, reason))

    # === BUSINESS METHODS === #

    def _post_waiver(self, reason):
        """Credit what is left of a fee invoice: what was credited before, by hand or
        since too much was charged, is taken off.

        :param str reason: why
        :return: the credit note (`account.move`), posted and reconciled
        """
        self.ensure_one()
        credit_notes = self._get_credits()
        credit = self.move_id._reverse_moves([self._prepare_waiver(reason)])
        if credit_notes:
            credit.write(
                {
                    "invoice_line_ids": [
                        fields.Command.create(self._prepare_credited_line(line))
                        for line in credit_notes.invoice_line_ids
                        if line.display_type == "product"
                    ]
                }
            )
            self._round_waiver(credit, credit_notes)
        return self._post_credit(credit)

    def _round_waiver(self, credit, former):
        """Let the credit notes of a fee come to the fee, where the tax of each was
        rounded.

        :param credit: the last one, a draft (`account.move`)
        :param former: the ones before
        """
        left = self.move_id.amount_total - sum(former.mapped("amount_total"))
        beyond = self.currency_id.round(credit.amount_total - left)
        tax = credit.line_ids.filtered("tax_repartition_line_id")[:1]
        # A cent for each document; more comes of other taxes, which are meant.
        bound = (1 + len(former)) * self.currency_id.rounding
        if tax and self.currency_id.compare_amounts(abs(beyond), bound) <= 0:
            credit.write(
                {
                    "line_ids": [
                        fields.Command.update(
                            tax.id, {"amount_currency": tax.amount_currency - beyond}
                        )
                    ]
                }
            )

    def _post_credit(self, credit):
        """Post a credit note of a fee, and reconcile them.

        :param credit: the credit note (`account.move`)
        :return: the same
        """
        credit._post_collection()
        (self.move_id.line_ids | credit.line_ids).filtered(
            lambda line: (
                line.account_id.account_type == "asset_receivable"
                and not line.reconciled
            )
        ).reconcile()
        return credit

    def _prepare_credited_line(self, line):
        """Prepare the line of a waiver that takes off what was credited before.

        :param line: of the former credit note (`account.move.line`)
        :return: values of an `account.move.line`
        :rtype: dict
        """
        lang = self.move_id.partner_id.lang or self.env.lang
        return {
            "product_id": line.product_id.id,
            "account_id": line.account_id.id,
            "tax_ids": [fields.Command.set(line.tax_ids.ids)],
            "name": self.with_context(lang=lang).env._(
                "Credited before by %s", line.move_id.name
            ),
            "quantity": -line.quantity,
            "price_unit": line.price_unit,
            "discount": line.discount,
            "sequence": 1000,
        }

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
            # At the rate of the fee, so that nothing is left over of it.
            "invoice_currency_rate": self.move_id.invoice_currency_rate,
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

    # === HELPERS === #

    @api.model
    def _get_payment_states(self):
        """What can have become of the fee invoice, in the user's language."""
        state = self.env["account.move"]._fields["payment_state"]
        return state._description_selection(self.env)

    def _is_credited(self):
        """Whether nothing is left of the fee: it was credited by hand."""
        self.ensure_one()
        credited = self._get_credited()
        return not self.currency_id.is_zero(credited) and (
            self.currency_id.compare_amounts(credited, self._get_billed()) >= 0
        )

    def _get_billed(self):
        """What the fee invoice bills, in the terms of its prices.

        :rtype: float
        """
        return self._get_price(self.move_id)

    def _get_credited(self):
        """What was credited of the fee invoice, by hand too, in the terms of its
        prices: so they compare whether or not the prices include the tax.

        :rtype: float
        """
        return self._get_price(self._get_credits())

    def _get_credits(self):
        """The credit notes of the fee invoice that are in force (`account.move`)."""
        return self.move_id.reversal_move_ids._filter_in_force().filtered(
            lambda move: move.move_type == "out_refund"
        )

    def _get_price(self, moves):
        """The sum of the lines of invoices, each price as it was entered."""
        return self.currency_id.round(
            sum(
                line.price_unit * line.quantity * (1 - line.discount / 100)
                for line in moves.invoice_line_ids
                if line.display_type == "product"
            )
        )
