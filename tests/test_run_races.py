"""Runs that are killed, and runs that meet: every customer gets exactly one letter."""

import signal

import databases
import psycopg2

from odoo.tests import BaseCase, tagged

CUSTOMERS = 8

PREPARE = f"""
from datetime import date, timedelta
today = date.fromisoformat("{databases.TODAY}")
partners = env["res.partner"].create([
    {{"name": f"Racer {{number}}", "is_company": True,
      "email": f"racer.{{number}}@example.com"}}
    for number in range({CUSTOMERS})
])
env["account.move"].create([
    {{"move_type": "out_invoice", "partner_id": partner.id,
      "invoice_date": today - timedelta(days=40),
      "invoice_date_due": today - timedelta(days=10),
      "invoice_line_ids": [(0, 0, {{"name": "Goods", "price_unit": 100}})]}}
    for partner in partners
]).action_post()
for _number in range(int(arguments[0])):
    env["account.collection.run"].create({{"date": today}}).action_plan()
env.cr.commit()
"""

EXECUTE = """
runs = env["account.collection.run"].search([("date", "=", "2024-06-14")])
type(runs)._batch_size = 1

def compete():
    env.cr.commit()
    runs.sorted("id")[int(arguments[0])].action_execute()
"""

KILLED = """
import os, signal
runs = env["account.collection.run"].search([("date", "=", "2024-06-14")])
contacts = env.registry["account.collection.contact"]
type(runs)._batch_size = 3
deliver, calls = contacts._deliver, []

def _deliver(self):
    calls.append(self)
    errors = deliver(self)
    env.flush_all()
    if len(calls) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return errors

contacts._deliver = _deliver
runs.action_execute()
"""

COUNT = """
SELECT partner.name,
       (SELECT COUNT(*) FROM account_collection_contact contact
         WHERE contact.partner_id = partner.id AND contact.state = 'queued'),
       (SELECT COUNT(*) FROM mail_mail_res_partner_rel recipient
         WHERE recipient.res_partner_id = partner.id)
  FROM res_partner partner WHERE partner.name LIKE 'Racer %' ORDER BY 1
"""


@tagged("post_install", "-at_install")
class TestRunRaces(BaseCase):
    def assertOneLetterEach(self, name):
        with psycopg2.connect(dbname=name) as connection:
            cursor = connection.cursor()
            cursor.execute(COUNT)
            self.assertEqual(
                cursor.fetchall(),
                [(f"Racer {number}", 1, 1) for number in range(CUSTOMERS)],
            )

    def test_killed_in_the_middle(self):
        with databases.database() as name:
            databases.run(name, PREPARE, "1")
            code, output = databases.finish(databases.start(name, KILLED))
            self.assertEqual(code, -signal.SIGKILL, output)
            databases.run(
                name,
                """
                run = env["account.collection.run"]
                left = run.search([("state", "=", "running")])
                acted = left.line_ids.filtered("step_id").mapped("state")
                assert acted.count("done") == 3, acted
                new = run.create({"date": "2024-06-14"})
                new.action_plan()
                new.action_execute()
                run._cron_dun()
                assert new.state == left.state == "done", (new.state, left.state)
                env.cr.commit()
                """,
            )
            self.assertOneLetterEach(name)

    def test_run_that_cannot_go_on_holds_up_nobody(self):
        with databases.database() as name:
            databases.run(name, PREPARE, "0")
            databases.run(
                name,
                """
                runs = env["account.collection.run"]
                left = runs.create({"date": "2024-06-13"})
                left.sudo().state = "running"
                env.company.collection_is_automatic = True
                env.cr.commit()
                finish = type(left)._finish
                def fail(run):
                    if run == left:
                        raise ValueError("No")
                    return finish(run)
                type(left)._finish = fail
                runs._cron_dun()
                assert left.state == "running"
                assert runs.search([("state", "=", "done")]).date > left.date
                """,
            )
            self.assertOneLetterEach(name)

    def test_two_executions_of_one_run(self):
        self._race(1, ("0", "0"))

    def test_executions_of_two_runs(self):
        self._race(2, ("0", "1"))

    def _race(self, planned, chosen):
        """Execute two runs at once.

        :param int planned: how many runs there are
        :param tuple chosen: which of them each process executes
        """
        with databases.database() as name:
            databases.run(name, PREPARE, str(planned))
            databases.compete(name, EXECUTE, *chosen)
            databases.run(name, 'env["account.collection.run"]._cron_dun()')
            self.assertOneLetterEach(name)
