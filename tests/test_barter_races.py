"""Two people at the same barter at the same moment: nothing is posted twice."""

import databases

from odoo.tests import BaseCase, tagged

PREPARE = f"""
from datetime import date, timedelta
today = date.fromisoformat("{databases.TODAY}")
partner = env["res.partner"].create({{"name": "Racer", "is_company": True}})
move = env["account.move"].create({{
    "move_type": "out_invoice", "partner_id": partner.id,
    "invoice_date": today - timedelta(days=40),
    "invoice_date_due": today - timedelta(days=10),
    "invoice_line_ids": [
        (0, 0, {{"name": "Goods", "price_unit": 100, "tax_ids": []}})
    ],
}})
move.action_post()
line = move.line_ids.filtered("date_maturity")
barter = env["account.collection.barter"].create({{
    "partner_id": partner.id, "company_id": move.company_id.id,
    "currency_id": line.currency_id.id, "line_ids": [(6, 0, line.ids)],
    "date_deadline": today + timedelta(days=9),
    "given_ids": [(0, 0, {{"name": "Work", "price_unit": 100, "tax_ids": []}})],
}})
barter.action_confirm()
barter.evidence_ids = env["ir.attachment"].create({{"name": "Price", "raw": b"100"}})
if arguments[0] != "accept":
    barter.action_accept("Ms Lovelace")
if arguments[0] == "settle":
    barter.action_deliver([{{"line_id": barter.given_ids.id, "quantity": 1}}])
env.cr.commit()
"""

# What both do at once.
COMPETE = """
barter = env["account.collection.barter"].search([("partner_id.name", "=", "Racer")])

def compete():
    [action, *quantities] = arguments
    values = ["Ms Lovelace"] if action == "accept" else []
    if action == "deliver":
        line = barter.given_ids.id
        values = [[{"line_id": line, "quantity": float(quantities[0])}]]
    getattr(barter, f"action_{action}")(*values)
    return "done"
"""

# What is left: the state, the live holds, the bills, and what is owed of 100.
OUTCOME = """
SELECT barter.state,
       (SELECT COUNT(*) FROM account_collection_hold hold
         WHERE hold.partner_id = barter.partner_id AND hold.active),
       (SELECT COUNT(*) FROM account_move bill
         WHERE bill.partner_id = barter.partner_id
           AND bill.move_type = 'in_invoice' AND bill.state = 'posted'),
       (SELECT SUM(invoice.amount_residual)::int FROM account_move invoice
         WHERE invoice.partner_id = barter.partner_id
           AND invoice.move_type = 'out_invoice')
  FROM account_collection_barter barter
  JOIN res_partner partner ON partner.id = barter.partner_id
 WHERE partner.name = 'Racer'
"""


@tagged("post_install", "-at_install")
class TestBarterRaces(BaseCase):
    def test_settled_once(self):
        with databases.database() as name:
            outputs, outcome = self._compete(name, "settle", "settle")
        self.assertEqual(outputs[0], "done")
        self.assertRegex(outputs[1], "already|at this moment|Somebody|right now")
        self.assertEqual(outcome, ("settled", 0, 1, 0))

    def test_no_more_is_delivered_than_agreed(self):
        """Two who note 60 % each: the second one is told."""
        with databases.database() as name:
            outputs, outcome = self._compete(name, "deliver 0.6", "deliver 0.6")
        self.assertEqual(outputs[0], "done")
        self.assertRegex(outputs[1], "but only|Somebody")
        self.assertEqual(outcome, ("agreed", 1, 0, 100))

    def test_accepted_and_cancelled_at_once(self):
        """Whoever comes first: what is held is what the state says."""
        with databases.database() as name:
            outputs, outcome = self._compete(name, "accept", "cancel")
        self.assertEqual(outputs[0], "done")
        self.assertRegex(outputs[1], "done|already|at this moment|Somebody|right now")
        self.assertIn(outcome, (("cancelled", 0, 0, 100), ("agreed", 1, 0, 100)))

    def test_settled_and_cancelled_at_once(self):
        """Settled and then reversed, or one of the two: never a part of either."""
        with databases.database() as name:
            outputs, outcome = self._compete(name, "settle", "cancel")
        self.assertEqual(outputs[0], "done")
        self.assertRegex(outputs[1], "done|already|at this moment|Somebody|right now")
        self.assertIn(
            outcome,
            (
                ("settled", 0, 1, 0),
                ("cancelled", 0, 1, 100),
                ("cancelled", 0, 0, 100),
            ),
        )

    # === HELPERS === #

    def _compete(self, name, *actions):
        """Let two act on the same barter at once.

        :param str name: the database
        :param str actions: what each of them does, and how much of it
        :return: what each of them was told, and what is left
        """
        databases.run(name, PREPARE, actions[0])
        outputs = databases.compete(
            name, COMPETE, *(action.split() for action in actions)
        )
        return sorted(outputs, key=len), databases.query(name, OUTCOME)[0]
