"""Removing the add-on leaves Odoo as it was."""

import unittest

import databases

# Letters, a promise that is kept and one that is open; then it is removed.
REMOVE = f"""
from datetime import date, timedelta
today = date.fromisoformat("{databases.TODAY}")
partners = env["res.partner"].create([
    {{"name": f"Leaver {{number}}", "is_company": True, "street": "1 Mill Lane",
      "city": "Bristol", "email": f"leaver.{{number}}@example.com"}}
    for number in range(2)
])
invoices = env["account.move"].create([
    {{"move_type": "out_invoice", "partner_id": partner.id,
      "invoice_date": today - timedelta(days=40),
      "invoice_date_due": today - timedelta(days=10),
      "invoice_line_ids": [(0, 0, {{"name": "Goods", "price_unit": 100}})]}}
    for partner in partners
])
invoices.action_post()
run = env["account.collection.run"].create({{}})
run.action_plan()
run.action_execute()
contacts = env["account.collection.contact"].search([])
assert contacts.partner_id >= partners, contacts
for invoice in invoices:
    env["account.collection.promise"].create(
        {{
            "partner_id": invoice.partner_id.id,
            "company_id": invoice.company_id.id,
            "currency_id": invoice.currency_id.id,
            "line_ids": invoice._get_receivables().ids,
            "amount": invoice.amount_residual,
            "date_due": today,
        }}
    ).action_confirm()
env["account.payment.register"].with_context(
    active_model="account.move", active_ids=invoices[0].ids
).create({{}})._create_payments()
env.cr.commit()
env["ir.module.module"].search(
    [("name", "=", "account_collections")]
).button_immediate_uninstall()
"""

# What Odoo does without it.
PAY = """
assert "account.collection.case" not in env
invoice = env["account.move"].search(
    [
        ("move_type", "=", "out_invoice"),
        ("state", "=", "posted"),
        ("payment_state", "=", "not_paid"),
    ],
    limit=1,
)
env["account.payment.register"].with_context(
    active_model="account.move", active_ids=invoice.ids
).create({})._create_payments()
invoice.partner_id.write({"tz": "Asia/Tokyo"})
env["account.move"].get_views([(False, "form"), (False, "list")])
env.cr.commit()
print("Paid:", invoice.payment_state)
"""

# What would be left of it: tables, columns, indexes, records, scheduled actions and
# messages.
LEFT = """
SELECT table_name || '.' || column_name FROM information_schema.columns
 WHERE table_schema = 'public'
   AND (table_name LIKE 'account_collection%' OR column_name LIKE 'collection%')
 UNION ALL
SELECT indexname FROM pg_indexes WHERE indexname LIKE '%collection%'
 UNION ALL
SELECT name FROM ir_model_data WHERE module = 'account_collections'
 UNION ALL
SELECT cron_name FROM ir_cron WHERE cron_name ILIKE '%collection%'
 UNION ALL
SELECT model FROM mail_message WHERE model LIKE 'account.collection%'
"""


POSTED = "SELECT COUNT(*) FROM account_move WHERE state = 'posted'"


class TestRemoval(unittest.TestCase):
    def test_nothing_is_left(self):
        with databases.database() as name:
            posted = databases.query(name, POSTED)
            output = databases.run(name, REMOVE)
            for word in ("ERROR", "WARNING", "Traceback"):
                self.assertNotIn(word, output)
            self.assertEqual(databases.query(name, LEFT), [])
            # What was posted stays: before, and two invoices and a payment since.
            self.assertEqual(databases.query(name, POSTED), [(posted[0][0] + 3,)])
            output = databases.run(name, PAY)
        self.assertNotIn("ERROR", output)
        self.assertRegex(output, "Paid: (paid|in_payment)")
