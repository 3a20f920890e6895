from datetime import timedelta

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged

from .common import TODAY, CollectionCommon

TRANSITIONS = {
    "action_investigate": {"new"},
    "action_resolve_valid": {"investigating"},
    "action_resolve_invalid": {"investigating"},
    "action_withdraw": {"new", "investigating"},
    "action_cancel": {"new", "investigating"},
}
ARGUMENTS = {"action_resolve_valid": (10,), "action_resolve_invalid": ("It is right.",)}


@tagged("post_install", "-at_install")
class DisputeCommon(CollectionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reason = cls.env["account.collection.dispute.reason"].create(
            {"name": "Wrong price", "user_id": cls.env.user.id, "response_days": 5}
        )
        cls.env.user.group_ids -= cls.env.ref(
            "account_collections.group_collection_manager"
        ) + cls.env.ref("account.group_account_manager")
        cls.env.user.group_ids += cls.env.ref(
            "account_collections.group_collection_all"
        )

    # === HELPERS === #

    @classmethod
    def _dispute(cls, invoices, amount=None, confirm=True, **values):
        lines = cls._get_receivable_line(invoices)
        dispute = cls.env["account.collection.dispute"].create(
            {
                "partner_id": invoices.commercial_partner_id.id,
                "company_id": cls.company.id,
                "currency_id": lines[:1].currency_id.id,
                "line_ids": [Command.set(lines.ids)],
                "reason_id": cls.reason.id,
                **({} if amount is None else {"amount": amount}),
                **values,
            }
        )
        if confirm:
            dispute.action_confirm()
        return dispute

    @classmethod
    def _make_manager(cls):
        cls.env.user.group_ids += cls.env.ref(
            "account_collections.group_collection_manager"
        )

    def _reject(self, dispute):
        dispute.action_investigate()
        dispute.action_resolve_invalid("It is right.")

    def assertHeld(self, dispute, amounts):
        holds = dispute.hold_ids.filtered("active").sorted("id")
        self.assertEqual(holds.mapped("amount"), amounts)


class TestDispute(DisputeCommon):
    # === LIFE === #

    def test_dunning_leaves_out_what_is_disputed(self):
        """(disputed of 100, what the run says, what it collects)."""
        for amount, decision, collectible in (
            (100, "skip held", 0),
            (40, "contact 3 email", 60),
        ):
            with self.subTest(amount=amount):
                customer = self._create_customer("Customer")
                dispute = self._dispute(self._create_open_invoice(customer), amount)
                self.assertEqual(dispute.state, "new")
                self.assertHeld(dispute, [amount])
                line = self._get_line(self._plan(), customer)
                self.assertDecision(line, decision)
                self.assertRecordValues(
                    line,
                    [{"amount_held": amount, "amount_collectible": collectible}],
                )

    def test_rejected(self):
        invoice = self._create_open_invoice(self.customer)
        dispute = self._dispute(invoice)
        dispute.action_investigate()
        self.assertHeld(dispute, [100])
        dispute.action_resolve_invalid("The price is that of our offer.")
        self.assertEqual((dispute.state, dispute.date_end), ("resolved_invalid", TODAY))
        self.assertHeld(dispute, [])
        self.assertIn("that of our offer", dispute.message_ids[0].body)
        # The answer asks for the money: the dunning leaves the usual gap after it.
        self.assertDecision(self._get_line(self._plan()), "skip gap +7")
        with freeze_time(TODAY + timedelta(days=7)):
            line = self._get_line(self._plan(date=TODAY + timedelta(days=7)))
            self.assertDecision(line, "contact 3 email")

    def test_somebody_is_asked(self):
        """Where nobody who is named can see it, somebody else is to clarify it."""
        outsider = new_test_user(self.env, "outsider", company_id=self.company.id)
        self.reason.sudo().user_id = False
        dispute = self._dispute(
            self._create_open_invoice(self.customer), user_id=outsider.id
        )
        self.assertEqual(dispute.responsible_id, self.env.user)
        self.assertEqual(dispute.activity_ids.user_id, self.env.user)

    def test_withdrawn(self):
        dispute = self._dispute(self._create_open_invoice(self.customer))
        dispute.action_withdraw()
        self.assertEqual(dispute.state, "withdrawn")
        self.assertHeld(dispute, [])
        self.assertDecision(self._get_line(self._plan()), "contact 3 email")

    def test_transitions_and_their_neighbours(self):
        """Each action, from each state."""
        states = dict(self.env["account.collection.dispute"]._get_states())
        for action, allowed in TRANSITIONS.items():
            for state in states:
                with self.subTest(action=action, state=state):
                    dispute = self._dispute(
                        self._create_open_invoice(self._create_customer("Customer"))
                    )
                    dispute.sudo().state = state
                    act = getattr(dispute, action)
                    if state in allowed:
                        act(*ARGUMENTS.get(action, ()))
                        self.assertNotEqual(dispute.state, state)
                    else:
                        with self.assertRaisesRegex(
                            UserError, "already|Investigate first"
                        ):
                            act(*ARGUMENTS.get(action, ()))

    def test_written_down_only(self):
        """Until it is registered, nothing is held or told, and it can be deleted."""
        dispute = self._dispute(self._create_open_invoice(self.customer), confirm=False)
        self.assertEqual((dispute.state, dispute.amount), ("new", 100))
        self.assertFalse(dispute.hold_ids)
        self.env["account.collection.commitment"]._cron_evaluate()
        with self.assertRaisesRegex(UserError, "Register"):
            dispute.action_investigate()
        dispute.unlink()

    def test_case_opened_in_between(self):
        """Written down before the dunning opened a case, registered after it."""
        invoice = self._create_open_invoice(self.customer)
        dispute = self._dispute(invoice, confirm=False)
        self.env["account.collection.case"]._refresh(self.company, self.customer)
        dispute.action_confirm()
        self.assertEqual(dispute.case_id, invoice.collection_case_id)

    def test_registered_is_kept(self):
        dispute = self._dispute(self._create_open_invoice(self.customer))
        with self.assertRaisesRegex(UserError, "registered already"):
            dispute.action_confirm()
        with self.assertRaisesRegex(UserError, "history"):
            dispute.unlink()

    # === MONEY === #

    def test_money_goes_to_the_disputed_part_last(self):
        """1,000 owed, 500 promised, 300 disputed: (paid so far, promised and disputed
        still held)."""
        invoice = self._create_open_invoice(self.customer, 1000)
        promise = self.env["account.collection.promise"].create(
            {
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "currency_id": invoice.currency_id.id,
                "line_ids": [Command.set(self._get_receivable_line(invoice).ids)],
                "amount": 500,
                "date_due": TODAY + timedelta(days=10),
            }
        )
        promise.action_confirm()
        dispute = self._dispute(invoice, 300)
        for amount, promised, disputed in (
            (200, [300], [300]),
            (400, [], [300]),
            (250, [], [150]),
            (150, [], []),
        ):
            self._pay(invoice, amount)
            self.assertEqual(
                promise.hold_ids.filtered("active").mapped("amount"), promised
            )
            self.assertHeld(dispute, disputed)
        self._get_receivable_line(invoice).remove_move_reconcile()
        self.assertEqual(promise.hold_ids.amount, 500)
        self.assertHeld(dispute, [300])

    def test_reduction_shortens_the_disputed_part_first(self):
        """A credit note that has nothing to do with the dispute: 1,000 owed, 500
        promised, 300 disputed, 400 credited."""
        invoice = self._create_open_invoice(self.customer, 1000)
        promise = self.env["account.collection.promise"].create(
            {
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "currency_id": invoice.currency_id.id,
                "line_ids": [Command.set(self._get_receivable_line(invoice).ids)],
                "amount": 500,
                "date_due": TODAY + timedelta(days=10),
            }
        )
        promise.action_confirm()
        dispute = self._dispute(invoice, 300)
        refund = self._create_open_invoice(
            self.customer, 400, days=0, move_type="out_refund"
        )
        lines = self._get_receivable_line(invoice | refund)
        lines.reconcile()
        self.assertEqual(promise.hold_ids.amount, 500)
        self.assertHeld(dispute, [100])
        lines.remove_move_reconcile()
        self.assertHeld(dispute, [300])
        lines.reconcile()
        with freeze_time(TODAY + timedelta(days=20)):
            self.env["account.collection.commitment"]._cron_evaluate()
        self.assertEqual(promise.state, "broken")
        self.assertHeld(dispute, [300])

    def test_money_and_a_credit_note_at_once(self):
        """1,000 owed, 500 promised, 500 disputed: whoever reconciles 100 of money and a
        credit note of 300 in one go is not kept from it."""
        invoice = self._create_open_invoice(self.customer, 1000)
        promise = self.env["account.collection.promise"].create(
            {
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "currency_id": invoice.currency_id.id,
                "line_ids": [Command.set(self._get_receivable_line(invoice).ids)],
                "amount": 500,
                "date_due": TODAY + timedelta(days=10),
            }
        )
        promise.action_confirm()
        dispute = self._dispute(invoice, 500)
        payment = self._receive_unapplied(self.customer, 100)
        refund = self._create_open_invoice(
            self.customer, 300, days=0, move_type="out_refund"
        )
        lines = self._get_receivable_line(invoice | payment.move_id | refund)
        lines.reconcile()
        self.assertEqual(promise.hold_ids.amount, 400)
        self.assertHeld(dispute, [200])
        lines.remove_move_reconcile()
        self.assertEqual(promise.hold_ids.amount, 500)
        self.assertHeld(dispute, [500])

    def test_several_never_above_the_residual(self):
        invoice = self._create_open_invoice(self.customer)
        first = self._dispute(invoice, 60)
        with self.assertRaisesRegex(UserError, "more than"):
            self._dispute(invoice, 60)
        second = self._dispute(invoice, 40)
        self._pay(invoice, 50)
        self.assertHeld(first, [50])
        self.assertHeld(second, [])
        first.action_withdraw()
        self.env["account.collection.commitment"]._cron_evaluate()
        self.assertHeld(second, [40])

    def test_takes_from_what_was_put_off_by_hand(self):
        invoice = self._create_open_invoice(self.customer)
        hold = self._hold(self._get_receivable_line(invoice))
        self._dispute(invoice, 30)
        self.assertEqual((hold.amount, hold.active), (70, True))

    def test_several_items_the_oldest_first(self):
        invoices = self._create_open_invoice(
            self.customer, days=20
        ) | self._create_open_invoice(self.customer, days=10)
        self.assertHeld(self._dispute(invoices, 130), [100, 30])

    def test_foreign_currency(self):
        currency = self.setup_other_currency("EUR", rates=[("2024-01-01", 2.0)])
        invoice = self._create_open_invoice(self.customer, 100, currency_id=currency.id)
        dispute = self._dispute(invoice, 40)
        currency.rate_ids.rate = 4
        self._pay(invoice, 80, currency_id=currency.id)
        self.assertHeld(dispute, [20])

    def test_draft_invoice_is_not_held(self):
        invoice = self._create_open_invoice(self.customer)
        dispute = self._dispute(invoice)
        invoice.button_draft()
        self.assertHeld(dispute, [])
        invoice.action_post()
        self.assertHeld(dispute, [100])

    # === DISPUTED AGAIN === #

    def test_disputed_again_with_something_new(self):
        """What was not rejected before is held at once, the rest once approved."""
        rejected = self._create_open_invoice(self.customer)
        self._reject(self._dispute(rejected))
        again = self._dispute(rejected | self._create_open_invoice(self.customer, 30))
        self.assertTrue(again.is_repeated)
        self.assertHeld(again, [30])
        body = again.message_ids.filtered("subject")[0].body
        self.assertIn("need not pay $&nbsp;30.00 while", body)
        self.assertIn("We answered the rest before", body)
        self._make_manager()
        again.action_approve_hold()
        self.assertHeld(again, [100, 30])

    def test_disputed_again_needs_a_manager(self):
        invoice = self._create_open_invoice(self.customer)
        self._reject(self._dispute(invoice))
        again = self._dispute(invoice)
        self.assertTrue(again.is_repeated)
        self.assertHeld(again, [])
        self.assertEqual(self._get_line(self._plan()).amount_collectible, 100)
        with self.assertRaisesRegex(UserError, "Ask a manager"):
            again.action_approve_hold()
        self._make_manager()
        again.action_approve_hold()
        self.assertHeld(again, [100])
        self.assertEqual(again.hold_approver_id, self.env.user)
        self.assertIn("stop the dunning", again.message_ids[0].body)
        with self.assertRaisesRegex(UserError, "needs no approval"):
            again.action_approve_hold()

    def test_manager_registers_again(self):
        invoice = self._create_open_invoice(self.customer)
        self._reject(self._dispute(invoice))
        self._make_manager()
        again = self._dispute(invoice)
        self.assertHeld(again, [100])
        self.assertIn(
            "rejected before", " ".join(map(str, again.message_ids.mapped("body")))
        )

    def test_withdrawn_before_is_not_again(self):
        invoice = self._create_open_invoice(self.customer)
        self._dispute(invoice).action_withdraw()
        dispute = self._dispute(invoice)
        self.assertFalse(dispute.is_repeated)
        self.assertHeld(dispute, [100])

    def test_admitted_though_rejected_before(self):
        """(disputed besides what was rejected, admitted, held)."""
        for new, admitted, held in (
            (0, 30, [30]),
            (30, 30, [30]),
            (30, 110, [100, 10]),
        ):
            with self.subTest(new=new, admitted=admitted):
                customer = self._create_customer("Customer")
                invoices = self._create_open_invoice(customer, days=20)
                self._reject(self._dispute(invoices))
                if new:
                    invoices |= self._create_open_invoice(customer, new)
                again = self._dispute(invoices)
                self.assertHeld(again, [new] if new else [])
                again.action_investigate()
                again.action_resolve_valid(admitted)
                self.assertHeld(again, held)
                self.assertEqual(
                    sum(again.credit_move_ids.mapped("amount_total")), admitted
                )

    # === DEADLINE === #

    def test_deadline(self):
        """(days of the reason, days of the policy, the deadline)."""
        for reason_days, policy_days, expected in ((5, 20, 5), (0, 20, 20)):
            with self.subTest(reason=reason_days):
                self.reason.sudo().response_days = reason_days
                self.policy.sudo().dispute_response_days = policy_days
                dispute = self._dispute(
                    self._create_open_invoice(self._create_customer("Customer"))
                )
                self.policy.sudo().dispute_response_days = 1
                self.assertEqual(
                    dispute.date_deadline, TODAY + timedelta(days=expected)
                )
                self.assertRecordValues(
                    dispute.activity_ids,
                    [
                        {
                            "user_id": self.env.user.id,
                            "date_deadline": dispute.date_deadline,
                        }
                    ],
                )

    def test_overdue_is_escalated_once(self):
        leader = new_test_user(
            self.env,
            "leader",
            groups="account_collections.group_collection_own",
            company_id=self.company.id,
        )
        team = (
            self.env["account.collection.team"]
            .sudo()
            .create({"name": "Claims", "user_id": leader.id})
        )
        self.reason.sudo().team_id = team
        dispute = self._dispute(self._create_open_invoice(self.customer))
        settled = self._dispute(self._create_open_invoice(self.customer))
        settled.action_withdraw()
        for days, count in ((5, 0), (6, 1), (7, 1)):
            with self.subTest(days=days), freeze_time(TODAY + timedelta(days=days)):
                self.env["account.collection.dispute"]._cron_escalate()
                escalations = (dispute | settled).activity_ids.filtered(
                    lambda activity: activity.user_id == leader
                )
                self.assertEqual(len(escalations), count)
        self.assertEqual(dispute.date_escalated, TODAY + timedelta(days=6))
        dispute.action_withdraw()
        self.assertFalse(dispute.activity_ids)

    def test_escalated_to_a_manager_without_a_team(self):
        manager = new_test_user(
            self.env,
            "manager",
            groups="account_collections.group_collection_manager",
            company_id=self.company.id,
        )
        dispute = self._dispute(self._create_open_invoice(self.customer))
        superior = dispute._get_superior()
        self.assertTrue(
            superior.has_group("account_collections.group_collection_manager")
        )
        self.assertIn(self.company, (superior | manager).company_ids)

    # === THE CUSTOMER === #

    def test_customer_is_told_at_each_change(self):
        dispute = self._dispute(self._create_open_invoice(self.customer))
        steps = [
            (None, "received your complaint"),
            (dispute.action_investigate, "looking into"),
            (lambda: dispute.action_resolve_invalid("It is right."), "Our answer"),
        ]
        for act, subject in steps:
            if act:
                act()
            message = dispute.message_ids.filtered("subject")[0]
            self.assertIn(subject, message.subject)
            self.assertEqual(message.partner_ids, self.customer)
            mails = message.sudo().mail_ids
            self.assertEqual(mails.mapped("state"), ["outgoing"])

    def test_customer_without_address(self):
        self.customer.email = False
        dispute = self._dispute(self._create_open_invoice(self.customer))
        self.assertIn(
            "Send a letter, or call",
            " ".join(map(str, dispute.message_ids.mapped("body"))),
        )

    def test_what_asks_for_money_is_a_contact(self):
        """(paid of 100, whether the customer is to be left alone, whether the answer
        asks for the money)."""
        for paid, is_left_alone, is_contact in (
            (0, False, True),
            (100, False, False),
            (0, True, False),
        ):
            with self.subTest(paid=paid, is_left_alone=is_left_alone):
                customer = self._create_customer("Customer")
                invoice = self._create_open_invoice(customer)
                dispute = self._dispute(invoice)
                if paid:
                    self._pay(invoice)
                if is_left_alone:
                    dispute.case_id.sudo().state = "handed_over"
                self._reject(dispute)
                message = dispute.message_ids.filtered("subject")[0]
                self.assertIn("Our answer", message.subject)
                self.assertEqual("Please pay" in message.body, is_contact)
                contacts = self.env["account.collection.contact"].search(
                    [("partner_id", "=", customer.id)]
                )
                self.assertEqual(len(contacts), is_contact)
                self.assertLessEqual(contacts.mail_message_id, message)

    def test_answer_that_bounces(self):
        dispute = self._dispute(self._create_open_invoice(self.customer))
        self._reject(dispute)
        contact = self.env["account.collection.contact"].search(
            [("partner_id", "=", self.customer.id)]
        )
        contact.sudo()._mark_undelivered("No such user", True)
        self.assertEqual(contact.state, "failed")
        self.assertDecision(self._get_line(self._plan()), "contact 3 letter")

    def test_customers_words_are_text(self):
        words = "<script>alert(1)</script><b>'too dear'</b> {{ 7 * 7 }}"
        dispute = self._dispute(
            self._create_open_invoice(self.customer), description=words
        )
        body = dispute.message_ids.filtered("subject")[0].body
        self.assertNotIn("<script", body)
        self.assertNotIn("<b>'", body)
        self.assertIn("&lt;script&gt;", body)
        self.assertIn("{{ 7 * 7 }}", body)
        self.assertEqual(dispute.description, words)

    def test_in_the_customers_language(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.customer.lang = "de_DE"
        self.env.ref(
            "account_collections.mail_template_dispute_new"
        ).sudo().with_context(lang="de_DE").subject = "Ihre Reklamation"
        dispute = self._dispute(self._create_open_invoice(self.customer))
        self.assertIn("Ihre Reklamation", dispute.message_ids.mapped("subject"))

    # === ACCESS AND BAD INPUT === #

    def test_bad_input(self):
        invoice = self._create_open_invoice(self.customer)
        other = self._create_open_invoice(self._create_customer("Other"))
        for message, values in (
            ("greater than zero", {"amount": -1}),
            ("greater than zero", {"amount": 0}),
            ("more than", {"amount": 100.01}),
            ("not owed by", {"partner_id": other.partner_id.id}),
            ("Choose the open items", {"line_ids": False, "amount": 1}),
            ("need an open item", {"invoice_line_ids": other.invoice_line_ids.ids}),
        ):
            with (
                self.subTest(message=message),
                self.assertRaisesRegex((UserError, ValidationError), message),
            ):
                self._dispute(invoice, **values)

    def test_registered_terms_do_not_change(self):
        dispute = self._dispute(self._create_open_invoice(self.customer))
        for values in ({"amount": 50}, {"line_ids": False}):
            with (
                self.subTest(values=values),
                self.assertRaisesRegex(UserError, "does not change any more"),
            ):
                dispute.write(values)
        dispute.date_deadline = TODAY + timedelta(days=30)

    def test_bad_answers(self):
        dispute = self._dispute(self._create_open_invoice(self.customer), 60)
        dispute.action_investigate()
        for amount in (0, -1, 60.01):
            with (
                self.subTest(amount=amount),
                self.assertRaisesRegex(UserError, "above zero"),
            ):
                dispute.action_resolve_valid(amount)
        for reason in (None, "", "  "):
            with (
                self.subTest(reason=reason),
                self.assertRaisesRegex(UserError, "Tell the customer"),
            ):
                dispute.action_resolve_invalid(reason)

    def test_who_sees_it(self):
        """(groups, whether the case and the clarification are somebody else's, may
        read)."""
        dispute = self._dispute(self._create_open_invoice(self.customer))
        dispute.case_id.user_id = self.env.user
        for number, (group, is_responsible, may_read) in enumerate(
            (
                ("base.group_user", False, False),
                ("account.group_account_invoice", False, False),
                ("account_collections.group_collection_own", False, False),
                ("account_collections.group_collection_own", True, True),
                ("account_collections.group_collection_all", False, True),
                ("account_collections.group_collection_manager", False, True),
            )
        ):
            with self.subTest(group=group, responsible=is_responsible):
                user = new_test_user(
                    self.env,
                    f"reader{number}",
                    groups=group,
                    company_id=self.company.id,
                )
                if is_responsible:
                    dispute.responsible_id = user
                self.assertEqual(dispute.with_user(user).has_access("read"), may_read)

    def test_own_user_registers_and_settles(self):
        user = new_test_user(
            self.env,
            "collector",
            groups="account_collections.group_collection_own",
            company_id=self.company.id,
        )
        invoice = self._create_open_invoice(self.customer)
        dispute = self._dispute(invoice, confirm=False, user_id=user.id)
        dispute = dispute.with_user(user)
        dispute.action_confirm()
        dispute.action_investigate()
        dispute.action_resolve_valid(50)
        self.assertEqual(dispute.credit_move_ids.state, "draft")

    def test_responsible_settles_for_a_colleagues_customer(self):
        """(disputed of 100, the last button and what it is given, what is held then).

        Who clarifies a dispute need not see the customer's case, nor what is held."""
        colleague, responsible = (
            new_test_user(
                self.env,
                login,
                groups="account_collections.group_collection_own",
                company_id=self.company.id,
            )
            for login in ("colleague", "responsible")
        )
        for disputed, button, arguments, held in (
            (100, "action_withdraw", (), []),
            (100, "action_resolve_invalid", ("It is right.",), []),
            (100, "action_resolve_valid", (100,), [100]),
            (30, "action_resolve_valid", (30,), [30]),
            (30, "action_resolve_valid", (10,), [10]),
        ):
            with self.subTest(disputed=disputed, button=button):
                customer = self._create_customer("Customer")
                dispute = self._dispute(self._create_open_invoice(customer), disputed)
                dispute.case_id.user_id = colleague
                dispute.responsible_id = responsible
                for name, given in (("action_investigate", ()), (button, arguments)):
                    self.env.invalidate_all()
                    getattr(dispute.with_user(responsible), name)(*given)
                self.env.invalidate_all()
                self.assertHeld(dispute, held)

    def test_other_company(self):
        other = self.env["res.company"].sudo().create({"name": "Other"})
        user = new_test_user(
            self.env,
            "other",
            groups="account_collections.group_collection_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        dispute = self._dispute(self._create_open_invoice(self.customer))
        with self.assertRaises(AccessError):
            dispute.with_user(user).with_company(other).read(["name"])
        with self.assertRaisesRegex(ValidationError, "another company"):
            self._dispute(
                self._create_open_invoice(self.customer),
                company_id=other.id,
                reason_id=self.env.ref("account_collections.dispute_reason_other").id,
            )

    def test_opened_from_an_invoice(self):
        invoice = self._create_open_invoice(self.customer)
        action = invoice.action_dispute()
        dispute = (
            self.env["account.collection.dispute"]
            .with_context(**action["context"])
            .create({"reason_id": self.reason.id})
        )
        self.assertEqual(dispute.amount, 100)
        self._pay(invoice)
        with self.assertRaisesRegex(UserError, "nothing to dispute"):
            invoice.action_dispute()

    def test_opened_from_a_case(self):
        """What is overdue is proposed, and the amount follows what is taken off."""
        first = self._create_open_invoice(self.customer, 100, days=20)
        second = self._create_open_invoice(self.customer, 60, days=10)
        self._create_open_invoice(self.customer, 50, days=-10)
        self.env["account.collection.case"]._refresh(self.company)
        action = first.collection_case_id.action_dispute()
        form = Form(
            self.env[action["res_model"]].with_context(**action["context"]),
            view="account_collections.account_collection_dispute_view_form",
        )
        new = self.env["account.collection.dispute"].new({"name": "/"})
        self.assertEqual(new.display_name, "New")
        self.assertEqual(form.amount, 160)
        form.line_ids.remove(id=self._get_receivable_line(first).id)
        self.assertEqual(form.amount, 60)
        form.reason_id = self.reason
        dispute = form.save()
        dispute.action_confirm()
        self.assertEqual(dispute.partner_id, self.customer)
        self.assertEqual(dispute.line_ids, self._get_receivable_line(second))
        self.assertEqual(dispute.display_name, dispute.name)
