from odoo import fields, models
from odoo.exceptions import UserError

from ..tools.dialog import prepare_dialog
from ..tools.locking import take_turns
from ..tools.number import format_number


class AccountCollectionReturn(models.Model):
    """Returns that somebody has credited by hand.

    Whoever credits the goods with Odoo's own button on the invoice attaches that credit
    note to the return: it takes the place of the one that the return would post, so
    nothing is credited twice.
    """

    _name = "account.collection.return"
    _inherit = ["account.collection.return"]

    # === FIELDS === #

    attached_move_ids = fields.Many2many(
        "account.move",
        "account_collection_return_attached_rel",
        "return_id",
        "move_id",
        string="Credit Notes Made by Hand",
        readonly=True,
        copy=False,
    )

    # === ACTION METHODS === #

    def action_open_attachment(self):
        """Open the form that attaches credit notes made by hand.

        :return: a window action
        :rtype: dict
        :raise UserError: when there are none
        """
        self.ensure_one()
        if not self._get_attachable_credit_notes():
            raise UserError(
                self.env._(
                    "There is no posted credit note of %(invoices)s that could be used "
                    "for the return. Credit the goods here instead.",
                    invoices=", ".join(self.return_line_ids.move_id.mapped("name")),
                )
            )
        return prepare_dialog(
            "account.collection.return.attach",
            self.env._("Use a Credit Note Made by Hand"),
            default_return_id=self.id,
        )

    # === BUSINESS METHODS === #

    def _attach_credit_notes(self, credit_notes, is_difference_meant=False):
        """Take credit notes that were made by hand for those of the return.

        :param credit_notes: posted credit notes of its invoices (`account.move`)
        :param bool is_difference_meant: whether they may credit something else than
            what was accepted
        :raise UserError: when the goods have not arrived, when one is no credit note
            for them, or credits something else: then everything stays as it was
        """
        self.ensure_one()
        self._lock_in(("received",))
        credit_notes.check_access("read")
        # Two returns that take the same credit note do so one after the other.
        take_turns(credit_notes)
        self._check_attachable(credit_notes)
        differences = self._get_differences(credit_notes)
        if differences and not is_difference_meant:
            raise UserError("\n".join(differences))
        # Recorded here alone.
        one = self.sudo()
        one.credit_move_ids |= credit_notes
        one.attached_move_ids |= credit_notes
        self._reconcile_attached(credit_notes)
        self._tell_attached(credit_notes, differences)
        self._evaluate()

    def _check_attachable(self, credit_notes):
        """See that credit notes are for goods of this return, and for nothing else.

        :param credit_notes: the credit notes (`account.move`)
        :raise UserError: naming the one that is not, and why
        """
        self.ensure_one()
        if not credit_notes:
            raise UserError(self.env._("Choose the credit note of the goods."))
        invoices = self._get_uncredited_invoices()
        for credit in credit_notes:
            values = {"credit": credit.display_name, "name": self.name}
            if credit.move_type != "out_refund" or credit.state != "posted":
                raise UserError(
                    self.env._("%(credit)s is no posted credit note.", **values)
                )
            if not credit._filter_in_force():
                raise UserError(
                    self.env._(
                        "%(credit)s was reversed, so it credits nothing.", **values
                    )
                )
            if owner := credit._get_credit_note_owner():
                raise UserError(
                    self.env._(
                        "%(credit)s is the credit note of %(owner)s already.",
                        owner=owner.name,
                        **values,
                    )
                )
            if credit.reversed_entry_id not in invoices:
                raise UserError(
                    self.env._(
                        "%(credit)s is no credit note of an invoice whose goods were "
                        "accepted with the return %(name)s and are not credited yet. "
                        "If the return has a draft for them, delete that one first.",
                        **values,
                    )
                )
            if credit.currency_id != self.currency_id:
                raise UserError(
                    self.env._(
                        "%(credit)s is in another currency than the return %(name)s.",
                        **values,
                    )
                )

    def _reconcile_attached(self, credit_notes):
        """Reconcile credit notes with the invoices that they belong to, as far as
        nobody has done so.

        :param credit_notes: the credit notes (`account.move`)
        """
        credit_notes._reconcile_agreed_items()
        for credit in credit_notes:
            lines = (credit | credit.reversed_entry_id).line_ids.filtered(
                lambda line: (
                    line.account_id.account_type == "asset_receivable"
                    and not line.reconciled
                )
            )
            for of_account in lines.grouped("account_id").values():
                if len(of_account.move_id) > 1:
                    of_account.reconcile()

    def _tell_attached(self, credit_notes, differences):
        """Note who took which credit notes, and what they credit differently.

        :param credit_notes: the credit notes (`account.move`)
        :param list differences: what differs
        """
        told = self.env._(
            "Credited by hand with %s.", ", ".join(credit_notes.mapped("name"))
        )
        if differences:
            told += " " + self.env._("Meant so: %s", " ".join(differences))
        self.message_post(body=told)

    # === HELPERS === #

    def _get_attachable_credit_notes(self):
        """The credit notes that may have been made for the goods.

        :return: credit notes that are in force (`account.move`)
        """
        self.ensure_one()
        credit_notes = self._get_uncredited_invoices().reversal_move_ids
        return credit_notes._filter_in_force().filtered(
            lambda credit: (
                credit.move_type == "out_refund" and not credit._get_credit_note_owner()
            )
        )

    def _get_uncredited_invoices(self):
        """The invoices of accepted goods that the return has no credit note for.

        :return: invoices (`account.move`)
        """
        accepted = self.return_line_ids.filtered("quantity_accepted")
        credit_notes = self.credit_move_ids._filter_countable()
        return accepted.move_id - credit_notes.reversed_entry_id

    def _get_differences(self, credit_notes):
        """What credit notes credit otherwise than this return would.

        :param credit_notes: the credit notes (`account.move`)
        :return: a sentence for each difference
        :rtype: list[str]
        """
        differences = []
        for move, notes in credit_notes.grouped("reversed_entry_id").items():
            quantities, _reductions = move._match_credit_notes(notes)
            accepted = {
                line: sum(lines.mapped("quantity_accepted"))
                for line, lines in self._get_accepted_lines(move)
                .grouped("invoice_line_id")
                .items()
            }
            for line in move.invoice_line_ids:
                differences += self._get_quantity_differences(
                    line, accepted.get(line, 0), quantities[line]
                )
            expected = self._get_credit_amount(move)
            credited = sum(notes.mapped("amount_total"))
            if self.currency_id.compare_amounts(expected, credited):
                differences.append(
                    self.env._(
                        "%(expected)s of %(invoice)s are to be credited, but "
                        "%(credits)s credits %(credited)s.",
                        expected=self.currency_id.format(expected),
                        invoice=move.name,
                        credits=", ".join(notes.mapped("name")),
                        credited=self.currency_id.format(credited),
                    )
                )
        return differences

    def _get_quantity_differences(self, line, accepted, credited):
        """What is credited otherwise of one line of an invoice.

        :param line: the line (`account.move.line`)
        :param float accepted: the quantity accepted
        :param float credited: the quantity credited at the price of the invoice
        :return: a sentence, if they differ
        :rtype: list[str]
        """
        goods = self.return_line_ids
        if not goods._compare_quantity(accepted, credited):
            return []
        return [
            self.env._(
                "%(goods)s: %(accepted)s accepted, %(credited)s credited at the price "
                "of the invoice.",
                goods=goods._get_goods_name(line),
                accepted=format_number(self.env, accepted),
                credited=format_number(self.env, credited),
            )
        ]

    def _get_beyond(self, move):
        """What attached credit notes credit of an invoice beyond what was accepted.

        Where they credit goods at another price, as a restocking fee in the price
        does, what was accepted came back all the same.

        :param move: the invoice (`account.move`)
        :return: quantities and reductions as of `_get_credited_goods`
        :rtype: tuple[dict, dict]
        """
        self.ensure_one()
        quantities, reductions = move._match_credit_notes(
            self.attached_move_ids._filter_countable().filtered(
                lambda credit: credit.reversed_entry_id == move
            )
        )
        for goods in self._get_accepted_lines(move):
            line, accepted = goods.invoice_line_id, goods.quantity_accepted
            missing = max(accepted - quantities[line], 0)
            quantities[line] = max(quantities[line] - accepted, 0)
            value = goods.amount_accepted * missing / accepted
            for lines in reductions:
                if line in lines:
                    part = max(min(value, reductions[lines]), 0)
                    reductions[lines] -= part
                    value -= part
        return quantities, reductions

    def _get_credited_amount(self):
        """What the credit notes come to.

        :rtype: float
        """
        return sum(self._get_posted_credits().mapped("amount_total"))
