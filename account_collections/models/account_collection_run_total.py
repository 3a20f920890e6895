from odoo import fields, models
from odoo.tools import SQL


class AccountCollectionRunTotal(models.Model):
    """A run summed up by step and channel, and by reason for silence."""

    _name = "account.collection.run.total"
    _description = "Dunning Run Total"
    _order = "decision, delay_days, customer_count desc, id"
    _auto = False
    _depends = {
        "account.collection.run.line": [
            "run_id",
            "decision",
            "step_id",
            "channel",
            "reason",
            "state",
            "amount_overdue",
            "amount_collectible",
        ],
        "account.collection.policy.step": ["delay_days"],
    }

    # === FIELDS === #

    run_id = fields.Many2one("account.collection.run", readonly=True)
    currency_id = fields.Many2one(related="run_id.currency_id")
    decision = fields.Selection(
        [("contact", "Contact"), ("skip", "Skip")], readonly=True
    )
    step_id = fields.Many2one("account.collection.policy.step", readonly=True)
    delay_days = fields.Integer(readonly=True)
    channel = fields.Selection(
        [("email", "E-mail"), ("letter", "Letter"), ("call", "Phone call")],
        readonly=True,
    )
    reason = fields.Selection(
        selection=lambda self: (
            self.env["account.collection.run.line"]
            ._fields["reason"]
            ._description_selection(self.env)
        ),
        readonly=True,
    )
    customer_count = fields.Integer(string="Customers", readonly=True)
    planned_count = fields.Integer(string="Waiting", readonly=True)
    done_count = fields.Integer(string="Contacted", readonly=True)
    failed_count = fields.Integer(string="Failed", readonly=True)
    dropped_count = fields.Integer(string="Dropped", readonly=True)
    amount_overdue = fields.Monetary(string="Overdue", readonly=True)
    amount_collectible = fields.Monetary(string="Collectible", readonly=True)

    # === ACTION METHODS === #

    def action_view_lines(self):
        """Open the lines that this total is made of.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        if self.decision == "skip":
            return self.run_id._prepare_lines_action(
                dict(self._fields["reason"]._description_selection(self.env)).get(
                    self.reason, ""
                ),
                [("decision", "=", "skip"), ("reason", "=", self.reason)],
            )
        return self.run_id._prepare_lines_action(
            self.step_id.name or "",
            [
                ("decision", "=", "contact"),
                ("step_id", "=", self.step_id.id),
                ("channel", "=", self.channel),
            ],
        )

    # === HELPERS === #

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT MIN(line.id) AS id, line.run_id, line.decision, line.step_id,
                   step.delay_days, line.channel,
                   CASE line.decision WHEN 'skip' THEN line.reason END AS reason,
                   COUNT(*) AS customer_count,
                   COUNT(*) FILTER (WHERE line.state = 'planned') AS planned_count,
                   COUNT(*) FILTER (WHERE line.state = 'done') AS done_count,
                   COUNT(*) FILTER (WHERE line.state = 'failed') AS failed_count,
                   COUNT(*) FILTER (WHERE line.state = 'dropped') AS dropped_count,
                   SUM(line.amount_overdue) AS amount_overdue,
                   SUM(line.amount_collectible) AS amount_collectible
              FROM account_collection_run_line line
              LEFT JOIN account_collection_policy_step step
                ON step.id = line.step_id
             GROUP BY line.run_id, line.decision, line.step_id, step.delay_days,
                      line.channel,
                      CASE line.decision WHEN 'skip' THEN line.reason END
            """
        )
