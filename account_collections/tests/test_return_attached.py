from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .return_common import ReturnCommon


@tagged("post_install", "-at_install")
class TestReturnAttached(ReturnCommon):
    """Goods that are here, and were credited on the invoice by hand meanwhile."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vat19 = cls._create_tax(19)

    # === HELPERS === #

    def _receive_and_credit(self, goods, quantities, *notes, **values):
        """Receive goods, and credit the invoice by hand.

        :param notes: what is written on the lines of each credit note
        :return: the invoice, the return and the credit notes
        """
        invoice = self._sell(*goods)
        one = self._take_back(invoice, quantities, "received", **values)
        credit_notes = self.env["account.move"]
        for note in notes:
            credit_notes += self._credit_by_hand(invoice, **note)
        return invoice, one, credit_notes

    def assertRefused(self, one, credit_notes, words, **values):
        with self.assertRaisesRegex(UserError, words), self.env.cr.savepoint():
            one._attach_credit_notes(credit_notes, **values)
        self.env.invalidate_all()
        self.assertEqual(one.state, "received")
        self.assertFalse(one.credit_move_ids)

    # === THE SAME === #

    def test_same_goods(self):
        """(quantity back, what is written on the credit notes by hand)."""
        for quantity, notes in (
            (10, [{}]),
            (4, [{"quantity": 4}]),
            (4, [{"quantity": 1}, {"quantity": 3}]),
        ):
            with self.subTest(quantity=quantity, notes=notes):
                invoice, one, credit_notes = self._receive_and_credit(
                    [(10, 100, self.vat19)], [quantity], *notes
                )
                before = self._get_balances()
                one._attach_credit_notes(credit_notes)
                self.assertEqual(one.state, "credited")
                self.assertEqual(one.credit_move_ids, credit_notes)
                self.assertHeld(one, [])
                self.assertEqual(self._get_balances(), before)
                self.assertEqual(invoice.reversal_move_ids, credit_notes)
                line = invoice.invoice_line_ids
                self.assertEqual(line._get_returnable_quantities()[line], 10 - quantity)
                with self.assertRaisesRegex(UserError, "credited already"):
                    one.action_credit()

    def test_not_reconciled(self):
        """Whoever made it has not set it off against the invoice."""
        invoice, one, credit = self._receive_and_credit([(1, 100, None)], [1], {})
        credit.line_ids.remove_move_reconcile()
        self.assertEqual(invoice.amount_residual, 100)
        one._attach_credit_notes(credit)
        self.assertEqual(invoice.amount_residual, 0)
        self.assertEqual(credit.amount_residual, 0)

    def test_one_of_two_invoices(self):
        """The other one is credited by the return."""
        invoices = [self._sell((2, 100, self.vat19)) for _number in range(2)]
        one = self.env["account.collection.return"].create(
            {
                "partner_id": self.customer.id,
                "return_line_ids": [
                    Command.create(
                        {
                            "invoice_line_id": invoice.invoice_line_ids.id,
                            "quantity": 2,
                            "restocking_percent": 0,
                        }
                    )
                    for invoice in invoices
                ],
            }
        )
        one.action_confirm()
        one.action_authorize()
        self._receive(one)
        credit = self._credit_by_hand(invoices[0])
        one._attach_credit_notes(credit)
        self.assertEqual(one.state, "received")
        one.action_credit()
        self.assertEqual(one.state, "credited")
        self.assertEqual(
            [invoice.reversal_move_ids.amount_total for invoice in invoices], [238, 238]
        )

    # === SOMETHING ELSE === #

    def test_differences_are_told(self):
        """(goods, quantities back, restocking, the credit note, what is told)."""
        for goods, quantities, percent, note, words in (
            ([(10, 100, None)], [4], 0, {}, "4 accepted, 10 credited"),
            ([(10, 100, None)], [10], 0, {"quantity": 4}, "10 accepted, 4 credited"),
            ([(10, 100, None)], [10], 10, {}, "(?s)900.00 of .*1,000.00"),
            (
                [(10, 100, None)],
                [10],
                0,
                {"price_unit": 90},
                "(?s)1,000.00 of .*900.00",
            ),
            (
                [(10, 100, None), (1, 50, None)],
                [10],
                0,
                {},
                "Goods 2: 0 accepted, 1 credited",
            ),
        ):
            with self.subTest(words=words):
                _invoice, one, credit = self._receive_and_credit(
                    goods, quantities, note, restocking_percent=percent
                )
                self.assertRefused(one, credit, words)
                one._attach_credit_notes(credit, is_difference_meant=True)
                self.assertEqual(one.state, "credited")
                self.assertRegex(
                    "".join(one.message_ids.mapped("body")).replace("\xa0", " "),
                    words,
                )

    def test_what_is_left_to_return(self):
        """Of 10 x 100 and 5 x 10, some of the first come back: (accepted, the credit
        note, what else can come back of both, what that credits)."""
        for accepted, note, left, worth in (
            # Everything was credited.
            (4, {}, [0, 0], None),
            # As it was accepted, the price apart
            (10, {"price_unit": 90}, [0, 5], None),
            (4, {"quantity": 6, "price_unit": 100}, [4, 5], 400),
            (4, {"quantity": 4, "price_unit": 90}, [6, 5], 600),
            # 4 x 100 came back, 200 were credited without goods.
            (4, {"quantity": 1, "price_unit": 600}, [6, 5], 400),
        ):
            with self.subTest(accepted=accepted, note=note):
                invoice = self._sell((10, 100, None), (5, 10, None))
                one = self._take_back(invoice, [accepted], "received")
                credit = self._credit_by_hand(invoice, post=False)
                if note:
                    credit.invoice_line_ids[1].unlink()
                    credit.invoice_line_ids.write(note)
                credit.action_post()
                one._attach_credit_notes(credit, is_difference_meant=True)
                lines = invoice.invoice_line_ids
                self.assertEqual(
                    list(lines._get_returnable_quantities().values()), left
                )
                if worth:
                    other = self._take_back(invoice, [left[0]], "credited")
                    self.assertEqual(other.credit_move_ids.amount_total, worth)

    # === REFUSED === #

    def test_what_cannot_be_attached(self):
        invoice, one, credit = self._receive_and_credit([(2, 100, None)], [2], {})
        other = self._sell((2, 100, None))
        self.assertRefused(one, self.env["account.move"], "Choose the credit note")
        self.assertRefused(one, invoice, "is no posted credit note")
        self.assertRefused(one, self._credit_by_hand(other), "is no credit note of an")
        credit.button_draft()
        self.assertRefused(one, credit, "is no posted credit note")

    def test_what_belongs_to_something_else(self):
        first = self._take_back(self._sell((2, 100, None)), [1], "credited")
        invoice, one, _none = self._receive_and_credit([(2, 100, None)], [1])
        self.assertRefused(one, first.credit_move_ids, f"{first.name} already")
        credit = self._credit_by_hand(invoice, quantity=1)
        dispute = self.env["account.collection.dispute"].create(
            {
                "partner_id": self.customer.id,
                "line_ids": [Command.set(self._get_receivable_line(invoice).ids)],
                "amount": 10,
                "reason_id": self.env.ref(
                    "account_collections.dispute_reason_price"
                ).id,
            }
        )
        dispute.sudo().credit_move_ids = credit
        self.assertRefused(one, credit, f"{dispute.name} already")

    def test_only_when_the_goods_are_here(self):
        for state in ("requested", "authorized", "credited"):
            with self.subTest(state=state):
                invoice = self._sell((2, 100, None))
                one = self._take_back(invoice, [1], state)
                credit = self._credit_by_hand(invoice, quantity=1)
                with self.assertRaisesRegex(UserError, "already"):
                    one._attach_credit_notes(credit)

    def test_no_draft_of_its_own_besides(self):
        """Set to draft, it would be posted again."""
        invoice = self._sell((2, 100, None))
        one = self._take_back(invoice, [1], "credited")
        draft = one.credit_move_ids
        draft.button_draft()
        credit = self._credit_by_hand(invoice, quantity=1)
        with self.assertRaisesRegex(UserError, "delete that one first"):
            one._attach_credit_notes(credit)
        draft.button_cancel()
        one._attach_credit_notes(credit)
        self.assertEqual(one.state, "credited")

    # === UNDONE === #

    def test_attached_credit_note_undone(self):
        """Set to draft it is posted again; cancelled, the return posts its own."""
        for undo, count in (("button_draft", 1), ("button_cancel", 2)):
            with self.subTest(undo=undo):
                invoice, one, credit = self._receive_and_credit(
                    [(2, 100, None)], [1], {"quantity": 1}
                )
                one._attach_credit_notes(credit)
                credit.button_draft()
                if undo != "button_draft":
                    getattr(credit, undo)()
                self.assertEqual(one.state, "received")
                self.assertHeld(one, [100])
                one.action_credit()
                self.assertEqual(one.state, "credited")
                self.assertEqual(len(one.credit_move_ids), count)
                self.assertEqual(invoice.amount_residual, 100)
                posted = invoice.reversal_move_ids.filtered(
                    lambda move: move.state == "posted"
                )
                self.assertEqual(posted.amount_total, 100)

    def test_reversed_credit_note(self):
        """What was reversed credits nothing: it is not attached, and where it was, the
        next one takes its place."""
        invoice, one, credit = self._receive_and_credit([(10, 100, None)], [10], {})
        self._reverse(credit)
        self.assertFalse(one._get_attachable_credit_notes())
        self.assertRefused(one, credit, "was reversed")
        for _number in range(2):
            credit = self._credit_by_hand(invoice)
            self.assertEqual(one._get_attachable_credit_notes(), credit)
            one._attach_credit_notes(credit)
            self.assertEqual(one.state, "credited")
            line = invoice.invoice_line_ids
            self.assertEqual(line._get_returnable_quantities()[line], 0)
            self._reverse(credit)
            self.assertEqual(one.state, "received")
        one.action_credit()
        self.assertEqual((one.state, invoice.amount_residual), ("credited", 0))

    def test_receipt_corrected_after_the_credit(self):
        """What is credited then follows the corrected receipt, not the old draft."""
        invoice = self._sell((10, 100, self.vat19))
        one = self._take_back(invoice, [10], "credited")
        former = one.credit_move_ids
        former.button_draft()
        self._receive(one, accepted=4, refused=6, reason="Broken")
        self.assertEqual(former.state, "cancel")
        one.action_credit()
        self.assertEqual(one.state, "credited")
        self.assertAlmostEqual(invoice.amount_residual, 714, places=2)

    def test_receipt_corrected_after_it_was_attached(self):
        """The credit note made by hand is nobody's any more: it stays as it is."""
        _invoice, one, credit = self._receive_and_credit([(10, 100, None)], [10], {})
        one._attach_credit_notes(credit)
        credit.button_draft()
        with (
            self.assertRaisesRegex(UserError, "post it and use it"),
            self.env.cr.savepoint(),
        ):
            self._receive(one, accepted=4)
        self.env.invalidate_all()
        credit.button_cancel()
        self._receive(one, accepted=4)
        one.action_credit()
        self.assertEqual(one._get_credited_amount(), 400)

    # === THE FORM === #

    def test_form(self):
        _invoice, one, credit = self._receive_and_credit(
            [(10, 100, None)], [10], {}, restocking_percent=10
        )
        with self.assertRaisesRegex(UserError, "use it for the return"):
            one.action_credit()
        action = one.action_open_attachment()
        form = Form(
            self.env[action["res_model"]].with_context(**action["context"]),
        )
        self.assertEqual(form.credit_move_ids.ids, credit.ids)
        self.assertIn("900.00", form.differences)
        form.is_difference_meant = True
        form.save().action_attach()
        self.assertEqual(one.state, "credited")

    def test_form_without_credit_notes(self):
        _invoice, one, _none = self._receive_and_credit([(10, 100, None)], [10])
        with self.assertRaisesRegex(UserError, "Credit the goods here"):
            one.action_open_attachment()

    # === THE CUSTOMER === #

    def test_customer_reads_what_was_credited(self):
        _invoice, one, credit = self._receive_and_credit(
            [(10, 100, None)], [10], {}, restocking_percent=10
        )
        one._attach_credit_notes(credit, is_difference_meant=True)
        rendered = self.env.ref(
            "account_collections.mail_template_return_credited"
        )._render_field("body_html", one.ids)[one.id]
        self.assertIn("1,000.00", rendered)
        self.assertNotIn("900.00", rendered)
