from odoo import fields, models
from odoo.fields import Command

from ..tools.proportion import share_in_proportion


class AccountCollectionBarter(models.Model):
    """What is posted when a barter is settled.

    What was accepted is bought with a vendor bill. A netting entry sets its payable
    off against the open items, by way of the clearing account: so each side is paid
    in kind, the taxes of both documents stay due and deductible as they are, and
    nothing is written off.
    """

    _name = "account.collection.barter"
    _inherit = ["account.collection.barter"]

    # === FIELDS === #

    bill_id = fields.Many2one(
        "account.move",
        string="Vendor Bill",
        readonly=True,
        copy=False,
        ondelete="restrict",
        index="btree_not_null",
    )
    netting_move_id = fields.Many2one(
        "account.move",
        string="Netting Entry",
        readonly=True,
        copy=False,
        ondelete="restrict",
        index="btree_not_null",
    )

    # === ACTION METHODS === #

    def action_settle(self):
        """Post the bill of what was accepted and set it off against the open items.
        What is left of the items is collected again, what is left of the bill stays
        payable.

        :raise UserError: when it is not delivered, or Odoo refuses the posting
        """
        for barter in self:
            barter._lock_in(("delivered",))
            barter._lock_customer()
            if not barter.bill_id._filter_in_force():
                barter._set_aside(barter.bill_id)
                barter._post_bill()
            if not barter.netting_move_id._filter_in_force():
                barter._set_aside(barter.netting_move_id)
                barter._post_netting()
            barter._match()
            if barter.netting_move_id and not barter._is_carried_out():
                # Money has come in its place, or was taken back.
                barter._reverse(barter.netting_move_id)
                barter._post_netting()
                barter._match()
            barter._evaluate()
            barter._follow_up()

    def action_view_moves(self):
        """Open the bill and the netting entry, and what reversed them.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        moves = self.bill_id | self.netting_move_id
        moves |= moves.reversal_move_ids
        return moves._get_records_action(name=self.env._("Entries of %s", self.name))

    # === BUSINESS METHODS === #

    def _post_bill(self):
        """Post the vendor bill of what was accepted.

        :return: the bill (`account.move`)
        """
        self.ensure_one()
        bill = (
            self.env["account.move"]
            .with_company(self.company_id)
            .with_context(default_move_type="in_invoice")
            .create(self._prepare_bill())
        )
        # Linked by the posting alone.
        self.sudo().bill_id = bill
        self._post_move(bill)
        return bill

    def _prepare_bill(self):
        """Prepare the vendor bill of what was accepted.

        :return: values of an `account.move`
        :rtype: dict
        """
        today = self.company_id._get_collection_day()
        journal = self.company_id._get_collection_purchase_journal()
        return {
            "move_type": "in_invoice",
            "company_id": self.company_id.id,
            "journal_id": journal.id,
            "partner_id": self.partner_id.id,
            "currency_id": self.currency_id.id,
            "invoice_date": today,
            "date": today,
            # What stays payable is due at once.
            "invoice_date_due": today,
            "invoice_payment_term_id": False,
            "ref": self.name,
            "invoice_origin": self.name,
            "invoice_user_id": self.user_id.id,
            "invoice_line_ids": [
                Command.create(self._prepare_bill_line(line))
                for line in self.given_ids
                if line.quantity_accepted
            ],
        }

    def _prepare_bill_line(self, line):
        """Prepare the line of the bill for something that was accepted.

        :param line: the `account.collection.barter.line`
        :return: values of an `account.move.line`
        :rtype: dict
        """
        return {
            "product_id": line.product_id.id,
            "name": line.name,
            "quantity": line.quantity_accepted,
            "price_unit": line.price_unit,
            "discount": 0,
            "tax_ids": [Command.set(line.tax_ids.ids)],
            "account_id": line.account_id.id,
        }

    def _post_netting(self):
        """Post the entry that sets the bill off against the open items.

        :return: the entry (`account.move`), empty if nothing is left to set off
        """
        self.ensure_one()
        moves = self.env["account.move"].with_company(self.company_id)
        vals = self._prepare_netting()
        netting = moves.create(vals) if vals else moves
        # Linked by the posting alone.
        self.sudo().netting_move_id = netting
        if netting:
            self._post_move(netting)
        return netting

    def _prepare_netting(self):
        """Prepare the entry that sets the bill off against the open items, as far as
        both reach.

        :return: values of an `account.move`, empty if nothing is left to set off
        :rtype: dict
        """
        payable = self._get_payable_line()
        shares = self._get_netting_shares(-payable.amount_residual_currency)
        if not shares:
            return {}
        account = self.company_id._get_collection_barter_account()
        amount = self.currency_id.round(sum(shares.values()))
        balances = self._get_netting_balances(payable, shares)
        balance = sum(balances.values())
        return {
            "move_type": "entry",
            "company_id": self.company_id.id,
            "journal_id": self.company_id._get_collection_barter_journal().id,
            "currency_id": self.currency_id.id,
            "date": self.company_id._get_collection_day(),
            "ref": self.env._(
                "%(barter)s: %(bill)s set off",
                barter=self.name,
                bill=self.bill_id.name,
            ),
            "line_ids": [
                Command.create(self._prepare_netting_line(*values))
                for values in (
                    (payable.account_id, amount, balance),
                    (account, -amount, -balance),
                    (account, amount, balance),
                    *(
                        (item.account_id, -shares[item], -balances[item])
                        for item in shares
                    ),
                )
            ],
        }

    def _prepare_netting_line(self, account, amount, balance):
        """Prepare a line of the netting entry.

        :param account: the account (`account.account`)
        :param float amount: debit positive, in the currency of the barter
        :param float balance: the same in the currency of the company
        :return: values of an `account.move.line`
        :rtype: dict
        """
        return {
            "account_id": account.id,
            "partner_id": self.partner_id.id,
            "name": self.name,
            "currency_id": self.currency_id.id,
            "amount_currency": amount,
            "balance": balance,
        }

    def _post_move(self, move):
        """Post an entry today.

        :param move: the draft (`account.move`)
        :raise UserError: as Odoo says it, when today is in a period that is closed
        """
        move.date = self.company_id._get_collection_day()
        move._check_fiscal_lock_dates()
        self._check_period(move)
        move._post(soft=False)

    def _match(self):
        """Match the netting entry with the bill and with the open items; where rates
        have changed, Odoo books the exchange difference."""
        netting = self.netting_move_id
        if not netting:
            return
        payable = self._get_payable_line()
        lines = self._get_netting_lines().filtered(lambda line: not line.reconciled)
        debit = lines.filtered(lambda line: line.amount_currency > 0)
        (debit | payable.filtered(lambda line: not line.reconciled)).reconcile()
        clearing = netting.line_ids.filtered(
            lambda line: not line.reconciled and line not in self._get_netting_lines()
        )
        if clearing.account_id.reconcile:
            clearing.reconcile()
        for credit in lines - debit:
            self._match_credit(credit)

    def _match_credit(self, credit):
        """Match a credit of the netting entry with the open items of its account, the
        oldest first.

        :param credit: the journal item (`account.move.line`)
        """
        for item, free in self._get_free_amounts().items():
            if credit.reconciled:
                break
            if item.account_id == credit.account_id and not self.currency_id.is_zero(
                free
            ):
                (credit | item).reconcile()

    def _post_reversal(self):
        """Reverse the bill and the netting entry, if there are any: everything is as
        if nothing had been posted."""
        self.ensure_one()
        self._reverse(self.netting_move_id | self.bill_id)

    def _reverse(self, moves):
        """Reverse entries, unless that was done by hand, and match them with their
        reversals.

        :param moves: the bill or the netting entry or both (`account.move`)
        """
        moves = moves.filtered(lambda move: move.state == "posted")
        moves.line_ids.remove_move_reconcile()
        standing = moves._filter_in_force()
        for move in standing:
            self._post_move(move._reverse_moves([self._prepare_counter_entry(move)]))
        for move in moves:
            for reversal in move._get_whole_reversals():
                self._match_reversal(move, reversal)
        if standing:
            names = ", ".join(standing.mapped("display_name"))
            self.message_post(body=self.env._("Reversed: %s.", names))

    def _set_aside(self, move):
        """Clear up an entry that was undone by hand, before it is posted anew.

        :param move: the bill or the netting entry (`account.move`), maybe none
        """
        self._reverse(move)
        undone = move.filtered(lambda one: one.state != "posted")
        undone.line_ids.remove_move_reconcile()
        undone.write({"auto_post": "no", "state": "cancel"})

    def _match_reversal(self, move, reversal):
        """Match an entry with what reverses it, account by account.

        :param move: the bill or the netting entry (`account.move`)
        :param reversal: what reverses it (`account.move`)
        """
        lines = (move | reversal).line_ids.filtered(
            lambda line: line.account_id.reconcile and not line.reconciled
        )
        for own in lines.grouped("account_id").values():
            own.reconcile()

    def _prepare_counter_entry(self, move):
        ref = self.env._(
            "%(barter)s: reversal of %(entry)s",
            barter=self.name,
            entry=move.name,
        )
        return {**super()._prepare_counter_entry(move), "ref": ref}

    # === HELPERS === #

    def _get_payable_line(self):
        """What the bill owes to the customer.

        :return: a journal item (`account.move.line`)
        """
        return self.bill_id.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        )[:1]

    def _get_netting_lines(self):
        """The lines of the netting entry that pay the bill and the open items.

        :return: journal items (`account.move.line`)
        """
        return self.netting_move_id.line_ids.filtered(
            lambda line: (
                line.account_id.account_type
                in ("liability_payable", "asset_receivable")
            )
        )

    def _get_netting_shares(self, owed):
        """Share out the bill among the open items, the oldest first: as much as was
        agreed, and never what another agreement covers.

        :param float owed: what the bill owes, in its currency
        :return: the amount by item (`account.move.line`)
        :rtype: dict
        """
        left = min(owed, self.amount - sum(self._get_deducted().values()))
        shares = {}
        for item, free in self._get_free_amounts().items():
            share = self.currency_id.round(min(free, left))
            if self.currency_id.compare_amounts(share, 0) > 0:
                shares[item] = share
                left -= share
        return shares

    def _get_netting_balances(self, payable, shares):
        """Convert what is set off at the rate of the bill, so that the two sides of
        the entry are equal.

        :param payable: what the bill owes (`account.move.line`)
        :param dict shares: the amount by item, in the currency of the bill
        :return: the same by item, in the currency of the company
        :rtype: dict
        """
        part = sum(shares.values()) / -payable.amount_residual_currency
        return share_in_proportion(
            -payable.amount_residual * part, shares, self.company_id.currency_id.round
        )
