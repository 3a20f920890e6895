from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

# How long it is kept why a customer was left alone, and how many lines are removed
# at once.
SKIPS_KEPT_DAYS = 90
GC_LIMIT = 100_000


class AccountCollectionRunLine(models.Model):
    _name = "account.collection.run.line"
    _description = "Dunning Run Line"
    _order = "run_id, decision, amount_collectible desc, id"
    # Written by the hundred thousand: who and when stand on the run.
    _log_access = False

    # === FIELDS === #

    run_id = fields.Many2one(
        "account.collection.run", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="run_id.company_id")
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, readonly=True
    )
    case_id = fields.Many2one(
        "account.collection.case",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    step_id = fields.Many2one(
        "account.collection.policy.step",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
    )
    commitment_id = fields.Many2one(
        "account.collection.commitment",
        string="Agreed Payment",
        readonly=True,
        ondelete="set null",
        help="The agreed payment that the customer is reminded of.",
    )
    channel = fields.Selection(
        [("email", "E-mail"), ("letter", "Letter"), ("call", "Phone call")],
        readonly=True,
    )
    decision = fields.Selection(
        [("contact", "Contact"), ("skip", "Skip")], required=True, readonly=True
    )
    reason = fields.Selection(
        [
            ("below_minimum", "Below the minimum"),
            ("credits", "Covered by credits"),
            ("held", "Held"),
            ("gap", "Contacted recently"),
            ("no_step_due", "No step due yet"),
            ("steps_done", "All steps done"),
            ("blocked", "Blocked"),
            ("no_policy", "No policy"),
            ("no_address", "No address"),
            ("unapplied", "Payment to be applied"),
        ],
        readonly=True,
    )
    reason_date = fields.Date(readonly=True)
    reason_source = fields.Char(readonly=True)
    state = fields.Selection(
        [
            ("planned", "Planned"),
            ("done", "Done"),
            ("failed", "Failed"),
            ("dropped", "Dropped"),
        ],
        default="planned",
        required=True,
        readonly=True,
    )
    amount_overdue = fields.Monetary(string="Overdue", readonly=True)
    amount_held = fields.Monetary(string="Held", readonly=True)
    amount_collectible = fields.Monetary(string="Collectible", readonly=True)
    days_overdue = fields.Integer(readonly=True, aggregator="max")
    error = fields.Char(readonly=True)

    _customer_idx = models.Index("(partner_id, run_id)")
    _planned_idx = models.Index("(run_id, id) WHERE state = 'planned'")

    # === CRUD METHODS === #

    @api.autovacuum
    def _gc_skips(self):
        """Forget after a while why customers were left alone; what was done stays.

        :return: how many lines were removed, and whether there are more
        :rtype: tuple[int, bool]
        """
        rows = self.env.execute_query(
            SQL(
                """
                DELETE FROM account_collection_run_line WHERE id IN (
                    SELECT line.id FROM account_collection_run_line line
                      JOIN account_collection_run run ON run.id = line.run_id
                     WHERE line.decision = 'skip' AND run.date < %s
                     LIMIT %s
                ) RETURNING id
                """,
                fields.Date.subtract(fields.Date.today(), days=SKIPS_KEPT_DAYS),
                GC_LIMIT,
            )
        )
        return len(rows), len(rows) == GC_LIMIT

    # === BUSINESS METHODS === #

    @api.model
    def _take_batch(self, run, size):
        """Lock the next planned lines of a running run, leaving to another execution
        those that it is working on.

        :param run: the run (`account.collection.run`)
        :param int size: the most lines to take
        :return: the lines, locked until the end of the transaction; none once the run
            was cancelled, which those taken before do not notice
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.id FROM account_collection_run_line line
                  JOIN account_collection_run run ON run.id = line.run_id
                 WHERE run.id = %s AND run.state = 'running'
                   AND line.state = 'planned'
                 ORDER BY line.id LIMIT %s
                   FOR UPDATE OF line SKIP LOCKED
                """,
                run.id,
                size,
            )
        )
        # Lines are written by the engine, whoever executes the run.
        lines = self.sudo().browse([line_id for (line_id,) in rows])
        lines.invalidate_recordset(["state"])
        return lines

    def _act(self):
        """Contact the customers of these lines, each decided again on the ledger as
        it is now.

        The customer's case is locked first and written last, so that of two
        executions that meet at one customer the second fails and is tried again, to
        find that the customer has been contacted.
        """
        self._lock_cases()
        lines = self._decide_again()
        if lines:
            self._open_cases(lines)
            self._contact(lines)
        self.env["account.collection.case"]._refresh_on(
            self.run_id.company_id, self._get_day(), self.partner_id.ids
        )

    def _open_cases(self, lines):
        """Open the cases of those who owe late money only since the run was planned.

        :param dict lines: the lines, each with the row of its decision
        """
        new = {
            line.partner_id: line
            for line, decision in lines.items()
            if decision["amount_overdue"] > 0 and not decision["case_id"]
        }
        if not new:
            return
        cases = self.env["account.collection.case"]
        company = self.run_id.company_id
        partner_ids = [partner.id for partner in new]
        cases._refresh_on(company, self._get_day(), partner_ids)
        # Cases are the engine's here, whoever executes the run.
        for case in cases.sudo().search(
            [
                ("partner_id", "in", partner_ids),
                ("company_id", "=", company.id),
                ("state", "!=", "closed"),
            ]
        ):
            new[case.partner_id].case_id = case

    def _contact(self, lines):
        """Contact the customers of some lines.

        :param dict lines: the lines, each with the row of its decision
        """
        items = self._get_items_by_customer(lines)
        # Nobody but the engine changes contacts once they are made.
        contacts = (
            self.env["account.collection.contact"]
            .sudo()
            .create(
                [
                    line._prepare_contact(decision, items.get(line.partner_id.id, []))
                    for line, decision in lines.items()
                ]
            )
        )
        contacts.run_line_id.state = "done"
        for contact in contacts:
            contact.run_line_id.commitment_id._mark_reminded(contact)
        for contact, error in contacts._deliver().items():
            contact._mark_failed(error)
        contacts.run_line_id.filtered(
            lambda line: line.state == "done" and line.step_id.hold_orders
        ).case_id.order_hold = True

    def _prepare_contact(self, decision, open_items):
        """Prepare the contact that carries out this line.

        :param dict decision: the row of the decision
        :param list open_items: the customer's open items (`_get_open_items`)
        :return: values of an `account.collection.contact`
        :rtype: dict
        """
        self.ensure_one()
        return {
            "partner_id": self.partner_id.id,
            "company_id": self.run_id.company_id.id,
            "case_id": self.case_id.id,
            "date": self._get_day(),
            "channel": self.channel,
            "step_id": self.step_id.id,
            "run_line_id": self.id,
            "user_id": self.env.uid,
            "address_id": decision["address_id"],
            "item_ids": [
                fields.Command.create(values)
                for values in self._prepare_contact_items(open_items)
            ],
        }

    def _prepare_contact_items(self, open_items):
        """Prepare what the customer is told of their open items.

        Each item takes the highest step that its own age allows, at most that of
        the letter; one that has reached that step already is only mentioned.
        Credits are mentioned too, with a negative residual.

        :param list open_items: the customer's open items (`_get_open_items`)
        :return: values of `account.collection.contact.item`, by due date
        :rtype: list[dict]
        """
        self.ensure_one()
        if self.commitment_id:
            return []
        steps = self.step_id.policy_id._get_item_steps()
        if self.step_id not in steps:
            raise UserError(
                self.env._(
                    "The step %s is no longer in the policy. Plan the run again.",
                    self.step_id.name,
                )
            )
        rank = steps.ids.index(self.step_id.id) + 1
        overdue = [item for item in open_items if self._is_collectible(item)]
        coming = [item for item in open_items if item["is_reminder_due"]]
        vals_list = []
        for item in overdue or coming:
            reached = min(rank, item["rank_allowed"] or 0)
            vals_list.append(
                {
                    "line_id": item["line_id"],
                    "step_id": steps[reached - 1].id
                    if reached > item["rank_reached"]
                    else False,
                    "amount_residual": item["residual"],
                    "amount_held": item["held"],
                }
            )
        return vals_list + [
            {
                "line_id": item["line_id"],
                "step_id": False,
                "amount_residual": amount,
                "amount_held": 0,
            }
            for item, amount in self._get_credits(open_items)
        ]

    # === HELPERS === #

    def _get_day(self):
        """The day on which the customers are contacted: today, whenever the run was
        planned."""
        return self.run_id.company_id._get_collection_day()

    def _lock_cases(self):
        """Lock the open cases of these customers, always in the same order."""
        self.env.cr.execute(
            SQL(
                """
                SELECT id FROM account_collection_case
                 WHERE partner_id IN %s AND company_id = %s AND state != 'closed'
                 ORDER BY id FOR UPDATE
                """,
                tuple(self.partner_id.ids) or (0,),
                self.run_id.company_id.id,
            )
        )

    def _decide_again(self):
        """Decide again; drop the lines of those who need not be contacted any more.

        :return: the lines still to be carried out, brought up to date, each with
            the row of its decision
        :rtype: dict
        """
        query = self.env["account.collection.decision"]._get_decision_query(
            self.run_id.company_id, self._get_day(), self.partner_id.ids
        )
        decisions = {
            row["partner_id"]: row for row in self.env.execute_query_dict(query)
        }
        kept = {}
        for line in self:
            # Popped, so that two customers who were merged get one letter.
            decision = decisions.pop(line.partner_id.id, None)
            if decision and decision["decision"] == "contact":
                if changed := line._prepare_decision(decision):
                    line.write(changed)
                kept[line] = decision
            elif decision:
                line.write({"state": "dropped", **line._prepare_decision(decision)})
            else:
                line.state = "dropped"
        return kept

    def _prepare_decision(self, decision):
        """Prepare the values of the line that changed since it was planned."""
        names = (
            "case_id",
            "commitment_id",
            "channel",
            "reason",
            "reason_date",
            "reason_source",
            "amount_overdue",
            "amount_held",
            "amount_collectible",
            "days_overdue",
        )
        values = {name: decision[name] for name in names}
        if decision["step_id"]:
            values["step_id"] = decision["step_id"]
        else:
            # The step and the channel once proposed stay readable on the line.
            values.pop("channel")
        return {
            name: value
            for name, value in values.items()
            if self._fields[name].convert_to_cache(value, self)
            != self._fields[name].convert_to_cache(self[name], self)
        }

    def _get_items_by_customer(self, lines):
        """Read the open items of the customers in one query.

        :return: the items of each customer, by partner id
        :rtype: dict[int, list[dict]]
        """
        items = {}
        for item in self.env["account.collection.open.item"]._get_open_items(
            self.run_id.company_id,
            self._get_day(),
            [line.partner_id.id for line in lines],
        ):
            items.setdefault(item["partner_id"], []).append(item)
        return items

    def _is_collectible(self, item):
        """Whether an item is overdue and not held in full."""
        currency = self.env["res.currency"].browse(item["currency_id"])
        return (
            item["is_overdue"] and currency.compare_amounts(item["collectible"], 0) > 0
        )

    def _get_credits(self, open_items):
        """List the credits that the customer is told of. Those that are excluded from
        the dunning cover first what is excluded too.

        :param list open_items: the customer's open items (`_get_open_items`)
        :return: each item with the negative amount that is left of it
        :rtype: list[tuple[dict, float]]
        """
        excluded = defaultdict(float)
        for item in open_items:
            if item["is_blocked"]:
                excluded[item["currency_id"]] += max(item["residual"], 0)
        credits = []
        for item in open_items:
            currency = self.env["res.currency"].browse(item["currency_id"])
            amount = min(item["residual"], 0)
            if item["is_blocked"]:
                covered = min(-amount, excluded[currency.id])
                excluded[currency.id] -= covered
                amount = currency.round(amount + covered)
            if not currency.is_zero(amount):
                credits.append((item, amount))
        return credits
