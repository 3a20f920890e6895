from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date

from .account_collection_contact import LIVE_STATES


class AccountCollectionPlan(models.Model):
    """Who is told how a plan stands.

    A customer without an e-mail address gets a letter, which the collector is asked to
    print: the days of cure do not begin before the customer is told of the arrears.
    """

    _name = "account.collection.plan"
    _inherit = ["account.collection.plan"]

    _notices = {
        "at_risk": "mail_template_plan_cure",
        "defaulted": "mail_template_plan_default",
    }

    # === FIELDS === #

    is_untold = fields.Boolean(
        string="Not Told Yet",
        readonly=True,
        copy=False,
        help="The customer was not told of the arrears: there is no e-mail address, or "
        "they are not to be contacted. The days of cure have not begun.",
    )

    due_line_ids = fields.Many2many(
        "account.move.line",
        string="Due At Once",
        compute="_compute_amount_due",
        compute_sudo=True,
        help="What is left to pay and not held of what the plan covers.",
    )
    amount_due = fields.Monetary(compute="_compute_amount_due", compute_sudo=True)

    # === COMPUTE METHODS === #

    def _compute_amount_due(self):
        # The money and the holds may have changed just now.
        lines = self.line_ids
        lines.invalidate_recordset(["collection_residual", "collection_held"])
        for plan in self:
            due = {
                line: line.collection_residual - line.collection_held
                for line in plan.line_ids.sorted(
                    lambda line: (line.date_maturity or line.date, line.id)
                )
            }
            plan.due_line_ids = lines.browse(
                line.id
                for line, amount in due.items()
                if plan.currency_id.compare_amounts(amount, 0) > 0
            )
            plan.amount_due = sum(max(amount, 0) for amount in due.values())

    # === ACTION METHODS === #

    def action_print_notice(self):
        """Print what the customer is to be told of arrears, or of the end of the plan.
        The days of cure begin with it, if the customer was not told before.

        :return: an action that downloads the letter
        :rtype: dict
        :raise UserError: when there is nothing to tell, or no PDF can be made
        """
        self.ensure_one()
        self._check_notice()
        self.env["account.collection.letter"]._check_pdf()
        if self._get_requests("letter"):
            # Contacts are recorded whoever causes them.
            self.env["account.collection.contact"].sudo().create(
                self._prepare_letter_contact()
            )
        if self.is_untold:
            self.action_told()
        self._withdraw_requests("letter")
        return self.env.ref(
            "account_collections.action_report_plan_notice"
        ).report_action(self)

    def action_told(self):
        """Record that the customer was told of the arrears: the days of cure begin.

        :raise UserError: when the customer knows of them, or there are none
        """
        for plan in self:
            plan._lock_in(("at_risk",))
            if not plan.is_untold:
                raise UserError(
                    self.env._("The customer was told of the arrears already.")
                )
            # They begin today.
            plan._evaluate()
            plan.sudo().write(
                {
                    "is_untold": False,
                    "followed_state": f"{plan.state} {plan.date_cure}",
                }
            )
            plan._withdraw_requests("letter")
            plan.message_post(
                body=self.env._(
                    "The customer was told of the arrears by %(user)s. They can be "
                    "paid until %(date)s.",
                    user=self.env.user.name,
                    date=format_date(self.env, plan.date_cure),
                )
            )

    # === BUSINESS METHODS === #

    def _check_notice(self):
        """See that there is something to tell the customer.

        :raise UserError: when the plan is neither at risk nor defaulted
        """
        self.check_access("read")
        if self.state not in self._notices:
            raise UserError(
                self.env._(
                    "%(name)s is %(state)s: there is nothing to tell the customer.",
                    name=self.name,
                    state=self._get_state_name(),
                )
            )

    def _tell(self, is_new):
        """Tell the customer how the plan stands, or have them told by letter.

        :param bool is_new: whether they were not told of arrears before
        """
        is_reached = self._is_reached()
        if self.state == "at_risk":
            # Follows from the address, whoever causes the evaluation.
            self.sudo().is_untold = not is_reached and (is_new or self.is_untold)
            self.sudo().followed_state = self._get_followed()
        self._send_notice(self._notices[self.state], is_demand=True)
        self._withdraw_requests("letter")
        if not is_reached and not self._is_left_alone():
            self._request("letter")

    def _on_undelivered(self, date):
        """A notice did not reach the customer: they are to get a letter. If it was to
        tell them of the arrears, the days of cure have not begun.

        :param datetime.date date: the day of the notice
        """
        self.ensure_one()
        if self.state == "at_risk" and date == self.date_at_risk:
            self.is_untold = True
            self._trigger_follow_up()
        elif self.state in self._notices and not self._is_reached():
            self._withdraw_requests("letter")
            self._request("letter")

    def _on_state(self, former):
        result = super()._on_state(former)
        if former == "defaulted":
            self._withdraw_requests("default")
            if self.state in self._live_states:
                # What the customer was told has turned out wrong.
                self._send_notice("mail_template_plan_resumed")
        if self.state in self._notices:
            self._tell(is_new=former != "at_risk")
        else:
            self._withdraw_requests("letter")
        if self.state == "defaulted":
            self._request("default")
        elif self.state == "completed" and self.amount_received:
            self._send_notice("mail_template_plan_completed")
        elif self.state == "active" and former == "at_risk":
            self.message_post(body=self.env._("Nothing is late any more."))
        elif self.state == "active" and former == "completed":
            self.message_post(
                body=self.env._("A payment was undone: the plan goes on.")
            )
        return result

    def _get_followed(self):
        followed = super()._get_followed()
        if self.is_untold and self.state == "at_risk":
            return followed if self._is_reached() else "at_risk untold"
        return followed

    # === HELPERS === #

    def _prepare_request(self, key):
        if key == "letter":
            return {
                "act_type_xmlid": "mail.mail_activity_data_todo",
                "summary": self.env._("Send a letter about the payment plan"),
                "note": self.env._(
                    "There is no e-mail address of %(customer)s that works. Open "
                    "%(plan)s and press 'Print Notice', or call.",
                    customer=self.partner_id.display_name,
                    plan=self.name,
                ),
            }
        if key == "default":
            return {
                "act_type_xmlid": "mail.mail_activity_data_call",
                "summary": self.env._("Payment plan defaulted"),
                "note": self.env._(
                    "Of %(amount)s in %(plan)s, %(received)s came. The rest is due at "
                    "once; the dunning goes on from its last step.",
                    amount=self.currency_id.format(self.amount),
                    plan=self.name,
                    received=self.currency_id.format(self.amount_received),
                ),
            }
        return super()._prepare_request(key)

    def _get_notice_values(self):
        """Put what the customer is told into plain values, in their language, as a
        letter on paper has it.

        :rtype: dict
        """
        self._check_notice()
        lang = self._get_lang()
        # Words of the template and no other come from the database.
        template = self.env.ref(
            f"account_collections.{self._notices[self.state]}"
        ).sudo()
        plan = self.sudo().with_context(lang=lang)
        return {
            "contact": plan,
            "company": plan.company_id,
            "address": plan.partner_id,
            "lang": lang,
            "sender_text": plan.env["account.collection.statement"]._get_sender_text(
                plan.company_id
            ),
            "date_text": format_date(plan.env, plan.company_id._get_collection_day()),
            "subject": template._render_field("subject", self.ids, set_lang=lang)[
                self.id
            ],
            "body": template._render_field("body_html", self.ids, set_lang=lang)[
                self.id
            ],
        }

    def _is_reached(self):
        """Whether a notice that asks for money reaches the customer."""
        return not self._is_left_alone() and bool(self._get_email_address())

    def _prepare_letter_contact(self):
        """Prepare the contact that the printed notice makes: the dunning leaves a gap
        after it, as after one by e-mail.

        :return: values of an `account.collection.contact`
        :rtype: dict
        """
        return {
            "partner_id": self.partner_id.id,
            "company_id": self.company_id.id,
            "case_id": self.case_id.id,
            "date": self.company_id._get_collection_day(),
            "channel": "letter",
            "user_id": self.env.user.id,
            "address_id": self.partner_id.id,
            "state": "sent",
            "note": self._get_notice_values()["subject"],
        }


class AccountCollectionContact(models.Model):
    _name = "account.collection.contact"
    _inherit = ["account.collection.contact"]

    # === BUSINESS METHODS === #

    def _mark_failed(self, error):
        failed = self.filtered(lambda contact: contact.state in LIVE_STATES)
        result = super()._mark_failed(error)
        # What the customer knows is a matter of the plan, whoever sends.
        plans = self.env["account.collection.plan"].sudo()
        for contact in failed:
            message = contact.mail_message_id.sudo()
            if message.model == plans._name:
                plans.browse(message.res_id)._on_undelivered(contact.date)
        return result
