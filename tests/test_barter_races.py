"""Two people at the same barter at the same moment: nothing is posted twice."""

import databases
import psycopg2

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
if arguments[0] == "settle":
    barter.action_accept("Ms Lovelace")
    barter.action_deliver([{{"line_id": barter.given_ids.id, "quantity": 1}}])
env.cr.commit()
"""

# What each process does once the transactions of both have begun.
COMPETE = """
from odoo.exceptions import UserError
from odoo.service.model import retrying

barter = env["account.collection.barter"].search([("partner_id.name", "=", "Racer")])
env.cr.commit()

def compete():
    env.cr.execute("SELECT pg_advisory_xact_lock_shared(4712)")
    action = getattr(barter, f"action_{arguments[0]}")
    action(*(["Ms Lovelace"] if arguments[0] == "accept" else []))
    return "done"

try:
    result = retrying(compete, env)
except UserError as error:
    result = str(error)
print("Result:", result)
"""

# What is left: the state, the live holds, the bills.
OUTCOME = """
SELECT barter.state,
       (SELECT COUNT(*) FROM account_collection_hold hold
         WHERE hold.partner_id = barter.partner_id AND hold.active),
       (SELECT COUNT(*) FROM account_move bill
         WHERE bill.partner_id = barter.partner_id
           AND bill.move_type = 'in_invoice' AND bill.state = 'posted')
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
        self.assertEqual(outcome, ("settled", 0, 1))

    def test_accepted_and_cancelled_at_once(self):
        """Whoever comes first: what is held is what the state says."""
        with databases.database() as name:
            outputs, outcome = self._compete(name, "accept", "cancel")
        self.assertEqual(outputs[0], "done")
        self.assertRegex(outputs[1], "done|already|at this moment|Somebody|right now")
        self.assertIn(outcome, (("cancelled", 0, 0), ("agreed", 1, 0)))

    # === HELPERS === #

    def _compete(self, name, *actions):
        """Let two processes act on the same barter at once.

        :param str name: the database
        :param str actions: what each of them does
        :return: what each of them printed, and what is left
        """
        databases.run(name, PREPARE, actions[0])
        with psycopg2.connect(dbname=name) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT pg_advisory_lock(4712)")
            processes = [
                databases.start(name, COMPETE, action, number)
                for number, action in enumerate(actions)
            ]
            self._wait_for_both(cursor)
            cursor.execute("SELECT pg_advisory_unlock(4712)")
            results = [databases.finish(process) for process in processes]
        outputs = []
        for code, output in results:
            self.assertEqual(code, 0, output)
            outputs.append(output.partition("Result:")[2].strip())
        with psycopg2.connect(dbname=name) as connection:
            cursor = connection.cursor()
            cursor.execute(OUTCOME)
            return sorted(outputs, key=len), cursor.fetchone()

    def _wait_for_both(self, cursor):
        """Wait until the transactions of both have begun, and wait for the lock."""
        for _attempt in range(10**6):
            cursor.execute(
                "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' "
                "AND NOT granted AND objid = 4712"
            )
            if cursor.fetchone() == (2,):
                return
        self.fail("The two never came to the start.")
