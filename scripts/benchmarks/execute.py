"""Contacting customers by e-mail, against OCA's `account_credit_control`."""

import time
from unittest.mock import patch

from odoo.tools import SQL

from . import ledger, meter

ITEMS_PER_CUSTOMER = 5
DAYS_LATE = 40


def measure(env, customers):
    """Plan and execute a run over the same customers with both add-ons.

    Every customer has an e-mail address and is late, so that both write to all. The
    mails stay in the queue, and none carries a file.

    :param env: an Odoo environment, as superuser, in a database of its own
    :param int customers: how many customers
    :return: what `reports.execute` takes
    :rtype: dict
    """
    company = env.company
    date = company._get_collection_day()
    print(f"filling in {customers:,} customers", flush=True)
    ledger.fill(env, company, date, customers * ITEMS_PER_CUSTOMER, ITEMS_PER_CUSTOMER)
    _make_all_late(env, date)
    print("planning", flush=True)
    planning = meter.compare(env, {"planning": lambda: _plan(env, company)})
    print("writing the letters", flush=True)
    ours = _execute(env, company)
    print("account_credit_control: planning", flush=True)
    theirs = CreditControl(env, company, date).measure()
    return {
        "customers": customers,
        "ours": {"planning": planning, **ours},
        "theirs": theirs,
    }


def _make_all_late(env, date):
    """Make every open item late, give every customer an e-mail address, and let all
    steps be e-mails without files."""
    env.cr.execute(
        SQL(
            """
            UPDATE account_move_line SET date_maturity = %(due)s
             WHERE display_type = 'payment_term' AND NOT reconciled;
            UPDATE account_move SET invoice_date_due = %(due)s
             WHERE move_type IN ('out_invoice', 'out_refund');
            UPDATE res_partner
               SET email = 'customer' || id || '@example.com',
                   email_normalized = 'customer' || id || '@example.com'
             WHERE email IS NULL AND id = commercial_partner_id;
            DELETE FROM account_collection_hold;
            """,
            due=SQL("%s::date - %s", date, DAYS_LATE),
        )
    )
    env.invalidate_all()
    steps = env["account.collection.policy.step"].search([])
    template = steps.mail_template_id[:1]
    for step in steps:
        step.write(
            {
                "channel": "email",
                "mail_template_id": (step.mail_template_id or template).id,
                "attach_statement": False,
                "attach_invoices": False,
            }
        )
    env.flush_all()
    ledger.vacuum(env)


def _plan(env, company):
    run = env["account.collection.run"].create({"company_id": company.id})
    run.action_plan()
    return run


def _execute(env, company):
    """Execute a run, undone each time, as the other add-on's is.

    :return: the best `seconds`, `statements` and the number of `letters`
    :rtype: dict
    """
    rounds = []
    for _round in range(meter.ROUNDS):
        run = _plan(env, company)
        run.state = "running"
        before = _count_mails(env)
        with (
            patch.object(type(run), "_commit_batch", lambda run, _processed: True),
            meter.watched(env) as whole,
        ):
            run._execute()
            env.cr.flush()
        letters = _count_mails(env) - before
        rounds.append((whole["seconds"], whole["statements"], letters))
        meter.undo(env)
    names = ("seconds", "statements", "letters")
    return dict(zip(names, min(rounds), strict=True))


def _count_mails(env):
    return env["mail.mail"].search_count([("state", "=", "outgoing")])


class CreditControl:
    """The same with `account_credit_control`."""

    def __init__(self, env, company, date):
        self.env = env
        policy = env.ref("account_credit_control.credit_control_3_time")
        policy.account_ids = env["account.account"].search(
            [
                ("account_type", "=", "asset_receivable"),
                ("company_ids", "in", company.ids),
            ]
        )
        company.credit_policy_id = policy
        policy.level_ids.email_template_id.report_template_ids = False
        self.run = env["credit.control.run"].create(
            {"date": date, "company_id": company.id, "policy_ids": policy.ids}
        )
        env.flush_all()

    def measure(self):
        """Plan, release and write, once, and undo it.

        :return: `planning` with the seconds of its two steps, and like `_execute`
        :rtype: dict
        """
        planning = {
            "generate": self._time(self.run.generate_credit_lines),
            "release": self._time(self.run.set_to_ready_lines),
        }
        print("account_credit_control: writing the letters", flush=True)
        before = _count_mails(self.env)
        with meter.watched(self.env) as whole:
            self.run.run_channel_action()
            # The tracking of states is part of it.
            self.env.cr.flush()
        letters = _count_mails(self.env) - before
        # What is undone is not sent either.
        meter.undo(self.env)
        return {
            "planning": planning,
            "seconds": whole["seconds"],
            "statements": whole["statements"],
            "letters": letters,
        }

    def _time(self, action):
        start = time.perf_counter()
        action()
        self.env.cr.flush()
        return time.perf_counter() - start
