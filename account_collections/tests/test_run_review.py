from datetime import timedelta

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common import TODAY, CollectionCommon


@tagged("post_install", "-at_install")
class TestRunReview(CollectionCommon):
    """What the accountant sees of a run before it is executed."""

    def test_state_follows_from_the_buttons(self):
        """Whoever runs the dunning undoes no run, and moves none elsewhere."""
        accountant = new_test_user(
            self.env,
            login="all",
            groups="account_collections.group_collection_all",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        self._create_open_invoice(self.customer)
        runs = self.env["account.collection.run"].with_user(accountant)
        with self.assertRaises(AccessError):
            runs.create({"state": "done"})
        run = runs.create({})
        run.date = TODAY
        run.action_plan()
        for state in ("draft", "planned", "done"):
            with self.subTest(state=state), self.assertRaises(AccessError):
                run.state = state
        other = self._create_company(name="Other")
        for values in ({"date": TODAY}, {"company_id": other.id}):
            with self.subTest(values=values), self.assertRaises(UserError):
                run.write(values)

    def test_explanations(self):
        """(values of the line, what it says)"""
        run = self._plan()
        # Lines are written by the planning alone.
        lines = self.env["account.collection.run.line"].sudo()
        step = self.steps.filtered(lambda step: step.delay_days == 3)
        contact = {"decision": "contact", "state": "planned", "step_id": step.id}
        skip = {"decision": "skip", "state": "done"}
        day = TODAY + timedelta(days=9)
        for values, expected in (
            ({**contact, "channel": "email"}, "First reminder by e-mail"),
            (
                {**contact, "channel": "letter"},
                "First reminder by letter, for want of a working e-mail address",
            ),
            (
                {**contact, "channel": "call"},
                "First reminder: the collector is asked to call",
            ),
            (
                {**contact, "state": "failed", "error": "Mailbox full"},
                "Mailbox full",
            ),
            ({**contact, "state": "dropped"}, "Nothing is overdue any more"),
            (
                {**contact, "state": "dropped", "reason_source": "manual"},
                "Taken out by hand",
            ),
            (
                {**contact, "state": "dropped", "reason": "credits"},
                "Payments or credit notes not yet applied cover it",
            ),
            (
                {**skip, "reason": "held", "reason_source": "manual"},
                "Held without an end (set by hand)",
            ),
            (
                {
                    **skip,
                    "reason": "held",
                    "reason_date": day,
                    "reason_source": "promise",
                },
                "Promise to pay until 06/23/2024",
            ),
            (
                {**skip, "reason": "gap", "reason_date": day},
                "Contacted recently, again from 06/23/2024",
            ),
            (
                {**skip, "reason": "no_step_due", "reason_date": day},
                "The next step is due on 06/23/2024",
            ),
            ({**skip, "reason": "no_step_due"}, "No step is due yet"),
        ):
            with self.subTest(values=values):
                line = lines.create(
                    {"run_id": run.id, "partner_id": self.customer.id, **values}
                )
                self.assertEqual(line.explanation, expected)

    def test_every_reason_has_a_sentence(self):
        run = self._plan()
        # Lines are written by the planning alone.
        lines = self.env["account.collection.run.line"].sudo()
        for reason, _label in lines._fields["reason"].selection:
            with self.subTest(reason=reason):
                line = lines.create(
                    {
                        "run_id": run.id,
                        "partner_id": self.customer.id,
                        "decision": "skip",
                        "state": "done",
                        "reason": reason,
                        "reason_date": TODAY,
                    }
                )
                self.assertNotEqual(line.explanation, "Nothing is overdue any more")

    def test_totals(self):
        self._create_open_invoice(self.customer, 100, days=10)
        for name, email in (("Bellows Ltd", False), ("Crane Ltd", False)):
            self._create_open_invoice(self._create_customer(name, email=email), 40)
        held = self._create_open_invoice(self._create_customer("Dover Ltd"), 70)
        self._hold(self._get_receivable_line(held))
        run = self._plan()
        self.assertRecordValues(
            run,
            [
                {
                    "contact_count": 3,
                    "skip_count": 1,
                    "planned_count": 3,
                    "handled_count": 0,
                    "amount_to_contact": 180,
                }
            ],
        )
        self.assertRecordValues(
            run.contact_total_ids.sorted("channel"),
            [
                {
                    "channel": "email",
                    "customer_count": 1,
                    "amount_collectible": 100,
                },
                {
                    "channel": "letter",
                    "customer_count": 2,
                    "amount_collectible": 80,
                },
            ],
        )
        self.assertRecordValues(
            run.skip_total_ids,
            [{"reason": "held", "customer_count": 1, "amount_overdue": 70}],
        )
        for total, count in zip(
            run.contact_total_ids.sorted("channel") + run.skip_total_ids,
            (1, 2, 1),
            strict=True,
        ):
            action = total.action_view_lines()
            self.assertEqual(
                self.env[action["res_model"]].search_count(action["domain"]), count
            )
        self.assertEqual(len(run.contact_line_ids), 3)
        self.assertEqual(len(run.skip_line_ids), 1)

    def test_drop_and_put_back(self):
        self._create_open_invoice(self.customer)
        line = self._get_line(run := self._plan())
        line.action_drop()
        self.assertEqual(run.dropped_count, 1)
        with self.assertRaisesRegex(UserError, "nothing to take out"):
            line.action_drop()
        line.action_undo_drop()
        self.assertEqual(line.state, "planned")
        line.action_drop()
        run.action_execute()
        self.assertEqual(run.state, "done")
        self.assertFalse(
            self.env["account.collection.contact"].search(
                [("partner_id", "=", self.customer.id)]
            )
        )
        with self.assertRaisesRegex(UserError, "cannot be put back"):
            line.action_undo_drop()

    def test_confirmation_says_how_many(self):
        self._create_open_invoice(self.customer, 100)
        self._create_open_invoice(self._create_customer("Bellows Ltd", email=False), 40)
        run = self._plan()
        action = run.action_confirm_execute()
        wizard = (
            self.env[action["res_model"]].with_context(**action["context"]).create({})
        )
        self.assertRecordValues(
            wizard,
            [
                {
                    "customer_count": 2,
                    "email_count": 1,
                    "letter_count": 1,
                    "call_count": 0,
                    "amount_collectible": 140,
                }
            ],
        )
        wizard.action_execute()
        self.assertEqual(run.state, "done")
        self.assertEqual(run.done_count + run.failed_count, 2)
