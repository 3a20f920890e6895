from odoo import fields, models


class AccountCollectionRunLine(models.Model):
    _name = "account.collection.run.line"
    _description = "Dunning Run Line"
    _order = "run_id, decision, amount_collectible desc, id"
    # Written by the hundred thousand: who and when stand on the run.
    _log_access = False

    # === FIELDS === #

    run_id = fields.Many2one(
        "account.collection.run", required=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="run_id.company_id")
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one("res.partner", string="Customer", required=True)
    case_id = fields.Many2one("account.collection.case", ondelete="set null")
    step_id = fields.Many2one("account.collection.policy.step", ondelete="restrict")
    channel = fields.Selection(
        [("email", "E-mail"), ("letter", "Letter"), ("call", "Phone call")]
    )
    decision = fields.Selection(
        [("contact", "Contact"), ("skip", "Skip")], required=True
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
        ]
    )
    reason_date = fields.Date()
    reason_source = fields.Char()
    state = fields.Selection(
        [
            ("planned", "Planned"),
            ("done", "Done"),
            ("failed", "Failed"),
            ("dropped", "Dropped"),
        ],
        default="planned",
        required=True,
    )
    amount_overdue = fields.Monetary()
    amount_held = fields.Monetary()
    amount_collectible = fields.Monetary()
    days_overdue = fields.Integer()
    error = fields.Char()

    # === CONSTRAINT METHODS === #

    _one_per_customer = models.UniqueIndex("(run_id, partner_id)")
    _planned_idx = models.Index("(run_id, id) WHERE state = 'planned'")

    # === BUSINESS METHODS === #

    def _take_batch(self, run, size):
        return self.browse()
