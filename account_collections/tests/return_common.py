from odoo import Command

from .common import TODAY, CollectionCommon


class ReturnCommon(CollectionCommon):
    """Invoices of goods, and what comes back of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids -= cls.env.ref(
            "account_collections.group_collection_manager"
        ) + cls.env.ref("account.group_account_manager")
        cls.env.user.group_ids += cls.env.ref(
            "account_collections.group_collection_all"
        )

    # === HELPERS === #

    @classmethod
    def _create_tax(cls, percent, **values):
        return (
            cls.env["account.tax"]
            .sudo()
            .create(
                {
                    "name": f"{percent} % of goods",
                    "amount": percent,
                    "company_id": cls.company.id,
                    **values,
                }
            )
        )

    @classmethod
    def _sell(cls, *goods, partner=None, **values):
        """Post an invoice of goods: (quantity, price, taxes, more values)."""
        return cls._create_open_invoice(
            partner or cls.customer,
            invoice_line_ids=[
                Command.create(
                    {
                        "name": f"Goods {number}",
                        "quantity": quantity,
                        "price_unit": price,
                        "tax_ids": [Command.set(taxes.ids if taxes else [])],
                        **(more[0] if more else {}),
                    }
                )
                for number, (quantity, price, taxes, *more) in enumerate(goods, 1)
            ],
            **values,
        )

    @classmethod
    def _take_back(cls, invoice, quantities, state="authorized", **values):
        """Bring a return into a state.

        :param quantities: what comes back of each line of the invoice, in order; zero
            for none
        """
        percent = values.pop("restocking_percent", 0)
        one = cls.env["account.collection.return"].create(
            {
                "partner_id": invoice.commercial_partner_id.id,
                "company_id": invoice.company_id.root_id.id,
                "currency_id": invoice.currency_id.id,
                "return_line_ids": [
                    Command.create(
                        {
                            "invoice_line_id": line.id,
                            "quantity": quantity,
                            "restocking_percent": percent,
                        }
                    )
                    for line, quantity in zip(
                        invoice.invoice_line_ids, quantities, strict=False
                    )
                    if quantity
                ],
                **values,
            }
        )
        if state == "draft":
            return one
        one.action_confirm()
        if state == "requested":
            return one
        one.action_authorize()
        if state == "authorized":
            return one
        cls._receive(one)
        if state == "received":
            return one
        one.action_credit()
        return one

    @classmethod
    def _receive(cls, one, accepted=None, refused=0, reason=None):
        """Note that goods have arrived, all of them unless told otherwise."""
        one._record_receipt(
            {
                line: (
                    line.quantity if accepted is None else accepted,
                    refused,
                    reason,
                )
                for line in one.return_line_ids
            }
        )

    @classmethod
    def _credit_by_hand(cls, invoice, post=True, **values):
        """Credit an invoice by Odoo's own reversal, its lines changed."""
        reversal = (
            cls.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id, "date": TODAY})
        )
        reversal.refund_moves()
        credit = reversal.new_move_ids
        credit.invoice_line_ids.write(values)
        if post:
            credit.action_post()
        return credit

    @classmethod
    def _reverse(cls, move):
        """Reverse an entry by hand, matched with what reverses it."""
        move._reverse_moves([{"date": TODAY, "invoice_date": TODAY}], cancel=True)

    @classmethod
    def _get_balances(cls):
        """The trial balance of the company.

        :rtype: dict
        """
        cls.env.flush_all()
        return {
            account: balance
            for account, balance in cls.env["account.move.line"]
            .sudo()
            ._read_group(
                [
                    ("company_id", "=", cls.company.id),
                    ("parent_state", "=", "posted"),
                ],
                ["account_id"],
                ["balance:sum"],
            )
            if not cls.company.currency_id.is_zero(balance)
        }

    def assertHeld(self, one, amounts):
        holds = one.hold_ids.filtered("active").sorted("id")
        self.assertEqual(holds.mapped("amount"), amounts)
