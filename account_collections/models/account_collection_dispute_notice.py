import logging

from odoo import api, fields, models, modules

from odoo.addons.base.models.ir_qweb_fields import nl2br_enclose

_logger = logging.getLogger(__name__)

# The news with which the customer is asked for money, where some is left to pay.
DEMANDS = ("resolved_invalid", "credited")


class AccountCollectionDispute(models.Model):
    """Who is told of a dispute: the customer at each change, the responsible person,
    and somebody above them when it is not settled in time."""

    _name = "account.collection.dispute"
    _inherit = ["account.collection.dispute"]

    # === FIELDS === #

    address_id = fields.Many2one("res.partner", compute="_compute_address_id")

    # === COMPUTE METHODS === #

    @api.depends("partner_id")
    def _compute_address_id(self):
        for dispute in self:
            dispute.address_id = dispute._get_email_address()

    # === BUSINESS METHODS === #

    def _on_state(self, former):
        result = super()._on_state(former)
        if self.state == self._cancelled_state and self._is_void():
            self._end_void()
        return result

    def _tell_customer(self, news=None):
        """Write to the customer what has become of the dispute, in their language; the
        message is queued.

        :param str news: what they are told, the state by default
        """
        self.ensure_one()
        news = news or self.state
        template = f"mail_template_dispute_{news}"
        # Of an invoice that is cancelled or deleted there is nothing to say.
        if self._is_void() or not self.env.ref(
            f"account_collections.{template}", raise_if_not_found=False
        ):
            return
        self._send_notice(
            template, is_demand=news in DEMANDS and self._get_left_to_pay() > 0
        )

    def _end_void(self):
        """Note, on the case too, that the dispute has ended with its invoices."""
        # It follows the ledger, whoever sees it.
        dispute = self.sudo()
        dispute.date_end = self.date_end or self.company_id._get_collection_day()
        (dispute.case_id or dispute)._message_log(
            body=self.env._(
                "The dispute %s has ended: its invoices were cancelled, deleted or "
                "changed, and nothing of them is left. The customer was not written "
                "to.",
                self.name,
            )
        )

    def _ask_responsible(self):
        """Ask whoever is responsible to clarify it by its deadline; where nobody who
        is named can, whoever answers for the case."""
        if not self.responsible_id:
            self.responsible_id = self.case_id._get_responsible(
                self.company_id, self.user_id
            )
        self._schedule(
            self.responsible_id, self.env._("Clarify the dispute"), self.date_deadline
        )

    def _ask_credit(self):
        """Ask whoever is responsible to see to what was agreed and is not credited."""
        user = self.responsible_id or self.user_id
        if user:
            self._schedule(
                user,
                self.env._("Credit what was agreed"),
                self.company_id._get_collection_day(),
                self.env._(
                    "%(amount)s of the %(agreed)s that were agreed are not credited. "
                    "Make the credit note for the rest, or decide that nothing more is "
                    "credited: until then they are not collected.",
                    amount=self.currency_id.format(self.amount_uncredited),
                    agreed=self.currency_id.format(self.amount_agreed),
                ),
            )

    def _close_request(self):
        """Nobody needs to clarify it any more."""
        # The request may be somebody else's.
        self.sudo().activity_ids.filtered("automated").unlink()

    @api.model
    def _cron_escalate(self):
        """Bring the disputes that were not settled in time to somebody's attention,
        each of them once."""
        disputes = self._get_overdue()
        is_test = bool(modules.module.current_test)
        if not is_test:
            self.env["ir.cron"]._commit_progress(remaining=len(disputes))
        for dispute in disputes:
            try:
                with self.env.cr.savepoint():
                    dispute._escalate()
            except Exception:
                _logger.warning("%s could not be escalated", dispute, exc_info=True)
            if not is_test and not self.env["ir.cron"]._commit_progress(1):
                break

    @api.model
    def _get_overdue(self):
        """The disputes whose deadline has passed, and of which nobody was told.

        :return: disputes of all companies
        """
        disputes = self.env[self._name]
        for company in self.env["res.company"].search([("parent_id", "=", False)]):
            disputes |= self.search(
                [
                    ("company_id", "=", company.id),
                    ("is_registered", "=", True),
                    ("state", "in", self._live_states),
                    ("date_end", "=", False),
                    ("date_escalated", "=", False),
                    ("date_deadline", "<", company._get_collection_day()),
                ]
            )
        return disputes

    def _escalate(self):
        """Tell the leader of the team that the dispute is overdue; where there is none,
        a manager, else whoever is responsible."""
        self.ensure_one()
        today = self.company_id._get_collection_day()
        user = self._get_superior()
        if user:
            self._schedule(user, self.env._("Dispute not settled in time"), today)
        # Nobody writes it by hand.
        self.sudo().date_escalated = today

    # === HELPERS === #

    def _get_superior(self):
        """Whom an overdue dispute is brought to.

        :return: a user (`res.users`), empty if nobody can work on it
        """
        managers = self.env.ref("account_collections.group_collection_manager")
        leaders = self.team_id.user_id | self.case_id.team_id.user_id
        return self._get_able(
            *(leaders - self.responsible_id),
            *managers.all_user_ids.filtered("login_date"),
            *managers.all_user_ids,
            self.responsible_id,
            self.user_id,
        )

    def _get_left_to_pay(self):
        """What the customer can be asked for: what is left to pay of the disputed
        amount but for what is credited, and nothing while nobody is to ask them.

        :rtype: float
        """
        if self._is_left_alone():
            return 0
        left = sum(self.sudo()._get_unagreed_amounts().values())
        return self.currency_id.round(min(left, self.amount - self.amount_agreed))

    def _is_more_due(self):
        """Whether the customer can be told that they owe anything of the invoices
        besides what is credited.

        :rtype: bool
        """
        if self._is_left_alone():
            return False
        left = sum(self.sudo()._get_unagreed_amounts().values())
        return self.currency_id.compare_amounts(left, self.amount_agreed) > 0

    def _schedule(self, user, summary, date_deadline, note=None):
        """Ask a user to look at it.

        :param user: whom (`res.users`)
        :param str summary: what for
        :param datetime.date date_deadline: by when
        :param str note: more about it; what is disputed by default
        """
        # Who registers a dispute need not be allowed to give others work.
        self.sudo().activity_schedule(
            "mail.mail_activity_data_todo",
            date_deadline=date_deadline,
            summary=summary,
            note=nl2br_enclose(
                note
                or self.env._(
                    "%(customer)s disputes %(amount)s: %(reason)s.",
                    customer=self.partner_id.display_name,
                    amount=self.currency_id.format(self.amount),
                    reason=self.reason_id.name,
                ),
                "p",
            ),
            user_id=user.id,
            automated=True,
        )
