from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date


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
        if self._get_requests(self._get_letter_summary()):
            # Contacts are recorded whoever causes them.
            self.env["account.collection.contact"].sudo().create(
                self._prepare_letter_contact()
            )
        if self.is_untold:
            self.action_told()
        self._withdraw_letter()
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
            plan._withdraw_letter()
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
        self._withdraw_letter()
        if not is_reached and not self._is_left_alone():
            self._ask_collector(
                "mail.mail_activity_data_todo",
                self._get_letter_summary(),
                self.env._(
                    "There is no e-mail address of %(customer)s that works. Open "
                    "%(plan)s and press 'Print Notice', or call.",
                    customer=self.partner_id.display_name,
                    plan=self.name,
                ),
            )

    def _withdraw_letter(self):
        """Nobody needs to send a letter any more."""
        self._get_requests(self._get_letter_summary()).unlink()

    def _on_state(self, former):
        result = super()._on_state(former)
        if former == "defaulted":
            self._withdraw_call()
            if self.state in self._live_states:
                # What the customer was told has turned out wrong.
                self._send_notice("mail_template_plan_resumed")
        if self.state in self._notices:
            self._tell(is_new=former != "at_risk")
        else:
            self._withdraw_letter()
        if self.state == "defaulted":
            self._schedule_call()
        elif self.state == "completed" and self.amount_received:
            self._send_notice("mail_template_plan_completed")
        elif self.state == "active" and former == "at_risk":
            self.message_post(body=self.env._("The arrears were paid."))
        elif self.state == "active" and former == "completed":
            self.message_post(
                body=self.env._("A payment was undone: the plan goes on.")
            )
        return result

    def _schedule_call(self):
        """Ask for a call on the day on which the plan has ended."""
        self._ask_collector(
            "mail.mail_activity_data_call",
            self.env._("Payment plan defaulted"),
            self.env._(
                "Of %(amount)s in %(plan)s, %(received)s came. The rest is due at "
                "once; the dunning goes on from its last step.",
                amount=self.currency_id.format(self.amount),
                plan=self.name,
                received=self.currency_id.format(self.amount_received),
            ),
        )

    def _withdraw_call(self):
        """Nobody needs to call about a plan that goes on."""
        self._get_requests(self.env._("Payment plan defaulted")).unlink()

    def _get_followed(self):
        followed = super()._get_followed()
        if self.is_untold and self.state == "at_risk":
            return followed if self._is_reached() else "at_risk untold"
        return followed

    # === HELPERS === #

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

    def _get_letter_summary(self):
        """What the collector is asked to do where there is no e-mail address."""
        return self.env._("Send a letter about the payment plan")

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

    def _ask_collector(self, kind, summary, note):
        """Ask the collector to do something about the plan today.

        :param str kind: the xmlid of the kind of activity
        :param str summary: what is to be done
        :param str note: why; it names the plan
        """
        user = self.case_id.user_id or self.user_id or self.env.user
        # The collector may be somebody else than who books.
        (self.case_id or self).sudo().activity_schedule(
            kind,
            date_deadline=self.company_id._get_collection_day(),
            summary=summary,
            note=note,
            user_id=user.id,
            automated=True,
        )

    def _get_requests(self, summary):
        """What the collector was asked to do about the plan, and has not done.

        :param str summary: what is to be done
        :return: activities (`mail.activity`), which may be somebody else's
        """
        records = [one.sudo() for one in (self, self.case_id) if one]
        activities = self.env["mail.activity"].sudo()
        return activities.union(*(one.activity_ids for one in records)).filtered(
            lambda activity: (
                activity.automated
                and activity.summary == summary
                and self.name in (activity.note or "")
            )
        )
