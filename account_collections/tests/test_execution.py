from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from .common import TODAY, CollectionCommon


@tagged("post_install", "-at_install")
class TestExecution(CollectionCommon):
    """What executing a run does, and what it no longer does."""

    def _execute(self, run=None):
        run = run or self._plan()
        run.action_execute()
        return run

    def _get_contact(self, partner=None):
        return self.env["account.collection.contact"].search(
            [("partner_id", "=", (partner or self.customer).id)]
        )

    def assertSteps(self, contact, expected):
        """Compare the items of a contact with {move: delay of the step reached}."""
        actual = {
            item.line_id.move_id: item.step_id.delay_days if item.step_id else None
            for item in contact.item_ids
        }
        self.assertEqual(actual, expected)

    # === WHAT IS DONE === #

    def test_contact_is_recorded(self):
        invoice = self._create_open_invoice(self.customer, amount=100)
        self._hold(self._get_receivable_line(invoice), 30)
        run = self._execute()
        self.assertEqual(run.state, "done")
        line = self._get_line(run)
        self.assertEqual(line.state, "done")
        contact = self._get_contact()
        self.assertRecordValues(
            contact,
            [
                {
                    "company_id": self.company.id,
                    "case_id": line.case_id.id,
                    "run_line_id": line.id,
                    "step_id": line.step_id.id,
                    "address_id": self.customer.id,
                    "date": TODAY,
                    "channel": "email",
                    "direction": "out",
                    "state": "queued",
                }
            ],
        )
        self.assertRecordValues(
            contact.item_ids, [{"amount_residual": 100, "amount_held": 30}]
        )
        self.assertRecordValues(
            line.case_id,
            [
                {
                    "date_last_contact": TODAY,
                    "step_id": line.step_id.id,
                    "date_next_action": TODAY + timedelta(days=5),
                }
            ],
        )

    def test_each_item_takes_the_step_of_its_age(self):
        oldest = self._create_open_invoice(self.customer, days=50)
        middle = self._create_open_invoice(self.customer, days=20)
        recent = self._create_open_invoice(self.customer, days=4)
        young = self._create_open_invoice(self.customer, days=1)
        coming = self._create_open_invoice(self.customer, days=-2)
        credit = self._create_open_invoice(
            self.customer, 7, days=1, move_type="out_refund"
        )
        self._reach(oldest, 15)
        self._execute()
        contact = self._get_contact()[0]
        self.assertEqual(contact.step_id.delay_days, 30)
        self.assertSteps(
            contact, {oldest: 30, middle: 15, recent: 3, young: None, credit: None}
        )
        self.assertNotIn(coming, contact.item_ids.line_id.move_id)

    def test_items_go_no_further_than_the_letter(self):
        invoice = self._create_open_invoice(self.customer, days=400)
        self._execute()
        self.assertSteps(self._get_contact(), {invoice: 3})

    def test_reminder_names_what_falls_due(self):
        soon = self._create_open_invoice(self.customer, days=-3)
        self._create_open_invoice(self.customer, days=-20)
        run = self._execute()
        self.assertFalse(self._get_line(run).case_id)
        self.assertSteps(self._get_contact(), {soon: -5})
        self.assertFalse(self._get_line(self._plan()), "It is sent only once.")

    def test_a_year_of_runs_takes_each_step_once(self):
        self._create_open_invoice(self.customer, days=-6)
        # Every third day, and those on which a step is due.
        for days in sorted({*range(0, 80, 3), 1, 9, 21, 36, 51, 66}):
            with freeze_time(TODAY + timedelta(days=days)):
                self._execute(self._plan(date=TODAY + timedelta(days=days)))
        contacts = self._get_contact().sorted("date")
        self.assertEqual(contacts.step_id.mapped("delay_days"), [-5, 3, 15, 30, 45, 60])
        self.assertEqual(
            [(contact.date - TODAY).days for contact in contacts],
            [1, 9, 21, 36, 51, 66],
        )

    def test_call_becomes_an_activity(self):
        invoice = self._create_open_invoice(self.customer, days=50)
        self._reach(invoice, 30)
        case = self._get_line(self._plan()).case_id
        case.user_id = self.env.user
        self._execute()
        activity = case.activity_ids
        self.assertRecordValues(
            activity,
            [{"user_id": self.env.uid, "date_deadline": TODAY, "automated": True}],
        )
        contact = self._get_contact()[0]
        self.assertEqual((contact.channel, contact.state), ("call", "queued"))
        activity.action_feedback(feedback="Will pay on Monday")
        self.assertEqual(contact.state, "sent")
        self.assertTrue(contact.item_ids.active)

    def test_call_that_is_cancelled_gives_its_step_back(self):
        invoice = self._create_open_invoice(self.customer, days=50)
        self._reach(invoice, 30)
        self._execute()
        case = self.env["account.collection.case"].search(
            [("partner_id", "=", self.customer.id)]
        )
        case.activity_ids.unlink()
        contact = self._get_contact()[0]
        self.assertEqual(contact.state, "void")
        self.assertDecision(self._get_line(self._plan()), "contact 45 call")

    def test_step_can_put_orders_on_hold(self):
        invoice = self._create_open_invoice(self.customer, days=70)
        self._reach(invoice, 45)
        run = self._execute()
        case = self._get_line(run).case_id
        self.assertTrue(case.order_hold)
        self._pay(invoice)
        case._refresh(self.company, self.customer)
        self.assertFalse(case.order_hold)

    # === WHAT HAS CHANGED SINCE === #

    def test_whoever_has_paid_is_dropped(self):
        invoice = self._create_open_invoice(self.customer)
        run = self._plan()
        self._pay(invoice)
        self._execute(run)
        self.assertEqual(self._get_line(run).state, "dropped")
        self.assertFalse(self._get_contact())
        self.assertEqual(self._get_line(run).case_id.state, "closed")

    def test_whoever_need_not_be_contacted_any_more_is_dropped(self):
        """(what happens between planning and executing, the reason)."""
        for change, reason in (
            (
                lambda invoice: self._hold(self._get_receivable_line(invoice)),
                "held",
            ),
            (
                lambda invoice: self._receive_unapplied(invoice.partner_id, 100),
                "credits",
            ),
            (lambda invoice: self._log_contact(invoice.partner_id, 0), "gap"),
            (lambda invoice: invoice.action_toggle_block_payment(), "blocked"),
            (lambda invoice: invoice.partner_id.write(self._no_address), "no_address"),
        ):
            with self.subTest(reason=reason):
                customer = self._create_customer(f"Customer {reason}")
                invoice = self._create_open_invoice(customer)
                run = self._plan()
                self.assertDecision(self._get_line(run, customer), "contact 3 email")
                before = self._get_contact(customer)
                change(invoice)
                before |= self._get_contact(customer)
                self._execute(run)
                self.assertRecordValues(
                    self._get_line(run, customer),
                    [{"state": "dropped", "reason": reason, "channel": "email"}],
                )
                self.assertEqual(self._get_contact(customer), before)

    _no_address = {"email": False, "street": False, "city": False}

    def test_paying_the_oldest_falls_back_to_the_next(self):
        oldest = self._create_open_invoice(self.customer, days=50)
        newer = self._create_open_invoice(self.customer, days=10)
        self._reach(oldest, 15)
        run = self._plan()
        self.assertDecision(self._get_line(run), "contact 30 email")
        self._pay(oldest)
        self._execute(run)
        self.assertDecision(self._get_line(run), "contact 3 email")
        self.assertSteps(self._get_contact()[0], {newer: 3})

    def test_merged_customers_get_one_letter(self):
        other = self._create_customer("Ada Fashion Ltd", email=self.customer.email)
        self._create_open_invoice(self.customer)
        self._create_open_invoice(other)
        run = self._plan()
        cases = run.line_ids.case_id
        self.assertEqual(len(cases), 2)
        self.env["base.partner.merge.automatic.wizard"].sudo()._merge(
            (self.customer | other).ids, self.customer
        )
        self.assertEqual(cases.sorted("state").mapped("state"), ["closed", "open"])
        self.assertFalse(cases.filtered(lambda case: case.state == "closed").priority)
        # What follows the transaction.
        cases._refresh_open(self.cr.postcommit.data["account_collections.partner_ids"])
        self.assertEqual(
            cases.sorted("state").mapped("amount_overdue"), [0, 200], "At once."
        )
        self._execute(run)
        contact = self._get_contact()
        self.assertEqual(len(contact), 1)
        self.assertEqual(len(contact.item_ids), 2)
        self.assertEqual(
            run.line_ids.sorted("state").mapped("state"), ["done", "dropped"]
        )

    def test_merging_a_handed_over_customer_silences_both(self):
        other = self._create_customer("Ada Fashion Ltd", email=self.customer.email)
        self._create_open_invoice(self.customer)
        self._create_open_invoice(other)
        cases = self._plan().line_ids.case_id
        cases.filtered(lambda case: case.partner_id == other).state = "handed_over"
        self.env["base.partner.merge.automatic.wizard"].sudo()._merge(
            (self.customer | other).ids, self.customer
        )
        self.assertDecision(self._get_line(self._plan()), "skip blocked")

    def test_customer_moved_under_a_parent(self):
        """The case follows; the parent is dunned with the next run."""
        person = self._create_customer("Bo", is_company=False)
        self._create_open_invoice(person)
        run = self._plan()
        case = self._get_line(run, person).case_id
        person.parent_id = self.customer
        self.assertEqual(case.partner_id, self.customer)
        self._execute(run)
        self.assertFalse(self._get_contact(person))
        self.assertDecision(self._get_line(self._plan()), "contact 3 email")

    def test_customer_moved_under_a_parent_with_a_case(self):
        person = self._create_customer("Bo", is_company=False)
        self._create_open_invoice(person)
        self._create_open_invoice(self.customer)
        run = self._plan()
        own = self._get_line(run, person).case_id
        person.parent_id = self.customer
        self.assertEqual(own.state, "closed")
        self.assertEqual(self._get_line(run).case_id.amount_overdue, 200)

    def test_run_that_sent_letters_is_not_deleted(self):
        self._create_open_invoice(self.customer)
        run = self._execute()
        run.sudo().state = "cancelled"
        with self.assertRaisesRegex(UserError, "part of their history"):
            run.unlink()
        self._plan().unlink()

    def test_step_archived_since_planning(self):
        self._create_open_invoice(self.customer, days=20)
        run = self._plan()
        line = self._get_line(run)
        line.step_id.active = False
        with self.assertRaisesRegex(UserError, "no longer in the policy"):
            line._prepare_contact_items([])
        self._execute(run)
        self.assertEqual(line.step_id.delay_days, 15)

    def test_old_skips_are_forgotten(self):
        self._create_open_invoice(self.customer)
        self._create_open_invoice(self._create_customer("Other"), days=1)
        run = self._execute()
        self.assertEqual(len(run.line_ids), 2)
        for days, left in ((90, 2), (91, 1)):
            with freeze_time(TODAY + timedelta(days=days)):
                self.env["account.collection.run.line"]._gc_skips()
            run.invalidate_recordset()
            self.assertEqual(len(run.line_ids), left)

    def test_archived_in_between(self):
        self._create_open_invoice(self.customer)
        run = self._plan()
        self.customer.active = False
        self._execute(run)
        self.assertEqual(self._get_contact().state, "queued")

    # === WHAT GOES WRONG === #

    def test_executed_twice(self):
        self._create_open_invoice(self.customer)
        run = self._execute()
        with self.assertRaisesRegex(UserError, "executed already"):
            run.action_execute()
        with self.assertRaisesRegex(UserError, "not open for planning"):
            run.action_plan()
        self.assertEqual(len(self._get_contact()), 1)

    def test_two_runs_of_a_day(self):
        self._create_open_invoice(self.customer, days=20)
        first, second = self._plan(), self._plan()
        self._execute(first)
        self._execute(second)
        self.assertEqual(len(self._get_contact()), 1)
        self.assertRecordValues(
            self._get_line(second), [{"state": "dropped", "reason": "gap"}]
        )

    def test_cancelled_run_is_not_executed(self):
        self._create_open_invoice(self.customer)
        run = self._plan()
        run.action_cancel()
        with self.assertRaisesRegex(UserError, "not planned"):
            run.action_execute()

    @mute_logger("odoo.addons.account_collections.models.account_collection_run")
    def test_one_failure_does_not_keep_the_others(self):
        customers = [self._create_customer(f"Customer {number}") for number in range(3)]
        for customer in customers:
            self._create_open_invoice(customer)
        run = self._plan()
        prepare = type(run.line_ids)._prepare_contact

        def fail_once(line, decision, open_items):
            if line.partner_id == customers[1]:
                raise ValueError("The printer is on fire")
            return prepare(line, decision, open_items)

        with patch.object(type(run.line_ids), "_prepare_contact", fail_once):
            self._execute(run)
        self.assertEqual(run.state, "done")
        states = {line.partner_id: line.state for line in run.line_ids}
        self.assertEqual(
            [states[customer] for customer in customers], ["done", "failed", "done"]
        )
        self.assertEqual(
            self._get_line(run, customers[1]).error, "The printer is on fire"
        )
        self.assertFalse(self._get_contact(customers[1]))

    def test_execution_goes_on_where_it_stopped(self):
        for number in range(5):
            self._create_open_invoice(self._create_customer(f"Customer {number}"))
        run = self._plan()
        with (
            patch.object(type(run), "_batch_size", 2),
            patch.object(type(run), "_direct_size", 3),
        ):
            run.action_execute()
            self.assertEqual(run.state, "running")
            self.assertEqual(run.line_ids.mapped("state").count("planned"), 1)
            self.env["account.collection.run"]._cron_dun()
        self.assertEqual(run.state, "done")
        self.assertEqual(len(run.line_ids), 5)
        for line in run.line_ids:
            self.assertEqual(len(self._get_contact(line.partner_id)), 1)

    def test_cancelled_in_between(self):
        """Whoever is not contacted yet, will not be."""
        for number in range(3):
            self._create_open_invoice(self._create_customer(f"Customer {number}"))
        run = self._plan()
        commit = type(run)._commit_batch

        def cancel(run, processed):
            if processed:
                run.action_cancel()
            return commit(run, processed)

        with (
            patch.object(type(run), "_batch_size", 1),
            patch.object(type(run), "_commit_batch", cancel),
        ):
            run.action_execute()
        self.env["account.collection.run"]._cron_dun()
        self.assertEqual(run.state, "cancelled")
        states = run.line_ids.mapped("state")
        self.assertEqual(sorted(states), ["done", "planned", "planned"])
        self.assertEqual(len(run.line_ids.case_id.contact_ids), 1)

    # === CASES === #

    def test_life_of_a_case(self):
        invoice = self._create_open_invoice(self.customer, days=50)
        self._reach(invoice, 30)
        case = self._get_line(self._execute()).case_id
        self.assertEqual((case.state, case.date_opened), ("open", TODAY))
        self.assertTrue(case.activity_ids)
        self._pay(invoice)
        case._refresh(self.company, self.customer)
        self.assertEqual((case.state, case.date_closed), ("closed", TODAY))
        self.assertFalse(case.activity_ids, "Nobody calls who has paid.")
        self._create_open_invoice(self.customer)
        again = self._get_line(self._plan()).case_id
        self.assertNotEqual(again, case)
        self.assertEqual(again.contact_ids, self._get_contact())

    def test_step_of_a_case_is_one_that_was_taken(self):
        invoice = self._create_open_invoice(self.customer, days=40)
        case = self._get_line(self._plan()).case_id
        self.assertFalse(case.step_id)
        contact = self._reach(invoice, 15)
        self._plan()
        self.assertEqual(case.step_id, contact.step_id)

    def test_case_says_why_a_run_would_be_silent(self):
        """Who has paid more than is late is not rung up, either."""
        self._create_open_invoice(self.customer, amount=100, days=20)
        case = self._get_line(self._plan()).case_id
        self.assertFalse(case.silence_reason)
        self.assertTrue(case.priority)
        self._receive_unapplied(self.customer, 150)
        case._refresh(self.company, self.customer)
        self.assertEqual((case.silence_reason, case.priority), ("credits", 0))
        self.assertEqual(case.amount_collectible, 100)
        self._hold(case.item_ids.filtered(lambda line: line.collection_residual > 0))
        case._refresh(self.company, self.customer)
        self.assertEqual(case.silence_reason, "held")

    def test_case_of_what_is_agreed_is_not_silent(self):
        """Nothing is overdue, so there is nothing to be silent about."""
        self._create_open_invoice(self.customer)
        case = self._get_line(self._plan()).case_id
        self.cr.execute(
            "UPDATE account_collection_case SET silence_reason = 'no_address',"
            " date_next_action = %s, amount_overdue = 0 WHERE id = %s",
            [TODAY, case.id],
        )
        with patch.object(
            type(case), "_get_unagreed_condition", lambda cases: SQL("FALSE")
        ):
            self.customer.invoice_ids.button_draft()
            case._refresh(self.company, self.customer)
        self.assertEqual((case.state, case.silence_reason), ("open", False))
        self.assertFalse(case.date_next_action)

    def test_priority_is_the_sum_of_its_parts(self):
        self._create_open_invoice(self.customer, amount=900, days=45)
        small = self._create_customer("Small")
        self._create_open_invoice(small, amount=100, days=90)
        lines = self._plan().line_ids
        cases = {line.partner_id: line.case_id for line in lines}
        # The average is 500: 40 * 900 / 1400 and 40 * 100 / 600.
        self.assertRecordValues(
            cases[self.customer] | cases[small],
            [
                {
                    "priority_amount": 26,
                    "priority_days": 15,
                    "priority_silence": 20,
                    "priority_contact": 0,
                    "priority": 61,
                },
                {
                    "priority_amount": 7,
                    "priority_days": 30,
                    "priority_silence": 20,
                    "priority_contact": 0,
                    "priority": 57,
                },
            ],
        )

    def test_whole_customer_hold_covers_what_comes_later(self):
        first = self._create_open_invoice(self.customer)
        self._hold(self._get_receivable_line(first), is_whole_customer=True)
        self._create_open_invoice(self.customer, days=5)
        self.assertDecision(self._get_line(self._plan()), "skip held +10")

    def test_customer_with_invoices_is_not_deleted(self):
        """Odoo says so itself, in its words; the run goes on."""
        self._create_open_invoice(self.customer)
        run = self._plan()
        with self.assertRaises(UserError), self.cr.savepoint():
            self.customer.unlink()
        self._execute(run)
        self.assertEqual(self._get_line(run).state, "done")

    def test_nobody_forges_what_was_written(self):
        """A contact made by hand cannot show a message as the company's letter."""
        message = self.env["mail.message"].sudo().create({"body": "Secret"})
        with self.assertRaises(AccessError):
            self.env["account.collection.contact"].create(
                {
                    "partner_id": self.customer.id,
                    "company_id": self.company.id,
                    "channel": "letter",
                    "mail_message_id": message.id,
                }
            )

    def test_letters_are_brought_up_to_date_before_they_are_printed(self):
        """Of three letters that wait, one is needless, one asks for less."""
        customers = [
            self._create_customer(f"Customer {number}", email=False)
            for number in range(3)
        ]
        invoices = [self._create_open_invoice(customer) for customer in customers]
        run = self._execute()
        self._pay(invoices[0])
        self._hold(self._get_receivable_line(invoices[1]), 30)
        letters = self.env["account.collection.contact"].search(
            [("run_line_id.run_id", "=", run.id)]
        )
        kept = letters.sudo()._bring_up_to_date()
        self.assertEqual(set(kept.partner_id.ids), {customers[1].id, customers[2].id})
        self.assertEqual(sorted(kept.item_ids.mapped("amount_held")), [0, 30])
        self.assertEqual((letters - kept).state, "void")
        self.assertEqual(self._get_line(run, customers[0]).state, "dropped")

    def test_call_of_an_unassigned_case_goes_to_somebody_who_can_call(self):
        invoice = self._create_open_invoice(self.customer, days=50)
        self._reach(invoice, 30)
        run = self._plan().with_user(self.env.ref("base.user_root")).sudo()
        run.action_execute()
        case = self._get_line(run).case_id
        user = case.activity_ids.user_id
        self.assertFalse(user._is_superuser())
        self.assertTrue(user.has_group("account_collections.group_collection_manager"))
