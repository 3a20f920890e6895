from datetime import timedelta

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from .common import TODAY
from .return_common import ReturnCommon

STATES = (
    "draft",
    "requested",
    "authorized",
    "received",
    "credited",
    "rejected",
    "expired",
    "cancelled",
)
TRANSITIONS = {
    "action_confirm": ({"draft"}, "requested"),
    "action_authorize": ({"requested"}, "authorized"),
    "action_reject": ({"requested"}, "rejected"),
    "receive": ({"authorized", "received", "expired"}, "received"),
    "action_credit": ({"received"}, "credited"),
    "action_cancel": ({"draft", "requested", "authorized"}, "cancelled"),
}


@tagged("post_install", "-at_install")
class TestReturn(ReturnCommon):
    # === LIFE === #

    def test_from_request_to_credit(self):
        """(state, held of 300 when 100 come back, collectible)."""
        invoice = self._sell((3, 100, None))
        one = self._take_back(invoice, [1], "draft")
        for act, state, held in (
            (one.action_confirm, "requested", []),
            (one.action_authorize, "authorized", [100]),
            (lambda: self._receive(one), "received", [100]),
            (one.action_credit, "credited", []),
        ):
            act()
            self.assertEqual(one.state, state)
            self.assertHeld(one, held)
            self.assertEqual(
                self._get_line(self._plan()).amount_collectible,
                200 if state == "credited" else 300 - sum(held),
            )
        self.assertEqual(one.date_end, TODAY)
        self.assertEqual(invoice.amount_residual, 200)

    def test_transitions_and_their_neighbours(self):
        """Each action, from each state."""
        for action, (allowed, expected) in TRANSITIONS.items():
            for state in STATES:
                with self.subTest(action=action, state=state):
                    one = self._take_back(
                        self._sell((1, 100, None), partner=self._create_customer("C")),
                        [1],
                        state if state in ("requested", "received") else "authorized",
                    )
                    if state != one.state:
                        one.sudo().state = state
                    act = {
                        "receive": lambda one=one: self._receive(one),
                        "action_reject": lambda one=one: one.action_reject("No."),
                    }.get(action, getattr(one, action, None))
                    if state in allowed:
                        act()
                        self.assertEqual(one.state, expected)
                    else:
                        with self.assertRaisesRegex(UserError, "already"):
                            act()

    def test_value_is_held_until_the_deadline(self):
        """(days from today, state, held): the last day counts."""
        invoice = self._sell((1, 100, None))
        one = self._take_back(invoice, [1], date_deadline=TODAY + timedelta(days=10))
        self.assertEqual(one.hold_ids.date_end, TODAY + timedelta(days=10))
        for days, state, held in ((10, "authorized", [100]), (11, "expired", [])):
            with freeze_time(TODAY + timedelta(days=days)):
                self.env["account.collection.commitment"]._cron_evaluate()
                self.assertEqual(one.state, state)
                self.assertHeld(one, held)
        self.assertEqual(one.date_end, TODAY + timedelta(days=11))
        self.assertIn("has not arrived", one.message_ids[0].subject)
        # What did not arrive can come back in another return.
        self._take_back(invoice, [1])

    def test_arrived_after_all(self):
        """Goods that arrive after the deadline are received, unless their value was
        agreed upon otherwise since."""
        for promised, message in ((100, None), (150, "covers what is owed")):
            with self.subTest(promised=promised):
                invoice = self._sell((2, 100, None))
                one = self._take_back(
                    invoice, [1], date_deadline=TODAY + timedelta(days=10)
                )
                with freeze_time(TODAY + timedelta(days=11)):
                    self.env["account.collection.commitment"]._cron_evaluate()
                    self.assertEqual(one.state, "expired")
                    self.env["account.collection.promise"].create(
                        {
                            "partner_id": self.customer.id,
                            "company_id": self.company.id,
                            "line_ids": self._get_receivable_line(invoice).ids,
                            "amount": promised,
                            "date_due": TODAY + timedelta(days=12),
                        }
                    ).action_confirm()
                    if message:
                        with (
                            self.assertRaisesRegex(UserError, message),
                            self.env.cr.savepoint(),
                        ):
                            self._receive(one)
                        self.assertEqual(one.state, "expired")
                        continue
                    self._receive(one)
                    self.assertEqual((one.state, one.date_end), ("received", False))
                    self.assertHeld(one, [100])
                    self.assertEqual(one.case_id.state, "open")
                    one.action_credit()
                    self.assertEqual(one.state, "credited")

    def test_default_deadline(self):
        self.company.sudo().collection_return_days = 21
        one = self._take_back(self._sell((1, 100, None)), [1])
        self.assertEqual(one.date_deadline, TODAY + timedelta(days=21))

    def test_deadline_moved(self):
        one = self._take_back(self._sell((1, 100, None)), [1])
        one.date_deadline = TODAY + timedelta(days=40)
        self.assertEqual(one.hold_ids.date_end, TODAY + timedelta(days=40))
        with self.assertRaisesRegex(UserError, "Choose a day"):
            one.date_deadline = TODAY - timedelta(days=1)

    def test_received_is_held_without_end(self):
        one = self._take_back(self._sell((1, 100, None)), [1], "received")
        self.assertFalse(one.hold_ids.date_end)
        with freeze_time(TODAY + timedelta(days=100)):
            self.env["account.collection.commitment"]._cron_evaluate()
        self.assertEqual(one.state, "received")
        self.assertHeld(one, [100])

    def test_accepted_and_refused(self):
        """Of 5: (accepted, refused, state, held, value)."""
        for accepted, refused, state, held in (
            (5, 0, "received", [50]),
            (3, 2, "received", [30]),
            (3, 0, "received", [30]),
            (0, 5, "rejected", []),
            (0, 0, "rejected", []),
        ):
            with self.subTest(accepted=accepted, refused=refused):
                invoice = self._sell((10, 10, None))
                one = self._take_back(invoice, [5])
                self._receive(one, accepted, refused, "Broken" if refused else None)
                self.assertEqual(one.state, state)
                self.assertHeld(one, held)
                line = invoice.invoice_line_ids
                self.assertEqual(line._get_returnable_quantities()[line], 10 - accepted)
                if refused and not accepted:
                    self.assertIn("Broken", one.message_ids[0].body)

    def test_receipt_corrected(self):
        one = self._take_back(self._sell((10, 10, None)), [5])
        self._receive(one, 5)
        self._receive(one, 2, 3, "Used")
        self.assertHeld(one, [20])
        one.action_credit()
        self.assertEqual(one.credit_move_ids.amount_total, 20)
        with self.assertRaisesRegex(UserError, "already"):
            self._receive(one, 1)

    def test_freight_known_at_the_receipt(self):
        one = self._take_back(self._sell((1, 100, None)), [1], freight_amount=5)
        self.assertHeld(one, [95])
        one._record_receipt({one.return_line_ids: (1, 0, None)}, freight=8)
        self.assertHeld(one, [92])
        one.action_credit()
        self.assertEqual(one.credit_move_ids.amount_total, 92)

    # === MONEY === #

    def test_money_goes_to_the_returned_part_last(self):
        """1,000 owed, 300 come back: (paid so far, still held)."""
        invoice = self._sell((10, 100, None))
        one = self._take_back(invoice, [3])
        for amount, held in ((500, [300]), (400, [100]), (100, [])):
            self._pay(invoice, amount)
            self.assertHeld(one, held)
        self._get_receivable_line(invoice).remove_move_reconcile()
        self.assertHeld(one, [300])

    def test_promise_comes_first(self):
        """1,000 owed, 800 promised: of 300 that come back, 200 are held."""
        invoice = self._sell((10, 100, None))
        promise = self.env["account.collection.promise"].create(
            {
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "currency_id": invoice.currency_id.id,
                "line_ids": [Command.set(self._get_receivable_line(invoice).ids)],
                "amount": 800,
                "date_due": TODAY + timedelta(days=5),
            }
        )
        promise.action_confirm()
        one = self._take_back(invoice, [3])
        self.assertHeld(one, [200])
        self._receive(one)
        one.action_credit()
        self.assertEqual(invoice.amount_residual, 700)
        self.assertEqual(promise.hold_ids.amount, 700)

    # === WHAT THE CUSTOMER IS TOLD === #

    def test_slip_goes_to_the_customer(self):
        one = self._take_back(
            self._sell((2, 100, None)),
            [2],
            packing="With the <b>charger</b>",
            freight_amount=10,
            restocking_percent=10,
        )
        message = one.message_ids.filtered("partner_ids")[:1]
        self.assertEqual(message.partner_ids, self.customer)
        self.assertIn(one.name, message.subject)
        values = one._get_slip_values()
        self.assertEqual(values["amount_text"].replace("\xa0", " "), "$ 170.00")
        html = (
            self.env["ir.actions.report"]
            ._render_qweb_html("account_collections.report_return_slip", one.ids)[0]
            .decode()
        )
        for words in (
            one.name,
            "data:image/png;base64",
            "06/28/2024",
            self.company.name,
            "Goods 1",
            "10 %",
            "&lt;b&gt;charger",
        ):
            self.assertIn(words, html)

    def test_rejected_with_a_reason(self):
        one = self._take_back(self._sell((1, 100, None)), [1], "requested")
        for reason in (None, "", "  "):
            with self.assertRaisesRegex(UserError, "Tell the customer"):
                one.action_reject(reason)
        one.action_reject("Made to <measure>.")
        self.assertEqual((one.state, one.date_end), ("rejected", TODAY))
        self.assertIn("Made to &lt;measure&gt;.", one.message_ids[0].body)

    def test_stock_hooks(self):
        """A stock add-on hears of the authorization and of the end."""
        heard = []
        returns = type(self.env["account.collection.return"])
        for hook in ("_on_authorized", "_on_ended"):
            self.patch(returns, hook, lambda one, hook=hook: heard.append(hook))
        one = self._take_back(self._sell((1, 100, None)), [1])
        self.assertEqual(heard, ["_on_authorized"])
        one.action_cancel()
        self.assertEqual(heard, ["_on_authorized", "_on_ended"])

    # === BAD INPUT === #

    def test_no_more_than_can_come_back(self):
        """Of 5 invoiced, 2 credited by hand and 1 being returned, 2 are left."""
        product = self.env["product.product"].sudo().create({"name": "Lamp"})
        invoice = self._sell((5, 100, None, {"product_id": product.id}))
        reversal = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id})
        )
        reversal.refund_moves()
        reversal.new_move_ids.invoice_line_ids.quantity = 2
        self._take_back(invoice, [1], "requested")
        with self.assertRaisesRegex(UserError, "Only 2 of .*Lamp"):
            self._take_back(invoice, [3])
        one = self._take_back(invoice, [2], "credited")
        with self.assertRaisesRegex(UserError, "Only 0 of"):
            self._take_back(invoice, [1])
        self.assertEqual(one.credit_move_ids.amount_total, 200)

    def test_bad_input(self):
        invoice = self._sell((1, 100, None))
        other = self._sell((1, 100, None), partner=self._create_customer("Other"))
        entry_line = self._get_receivable_line(invoice).id
        for message, values in (
            ("more than|Only 1 of", {"quantities": [1.01]}),
            ("Choose the goods|greater than zero", {"quantities": [0]}),
            ("is not an invoice of", {"partner_id": other.partner_id.id}),
            ("another company", {"company_id": self._make_company().id}),
            ("in USD", {"currency_id": self.env.ref("base.GBP").id}),
            ("Choose a day", {"date_deadline": TODAY - timedelta(days=1)}),
            ("greater than zero", {"freight_amount": 100}),
            (
                "no line of a posted",
                {"return_line_ids": [Command.create({"invoice_line_id": entry_line})]},
            ),
        ):
            with (
                self.subTest(message=message),
                self.assertRaisesRegex((UserError, ValidationError), message),
                self.env.cr.savepoint(),
            ):
                self._take_back(invoice, **{"quantities": [1], **values})

    def test_what_the_database_refuses(self):
        invoice = self._sell((2, 100, None))
        one = self._take_back(invoice, [1], "draft")
        line = one.return_line_ids
        for values in (
            {"quantity": 0},
            {"quantity": -1},
            {"restocking_percent": -1},
            {"restocking_percent": 100},
        ):
            with (
                self.subTest(values=values),
                mute_logger("odoo.sql_db"),
                self.assertRaisesRegex(
                    (IntegrityError, ValidationError), "constraint|greater than zero"
                ),
                self.env.cr.savepoint(),
            ):
                line.write(values)
                self.env.flush_all()
            line.invalidate_recordset()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.env.cr.savepoint(),
        ):
            line.copy({"return_id": one.id})

    def test_bad_receipts(self):
        one = self._take_back(self._sell((5, 100, None)), [2])
        for message, receipt in (
            ("cannot be more", (2, 1, "Broken")),
            ("negative", (-1, 0, None)),
            ("negative", (1, -1, "Broken")),
            ("Say why", (1, 1, " ")),
        ):
            with (
                self.subTest(receipt=receipt),
                self.assertRaisesRegex(UserError, message),
            ):
                self._receive(one, *receipt)
        with self.assertRaisesRegex(UserError, "nothing to credit"):
            one._record_receipt({one.return_line_ids: (1, 0, None)}, freight=100)

    def test_paid_invoice(self):
        invoice = self._sell((1, 100, None))
        self._pay(invoice)
        with self.assertRaisesRegex(UserError, "Nothing is left to pay"):
            self._take_back(invoice, [1])
        with self.assertRaisesRegex(UserError, "Nothing is left to pay"):
            invoice.action_return()

    def test_nothing_is_moved_into_what_was_requested(self):
        requested = self._take_back(self._sell((2, 100, None)), [1], "requested")
        draft = self._take_back(self._sell((2, 100, None)), [1], "draft")
        with self.assertRaisesRegex(UserError, "do not change"):
            draft.return_line_ids.return_id = requested

    def test_only_own_goods_are_received(self):
        """Not by the form either, whose rows anybody may fill in."""
        one, other = (
            self._take_back(self._sell((2, 100, None)), [1]) for _number in range(2)
        )
        wizard = self.env["account.collection.return.receive"].create(
            {"return_id": one.id}
        )
        wizard.row_ids.line_id = other.return_line_ids
        with (
            self.assertRaisesRegex(UserError, "is no part of"),
            self.env.cr.savepoint(),
        ):
            wizard.action_receive()
        self.assertFalse(other.return_line_ids.quantity_accepted)

    def test_receipt_is_not_written_with_the_goods(self):
        """Neither created, nor written, nor proposed by the context."""
        invoice = self._sell((5, 100, None))
        for values in ({"quantity_accepted": 5}, {"amount": 1}, {"amount_accepted": 9}):
            with self.subTest(values=values):
                one = self._take_back(invoice, [1], "draft")
                with self.assertRaises(AccessError):
                    one.return_line_ids.write(values)
                with self.assertRaises(AccessError):
                    one.return_line_ids.create(
                        {
                            "return_id": one.id,
                            "invoice_line_id": invoice.invoice_line_ids.id,
                            **values,
                        }
                    )
        proposed = self.env["account.collection.return"].with_context(
            default_quantity_accepted=5, default_amount_accepted=500
        )
        one = proposed.create(
            {
                "partner_id": invoice.partner_id.id,
                "return_line_ids": [
                    Command.create({"invoice_line_id": invoice.invoice_line_ids.id})
                ],
            }
        )
        self.assertFalse(one.return_line_ids.quantity_accepted)
        self.assertFalse(one.return_line_ids.amount_accepted)

    def test_invoice_of_a_live_return_stays_posted(self):
        """Also where nothing is held of it, since the goods are only asked for or the
        invoice was paid meanwhile: (state, what is to be done first)."""
        for state, words in (
            ("requested", "Cancel the return"),
            ("authorized", "Cancel the return"),
            ("received", "Credit them"),
        ):
            for is_paid in (False, True):
                for change in ("button_draft", "button_cancel"):
                    with self.subTest(state=state, is_paid=is_paid, change=change):
                        invoice = self._sell((1, 100, None))
                        one = self._take_back(invoice, [1], state)
                        if is_paid:
                            self._pay(invoice)
                            self.assertHeld(one, [])
                        with self.assertRaisesRegex(UserError, one.name) as refused:
                            getattr(invoice, change)()
                        self.assertIn(words, str(refused.exception))
                        self.assertEqual(invoice.state, "posted")

    def test_invoice_of_an_ended_return_is_free(self):
        for state in ("draft", "cancelled"):
            with self.subTest(state=state):
                invoice = self._sell((1, 100, None))
                one = self._take_back(
                    invoice, [1], "draft" if state == "draft" else "requested"
                )
                if state == "cancelled":
                    one.action_cancel()
                invoice.button_draft()
                self.assertEqual(invoice.state, "draft")

    def test_line_of_an_invoice_is_removed(self):
        """Unless it came back: the return says still what it was, and a draft is not
        requested any more."""
        for state in ("draft", "cancelled", "rejected", "credited"):
            with self.subTest(state=state):
                invoice = self._sell((1, 100, None), (1, 50, None))
                one = self._take_back(
                    invoice,
                    [1],
                    state if state in ("draft", "credited") else "requested",
                )
                if state == "cancelled":
                    one.action_cancel()
                elif state == "rejected":
                    one.action_reject("Made to measure.")
                invoice.button_draft()
                goods = invoice.invoice_line_ids[0]
                if state == "credited":
                    with self.assertRaisesRegex(UserError, one.name):
                        goods.unlink()
                    continue
                for remove in (
                    goods.unlink,
                    invoice.with_context(force_delete=True).unlink,
                ):
                    remove()
                    self.env.invalidate_all()
                    self.assertRecordValues(
                        one.return_line_ids,
                        [
                            {
                                "name": "Goods 1",
                                "amount": 100,
                                "invoice_line_id": False,
                            }
                        ],
                    )
                    self.assertEqual(one.amount, 100)
                if state == "draft":
                    with self.assertRaisesRegex(UserError, "not on the invoice"):
                        one.action_confirm()

    def test_invoice_that_is_not_posted_any_more(self):
        for change in ("button_draft", "button_cancel"):
            with self.subTest(change=change):
                invoice = self._sell((1, 100, None))
                one = self._take_back(invoice, [1], "draft")
                getattr(invoice, change)()
                with self.assertRaisesRegex(UserError, "is not posted any more"):
                    one.action_confirm()

    def test_requested_with_a_past_deadline(self):
        with self.assertRaisesRegex(UserError, "Choose a day"):
            self._take_back(
                self._sell((1, 100, None)),
                [1],
                "requested",
                date_deadline=TODAY - timedelta(days=1),
            )

    def test_requested_does_not_change(self):
        one = self._take_back(self._sell((2, 100, None)), [1], "requested")
        for values in (
            {"freight_amount": 5},
            {"return_line_ids": [Command.clear()]},
            {"partner_id": self._create_customer("Other").id},
        ):
            with (
                self.subTest(values=values),
                self.assertRaisesRegex(UserError, "do not change"),
            ):
                one.write(values)
        for line_values in ({"quantity": 2}, {"restocking_percent": 5}):
            with self.assertRaisesRegex(UserError, "do not change"):
                one.return_line_ids.write(line_values)
        with self.assertRaisesRegex(UserError, "do not change"):
            one.return_line_ids.unlink()
        with self.assertRaisesRegex(UserError, "history"):
            one.unlink()

    def test_decided_by_buttons_alone(self):
        one = self._take_back(self._sell((1, 100, None)), [1], "requested")
        for values in (
            {"state": "received"},
            {"amount_accepted": 100},
            {"amount": 1},
            {"date_received": TODAY},
        ):
            with self.subTest(values=values), self.assertRaises(AccessError):
                one.write(values)

    # === ACCESS === #

    def test_who_sees_it(self):
        """(groups, whether the case is somebody else's, may read)."""
        one = self._take_back(self._sell((1, 100, None)), [1])
        one.case_id.user_id = self.env.user
        for number, (group, is_own, may_read) in enumerate(
            (
                ("base.group_user", False, False),
                ("account.group_account_invoice", False, False),
                ("account_collections.group_collection_own", False, False),
                ("account_collections.group_collection_own", True, True),
                ("account_collections.group_collection_all", False, True),
                ("account_collections.group_collection_manager", False, True),
            )
        ):
            with self.subTest(group=group, own=is_own):
                user = new_test_user(
                    self.env,
                    f"reader{number}",
                    groups=group,
                    company_id=self.company.id,
                )
                one.case_id.user_id = user if is_own else self.env.user
                for record in (one, one.return_line_ids):
                    self.assertEqual(
                        record.with_user(user).has_access("read"), may_read
                    )

    def test_own_user_goes_all_the_way(self):
        user = new_test_user(
            self.env,
            "collector",
            groups="account_collections.group_collection_own",
            company_id=self.company.id,
        )
        one = self._take_back(self._sell((2, 100, None)), [1], "draft")
        one.user_id = user
        one = one.with_user(user)
        one.action_confirm()
        one.action_authorize()
        self._receive(one)
        one.action_credit()
        self.assertEqual(one.credit_move_ids.state, "posted")

    def test_other_company(self):
        other = self._make_company()
        user = new_test_user(
            self.env,
            "other",
            groups="account_collections.group_collection_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        one = self._take_back(self._sell((1, 100, None)), [1])
        for record in (one, one.return_line_ids):
            with self.assertRaises(AccessError):
                record.with_user(user).with_company(other).read(["state"])

    # === THE FORMS === #

    def test_form_shows_the_effect_before_anything_is_saved(self):
        """10 x 10 owed, 30 paid: (comes back, restocking, freight, credit, off the
        debt, left, surplus)."""
        invoice = self._sell((10, 10, None))
        self._pay(invoice, 30)
        for quantity, percent, freight, *expected in (
            (4, 0, 0, 40, 40, 30, 0),
            (4, 10, 0, 36, 36, 34, 0),
            (4, 10, 6, 30, 30, 40, 0),
            (9, 0, 0, 90, 70, 0, 20),
        ):
            with self.subTest(quantity=quantity, percent=percent, freight=freight):
                action = invoice.action_return()
                form = Form(
                    self.env[action["res_model"]].with_context(**action["context"])
                )
                form.freight_amount = freight
                with form.return_line_ids.edit(0) as row:
                    self.assertEqual(row.quantity_available, 10)
                    row.quantity = quantity
                    row.restocking_percent = percent
                self.assertEqual(
                    [
                        form.amount,
                        form.amount_off,
                        form.amount_after,
                        form.amount_surplus,
                    ],
                    expected,
                )
                self.assertFalse(
                    self.env["account.collection.return"].search_count(
                        [("partner_id", "=", self.customer.id)]
                    )
                )

    def test_form_from_case_invoice_and_items(self):
        invoice = self._sell((2, 50, None), (1, 20, None))
        self.env["account.collection.case"]._refresh(self.company, self.customer)
        for source in (
            invoice.collection_case_id,
            invoice,
            self._get_receivable_line(invoice),
        ):
            with self.subTest(source=source._name):
                action = source.action_return()
                form = Form(
                    self.env[action["res_model"]].with_context(**action["context"])
                )
                self.assertEqual(len(form.return_line_ids), 2)
                with form.return_line_ids.edit(1) as row:
                    row.quantity = 1
                    row.condition = "defective"
                wizard = form.save()
                action = wizard.action_authorize()
                one = self.env["account.collection.return"].browse(action["res_id"])
                self.assertRecordValues(one, [{"state": "authorized", "amount": 20}])
                self.assertEqual(one.return_line_ids.condition, "defective")
                one.action_cancel()

    def test_form_with_nothing_or_nonsense(self):
        invoice = self._sell((2, 50, None))
        action = invoice.action_return()
        wizard = (
            self.env[action["res_model"]].with_context(**action["context"]).create({})
        )
        with self.assertRaisesRegex(UserError, "Enter the quantities"):
            wizard.action_request()
        wizard.return_line_ids.quantity = -1
        with self.assertRaisesRegex(UserError, "above zero"):
            wizard.action_request()
        wizard.return_line_ids.quantity = 3
        with self.assertRaisesRegex(UserError, "Only 2 of"), self.env.cr.savepoint():
            wizard.action_request()

    def test_form_of_several_customers(self):
        invoices = self._sell((1, 50, None)) | self._sell(
            (1, 50, None), partner=self._create_customer("Other")
        )
        with self.assertRaisesRegex(UserError, "one customer"):
            invoices.action_return()

    def test_form_of_the_receipt(self):
        one = self._take_back(self._sell((5, 10, None)), [4], freight_amount=2)
        action = one.action_open_receipt()
        form = Form(self.env[action["res_model"]].with_context(**action["context"]))
        self.assertEqual(form.amount, 38)
        with form.row_ids.edit(0) as row:
            row.quantity_accepted = 3
            row.quantity_refused = 1
            row.refusal_reason = "Broken"
        self.assertEqual(form.amount, 28)
        form.save().action_receive()
        self.assertRecordValues(one, [{"state": "received", "amount_accepted": 28}])

    # === WHERE IT APPEARS === #

    def test_lists(self):
        invoice = self._sell((1, 100, None))
        one = self._take_back(invoice, [1])
        agreement = self.env["account.collection.agreement"].search(
            [("res_model", "=", one._name), ("res_id", "=", one.id)]
        )
        self.assertRecordValues(
            agreement,
            [
                {
                    "name": one.name,
                    "amount": 100,
                    "amount_held": 100,
                    "is_live": True,
                    "date_next": one.date_deadline,
                    "state_label": "Authorized",
                }
            ],
        )
        self.assertEqual(invoice.collection_agreement, one.name)
        self.assertEqual(one.case_id.agreement_ids, agreement)
        one.action_cancel()
        self.env.invalidate_all()
        self.assertFalse(agreement.is_live)

    # === HELPERS === #

    def _make_company(self):
        return self.env["res.company"].sudo().create({"name": "Other company"})
