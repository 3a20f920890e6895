from odoo import Command
from odoo.tests import tagged

from .common import CollectionCommon


@tagged("post_install", "-at_install")
class TestStepReached(CollectionCommon):
    """The last step of each open item is kept at hand, and follows the truth."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls._create_open_invoice(cls.customer, days=70)
        cls.line = cls._get_receivable_line(cls.invoice)
        cls.stamps = cls.env["account.collection.contact.item"].with_context(
            active_test=False
        )

    def assertReached(self, days, line=None):
        """The step that the dunning finds, by its days; nothing kept is out of date."""
        self.env.flush_all()
        reached = self.stamps.search(
            [("line_id", "=", (line or self.line).id), ("is_reached", "=", True)]
        )
        self.assertEqual(reached.step_id.mapped("delay_days"), days)
        kept = self.stamps.search([])
        before = {stamp: stamp.is_reached for stamp in kept}
        self.env.add_to_compute(kept._fields["is_reached"], kept)
        self.assertEqual({stamp: stamp.is_reached for stamp in kept}, before)

    def _record(self, days):
        """Write a step down as the engine does."""
        return self._reach(self.invoice, days)

    def test_steps_follow_each_other(self):
        self.assertReached([])
        self._record(3)
        self.assertReached([3])
        self._record(30)
        self.assertReached([30])
        self._record(15)
        self.assertReached([30])

    def test_other_ways_of_writing_down(self):
        """By a form, in a batch, as a mention, and rubbed out."""
        self._record(3)
        contact = self._record(15)
        contact.item_ids.write({"step_id": self.steps[3].id})
        self.assertReached([30])
        contact.item_ids.write({"step_id": False})
        self.assertReached([3])
        contact.write({"item_ids": [Command.clear()]})
        self.assertReached([3])
        self.stamps.create(
            {
                "contact_id": contact.id,
                "line_id": self.line.id,
                "step_id": self.steps[2].id,
                "active": True,
            }
        )
        self.assertReached([15])

    def test_failure_falls_back(self):
        self._record(3)
        contact = self._record(15)
        contact._mark_failed("No such mailbox")
        self.assertReached([3])
        contact.item_ids.active = True
        self.assertReached([15])

    def test_paid_items_are_left_out(self):
        self._record(3)
        payment = self._pay(self.invoice)
        self.assertReached([])
        payment.move_id.line_ids.remove_move_reconcile()
        self.assertReached([3])

    def test_credit_note(self):
        self._record(3)
        refund = self._create_open_invoice(self.customer, move_type="out_refund")
        items = self.line | self._get_receivable_line(refund)
        items.reconcile()
        self.assertReached([])
        items.remove_move_reconcile()
        self.assertReached([3])

    def test_steps_that_change_places(self):
        self._record(3)
        self._record(15)
        step = self.steps.filtered(lambda step: step.delay_days == 3)
        step.delay_days = 20
        self.assertReached([20])
        step.applies_to = "commitment"
        self.assertReached([15])

    def test_two_items_are_two(self):
        self._record(3)
        other = self._create_open_invoice(self.customer, days=40)
        self._reach(other, 15)
        self.assertReached([3])
        self.assertReached([15], self._get_receivable_line(other))

    def test_statements_do_not_grow(self):
        """Items are written down in as many statements, however many they are."""
        contact = self._log_contact(self.customer, 0)
        for number in (1, 5):
            lines = self.env["account.move.line"].concat(
                *(
                    self._get_receivable_line(self._create_open_invoice(self.customer))
                    for _index in range(number)
                )
            )
            self.env.flush_all()
            with self.assertQueryCount(3):
                items = self.stamps.sudo().create(
                    [
                        {
                            "contact_id": contact.id,
                            "line_id": line.id,
                            "step_id": self.steps[1].id,
                            "amount_residual": 100,
                            "amount_held": 0,
                        }
                        for line in lines
                    ]
                )
                self.env.flush_all()
            self.assertEqual(items.mapped("is_reached"), [True] * number)
