"""Settlements and barters of customers that are merged or become part of another one,
and of branches of the company."""

from datetime import timedelta

from freezegun import freeze_time

from odoo import Command
from odoo.tests import tagged

from .barter_common import BarterCommon
from .common import TODAY
from .settlement_common import SettlementCommon


@tagged("post_install", "-at_install")
class TestAgreementMoved(BarterCommon, SettlementCommon):
    # === CUSTOMERS === #

    def test_settlements_go_on(self):
        """(how the customer changes, the state then, what happens, the state in the
        end, what is left of 100)"""
        for change in ("merge", "parent"):
            for state, follow, expected, left in (
                ("draft", self._confirm, "offered", 100),
                ("offered", self._accept, "accepted", 100),
                ("offered", self._pay_agreed, "settled", 0),
                ("accepted", self._pay_agreed, "settled", 0),
                ("accepted", self._cancel, "cancelled", 100),
                ("settled", self._cancel, "cancelled", 20),
                ("lapsed", self._wait, "lapsed", 100),
            ):
                with (
                    self.subTest(change=change, state=state, follow=follow.__name__),
                    self.env.cr.savepoint() as savepoint,
                ):
                    customer = self._create_customer("Small")
                    target = self._create_customer("Large")
                    self._create_open_invoice(target, 7)
                    invoice = self._create_open_invoice(customer)
                    settlement = self._lead_settlement(invoice, state)
                    fingerprint = settlement.accepted_hash
                    self._change(change, customer, target)
                    self.assertMoved(settlement, target)
                    follow(settlement)
                    self.assertEqual(settlement.state, expected)
                    self.assertEqual(invoice.amount_residual, left)
                    if fingerprint:
                        self.assertEqual(settlement.accepted_hash, fingerprint)
                    self.assertFalse(
                        settlement.hold_ids.filtered("active")
                        if expected not in settlement._live_states
                        else False
                    )
                    self.assertMoved(settlement, target)
                    savepoint.rollback()

    def test_barters_go_on(self):
        """(how the customer changes, the state then, what happens, the state in the
        end, what is left of 100)"""
        for change in ("merge", "parent"):
            for state, follow, expected, left in (
                ("draft", self._confirm, "proposed", 100),
                ("agreed", self._deliver_all, "settled", 0),
                ("agreed", self._cancel, "cancelled", 100),
                ("delivered", self._settle_barter, "settled", 0),
                ("settled", self._unmatch, "settled", 0),
                ("settled", self._cancel, "cancelled", 100),
            ):
                with (
                    self.subTest(change=change, state=state, follow=follow.__name__),
                    self.env.cr.savepoint() as savepoint,
                ):
                    before = self._get_balances()
                    customer = self._create_customer("Small")
                    target = self._create_customer("Large")
                    self._create_open_invoice(target, 7)
                    invoice = self._create_open_invoice(customer)
                    owed = self._get_balances()
                    barter = self._barter(invoice, state=state)
                    self._change(change, customer, target)
                    self.assertMoved(barter, target)
                    follow(barter)
                    self.assertEqual(barter.state, expected)
                    self.assertEqual(invoice.amount_residual, left)
                    self.assertMoved(barter, target)
                    if expected == "cancelled":
                        self.assertEqual(self._get_balances(), owed)
                    self.assertNotEqual(owed, before)
                    savepoint.rollback()

    def test_request_for_approval_is_kept(self):
        """The same terms, of a customer who is another one now."""
        for change in ("merge", "parent"):
            with self.subTest(change=change), self.env.cr.savepoint() as savepoint:
                customer = self._create_customer("Small")
                target = self._create_customer("Large")
                invoice = self._create_open_invoice(customer)
                settlement = self._settlement(invoice, 50, until="offered")
                self.assertEqual(settlement.state, "draft")
                self._change(change, customer, target)
                self.assertTrue(settlement.requested_by_id)
                settlement.with_user(self.manager).action_approve()
                self.assertEqual(settlement.state, "offered")
                savepoint.rollback()

    # === BRANCHES === #

    def test_branch_is_settled(self):
        """An invoice of a branch and one of the company: each is credited, or written
        off, where it is booked; cancelling leaves no trace."""
        branch = self._create_branch()
        for nature in ("concession", "impairment"):
            with self.subTest(nature=nature), self.env.cr.savepoint() as savepoint:
                own = self._create_open_invoice(self.customer, 100)
                other = self._create_branch_invoice(branch, 200)
                settlement = self._settlement(own | other, nature=nature)
                self.assertEqual(settlement.company_id, self.company)
                self.assertEqual(settlement.amount_covered, 300)
                self._pay(own, 80, payment_difference_handling="open")
                self._pay_in_branch(branch, other, 160)
                self._evaluate_on(0)
                self.assertEqual(settlement.state, "settled")
                self.assertClosed(own | other)
                self.assertEqual(
                    {
                        move.company_id: sum(
                            -line.balance for line in move._get_receivables()
                        )
                        for move in settlement.move_ids
                    },
                    {self.company: 20, branch: 40},
                )
                settlement.with_user(self.manager).action_cancel()
                self.assertEqual((own | other).mapped("amount_residual"), [20, 40])
                savepoint.rollback()

    def test_branch_is_bartered(self):
        """What is given is bought by the company, and set off against the invoices of
        the branch too."""
        branch = self._create_branch()
        own = self._create_open_invoice(self.customer, 60, days=50)
        other = self._create_branch_invoice(branch, 90)
        barter = self._barter(own | other, [self._give(price_unit=120)])
        self.assertHeld(barter, [60, 60])
        self._deliver(barter)
        barter.action_settle()
        self.assertEqual(barter.state, "settled")
        self.assertEqual((own | other).mapped("amount_residual"), [0, 30])
        self.assertEqual(barter.bill_id.amount_residual, 0)
        self.assertEqual(self._get_clearing(), (0, 0))
        barter.action_cancel()
        self.assertEqual((own | other).mapped("amount_residual"), [60, 90])

    # === HELPERS === #

    def _change(self, change, customer, target):
        if change == "merge":
            self.env["base.partner.merge.automatic.wizard"].sudo().create({})._merge(
                [customer.id, target.id], target
            )
        else:
            customer.write({"parent_id": target.id, "is_company": False})

    def _lead_settlement(self, invoice, state):
        until = state if state in ("draft", "offered") else "accepted"
        settlement = self._settlement(invoice, until=until)
        if state == "settled":
            self._pay_agreed(settlement)
        elif state == "lapsed":
            with freeze_time(TODAY + timedelta(days=20)):
                settlement._evaluate()
        self.assertEqual(settlement.state, state)
        return settlement

    def _confirm(self, agreement):
        agreement.action_confirm()

    def _accept(self, agreement):
        agreement.action_accept("Ms Lovelace")

    def _cancel(self, agreement):
        agreement.with_user(self.manager).sudo().action_cancel()

    def _pay_agreed(self, settlement):
        self._pay(settlement.line_ids.move_id, 80)
        settlement._evaluate()

    def _wait(self, agreement):
        with freeze_time(TODAY + timedelta(days=30)):
            agreement._evaluate()

    def _deliver_all(self, barter):
        self._deliver(barter)
        barter.action_settle()

    def _settle_barter(self, barter):
        barter.action_settle()

    def _unmatch(self, barter):
        barter.netting_move_id.line_ids.remove_move_reconcile()
        self.assertEqual(barter.state, "delivered")
        barter.action_settle()

    def _create_branch(self):
        self.company.write({"child_ids": [Command.create({"name": "Branch"})]})
        branch = self.company.child_ids
        self.env.user.company_ids |= branch
        self.manager.company_ids |= branch
        self.cr.precommit.run()
        return branch

    def _create_branch_invoice(self, branch, amount):
        return self._create_open_invoice(
            self.customer.with_company(branch), amount, company_id=branch.id
        )

    def _pay_in_branch(self, branch, invoice, amount):
        self._pay(
            invoice.with_company(branch), amount, payment_difference_handling="open"
        )

    def assertMoved(self, agreement, partner):
        """The agreement and all that hangs on it are the other customer's."""
        self.assertEqual(agreement.partner_id, partner)
        self.assertLessEqual(agreement.commitment_ids.partner_id, partner)
        self.assertLessEqual(agreement.hold_ids.partner_id, partner)
        if agreement.case_id:
            self.assertEqual(agreement.case_id.partner_id, partner)
