from odoo import Command, models
from odoo.exceptions import UserError


class AccountCollectionResolution(models.AbstractModel):
    """Credit notes for a part of an invoice, the taxes reduced in proportion, and what
    reverses entries.

    Credit notes are made by Odoo's own reversal of the invoice and left as drafts.
    """

    _name = "account.collection.resolution"
    _inherit = ["account.collection.resolution"]

    # === BUSINESS METHODS === #

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
            .with_context(
                active_model="account.move",
                active_ids=move.ids,
                # At the rate of the invoice nothing is left over of it, and Odoo's
                # copy of a discount for early payment balances as the invoice does.
                default_invoice_currency_rate=move.invoice_currency_rate,
            )
            .create(self._prepare_reversal(move))
        )
        wizard.refund_moves()
        credit = wizard.new_move_ids.with_context(default_invoice_currency_rate=None)
        if self._is_part(move, amount):
            self._clear_discount(credit)
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
            self._fit_credit_note(credit, move)
        if move.currency_id.compare_amounts(credit.amount_total, amount):
            raise UserError(
                self.env._(
                    "The taxes of %(invoice)s do not allow a credit note of %(amount)s "
                    "to the cent. %(advice)s",
                    invoice=move.name,
                    amount=move.currency_id.format(amount),
                    advice=self._get_advice_by_hand(),
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
        account, which add up to the amount to the cent.

        :param move: the invoice (`account.move`)
        :param float amount: what is credited, taxes included, in its currency
        :return: values of `account.move.line`
        :rtype: list[dict]
        """
        taxes, company = self.env["account.tax"], move.company_id
        base_lines = [
            move._prepare_product_base_line_for_taxes_computation(line)
            for line in self._get_credited_lines(move)
        ] + [
            move._prepare_epd_base_line_for_taxes_computation(line)
            for line in move.line_ids.filtered(lambda line: line.display_type == "epd")
        ]
        taxes._add_tax_details_in_base_lines(base_lines, company)
        taxes._round_base_lines_tax_details(base_lines, company)
        reduced = taxes._reduce_base_lines_to_target_amount(
            base_lines,
            company,
            "fixed",
            amount,
            computation_key=f"{self._name},{self.id}",
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
        quantity, price_unit = base_line["quantity"], base_line["price_unit"]
        if not base_line["tax_ids"]:
            # Without taxes, nothing else keeps the amount to the cent.
            details, quantity = base_line["tax_details"], 1
            price_unit = move.currency_id.round(
                details["total_excluded_currency"]
                + details["delta_total_excluded_currency"]
            )
        return {
            "name": self._get_credit_label(move),
            "account_id": base_line["account_id"].id,
            "analytic_distribution": base_line["analytic_distribution"],
            "quantity": quantity,
            "price_unit": price_unit,
            "discount": 0,
            "tax_ids": [Command.set(base_line["tax_ids"].ids)],
            "extra_tax_data": self.env["account.tax"]._export_base_line_extra_tax_data(
                base_line
            ),
        }

    def _clear_discount(self, credit):
        """Book no discount for early payment besides the lines, which include it.

        :param credit: the draft credit note (`account.move`)
        """
        credit.invoice_payment_term_id = False

    def _fit_credit_note(self, credit, move):
        """Take up the last cents where a kind calculates its lines by itself.

        :param credit: the draft credit note (`account.move`)
        :param move: the invoice (`account.move`)
        """

    def _prepare_counter_entry(self, move):
        """Prepare the entry that reverses another, today and at the rate of that one.

        :param move: the entry (`account.move`)
        :return: values of an `account.move`
        :rtype: dict
        """
        today = self.company_id._get_collection_day()
        vals = {
            "date": today,
            "ref": self.env._("Reversal of: %(entry)s", entry=move.name),
        }
        if move.is_invoice():
            vals["invoice_date"] = today
            vals["invoice_date_due"] = today
            vals["invoice_currency_rate"] = move.invoice_currency_rate
        return vals

    def _check_period(self, moves):
        """Refuse to post today in a period that is closed. Odoo would put an entry off
        to a day that is open, in another period than what it goes with.

        :param moves: the entries (`account.move`), or those that are reversed
        :raise UserError: naming what is closed
        """
        for move in moves:
            if closed := move._get_violated_lock_dates(
                self.company_id._get_collection_day(), move._affect_tax_report()
            ):
                raise UserError(
                    self.env._(
                        "Today is in a period that is closed: %s. Nothing was posted.",
                        self.env["res.company"]._format_lock_dates(closed),
                    )
                )

    # === HELPERS === #

    def _is_part(self, move, amount):
        """Whether something else is credited than the invoice as it is.

        :rtype: bool
        """
        return bool(move.currency_id.compare_amounts(amount, move.amount_total))

    def _get_credited_lines(self, move):
        """The lines of an invoice that a credit note is in proportion to.

        :param move: the invoice (`account.move`)
        :return: lines of the invoice (`account.move.line`)
        """
        return move.invoice_line_ids.filtered(
            lambda line: line.display_type == "product"
        )

    def _get_credit_line_key(self, base_line):
        """What, besides the taxes, is booked on one line of the credit note."""
        return {"account_id": base_line["account_id"]}

    def _get_credit_label(self, move):
        """What the customer reads on the credit note.

        :rtype: str
        """
        return f"{move.name} ({self.name})"

    def _get_advice_by_hand(self):
        """Say what to do with a credit note that has to be made by hand.

        :rtype: str
        """
        return self.env._("Make it by hand, and add it here.")

    def _get_items_to_credit(self):
        """Its open items in the order in which its credit notes pay them: first what
        it holds, and of that first where nothing else is agreed or left open.

        :return: open items (`account.move.line`)
        """
        self.ensure_one()
        own_holds = self._get_holds()
        covered = own_holds.line_id

        def get_rank(line):
            holds = line.collection_hold_ids.filtered(
                lambda hold: (
                    hold.active and hold.reason != "manual" and not hold._is_expired()
                )
            )
            own = sum((holds & own_holds).mapped("amount"))
            rest = line.amount_residual_currency - own
            return (
                line not in covered,
                bool(holds - own_holds),
                line.currency_id.compare_amounts(rest, 0) > 0,
                line.date_maturity or line.date,
                line.id,
            )

        return (covered | self.line_ids).sorted(get_rank)

    def _is_matched(self, line, others):
        """Whether a journal item is matched in full with some others.

        :param line: the journal item (`account.move.line`)
        :param others: the journal items that count
        :rtype: bool
        """
        matched = sum(
            partial.debit_amount_currency
            for partial in line.matched_credit_ids
            if partial.credit_move_id in others
        ) + sum(
            partial.credit_amount_currency
            for partial in line.matched_debit_ids
            if partial.debit_move_id in others
        )
        return line.currency_id.compare_amounts(matched, abs(line.amount_currency)) >= 0
