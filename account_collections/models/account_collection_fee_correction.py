import logging
from collections import defaultdict
from functools import partial

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, groupby

from ..tools import interest
from ..tools.locking import take_turns
from .account_collection_fee_accrual import DAILY_KINDS

_logger = logging.getLogger(__name__)


class AccountCollectionFee(models.Model):
    """What was charged for days after a payment that the books learned of later."""

    _name = "account.collection.fee"
    _inherit = ["account.collection.fee"]

    # === FIELDS === #

    amount_excess = fields.Monetary(
        string="Charged Too Much",
        compute="_compute_amount_excess",
        help="What was charged beyond what is due now that a payment or a credit note "
        "was booked later.",
    )

    # === COMPUTE METHODS === #

    @api.depends(
        "state",
        "line_ids.line_id.matched_credit_ids",
        "line_ids.late_move_id.state",
        "move_id.reversal_move_ids.state",
        "move_id.reversal_move_ids.reversal_move_ids.state",
    )
    def _compute_amount_excess(self):
        for fee in self:
            fee.amount_excess = fee._get_excess() if fee.state == "charged" else 0

    # === ACTION METHODS === #

    def action_credit_excess(self):
        """Credit what is too much since a payment or a credit note was booked later.

        :return: a window action that shows the credit note
        :rtype: dict
        :raise AccessError: for who is no manager
        :raise UserError: when no more was charged than was owed
        """
        self.ensure_one()
        if not self.env.user.has_group("account_collections.group_collection_manager"):
            raise AccessError(
                self.env._("Ask a collections manager to credit late fees.")
            )
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
        return self._post_credit(credit)

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
            "invoice_currency_rate": move.invoice_currency_rate,
            "reversed_entry_id": move.id,
            "invoice_origin": move.name,
            "invoice_line_ids": [
                fields.Command.create(
                    {
                        "product_id": line[:1].product_id.id,
                        "account_id": line[:1].account_id.id,
                        "tax_ids": [fields.Command.set(line[:1].tax_ids.ids)],
                        "name": localized._get_correction_reason(),
                        "quantity": 1,
                        "price_unit": self.amount_excess,
                    }
                )
            ],
        }

    def _get_correction_reason(self):
        """Why too much was charged, in the language of the context.

        :rtype: str
        """
        if "cancel" in self.line_ids.late_move_id.mapped("state"):
            return self.env._("Late fee on an invoice that was cancelled")
        if any(one._is_more_than_billed() for one in self.line_ids):
            return self.env._("Late fee on an invoice that was corrected later")
        if any(one._get_due_rate() < one.rate for one in self.line_ids):
            return self.env._("Late fee at the reference rate that was entered later")
        if not self._get_excess(is_reduced=False):
            return self.env._("Late fee on what was credited later")
        return self.env._("Late fee after a payment that was booked later")

    @api.model
    def _ask_to_correct(self):
        """Ask for credit notes where a payment was booked after a fee for later days
        had been charged, or the late invoice was credited, corrected or cancelled
        since, or the reference rate was entered since and is lower than the
        provisional one."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT fee.id
                  FROM account_collection_fee fee
                  JOIN account_collection_fee_line charge ON charge.fee_id = fee.id
                  JOIN account_partial_reconcile partial
                    ON partial.debit_move_id = charge.line_id
                  JOIN account_move_line credit ON credit.id = partial.credit_move_id
                  JOIN account_move move ON move.id = credit.move_id
                 WHERE fee.state = 'charged'
                   AND partial.create_date >= fee.create_date
                   AND (partial.max_date < fee.date OR move.move_type = 'out_refund')
                 UNION
                SELECT fee.id
                  FROM account_collection_fee fee
                  JOIN account_collection_fee_line charge ON charge.fee_id = fee.id
                  JOIN account_collection_policy policy ON policy.id = fee.policy_id
                  JOIN account_collection_reference_rate rate
                    ON rate.currency_id = policy.fee_currency_id
                 WHERE fee.state = 'charged' AND charge.is_provisional
                   AND rate.write_date >= fee.create_date
                   AND rate.rate < charge.reference_rate
                 UNION
                SELECT fee.id
                  FROM account_collection_fee fee
                  JOIN account_collection_fee_line charge ON charge.fee_id = fee.id
                  JOIN account_move late ON late.id = charge.late_move_id
                 WHERE fee.state = 'charged' AND late.state = 'cancel'
                 UNION
                SELECT fee.id
                  FROM account_collection_fee fee
                  JOIN account_collection_fee_line charge ON charge.fee_id = fee.id
                  JOIN account_move_line item ON item.id = charge.line_id
                 WHERE fee.state = 'charged'
                   AND item.amount_currency < charge.principal
                """
            )
        )
        for (fee_id,) in rows:
            # Each fee counts, whoever may see it, and by itself.
            fee = self.sudo().browse(fee_id)
            try:
                with self.env.cr.savepoint():
                    fee._ask_to_credit_excess()
            except OperationalError:
                raise
            except Exception as error:
                _logger.info("No correction of late fee %s", fee_id, exc_info=True)
                self.env.invalidate_all()
                fee._ask(
                    self.env._("Check the late fee %s", fee.name),
                    self._get_error_text(error),
                )

    def _ask_to_credit_excess(self):
        """Ask for the credit note of what was charged too much, if anything was."""
        if not self.amount_excess:
            return
        self._ask(
            self.env._("Credit the difference of %s", self.name),
            self.env._(
                "%(reason)s: %(amount)s too much. Open the late fee %(fee)s "
                "and credit the difference.",
                reason=self._get_correction_reason(),
                amount=self.currency_id.format(self.amount_excess),
                fee=self.name,
            ),
        )

    # === HELPERS === #

    def _get_excess(self, is_reduced=True):
        """What was charged beyond what the same items would be charged for the same
        days by today's ledger, what was credited already deducted.

        :param bool is_reduced: whether what was credited or written off of the late
            items counts, or payments alone
        :return: the amount, with the tax if the product's price includes it
        :rtype: float
        """
        self.ensure_one()
        # What was charged does not depend on who asks.
        fee = self.sudo()
        excess = fee.amount - fee._get_due(is_reduced) * fee.currency_id.rounding
        excess = min(excess, fee._get_billed()) - fee._get_credited()
        return fee.currency_id.round(max(excess, 0))

    def _get_due(self, is_reduced):
        """What the items of this fee would be charged by today's ledger; see
        `_get_excess`. What was charged before counts as far as it was due.

        :return: in smallest units
        :rtype: int
        """
        charges = (
            self.env["account.collection.fee.line"]
            .search(
                [
                    ("late_move_id", "in", self.line_ids.late_move_id.ids),
                    ("is_live", "=", True),
                ]
            )
            .sorted(lambda charge: (charge.fee_id.id, charge.id))
        )
        owed = self._get_owed(charges.line_id, is_reduced)
        before, months, due = defaultdict(int), defaultdict(int), 0
        for (fee, move), group in groupby(
            charges, lambda charge: (charge.fee_id, charge.late_move_id)
        ):
            month = move, fields.Date.start_of(fee.date, "month")
            limited, compensation = fee._get_invoice_due(
                charges.browse().concat(*group), owed, before[move], months[month]
            )
            before[move] += limited
            months[month] += limited
            if fee == self:
                due += limited + compensation
        return due

    def _get_owed(self, lines, is_reduced):
        """What was owed of late items on each day, as the books say today.

        :return: steps by item, see `tools.interest`
        :rtype: dict
        """
        movements = self.env["account.collection.ledger"]._get_movements(lines)
        owed = {}
        for line in lines:
            units = self.env["account.collection.fee.calculation"]._get_units(line)
            received, reductions = movements[line.id]
            reduced = sum(amount for _day, amount in reductions) if is_reduced else 0
            owed[line] = interest.get_owed(
                units(line.amount_currency - reduced),
                [(day, units(amount)) for day, amount in received],
            )
        return owed

    def _get_invoice_due(self, charges, owed, before, month):
        """What this fee would charge for one invoice by today's ledger: what it did
        charge, unless less was owed.

        :param charges: its lines about the invoice (`account.collection.fee.line`)
        :param dict owed: steps of what was owed by item; an item that was replaced has
            none, and stays charged
        :param int before: what the invoice was charged before, in smallest units
        :param int month: what it was charged before in the same month
        :return: what the limits apply to, and the compensation
        :rtype: tuple[int, int]
        """
        calculation = self.env["account.collection.fee.calculation"]
        policy = self.policy_id
        units = calculation._get_units(self.line_ids)
        compensations = charges.filtered(lambda one: one.kind == "compensation")
        if charges.late_move_id.state == "cancel":
            # It was never owed.
            return 0, 0
        charged = units(sum((charges - compensations).mapped("amount")))
        daily = charges.filtered(lambda one: one.kind in DAILY_KINDS)
        debts, due = {}, 0
        for line, of_line in (daily | compensations).grouped("line_id").items():
            debts[line] = self._get_debt(of_line, owed.get(line))
            if line not in owed:
                due += units(sum((of_line & daily).mapped("amount")))
            elif debts[line]:
                due += sum(one._get_due(owed[line]) for one in of_line & daily)
        if due < units(sum(daily.mapped("amount"))):
            convert = partial(
                calculation._convert, policy, daily.line_id[:1], day=self.date
            )
            minimum = max(convert(policy.fee_min) - month, 0)
            added, taken = interest.get_limited(
                due, before, minimum, convert(policy.fee_max)
            )
            charged = min(charged, due + added + taken)
        return charged, sum(self._get_sum_due(one, debts) for one in compensations)

    def _get_debt(self, charges, owed):
        """What was late of an item when it was first charged: nothing if it was paid
        within the days of grace.

        :param charges: what it was charged (`account.collection.fee.line`)
        :param list owed: steps of what was owed, or None when the item was replaced
        :return: in smallest units
        :rtype: int
        """
        calculation = self.env["account.collection.fee.calculation"]
        line = charges.line_id
        if owed is None:
            return calculation._get_units(self.line_ids)(
                max(charges.mapped("principal"))
            )
        grace = self.policy_id.fee_grace_days
        beyond = fields.Date.add(line.date_maturity, days=grace + 1)
        if not interest.get_value(owed, beyond):
            return 0
        first = min(filter(None, charges.mapped("date_start")), default=beyond)
        return interest.get_value(owed, first)

    def _get_sum_due(self, compensation, debts):
        """What a compensation comes to by what was late.

        :param compensation: the charge (`account.collection.fee.line`)
        :param dict debts: what was late of each item of the invoice
        :return: in smallest units, what was charged at most
        :rtype: int
        """
        calculation = self.env["account.collection.fee.calculation"]
        policy, line = self.policy_id, compensation.line_id
        units = calculation._get_units(self.line_ids)
        charged = units(compensation.amount)
        if policy.fee_is_scale_each and line in debts:
            debts = {line: debts[line]}
        debt = sum(debts.values())
        if not debt:
            return 0
        if line and policy.fee_scale_ids and debt < units(compensation.principal):
            values = calculation._calculate_compensation(policy, line, debt, self.date)
            return min(charged, units(values["amount"]))
        return charged
