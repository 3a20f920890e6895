from datetime import date

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..tools import interest
from ..tools.locking import take_turns


class AccountCollectionFee(models.Model):
    """What was charged for days after a payment that the books learned of later."""

    _name = "account.collection.fee"
    _inherit = ["account.collection.fee"]

    # === FIELDS === #

    amount_excess = fields.Monetary(
        string="Charged Too Much",
        compute="_compute_amount_excess",
        help="Interest for days after a payment that was booked later.",
    )

    # === COMPUTE METHODS === #

    @api.depends("state", "line_ids.line_id.matched_credit_ids")
    def _compute_amount_excess(self):
        for fee in self:
            fee.amount_excess = fee._get_excess() if fee.state == "charged" else 0

    # === ACTION METHODS === #

    def action_credit_excess(self):
        """Credit the interest for days after a payment that was booked later.

        :return: a window action that shows the credit note
        :rtype: dict
        :raise UserError: when no more was charged than was owed
        """
        self.ensure_one()
        self.check_access("read")
        # Two people who press at once do so one after the other.
        take_turns(self)
        self.invalidate_recordset(["amount_excess"])
        if not self.amount_excess:
            raise UserError(
                self.env._("%s charges no more than was owed.", self.display_name)
            )
        return self._post_correction()._get_records_action(
            name=self.env._("Credit Note")
        )

    # === BUSINESS METHODS === #

    def _post_correction(self):
        """Credit what was charged too much, and reconcile it with the fee.

        :return: the credit note (`account.move`)
        """
        credit = (
            self.env["account.move"]
            .with_company(self.move_id.company_id)
            .create(self._prepare_correction())
        )
        credit.action_post()
        (self.move_id.line_ids | credit.line_ids).filtered(
            lambda line: (
                line.account_id.account_type == "asset_receivable"
                and not line.reconciled
            )
        ).reconcile()
        return credit

    def _prepare_correction(self):
        """Prepare the credit note of what was charged too much, in the customer's
        language.

        :return: values of an `account.move`
        :rtype: dict
        """
        move = self.move_id
        line = move.invoice_line_ids.filtered(lambda one: one.display_type == "product")
        localized = self.with_context(lang=move.partner_id.lang or self.env.lang)
        return {
            "move_type": "out_refund",
            "partner_id": move.partner_id.id,
            "company_id": move.company_id.id,
            "currency_id": move.currency_id.id,
            "journal_id": move.journal_id.id,
            "invoice_date": self.company_id._get_collection_day(),
            "reversed_entry_id": move.id,
            "invoice_origin": move.name,
            "invoice_line_ids": [
                fields.Command.create(
                    {
                        "product_id": line[:1].product_id.id,
                        "account_id": line[:1].account_id.id,
                        "tax_ids": [fields.Command.set(line[:1].tax_ids.ids)],
                        "name": localized.env._(
                            "Interest after a payment that was booked later"
                        ),
                        "quantity": 1,
                        "price_unit": self.amount_excess,
                    }
                )
            ],
        }

    @api.model
    def _ask_to_correct(self):
        """Ask for credit notes where a payment was booked after the interest for later
        days had been charged."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT fee.id
                  FROM account_collection_fee fee
                  JOIN account_collection_fee_line charge ON charge.fee_id = fee.id
                  JOIN account_partial_reconcile partial
                    ON partial.debit_move_id = charge.line_id
                 WHERE fee.state = 'charged' AND charge.kind = 'interest'
                   AND partial.create_date >= fee.create_date
                   AND partial.max_date < charge.date_end
                """
            )
        )
        # Each fee counts, whoever may see it.
        for fee in self.sudo().browse(fee_id for (fee_id,) in rows):
            if fee.amount_excess:
                fee._ask(
                    self.env._("Credit the interest of %s", fee.name),
                    self.env._(
                        "A payment was booked after the interest for later days had "
                        "been charged: %(amount)s too much. Open the late fee %(fee)s "
                        "and credit the difference.",
                        amount=fee.currency_id.format(fee.amount_excess),
                        fee=fee.name,
                    ),
                )

    # === HELPERS === #

    def _get_excess(self):
        """What was charged for days on which less was owed than was known.

        :return: the amount, what was credited already deducted
        :rtype: float
        """
        self.ensure_one()
        # What was charged does not depend on who asks.
        charges = self.sudo().line_ids.filtered(
            lambda line: line.kind == "interest" and line.line_id
        )
        movements = self.env["account.collection.ledger"]._get_movements(
            charges.line_id
        )
        excess = 0
        for charge in charges:
            units = self.env["account.collection.fee.calculation"]._get_units(
                charge.line_id
            )
            received, reductions = movements[charge.line_id.id]
            principal = units(charge.principal)
            owed = interest.get_owed(
                units(
                    charge.line_id.amount_currency
                    - sum(amount for _day, amount in reductions)
                ),
                [(day, units(amount)) for day, amount in received],
            )
            rate = self.env["account.collection.fee.calculation"]._get_decimal(
                charge.rate
            )
            segments = interest.get_interest(
                [(day, min(amount, principal)) for day, amount in owed],
                [(date.min, rate)],
                charge.date_start,
                charge.date_end,
            )
            due = sum(segment.amount for segment in segments)
            excess += max(units(charge.amount) - due, 0)
        credited = sum(
            self.sudo()
            .move_id.reversal_move_ids.filtered(lambda move: move.state == "posted")
            .mapped("amount_untaxed")
        )
        amount = excess * self.currency_id.rounding - credited
        return self.currency_id.round(max(amount, 0))
