from odoo import fields, models
from odoo.exceptions import UserError


class AccountCollectionPlan(models.Model):
    """From the proposal of a plan until it is in force.

    A plan beyond the policy concerns nobody but a manager at first: before the approval
    the customer hears nothing, and nothing is held. One that waits for the customer's
    acceptance is held for some days only, so that an unanswered proposal does not stop
    the dunning. Payments that come while a plan is proposed count for its first
    installments.
    """

    _name = "account.collection.plan"
    _inherit = ["account.collection.plan"]

    # How long a proposal is waited for before the dunning goes on.
    _proposal_days = 7

    # === FIELDS === #

    approved_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    date_approved = fields.Datetime(string="Approved On", readonly=True, copy=False)

    # === ACTION METHODS === #

    def action_confirm(self):
        """Propose plans to their customers, and put those within the policy into
        force, unless they wait for the customer's acceptance. One beyond the policy is
        not sent before a manager has approved it.

        :raise UserError: when one is not a draft, makes no sense, or covers what
            something else covers already
        """
        result = super().action_confirm()
        self.filtered(lambda plan: not plan._waits_for_approval())._send_agreement()
        return result

    def action_activate(self):
        """Approve plans beyond the policy, and put proposed plans into force. One that
        waits for the customer's acceptance is only offered by its approval; a manager
        can put it into force without the acceptance.

        :raise UserError: when one is not proposed, when the user is no manager and it
            is beyond the policy or not accepted, or when its first payment is late
            already
        """
        for plan in self:
            plan._lock_in(("proposed",))
            if not plan._waits_for_approval():
                plan._check_accepted()
                plan._activate()
                continue
            plan._check_approval()
            plan._approve()
            if plan.wait_for_acceptance and not plan.date_accepted:
                plan._offer()
            else:
                plan._activate()
        self._send_agreement()

    # === BUSINESS METHODS === #

    def _check_owed(self):
        if self._is_draft():
            return super()._check_owed()
        owed = sum(self._get_free_amounts().values())
        if self.currency_id.compare_amounts(self.amount, owed) > 0:
            self._refuse_outdated(self.amount, owed)
        return None

    def _check_accepted(self):
        """See that the customer has accepted, or that a manager does without it.

        :raise UserError: when the customer has not, and the user is no manager
        """
        if not self.wait_for_acceptance or self.date_accepted:
            return
        if not self._is_manager():
            raise UserError(
                self.env._(
                    "%s waits for the customer's acceptance. Record it with "
                    "'Accepted', or ask a manager to put the plan into force without "
                    "it.",
                    self.name,
                )
            )
        self.message_post(
            body=self.env._(
                "Put into force without the customer's acceptance by %s.",
                self.env.user.name,
            )
        )

    def _check_covered(self):
        """See that what the plan still expects is left of what it covers.

        :raise UserError: when other agreements have got a part of it
        """
        expected = sum(self._get_commitments().mapped("amount_open"))
        held = sum(self._get_holds().filtered("active").mapped("amount"))
        if self.currency_id.compare_amounts(expected, held) > 0:
            self._refuse_outdated(expected, held)

    def _refuse_outdated(self, expected, owed):
        """Refuse a proposal that does not fit any more what is owed.

        :param float expected: what the plan asks for
        :param float owed: what can be covered
        :raise UserError: always
        """
        raise UserError(
            self.env._(
                "%(plan)s asks for %(expected)s, but %(owed)s is left of what it "
                "covers. Make a new version: it is about what is left.",
                plan=self.name,
                expected=self.currency_id.format(expected),
                owed=self.currency_id.format(owed),
            )
        )

    def _start(self):
        policy = self._get_policy()
        today = self.company_id._get_collection_day()
        # Decided here, by the policy.
        self.sudo().write(
            {
                "date_start": today,
                "grace_days": policy.plan_grace_days,
                "cure_days": policy.plan_cure_days,
                "keep_current": policy.plan_keep_current,
                "tolerance_percent": policy.promise_tolerance_percent,
                "limits_exceeded": "\n".join(self._get_limits_exceeded(today)),
            }
        )
        if not self._get_others():
            self._open_case()
            self._cover()
        self.sudo().write({"state": "proposed", "followed_state": "proposed"})
        if self._waits_for_approval():
            self._ask_for_approval()
        elif not self.wait_for_acceptance:
            self._activate()
        self._refresh_case()

    def _ask_for_approval(self):
        """Leave word with a manager who has to approve the plan."""
        self.message_post(body=self._get_explanation())
        # Whoever proposes need not see the manager's activities.
        self.sudo().activity_schedule(
            "mail.mail_activity_data_todo",
            date_deadline=self.company_id._get_collection_day(),
            summary=self.env._("Approve the payment plan"),
            note=self._get_explanation(),
            user_id=self._get_approver().id,
            automated=True,
        )

    def _approve(self):
        """Record who approves a plan beyond the policy."""
        # Who may approve has been checked.
        self.sudo().write(
            {"approved_by_id": self.env.uid, "date_approved": fields.Datetime.now()}
        )
        self._withdraw_request()
        self.message_post(body=self.env._("Approved by %s.", self.env.user.name))

    def _withdraw_request(self):
        """Nobody needs to approve the plan any more."""
        # The request may be somebody else's.
        self.sudo().activity_ids.filtered("automated").unlink()

    def _offer(self):
        """Hold what an approved plan covers while the customer's answer is waited for,
        unless what it replaces does."""
        self._check_others()
        if not self._get_others():
            self._hold_until(
                fields.Date.add(
                    self.company_id._get_collection_day(), days=self._proposal_days
                )
            )
            self._evaluate()
        self._refresh_case()

    def _activate(self):
        """Put a proposed plan into force.

        What it replaces ends only now, so that a proposal that comes to nothing
        leaves the former agreement as it was.

        :raise UserError: when a payment is late before the plan is in force, or when it
            asks for more than is left
        """
        self._check_others()
        # Who may activate has been checked.
        self.sudo().write(
            {
                "state": "active",
                "followed_state": "active",
                "date_activated": fields.Datetime.now(),
                "activated_by_id": self.env.user.id,
            }
        )
        self._supersede_others()
        self._hold_until(False)
        self._commit()
        self._evaluate()
        if self.state in ("at_risk", "defaulted"):
            raise UserError(
                self.env._(
                    "A payment of %s is late before the plan is in force. Make a new "
                    "version with later dates.",
                    self.name,
                )
            )
        self._check_covered()
        self._refresh_case()

    def _supersede_others(self):
        result = super()._supersede_others()
        former = self.previous_id
        if former.state == "proposed":
            # A proposal that holds nothing is replaced as well.
            former.check_access("write")
            former._end(former._superseded_state)
        return result

    def _end(self, state):
        # Whether it may end has been checked.
        result = super(AccountCollectionPlan, self.sudo())._end(state)
        self._withdraw_request()
        return result

    def _hold_until(self, date_end):
        """Hold what was covered when the plan was proposed, less what was paid since.
        Where something else was agreed in between, it is covered anew.

        :param date_end: the last day (`datetime.date`), False while it is open-ended
        :raise UserError: when less than the amount of the plan can be covered anew
        """
        holds = self._get_holds()
        if any(holds.mapped("date_released")):
            holds.unlink()
            holds = holds.browse()
        if not holds:
            self._check_owed()
            self._open_case()
            self._cover()
            return
        self._release_claims(self._get_past_holds() - holds)
        idle = holds.filtered(lambda hold: not hold.active or hold._is_expired())
        idle.filtered("active").active = False
        shares = self._get_shares(idle.line_id)
        self._release_manual_holds(
            [
                {
                    "line_id": hold.line_id.id,
                    "amount": self._from_units(shares[hold.id].expected),
                }
                for hold in idle
            ]
        )
        holds.date_end = date_end

    def _release_manual_holds(self, vals_list=()):
        if self._waits_for_approval():
            return None
        return super()._release_manual_holds(vals_list)

    def _get_past_holds(self):
        holds = super()._get_past_holds()
        # What is not approved takes nothing from former agreements.
        return holds.browse() if self._waits_for_approval() else holds

    def _prepare_hold(self, line, covered, received_before):
        return {
            **super()._prepare_hold(line, covered, received_before),
            "active": not self._waits_for_approval(),
        }

    def _get_hold_end(self):
        if self.date_activated:
            return False
        return fields.Date.add(self.date_start, days=self._proposal_days)

    def _is_holding(self, hold):
        """A proposal that nobody approved yet, or answered in time, holds nothing."""
        is_idle = self.state == "proposed" and (
            hold._is_expired() or self._waits_for_approval()
        )
        return super()._is_holding(hold) and not is_idle

    # === HELPERS === #

    def _waits_for_approval(self):
        """Whether it is beyond the policy, and no manager has approved it.

        :rtype: bool
        """
        self.ensure_one()
        return bool(
            self.limits_exceeded and not self.approved_by_id and not self.date_activated
        )

    def _get_approver(self):
        """The manager who is asked: who proposes it, if they are one, else the leader
        of the case's team, else another one of the company.

        :rtype: odoo.api.res.users
        """
        group = self.env.ref("account_collections.group_collection_manager")
        case = self.sudo().case_id
        managers = group.sudo().all_user_ids.filtered(
            lambda user: (
                user.active
                and not user._is_superuser()
                and self.company_id in user.company_ids
            )
        )
        return (
            managers & self.env.user
            or managers & case.team_id.user_id
            or managers[:1]
            or case._get_responsible(self.company_id)
        )
