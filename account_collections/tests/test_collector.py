from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools.safe_eval import safe_eval

from .common import CollectionCommon


@tagged("post_install", "-at_install")
class TestCollector(CollectionCommon):
    """Who gets a case, and who is asked to do something about a customer."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_company = cls.setup_other_company()["company"]
        cls.stranger = cls._create_collector("stranger", cls.other_company)
        cls.branch = cls.env["res.company"].create(
            {"name": "Branch", "parent_id": cls.company.id}
        )

    @classmethod
    def _create_collector(cls, login, companies, group="own"):
        return new_test_user(
            cls.env,
            login=login,
            groups=f"account_collections.group_collection_{group}",
            company_id=companies[:1].id,
            company_ids=[Command.set(companies.ids)],
        )

    def _open_case(self, **values):
        customer = self._create_customer("Customer", **values)
        self._create_open_invoice(customer)
        return self._get_line(self._plan(), customer).case_id

    # === ASSIGNMENT === #

    def test_cases_are_assigned(self):
        group = self.env.ref("account_collections.group_collection_own")
        users = self.env["res.users"].create(
            [
                {
                    "name": name,
                    "login": f"collections-{name}",
                    "group_ids": [Command.set(groups.ids)],
                }
                for name, groups in (
                    ("ann", group),
                    ("bob", group),
                    ("cid", group),
                    ("dan", self.env.ref("base.group_user")),
                )
            ]
        )
        ann, bob, cid, dan = users
        team = self.env["account.collection.team"].create(
            {"name": "Team", "member_ids": [Command.set((bob | cid | dan).ids)]}
        )
        self.customer.user_id = ann
        nobody = self.env["res.users"]
        for values, salesperson, expected in (
            ({"assignment": "salesperson"}, ann, ann),
            ({"assignment": "salesperson"}, dan, nobody),
            ({"assignment": "user", "user_id": bob.id}, ann, bob),
        ):
            with self.subTest(**values, salesperson=salesperson.name):
                self.policy.write(values)
                customer = self._create_customer("Customer", user_id=salesperson.id)
                self._create_open_invoice(customer)
                line = self._get_line(self._plan(), customer)
                self.assertEqual(line.case_id.user_id, expected)
        self.policy.write({"assignment": "round_robin", "team_id": team.id})
        customers = [self._create_customer(f"Customer {number}") for number in range(4)]
        for customer in customers[:3]:
            self._create_open_invoice(customer)
        self._plan()
        self._create_open_invoice(customers[3])
        self._plan()
        cases = self.env["account.collection.case"].search(
            [("partner_id", "in", [customer.id for customer in customers])]
        )
        self.assertEqual(len(cases.filtered(lambda case: case.user_id == bob)), 2)
        self.assertEqual(len(cases.filtered(lambda case: case.user_id == cid)), 2)
        self.assertEqual(cases.team_id, team)

    def test_not_to_who_works_for_another_company(self):
        """They would not see it, and nobody else would look for it."""
        self.assertFalse(self._open_case(user_id=self.stranger.id).user_id)
        colleague = self._create_collector("colleague", self.branch)
        case = self._open_case(user_id=colleague.id)
        self.assertEqual(case.user_id, colleague)
        with self.assertRaisesRegex(ValidationError, "cannot see the cases of"):
            case.user_id = self.stranger

    def test_choice_of_collectors(self):
        colleague = self._create_collector("colleague", self.company)
        case = self._open_case()
        with Form(case) as form:
            form.user_id = colleague
        domain = case.fields_get(["user_id"])["user_id"]["domain"]
        found = self.env["res.users"].search(
            safe_eval(domain, {"company_id": self.company.id})
        )
        self.assertIn(colleague, found)
        self.assertNotIn(self.stranger, found)

    # === WHO IS ASKED === #

    def test_who_is_asked(self):
        """(collector, whom to ask else, who asks, who is asked): somebody who works
        for the company, and a person."""
        manager = self._create_collector("manager", self.company, "manager")
        strange_manager = self._create_collector(
            "another", self.other_company, "manager"
        )
        own = self._create_collector("own", self.company)
        nobody = self.env["res.users"]
        robot = self.env.ref("base.user_root")
        group = self.env.ref("account_collections.group_collection_manager")
        managers = group.all_user_ids.filtered(
            lambda user: self.company in user.company_ids
        )
        self.assertIn(manager, managers - robot)
        case = self._open_case()
        for collector, user, asking, expected in (
            (own, nobody, manager, own),
            (nobody, own, manager, own),
            (nobody, self.stranger, own, own),
            (nobody, strange_manager, robot, managers - robot),
            (nobody, robot, robot, managers - robot),
        ):
            with self.subTest(collector=collector, user=user, asking=asking):
                case.user_id = collector
                for one in (case, case.browse()):
                    if one or not collector:
                        asked = one.with_user(asking)._get_responsible(
                            self.company, user
                        )
                        self.assertEqual(len(asked), 1)
                        self.assertLessEqual(asked, expected)

    def test_case_of_who_has_left(self):
        """It is seen by who sees all cases, until it is given to somebody."""
        own = self._create_collector("own", self.company)
        everybody = self._create_collector("everybody", self.company, "all")
        left = self._create_collector("left", self.company)
        case = self._open_case()
        case.user_id = left
        left.active = False
        for user, expected in ((own, False), (everybody, True)):
            with self.subTest(user=user.login):
                asked = case.with_user(user)._get_responsible(self.company, user)
                self.assertEqual(asked == user, expected)
                self.assertTrue(case.with_user(asked).has_access("read"))

    def test_better_address_is_asked_of_a_person(self):
        """A scheduled run is executed by nobody who could ask for an address."""
        invoice = self._create_open_invoice(self.customer)
        self._create_collector("manager", self.company, "manager")
        run = self._plan().with_user(self.env.ref("base.user_root"))
        run.action_execute()
        contact = self.env["account.collection.contact"].search(
            [("partner_id", "=", self.customer.id)]
        )
        self.assertEqual(contact.item_ids.line_id.move_id, invoice)
        contact.with_user(self.env.ref("base.user_root"))._mark_undelivered(
            "it came back", is_address_wrong=True
        )
        [activity] = contact.case_id.activity_ids
        self.assertFalse(activity.user_id._is_superuser())
        self.assertIn(self.company, activity.user_id.company_ids)
