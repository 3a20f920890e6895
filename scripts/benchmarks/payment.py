"""Registering payments, with the add-ons or without them."""

import time
from datetime import timedelta

from odoo import Command, fields


def measure(env, payments, promised):
    """Register payments of overdue invoices, each in a transaction of its own.

    Where the add-ons are installed, every customer has an open case, and some have
    promised to pay: each payment makes a promise kept and closes a case.

    :param int payments: how many, each of a customer of its own
    :param int promised: how many of the customers have promised to pay
    :return: `seconds` for all payments, `statements` a payment, and whether the
        add-ons are there (`is_installed`)
    :rtype: dict
    """
    print("posting invoices", flush=True)
    invoices = _post_invoices(env, payments)
    is_installed = "account.collection.case" in env
    if is_installed:
        env["account.collection.run"].create({}).action_plan()
        for invoice in invoices[:promised]:
            _promise(env, invoice)
    env.cr.commit()
    wizards = env["account.payment.register"]
    _register(wizards, invoices[-1])  # what is loaded once is not measured
    statements = env.cr.sql_log_count
    print("registering payments", flush=True)
    start = time.perf_counter()
    for invoice in invoices[:-1]:
        _register(wizards, invoice)
    return {
        "seconds": time.perf_counter() - start,
        "statements": (env.cr.sql_log_count - statements) / (payments - 1),
        "is_installed": is_installed,
    }


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


def _register(wizards, invoice):
    """Register the payment of an invoice in full, as its button does."""
    wizards.with_context(active_model="account.move", active_ids=invoice.ids).create(
        {}
    )._create_payments()
    wizards.env.cr.commit()
    # Each payment comes with a request of its own.
    wizards.env.invalidate_all()
