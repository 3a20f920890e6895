from datetime import timedelta

from odoo import Command
from odoo.tests import Form, new_test_user, tagged

from .common import TODAY, CollectionCommon


@tagged("post_install", "-at_install")
class TestBranch(CollectionCommon):
    """Who works for a branch only, where policies and cases are the main company's."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.child_ids = [Command.create({"name": "Branch"})]
        cls.branch = cls.company.child_ids
        cls.env.user.company_ids |= cls.branch
        cls.cr.precommit.run()
        cls.invoice = cls._create_open_invoice(
            cls.customer.with_company(cls.branch), company_id=cls.branch.id
        )
        cls.users = {
            group: new_test_user(
                cls.env,
                login=f"branch_{group}",
                groups=f"account_collections.group_collection_{group}",
                company_id=cls.branch.id,
                company_ids=[Command.set(cls.branch.ids)],
            )
            for group in ("own", "all", "manager")
        }
        cls.env["account.collection.case"]._refresh(cls.company, cls.customer)
        cls.case = cls.invoice.collection_case_id
        cls.case.user_id = cls.users["own"]

    def _as(self, group, record):
        """A record as somebody in the branch sees it who has read nothing yet."""
        self.env.flush_all()
        self.env.invalidate_all()
        return record.with_user(self.users[group]).with_context(
            allowed_company_ids=self.branch.ids
        )

    def _open(self, action, record):
        """The form that an action opens."""
        return Form(
            record.env[action["res_model"]].with_context(
                **record.env.context, **action["context"]
            )
        )

    # === SCREENS === #

    def test_case(self):
        """The open items that belong to other branches are not shown."""
        self._create_open_invoice(self.customer, 50)
        self.case._refresh(self.company, self.customer)
        case = self._as("own", self.case)
        self.assertEqual(case.amount_overdue, 150)
        self.assertEqual(case.item_ids.move_id, self.invoice)

    def test_main_company_is_only_read(self):
        company = self._as("own", self.company)
        self.assertTrue(company.name)
        self.assertFalse(company.has_access("write"))

    def test_buttons_of_the_case(self):
        """(button, what is filled in, button of the form)"""
        for button, values, press in (
            ("action_refresh", {}, None),
            ("action_log_contact", {"channel": "visit"}, "action_log"),
            (
                "action_hold",
                {"note": "Away", "date_end": TODAY + timedelta(days=5)},
                "action_hold",
            ),
            ("action_promise", {}, "action_confirm"),
            ("action_propose_plan", {}, "action_save"),
            (
                "action_offer_settlement",
                {"amount": 90, "nature": "concession"},
                "action_save",
            ),
            ("action_propose_barter", {}, None),
            ("action_return", {}, None),
            ("action_charge_fee", {}, None),
            ("action_dispute", {}, None),
            ("action_view_items", {}, None),
        ):
            with self.subTest(button=button), self.env.cr.savepoint() as savepoint:
                case = self._as("own", self.case)
                action = getattr(case, button)()
                if not isinstance(action, dict) or action.get("target") != "new":
                    continue
                form = self._open(action, self._as("own", self.case))
                for name, value in values.items():
                    setattr(form, name, value)
                if press:
                    wizard = form.save()
                    getattr(self._as("own", wizard), press)()
                self.env.flush_all()
                savepoint.rollback()

    def test_run(self):
        """A manager of a branch plans for the whole company, and executes."""
        runs = self._as("manager", self.env["account.collection.run"])
        run = runs.create({"company_id": self.company.id, "date": TODAY})
        self._as("manager", run).action_plan()
        line = self._as("manager", run).line_ids
        self.assertDecision(line, "contact 3 email")
        line.action_preview()
        self._as("manager", run).action_execute()
        self.assertEqual(run.state, "done")
        self.assertEqual(line.state, "done")

    def test_proposals(self):
        """(form, what the settings of the main company propose in it)"""
        self.company.write(
            {"collection_restocking_percent": 10, "collection_offer_days": 5}
        )
        for model, field, expected in (
            ("return.line", "restocking_percent", 10),
            ("return.request.line", "restocking_percent", 10),
            ("settlement", "date_expiry", TODAY + timedelta(days=5)),
        ):
            with self.subTest(model=model):
                records = self._as("all", self.env[f"account.collection.{model}"])
                self.assertEqual(records.default_get([field])[field], expected)
