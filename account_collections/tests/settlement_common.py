from collections import defaultdict
from datetime import timedelta

from freezegun import freeze_time

from odoo import Command
from odoo.tests import new_test_user, tagged

from .common import TODAY, CollectionCommon


@tagged("post_install", "-at_install")
class SettlementCommon(CollectionCommon):
    """Settlements of 80 %, offered on the 14th of June and to be paid by the 24th."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(
            cls.env,
            login="collections_manager",
            groups="account_collections.group_collection_manager",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.collector = new_test_user(
            cls.env,
            login="collections_collector",
            groups="account_collections.group_collection_all",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.policy.write(
            {"settlement_max_discount_percent": 20, "settlement_wait_days": 3}
        )

    # === HELPERS === #

    @classmethod
    def _create_tax(cls, percent, **values):
        tax = cls.env["account.tax"].create(
            {"name": f"{percent} % {values}", "amount": percent, **values}
        )
        account = cls.company_data["default_account_assets"].copy()
        (tax.invoice_repartition_line_ids | tax.refund_repartition_line_ids).filtered(
            lambda line: line.repartition_type == "tax"
        ).account_id = account
        return tax

    @classmethod
    def _create_taxed_invoice(cls, lines, days=10, **values):
        """Post an invoice with a line for each price and its taxes."""
        return cls._create_open_invoice(
            cls.customer,
            days=days,
            invoice_line_ids=[
                Command.create(
                    {
                        "name": f"Goods at {price}",
                        "price_unit": price,
                        "tax_ids": [Command.set(taxes.ids if taxes else [])],
                    }
                )
                for price, taxes in lines
            ],
            **values,
        )

    @classmethod
    def _settlement(cls, invoices, amount=None, until="accepted", days=10, **values):
        """Make a settlement of invoices, up to a state.

        :param float amount: what is paid, 80 % unless told otherwise
        :param str until: draft, offered or accepted
        :param int days: after which it expires and is to be paid
        """
        lines = cls._get_receivable_line(invoices)
        owed = sum(lines.mapped("amount_residual_currency"))
        settlement = cls.env["account.collection.settlement"].create(
            {
                "partner_id": invoices.commercial_partner_id.id,
                "company_id": cls.company.id,
                "currency_id": lines[:1].currency_id.id,
                "line_ids": [Command.set(lines.ids)],
                "amount": lines[:1].currency_id.round(owed * 0.8)
                if amount is None
                else amount,
                "nature": "concession",
                "date_expiry": TODAY + timedelta(days=days),
                **values,
            }
        )
        if until != "draft":
            settlement.action_confirm()
        if until == "accepted":
            settlement.action_accept("Ada Miller")
        return settlement

    @classmethod
    def _pay_invoices(cls, invoices, amount, days=0, **values):
        """Register one payment of several invoices, some days from now."""
        return cls._pay(
            invoices,
            amount,
            group_payment=True,
            payment_difference_handling="open",
            payment_date=TODAY + timedelta(days=days),
            **values,
        )

    def _evaluate_on(self, days):
        """Let the scheduler evaluate everything, some days from now."""
        with freeze_time(f"{TODAY + timedelta(days=days)} 10:00:00"):
            self.env["account.collection.commitment"]._cron_evaluate()

    def _get_balances(self):
        """The trial balance: what is posted on each account."""
        balances = defaultdict(float)
        for account, amount in self.env["account.move.line"]._read_group(
            [("company_id", "=", self.company.id), ("parent_state", "=", "posted")],
            ["account_id"],
            ["balance:sum"],
        ):
            balances[account] += amount
        return {
            account: round(balance, 2)
            for account, balance in balances.items()
            if round(balance, 2)
        }

    def _get_difference(self, before):
        """What has changed on each account since a trial balance."""
        after = self._get_balances()
        return {
            account: round(after.get(account, 0) - before.get(account, 0), 2)
            for account in {*before, *after}
            if round(after.get(account, 0) - before.get(account, 0), 2)
        }

    def assertClosed(self, invoices):
        """Nothing is left of invoices, in either currency."""
        for line in self._get_receivable_line(invoices):
            self.assertTrue(line.reconciled)
            self.assertEqual(
                (line.amount_residual_currency, line.amount_residual), (0, 0)
            )
