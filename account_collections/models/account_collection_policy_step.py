from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


class AccountCollectionPolicyStep(models.Model):
    _name = "account.collection.policy.step"
    _description = "Collection Policy Step"
    _order = "policy_id, applies_to desc, delay_days, sequence, id"
    _check_company_auto = True

    # === FIELDS === #

    policy_id = fields.Many2one(
        "account.collection.policy", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="policy_id.company_id")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    name = fields.Char(required=True, translate=True)
    applies_to = fields.Selection(
        [("item", "Open items"), ("commitment", "Agreed payments")],
        default="item",
        required=True,
    )
    delay_days = fields.Integer(
        string="Days After Due Date",
        required=True,
        help="Days from the due date to this step. A negative number is a "
        "reminder before the due date.",
    )
    timing = fields.Char(string="When", compute="_compute_timing")
    channel = fields.Selection(
        [("email", "E-mail"), ("letter", "Letter"), ("call", "Phone call")],
        default="email",
        required=True,
    )
    mail_template_id = fields.Many2one(
        "mail.template",
        string="Text",
        domain=[("model", "=", "account.collection.run.line")],
        ondelete="restrict",
        help="The words of the e-mail or letter. The table of open items follows "
        "them by itself.",
    )
    attach_statement = fields.Boolean()
    attach_invoices = fields.Boolean()
    hold_orders = fields.Boolean(
        help="Mark the customer's case so that no further orders are delivered "
        "until the case is settled.",
    )

    apply_fee = fields.Boolean(
        string="Late Fee",
        help="Charge the late fee of the policy when this step is carried out.",
    )

    # === CONSTRAINT METHODS === #

    _unique_delay = models.UniqueIndex(
        "(policy_id, applies_to, delay_days, channel) WHERE active IS TRUE",
        "Two steps of a policy cannot have the same number of days and the same "
        "channel. Change the days of one of them.",
    )

    @api.constrains("channel", "mail_template_id")
    def _check_mail_template(self):
        for step in self:
            if step.channel == "call":
                continue
            if not step.mail_template_id:
                raise ValidationError(
                    self.env._(
                        "The step %s has no text. Choose the template with the "
                        "words of the e-mail or letter.",
                        step.name,
                    )
                )
            if step.mail_template_id.model != "account.collection.run.line":
                raise ValidationError(
                    self.env._(
                        "The template %(template)s is not made for dunning. "
                        "Choose a template that applies to dunning lines.",
                        template=step.mail_template_id.name,
                    )
                )

    # === COMPUTE METHODS === #

    @api.depends("delay_days")
    @api.depends_context("lang")
    def _compute_timing(self):
        for step in self:
            if step.delay_days < 0:
                step.timing = self.env._("%s days before due", -step.delay_days)
            elif step.delay_days:
                step.timing = self.env._("%s days after due", step.delay_days)
            else:
                step.timing = self.env._("on the due date")

    # === CRUD METHODS === #

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        for step in self:
            if step._is_used():
                raise UserError(
                    self.env._(
                        "Customers were already contacted at the step %s. "
                        "Archive it instead of deleting it.",
                        step.name,
                    )
                )

    # === BUSINESS METHODS === #

    def _is_used(self):
        """Whether a contact or a run line refers to one of these steps."""
        # Whether a step may be deleted does not depend on who asks.
        env = self.sudo().env
        return any(
            env[model].search_count([("step_id", "in", self.ids)], limit=1)
            for model in ("account.collection.contact", "account.collection.run.line")
        )
