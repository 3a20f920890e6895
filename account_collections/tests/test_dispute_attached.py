from datetime import timedelta

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common import TODAY
from .test_dispute import DisputeCommon


@tagged("post_install", "-at_install")
class TestDisputeAttached(DisputeCommon):
    """Disputes for which something was credited by hand."""

    # === HELPERS === #

    def _create_entry(self, amount, **values):
        """Post an entry on the customer's account, negative to their credit."""
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "date": TODAY - timedelta(days=40),
                "line_ids": [
                    Command.create(
                        {
                            "account_id": account.id,
                            "partner_id": self.customer.id,
                            "balance": balance,
                        }
                    )
                    for account, balance in (
                        (self.receivable_account, amount),
                        (self.company_data["default_account_revenue"], -amount),
                    )
                ],
                **values,
            }
        )
        entry.action_post()
        return entry

    def _resolve(self, invoice, agreed, **values):
        dispute = self._dispute(invoice, partner_id=self.customer.id, **values)
        dispute.action_investigate()
        dispute.action_resolve_valid(agreed)
        return dispute

    def _attach(self, dispute):
        """Use what the form proposes."""
        context = dispute.action_open_attachment()["context"]
        wizard = (
            self.env["account.collection.dispute.attach"]
            .with_context(**context)
            .create({})
        )
        wizard.action_attach()
        return wizard.credit_move_ids

    # === WHAT IS CREDITED BY HAND === #

    def test_entry_has_no_credit_note(self):
        """It is booked by hand, and what was booked is used."""
        entry = self._create_entry(100)
        dispute = self._resolve(entry, 100)
        self.assertFalse(dispute.credit_move_ids)
        self.assertHeld(dispute, [100])
        self.assertIn("by hand", " ".join(map(str, dispute.message_ids.mapped("body"))))
        self.assertEqual(dispute.activity_ids.summary, "Credit what was agreed")
        with self.assertRaisesRegex(UserError, "Make one first"):
            dispute.action_open_attachment()
        booked = self._create_entry(-100)
        self._get_receivable_line(entry | booked).reconcile()
        self.assertEqual(self._attach(dispute), booked)
        self.assertEqual(dispute.date_end, TODAY)
        self.assertFalse(dispute.activity_ids)

    def test_credit_note_made_on_the_invoice(self):
        invoice = self._create_open_invoice(self.customer)
        dispute = self._resolve(invoice, 100)
        dispute.credit_move_ids.sudo().unlink()
        refund = invoice._reverse_moves()
        refund.action_post()
        self.assertEqual(self._attach(dispute), refund)
        self.assertEqual(dispute.date_end, TODAY)
        self.assertHeld(dispute, [])
        with self.assertRaisesRegex(UserError, "Make one first"):
            dispute.action_open_attachment()

    def test_what_credits_something_else(self):
        """(what is no credit note of the disputed invoice)."""
        invoice = self._create_open_invoice(self.customer)
        dispute = self._resolve(invoice, 40)
        other = self._resolve(self._create_open_invoice(self.customer), 40)
        paid = self._pay(invoice, 10).move_id
        for name, move in (
            ("its invoice", invoice),
            ("a payment", paid),
            ("another dispute's", other.credit_move_ids),
            (
                "not reconciled with it",
                self._create_open_invoice(self.customer, move_type="out_refund"),
            ),
        ):
            with (
                self.subTest(name),
                self.assertRaisesRegex(UserError, "credits nothing"),
            ):
                dispute._attach_credit_notes(move)

    def test_never_of_another_customer(self):
        """Not even by what writes without asking."""
        dispute = self._resolve(self._create_open_invoice(self.customer), 40)
        stranger = self._create_customer("Stranger")
        for move_type in ("out_refund", "out_invoice"):
            customer = self.customer if move_type == "out_invoice" else stranger
            move = self._create_open_invoice(customer, move_type=move_type)
            with (
                self.subTest(move_type),
                self.assertRaisesRegex(ValidationError, "no credit note"),
            ):
                dispute.sudo().credit_move_ids |= move
