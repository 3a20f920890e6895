from odoo import api, fields, models, modules
from odoo.exceptions import UserError
from odoo.tools import SQL


class AccountCollectionRun(models.Model):
    _name = "account.collection.run"
    _description = "Dunning Run"
    _inherit = ["mail.thread"]
    _order = "date desc, id desc"
    _check_company_auto = True

    # Customers contacted between two commits.
    _batch_size = 200
    # Customers that the button contacts itself; more are left to the scheduler.
    _direct_size = 500

    # === FIELDS === #

    date = fields.Date(
        required=True,
        default=fields.Date.context_today,
        help="The company's day that the run decides for.",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company.root_id,
        domain=[("parent_id", "=", False)],
        ondelete="cascade",
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("planned", "Planned"),
            ("running", "Running"),
            ("done", "Done"),
            ("cancelled", "Cancelled"),
        ],
        default="draft",
        required=True,
        readonly=True,
        tracking=True,
        copy=False,
        index=True,
    )
    line_ids = fields.One2many(
        "account.collection.run.line", "run_id", string="Customers", copy=False
    )

    # === COMPUTE METHODS === #

    @api.depends("date", "company_id")
    def _compute_display_name(self):
        for run in self:
            run.display_name = self.env._("Dunning of %s", run.date)

    # === CRUD METHODS === #

    @api.ondelete(at_uninstall=False)
    def _unlink_except_executed(self):
        if any(run.state in ("running", "done") for run in self):
            raise UserError(
                self.env._(
                    "A run that contacted customers is part of their history and "
                    "cannot be deleted."
                )
            )

    # === ACTION METHODS === #

    def action_plan(self):
        """Decide whom to contact, at which step, or why not. Nothing is sent.

        A planned run may be planned again: its lines are replaced.

        :raise UserError: when the run was executed or cancelled
        """
        for run in self:
            run._lock_for_update()
            if run.state not in ("draft", "planned"):
                raise UserError(
                    self.env._(
                        "The run of %s is not open for planning. Create a new run.",
                        run.date,
                    )
                )
            run._plan()

    def action_execute(self):
        """Contact the customers that were planned, each decided again before.

        Each batch is committed. What is too much for one request is left to the
        scheduler, which goes on at once and may be stopped at any time.

        :raise UserError: when the run is not planned, or a text cannot be rendered
        """
        for run in self:
            run._lock_for_update()
            if run.state not in ("planned", "running"):
                raise UserError(
                    self.env._(
                        "The run of %s is not planned, or it was executed already.",
                        run.date,
                    )
                )
            run._check_texts()
            run.state = "running"
            run._execute(limit=self._direct_size)
            if run.state == "running":
                run._trigger_execution()

    def action_cancel(self):
        """Cancel runs; the customers not yet contacted will not be.

        :raise UserError: when the run is done
        """
        for run in self:
            run._lock_for_update()
            if run.state == "done":
                raise UserError(
                    self.env._(
                        "The run of %s is done: its letters have left.", run.date
                    )
                )
            run.state = "cancelled"

    # === BUSINESS METHODS === #

    def _plan(self):
        """Decide for everybody in a constant number of statements."""
        self.ensure_one()
        cases = self.env["account.collection.case"]
        self.env.flush_all()
        self.env["account.collection.hold"]._extend_to_new_items(
            self.company_id, self.date
        )
        cases._decide(self.company_id, self.date)
        cases._sync(self.company_id, self.date)
        self.env.cr.execute(
            SQL("DELETE FROM account_collection_run_line WHERE run_id = %s", self.id)
        )
        self.env.cr.execute(self._get_line_query())
        self.state = "planned"
        self.env.invalidate_all()

    def _execute(self, limit=None):
        """Contact the planned customers, batch by batch.

        :param int limit: at most about this many customers, or all
        """
        self.ensure_one()
        done = 0
        while limit is None or done < limit:
            lines = self.line_ids._take_batch(self, self._batch_size)
            if not lines:
                self._finish()
                break
            lines._act()
            done += len(lines)
            if not self._commit_batch(len(lines)):
                break

    def _finish(self):
        """Close the run once nothing is left to do."""
        self.state = "done"
        self._commit_batch(0)

    # === HELPERS === #

    def _get_line_query(self):
        """Write the decisions down as lines of the run."""
        return SQL(
            """
            INSERT INTO account_collection_run_line (
                run_id, partner_id, case_id, step_id, channel, decision, reason,
                reason_date, reason_source, amount_overdue, amount_held,
                amount_collectible, days_overdue, state
            )
            SELECT %(run)s, decision.partner_id, collection_case.id,
                   decision.step_id, decision.channel, decision.decision,
                   decision.reason, decision.reason_date, decision.reason_source,
                   decision.amount_overdue, decision.amount_held,
                   decision.amount_collectible, decision.days_overdue,
                   CASE decision.decision WHEN 'contact' THEN 'planned'
                        ELSE 'done' END
              FROM collection_decision decision
              LEFT JOIN account_collection_case collection_case
                ON collection_case.partner_id = decision.partner_id
               AND collection_case.company_id = %(company)s
               AND collection_case.state != 'closed'
            """,
            run=self.id,
            company=self.company_id.id,
        )

    def _lock_for_update(self):
        """Let two people who press a button on one run take turns."""
        self.lock_for_update()

    def _commit_batch(self, processed):
        """Commit what was done.

        :return: whether there is time left to go on
        """
        if modules.module.current_test:
            self.env.flush_all()
            return True
        remaining = self.line_ids.search_count(
            [("run_id", "=", self.id), ("state", "=", "planned")]
        )
        return bool(
            self.env["ir.cron"]._commit_progress(processed, remaining=remaining)
        )
