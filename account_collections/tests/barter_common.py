import base64
from datetime import timedelta

from odoo import Command
from odoo.tools import SQL

from .common import TODAY, CollectionCommon


class BarterCommon(CollectionCommon):
    """Barters of a customer who owes money, and what the ledger says of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.expense_account = cls.company_data["default_account_expense"]
        cls.sale_tax = cls._create_tax("sale", 20)
        cls.purchase_tax = cls._create_tax("purchase", 10)

    # === HELPERS === #

    @classmethod
    def _create_tax(cls, kind, amount, **values):
        return cls.env["account.tax"].create(
            {
                "name": f"{kind} {amount} %",
                "type_tax_use": kind,
                "amount": amount,
                "company_id": cls.company.id,
                "country_id": cls.company.account_fiscal_country_id.id,
                **values,
            }
        )

    @classmethod
    def _give(cls, name="Printing", quantity=1, price_unit=100, taxes=None, **values):
        """Values of something that is given, without taxes unless told otherwise."""
        return Command.create(
            {
                "name": name,
                "quantity": quantity,
                "price_unit": price_unit,
                "tax_ids": [Command.set(taxes.ids if taxes else [])],
                "account_id": cls.expense_account.id,
                **values,
            }
        )

    @classmethod
    def _barter(cls, invoices, given=None, state="agreed", **values):
        """Make a barter and lead it to a state; everything is delivered.

        :param invoices: what it is set off against
        :param list given: commands of what is given, 100 unless told otherwise
        """
        lines = cls._get_receivable_line(invoices)
        barter = cls.env["account.collection.barter"].create(
            {
                "partner_id": invoices.commercial_partner_id.id,
                "company_id": cls.company.id,
                "currency_id": lines[:1].currency_id.id,
                "line_ids": [Command.set(lines.ids)],
                "given_ids": given or [cls._give()],
                "date_deadline": TODAY + timedelta(days=20),
                **values,
            }
        )
        cls._lead(barter, state)
        return barter

    @classmethod
    def _lead(cls, barter, state):
        if state == "draft":
            return
        barter.action_confirm()
        if state == "proposed":
            return
        cls._attach(barter)
        barter.action_accept("Ms Lovelace")
        if state == "agreed":
            return
        cls._deliver(barter)
        if state == "settled":
            barter.action_settle()

    @classmethod
    def _attach(cls, barter):
        barter.evidence_ids = cls.env["ir.attachment"].create(
            {
                "name": "Price list.txt",
                "raw": base64.b64encode(b"Printing: 100"),
                "res_model": barter._name,
                "res_id": barter.id,
            }
        )

    @classmethod
    def _deliver(cls, barter, *quantities, **values):
        """Accept some quantities of what is given, in order; everything by default."""
        quantities = quantities or barter.given_ids.mapped("quantity")
        barter.action_deliver(
            [
                {"line_id": line.id, "quantity": quantity, **values}
                for line, quantity in zip(barter.given_ids, quantities, strict=False)
                if quantity or values
            ]
        )

    @classmethod
    def _get_balances(cls):
        """The trial balance: what is on each account, in the company's currency and
        in foreign currencies, zeros left out."""
        cls.env.flush_all()
        rows = cls.env.execute_query(
            SQL(
                """
                SELECT account_id, currency_id, SUM(balance), SUM(amount_currency)
                  FROM account_move_line
                 WHERE parent_state = 'posted' AND company_id = %s
                 GROUP BY account_id, currency_id
                HAVING SUM(balance) != 0 OR SUM(amount_currency) != 0
                """,
                cls.company.id,
            )
        )
        return {
            (account, currency): (float(balance), float(amount))
            for account, currency, balance, amount in rows
        }

    def _get_balance(self, account_type, partner=None, field="balance"):
        """What is on the accounts of some type for a customer."""
        lines = self.env["account.move.line"].search(
            [
                ("parent_state", "=", "posted"),
                ("company_id", "=", self.company.id),
                ("account_id.account_type", "=", account_type),
                ("partner_id", "=", (partner or self.customer).id),
            ]
        )
        return self.company.currency_id.round(sum(lines.mapped(field)))

    def _get_clearing(self):
        """What is on the clearing account, in the company's and in foreign currency."""
        lines = self.env["account.move.line"].search(
            [("account_id", "=", self.company.collection_barter_account_id.id)]
        )
        self.assertTrue(lines)
        return (
            self.company.currency_id.round(sum(lines.mapped("balance"))),
            self.company.currency_id.round(sum(lines.mapped("amount_currency"))),
        )

    def assertHeld(self, barter, amounts):
        holds = barter.hold_ids.filtered("active").sorted("id")
        self.assertEqual(holds.mapped("amount"), amounts)
