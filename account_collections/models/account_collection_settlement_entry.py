from odoo import Command, fields, models
from odoo.exceptions import UserError

from ..tools.proportion import share_in_proportion


class AccountCollectionSettlement(models.Model):
    """What a settlement posts: credit notes for a price concession, a write-off for an
    impairment, and the reversal of either.
    """

    _name = "account.collection.settlement"
    _inherit = ["account.collection.settlement"]

    # === FIELDS === #

    is_remitted = fields.Boolean(
        string="Remainder Given Up",
        readonly=True,
        copy=False,
        help="What was not to be paid is credited or written off.",
    )
    move_ids = fields.Many2many(
        "account.move",
        "account_collection_settlement_move_rel",
        string="Entries",
        readonly=True,
        copy=False,
        help="The credit notes or write-offs, and what reversed them.",
    )

    # === ACTION METHODS === #

    def action_settle(self):
        """Give up the remainder of what was paid in time, after all.

        :raise UserError: when it was not paid in time, or cannot be posted
        """
        for settlement in self:
            settlement._lock_in(("accepted",))
            if not settlement.is_paid:
                raise UserError(
                    self.env._("%s is not paid in full yet.", settlement.name)
                )
            # Posted by the rule that the customer has accepted, whoever presses.
            settlement.sudo()._settle()

    def action_reverse(self):
        """Reverse what was given up, after its payment was undone.

        :raise UserError: when it is paid, or cannot be reversed
        """
        for settlement in self:
            settlement._lock_in(("accepted", "lapsed"))
            if settlement.is_paid:
                raise UserError(
                    self.env._(
                        "%s is paid, so what was given up is not owed. Ask a manager "
                        "to cancel it, if it is to be collected all the same.",
                        settlement.name,
                    )
                )
            # Posted by the rule that the customer has accepted, whoever presses.
            settlement.sudo()._post_reversal()

    def action_view_entries(self):
        """Open the credit notes or write-offs.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        return self.move_ids._get_records_action(name=self.env._("Entries"))

    # === BUSINESS METHODS === #

    def _check_nature(self):
        """See that the remainder could be given up in the way that was chosen.

        :raise UserError: when an item is no invoice, or an account is missing
        """
        self.ensure_one()
        if self.nature == "impairment":
            company = self.company_id.sudo()
            company._get_collection_bad_debt_account()
            company._get_collection_write_off_journal()
            return
        for line in self.line_ids:
            if line.move_id.move_type != "out_invoice":
                raise UserError(
                    self.env._(
                        "%s is no invoice, so there is no credit note to make from it. "
                        "Choose an impairment, or other items.",
                        line.move_id.name,
                    )
                )

    def _check_given_up(self):
        """See that nothing stays open of what is covered.

        :raise UserError: naming what does
        """
        remaining = self._get_remaining()
        if remaining or not self._is_given_up():
            raise UserError(
                self.env._(
                    "Something else is open on the same invoices, and what is given up "
                    "would be taken off that instead of %s. Collect or credit what "
                    "else is open first.",
                    ", ".join(line.display_name for line in remaining) or self.name,
                )
            )

    def _post_remainder(self):
        """Post what is given up and reconcile it with the covered items.

        :raise UserError: Odoo's own message when it cannot be posted
        """
        self.ensure_one()
        self._match_entries()
        remaining = self._get_remaining()
        if not remaining:
            return
        if self.nature == "concession":
            self._post_credit_notes(remaining)
        else:
            self._post_write_offs(remaining)

    def _post_credit_notes(self, remaining):
        """Post a credit note for each invoice, and reconcile them.

        :param dict remaining: what is given up of each item, in its currency
        """
        for (_company, account), lines in self._group_items().items():
            amounts = self._share_by_invoice(lines, remaining)
            credit_notes = self.env["account.move"]
            for move, amount in amounts.items():
                credit = self._create_credit_note(move, amount)
                # Booked where the invoice stands, wherever the customer's are now.
                credit._get_receivables().account_id = account
                credit_notes |= credit
            self._check_period(credit_notes)
            # Each is reconciled with what is covered of its invoice as it is posted.
            self.move_ids |= credit_notes
            credit_notes.action_post()
            (credit_notes._get_receivables() | lines)._reconcile_collection()

    def _post_write_offs(self, remaining):
        """Post a write-off for each company, and reconcile it.

        :param dict remaining: what is given up of each item, in its currency
        """
        for company, lines in self.line_ids.grouped("company_id").items():
            own = {line: remaining[line] for line in lines if line in remaining}
            if not own:
                continue
            move = (
                self.env["account.move"]
                .with_company(company)
                .create(self._prepare_write_off(company, own))
            )
            self._check_period(move)
            move.action_post()
            self.move_ids |= move
            for line, written_off in zip(
                own, move._get_receivables().sorted("id"), strict=True
            ):
                (line | written_off)._reconcile_collection()

    def _post_reversal(self):
        """Reverse what was given up, so that it is owed again.

        :raise UserError: Odoo's own message when it cannot be posted
        """
        self.ensure_one()
        # Posted by the rule that the customer has accepted, whoever causes it.
        settlement = self.sudo()
        settlement.is_remitted = False
        moves = settlement._get_moves_in_force()
        if moves:
            settlement._check_period(moves)
            settlement.move_ids |= moves._reverse_moves(
                [settlement._prepare_counter_entry(move) for move in moves],
                cancel=True,
            )
        settlement._close_requests()

    def _prepare_write_off(self, company, amounts):
        """Prepare the entry that writes off what is given up, at the booked rates.

        :param company: the company of the items (`res.company`)
        :param dict amounts: what is given up of each item, in its currency
        :return: values of an `account.move`
        :rtype: dict
        """
        root = self.company_id
        vals_list = [
            self._prepare_write_off_line(line, amount)
            for line, amount in amounts.items()
        ]
        return {
            "move_type": "entry",
            "company_id": company.id,
            "journal_id": root._get_collection_write_off_journal().id,
            "date": root._get_collection_day(),
            "ref": self.name,
            "line_ids": [
                *(Command.create(vals) for vals in vals_list),
                Command.create(
                    {
                        "name": self._get_write_off_label(),
                        "partner_id": self.partner_id.id,
                        "account_id": root._get_collection_bad_debt_account().id,
                        "currency_id": self.currency_id.id,
                        "amount_currency": -sum(
                            vals["amount_currency"] for vals in vals_list
                        ),
                        "balance": -sum(vals["balance"] for vals in vals_list),
                        "tax_ids": [Command.clear()],
                    }
                ),
            ],
        }

    def _prepare_write_off_line(self, line, amount):
        """Prepare what takes an open item off, at the rate at which it is booked.

        :param line: the open item (`account.move.line`)
        :param float amount: how much of it, in its currency
        :return: values of an `account.move.line`
        :rtype: dict
        """
        share = amount / line.amount_residual_currency
        return {
            "name": self._get_write_off_label(),
            "partner_id": line.partner_id.id,
            "account_id": line.account_id.id,
            "currency_id": line.currency_id.id,
            "amount_currency": -amount,
            "balance": -line.company_currency_id.round(line.amount_residual * share),
        }

    def _prepare_credit_line(self, move, base_line):
        vals = super()._prepare_credit_line(move, base_line)
        if account := self._get_concession_account():
            vals["account_id"] = account.id
        return vals

    # === HELPERS === #

    def _get_concession_account(self):
        """Where price concessions are booked, by default as the invoices are."""
        # Whoever settles need not be allowed to see the settings.
        return self.company_id.sudo().collection_concession_account_id

    def _get_own_moves(self):
        return self.move_ids

    def _get_expected(self, hold, share):
        # What was given up is not expected any more, also where something else is
        # left open of the item, which reductions take off first.
        own = self._to_units(self._get_deducted(hold.line_id)[hold.line_id])
        reduced = sum(reduction.amount for reduction in share.reductions)
        return super()._get_expected(hold, share) - max(own - reduced, 0)

    def _get_advice_by_hand(self):
        return self.env._(
            "Make it by hand, match it with the invoice, then press Settle."
        )

    def _is_part(self, move, amount):
        # An account of its own is not that of the invoice, even if all is credited.
        return bool(self._get_concession_account()) or super()._is_part(move, amount)

    def _get_moves_in_force(self):
        """What gave up the remainder and was not reversed since."""
        return self.move_ids.filtered(
            lambda move: (
                move.state == "posted"
                and move.reversed_entry_id not in self.move_ids
                and not move.reversal_move_ids.filtered(
                    lambda other: other.state == "posted"
                )
            )
        )

    def _get_remaining(self):
        """What is left of each covered item, once all that was agreed is paid.

        :return: the amount by item, in its currency, the oldest first
        :rtype: dict
        """
        return {
            line: left for line, (_paid, left) in self._get_standing().items() if left
        }

    def _get_standing(self):
        """What of each covered item was paid under the settlement, and what is left.

        :return: pairs of amounts by item, in its currency
        :rtype: dict
        """
        shares = self._get_shares(self.hold_ids.line_id)
        standing = {}
        for hold in self.hold_ids.sorted(
            lambda hold: (hold.line_id.date_maturity or hold.line_id.date, hold.id)
        ):
            share = shares[hold.id]
            left = min(
                self._get_expected(hold, share),
                self._to_units(hold.line_id.amount_residual_currency),
            )
            standing[hold.line_id] = (
                self._from_units(sum(receipt.amount for receipt in share.receipts)),
                self._from_units(max(left, 0)),
            )
        return standing

    def _group_items(self):
        """The covered items that can be reconciled with one another.

        :return: items by company and account
        :rtype: dict
        """
        return self.hold_ids.line_id.grouped(
            lambda line: (line.company_id, line.account_id)
        )

    def _share_by_invoice(self, lines, remaining):
        """Share out what is given up among the invoices, in proportion to what was
        covered of each, paid or not: the discount is on all of them.

        Where something else stays open of them, each bears its own remainder: more
        than that would pay what is not settled.

        :param lines: the covered items (`account.move.line`)
        :param dict remaining: what is given up of each item, in its currency
        :return: what is credited of each invoice (`account.move`)
        :rtype: dict
        """
        amounts = {line: remaining[line] for line in lines if line in remaining}
        if all(
            not self.currency_id.compare_amounts(
                line.amount_residual_currency, remaining.get(line, 0)
            )
            for line in lines.move_id._get_receivables()
        ):
            standing = self._get_standing()
            amounts = share_in_proportion(
                sum(amounts.values()),
                {line: sum(standing[line]) for line in lines},
                self.currency_id.round,
            )
        by_move = {}
        for line, amount in amounts.items():
            if not self.currency_id.is_zero(amount):
                by_move[line.move_id] = by_move.get(line.move_id, 0) + amount
        return by_move

    def _get_credit_label(self, move):
        lang = move.partner_id.lang or self.env.lang
        return self.with_context(lang=lang).env._(
            "%(invoice)s: price concession (%(settlement)s)",
            invoice=move.name,
            settlement=self.name,
        )

    def _get_write_off_label(self):
        """What the entry is about, for the accountant.

        :rtype: str
        """
        return self.env._(
            "%(customer)s: bad debt (%(settlement)s)",
            customer=self.partner_id.display_name,
            settlement=self.name,
        )
