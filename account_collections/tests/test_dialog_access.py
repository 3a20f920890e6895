from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import TODAY, CollectionCommon


@tagged("post_install", "-at_install")
class TestDialogAccess(CollectionCommon):
    """What is calculated for a form shows nothing that the user may not read."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own, cls.colleague = (
            new_test_user(
                cls.env,
                name,
                groups="account_collections.group_collection_own",
                company_id=cls.company.id,
            )
            for name in ("own", "colleague")
        )
        cls.invoice = cls._create_open_invoice(cls.customer)
        cls.line = cls._get_receivable_line(cls.invoice)
        cls.case = cls.env["account.collection.case"].sudo()
        cls.case._refresh(cls.company)
        cls.case = cls.case.search([("partner_id", "=", cls.customer.id)])
        cls.run_line = cls._plan().line_ids.filtered(
            lambda line: line.partner_id == cls.customer
        )
        cls.case.user_id = cls.colleague

    # === HELPERS === #

    def _create(self, kind, **values):
        """Write down an agreement with the customer of the colleague."""
        return (
            self.env[f"account.collection.{kind}"]
            .sudo()
            .create(
                {
                    "partner_id": self.customer.id,
                    "company_id": self.company.id,
                    "currency_id": self.line.currency_id.id,
                    "user_id": self.colleague.id,
                    **values,
                }
            )
        )

    def _get_dialogs(self):
        """Each form with values that name something of the colleague."""
        covered = {"line_ids": [Command.set(self.line.ids)], "amount": 10}
        dispute = self._create(
            "dispute",
            reason_id=self.env.ref("account_collections.dispute_reason_other").id,
            responsible_id=self.colleague.id,
            **covered,
        )
        barter = self._create("barter", date_deadline=TODAY, **covered)
        goods = self.invoice.invoice_line_ids
        one = self._create(
            "return",
            return_line_ids=[Command.create({"invoice_line_id": goods.id})],
        )
        plan = self._create("plan", **covered)
        customer = {"partner_id": self.customer.id, "company_id": self.company.id}
        fee = (
            self.env["account.collection.fee"]
            .sudo()
            .create({**customer, "move_id": self.invoice.id, "date": TODAY})
        )
        return [
            ("dispute.resolve", {"dispute_id": dispute.id}),
            ("dispute.attach", {"dispute_id": dispute.id}),
            ("barter.deliver", {"barter_id": barter.id}),
            ("return.attach", {"return_id": one.id}),
            ("return.receive", {"return_id": one.id}),
            ("return.reject", {"return_id": one.id, "reason": "No"}),
            ("accept", {"res_model": plan._name, "res_id": plan.id, "name": "Ada"}),
            ("fee.waive", {"fee_ids": [Command.set(fee.ids)], "reason": "No"}),
            ("fee.charge", customer),
            ("letter.preview", {"line_id": self.run_line.id}),
            ("assign", {"case_ids": [Command.set(self.case.ids)]}),
            ("contact.log", {"case_id": self.case.id}),
            ("hold.set", {"case_id": self.case.id, "note": "Why"}),
            (
                "handover",
                {"case_id": self.case.id, "agency_id": self.own.partner_id.id},
            ),
            *(
                (dialog, values)
                for dialog in (
                    "promise.take",
                    "plan.propose",
                    "settlement.offer",
                    "return.request",
                    "barter.propose",
                )
                for values in (
                    {"case_id": self.case.id},
                    {"line_ids": [Command.set(self.line.ids)]},
                )
            ),
        ]

    # === WHAT THE USER MAY NOT READ === #

    def test_nothing_of_a_colleague(self):
        """Not by creating it, not by what it proposes, not by what it calculates."""
        for name, values in self._get_dialogs():
            dialog = self.env[f"account.collection.{name}"].with_user(self.own)
            defaults = {f"default_{key}": value for key, value in values.items()}
            spec = dict.fromkeys(dialog._fields, {})
            for way, model, method, arguments in (
                ("create", dialog, "create", [values]),
                ("open", dialog.with_context(**defaults), "onchange", [{}, [], spec]),
                ("change", dialog, "onchange", [values, list(values), spec]),
            ):
                with (
                    self.subTest(dialog=name, way=way, values=values),
                    self.assertRaises(AccessError),
                    self.env.cr.savepoint(),
                ):
                    getattr(model, method)(*arguments)

    def test_all_dialogs_are_asked(self):
        """A form that names something is in the table above, or shows nothing of it."""
        guarded = {
            f"account.collection.{name}" for name, _values in self._get_dialogs()
        }
        naming = {
            name
            for name, model in self.env.registry.items()
            if model._transient
            and model._module == "account_collections"
            and name.startswith("account.collection.")
            and not hasattr(model, "wizard_id")
        }
        self.assertEqual(naming - guarded, {"account.collection.run.execute"})

    def test_own_customer(self):
        self.case.user_id = self.own
        for name, values in self._get_dialogs():
            if name in ("dispute.resolve", "contact.log", "promise.take", "hold.set"):
                with self.subTest(dialog=name, values=values):
                    dialog = self.env[f"account.collection.{name}"]
                    self.assertTrue(dialog.with_user(self.own).create(values))
