from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import CollectionCommon


@tagged("post_install", "-at_install")
class TestPolicy(CollectionCommon):
    def _prepare_step(self, **values):
        return {
            "name": "Step",
            "delay_days": 7,
            "channel": "email",
            "mail_template_id": self.steps[0].mail_template_id.id,
            **values,
        }

    def test_ready_at_install(self):
        """Every main company, a new one too, can work without configuration."""
        company = self.env["res.company"].create({"name": "New"})
        for policy in (self.policy, company.collection_policy_id):
            self.assertEqual(
                [(step.delay_days, step.channel) for step in policy._get_item_steps()],
                [
                    (-5, "email"),
                    (3, "email"),
                    (15, "email"),
                    (30, "email"),
                    (45, "call"),
                    (60, "letter"),
                ],
            )
        branch = self.env["res.company"].create(
            {"name": "Branch", "parent_id": company.id}
        )
        self.assertFalse(branch.collection_policy_id)

    @mute_logger("odoo.sql_db")
    def test_bad_steps(self):
        """(values, what the message says)."""
        invoice_template = self.env.ref("account.email_template_edi_invoice")
        for values, message in (
            ({"mail_template_id": False}, "has no text"),
            ({"mail_template_id": invoice_template.id}, "not made for dunning"),
            ({"delay_days": 3}, "same number of days"),
        ):
            with (
                self.subTest(message=message),
                self.assertRaisesRegex((ValidationError, IntegrityError), message)
                if message != "same number of days"
                else self.assertRaises(IntegrityError),
                self.cr.savepoint(),
            ):
                self.policy.step_ids = [Command.create(self._prepare_step(**values))]
                self.env.flush_all()
        self.policy.step_ids = [
            Command.create(self._prepare_step(delay_days=3, channel="letter")),
            Command.create(self._prepare_step(channel="call", mail_template_id=False)),
        ]

    def test_copy_is_free_to_be_changed(self):
        copy = self.policy.copy()
        self.assertEqual(
            copy._get_item_steps().mapped("delay_days"),
            self.steps.mapped("delay_days"),
        )
        copy.step_ids.unlink()
        copy.unlink()
        self.assertTrue(self.steps.exists())

    def test_policy_in_use_is_not_deleted(self):
        policy = self.policy.copy()
        self.customer.collection_policy_id = policy
        for used, user in ((self.policy, self.company), (policy, self.customer)):
            with (
                self.subTest(user=user.name),
                self.assertRaisesRegex(UserError, user.name),
            ):
                used.unlink()
        self.customer.collection_policy_id = False
        policy.unlink()

    def test_followed_policy_is_not_archived(self):
        """Nobody is silenced by accident; what is left of the past may go."""
        policy = self.policy.copy()
        self.customer.collection_policy_id = policy
        for used, user in ((self.policy, self.company), (policy, self.customer)):
            with (
                self.subTest(user=user.name),
                self.assertRaisesRegex(ValidationError, f"{user.name} follows"),
                self.cr.savepoint(),
            ):
                used.active = False
        self._create_open_invoice(self.customer)
        self._plan().action_execute()
        self.customer.collection_policy_id = False
        with self.assertRaisesRegex(UserError, "Archive it instead"):
            policy.unlink()
        policy.active = False
        self.company.collection_policy_id = False
        self.policy.active = False

    def test_archived_policy_is_not_followed(self):
        policy = self.policy.copy({"active": False})
        for record in (self.company, self.customer):
            with (
                self.subTest(record.name),
                self.assertRaisesRegex(ValidationError, "is archived"),
                self.cr.savepoint(),
            ):
                record.collection_policy_id = policy

    def test_used_step_is_not_deleted(self):
        invoice = self._create_open_invoice(self.customer, days=20)
        self._reach(invoice, 3)
        step = self.steps.filtered(lambda step: step.delay_days == 3)
        with self.assertRaisesRegex(UserError, "Archive it instead"):
            step.unlink()
        step.active = False
        self.assertDecision(self._get_line(self._plan()), "contact 15 email")

    def test_bad_limits(self):
        for values in (
            {"min_amount": -1},
            {"contact_gap_days": -1},
            {"promise_tolerance_percent": 101},
        ):
            with (
                self.subTest(**values),
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.cr.savepoint(),
            ):
                self.policy.write(values)
                self.env.flush_all()
        for values in (
            {"assignment": "user", "user_id": False},
            {"assignment": "round_robin", "team_id": False},
        ):
            with self.subTest(**values), self.assertRaises(ValidationError):
                self.policy.write(values)
