from datetime import timedelta

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL

from .common import TODAY, CollectionCommon

NOBODY = "----"
READ = "r---"

# What each group may do, by model: read, write, create, unlink.
#                                      own     all     manager
RIGHTS = {
    "account.collection.policy": (READ, READ, "rwcu"),
    "account.collection.policy.step": (READ, READ, "rwcu"),
    "account.collection.team": (READ, READ, "rwcu"),
    "account.collection.late.reason": (READ, READ, "rwcu"),
    "account.collection.case": ("rw--", "rw--", "rw--"),
    "account.collection.contact": (READ, READ, "r-c-"),
    "account.collection.contact.item": (READ, READ, "r-c-"),
    "account.collection.hold": ("rwc-", "rwc-", "rwc-"),
    "account.collection.run": (NOBODY, "rwcu", "rwcu"),
    "account.collection.run.line": (NOBODY, READ, READ),
    "account.collection.run.total": (NOBODY, READ, READ),
    "account.collection.handover": (NOBODY, "rwc-", "rwc-"),
    "account.collection.run.execute": (NOBODY, "rwc-", "rwc-"),
    "account.collection.promise": ("rwcu", "rwcu", "rwcu"),
    "account.collection.promise.take": ("rwc-", "rwc-", "rwc-"),
    "account.collection.barter": ("rwcu", "rwcu", "rwcu"),
    "account.collection.barter.line": ("rwcu", "rwcu", "rwcu"),
    "account.collection.barter.delivery": (READ, READ, READ),
    "account.collection.barter.income": (READ, READ, READ),
    "account.collection.agreement": (READ, READ, READ),
    "account.collection.commitment": (READ, READ, READ),
    "account.collection.fee": (READ, READ, READ),
    "account.collection.fee.line": (READ, READ, READ),
    "account.collection.fee.charge": ("rwc-", "rwc-", "rwc-"),
    "account.collection.fee.waive": (NOBODY, NOBODY, "rwc-"),
    "account.collection.hold.change": (READ, READ, READ),
    "account.collection.policy.fee.scale": (READ, READ, "rwcu"),
    "account.collection.reference.rate": (READ, READ, "rwcu"),
}
COLLECTORS = ("own", "all", "manager")
# Who sees nothing at all of it.
OTHERS = {
    "invoicing": "account.group_account_invoice",
    "internal": "base.group_user",
    "portal": "base.group_portal",
}


@tagged("post_install", "-at_install")
class TestAccess(CollectionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = {
            name: f"account_collections.group_collection_{name}" for name in COLLECTORS
        } | OTHERS
        cls.users = {
            name: new_test_user(
                cls.env,
                login=f"user_{name}",
                groups=group,
                company_id=cls.company.id,
                company_ids=[Command.set(cls.company.ids)],
            )
            for name, group in groups.items()
        }
        cls.invoice = cls._create_open_invoice(cls.customer)
        cls.line = cls._get_receivable_line(cls.invoice)
        cls.case = cls._open_case(cls.customer)

    @classmethod
    def _open_case(cls, customer, company=None):
        cases = cls.env["account.collection.case"]
        cases._refresh(company or cls.company, customer)
        return cases.search([("partner_id", "=", customer.id)])

    def _promise(self, line=None, user=None):
        line = line or self.line
        promises = self.env["account.collection.promise"]
        return promises.with_user(user or self.env.user).create(
            {
                "partner_id": self.customer.id,
                "company_id": line.company_id.id,
                "line_ids": [Command.set(line.ids)],
                "amount": 100,
                "date_due": TODAY + timedelta(days=10),
            }
        )

    def _get_rights(self, model, user):
        return "".join(
            letter if self.env[model].with_user(user).has_access(operation) else "-"
            for letter, operation in zip(
                "rwcu", ("read", "write", "create", "unlink"), strict=True
            )
        )

    # === MODELS === #

    def test_rights_on_models(self):
        for model, expected in RIGHTS.items():
            for name, rights in zip(COLLECTORS, expected, strict=True):
                with self.subTest(model=model, group=name):
                    self.assertEqual(self._get_rights(model, self.users[name]), rights)
            for name in OTHERS:
                with self.subTest(model=model, group=name):
                    self.assertEqual(self._get_rights(model, self.users[name]), NOBODY)

    def test_nobody_else_has_rights(self):
        """Each model of the add-on, those of wizards included, is for collectors."""
        for model in self.env.registry:
            if not model.startswith("account.collection."):
                continue
            if self.env[model]._abstract:
                continue
            for name in OTHERS:
                with self.subTest(model=model, group=name):
                    self.assertNotIn("r", self._get_rights(model, self.users[name]))

    def test_invoicing_administrators_are_managers(self):
        user = new_test_user(
            self.env, login="boss", groups="account.group_account_manager"
        )
        self.assertTrue(user.has_group("account_collections.group_collection_manager"))

    # === RECORDS === #

    def test_closed_case_stays_a_colleague_s(self):
        """What was agreed is no more to be seen than the case, until the customer gets
        another one."""
        own = self.users["own"]
        self.case.user_id = self.users["all"]
        promise = self._promise()
        promise.action_confirm()
        self._pay(self.invoice)
        self.env["account.collection.case"]._refresh(self.company, self.customer)
        self.assertEqual(self.case.state, "closed")
        records = (promise.commitment_ids, promise.hold_ids)
        for record in records:
            self.env.cr.execute(
                SQL(
                    "UPDATE %s SET create_date = %s",
                    SQL.identifier(record._table),
                    TODAY - timedelta(days=5),
                )
            )
        self.env.invalidate_all()
        for record in (*records, promise):
            with self.subTest(record=record._name):
                self.assertFalse(record.with_user(own).has_access("read"))
        invoice = self._create_open_invoice(self.customer, days=-20)
        line = self._get_receivable_line(invoice)
        self.assertTrue(self._promise(line, own).has_access("read"), "It is new.")
        self._create_open_invoice(self.customer)
        self._open_case(self.customer).filtered(
            lambda case: case.state == "open"
        ).user_id = own
        for record in records:
            with self.subTest(record=record._name):
                self.assertTrue(record.with_user(own).has_access("read"))

    def test_own_cases(self):
        """(collector of the case, who may see it)"""
        own, everybody = self.users["own"], self.users["all"]
        for collector, expected in (
            (self.env["res.users"], {"own", "all", "manager"}),
            (own, {"own", "all", "manager"}),
            (everybody, {"all", "manager"}),
        ):
            self.case.user_id = collector
            hold = self._hold(self.line, 1)
            contact = self._log_contact(self.customer, 1, case_id=self.case.id)
            for record in (self.case, hold, hold.change_ids, contact):
                with self.subTest(collector=collector.login, record=record._name):
                    visible = {
                        name
                        for name in COLLECTORS
                        if record.with_user(self.users[name]).has_access("read")
                    }
                    self.assertEqual(visible, expected)

    def test_agreed_payments_of_own_cases(self):
        """(collector of the case, who may see payments and their reminders)"""
        promise = self._promise()
        promise.action_confirm()
        payments = promise.commitment_ids
        self.assertTrue(payments.reminder_ids)
        for collector, expected in (
            (self.users["own"], {"own", "all", "manager"}),
            (self.users["all"], {"all", "manager"}),
        ):
            self.case.user_id = collector
            for record in (payments, payments.reminder_ids):
                with self.subTest(collector=collector.login, record=record._name):
                    visible = {
                        name
                        for name in COLLECTORS
                        if record.with_user(self.users[name]).has_access("read")
                    }
                    self.assertEqual(visible, expected)

    def test_history_of_the_promises_to_a_colleague(self):
        """(collector of the case, the number of promises that the user reads of)"""
        self._promise().action_confirm()
        for collector, count in ((self.users["own"], 1), (self.users["all"], 0)):
            self.case.user_id = collector
            self.env.invalidate_all()
            customer = self.customer.with_user(self.users["own"])
            with self.subTest(collector=collector.login):
                self.assertEqual(customer.promise_count, count)
                self.assertEqual(bool(customer.promise_history), bool(count))

    def test_reason_of_what_others_hold(self):
        """The kind of reason is no secret to who sees the invoice, the words are."""
        self.users["own"].group_ids += self.env.ref("account.group_account_invoice")
        self.case.user_id = self.users["all"]
        hold = self._hold(self.line, 10, note="Is ill")
        own = self.line.with_user(self.users["own"])
        self.assertFalse(own.collection_hold_ids)
        self.assertEqual(own.collection_hold_reason, "Set by hand")
        self.case.user_id = self.users["own"]
        self.env.invalidate_all()
        self.assertIn("Is ill", own.collection_hold_reason)
        self.assertEqual(hold.reason, "manual")

    def test_work_on_own_case(self):
        self.case.user_id = self.users["own"]
        case = self.case.with_user(self.users["own"])
        case.env["account.collection.contact.log"].create(
            {"case_id": case.id, "note": "Called"}
        ).action_log()
        case.env["account.collection.hold.set"].create(
            {"case_id": case.id, "note": "Because"}
        ).action_hold()
        self.assertTrue(case.contact_ids)
        self.assertEqual(case.amount_collectible, 0)
        case.item_ids.collection_hold_ids.action_end()
        case.action_refresh()
        self.assertEqual(case.amount_collectible, 100)

    def test_not_on_the_case_of_a_colleague(self):
        self.case.user_id = self.users["all"]
        case = self.case.with_user(self.users["own"])
        for wizard, action in (
            ("account.collection.contact.log", "action_log"),
            ("account.collection.hold.set", "action_hold"),
        ):
            with self.subTest(wizard=wizard), self.assertRaises(AccessError):
                record = case.env[wizard].create({"case_id": case.id, "note": "Why"})
                getattr(record, action)()
        with self.assertRaises(AccessError):
            case.action_refresh()
        self.assertFalse(self.line.collection_hold_ids)
        self.assertFalse(self.invoice.with_user(self.users["own"]).collection_case_id)

    def test_no_agreement_with_the_customer_of_a_colleague(self):
        """Not written down, and not put into force once the case is a colleague's."""
        own, invoice_line = self.users["own"], self.invoice.invoice_line_ids
        values = {
            "partner_id": self.customer.id,
            "company_id": self.company.id,
            "currency_id": self.line.currency_id.id,
        }
        covered = {"line_ids": [Command.set(self.line.ids)], "amount": 10}
        more = {
            "account.collection.promise": {**covered, "date_due": TODAY},
            "account.collection.plan": covered,
            "account.collection.settlement": {
                **covered,
                "nature": "concession",
                "date_expiry": TODAY,
            },
            "account.collection.dispute": {
                **covered,
                "reason_id": self.env["account.collection.dispute.reason"]
                .search([], limit=1)
                .id,
            },
            "account.collection.barter": {**covered, "date_deadline": TODAY},
            "account.collection.return": {
                "return_line_ids": [
                    Command.create({"invoice_line_id": invoice_line.id})
                ]
            },
        }
        for model, values_of_kind in more.items():
            with self.subTest(model=model):
                kind = self.env[model].with_user(own)
                self.case.user_id = own
                agreement = kind.create({**values, **values_of_kind})
                self.case.user_id = self.users["all"]
                with self.assertRaises(AccessError):
                    agreement.action_confirm()
                with self.assertRaises(AccessError):
                    kind.create({**values, **values_of_kind})
                if model != "account.collection.dispute":
                    with self.assertRaises(AccessError):
                        agreement.action_cancel()

    def test_no_rows_of_a_draft_of_a_colleague(self):
        """Whoever wrote down a draft still reads it, and changes none of its rows, once
        the case is a colleague's."""
        own = self.users["own"]
        account = self.company_data["default_account_expense"]
        covered = {"line_ids": [Command.set(self.line.ids)], "amount": 10}
        payment = {"date_due": TODAY, "amount": 10}
        other = self._create_open_invoice(self.customer)
        for kind, field, row, more in (
            ("plan", "installment_ids", payment, covered),
            (
                "settlement",
                "payment_ids",
                payment,
                {**covered, "nature": "concession", "date_expiry": TODAY},
            ),
            (
                "barter",
                "given_ids",
                {"name": "Chairs", "price_unit": 10, "account_id": account.id},
                {**covered, "date_deadline": TODAY},
            ),
            (
                "return",
                "return_line_ids",
                {"invoice_line_id": self.invoice.invoice_line_ids.id},
                {},
            ),
        ):
            drafts = self.env[f"account.collection.{kind}"].with_user(own)
            self.case.user_id = own
            draft = drafts.create(
                {
                    "partner_id": self.customer.id,
                    "company_id": self.company.id,
                    "currency_id": self.line.currency_id.id,
                    field: [Command.create(row)],
                    **more,
                }
            )
            rows = draft[field]
            rows.write(row)
            if kind == "return":
                row = {"invoice_line_id": other.invoice_line_ids.id}
            self.case.user_id = self.users["all"]
            self.env.invalidate_all()
            for change in (
                lambda rows=rows, row=row: rows.write(row),
                lambda rows=rows: rows.unlink(),
                lambda rows=rows, row=row, draft=draft, kind=kind: rows.create(
                    {**row, f"{kind}_id": draft.id}
                ),
            ):
                with self.subTest(kind=kind), self.assertRaises(AccessError):
                    change()

    def test_fields_on_models_of_odoo(self):
        """Not even the settings of the company are seen by others."""
        added = {
            model: {name for name in fields if name.startswith("collection_")}
            for model, fields in (
                (name, model._fields) for name, model in self.env.registry.items()
            )
            if not model.startswith("account.collection.")
        }
        self.assertIn("collection_policy_id", added["res.company"])
        for name in OTHERS:
            for model, fields in added.items():
                with self.subTest(group=name, model=model):
                    visible = self.env[model].with_user(self.users[name]).fields_get()
                    self.assertFalse(fields & visible.keys())
            with self.subTest(group=name), self.assertRaises(AccessError):
                company = self.company.with_user(self.users[name])
                company.read(["collection_offer_days"])

    def test_administrators_without_accounting(self):
        """Who may set up Odoo, but sees no collections, creates companies and saves
        the settings as before."""
        user = new_test_user(self.env, login="admins", groups="base.group_system")
        self.assertFalse(user.has_group("account_collections.group_collection_own"))
        company = self.env["res.company"].with_user(user).create({"name": "Another"})
        self.assertTrue(company.sudo().collection_policy_id)
        user.write({"company_ids": [Command.link(company.id)]})
        company.write({"name": "Yet another"})
        self.company.collection_offer_days = 7
        settings = self.env["res.config.settings"].with_user(user)
        user.company_id = self.company
        settings.create({}).execute()
        self.assertEqual(self.company.collection_offer_days, 7)

    def test_activities_of_others(self):
        """What an activity is about, only collectors see; whoever is given one does
        it."""
        contact = self._log_contact(
            self.customer, 1, case_id=self.case.id, state="queued", channel="call"
        )
        for done in (True, False):
            with self.subTest(done=done):
                contact.state = "queued"
                activity = self.env["mail.activity"].create(
                    {
                        **contact._prepare_call_activity(),
                        "res_model_id": self.env["ir.model"]._get_id("res.partner"),
                        "res_id": self.customer.id,
                        "user_id": self.users["internal"].id,
                    }
                )
                own = activity.with_user(self.users["internal"])
                own.read()
                with self.assertRaises(AccessError):
                    own.read(["collection_contact_id"])
                if done:
                    own.action_feedback()
                else:
                    own.unlink()
                self.assertEqual(contact.state, "sent" if done else "void")

    def test_followers_of_cases(self):
        """Who looks after whom is seen by collectors only; each sees what they
        follow."""
        self.case.message_subscribe(self.users["own"].partner_id.ids)
        domain = [
            ("res_model", "=", self.case._name),
            ("res_id", "=", self.case.id),
        ]
        for name, expected in (("internal", 0), ("invoicing", 0), ("own", 1)):
            with self.subTest(group=name):
                followers = self.env["mail.followers"].with_user(self.users[name])
                self.assertEqual(followers.search_count(domain), expected)
        self.case.message_subscribe(self.users["internal"].partner_id.ids)
        followers = self.env["mail.followers"].with_user(self.users["internal"])
        self.assertEqual(followers.search_count(domain), 1)

    def test_late_fees_are_not_forged(self):
        """Who bills cannot exempt an invoice by calling it a late fee; what copies a
        fee invoice stays one."""
        fee = self._create_open_invoice(self.customer, 30)
        fee.sudo().collection_is_fee = True
        user = self.users["invoicing"]
        for invoice, is_fee in ((fee, True), (self.invoice, False)):
            with self.subTest(is_fee=is_fee):
                own = invoice.with_user(user)
                with self.assertRaises(AccessError):
                    own.write({"collection_is_fee": not is_fee})
                forged = {"collection_is_fee": True}
                self.assertEqual(own.copy(forged).sudo().collection_is_fee, is_fee)
        manager = self.invoice.with_user(self.users["manager"])
        manager.collection_is_fee = True
        self.assertTrue(self.invoice.collection_is_fee)

    def test_customers_can_be_copied_by_others(self):
        self.customer.collection_policy_id = self.policy
        self.users["internal"].group_ids += self.env.ref("base.group_partner_manager")
        copy = self.customer.with_user(self.users["internal"]).copy()
        self.assertEqual(copy.email, self.customer.email)

    # === SCREENS === #

    def test_menus(self):
        """(group, menus it sees)"""
        everything = {
            "worklist",
            "runs",
            "holds",
            "contacts",
            "analysis",
            "policies",
            "teams",
            "late_reasons",
        }
        settings = {"policies", "teams", "late_reasons"}
        for name, expected in (
            ("own", everything - settings - {"runs"}),
            ("all", everything - settings),
            ("manager", everything),
            ("invoicing", set()),
            ("internal", set()),
        ):
            with self.subTest(group=name):
                menus = self.env["ir.ui.menu"].with_user(self.users[name])
                visible = menus._visible_menu_ids()
                self.assertEqual(
                    {
                        menu
                        for menu in everything
                        if self._is_reachable(
                            self.env.ref(f"account_collections.menu_{menu}"), visible
                        )
                    },
                    expected,
                )

    def _is_reachable(self, menu, visible):
        """Whether a menu and each menu above it are visible."""
        while menu:
            if menu.id not in visible:
                return False
            menu = menu.parent_id
        return True

    def test_screens_of_odoo_open_for_everybody(self):
        for name in ("own", "invoicing"):
            for model in ("res.partner", "account.move"):
                view = (
                    self.env[model].with_user(self.users[name]).get_view(None, "form")
                )
                with self.subTest(group=name, model=model):
                    self.assertEqual(
                        "action_view_collection_case" in view["arch"], name == "own"
                    )

    # === COMPANIES === #

    def test_companies_and_branches(self):
        """(companies of the user, whether they see a case of the main company)"""
        self.company.child_ids = [Command.create({"name": "Branch"})]
        branch = self.company.child_ids
        other = self.setup_other_company()["company"]
        records = self.case | self.env["account.collection.case"]
        run = self._plan()
        hold = self._hold(self.line, 1)
        contact = self._log_contact(self.customer, 1, case_id=self.case.id)
        for index, (companies, is_visible) in enumerate(
            (
                (self.company, True),
                (branch, True),
                (other, False),
                (self.company | other, True),
            )
        ):
            user = new_test_user(
                self.env,
                login=f"company_user_{index}",
                groups="account_collections.group_collection_manager",
                company_id=companies[:1].id,
                company_ids=[Command.set(companies.ids)],
            )
            for record in (
                records,
                self.policy,
                self.steps[0],
                run,
                run.line_ids[0],
                hold,
                contact,
            ):
                with self.subTest(companies=companies, record=record._name):
                    self.assertEqual(
                        record.with_user(user)
                        .with_context(allowed_company_ids=companies.ids)
                        .has_access("read"),
                        is_visible,
                    )

    def test_case_in_another_company(self):
        """(collector here, collector in another company, whether the user sees what is
        agreed here and may agree): each company has a case of its own."""
        own, colleague = self.users["own"], self.users["all"]
        other = self.setup_other_company()["company"]
        (own | colleague).company_ids += other
        other_case = self.case.sudo().create(
            {"partner_id": self.customer.id, "company_id": other.id}
        )
        promise = self._promise()
        promise.action_confirm()
        contact = self._log_contact(self.customer, 1)
        records = (
            promise.hold_ids,
            promise.hold_ids.change_ids,
            promise.commitment_ids,
            promise.commitment_ids.reminder_ids,
            contact,
        )
        for here, there, is_visible in (
            (own, colleague, True),
            (colleague, own, False),
        ):
            self.case.user_id, other_case.user_id = here, there
            for companies in (self.company, self.company | other):
                context = {"allowed_company_ids": companies.ids}
                for record in records:
                    mine = record.with_user(own).with_context(**context)
                    with self.subTest(here=here.login, record=record._name):
                        self.assertEqual(mine.has_access("read"), is_visible)
                        self.assertEqual(
                            mine.search_count([("id", "in", record.ids)]),
                            len(record) * is_visible,
                        )
                draft = self._promise().with_user(own).with_context(**context)
                self.assertEqual(draft.has_access("write"), is_visible)
                self.assertEqual(draft.has_access("create"), is_visible)
