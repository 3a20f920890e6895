from odoo import Command
from odoo.tests import tagged

from .return_common import ReturnCommon


@tagged("post_install", "-at_install")
class TestReturnReduction(ReturnCommon):
    """What was credited without goods coming back takes off the goods it belongs to."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vat19, cls.vat7 = cls._create_tax(19), cls._create_tax(7)
        cls.lamp, cls.desk = (
            cls.env["product.product"]
            .sudo()
            .create(
                [
                    {"name": name, "taxes_id": [], "company_id": cls.company.id}
                    for name in ("Lamp", "Desk")
                ]
            )
        )

    # === HELPERS === #

    def _reduce(self, invoice, price, like=None, **values):
        """Credit a price by hand, without goods.

        :param like: the line of the invoice whose name, product, account and taxes the
            credit note keeps
        """
        credit = self._credit_by_hand(invoice, post=False)
        line = (credit.invoice_line_ids)[0]
        if like is not None:
            line = credit.invoice_line_ids[like]
        (credit.invoice_line_ids - line).unlink()
        line.write({"quantity": 1, "price_unit": price, "discount": 0, **values})
        credit.action_post()
        return credit

    def _get_worths(self, invoice):
        """What each line credits if all that is left of it comes back."""
        valuation = self.env["account.collection.return.valuation"]
        lines = invoice.invoice_line_ids
        quantities = lines._get_returnable_quantities()
        return [
            round(valuation._get_credit_totals(line, quantities[line], 0)[0], 2)
            for line in lines
        ]

    # === WHERE IT BELONGS === #

    def test_belongs_to_a_line(self):
        """Of 10 lamps at 100 and 10 desks at 300: (the credit, what both are worth)."""
        lamp, desk = {"product_id": self.lamp.id}, {"product_id": self.desk.id}
        for price, like, values, expected in (
            (200, 0, {}, [800, 3000]),
            (200, 1, {}, [1000, 2800]),
            # Of no product: all on the same account with the same taxes
            (200, 0, {"product_id": False, "name": "Courtesy"}, [950, 2850]),
            # Of the product, whatever it is called
            (200, 0, {"name": "Price of the lamps"}, [800, 3000]),
            # More than the lamps are worth
            (1400, 0, {}, [0, 2600]),
            (4000, 0, {}, [0, 0]),
        ):
            with self.subTest(price=price, like=like, values=values):
                invoice = self._sell((10, 100, None, lamp), (10, 300, None, desk))
                self._reduce(invoice, price, like, **values)
                self.assertEqual(self._get_worths(invoice), expected)

    def test_belongs_by_name_account_and_taxes(self):
        """Goods without product: (the credit, what the three lines are worth)."""
        account = self.company_data["default_account_revenue"].sudo().copy()
        for like, values, expected in (
            (0, {}, [71.4, 119, 107]),
            (1, {}, [119, 71.4, 107]),
            # Both of 19 % share 47.60; the third one is on another account.
            (0, {"name": "Courtesy"}, [95.2, 95.2, 107]),
            (2, {"name": "Courtesy"}, [119, 119, 64.2]),
            (
                0,
                {"name": "Courtesy", "account_id": account.id},
                [95.2, 95.2, 107],
            ),
            (
                0,
                {"name": "Courtesy", "tax_ids": [Command.clear()]},
                [105.2, 105.2, 94.6],
            ),
        ):
            with self.subTest(like=like, values=values):
                invoice = self._sell(
                    (1, 100, self.vat19), (1, 100, self.vat19), (1, 100, self.vat7)
                )
                self._reduce(invoice, 40, like, **values)
                self.assertEqual(
                    [round(worth, 1) for worth in self._get_worths(invoice)], expected
                )
                self.assertAlmostEqual(
                    sum(self._get_worths(invoice)), invoice.amount_residual, places=2
                )

    def test_belongs_to_what_was_disputed(self):
        invoice = self._sell((10, 100, self.vat19), (10, 300, self.vat19))
        dispute = self.env["account.collection.dispute"].create(
            {
                "partner_id": self.customer.id,
                "line_ids": [Command.set(self._get_receivable_line(invoice).ids)],
                "invoice_line_ids": [Command.set(invoice.invoice_line_ids[1].ids)],
                "amount": 238,
                "reason_id": self.env.ref(
                    "account_collections.dispute_reason_price"
                ).id,
            }
        )
        dispute.action_confirm()
        dispute.action_investigate()
        dispute.action_resolve_valid(238, "Sorry.")
        dispute.credit_move_ids.action_post()
        self.assertEqual(self._get_worths(invoice), [1190, 3332])

    def test_several(self):
        """Each takes off what it belongs to, and the courtesy what they leave."""
        lamp, desk = {"product_id": self.lamp.id}, {"product_id": self.desk.id}
        invoice = self._sell((10, 100, None, lamp), (10, 300, None, desk))
        self._reduce(invoice, 500, 0)
        self._reduce(invoice, 1000, 1)
        self._reduce(invoice, 250, 0, name="Courtesy", product_id=False)
        # 500 and 2,000 are left, of which 250 are taken off in proportion.
        self.assertEqual(self._get_worths(invoice), [450, 1800])

    # === TO THE CENT === #

    def test_pieces_come_to_what_is_left(self):
        """Returned piece by piece, each line credits what is left of it and no more."""
        lamp, desk = {"product_id": self.lamp.id}, {"product_id": self.desk.id}
        for before in (0, 1):
            with self.subTest(before=before):
                invoice = self._sell(
                    (3, 33.33, self.vat19, lamp), (3, 9.99, self.vat7, desk)
                )
                if before:
                    self._take_back(invoice, [1, 1], "credited")
                self._reduce(invoice, 7.77, 0)
                self._reduce(invoice, 1.11, 1)
                self._reduce(invoice, 0.05, 0, name="Courtesy", product_id=False)
                worths = self._get_worths(invoice)
                self.assertAlmostEqual(sum(worths), invoice.amount_residual, places=2)
                credited = [0, 0]
                for _step in range(3 - before):
                    one = self._take_back(invoice, [1, 1], "credited")
                    for index, line in enumerate(one.return_line_ids):
                        credited[index] += line.amount_accepted
                self.assertEqual([round(one, 2) for one in credited], worths)
                self.assertEqual(invoice.amount_residual, 0)

    def test_no_more_than_is_left_of_the_line(self):
        """A lamp at 100, of which 99 were credited, brings one back; however many
        desks are on the invoice, and whichever comes back first."""
        lamp, desk = {"product_id": self.lamp.id}, {"product_id": self.desk.id}
        for order in ([1, 0], [0, 1]), ([0, 1], [1, 0]), ([1, 1],):
            with self.subTest(order=order):
                invoice = self._sell((1, 100, None, lamp), (1, 300, None, desk))
                self._reduce(invoice, 99, 0)
                credited = {}
                for quantities in order:
                    one = self._take_back(invoice, quantities, "credited")
                    for line in one.return_line_ids:
                        credited[line.product_id] = line.amount_accepted
                self.assertEqual(credited, {self.lamp: 1, self.desk: 300})
                self.assertEqual(invoice.amount_residual, 0)

    def test_after_the_goods_came_back(self):
        """What was credited of the price of goods that are back takes off the rest."""
        lamp, desk = {"product_id": self.lamp.id}, {"product_id": self.desk.id}
        invoice = self._sell((2, 100, None, lamp), (1, 300, None, desk))
        self._take_back(invoice, [1, 0], "credited")
        self._reduce(invoice, 130, 0)
        # 100 for the other lamp, 30 for the desk
        self.assertEqual(self._get_worths(invoice), [0, 270])
