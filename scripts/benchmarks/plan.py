"""Planning, against the bare statements that it cannot do without."""

from datetime import timedelta

from odoo.tools import SQL

from . import ledger, meter

WRITTEN = ("account_collection_case", "account_collection_run_line")


def measure(env, items):
    """Plan a first run, one a week after it, and one after many letters about items
    that are paid.

    :param env: an Odoo environment, as superuser, in a database of its own
    :param int items: how many open items
    :return: what `reports.plan` takes
    :rtype: dict
    """
    planning = Planning(env)
    print(f"filling in {items:,} open items", flush=True)
    ledger.fill(env, planning.company, planning.date, items)
    print("the first run", flush=True)
    first = planning.measure()
    print("last week's run", flush=True)
    planning.execute_last_week()
    print("the run a week later", flush=True)
    steady = planning.measure()
    print("the letters of the past", flush=True)
    planning.execute_history()
    print("the run after them", flush=True)
    history = planning.measure()
    return {"items": items, "first": first, "steady": steady, "history": history}


class Planning:
    """The planning of one company on one day."""

    def __init__(self, env):
        self.env = env
        self.company = env.company
        self.date = self.company._get_collection_day()
        self.cases = env["account.collection.case"]
        self.other_company = env["res.company"].create({"name": "Bench"})
        env.cr.commit()

    def measure(self):
        """Measure one run, which is undone.

        :return: seconds of `deciding`, `writing` and the bare statements, and what
            planning as a whole took (`meter.watched`)
        :rtype: dict
        """
        # What Odoo keeps in its caches is not part of any run.
        self._create_run().action_plan()
        meter.undo(self.env)
        deciding = meter.compare(
            self.env,
            {"bare": self._aggregate, "planning": self._decide},
        )
        ledger.vacuum(self.env, *WRITTEN)
        writing = meter.compare(
            self.env,
            {"planning": self._write, "copy": self._copy, "bare": self._insert},
            prepare=self._prepare_writing,
        )
        ledger.vacuum(self.env, *WRITTEN)
        run = self._create_run()
        with meter.watched(self.env) as whole:
            run.action_plan()
        whole["customers"] = len(run.line_ids)
        meter.undo(self.env)
        ledger.vacuum(self.env, *WRITTEN)
        return {"deciding": deciding, "writing": writing, "whole": whole}

    def execute_last_week(self):
        """Leave what last week's run would have left, made by SQL."""
        date = self.date - timedelta(days=7)
        run = self._create_run(date)
        # The button plans no run for a day that is over.
        self.cases._refresh_on(self.company, date)
        run._plan()
        for query in (_CONTACTS, _CONTACT_ITEMS, _LINES_DONE):
            self.env.cr.execute(
                SQL(query, run=run.id, company=self.company.id, date=date)
            )
        run.state = "done"
        self.env.flush_all()
        ledger.vacuum(self.env)

    def execute_history(self):
        """Leave a letter of each step about as many items as are open, all paid.

        The revenues of the same invoices, which no dunning looks at, stand for them.
        """
        for query in (_PAST_CONTACTS, _PAST_CONTACT_ITEMS):
            self.env.cr.execute(SQL(query, company=self.company.id))
        ledger.vacuum(self.env)

    # === HELPERS === #

    def _create_run(self, date=None):
        run = self.env["account.collection.run"].create(
            {"company_id": self.company.id, "date": date or self.date}
        )
        self.env.flush_all()
        return run

    def _aggregate(self):
        """Sum up the open items and do nothing else."""
        receivable = self.env["account.collection.open.item"]._get_receivable_query(
            self.company
        )
        self.env.cr.execute("DROP TABLE IF EXISTS bench_aggregate")
        self.env.cr.execute(
            SQL(
                """
                CREATE TEMPORARY TABLE bench_aggregate ON COMMIT DROP AS (
                    SELECT partner_id, currency_id, SUM(residual) AS residual
                      FROM (%s) open
                     GROUP BY partner_id, currency_id
                )
                """,
                receivable,
            )
        )

    def _decide(self):
        self.cases._decide(self.company, self.date)

    def _prepare_writing(self):
        self.run = self._create_run()
        self.other_run = self._create_run()
        self._decide()

    def _write(self):
        """Write the cases and the lines of the run."""
        self.cases._sync(self.company, self.date)
        self.env.cr.execute(self.run._get_line_query())

    def _copy(self):
        """Lay as many rows aside, for another company and run."""
        self.inserts = [
            self._lay_aside(WRITTEN[0], "company_id", self.company, self.other_company),
            self._lay_aside(WRITTEN[1], "run_id", self.run, self.other_run),
        ]

    def _lay_aside(self, table, key, mine, other):
        """Copy the rows of one record as those of another.

        :return: the statement that inserts them into the table
        :rtype: odoo.tools.SQL
        """
        names = {
            "table": SQL.identifier(table),
            "copy": SQL.identifier(f"bench_{table}"),
            "key": SQL.identifier(key),
            "columns": self._get_columns(table, key),
        }
        self.env.cr.execute(
            SQL(
                """
                CREATE TEMPORARY TABLE %(copy)s ON COMMIT DROP AS (
                    SELECT NEXTVAL(%(sequence)s)::int AS id, %(other)s AS %(key)s,
                           %(columns)s
                      FROM %(table)s WHERE %(key)s = %(mine)s
                )
                """,
                sequence=f"{table}_id_seq",
                mine=mine.id,
                other=other.id,
                **names,
            )
        )
        return SQL(
            """
            INSERT INTO %(table)s (id, %(key)s, %(columns)s)
            SELECT id, %(key)s, %(columns)s FROM %(copy)s
            """,
            **names,
        )

    def _insert(self):
        """Insert what was laid aside and do nothing else."""
        for insert in self.inserts:
            self.env.cr.execute(insert)

    def _get_columns(self, table, key):
        self.env.cr.execute(
            """
            SELECT column_name FROM information_schema.columns
             WHERE table_name = %s AND column_name NOT IN ('id', %s)
             ORDER BY ordinal_position
            """,
            [table, key],
        )
        names = [SQL.identifier(name) for (name,) in self.env.cr.fetchall()]
        return SQL(", ").join(names)


_CONTACTS = """
    INSERT INTO account_collection_contact (
        partner_id, company_id, case_id, date, channel, direction, step_id,
        run_line_id, address_id, state, create_date, write_date
    )
    SELECT partner_id, %(company)s, case_id, %(date)s, channel, 'out', step_id, id,
           partner_id, 'sent', NOW(), NOW()
      FROM account_collection_run_line
     WHERE run_id = %(run)s AND decision = 'contact'
     ORDER BY id
"""

# Each item of a contact takes the highest step that its own age allows, at most
# that of the letter.
_CONTACT_ITEMS = """
    INSERT INTO account_collection_contact_item (
        contact_id, line_id, step_id, amount_residual, amount_held, active,
        is_reached
    )
    SELECT contact.id, line.id, (
               SELECT step.id
                 FROM account_collection_policy_step step
                WHERE step.policy_id = letter.policy_id AND step.applies_to = 'item'
                  AND step.delay_days
                      <= LEAST(letter.delay_days, %(date)s - line.date_maturity)
                ORDER BY step.delay_days DESC
                LIMIT 1
           ), line.amount_residual_currency, 0, TRUE, TRUE
      FROM account_collection_run_line run_line
      JOIN account_collection_contact contact ON contact.run_line_id = run_line.id
      JOIN account_collection_policy_step letter ON letter.id = contact.step_id
      JOIN res_partner person ON person.commercial_partner_id = contact.partner_id
      JOIN account_move_line line ON line.partner_id = person.id
      JOIN account_account account ON account.id = line.account_id
     WHERE run_line.run_id = %(run)s AND account.account_type = 'asset_receivable'
       AND line.parent_state = 'posted' AND line.reconciled IS NOT TRUE
       AND line.date_maturity < %(date)s AND line.amount_residual > 0
     ORDER BY contact.id, line.id
    ON CONFLICT DO NOTHING
"""

_LINES_DONE = """
    UPDATE account_collection_run_line SET state = 'done'
     WHERE run_id = %(run)s AND decision = 'contact'
"""

# A letter of each step, in years past.
_PAST_CONTACTS = """
    INSERT INTO account_collection_contact (
        partner_id, company_id, date, channel, direction, step_id, address_id, state,
        create_date, write_date
    )
    SELECT contact.partner_id, contact.company_id,
           contact.date - 400 + step.delay_days, contact.channel, 'out', step.id,
           contact.address_id, 'sent', NOW(), NOW()
      FROM account_collection_contact contact
      JOIN account_collection_policy_step letter ON letter.id = contact.step_id
      JOIN account_collection_policy_step step
        ON step.policy_id = letter.policy_id AND step.applies_to = 'item'
     WHERE contact.company_id = %(company)s AND contact.run_line_id IS NOT NULL
       AND contact.state = 'sent' AND step.delay_days > 0
"""

_PAST_CONTACT_ITEMS = """
    INSERT INTO account_collection_contact_item (
        contact_id, line_id, step_id, amount_residual, amount_held, active, is_reached
    )
    SELECT contact.id, paid.id, contact.step_id, -paid.balance, 0, TRUE, FALSE
      FROM account_collection_contact contact
      JOIN account_move move ON move.commercial_partner_id = contact.partner_id
      JOIN account_move_line paid ON paid.move_id = move.id
     WHERE contact.company_id = %(company)s
       AND contact.date < NOW() - INTERVAL '300 days'
       AND contact.run_line_id IS NULL AND contact.step_id IS NOT NULL
       AND paid.display_type = 'product'
    ON CONFLICT DO NOTHING
"""
