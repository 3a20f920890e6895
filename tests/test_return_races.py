"""Returns on which two people work at once: the same goods never come back twice, and
what was authorized and cancelled at once ends in exactly one of the two."""

import databases

from odoo.tests import BaseCase, tagged

PREPARE = """
partner = env["res.partner"].create({"name": "Returner", "is_company": True})
invoice = env["account.move"].create({
    "move_type": "out_invoice", "partner_id": partner.id,
    "invoice_date": "2024-04-01", "invoice_date_due": "2024-05-01",
    "invoice_line_ids": [
        (0, 0, {"name": "Goods", "quantity": 3, "price_unit": 100, "tax_ids": []})
    ],
})
invoice.action_post()
returns = env["account.collection.return"].create([
    {"partner_id": partner.id, "company_id": env.company.id,
     "currency_id": invoice.currency_id.id, "note": note,
     "return_line_ids": [
        (0, 0, {"invoice_line_id": invoice.invoice_line_ids.id, "quantity": 2})
     ]}
    for note in ("first", "second")
])
env.cr.commit()
"""

RECEIVE = """
one = env["account.collection.return"].search([("note", "=", "first")])
one.action_confirm()
one.action_authorize()
one._record_receipt({one.return_line_ids: (2, 0, None)})
env.cr.commit()
"""

# What both do at once.
COMPETE = """
note, *actions = arguments[0].split()
one = env["account.collection.return"].search([("note", "=", note)])

def compete():
    for action in actions:
        getattr(one, action)()
    return "done"
"""

STATES = """
SELECT one.note, one.state, COALESCE(hold.amount, 0)::int, COUNT(credit.move_id)
  FROM account_collection_return one
  LEFT JOIN account_collection_hold hold
    ON hold.res_model = 'account.collection.return' AND hold.res_id = one.id
   AND hold.active
  LEFT JOIN account_collection_return_credit_rel credit ON credit.return_id = one.id
 WHERE one.note IN ('first', 'second')
 GROUP BY 1, 2, 3 ORDER BY 1
"""


@tagged("post_install", "-at_install")
class TestReturnRaces(BaseCase):
    def test_same_goods_twice(self):
        """Two of three pieces, asked for twice: one of the two is told."""
        with databases.database() as name:
            databases.run(name, PREPARE)
            results = self._compete(
                name, "first action_confirm", "second action_confirm"
            )
            self.assertEqual(results[0], "done")
            self.assertIn("Only 1 of Goods", results[1])
            states = sorted(state for _note, state, *_rest in self._get_states(name))
            self.assertEqual(states, ["draft", "requested"])

    def test_authorized_and_cancelled(self):
        with databases.database() as name:
            databases.run(name, PREPARE)
            results = self._compete(
                name,
                "first action_confirm action_authorize",
                "first action_cancel",
            )
            self.assertIn("done", results)
            (_note, state, held, _credits), _second = self._get_states(name)
            self.assertIn((state, held), [("authorized", 200), ("cancelled", 0)])

    def test_credited_twice(self):
        with databases.database() as name:
            databases.run(name, PREPARE)
            databases.run(name, RECEIVE)
            results = self._compete(name, "first action_credit", "first action_credit")
            self.assertEqual(results[0], "done")
            self.assertRegex(results[1], "already|Somebody")
            self.assertEqual(self._get_states(name)[0], ("first", "credited", 0, 1))

    # === HELPERS === #

    def _get_states(self, name):
        return databases.query(name, STATES)

    def _compete(self, name, *actions):
        """Let two act at once.

        :param str name: the database
        :param actions: the return and the actions of each of them
        :return: what they were told, the shortest first
        """
        calls = [[text] for text in actions]
        return sorted(databases.compete(name, COMPETE, *calls), key=len)
