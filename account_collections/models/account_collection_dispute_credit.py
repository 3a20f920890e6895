from odoo import Command, models
from odoo.exceptions import UserError
from odoo.tools import float_compare


class AccountCollectionDispute(models.Model):
    """The credit notes for what a customer was found to be right about.

    They are made by Odoo's own reversal of the invoice, left as drafts for the
    accountant, and reconciled with the disputed items when they are posted.
    """

    _name = "account.collection.dispute"
    _inherit = ["account.collection.dispute"]

    # === ACTION METHODS === #

    def action_view_credit_notes(self):
        """Open the credit notes.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        return self.credit_move_ids._get_records_action(name=self.env._("Credit Notes"))

    # === BUSINESS METHODS === #

    def _create_credit_notes(self):
        """Make a draft credit note for each invoice of which something was agreed."""
        self.ensure_one()
        for move, amount in self._get_agreed_by_move().items():
            if move.is_sale_document():
                credit = self._create_credit_note(move, amount)
                self.credit_move_ids |= credit
            else:
                self.message_post(
                    body=self.env._(
                        "%(entry)s is no invoice, so there is no credit note to make "
                        "from it. Book the %(amount)s by hand, and add the entry here.",
                        entry=move.name,
                        amount=self.currency_id.format(amount),
                    )
                )

    def _create_credit_note(self, move, amount):
        """Reverse an invoice for an amount, the taxes in proportion.

        :param move: the invoice (`account.move`)
        :param float amount: what is credited, taxes included, in its currency
        :return: the draft credit note (`account.move`)
        :raise UserError: when the taxes of the invoice do not allow the amount
        """
        wizard = (
            self.env["account.move.reversal"]
            .with_company(move.company_id)
            .with_context(active_model="account.move", active_ids=move.ids)
            .create(self._prepare_reversal(move))
        )
        wizard.refund_moves()
        credit = wizard.new_move_ids
        if float_compare(
            amount, move.amount_total, precision_rounding=move.currency_id.rounding
        ):
            credit.write(
                {
                    "invoice_line_ids": [
                        Command.clear(),
                        *(
                            Command.create(vals)
                            for vals in self._prepare_credit_lines(move, amount)
                        ),
                    ]
                }
            )
        if move.currency_id.compare_amounts(credit.amount_total, amount):
            raise UserError(
                self.env._(
                    "The taxes of %(invoice)s do not allow a credit note of %(amount)s "
                    "to the cent. Make it by hand, and add it here.",
                    invoice=move.name,
                    amount=move.currency_id.format(amount),
                )
            )
        return credit

    def _prepare_reversal(self, move):
        """Prepare Odoo's reversal of an invoice.

        :param move: the invoice (`account.move`)
        :return: values of an `account.move.reversal`
        :rtype: dict
        """
        return {
            "journal_id": move.journal_id.id,
            "date": self.company_id._get_collection_day(),
            "reason": self._get_credit_label(move),
        }

    def _prepare_credit_lines(self, move, amount):
        """Prepare the lines that credit a part of an invoice: one for each tax and
        account of what is disputed, which add up to the amount to the cent.

        :param move: the invoice (`account.move`)
        :param float amount: what is credited, taxes included, in its currency
        :return: values of `account.move.line`
        :rtype: list[dict]
        """
        taxes, company = self.env["account.tax"], move.company_id
        lines = move.invoice_line_ids.filtered(
            lambda line: line.display_type == "product"
        )
        lines = (lines & self.invoice_line_ids) or lines
        base_lines = [
            move._prepare_product_base_line_for_taxes_computation(line)
            for line in lines
        ]
        taxes._add_tax_details_in_base_lines(base_lines, company)
        taxes._round_base_lines_tax_details(base_lines, company)
        reduced = taxes._reduce_base_lines_to_target_amount(
            base_lines,
            company,
            "fixed",
            amount,
            computation_key=f"dispute,{self.id}",
            grouping_function=self._get_credit_line_key,
        )
        taxes._fix_base_lines_tax_details_on_manual_tax_amounts(reduced, company)
        return [self._prepare_credit_line(move, base_line) for base_line in reduced]

    def _prepare_credit_line(self, move, base_line):
        """Prepare one line of a credit note.

        :param move: the invoice (`account.move`)
        :param dict base_line: the amounts, as `account.tax` calculates
        :return: values of an `account.move.line`
        :rtype: dict
        """
        return {
            "name": self._get_credit_label(move),
            "account_id": base_line["account_id"].id,
            "analytic_distribution": base_line["analytic_distribution"],
            "quantity": base_line["quantity"],
            "price_unit": base_line["price_unit"],
            "discount": 0,
            "tax_ids": [Command.set(base_line["tax_ids"].ids)],
            "extra_tax_data": self.env["account.tax"]._export_base_line_extra_tax_data(
                base_line
            ),
        }

    # === HELPERS === #

    def _get_agreed_by_move(self):
        """Share out the agreed amount among the invoices, as it is held, the rest by
        due date.

        :return: the amount of each invoice (`account.move`), in its currency
        :rtype: dict
        """
        left = self.amount_agreed
        covered = {hold.line_id: hold.amount_covered for hold in self.hold_ids}
        amounts = {}
        # What is not held may be paid already: it is credited all the same.
        for shares in (
            covered,
            {
                line: line.amount_currency - covered.get(line, 0)
                for line in self.line_ids.sorted("date_maturity")
            },
        ):
            for line, share in shares.items():
                share = self.currency_id.round(min(share, left))
                if self.currency_id.compare_amounts(share, 0) > 0:
                    left -= share
                    amounts[line.move_id] = amounts.get(line.move_id, 0) + share
        return amounts

    def _get_credit_line_key(self, base_line):
        """What, besides the taxes, is booked on one line of the credit note."""
        return {"account_id": base_line["account_id"]}

    def _get_credit_label(self, move):
        """What the customer reads on the credit note.

        :rtype: str
        """
        partner = move.partner_id.lang or self.env.lang
        return self.with_context(lang=partner).env._(
            "%(invoice)s: %(reason)s (%(dispute)s)",
            invoice=move.name,
            reason=self.with_context(lang=partner).reason_id.name,
            dispute=self.name,
        )
