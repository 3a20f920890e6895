from datetime import timedelta

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged

from .common import TODAY
from .settlement_common import SettlementCommon


@tagged("post_install", "-at_install")
class TestSettlement(SettlementCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls._create_open_invoice(cls.customer, 1000, days=20)
        cls.line = cls._get_receivable_line(cls.invoice)

    # === LIFE === #

    def test_life(self):
        settlement = self._settlement(self.invoice, until="draft")
        self.assertEqual(
            (settlement.amount, settlement.amount_covered, settlement.amount_waived),
            (800, 1000, 200),
        )
        self.assertFalse(settlement.hold_ids)
        settlement.action_confirm()
        self.assertEqual(settlement.state, "offered")
        self.assertRecordValues(
            settlement.hold_ids,
            [{"amount": 1000, "date_end": TODAY + timedelta(days=10)}],
        )
        self.assertFalse(settlement.commitment_ids)
        settlement.action_accept("Ada Miller")
        self.assertEqual(settlement.state, "accepted")
        self.assertEqual(settlement.accepted_by, "Ada Miller")
        self.assertEqual(
            settlement.accepted_hash,
            settlement._get_hash(settlement._get_terms_text()),
        )
        self.assertFalse(settlement.hold_ids.date_end)
        self.assertRecordValues(
            settlement.commitment_ids,
            [
                {
                    "amount": 800,
                    "date_due": TODAY + timedelta(days=10),
                    "state": "pending",
                }
            ],
        )
        self._pay(self.invoice, 300)
        self.assertEqual(settlement.hold_ids.amount, 700)
        self.assertEqual(settlement.amount_open, 500)
        self._pay(self.invoice, 500)
        self.assertEqual((settlement.state, settlement.is_paid), ("accepted", True))
        self.assertFalse(settlement.move_ids, "nothing is posted with a payment")
        self._evaluate_on(0)
        self.assertEqual(settlement.state, "settled")
        self.assertClosed(self.invoice)
        self.assertFalse(settlement.hold_ids.filtered("active"))
        self.assertIn(
            "Settled",
            settlement.message_ids.filtered("partner_ids")[:1].subject,
        )

    def test_in_the_language_of_the_customer(self):
        """(language, words of the file, of the offer, of the mails, of the note)."""
        terms = self.env["ir.module.module"]
        for code, file, offer, mails, note in (
            (
                "de_DE",
                "Vergleich",
                "Fälligkeit",
                "Unser Angebot",
                "nachlass",
            ),
            ("fr_FR", "Offre", "Échéance", "Notre offre", "remise"),
        ):
            with self.subTest(code=code), self.env.cr.savepoint() as savepoint:
                self.env["res.lang"]._activate_lang(code)
                terms._load_module_terms(["account_collections"], [code])
                self.customer.lang = code
                settlement = self._settlement(self.invoice)
                self.assertIn(file, settlement._get_agreement_name())
                content, _kind = self.env["ir.actions.report"]._render_qweb_html(
                    "account_collections.report_settlement_offer", settlement.ids
                )
                self.assertIn(offer, content.decode())
                self.assertNotIn("Due Date", content.decode())
                mail = settlement.message_ids.filtered("partner_ids")
                self.assertIn(mails, mail.subject)
                self.assertNotIn("Hello", mail.body)
                self._pay(self.invoice, 800)
                self._evaluate_on(0)
                self.assertIn(note, settlement.move_ids.invoice_line_ids.name)
                resumed = self.env.ref("account_collections.mail_template_plan_resumed")
                self.assertNotIn("goes on", resumed.with_context(lang=code).subject)
                savepoint.rollback()

    def test_settled_stays_settled(self):
        settlement = self._settlement(self.invoice)
        self._pay(self.invoice, 800)
        self._evaluate_on(0)
        moves = settlement.move_ids
        written = (settlement.write_date, settlement.commitment_ids.write_date)
        for days in (0, 5, 40):
            self._evaluate_on(days)
        settlement._evaluate()
        self.assertEqual(settlement.state, "settled")
        self.assertEqual(settlement.move_ids, moves)
        self.assertEqual(
            (settlement.write_date, settlement.commitment_ids.write_date), written
        )

    def test_dunning_rests_while_offered(self):
        """(days from now, what a run does)."""
        self._settlement(self.invoice, until="offered", days=5)
        for days, expected in ((0, "held"), (5, "held"), (6, None)):
            with self.subTest(days=days), self.env.cr.savepoint() as savepoint:
                day = TODAY + timedelta(days=days)
                with freeze_time(f"{day} 10:00:00"):
                    line = self._get_line(self._plan(date=day))
                self.assertEqual(
                    line.reason if line.decision == "skip" else None, expected
                )
                savepoint.rollback()

    def test_when_it_lapses(self):
        """(state, days from now, state then): the offer the day after its expiry, the
        settlement when a late bank statement is waited for no more."""
        for until, days, expected in (
            ("offered", 10, "offered"),
            ("offered", 11, "lapsed"),
            ("accepted", 10, "accepted"),
            ("accepted", 13, "accepted"),
            ("accepted", 14, "lapsed"),
        ):
            with (
                self.subTest(until=until, days=days),
                self.env.cr.savepoint() as savepoint,
            ):
                settlement = self._settlement(self.invoice, until=until)
                self._evaluate_on(days)
                self.assertEqual(settlement.state, expected)
                self.assertEqual(
                    bool(settlement.hold_ids.filtered("active")), expected != "lapsed"
                )
                savepoint.rollback()

    def test_lapsed_the_full_debt_is_back(self):
        settlement = self._settlement(self.invoice)
        self._pay(self.invoice, 300)
        self._evaluate_on(14)
        self.assertEqual(settlement.state, "lapsed")
        self.assertEqual(self.line.amount_residual, 700, "what was paid stays applied")
        gap = self.policy.contact_gap_days
        # The customer is told that all of it is due: the dunning leaves its gap.
        for days, expected in ((14, "skip"), (14 + gap, "contact")):
            day = TODAY + timedelta(days=days)
            with freeze_time(f"{day} 10:00:00"):
                line = self._get_line(self._plan(date=day))
            self.assertEqual((line.decision, line.amount_collectible), (expected, 700))
        self.assertIn(
            "lapsed", settlement.message_ids.filtered("partner_ids")[:1].subject
        )

    def test_lapsed_where_nobody_is_to_ask_for_money(self):
        settlement = self._settlement(self.invoice)
        other = self._get_receivable_line(self._create_open_invoice(self.customer, 50))
        self._hold(other, is_whole_customer=True, date_end=False)
        told = settlement.message_ids.filtered("partner_ids")
        self._evaluate_on(14)
        self.assertEqual(settlement.state, "lapsed")
        self.assertEqual(settlement.message_ids.filtered("partner_ids"), told)

    def test_payment_dates(self):
        """(paid on day, imported on day, state then)."""
        for paid, imported, expected in (
            (10, 10, "settled"),
            (10, 13, "settled"),
            (10, 30, "settled"),
            (11, 12, "accepted"),
            (11, 14, "lapsed"),
            (11, 30, "lapsed"),
        ):
            with (
                self.subTest(paid=paid, imported=imported),
                self.env.cr.savepoint() as savepoint,
            ):
                settlement = self._settlement(self.invoice)
                if imported > paid:
                    self._evaluate_on(imported - 1)
                with freeze_time(f"{TODAY + timedelta(days=imported)} 10:00:00"):
                    self._pay_invoices(self.invoice, 800, days=paid)
                    self.env["account.collection.commitment"]._cron_evaluate()
                self.assertEqual(settlement.state, expected)
                self.assertEqual(
                    self.line.amount_residual, 0 if expected == "settled" else 200
                )
                savepoint.rollback()

    def test_post_dated_payment(self):
        """Nothing is given up before the day of the payment."""
        settlement = self._settlement(self.invoice)
        self._pay(self.invoice, 800, payment_date=TODAY + timedelta(days=8))
        self.assertIn("dated ahead", settlement.explanation)
        for days, expected in ((0, "accepted"), (7, "accepted"), (8, "settled")):
            self._evaluate_on(days)
            self.assertEqual(settlement.state, expected, days)
            self.assertEqual(bool(settlement.move_ids), expected == "settled")

    def test_several_payments(self):
        settlement = self._settlement(
            self.invoice,
            payment_ids=[
                Command.create({"date_due": TODAY + timedelta(days=5), "amount": 300}),
                Command.create({"date_due": TODAY + timedelta(days=40), "amount": 500}),
            ],
        )
        self.assertEqual(settlement.commitment_ids.mapped("amount"), [300, 500])
        self._pay_invoices(self.invoice, 300, days=5)
        self._evaluate_on(20)
        self.assertEqual(settlement.state, "accepted")
        self.assertEqual(settlement.hold_ids.amount, 700)
        self._pay_invoices(self.invoice, 500, days=39)
        self._evaluate_on(39)
        self.assertEqual(settlement.state, "settled")
        self.assertClosed(self.invoice)

    def test_first_of_several_missed(self):
        settlement = self._settlement(
            self.invoice,
            payment_ids=[
                Command.create({"date_due": TODAY + timedelta(days=5), "amount": 300}),
                Command.create({"date_due": TODAY + timedelta(days=40), "amount": 500}),
            ],
        )
        self._evaluate_on(9)
        self.assertEqual(settlement.state, "lapsed")

    def test_payment_accepts(self):
        settlement = self._settlement(self.invoice, until="offered")
        self._pay(self.invoice, 400)
        self._evaluate_on(0)
        self.assertEqual(settlement.state, "offered")
        self._pay(self.invoice, 400)
        self._evaluate_on(0)
        self.assertEqual(settlement.state, "settled")
        self.assertIn("by payment", settlement.accepted_by)
        self.assertClosed(self.invoice)

    def test_payment_accepts_by_what_is_due_before_the_expiry(self):
        """(days of the payments agreed, payments made on days, state after the expiry):
        what falls due by the 10th day accepts; all of it, if nothing does."""
        for agreed, paid, expected in (
            ((5, 12), {4: 300}, "accepted"),
            ((5, 12), {4: 299}, "lapsed"),
            ((5, 12), {6: 300}, "lapsed"),
            ((5, 10), {5: 300}, "lapsed"),
            ((5, 10), {5: 300, 10: 500}, "settled"),
            ((11, 12), {5: 300}, "lapsed"),
            ((11, 12), {5: 300, 9: 500}, "settled"),
        ):
            with (
                self.subTest(agreed=agreed, paid=paid),
                self.env.cr.savepoint() as savepoint,
            ):
                settlement = self._settlement(
                    self.invoice,
                    until="offered",
                    payment_ids=[
                        Command.create(
                            {"date_due": TODAY + timedelta(days=days), "amount": amount}
                        )
                        for days, amount in zip(agreed, (300, 500), strict=True)
                    ],
                )
                for day, amount in paid.items():
                    self._pay_invoices(self.invoice, amount, days=day)
                    self._evaluate_on(day)
                self._evaluate_on(11)
                self.assertEqual(settlement.state, expected)
                if expected == "accepted":
                    self.assertIn("by payment", settlement.accepted_by)
                    self._pay_invoices(self.invoice, 500, days=12)
                    self._evaluate_on(12)
                    self.assertEqual(settlement.state, "settled")
                    self.assertClosed(self.invoice)
                savepoint.rollback()

    def test_first_payment_imported_after_the_offer_lapsed(self):
        settlement = self._settlement(
            self.invoice,
            until="offered",
            payment_ids=[
                Command.create({"date_due": TODAY + timedelta(days=5), "amount": 300}),
                Command.create({"date_due": TODAY + timedelta(days=40), "amount": 500}),
            ],
        )
        self._evaluate_on(11)
        self.assertEqual(settlement.state, "lapsed")
        self._pay_invoices(self.invoice, 300, days=5)
        self._evaluate_on(12)
        self.assertEqual(settlement.state, "accepted")
        self.assertEqual(settlement.hold_ids.amount, 700)

    def test_payment_imported_after_the_offer_lapsed(self):
        settlement = self._settlement(self.invoice, until="offered")
        self._evaluate_on(12)
        self.assertEqual(settlement.state, "lapsed")
        self._pay_invoices(self.invoice, 800, days=10)
        self._evaluate_on(13)
        self.assertEqual(settlement.state, "settled")

    def test_unapplied_money_is_waited_for(self):
        settlement = self._settlement(self.invoice)
        payment = self._receive_unapplied(self.customer, 800)
        self._evaluate_on(30)
        self.assertEqual(settlement.state, "accepted")
        self.assertTrue(settlement.commitment_ids.is_unapplied)
        (payment.move_id.line_ids | self.line).filtered(
            lambda line: line.account_id == self.line.account_id
        ).reconcile()
        self._evaluate_on(30)
        self.assertEqual(settlement.state, "settled")

    def test_credit_note_lessens_what_is_given_up(self):
        """(credited in between, still to be paid, given up in the end)."""
        for credited, expected, given_up in ((150, 800, 50), (300, 700, 0)):
            with (
                self.subTest(credited=credited),
                self.env.cr.savepoint() as savepoint,
            ):
                settlement = self._settlement(self.invoice)
                refund = self._create_open_invoice(
                    self.customer, credited, move_type="out_refund"
                )
                (self._get_receivable_line(refund) | self.line).reconcile()
                self.assertEqual(settlement.amount_open, expected)
                self._pay(self.invoice, expected)
                self._evaluate_on(0)
                self.assertEqual(settlement.state, "settled")
                self.assertClosed(self.invoice)
                self.assertEqual(
                    sum(settlement.move_ids.mapped("amount_total")), given_up
                )
                savepoint.rollback()

    def test_offer_over_nothing_is_cancelled(self):
        """(credited, paid after it, state then): whatever is left is still offered."""
        for credited, paid, expected in (
            (999, 0, "offered"),
            (1000, 0, "cancelled"),
            (300, 700, "settled"),
        ):
            with (
                self.subTest(credited=credited),
                self.env.cr.savepoint() as savepoint,
            ):
                settlement = self._settlement(self.invoice, until="offered")
                refund = self._create_open_invoice(
                    self.customer, credited, move_type="out_refund"
                )
                (self._get_receivable_line(refund) | self.line).reconcile()
                if paid:
                    self._pay(self.invoice, paid)
                self._evaluate_on(0)
                self.assertEqual(settlement.state, expected)
                self._evaluate_on(11)
                if expected == "cancelled":
                    self.assertEqual(settlement.state, expected)
                    self.assertIn("Nothing was left", settlement.explanation)
                    self.assertIn("Nothing was left", settlement.message_ids[:1].body)
                    with self.assertRaisesRegex(UserError, "cancelled already"):
                        settlement.action_accept("Ada Miller")
                    self.line.remove_move_reconcile()
                    self._evaluate_on(5)
                    self.assertEqual(settlement.state, "offered")
                savepoint.rollback()

    def test_lapsed_offer_stays_lapsed(self):
        settlement = self._settlement(self.invoice, until="offered")
        self._evaluate_on(11)
        self._pay_invoices(self.invoice, 1000, days=12)
        self._evaluate_on(12)
        self.assertEqual(settlement.state, "lapsed")

    def test_rounding_of_converted_money(self):
        """(rate, paid in the company's currency, until, state then)."""
        for rate, amount, until, expected in (
            (3.3, 242.42, "accepted", "settled"),
            (3.3, 242.42, "offered", "settled"),
            (3.3, 242.41, "accepted", "accepted"),
            (23, 34.78, "accepted", "settled"),
        ):
            with (
                self.subTest(rate=rate, amount=amount, until=until),
                self.env.cr.savepoint() as savepoint,
            ):
                currency = self.setup_other_currency("CHF", rates=[(TODAY, rate)])
                invoice = self._create_open_invoice(
                    self.customer, 1000, currency_id=currency.id
                )
                settlement = self._settlement(invoice, 800, until=until)
                self._pay(
                    invoice,
                    amount,
                    currency_id=self.company.currency_id.id,
                    payment_difference_handling="open",
                )
                self.assertLess(settlement.amount_received, 800)
                self._evaluate_on(0)
                self.assertEqual(settlement.state, expected)
                if expected == "settled":
                    self.assertEqual(settlement.amount_open, 0)
                    self.assertClosed(invoice)
                savepoint.rollback()

    # === UNDONE === #

    def test_undone_payment(self):
        """The concession is reversed afterwards; it never voids its own payments."""
        for nature in ("concession", "impairment"):
            with self.subTest(nature=nature), self.env.cr.savepoint() as savepoint:
                settlement = self._settlement(self.invoice, nature=nature)
                before = self._get_balances()
                payment = self._pay(self.invoice, 800)
                self._evaluate_on(0)
                self.assertEqual(settlement.state, "settled")
                entries = settlement.move_ids
                payment.action_draft()
                payment.action_cancel()
                self.assertEqual(settlement.state, "accepted")
                self.assertEqual(settlement.amount_open, 800)
                self.assertEqual(settlement.move_ids, entries, "nothing yet")
                self._evaluate_on(0)
                self.assertFalse(settlement.is_remitted)
                self.assertEqual(len(settlement.move_ids), 2)
                self.assertEqual(self.line.amount_residual, 1000)
                self.assertEqual(settlement.hold_ids.amount, 1000)
                self.assertFalse(self._get_difference(before))
                self.assertIn("undone", settlement.case_id.message_ids[:1].body)
                self._pay(self.invoice, 800)
                self._evaluate_on(0)
                self.assertEqual(settlement.state, "settled")
                self.assertEqual(len(settlement.move_ids), 3)
                self.assertClosed(self.invoice)
                savepoint.rollback()

    def test_undone_when_it_is_too_late(self):
        settlement = self._settlement(self.invoice)
        payment = self._pay(self.invoice, 800)
        self._evaluate_on(0)
        with freeze_time(f"{TODAY + timedelta(days=60)} 10:00:00"):
            payment.action_draft()
            payment.action_cancel()
            self.env["account.collection.commitment"]._cron_evaluate()
        self.assertEqual((settlement.state, settlement.is_remitted), ("lapsed", False))
        self.assertEqual(self.line.amount_residual, 1000)

    def test_undone_and_paid_again_at_once(self):
        settlement = self._settlement(self.invoice)
        payment = self._pay(self.invoice, 800)
        self._evaluate_on(0)
        payment.action_draft()
        payment.action_post()
        self._evaluate_on(0)
        self.assertEqual(settlement.state, "settled")
        self.assertEqual(len(settlement.move_ids), 1)
        self.assertClosed(self.invoice)

    # === LIMITS AND APPROVAL === #

    def test_beyond_the_limit_another_manager_approves(self):
        settlement = self._settlement(self.invoice, 700, until="draft").with_user(
            self.collector
        )
        settlement.action_confirm()
        self.assertEqual((settlement.state, settlement.hold_ids.ids), ("draft", []))
        self.assertIn("20", settlement.limits_exceeded)
        self.assertFalse(settlement.message_ids.filtered("partner_ids"))
        with self.assertRaisesRegex(UserError, "Ask a manager"):
            settlement.action_approve()
        settlement.with_user(self.manager).action_approve()
        self.assertEqual(
            (settlement.state, settlement.approved_by_id), ("offered", self.manager)
        )

    def test_nobody_approves_their_own(self):
        settlement = (
            self.env["account.collection.settlement"]
            .with_user(self.manager)
            .create(self._settlement(self.invoice, 700, until="draft").copy_data()[0])
        )
        settlement.line_ids = self.line
        settlement.action_confirm()
        self.assertEqual(settlement.state, "draft")
        with self.assertRaisesRegex(UserError, "Nobody approves their own"):
            settlement.action_approve()

    def test_changed_terms_need_a_new_approval(self):
        settlement = self._settlement(self.invoice, 700, until="offered")
        self.assertTrue(settlement.requested_by_id)
        settlement.amount = 600
        self.assertFalse(settlement.requested_by_id)
        with self.assertRaisesRegex(UserError, "waits for no approval"):
            settlement.with_user(self.manager).action_approve()

    def test_changed_payments_need_a_new_approval(self):
        payments = [Command.create({"date_due": TODAY, "amount": 700})]
        settlement = self._settlement(
            self.invoice, 700, until="offered", payment_ids=payments
        )
        self.assertTrue(settlement.requested_by_id)
        settlement.payment_ids.with_user(self.manager).date_due += timedelta(days=9)
        self.assertFalse(settlement.requested_by_id)

    def test_limit(self):
        """(paid, of 1,000 with a limit of 20 %, whether a manager is asked)."""
        for amount, expected in ((800, False), (800.01, False), (799.99, True)):
            with self.subTest(amount=amount), self.env.cr.savepoint() as savepoint:
                settlement = self._settlement(self.invoice, amount, until="offered")
                self.assertEqual(bool(settlement.limits_exceeded), expected)
                savepoint.rollback()

    def test_without_a_policy_a_manager_approves(self):
        self.customer.collection_policy_id = False
        self.company.collection_policy_id = False
        settlement = self._settlement(self.invoice, 999, until="offered")
        self.assertEqual(settlement.state, "draft")
        self.assertIn("no policy", settlement.limits_exceeded)
        settlement.with_user(self.manager).action_approve()
        self.assertEqual(settlement.state, "offered")

    def test_limits_of_dates(self):
        """(expiry, last payment, whether a manager is asked), days from now."""
        self.policy.write({"settlement_max_offer_days": 90, "plan_max_days": 365})
        for expiry, paid, expected in (
            (90, 90, None),
            (91, 90, "stay open for up to 90 days, until 09/12/2024"),
            (10, 365, None),
            (10, 366, "payments within 365 days, until 06/14/2025"),
        ):
            payments = [
                Command.create(
                    {"date_due": TODAY + timedelta(days=paid), "amount": 800}
                )
            ]
            with (
                self.subTest(expiry=expiry, paid=paid),
                self.env.cr.savepoint() as savepoint,
            ):
                settlement = self._settlement(
                    self.invoice, until="offered", days=expiry, payment_ids=payments
                )
                self.assertEqual(settlement.state, "draft" if expected else "offered")
                self.assertIn(expected or "", settlement.limits_exceeded or "")
                savepoint.rollback()

    def test_what_the_form_proposes(self):
        """(limit of the policy, amount to begin with): no manager is asked, unless
        nobody else may give up anything."""
        for limit, amount, is_asked in (
            (20, 800, False),
            (12.5, 875, False),
            (33.333, 666.67, False),
            (0, 800, True),
        ):
            self.policy.settlement_max_discount_percent = limit
            with self.subTest(limit=limit):
                wizard = Form(
                    self.env["account.collection.settlement.offer"].with_context(
                        **self.invoice.action_offer_settlement()["context"]
                    )
                )
                self.assertEqual(wizard.amount, amount)
                self.assertEqual(bool(wizard.limits_exceeded), is_asked)
                with wizard.payment_ids.edit(0) as payment:
                    payment.date_due = TODAY + timedelta(days=9999)
                self.assertIn("payments within", wizard.limits_exceeded)

    # === BAD INPUT === #

    def test_bad_input(self):
        yesterday = TODAY - timedelta(days=1)
        payments = [Command.create({"date_due": TODAY, "amount": 700})]
        for values, message in (
            ({"amount": 0}, "greater than zero"),
            ({"amount": -1}, "greater than zero"),
            ({"amount": 1000}, "nothing would be given up"),
            ({"amount": 1000.01}, "more than"),
            ({"date_expiry": yesterday}, "past"),
            (
                {
                    "payment_ids": [
                        Command.create({"date_due": yesterday, "amount": 800})
                    ]
                },
                "past",
            ),
            ({"payment_ids": payments}, "Change the last one"),
            ({"line_ids": False}, "Choose the open items"),
        ):
            with (
                self.subTest(values=values),
                self.assertRaisesRegex((UserError, ValidationError), message),
                self.env.cr.savepoint(),
            ):
                self._settlement(self.invoice, **{"amount": 800, **values})

    def test_payments_come_to_the_amount(self):
        """Whatever way they were changed: nobody settles by paying less."""
        payments = [Command.create({"date_due": TODAY, "amount": 800})]
        settlement = self._settlement(
            self.invoice, 800, until="draft", payment_ids=payments
        )
        settlement.payment_ids.unlink()
        settlement.payment_ids.create(
            {"settlement_id": settlement.id, "date_due": TODAY, "amount": 1}
        )
        with self.assertRaisesRegex(UserError, "Change the last one"):
            settlement.action_confirm()

    def test_nature_is_a_choice(self):
        wizard = Form(
            self.env["account.collection.settlement.offer"].with_context(
                **self.invoice.action_offer_settlement()["context"]
            )
        )
        self.assertFalse(wizard.nature)
        self.assertFalse(wizard.limits_exceeded)
        wizard.amount = 700
        self.assertIn("20", wizard.limits_exceeded)
        wizard.amount = 800
        self.assertFalse(wizard.limits_exceeded)
        with self.assertRaises(AssertionError):
            wizard.save()

    def test_concession_needs_invoices(self):
        entry = self.env["account.move"].create(
            {
                "journal_id": self.company_data["default_journal_misc"].id,
                "line_ids": [
                    Command.create(
                        {
                            "account_id": account.id,
                            "balance": balance,
                            "partner_id": self.customer.id,
                            "date_maturity": TODAY,
                        }
                    )
                    for account, balance in (
                        (self.receivable_account, 100),
                        (self.company_data["default_account_revenue"], -100),
                    )
                ],
            }
        )
        entry.action_post()
        entry.line_ids.no_followup = False
        with self.assertRaisesRegex(UserError, "no credit note"):
            self._settlement(entry, 80, partner_id=self.customer.id)
        settlement = self._settlement(
            entry, 80, partner_id=self.customer.id, nature="impairment"
        )
        self.assertEqual(settlement.state, "accepted")

    def test_forbidden_neighbours(self):
        """(state, what is not possible in it)."""
        states = {
            "draft": ("action_accept", "action_settle", "action_reverse"),
            "offered": ("action_confirm", "action_approve", "action_settle"),
            "accepted": ("action_confirm", "action_accept", "action_settle"),
            "settled": ("action_confirm", "action_accept", "action_reverse"),
            "lapsed": ("action_confirm", "action_accept", "action_cancel"),
            "cancelled": ("action_confirm", "action_accept", "action_cancel"),
        }
        for state, actions in states.items():
            with self.subTest(state=state), self.env.cr.savepoint() as savepoint:
                settlement = self._settlement(
                    self.invoice,
                    until="accepted"
                    if state in ("settled", "lapsed", "cancelled")
                    else state,
                )
                if state == "settled":
                    self._pay(self.invoice, 800)
                    self._evaluate_on(0)
                elif state == "lapsed":
                    self._evaluate_on(20)
                elif state == "cancelled":
                    settlement.action_cancel()
                self.assertEqual(settlement.state, state)
                for action in actions:
                    with self.assertRaises(UserError, msg=action):
                        getattr(settlement, action)()
                savepoint.rollback()

    def test_expired_offers_are_not_accepted(self):
        settlement = self._settlement(self.invoice, until="offered")
        with (
            freeze_time(f"{TODAY + timedelta(days=11)} 10:00:00"),
            self.assertRaisesRegex(UserError, "expired"),
        ):
            settlement.action_accept("Ada Miller")

    def test_accepted_after_a_payment_is_past(self):
        """(received on the way, the acceptance counts)"""
        settlement = self._settlement(
            self.invoice,
            until="offered",
            payment_ids=[
                Command.create({"date_due": TODAY + timedelta(days=2), "amount": 300}),
                Command.create({"date_due": TODAY + timedelta(days=10), "amount": 500}),
            ],
        )
        for received, expected in ((0, False), (200, False), (300, True)):
            with self.subTest(received=received), self.cr.savepoint() as savepoint:
                if received:
                    self._pay_invoices(self.invoice, received, days=1)
                with freeze_time(f"{TODAY + timedelta(days=4)} 10:00:00"):
                    if expected:
                        settlement.action_accept("Ada Miller")
                    else:
                        with self.assertRaises(UserError) as refusal:
                            settlement.action_accept("Ada Miller")
                        self.assertIn("has not come", str(refusal.exception))
                self.assertEqual(
                    settlement.state, "accepted" if expected else "offered"
                )
                savepoint.rollback()

    def test_only_an_offer_is_sent(self):
        """What waits for approval or has ended does not reach the customer."""
        settlement = self._settlement(self.invoice, amount=100, until="draft")
        settlement.with_user(self.collector).action_confirm()
        self.assertEqual(settlement.state, "draft")
        with self.assertRaisesRegex(UserError, "nothing to send"):
            settlement.action_send()
        with self.assertRaisesRegex(UserError, "can be printed once"):
            settlement.action_print()
        settlement.with_user(self.manager).action_approve()
        settlement.action_send()
        settlement.action_cancel()
        with self.assertRaisesRegex(UserError, "nothing to send"):
            settlement.action_send()

    def test_terms_do_not_change(self):
        settlement = self._settlement(self.invoice, until="offered")
        for values in (
            {"amount": 1},
            {"nature": "impairment"},
            {"date_expiry": TODAY},
            {"payment_ids": [Command.clear()]},
            {"is_replacing": True},
        ):
            with (
                self.subTest(values=values),
                self.assertRaisesRegex(UserError, "do not change any more"),
            ):
                settlement.write(values)
        with self.assertRaisesRegex(UserError, "do not change any more"):
            settlement.payment_ids.amount = 1
        with self.assertRaises(UserError):
            settlement.unlink()

    # === REPLACEMENT AND CANCELLATION === #

    def test_replaces_a_promise(self):
        promise = self.env["account.collection.promise"].create(
            {
                "partner_id": self.customer.id,
                "line_ids": [Command.set(self.line.ids)],
                "amount": 1000,
                "date_due": TODAY + timedelta(days=5),
            }
        )
        promise.action_confirm()
        with self.assertRaisesRegex(UserError, "in force on these open items"):
            self._settlement(self.invoice, 800)
        settlement = self._settlement(self.invoice, 800, is_replacing=True)
        self.assertEqual((promise.state, settlement.state), ("cancelled", "accepted"))

    def test_cancelled(self):
        for until in ("draft", "offered", "accepted"):
            with self.subTest(until=until), self.env.cr.savepoint() as savepoint:
                settlement = self._settlement(self.invoice, until=until)
                settlement.with_user(self.collector).action_cancel()
                self.assertEqual(settlement.state, "cancelled")
                self.assertFalse(settlement.hold_ids.filtered("active"))
                savepoint.rollback()

    def test_settled_is_cancelled_by_a_manager(self):
        settlement = self._settlement(self.invoice)
        self._pay(self.invoice, 800)
        self._evaluate_on(0)
        with self.assertRaisesRegex(UserError, "Ask a manager"):
            settlement.with_user(self.collector).action_cancel()
        settlement.with_user(self.manager).action_cancel()
        self.assertEqual(settlement.state, "cancelled")
        self.assertEqual(self.line.amount_residual, 200)
        self._evaluate_on(30)
        self.assertEqual(settlement.state, "cancelled")
        self.assertEqual(self.line.amount_residual, 200)

    # === ACCESS === #

    def test_access(self):
        settlement = self._settlement(self.invoice)
        stranger = new_test_user(
            self.env,
            login="stranger",
            groups="account_collections.group_collection_own",
        )
        biller = new_test_user(
            self.env, login="biller", groups="account.group_account_invoice"
        )
        settlement.case_id.user_id = self.collector
        settlement.user_id = self.collector
        for user in (stranger, biller):
            with self.assertRaises(AccessError):
                settlement.with_user(user).read(["amount"])
        for values in (
            {"state": "settled"},
            {"is_paid": True},
            {"is_remitted": True},
            {"approved_by_id": self.manager.id},
            {"accepted_by": "Nobody"},
            {"move_ids": False},
        ):
            with self.subTest(values=values), self.assertRaises(AccessError):
                settlement.with_user(self.manager).write(values)

    def test_collector_of_own_cases(self):
        """A collector who may not book settles all the same: by the rule."""
        user = new_test_user(
            self.env,
            login="own_cases",
            groups="account_collections.group_collection_own",
        )
        self.env["account.collection.case"]._refresh(self.company)
        case = self.invoice.collection_case_id
        case.user_id = user
        action = case.with_user(user).action_offer_settlement()
        form = Form(
            self.env[action["res_model"]]
            .with_user(user)
            .with_context(**action["context"])
        )
        form.amount_by = "percent"
        form.percent = 80
        form.nature = "concession"
        self.assertEqual((form.amount, form.amount_waived), (800, 200))
        settlement = self.env["account.collection.settlement"].browse(
            form.save().action_offer()["res_id"]
        )
        settlement.with_user(user).action_accept("Ada Miller")
        self._pay(self.invoice, 800)
        self._evaluate_on(0)
        self.assertEqual(settlement.state, "settled")

    def test_other_company(self):
        other = self.setup_other_company(name="Other")["company"]
        settlement = self._settlement(self.invoice)
        user = new_test_user(
            self.env,
            login="elsewhere",
            groups="account_collections.group_collection_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        self.assertFalse(
            self.env["account.collection.settlement"].with_user(user).search([])
        )
        with self.assertRaises(AccessError):
            settlement.with_user(user).read(["amount"])

    # === WHERE IT IS SEEN === #

    def test_in_the_list_and_on_the_case(self):
        settlement = self._settlement(self.invoice)
        agreement = settlement.case_id.agreement_ids
        self.assertRecordValues(
            agreement,
            [
                {
                    "name": settlement.name,
                    "res_model": settlement._name,
                    "amount_open": 800,
                    "amount_held": 1000,
                    "date_next": TODAY + timedelta(days=10),
                }
            ],
        )
        self.assertEqual(self.invoice.collection_agreement, settlement.name)
        with self.assertRaisesRegex(UserError, settlement.name):
            self.invoice.button_draft()
