"""Replay a history of invoices, running the engine day by day."""

import collections
import datetime

from freezegun import freeze_time

from odoo import Command

from . import history

NAME = "Replayed Company"


def measure(env, path, year, customers=None):
    """Replay a year.

    :param env: an Odoo environment, as superuser, in a database of its own
    :param str path: the file
    :param int year: the year
    :param int customers: of the first so many customers only
    :return: what `reports.replay` takes
    :rtype: dict
    """
    print("setting up the company", flush=True)
    company = env["res.company"].create(
        {"name": NAME, "currency_id": env.ref("base.USD").id}
    )
    env["account.chart.template"].try_loading(
        "generic_coa", company=company, install_demo=False
    )
    env.cr.commit()
    invoices = history.select(history.read(path), year, customers)
    replay = Replay(env(context={**env.context, "allowed_company_ids": company.ids}))
    return replay.run(invoices, history.month_ends(year), env.cr.commit)


class Replay:
    """The replay of a year in the current company of an environment.

    Whoever gets their invoices on paper has no e-mail address. The letters carry no
    files, for what a replay looks at is who is contacted and when.
    """

    def __init__(self, env):
        self.env = env
        self.company = env.company
        self.steps = self.company.collection_policy_id.step_ids
        self.steps.write({"attach_statement": False, "attach_invoices": False})
        self.bank = env["account.journal"].search(
            [("type", "=", "bank"), ("company_id", "=", self.company.id)], limit=1
        )
        self.posted = {}

    def run(self, invoices, month_ends, commit=None):
        """Post, pay, plan and execute day by day.

        What was written before the first month is posted at its start.

        :param list invoices: the invoices (`history.Invoice`)
        :param list month_ends: the last day of each month to replay
        :param commit: what to call after each day
        :return: for each month what was done, and what the ledger and the cases say
        :rtype: list[dict]
        """
        start = month_ends[0].replace(day=1)
        months = []
        with freeze_time(_morning(start - datetime.timedelta(days=1))) as clock:
            self._create_customers(invoices)
            self._post([invoice for invoice in invoices if invoice.date < start])
            for month_end in month_ends:
                print(f"replaying {month_end:%B %Y}", flush=True)
                for day in range(1, month_end.day + 1):
                    date = month_end.replace(day=day)
                    clock.move_to(_morning(date))
                    self._live_through(date, invoices)
                    if commit:
                        commit()
                months.append(self._sum_up(month_end))
        return months

    # === HELPERS === #

    def _live_through(self, date, invoices):
        """Post the day's invoices, register its payments, then dun."""
        self._post([invoice for invoice in invoices if invoice.date == date])
        for invoice in invoices:
            if invoice.date_settled == date:
                self._pay(self.posted[invoice.number], date)
        run = self.env["account.collection.run"].create(
            {"company_id": self.company.id, "date": date}
        )
        run.action_plan()
        run.action_execute()
        self.env.invalidate_all()

    def _create_customers(self, invoices):
        names = sorted({invoice.customer for invoice in invoices})
        paperless = {invoice.customer for invoice in invoices if invoice.is_paperless}
        partners = self.env["res.partner"].create(
            [
                {
                    "name": name,
                    "is_company": True,
                    "company_id": self.company.id,
                    "email": f"{name.lower()}@example.com"
                    if name in paperless
                    else False,
                    "street": "1 Main Street",
                    "city": "Springfield",
                }
                for name in names
            ]
        )
        self.partners = dict(zip(names, partners, strict=True))

    def _post(self, invoices):
        moves = self.env["account.move"].create(
            [self._prepare_invoice(invoice) for invoice in invoices]
        )
        moves.action_post()
        for invoice, move in zip(invoices, moves, strict=True):
            self.posted[invoice.number] = move

    def _prepare_invoice(self, invoice):
        return {
            "move_type": "out_invoice",
            "partner_id": self.partners[invoice.customer].id,
            "ref": invoice.number,
            "invoice_date": invoice.date,
            "invoice_payment_term_id": False,
            "invoice_date_due": invoice.date_due,
            "invoice_line_ids": [
                Command.create(
                    {
                        "name": invoice.number,
                        "price_unit": float(invoice.amount),
                        "tax_ids": [],
                    }
                )
            ],
        }

    def _pay(self, move, date):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=move.ids
        ).create({"payment_date": date, "journal_id": self.bank.id})._create_payments()

    def _sum_up(self, month_end):
        """Sum up a month by what Odoo knows at its end."""
        first = month_end.replace(day=1)
        items = self.env["account.collection.open.item"]._get_open_items(
            self.company, month_end, [partner.id for partner in self.partners.values()]
        )
        cases = self.env["account.collection.case"].search(
            [("company_id", "=", self.company.id), ("state", "=", "open")]
        )
        payments = self.env["account.payment"].search(
            [
                ("company_id", "=", self.company.id),
                ("state", "in", ("in_process", "paid")),
                ("date", ">=", first),
                ("date", "<=", month_end),
            ]
        )
        owed = [item for item in items if item["residual"] > 0]
        return {
            "month": f"{month_end:%Y-%m}",
            "contacts": self._count_contacts(first, month_end),
            "silences": self._count_silences(first, month_end),
            "overdue": round(sum(cases.mapped("amount_overdue")), 2),
            "collected": round(sum(payments.mapped("amount")), 2),
            "open_items": len(owed),
            "late_items": sum(item["is_overdue"] for item in owed),
        }

    def _count_contacts(self, first, last):
        """Count the contacts of each step, in the order of the steps."""
        counts = dict(
            self.env["account.collection.contact"]._read_group(
                [
                    ("company_id", "=", self.company.id),
                    ("state", "in", ("queued", "sent")),
                    ("date", ">=", first),
                    ("date", "<=", last),
                ],
                ["step_id"],
                ["__count"],
            )
        )
        steps = self.steps.filtered(lambda step: step.applies_to == "item")
        return {step.name: counts.get(step, 0) for step in steps}

    def _count_silences(self, first, last):
        """Count the customers that each day's run left alone, by reason."""
        reasons = self.env["account.collection.run.line"]._fields["reason"]
        names = dict(reasons._description_selection(self.env))
        counts = collections.Counter()
        for reason, count in self.env["account.collection.run.line"]._read_group(
            [
                ("run_id.company_id", "=", self.company.id),
                ("run_id.date", ">=", first),
                ("run_id.date", "<=", last),
                ("decision", "=", "skip"),
            ],
            ["reason"],
            ["__count"],
        ):
            counts[names[reason]] = count
        return dict(counts)


def _morning(date):
    return datetime.datetime.combine(date, datetime.time(9))
