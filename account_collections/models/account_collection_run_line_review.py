from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date


class AccountCollectionRunLine(models.Model):
    """What is proposed for a customer or why not, in words; and taking them out."""

    _name = "account.collection.run.line"
    _inherit = ["account.collection.run.line"]

    # === FIELDS === #

    run_state = fields.Selection(string="State of the Run", related="run_id.state")
    explanation = fields.Char(string="What and Why", compute="_compute_explanation")

    # === COMPUTE METHODS === #

    @api.depends(
        "decision",
        "reason",
        "reason_date",
        "reason_source",
        "state",
        "error",
        "step_id",
        "channel",
        "case_id",
        "commitment_id",
    )
    @api.depends_context("lang")
    def _compute_explanation(self):
        for line in self:
            if line.error:
                line.explanation = line.error
            elif line.decision == "contact" and line.state != "dropped":
                line.explanation = line._get_contact_explanation()
            else:
                line.explanation = line._get_silence_explanation()

    @api.depends("partner_id", "run_id")
    def _compute_display_name(self):
        for line in self:
            line.display_name = f"{line.run_id.display_name}: " + (
                line.partner_id.display_name or ""
            )

    # === ACTION METHODS === #

    def action_drop(self):
        """Take customers out of the run: they are not contacted this time.

        :raise UserError: when a customer is no longer waiting to be contacted
        """
        for line in self:
            if line.state != "planned" or line.run_state not in ("planned", "running"):
                raise UserError(
                    self.env._(
                        "%s is not waiting to be contacted, so there is nothing to "
                        "take out.",
                        line.partner_id.display_name,
                    )
                )
        self.check_access("read")
        # Lines are written by the engine, and by these two buttons.
        self.sudo().write({"state": "dropped", "reason_source": "manual"})

    def action_undo_drop(self):
        """Put customers back who were taken out of the run by hand.

        :raise UserError: when a customer was not taken out, or the run is over
        """
        for line in self:
            if not line._is_dropped_by_hand() or line.run_state not in (
                "planned",
                "running",
            ):
                raise UserError(
                    self.env._(
                        "%s cannot be put back: only who was taken out by hand, as "
                        "long as the run is not over.",
                        line.partner_id.display_name,
                    )
                )
        self.check_access("read")
        # Lines are written by the engine, and by these two buttons.
        self.sudo().write({"state": "planned", "reason_source": False})

    def action_view_case(self):
        """Open the case of the customer, or the customer when there is none.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        return (self.case_id or self.partner_id)._get_records_action()

    # === HELPERS === #

    def _is_dropped_by_hand(self):
        """Whether somebody took this customer out of the run."""
        self.ensure_one()
        return (
            self.state == "dropped"
            and self.reason_source == "manual"
            and not self.reason
        )

    def _get_contact_explanation(self):
        """Say which step is proposed, and by which way it reaches the customer.

        :rtype: str
        """
        self.ensure_one()
        if self.commitment_id:
            return self._get_reminder_explanation()
        if self.channel == "letter" and self.step_id.channel == "email":
            return self.env._(
                "%s by letter, for want of a working e-mail address", self.step_id.name
            )
        if self.channel == "letter":
            return self.env._("%s by letter", self.step_id.name)
        if self.channel == "call":
            return self.env._("%s: the collector is asked to call", self.step_id.name)
        return self.env._("%s by e-mail", self.step_id.name)

    def _get_reminder_explanation(self):
        """Say which agreed payment the customer is reminded of, and how it stands.

        :rtype: str
        """
        self.ensure_one()
        payment = self.commitment_id._get_explanation(self.run_id.date)
        if self.channel == "letter":
            return self.env._("Reminder by letter: %s", payment)
        if self.channel == "call":
            return self.env._("The collector is asked to call: %s", payment)
        return self.env._("Reminder by e-mail: %s", payment)

    def _get_silence_explanation(self):
        """Say why the customer is left alone.

        :rtype: str
        """
        self.ensure_one()
        if self._is_dropped_by_hand():
            return self.env._("Taken out by hand")
        if self.state == "dropped" and self.reason_source == "paid":
            return self.env._("Paid before it left")
        if explain := getattr(self, f"_explain_{self.reason}", None):
            return explain()
        return self.env._("Nothing is overdue any more")

    def _explain_below_minimum(self):
        policy = self.case_id.policy_id
        if not policy:
            return self.env._("Owes no more than the minimum of the policy")
        return self.env._(
            "Owes no more than the policy's minimum of %s",
            policy.currency_id.format(policy.min_amount),
        )

    def _explain_credits(self):
        return self.env._("Payments or credit notes not yet applied cover it")

    def _explain_held(self):
        kind = dict(
            self.env["account.collection.hold"]
            ._fields["reason"]
            ._description_selection(self.env)
        ).get(self.reason_source)
        if self.reason_source == "manual" or not kind:
            if not self.reason_date:
                return self.env._("Held without an end (set by hand)")
            return self.env._(
                "Held until %s (set by hand)", format_date(self.env, self.reason_date)
            )
        if not self.reason_date:
            return self.env._("%s still open", kind)
        return self.env._(
            "%(kind)s until %(date)s",
            kind=kind,
            date=format_date(self.env, self.reason_date),
        )

    def _explain_gap(self):
        return self.env._(
            "Contacted recently, again from %s", format_date(self.env, self.reason_date)
        )

    def _explain_no_step_due(self):
        if not self.reason_date:
            return self.env._("No step is due yet")
        return self.env._(
            "The next step is due on %s", format_date(self.env, self.reason_date)
        )

    def _explain_steps_done(self):
        return self.env._("All steps were taken: decide what comes next")

    def _explain_blocked(self):
        if self.case_id.state == "handed_over":
            return self.env._("Handed over to %s", self.case_id.agency_id.display_name)
        return self.env._("The invoices are excluded from follow-up")

    def _explain_no_policy(self):
        return self.env._("No collection policy applies to this customer")

    def _explain_no_address(self):
        return self.env._("Neither an e-mail nor a postal address works")

    def _explain_unapplied(self):
        return self.env._("A payment of the customer waits to be applied")
