from datetime import timedelta

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import TODAY, CollectionCommon


@tagged("post_install", "-at_install")
class TestRunDay(CollectionCommon):
    """The day that a run is for, and what happens by itself on each day."""

    def _execute(self, run):
        run.action_execute()
        return run

    def _get_contact(self, partner=None):
        return self.env["account.collection.contact"].search(
            [("partner_id", "=", (partner or self.customer).id)]
        )

    def _get_cases(self, partner=None):
        return self.env["account.collection.case"].search(
            [("partner_id", "=", (partner or self.customer).id)]
        )

    def _dun(self):
        """Run the scheduled action.

        :return: the runs of the company
        """
        runs = self.env["account.collection.run"]
        runs._cron_dun()
        return runs.search([("company_id", "=", self.company.id)])

    # === ANOTHER DAY === #

    def test_executed_on_a_later_day(self):
        """A run acts on the ledger and the holds of the day on which it is executed."""
        invoice = self._create_open_invoice(self.customer)
        other = self._create_customer("Other")
        self._create_open_invoice(other)
        run = self._plan()
        tomorrow = TODAY + timedelta(days=1)
        with freeze_time(tomorrow):
            self._hold(self._get_receivable_line(invoice), date_start=tomorrow)
            self._execute(run)
        self.assertEqual(self._get_line(run).reason, "held")
        self.assertEqual(self._get_contact(other).date, tomorrow)

    def test_not_executed_before_its_day(self):
        self._create_open_invoice(self.customer)
        run = self._plan(date=TODAY + timedelta(days=1))
        with self.assertRaisesRegex(UserError, "looks ahead"):
            run.action_execute()
        self.assertFalse(self._get_contact())

    def test_planning_ahead_leaves_the_worklist_as_it_is_today(self):
        self._create_open_invoice(self.customer, days=10)
        case = self._get_line(self._plan()).case_id
        self._plan(date=TODAY + timedelta(days=30))
        self.assertEqual(case.days_overdue, 10)

    def test_planning_ahead_opens_no_case(self):
        """Who will be late is on the worklist from that day on, the letter too."""
        self._create_open_invoice(self.customer, days=-5)
        day = TODAY + timedelta(days=10)
        run = self._plan(date=day)
        line = self._get_line(run)
        self.assertDecision(line, "contact 3 email")
        self.assertFalse(self._get_cases())
        with freeze_time(f"{day} 10:00:00"):
            self._execute(run)
        case = self._get_cases()
        self.assertEqual((case.date_opened, case.amount_overdue), (day, 100))
        self.assertEqual(self._get_contact().case_id, case)
        self.assertEqual(line.case_id, case)

    def test_no_plan_for_a_day_that_is_over(self):
        """The cases of today do not follow what was the case then."""
        self._create_open_invoice(self.customer, days=10)
        case = self._get_line(self._plan()).case_id
        case.order_hold = True
        with self.assertRaisesRegex(UserError, "Create a new run"):
            self._plan(date=TODAY - timedelta(days=30))
        self.assertEqual((case.state, case.order_hold), ("open", True))

    # === EVERY DAY === #

    def test_scheduled_action(self):
        self._create_open_invoice(self.customer)
        runs = self.env["account.collection.run"]
        runs._cron_dun()
        self.assertFalse(runs.search([("company_id", "=", self.company.id)]))
        case = self.env["account.collection.case"].search(
            [("partner_id", "=", self.customer.id)]
        )
        self.assertEqual(case.amount_collectible, 100)
        self.company.collection_is_automatic = True
        runs._cron_dun()
        runs._cron_dun()
        run = runs.search([("company_id", "=", self.company.id)])
        self.assertEqual((len(run), run.state), (1, "done"))
        self.assertEqual(len(self._get_contact()), 1)

    def test_nothing_more_on_the_day_of_a_cancelled_run(self):
        self._create_open_invoice(self.customer)
        self.company.collection_is_automatic = True
        run = self._plan()
        run.action_cancel()
        self.assertEqual(self._dun(), run)
        self.assertFalse(self._get_contact())
        tomorrow = TODAY + timedelta(days=1)
        with freeze_time(f"{tomorrow} 10:00:00"):
            self.assertEqual(len(self._dun()), 2)
        self.assertEqual(self._get_contact().date, tomorrow)

    def test_who_is_late_only_since_a_run_looked_ahead(self):
        day = TODAY + timedelta(days=5)
        self.company.collection_is_automatic = True
        self._create_open_invoice(self.customer, days=5)
        run = self._plan(date=day)
        other = self._create_customer("Other")
        self._create_open_invoice(other, days=5)
        with freeze_time(f"{day} 10:00:00"):
            self._execute(run)
            self._dun()
        for customer in (self.customer, other):
            self.assertEqual(self._get_contact(customer).date, day)

    def test_who_was_taken_out_by_hand_is_left_alone(self):
        """Whoever reviews the day's run need not be faster than the scheduler."""
        other = self._create_customer("Other")
        for customer in (self.customer, other):
            self._create_open_invoice(customer)
        self.company.collection_is_automatic = True
        self._get_line(self._plan()).action_drop()
        run = self._dun().filtered(lambda run: run.state == "done")
        self.assertFalse(self._get_contact())
        self.assertEqual(self._get_line(run).state, "dropped")
        self.assertEqual(len(self._get_contact(other)), 1)
