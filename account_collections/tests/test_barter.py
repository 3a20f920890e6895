from datetime import timedelta

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .barter_common import BarterCommon
from .common import TODAY

STATES = ("draft", "proposed", "agreed", "delivered", "settled", "cancelled")
TRANSITIONS = {
    "action_confirm": {"draft": "proposed"},
    "action_accept": {"proposed": "agreed"},
    "action_deliver": {"agreed": "delivered"},
    "action_complete": {},
    "action_settle": {"delivered": "settled"},
    "action_cancel": {state: "cancelled" for state in STATES if state != "cancelled"},
}


@tagged("post_install", "-at_install")
class TestBarter(BarterCommon):
    # === LIFE === #

    def test_transitions_and_their_neighbours(self):
        """Each action, from each state."""
        for action, allowed in TRANSITIONS.items():
            for state in STATES:
                with self.subTest(action=action, state=state):
                    barter = self._in_state(state)
                    arguments = {
                        "action_accept": ("Ms Lovelace",),
                        "action_deliver": (
                            [{"line_id": barter.given_ids.id, "quantity": 1}],
                        ),
                    }.get(action, ())
                    if action == "action_accept" and state == "proposed":
                        self._attach(barter)
                    act = getattr(barter, action)
                    if state in allowed:
                        act(*arguments)
                        self.assertEqual(barter.state, allowed[state])
                        continue
                    with self.assertRaises(UserError), self.env.cr.savepoint():
                        act(*arguments)
                    barter.invalidate_recordset()
                    self.assertEqual(barter.state, state)

    def test_dunning_leaves_out_what_is_agreed(self):
        """(state, what the run says, what it collects of 100, 60 of them in barter)."""
        for state, decision, collectible in (
            ("draft", "contact 3 email", 100),
            ("proposed", "contact 3 email", 100),
            ("agreed", "contact 3 email", 40),
            ("delivered", "contact 3 email", 40),
            ("settled", "contact 3 email", 40),
            ("cancelled", "contact 3 email", 100),
        ):
            with self.subTest(state=state):
                customer = self._create_customer("Customer")
                self._in_state(
                    state, customer=customer, given=[self._give(price_unit=60)]
                )
                line = self._get_line(self._plan(), customer)
                self.assertDecision(line, decision)
                self.assertEqual(line.amount_collectible, collectible)

    def test_whole_debt_is_not_chased(self):
        self._in_state("agreed")
        self.assertDecision(self._get_line(self._plan()), "skip held +20")

    def test_deadline(self):
        """100 agreed until day 20: (accepted, on which day it is looked at, the state,
        what is held then)."""
        for accepted, day, state, held in (
            (0, 20, "agreed", [100]),
            (0, 21, "agreed", []),
            (0.4, 20, "agreed", [100]),
            (0.4, 21, "delivered", [40]),
            (1, 5, "delivered", [100]),
            (1, 90, "delivered", [100]),
        ):
            with self.subTest(accepted=accepted, day=day):
                customer = self._create_customer("Customer")
                barter = self._in_state("agreed", customer=customer)
                if accepted:
                    self._deliver(barter, accepted)
                with freeze_time(TODAY + timedelta(days=day)):
                    self.env["account.collection.commitment"]._cron_evaluate()
                    self.assertEqual(barter.state, state)
                    self.assertHeld(barter, held)
                    case = barter.case_id
                    self.assertEqual(
                        case.amount_collectible, 100 - sum(held), barter.name
                    )

    def test_overdue_is_told_once(self):
        barter = self._in_state("agreed")
        self.assertRecordValues(
            barter.activity_ids, [{"date_deadline": TODAY + timedelta(days=20)}]
        )
        for day in (21, 22, 40):
            with freeze_time(TODAY + timedelta(days=day)):
                self.env["account.collection.commitment"]._cron_evaluate()
        self.assertRecordValues(
            barter.activity_ids, [{"summary": "Barter not delivered in time"}]
        )
        self.assertEqual(barter.date_escalated, TODAY + timedelta(days=21))

    def test_delivered_late(self):
        """What comes after the deadline is held and set off all the same."""
        barter = self._in_state("agreed")
        with freeze_time(TODAY + timedelta(days=30)):
            self.env["account.collection.commitment"]._cron_evaluate()
            self.assertHeld(barter, [])
            self._deliver(barter)
            self.assertEqual(barter.state, "delivered")
            self.assertHeld(barter, [100])
            barter.action_settle()
        self.assertEqual(barter.state, "settled")
        self.assertEqual(barter.line_ids.amount_residual, 0)

    def test_several_deliveries(self):
        """Two of five things, then refused ones, then the rest: (accepted, refused,
        state, worth what is accepted)."""
        barter = self._in_state(
            "agreed",
            given=[self._give("Chairs", 5, 10), self._give("Referral", 1, 50)],
        )
        chairs, referral = barter.given_ids
        for deliveries, state, accepted in (
            ([(chairs, 2, 0)], "agreed", 20),
            ([(chairs, 1, 2), (referral, 0, 1)], "agreed", 30),
            ([(referral, 1, 0)], "agreed", 80),
            ([(chairs, 2, 0)], "delivered", 100),
        ):
            barter.action_deliver(
                [
                    {
                        "line_id": line.id,
                        "quantity": quantity,
                        "quantity_refused": refused,
                        "reason": refused and "Broken",
                    }
                    for line, quantity, refused in deliveries
                ]
            )
            self.assertEqual((barter.state, barter.amount_accepted), (state, accepted))
        self.assertEqual(len(barter.delivery_ids), 5)
        self.assertEqual(sum(barter.delivery_ids.mapped("quantity_refused")), 3)

    def test_nothing_more_is_coming(self):
        barter = self._in_state("agreed")
        with self.assertRaisesRegex(UserError, "Cancel it"):
            barter.action_complete()
        self._deliver(barter, 0.3)
        barter.action_complete()
        self.assertEqual(barter.state, "delivered")
        self.assertHeld(barter, [30])
        self.assertEqual(barter.activity_ids.summary, "Settle the barter")

    def test_delivery_taken_back(self):
        barter = self._in_state("delivered")
        barter.delivery_ids.action_undo()
        self.assertEqual((barter.state, barter.amount_accepted), ("agreed", 0))
        self.assertHeld(barter, [100])
        self._deliver(barter)
        barter.action_settle()
        with self.assertRaisesRegex(UserError, "already"):
            barter.delivery_ids.action_undo()

    def test_money_goes_to_the_bartered_part_last(self):
        """100 owed, 60 in barter: (paid so far, still held)."""
        barter = self._in_state("agreed", given=[self._give(price_unit=60)])
        for paid, held in ((30, [60]), (30, [40]), (40, [])):
            self._pay(barter.line_ids.move_id, paid)
            self.assertHeld(barter, held)
        barter.line_ids.remove_move_reconcile()
        self.assertHeld(barter, [60])

    def test_invoice_of_a_barter_stays_posted(self):
        barter = self._in_state("agreed")
        with self.assertRaisesRegex(UserError, barter.name):
            barter.line_ids.move_id.button_draft()

    # === AGREEMENT === #

    def test_accepted_with_fingerprint(self):
        barter = self._in_state("agreed")
        self.assertRecordValues(
            barter, [{"accepted_by": "Ms Lovelace", "state": "agreed"}]
        )
        self.assertEqual(barter.accepted_hash, barter._get_hash(barter.accepted_terms))
        for term in ("Printing", "Price list.txt", "fair_value", "100.00"):
            self.assertIn(term, barter.accepted_terms)

    def test_evidence_is_needed(self):
        barter = self._in_state("proposed")
        with self.assertRaisesRegex(UserError, "evidence"):
            barter.action_accept("Ms Lovelace")
        self.assertEqual(barter.state, "proposed")
        self._attach(barter)
        barter.action_accept("Ms Lovelace")
        with self.assertRaisesRegex(UserError, "have agreed"):
            barter.evidence_ids = False
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            barter.evidence_ids.unlink()

    def test_nothing_is_moved_into_what_was_proposed(self):
        proposed, draft = self._in_state("proposed"), self._in_state("draft")
        with self.assertRaisesRegex(UserError, "do not change"):
            draft.given_ids.barter_id = proposed

    def test_terms_do_not_change(self):
        """(from which state on it does not change, what)"""
        for values in (
            {"amount": 10},
            {"date_deadline": TODAY + timedelta(days=90)},
            {"value_basis": "standalone_price"},
            {"value_note": "Other"},
            {"given_ids": [Command.clear()]},
            {"line_ids": [Command.clear()]},
        ):
            barter = self._in_state("proposed")
            with (
                self.subTest(values=values),
                self.assertRaisesRegex(UserError, "do not change"),
            ):
                barter.write(values)
        with self.assertRaisesRegex(UserError, "do not change"):
            barter.given_ids.price_unit = 1
        with self.assertRaisesRegex(UserError, "do not change"):
            barter.given_ids.unlink()
        self._in_state("draft").given_ids.price_unit = 1

    def test_agreement_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        customer = self._create_customer("Client", lang="fr_FR")
        barter = self._in_state(
            "proposed",
            customer=customer,
            given=[self._give("Impression", 2, 75, self.purchase_tax)],
        )
        values = barter._get_agreement_values()
        self.assertEqual(values["given"][0]["quantity_text"], "2,00")
        self.assertIn("165,00", values["total_text"])
        self.assertIn("100,00", values["amount_text"])
        content, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "account_collections.report_barter_agreement", barter.ids
        )
        self.assertIn("Impression", content.decode())

    def test_words_of_others_are_escaped(self):
        barter = self._in_state(
            "proposed", given=[self._give("<script>alert(1)</script>")]
        )
        content, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "account_collections.report_barter_agreement", barter.ids
        )
        self.assertNotIn("<script>alert", content.decode())
        self.assertNotIn("<script>", str(barter.message_ids.mapped("body")))

    # === BAD INPUT === #

    def test_bad_input(self):
        """(what is entered, what is said)"""
        other = self._create_open_invoice(self._create_customer("Other"))
        cases = (
            ({"amount": 101, "given_ids": [self._give(price_unit=200)]}, "more than"),
            ({"amount": 60, "given_ids": [self._give(price_unit=50)]}, "worth"),
            ({"amount": -1}, "greater than zero"),
            ({"amount": 0}, "greater than zero"),
            ({"given_ids": []}, "greater than zero"),
            ({"given_ids": [], "amount": 10}, "Say what"),
            ({"given_ids": [self._give(quantity=0)]}, "greater than zero"),
            ({"given_ids": [self._give(quantity=-1)]}, "greater than zero"),
            ({"given_ids": [self._give(price_unit=0)]}, "greater than zero"),
            ({"given_ids": [self._give(price_unit=-5)]}, "greater than zero"),
            ({"given_ids": [self._give(quantity=float("nan"))]}, "a number"),
            ({"given_ids": [self._give(quantity=float("inf"))]}, "a number"),
            ({"given_ids": [self._give(price_unit=float("nan"))]}, "a number"),
            ({"amount": float("nan")}, "a number"),
            (
                {"given_ids": [self._give(taxes=self._create_tax("sale", 33))]},
                "no taxes on purchases",
            ),
            (
                {
                    "given_ids": [
                        self._give(account_id=self.bank_journal.default_account_id.id)
                    ]
                },
                "no account for expenses",
            ),
            (
                {"given_ids": [self._give(account_id=self.receivable_account.id)]},
                "no account for expenses",
            ),
            ({"date_deadline": TODAY - timedelta(days=1)}, "past"),
            (
                {
                    "line_ids": [Command.set(self._get_receivable_line(other).ids)],
                    "amount": 10,
                },
                "not owed by",
            ),
            ({"line_ids": [Command.clear()], "amount": 10}, "Choose"),
        )
        for values, message in cases:
            invoice = self._create_open_invoice(self.customer)
            with (
                self.subTest(values=values),
                mute_logger("odoo.sql_db"),
                self.assertRaisesRegex(UserError, message),
                self.env.cr.savepoint(),
            ):
                given = values.pop("given_ids", [self._give()])
                barter = self.env["account.collection.barter"].create(
                    {
                        "partner_id": self.customer.id,
                        "company_id": self.company.id,
                        "currency_id": invoice.currency_id.id,
                        "line_ids": [
                            Command.set(self._get_receivable_line(invoice).ids)
                        ],
                        "date_deadline": TODAY,
                        "given_ids": given,
                        **values,
                    }
                )
                barter.action_confirm()
        self.assertFalse(self.env["account.collection.barter"].search([]))

    def test_items_of_another_company(self):
        other = self.setup_other_company()["company"]
        with self.assertRaises(UserError):
            self._in_state("draft", company_id=other.id)

    def test_bad_deliveries(self):
        """(delivery, what is said); nothing is accepted"""
        barter = self._in_state("agreed")
        line = barter.given_ids
        foreign = self._in_state("agreed").given_ids
        for delivery, message in (
            ({"line_id": line.id, "quantity": 1.5}, "only"),
            ({"line_id": foreign.id, "quantity": 1}, "part of"),
            (
                {
                    "line_id": line.id,
                    "quantity": 1,
                    "date": TODAY + timedelta(days=1),
                },
                "yet to come",
            ),
            ({"quantity": 1}, "part of"),
            ({"line_id": str(line.id), "quantity": 1}, "part of"),
            ({"line_id": line.id, "quantity": 1, "date": "soon"}, "day"),
            (None, "part of"),
        ):
            with (
                self.subTest(delivery=delivery),
                self.assertRaisesRegex(UserError, message),
                self.env.cr.savepoint(),
            ):
                barter.action_deliver([delivery])
        for accepted, refused in (
            (0, 0),
            (-1, 0),
            (-1, 2),
            (1, -1),
            (float("nan"), 0),
            (1, float("nan")),
            (float("inf"), 0),
            ("many", 0),
            ([1], 0),
        ):
            with (
                self.subTest(accepted=accepted, refused=refused),
                self.assertRaisesRegex(UserError, "above zero"),
            ):
                barter.action_deliver(
                    [
                        {
                            "line_id": line.id,
                            "quantity": accepted,
                            "quantity_refused": refused,
                        }
                    ]
                )
        barter.invalidate_recordset()
        self.assertFalse(barter.delivery_ids)
        self.assertEqual(barter.amount_accepted, 0)

    def test_owed_less_in_the_meantime(self):
        barter = self._in_state("proposed")
        self._attach(barter)
        self._pay(barter.line_ids.move_id, 30)
        with self.assertRaisesRegex(UserError, "more than"):
            barter.action_accept("Ms Lovelace")

    # === WIZARDS === #

    def test_wizard_shows_what_it_takes_off(self):
        """Of 100 owed: (given, set off, left, stays payable)."""
        invoice = self._create_open_invoice(self.customer)
        self.env["account.collection.case"]._refresh(self.company, self.customer)
        case = invoice.collection_case_id
        barters = self.env["account.collection.barter"]
        for record in (case, invoice, self._get_receivable_line(invoice)):
            action = record.action_propose_barter()
            for given, amount, left, payable in (
                (50, 55, 45, 0),
                (200, 100, 0, 120),
            ):
                with self.subTest(record=record._name, given=given):
                    wizard = (
                        self.env[action["res_model"]]
                        .with_context(**action["context"])
                        .create(
                            {
                                "given_ids": [
                                    self._give(
                                        price_unit=given, taxes=self.purchase_tax
                                    )
                                ]
                            }
                        )
                    )
                    self.assertRecordValues(
                        wizard,
                        [
                            {
                                "partner_id": self.customer.id,
                                "amount_free": 100,
                                "amount": amount,
                                "amount_left": left,
                                "amount_payable": payable,
                            }
                        ],
                    )
                    self.assertFalse(barters.search([]))
        wizard.action_propose()
        barter = barters.search([])
        self.assertRecordValues(
            barter,
            [{"state": "proposed", "amount": 100, "amount_total": 220}],
        )
        self.assertRecordValues(
            barter.given_ids,
            [{"price_unit": 200, "tax_ids": self.purchase_tax.ids}],
        )

    def test_nothing_to_set_off(self):
        invoice = self._create_open_invoice(self.customer)
        self._pay(invoice)
        with self.assertRaisesRegex(UserError, "Nothing is left"):
            invoice.action_propose_barter()

    def test_wizard_notes_what_is_still_to_come(self):
        barter = self._in_state("agreed", given=[self._give("Chairs", 5, 20)])
        self._deliver(barter, 2)
        action = barter.action_open_delivery()
        wizard = (
            self.env[action["res_model"]].with_context(**action["context"]).create({})
        )
        self.assertRecordValues(
            wizard.line_ids,
            [{"quantity_agreed": 5, "quantity_accepted": 2, "quantity": 3}],
        )
        wizard.action_deliver()
        self.assertEqual(barter.state, "delivered")

    # === LISTS === #

    def test_list_of_agreements(self):
        barter = self._in_state("agreed")
        agreement = self.env["account.collection.agreement"].search(
            [("res_model", "=", barter._name), ("res_id", "=", barter.id)]
        )
        self.assertRecordValues(
            agreement,
            [
                {
                    "name": barter.name,
                    "amount": 100,
                    "amount_held": 100,
                    "date_next": barter.date_deadline,
                    "is_live": True,
                    "state_label": "Agreed",
                }
            ],
        )
        invoice = barter.line_ids.move_id
        self.assertIn(barter.name, invoice.collection_agreement)
        self.assertIn(barter.name, invoice.collection_hold_reason)

    def test_income_by_year_and_customer(self):
        """Three barters in two years, one of them cancelled, one not settled."""
        for year, state in ((2023, "settled"), (2024, "settled"), (2024, "agreed")):
            with freeze_time(f"{year}-03-05"):
                self._in_state(
                    state,
                    given=[self._give("Work", 2, 40, self.purchase_tax)],
                    date_deadline=f"{year}-03-10",
                )
        self._in_state("cancelled", given=[self._give("Lost", 1, 10)])
        self._in_state("settled", given=[self._give("Referral", 1, 10)])
        groups = self.env["account.collection.barter.income"]._read_group(
            [("partner_id", "=", self.customer.id)],
            ["date:year"],
            ["amount_untaxed:sum", "amount_total:sum", "__count"],
        )
        self.assertEqual(
            [(date.year, *amounts) for date, *amounts in groups],
            [(2023, 80, 88, 1), (2024, 90, 98, 2)],
        )
        row = self.env["account.collection.barter.income"].search(
            [("name", "=", "Referral")]
        )
        self.assertEqual(
            row.export_data(["year", "partner_id/name", "name", "amount_untaxed"]),
            {"datas": [["2024", "Ada Fashion", "Referral", 10.0]]},
        )

    def test_income_adds_up_to_the_bill(self):
        """(rounding of taxes, in foreign currency, unit values)"""
        currency = self.env["res.currency"].create(
            {
                "name": "ZZZ",
                "symbol": "Z",
                "rounding": 0.01,
                "rate_ids": [Command.create({"name": "2020-01-01", "rate": 1.37})],
            }
        )
        for rounding, is_foreign, values in (
            ("round_per_line", False, [0.33] * 7),
            ("round_globally", False, [0.33] * 7),
            ("round_globally", False, [33.33, 0.05, 12.34]),
            ("round_globally", True, [0.33] * 7),
            ("round_per_line", True, [33.33, 0.05, 12.34]),
        ):
            with self.subTest(rounding=rounding, foreign=is_foreign, values=values):
                self.company.tax_calculation_rounding_method = rounding
                invoice = self._create_open_invoice(
                    self.customer,
                    **({"currency_id": currency.id} if is_foreign else {}),
                )
                bill = self._barter(
                    invoice,
                    [self._give("Work", 1, one, self.purchase_tax) for one in values],
                    state="settled",
                ).bill_id
                rows = self.env["account.collection.barter.income"].search(
                    [("move_id", "=", bill.id)]
                )
                self.assertEqual(len(rows), len(values))
                for field, total in (
                    ("amount_untaxed", -bill.amount_untaxed_signed),
                    ("amount_total", -bill.amount_total_signed),
                    ("amount_currency", bill.amount_untaxed),
                ):
                    self.assertAlmostEqual(sum(rows.mapped(field)), total, 6)

    # === RIGHTS === #

    def test_rights(self):
        """(group, whether it sees and settles the barter of a colleague)"""
        for name, is_visible in (("own", False), ("all", True), ("manager", True)):
            barter = self._in_state("delivered")
            barter.case_id.user_id = self.env.user
            user = new_test_user(
                self.env,
                login=f"barter_{name}",
                groups=f"account_collections.group_collection_{name}",
                company_id=self.company.id,
                company_ids=[Command.set(self.company.ids)],
            )
            mine = barter.with_user(user)
            with self.subTest(group=name):
                for record in (
                    mine,
                    mine.sudo().given_ids.sudo(False),
                    mine.sudo().delivery_ids.sudo(False),
                ):
                    self.assertEqual(record.has_access("read"), is_visible)
                if not is_visible:
                    with self.assertRaises(AccessError):
                        mine.action_settle()
                    barter.case_id.user_id = user
                    barter.user_id = user
                mine.action_settle()
                self.assertEqual(barter.state, "settled")
                income = self.env["account.collection.barter.income"].with_user(user)
                self.assertTrue(income.search([("barter_id", "=", barter.id)]))
                mine.action_cancel()

    def test_nobody_writes_what_the_buttons_decide(self):
        barter = self._in_state("agreed")
        for values in (
            {"amount_total": 600},
            {"state": "settled"},
            {"bill_id": False},
            {"accepted_by": "Me"},
            {"date_end": TODAY},
        ):
            with self.subTest(values=values), self.assertRaises(AccessError):
                barter.write(values)
        with self.assertRaises(AccessError):
            self.env["account.collection.barter.delivery"].create(
                {"line_id": barter.given_ids.id, "quantity": 1, "date": TODAY}
            )

    # === HELPERS === #

    def _in_state(self, state, customer=None, given=None, **values):
        """A barter of a new invoice over 100, in some state."""
        invoice = self._create_open_invoice(customer or self.customer)
        last = {"cancelled": "agreed"}.get(state, state)
        barter = self._barter(invoice, given, state=last, **values)
        if state == "cancelled":
            barter.action_cancel()
        self.assertEqual(barter.state, state)
        return barter
