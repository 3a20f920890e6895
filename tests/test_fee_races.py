"""Late fees that are charged twice at once, or by a schedule that is killed: no day of
an invoice is charged twice, and none is left out."""

import signal

import databases

from odoo.tests import BaseCase, tagged

CUSTOMERS = 6

PREPARE = f"""
from datetime import date, timedelta
today = date.fromisoformat("{databases.TODAY}")
policy = env.company.collection_policy_id
policy.write({{
    "fee_method": "daily", "fee_rate": 10, "fee_is_scheduled": True, "fee_day": 1,
    "fee_is_sent": False,
}})
partners = env["res.partner"].create([
    {{"name": f"Racer {{number}}", "is_company": True, "collection_has_fee": True,
      "collection_fee_start": "2020-01-01"}}
    for number in range({CUSTOMERS})
])
env["account.move"].create([
    {{"move_type": "out_invoice", "partner_id": partner.id,
      "invoice_date": "2024-04-01", "invoice_date_due": "2024-05-01",
      "invoice_line_ids": [
          (0, 0, {{"name": "Goods", "price_unit": 3650, "tax_ids": []}})
      ]}}
    for partner in partners
]).action_post()
env.company._get_collection_fee_product()
env.cr.commit()
"""

# What both do at once.
COMPETE = """
from datetime import date
fees = env["account.collection.fee"]
partner = env["res.partner"].search([("name", "=", "Racer 0")])

def compete():
    if arguments[0] == "schedule":
        env.cr.commit()
        fees._cron_charge()
        return "done"
    charged = fees._charge(env.company, partner, date(2024, 5, 31))
    return "done" if charged else "nothing"
"""

KILLED = """
import os, signal
fees = env.registry["account.collection.fee"]
post_fee, calls = fees._post_fee, []

def _post_fee(self, *args):
    calls.append(self)
    fee = post_fee(self, *args)
    env.flush_all()
    if len(calls) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return fee

fees._post_fee = _post_fee
env["account.collection.fee"]._cron_charge()
"""

# Thirty days of May at one unit a day, for each customer.
COUNT = """
SELECT partner.name, COUNT(*), SUM(line.amount)::int, MIN(line.date_start)::text,
       MAX(line.date_end)::text, MIN(move.state)
  FROM account_collection_fee_line line
  JOIN account_collection_fee fee ON fee.id = line.fee_id
  JOIN account_move move ON move.id = fee.move_id
  JOIN res_partner partner ON partner.id = fee.partner_id
 WHERE partner.name LIKE 'Racer %' GROUP BY 1 ORDER BY 1
"""


@tagged("post_install", "-at_install")
class TestFeeRaces(BaseCase):
    def assertChargedOnce(self, name, customers):
        self.assertEqual(
            databases.query(name, COUNT),
            [
                (f"Racer {number}", 1, 30, "2024-05-02", "2024-05-31", "posted")
                for number in range(customers)
            ],
        )

    def test_two_at_one_customer(self):
        """One of them charges; the other one is told, and has posted nothing."""
        with databases.database() as name:
            databases.run(name, PREPARE)
            first, second = sorted(
                databases.compete(name, COMPETE, ["hand"], ["hand"]), key=len
            )
            self.assertEqual(first, "done")
            self.assertIn("were charged just now", second)
            self.assertChargedOnce(name, 1)

    def test_two_schedules_at_once(self):
        with databases.database() as name:
            databases.run(name, PREPARE)
            self.assertEqual(
                databases.compete(name, COMPETE, ["schedule"], ["schedule"]),
                ["done", "done"],
            )
            databases.run(name, 'env["account.collection.fee"]._cron_charge()')
            self.assertChargedOnce(name, CUSTOMERS)

    def test_killed_in_the_middle(self):
        with databases.database() as name:
            databases.run(name, PREPARE)
            code, output = databases.finish(databases.start(name, KILLED))
            self.assertEqual(code, -signal.SIGKILL, output)
            self.assertChargedOnce(name, 2)
            for _again in range(2):
                databases.run(name, 'env["account.collection.fee"]._cron_charge()')
                self.assertChargedOnce(name, CUSTOMERS)
