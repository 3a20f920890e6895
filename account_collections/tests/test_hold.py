from datetime import timedelta

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import TODAY, CollectionCommon


@tagged("post_install", "-at_install")
class TestHold(CollectionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls._create_open_invoice(cls.customer)
        cls.line = cls._get_receivable_line(cls.invoice)

    def test_never_more_than_is_left_to_pay(self):
        """(held before, held now, whether that is accepted), of 100, 20 paid."""
        self._pay(self.invoice, 20)
        for before, amount, accepted in (
            (0, 80, True),
            (0, 80.01, False),
            (50, 30, True),
            (50, 30.01, False),
        ):
            with self.subTest(before=before, amount=amount):
                self.line.collection_hold_ids.active = False
                if before:
                    self._hold(self.line, before)
                if accepted:
                    self._hold(self.line, amount)
                else:
                    with self.assertRaisesRegex(ValidationError, "more than"):
                        self._hold(self.line, amount)

    def test_reason_and_day_are_of_the_same_hold(self):
        """(the holds of each invoice: amount of 100, reason, last day from today;
        the reason and the day that a run gives): those of the hold that ends first."""
        for number, (*items, expected) in enumerate(
            (
                ([(100, "promise", 10)], ("promise", 10)),
                ([(100, "dispute", None)], ("dispute", None)),
                # on one invoice
                ([(40, "dispute", None), (60, "promise", 10)], ("promise", 10)),
                ([(60, "promise", 20), (40, "dispute", 5)], ("dispute", 5)),
                ([(50, "return", 9), (50, "barter", 9)], ("return", 9)),
                ([(60, "plan", None), (40, "barter", None)], ("plan", None)),
                # on several
                ([(100, "promise", 10)], [(100, "dispute", None)], ("promise", 10)),
                ([(100, "plan", None)], [(100, "dispute", 30)], ("dispute", 30)),
                ([(100, "promise", 3)], [(100, "return", 2)], ("return", 2)),
                (
                    [(60, "promise", 20), (40, "return", 8)],
                    [(70, "settlement", 7), (30, "dispute", None)],
                    ("settlement", 7),
                ),
                # the day counts as a date, not as a text
                ([(100, "barter", 100)], [(100, "promise", 9)], ("promise", 9)),
                # the last one left, and none that is over
                ([(100, "promise", 0)], [(100, "dispute", 4)], ("promise", 0)),
                (
                    [(100, "promise", -1), (100, "dispute", 4)],
                    ("dispute", 4),
                ),
            )
        ):
            with self.subTest(items=items):
                customer = self._create_customer(f"Customer {number}")
                for holds in items:
                    line = self._get_receivable_line(
                        self._create_open_invoice(customer)
                    )
                    for amount, reason, days in holds:
                        self._hold_for(line, reason, days, amount)
                self.assertHeldBy(customer, *expected)

    def test_reason_and_day_in_two_currencies(self):
        currency = self.setup_other_currency("EUR", rates=[("2024-01-01", 2.0)])
        other = self._create_open_invoice(self.customer, currency_id=currency.id)
        self._hold_for(self.line, "promise", 9)
        self._hold_for(self._get_receivable_line(other), "dispute", 4)
        self.assertHeldBy(self.customer, "dispute", 4)

    def test_hold_on_what_is_not_due_yet_explains_nothing(self):
        coming = self._create_open_invoice(self.customer, days=-3)
        self._hold_for(self._get_receivable_line(coming), "promise", 10)
        self._hold_for(self.line, "dispute", 20)
        self.assertHeldBy(self.customer, "dispute", 20)

    @mute_logger("odoo.sql_db")
    def test_bad_input(self):
        for values in (
            {"amount": 0},
            {"amount": -5},
            {"date_end": TODAY - timedelta(days=1), "date_start": TODAY},
        ):
            with (
                self.subTest(**values),
                self.assertRaises(IntegrityError),
                self.cr.savepoint(),
            ):
                self._hold(self.line, **values)
                self.env.flush_all()

    def test_only_open_customer_items(self):
        income = self.invoice.line_ids - self.line
        draft = self.invoice.copy()
        for line in (income, self._get_receivable_line(draft)):
            with self.assertRaisesRegex(ValidationError, "nothing to hold"):
                self._hold(line, 10)

    def test_ended_hold_frees_the_item(self):
        hold = self._hold(self.line)
        self.assertDecision(self._get_line(self._plan()), "skip held +10")
        hold.action_end()
        self.assertDecision(self._get_line(self._plan()), "contact 3 email")

    def test_lengthening_is_checked_too(self):
        old = self._hold(
            self.line,
            date_start=TODAY - timedelta(days=9),
            date_end=TODAY - timedelta(days=1),
        )
        self._hold(self.line)
        with self.assertRaisesRegex(ValidationError, "more than"):
            old.date_end = TODAY + timedelta(days=5)

    def test_whole_customer_covers_what_an_expired_hold_held(self):
        other = self._create_open_invoice(self.customer)
        self._hold(self.line, is_whole_customer=True)
        self._hold(
            self._get_receivable_line(other),
            date_start=TODAY - timedelta(days=9),
            date_end=TODAY - timedelta(days=1),
        )
        self.assertDecision(self._get_line(self._plan()), "skip held +10")

    def test_whole_customer_outlives_its_invoices(self):
        """Deleting what was owed when it was set does not end it."""
        other = self._create_open_invoice(self.customer)
        end = TODAY + timedelta(days=10)
        holds = self.env["account.collection.hold"]
        for line in self.line + self._get_receivable_line(other):
            holds += self._hold(line, is_whole_customer=True, note="Ill")
        moves = holds.move_id
        moves.button_draft()
        moves.with_context(force_delete=True).unlink()
        hold = holds.exists()
        self.assertRecordValues(
            hold,
            [
                {
                    "line_id": False,
                    "partner_id": self.customer.id,
                    "company_id": self.company.id,
                    "date_end": end,
                    "note": "Ill",
                    "amount": 0,
                }
            ],
        )
        self.assertEqual(hold.display_name, "Ada Fashion")
        later = self._create_open_invoice(self.customer)
        self.assertDecision(self._get_line(self._plan()), "skip held +10")
        self.assertIn(
            "whole customer", self._get_receivable_line(later).collection_hold_reason
        )
        parent = self._create_customer("Parent")
        self.customer.write({"is_company": False, "parent_id": parent.id})
        self.assertEqual(hold.partner_id, parent)
        hold.action_end()
        self.assertDecision(self._get_line(self._plan(), parent), "contact 3 email")

    def test_hold_of_an_invoice_goes_with_it(self):
        hold = self._hold(self.line)
        move = hold.move_id
        move.button_draft()
        move.with_context(force_delete=True).unlink()
        self.assertFalse(hold.exists())

    def test_hold_is_on_something(self):
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.cr.savepoint(),
        ):
            self.env["account.collection.hold"].sudo().create(
                {"amount": 10, "date_end": TODAY}
            ).flush_recordset()

    def test_hold_follows_a_customer_without_a_case(self):
        person = self._create_customer("Bo", is_company=False)
        invoice = self._create_open_invoice(person)
        hold = self._hold(self._get_receivable_line(invoice))
        person.parent_id = self.customer
        self.assertEqual(hold.partner_id, self.customer)

    def test_stays_what_it_is(self):
        """Nobody makes another one of it."""
        user = new_test_user(
            self.env,
            "collector",
            "account_collections.group_collection_own",
            company_id=self.company.id,
        )
        other = self._create_customer("Bellows Ltd")
        line = self._get_receivable_line(self._create_open_invoice(other))
        hold = self._hold(self.line, is_whole_customer=True)
        for values in (
            {"line_id": line.id},
            {"partner_id": other.id},
            {"company_id": self._create_company(name="Elsewhere").id},
            {"currency_id": self.env.ref("base.EUR").id},
            {"is_whole_customer": False},
            {"reason": "dispute"},
        ):
            with (
                self.subTest(values=values),
                self.assertRaisesRegex(UserError, "stays what it is"),
            ):
                hold.with_user(user).write(values)
        hold.with_user(user).note = "Ill"
        self.assertEqual(hold.partner_id, self.customer)

    def test_follows_from_its_item(self):
        """Nobody holds the item of a colleague's customer by naming another one."""
        own, colleague = (
            new_test_user(
                self.env,
                name,
                groups="account_collections.group_collection_own",
                company_id=self.company.id,
            )
            for name in ("own", "colleague")
        )
        other = self._create_customer("Bellows Ltd")
        values = {
            "line_id": self.line.id,
            "partner_id": other.id,
            "currency_id": self.env.ref("base.EUR").id,
            "amount": 10,
            "date_end": TODAY,
        }
        holds = self.env["account.collection.hold"].with_user(own)
        hold = holds.create(dict(values))
        self.assertEqual(hold.partner_id, self.customer)
        self.assertEqual(hold.currency_id, self.line.currency_id)
        self.env["account.collection.case"]._refresh(self.company)
        # Collectors do not assign themselves.
        self.customer.collection_case_ids.sudo().user_id = colleague
        with self.assertRaises(AccessError):
            holds.create(dict(values))

    def test_hold_in_the_currency_of_the_item(self):
        currency = self.setup_other_currency("EUR", rates=[("2024-01-01", 2.0)])
        invoice = self._create_open_invoice(self.customer, 100, currency_id=currency.id)
        hold = self._hold(self._get_receivable_line(invoice), 60)
        self.assertEqual(hold.currency_id, currency)
        line = self._get_line(self._plan())
        self.assertRecordValues(
            line,
            [{"amount_overdue": 150, "amount_held": 30, "amount_collectible": 120}],
        )

    # === HELPERS === #

    def _hold_for(self, line, reason, days, amount=100):
        """Hold as an agreement does, until some days from today."""
        self.env["account.collection.hold"].sudo().create(
            {
                "line_id": line.id,
                "amount": amount,
                "reason": reason,
                "date_start": TODAY - timedelta(days=9),
                "date_end": days is not None and TODAY + timedelta(days=days),
            }
        )

    def assertHeldBy(self, customer, reason, days):
        """A run leaves the customer alone for a reason until a day, some days on."""
        line = self._get_line(self._plan(), customer)
        self.assertRecordValues(
            line,
            [
                {
                    "decision": "skip",
                    "reason": "held",
                    "reason_source": reason,
                    "reason_date": days is not None and TODAY + timedelta(days=days),
                }
            ],
        )
