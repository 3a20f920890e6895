import logging

from psycopg2 import IntegrityError, OperationalError

from odoo import api, fields, models, modules
from odoo.exceptions import AccessError, LockError, UserError, ValidationError
from odoo.tools import SQL
from odoo.tools.misc import format_date

_logger = logging.getLogger(__name__)

# How often a batch starts anew because of another execution, before it gives up.
MAX_CONFLICTS = 5


class AccountCollectionRun(models.Model):
    _name = "account.collection.run"
    _description = "Dunning Run"
    _inherit = ["mail.thread"]
    _order = "date desc, id desc"
    _check_company_auto = True

    # Customers contacted between two commits.
    _batch_size = 500
    # Customers that the button contacts itself; more are left to the scheduler.
    _direct_size = 500

    # === FIELDS === #

    date = fields.Date(
        required=True,
        default=lambda self: self.env.company._get_collection_day(),
        help="The company's day that the run decides for.",
    )
    date_planned = fields.Date(
        string="Planned On",
        readonly=True,
        copy=False,
        help="The day on which it was decided whom to contact.",
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

    # === CONSTRAINT METHODS === #

    @api.constrains("company_id")
    def _check_company_is_root(self):
        for run in self:
            if run.company_id.parent_id:
                raise ValidationError(
                    self.env._(
                        "A run belongs to a main company: %(branch)s is dunned with "
                        "%(company)s.",
                        branch=run.company_id.name,
                        company=run.company_id.sudo().root_id.name,
                    )
                )

    # === COMPUTE METHODS === #

    @api.depends("date", "company_id")
    def _compute_display_name(self):
        for run in self:
            run.display_name = self.env._(
                "Dunning of %s", format_date(self.env, run.date)
            )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        if any(vals.get("state", "draft") != "draft" for vals in vals_list):
            self._check_state_by_hand()
        return super().create(vals_list)

    def write(self, vals):
        if "state" in vals:
            self._check_state_by_hand()
        if not {"date", "company_id"}.isdisjoint(vals):
            for run in self:
                if run.state != "draft":
                    raise UserError(
                        self.env._(
                            "The day and the company of a run are fixed once it is "
                            "planned. Create a new run."
                        )
                    )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_executed(self):
        # What was sent counts, whoever may see it.
        contacts = self.env["account.collection.contact"].sudo()
        if contacts.search_count([("run_line_id.run_id", "in", self.ids)], limit=1):
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

        :raise UserError: when the run was executed or cancelled, or its day is over
        """
        for run in self:
            run._lock_for_update()
            is_over = run.date < run.company_id._get_collection_day()
            if run.state not in ("draft", "planned") or is_over:
                raise UserError(
                    self.env._(
                        "The run of %s is not open for planning: it was executed or "
                        "cancelled, or its day is over. Create a new run.",
                        format_date(self.env, run.date),
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
                        format_date(self.env, run.date),
                    )
                )
            run._check_day()
            run._check_texts()
            # Nobody writes states by hand.
            run.sudo().state = "running"
            # Whatever happens to a batch, it is known that the run has begun.
            run._commit_batch(0)
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
                        "The run of %s is done: its letters have left.",
                        format_date(self.env, run.date),
                    )
                )
            # Nobody writes states by hand.
            run.sudo().state = "cancelled"

    # === BUSINESS METHODS === #

    def _plan(self):
        """Decide for everybody in a constant number of statements."""
        self.ensure_one()
        cases = self.env["account.collection.case"]
        self.env.flush_all()
        cases._decide(self.company_id, self.date)
        # What is the case on another day does not belong on the worklist.
        if self.date == self.company_id._get_collection_day():
            cases._sync(self.company_id, self.date)
        self.env.cr.execute(
            SQL("DELETE FROM account_collection_run_line WHERE run_id = %s", self.id)
        )
        self.env.cr.execute(self._get_line_query())
        # Nobody writes states by hand.
        self.sudo().write(
            {
                "state": "planned",
                "date_planned": self.company_id._get_collection_day(),
            }
        )
        self.env.invalidate_all()

    def _execute(self, limit=None):
        """Contact the planned customers, batch by batch, each committed.

        It may be killed anywhere: what was not committed is planned still.

        :param int limit: leave the rest after about this many customers
        :return: whether the run is done
        :rtype: bool
        """
        self.ensure_one()
        processed = conflicts = 0
        while limit is None or processed < limit:
            try:
                lines = self.env["account.collection.run.line"]._take_batch(
                    self, 1 if conflicts else self._batch_size
                )
                if lines:
                    self._act_on(lines, conflicts)
            except (OperationalError, IntegrityError):
                # Another execution was faster. Start anew to see what it did.
                conflicts += 1
                if modules.module.current_test:
                    raise
                self.env.cr.rollback()
                self.env.invalidate_all()
                continue
            conflicts = 0
            processed += len(lines)
            if not lines:
                return self._finish()
            if not self._commit_batch(len(lines)):
                break
        return False

    def _act_on(self, lines, conflicts=0):
        """Act on a batch; when that fails, line by line, so that one customer does
        not keep the letters of the others from leaving.

        :param lines: the lines (`account.collection.run.line`), locked
        :param int conflicts: how often the database has refused this batch
        """
        try:
            with self.env.cr.savepoint():
                lines._act()
        except Exception as error:
            is_conflict = isinstance(error, OperationalError | IntegrityError)
            if is_conflict and conflicts < MAX_CONFLICTS:
                raise
            if len(lines) > 1:
                for line in lines:
                    self._act_on(line, conflicts)
                return
            _logger.warning("%s: a line failed", self.display_name, exc_info=True)
            lines.write({"state": "failed", "error": str(error)})

    def _finish(self):
        """Close the run unless another execution is still at work on it, or somebody
        has cancelled it.

        :return: whether the run is done
        :rtype: bool
        """
        self.invalidate_recordset(["state"])
        if self.state != "running" or self._count_planned():
            return False
        # Nobody writes states by hand.
        self.sudo().state = "done"
        self._commit_batch(0)
        return True

    # === HELPERS === #

    def _check_state_by_hand(self):
        """Keep the state of runs, which follows from their buttons.

        :raise AccessError: when it is written by hand
        """
        if not self.env.su:
            raise AccessError(
                self.env._("The state of a run follows from its buttons. Press them.")
            )

    def _get_line_query(self):
        """Write the decisions down as lines of the run."""
        return SQL(
            """
            INSERT INTO account_collection_run_line (
                run_id, partner_id, case_id, step_id, commitment_id, channel, decision,
                reason, reason_date, reason_source, amount_overdue, amount_held,
                amount_collectible, days_overdue, state
            )
            SELECT %(run)s, decision.partner_id, collection_case.id,
                   decision.step_id, decision.commitment_id, decision.channel,
                   decision.decision,
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
        """Keep two people from acting on one run at the same moment.

        :raise UserError: when somebody else is at it
        """
        try:
            self.lock_for_update()
        except LockError as error:
            raise UserError(
                self.env._(
                    "Somebody else is working on the run of %s at this moment. Try "
                    "again when they are done.",
                    format_date(self.env, self.date),
                )
            ) from error

    def _check_day(self):
        """Refuse to write to customers before the day that was decided for.

        :raise UserError: when the run is for a later day
        """
        if self.date > self.company_id._get_collection_day():
            raise UserError(
                self.env._(
                    "This run looks ahead to %s. Execute it on that day, or plan a run "
                    "for today.",
                    format_date(self.env, self.date),
                )
            )

    def _commit_batch(self, processed):
        """Commit what was done.

        :return: whether there is time left to go on
        """
        if modules.module.current_test:
            self.env.flush_all()
            return True
        remaining = self.env["account.collection.run.line"].search_count(
            [("run_id.state", "=", "running"), ("state", "=", "planned")]
        )
        return bool(
            self.env["ir.cron"]._commit_progress(processed, remaining=remaining)
        )

    def _count_planned(self):
        """How many customers are still to be contacted."""
        return self.env["account.collection.run.line"].search_count(
            [("run_id", "in", self.ids), ("state", "=", "planned")]
        )

    def _trigger_execution(self):
        """Let the scheduler go on at once."""
        # Whoever may execute a run need not be allowed to see scheduled actions.
        self.env.ref("account_collections.ir_cron_dun").sudo()._trigger()

    def _check_texts(self):
        """Refuse to begin when a text cannot be rendered.

        :raise UserError: naming the step and the template
        """
        samples = self.env["account.collection.run.line"]._read_group(
            [("run_id", "in", self.ids), ("state", "=", "planned")],
            ["step_id"],
            ["id:min"],
        )
        self.env["account.collection.letter"]._check_templates(
            self.env["account.collection.run.line"].browse(
                [line_id for _step, line_id in samples]
            )
        )
