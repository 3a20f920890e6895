"""Two people at the same open item at the same moment: one of them wins."""

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
values = {{
    "partner_id": partner.id, "company_id": move.company_id.id,
    "currency_id": line.currency_id.id, "line_ids": [(6, 0, line.ids)],
}}
env["account.collection.promise"].create([
    dict(values, amount=40, date_due=today + timedelta(days=5)) for _number in "ab"
])
reason = env.ref("account_collections.dispute_reason_price")
env["account.collection.dispute"].create([
    dict(values, amount=60, reason_id=reason.id) for _number in "ab"
])
env.cr.commit()
"""

# What both do at once.
COMPETE = """
partner = env["res.partner"].search([("name", "=", "Racer")])
line = env["account.move.line"].search(
    [("partner_id", "=", partner.id), ("account_type", "=", "asset_receivable")]
)
kind, number = arguments[0], int(arguments[1])

def compete():
    if kind == "account.collection.hold":
        env[kind].create({"line_id": line.id, "amount": 60})
    else:
        documents = env[kind].search([("partner_id", "=", partner.id)])
        documents.sorted("id")[number].action_confirm()
    return "done"
"""

HELD = """
SELECT COUNT(*), SUM(hold.amount) FROM account_collection_hold hold
  JOIN res_partner partner ON partner.id = hold.partner_id
 WHERE partner.name = 'Racer' AND hold.active
"""


@tagged("post_install", "-at_install")
class TestRaces(BaseCase):
    def test_one_wins(self):
        """(what both make on the same item, what the second is told, what is held)."""
        for kind, message, held in (
            ("account.collection.promise", "is in force on these open items", 40),
            ("account.collection.dispute", "more than the", 60),
            ("account.collection.hold", "more than the", 60),
        ):
            with self.subTest(kind=kind), databases.database() as name:
                databases.run(name, PREPARE)
                outputs = databases.compete(name, COMPETE, (kind, "0"), (kind, "1"))
                outputs.sort(key=len)
                self.assertEqual(outputs[0], "done")
                self.assertIn(message, outputs[1])
                self.assertEqual(databases.query(name, HELD), [(1, held)])
