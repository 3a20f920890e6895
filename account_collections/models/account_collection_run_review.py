from collections import defaultdict

from odoo import api, fields, models


class AccountCollectionRun(models.Model):
    """What the accountant sees of a run, before and while it is executed."""

    _name = "account.collection.run"
    _inherit = ["account.collection.run"]

    # Lines that the form itself shows; all of them are a button away.
    _preview_size = 40

    # === FIELDS === #

    contact_count = fields.Integer(string="To Contact", compute="_compute_counts")
    skip_count = fields.Integer(string="Left Alone", compute="_compute_skip_count")
    planned_count = fields.Integer(string="Waiting", compute="_compute_counts")
    done_count = fields.Integer(string="Contacted", compute="_compute_counts")
    failed_count = fields.Integer(string="Failed", compute="_compute_counts")
    dropped_count = fields.Integer(string="Dropped", compute="_compute_counts")
    handled_count = fields.Integer(string="Progress", compute="_compute_counts")
    letter_count = fields.Integer(string="Letters", compute="_compute_counts")
    amount_to_contact = fields.Monetary(string="Collectible", compute="_compute_counts")
    contact_total_ids = fields.One2many(
        "account.collection.run.total",
        "run_id",
        string="Contacts by Step",
        domain=[("decision", "=", "contact")],
    )
    skip_total_ids = fields.One2many(
        "account.collection.run.total",
        "run_id",
        string="Silences by Reason",
        domain=[("decision", "=", "skip")],
    )
    contact_line_ids = fields.Many2many(
        "account.collection.run.line",
        string="Largest Customers to Contact",
        compute="_compute_preview_lines",
    )
    skip_line_ids = fields.Many2many(
        "account.collection.run.line",
        string="Largest Customers Left Alone",
        compute="_compute_preview_lines",
    )

    # === COMPUTE METHODS === #

    @api.depends("line_ids.state", "line_ids.decision")
    def _compute_counts(self):
        groups = self.env["account.collection.run.line"]._read_group(
            [("run_id", "in", self.ids), ("decision", "=", "contact")],
            ["run_id", "state", "channel"],
            ["__count", "amount_collectible:sum"],
        )
        counts = defaultdict(int)
        amounts = defaultdict(float)
        for run, state, channel, count, amount in groups:
            counts[run] += count
            counts[run, state] += count
            counts[run, state, channel] += count
            amounts[run] += amount
        for run in self:
            run.contact_count = counts[run._origin]
            run.planned_count = counts[run._origin, "planned"]
            run.done_count = counts[run._origin, "done"]
            run.failed_count = counts[run._origin, "failed"]
            run.dropped_count = counts[run._origin, "dropped"]
            run.letter_count = counts[run._origin, "done", "letter"]
            run.handled_count = run.contact_count - run.planned_count
            run.amount_to_contact = amounts[run._origin]

    @api.depends("line_ids.decision")
    def _compute_skip_count(self):
        # Apart from the others: an index holds all that it needs.
        counts = dict(
            self.env["account.collection.run.line"]._read_group(
                [("run_id", "in", self.ids), ("decision", "=", "skip")],
                ["run_id"],
                ["__count"],
            )
        )
        for run in self:
            run.skip_count = counts.get(run._origin, 0)

    @api.depends("line_ids")
    def _compute_preview_lines(self):
        for run in self:
            for name, decision in (
                ("contact_line_ids", "contact"),
                ("skip_line_ids", "skip"),
            ):
                run[name] = run.line_ids.search(
                    [("run_id", "in", run.ids), ("decision", "=", decision)],
                    order="amount_collectible desc, id",
                    limit=self._preview_size,
                )

    # === ACTION METHODS === #

    def action_confirm_execute(self):
        """Say how many customers will be contacted, and ask whether to go on.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Contact the Customers"),
            "res_model": "account.collection.run.execute",
            "view_mode": "form",
            "target": "new",
            "context": {"default_run_id": self.id},
        }

    def action_view_contacts(self):
        """Open the lines of the customers to contact.

        :return: a window action
        :rtype: dict
        """
        return self._prepare_lines_action(
            self.env._("To Contact"), [("decision", "=", "contact")]
        )

    def action_view_skips(self):
        """Open the lines of the customers who are left alone, by reason.

        :return: a window action
        :rtype: dict
        """
        return self._prepare_lines_action(
            self.env._("Left Alone"),
            [("decision", "=", "skip")],
            {"search_default_group_reason": 1},
        )

    def action_view_failed(self):
        """Open the lines that did not reach the customer.

        :return: a window action
        :rtype: dict
        """
        return self._prepare_lines_action(
            self.env._("Failed"), [("state", "=", "failed")]
        )

    def action_view_dropped(self):
        """Open the lines of those who need not be contacted any more.

        :return: a window action
        :rtype: dict
        """
        return self._prepare_lines_action(
            self.env._("Dropped"), [("state", "=", "dropped")]
        )

    # === HELPERS === #

    def _prepare_lines_action(self, name, domain, context=None):
        """Prepare the list of some lines of this run.

        :param str name: the title
        :param list domain: which lines
        :param dict context: filters that are set
        :rtype: dict
        """
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_collections.account_collection_run_line_action"
        )
        return dict(
            action,
            display_name=f"{self.display_name}: {name}",
            domain=[("run_id", "=", self.id), *domain],
            context=dict(context or {}, create=False),
        )
