"""Registering payments, with the add-ons or without them."""

import gc
import time
from datetime import timedelta

from odoo import Command, fields, sql_db

from . import turns

# How many payments go before those that are measured: what is loaded once is not.
WARMING_UP = 5


def measure(env, payments, promised):
    """Register payments of overdue invoices, each in a request of its own.

    Where the add-ons are installed, every customer has an open case, and some have
    promised to pay: each payment makes a promise kept and closes a case. Before each
    payment another measurement may take its turn (`launcher.run_in_turns`).

    :param int payments: how many, each of a customer of its own
    :param int promised: how many of the customers have promised to pay
    :return: for the payments of those who are `late` and of those who have `promised`,
        the `seconds` of each and the `statements` that one takes
    :rtype: dict[str, dict]
    """
    print("posting invoices", flush=True)
    invoices = _post_invoices(env, payments + WARMING_UP)
    kinds = ["late"] * payments
    if "account.collection.case" in env:
        env["account.collection.run"].create({}).action_plan()
        for number in range(promised):
            # Spread evenly among the others.
            index = number * payments // promised
            kinds[index] = "promised"
            _promise(env, invoices[index])
    env.cr.commit()
    for invoice in invoices[payments:]:
        _register(invoice)
    gc.collect()
    print("registering payments", flush=True)
    measured = {}
    for kind, invoice in zip(kinds, invoices, strict=False):
        one = measured.setdefault(kind, {"seconds": [], "statements": 0})
        turns.wait()
        statements = sql_db.sql_counter
        start = time.perf_counter()
        _register(invoice)
        one["seconds"].append(time.perf_counter() - start)
        one["statements"] += sql_db.sql_counter - statements
    for one in measured.values():
        one["statements"] /= len(one["seconds"])
    return measured


def _post_invoices(env, number):
    """Post invoices that are overdue, of as many customers."""
    today = fields.Date.today()
    partners = env["res.partner"].create(
        [{"name": f"Payer {index}", "is_company": True} for index in range(number)]
    )
    invoices = env["account.move"].create(
        [
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "invoice_date": today - timedelta(days=60),
                "invoice_date_due": today - timedelta(days=30),
                "invoice_line_ids": [
                    Command.create({"name": "Goods", "price_unit": 100})
                ],
            }
            for partner in partners
        ]
    )
    invoices.action_post()
    return invoices


def _promise(env, invoice):
    """Let the customer of an invoice promise to pay it."""
    line = invoice.line_ids.filtered(
        lambda line: line.account_id.account_type == "asset_receivable"
    )
    env["account.collection.promise"].create(
        {
            "partner_id": invoice.commercial_partner_id.id,
            "company_id": invoice.company_id.id,
            "line_ids": [Command.set(line.ids)],
            "amount": line.amount_residual_currency,
            "date_due": fields.Date.add(fields.Date.today(), days=5),
        }
    ).action_confirm()


def _register(invoice):
    """Register the payment of an invoice in full, as its button does: in a request, so
    with a cursor and an environment of its own."""
    with invoice.env.registry.cursor() as cr:
        wizards = invoice.env(cr=cr)["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        )
        wizards.create({})._create_payments()
