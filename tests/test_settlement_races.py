"""Settlements at which two are at the same moment: they end in exactly one way."""

import databases

from odoo.tests import BaseCase, tagged

# A settlement of 80 of 100, offered and accepted on the 1st of June, to be paid in that
# month and waited for until three days later. The others act on the 14th.
PREPARE = """
from datetime import date
[due, *actions] = arguments
with freeze_time("2024-06-01 10:00:00"):
    company = env.company
    company.collection_policy_id.write(
        {"settlement_max_discount_percent": 20, "settlement_wait_days": 3}
    )
    partner = env["res.partner"].create({"name": "Racer", "is_company": True})
    move = env["account.move"].create({
        "move_type": "out_invoice", "partner_id": partner.id,
        "invoice_date": date(2024, 4, 1), "invoice_date_due": date(2024, 5, 1),
        "invoice_line_ids": [
            (0, 0, {"name": "Goods", "price_unit": 100, "tax_ids": []})
        ],
    })
    move.action_post()
    line = move.line_ids.filtered("date_maturity")
    settlement = env["account.collection.settlement"].create({
        "partner_id": partner.id, "company_id": company.id,
        "currency_id": line.currency_id.id, "line_ids": [(6, 0, line.ids)],
        "amount": 80, "nature": "concession", "date_expiry": date(2024, 6, 20),
        "payment_ids": [(0, 0, {"date_due": due, "amount": 80})],
    })
    settlement.action_confirm()
    for action in actions:
        if action == "accept":
            settlement.action_accept("Ada Miller")
        else:
            env["account.payment.register"].with_context(
                active_model="account.move", active_ids=move.ids
            ).create({"amount": 80, "payment_date": action})._create_payments()
env.cr.commit()
"""

PAST, AHEAD = "2024-06-05", "2024-06-20"

# What both do at once.
COMPETE = """
partner = env["res.partner"].search([("name", "=", "Racer")])
settlement = env["account.collection.settlement"].search(
    [("partner_id", "=", partner.id)]
)
[action, *values] = arguments

def compete():
    if action == "accept":
        settlement.action_accept("Ada Miller")
    elif action == "cancel":
        settlement.action_cancel()
    elif action == "evaluate":
        settlement._evaluate()
    elif action == "pay":
        env["account.payment.register"].with_context(
            active_model="account.move", active_ids=settlement.line_ids.move_id.ids
        ).create({"amount": 80, "payment_date": values[0]})._create_payments()
    elif action == "undo":
        payment = env["account.payment"].search([("partner_id", "=", partner.id)])
        payment.action_draft()
        payment.action_cancel()
    return "done"
"""

# The scheduler, right after; what is left in the end.
FINISH = """
partner = env["res.partner"].search([("name", "=", "Racer")])
settlement = env["account.collection.settlement"].search(
    [("partner_id", "=", partner.id)]
)
env["account.collection.commitment"]._cron_evaluate()
env.invalidate_all()
line = settlement.line_ids
entries = len(settlement._get_moves_in_force())
held = sum(settlement.hold_ids.filtered("active").mapped("amount"))
print("Left:", settlement.state, line.amount_residual, entries, held)
"""


@tagged("post_install", "-at_install")
class TestSettlementRaces(BaseCase):
    def test_payment_and_expiry(self):
        """(day of the payment, what is left): in time or not, exactly one of two."""
        for day, expected in (
            ("2024-06-05", "settled 0.0 1 0"),
            ("2024-06-06", "lapsed 20.0 0 0"),
        ):
            with self.subTest(day=day), databases.database() as name:
                databases.run(name, PREPARE, PAST, "accept")
                outputs = databases.compete(name, COMPETE, ["pay", day], ["evaluate"])
                self.assertEqual(outputs, ["done", "done"])
                self.assertEqual(self._finish(name), expected)

    def test_settling_and_undoing(self):
        with databases.database() as name:
            databases.run(name, PREPARE, PAST, "accept", "2024-06-05")
            databases.compete(name, COMPETE, ["undo"], ["evaluate"])
            self.assertEqual(self._finish(name), "lapsed 100.0 0 0")

    def test_settling_and_cancelling(self):
        """What is given up is given up and reversed, or neither, or it is settled."""
        with databases.database() as name:
            databases.run(name, PREPARE, PAST, "accept", "2024-06-05")
            outputs = databases.compete(name, COMPETE, ["evaluate"], ["cancel"])
            left = self._finish(name)
            if outputs[1] == "done":
                self.assertEqual(left, "cancelled 20.0 0 0")
            else:
                self.assertRegex(outputs[1], "already|just now")
                self.assertEqual(left, "settled 0.0 1 0")

    def test_accepting_and_cancelling(self):
        with databases.database() as name:
            databases.run(name, PREPARE, AHEAD)
            outputs = databases.compete(name, COMPETE, ["accept"], ["cancel"])
            left = self._finish(name)
            if outputs == ["done", "done"]:
                # First accepted, then withdrawn: one after the other.
                self.assertEqual(left, "cancelled 100.0 0 0")
                return
            number = outputs.index("done")
            self.assertRegex(outputs[1 - number], "already|just now")
            self.assertEqual(
                left, ("accepted 100.0 0 100.0", "cancelled 100.0 0 0")[number]
            )

    def test_two_accept(self):
        with databases.database() as name:
            databases.run(name, PREPARE, AHEAD)
            outputs = sorted(
                databases.compete(name, COMPETE, ["accept"], ["accept"]), key=len
            )
            self.assertEqual(outputs[0], "done")
            self.assertRegex(outputs[1], "already|just now")

    # === HELPERS === #

    def _finish(self, name):
        """Let the scheduler run, and say what is left."""
        return databases.run(name, FINISH).partition("Left:")[2].strip()
