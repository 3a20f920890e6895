from odoo.tests import tagged

from .common import TODAY, CollectionCommon

VALUES = ("state", "amount_overdue", "amount_held", "amount_collectible")


@tagged("post_install", "-at_install")
class TestCasePayment(CollectionCommon):
    """What becomes of a case when its customer pays, right after the transaction."""

    def _open_case(self, name, days=30):
        """Open the case of a new customer with a late invoice.

        :return: the case and the invoice
        """
        customer = self._create_customer(name)
        invoice = self._create_open_invoice(customer, days=days)
        self.env["account.collection.case"]._refresh(self.company, customer)
        case = self.env["account.collection.case"].search(
            [("partner_id", "=", customer.id)]
        )
        return case, invoice

    def assertFollows(self, case, state, overdue):
        """The case is as the payment leaves it, and as a decision would leave it."""
        cases = self.env["account.collection.case"]
        cases._refresh_open(case.partner_id.ids)
        self.assertEqual((case.state, case.amount_overdue), (state, overdue))
        [values] = case.read(VALUES)
        cases._refresh(self.company, case.partner_id)
        self.assertEqual(case.read(VALUES), [values])

    def test_all_is_paid(self):
        case, invoice = self._open_case("Paid")
        self._pay(invoice)
        self.assertFollows(case, "closed", 0)
        self.assertEqual(case.date_closed, TODAY)

    def test_some_is_paid(self):
        case, invoice = self._open_case("Partly paid")
        self._pay(invoice, 40)
        self.assertFollows(case, "open", 60)

    def test_something_else_is_late(self):
        case, invoice = self._open_case("Two late")
        self._create_open_invoice(case.partner_id, 25, days=1)
        self._pay(invoice)
        self.assertFollows(case, "open", 25)

    def test_something_else_is_coming_due(self):
        case, invoice = self._open_case("One coming")
        self._create_open_invoice(case.partner_id, 25, days=0)
        self._pay(invoice)
        self.assertFollows(case, "closed", 0)

    def test_a_contact_person_owes(self):
        """The invoice of a branch of the customer is the customer's."""
        case, invoice = self._open_case("Head office")
        branch = self._create_customer("Site", parent_id=case.partner_id.id)
        branch.is_company = False
        self._create_open_invoice(branch, 25, days=1)
        self._pay(invoice)
        self.assertFollows(case, "open", 25)

    def test_something_is_agreed(self):
        case, invoice = self._open_case("Agreed")
        other = self._create_open_invoice(case.partner_id, 50, days=-10)
        self.env["account.collection.promise"].create(
            {
                "partner_id": case.partner_id.id,
                "company_id": self.company.id,
                "line_ids": self._get_receivable_line(other).ids,
                "amount": 50,
                "date_due": TODAY,
            }
        ).action_confirm()
        self._pay(invoice)
        self.assertFollows(case, "open", 0)

    def test_few_statements_close_a_case(self):
        """Who owes nothing late any more costs the payment next to nothing."""
        paid = [self._open_case(f"Customer {number}") for number in range(3)]
        for _case, invoice in paid:
            self._pay(invoice)
        self.env.flush_all()
        for cases in (paid[:1], paid[1:]):
            partner_ids = [case.partner_id.id for case, _invoice in cases]
            self.env.invalidate_all()
            with self.assertQueryCount(3):
                self.env["account.collection.case"]._refresh_open(partner_ids)

    def test_payments_of_others_ask_once(self):
        """Where nothing was ever agreed, a change of the ledger asks once for it."""
        _case, invoice = self._open_case("Plain")
        line = self._get_receivable_line(invoice)
        self.env.flush_all()
        with self.assertQueryCount(1):
            self.env["account.collection.ledger"]._follow(line)
