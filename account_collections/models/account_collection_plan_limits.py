from odoo import fields, models
from odoo.tools.misc import format_date


class AccountCollectionPlan(models.Model):
    """What a plan has to keep to, or is a manager's business.

    Besides the limits of the policy: nobody puts the dunning off for ever by proposing
    again what came to nothing, or by replacing one plan by the next.
    """

    _name = "account.collection.plan"
    _inherit = ["account.collection.plan"]

    # The states of plans that were in force, and are or may be replaced.
    _replaceable_states = ("active", "at_risk", "superseded")
    # For how long after a plan came to nothing another one takes a manager.
    _repeat_days = 30

    # === BUSINESS METHODS === #

    def _get_limits_exceeded(self, today):
        former = self._get_former_plans()
        return self._get_policy()._get_plan_limits_exceeded(
            [
                (installment.date_due, installment.amount, installment.is_deposit)
                for installment in self.installment_ids
            ],
            self.currency_id,
            today,
            former._get_first_day(today),
        ) + self._get_repeats(former, today)

    # === HELPERS === #

    def _get_former_plans(self):
        """The other plans that have covered the same open items.

        :return: plans (`account.collection.plan`), whoever may see them
        """
        # What was proposed before counts, whoever did.
        holds = (
            self.env["account.collection.hold"]
            .sudo()
            .with_context(active_test=False)
            .search(
                [
                    ("line_id", "in", self.line_ids._origin.ids),
                    ("res_model", "=", self._name),
                    ("res_id", "!=", self._origin.id),
                ]
            )
        )
        return self.sudo().browse(dict.fromkeys(holds.mapped("res_id")))

    def _get_first_day(self, today):
        """The day from which the longest plan counts: that of the first of these plans
        of which one has replaced the other.

        :param datetime.date today: the company's day
        :rtype: datetime.date
        """
        replaced = self.filtered(
            lambda plan: plan.date_activated and plan.state in self._replaceable_states
        )
        return min([today, *replaced.mapped("date_start")])

    def _get_repeats(self, former, today):
        """Say which plans on the same open items have just come to nothing: withdrawn,
        or not answered in time.

        :param former: the plans on the same open items
        :param datetime.date today: the company's day
        :rtype: list[str]
        """
        since = fields.Date.subtract(today, days=self._repeat_days)
        return [
            self.env._(
                "%(plan)s on the same open items came to nothing on %(date)s; within "
                "%(days)s days of that a manager decides.",
                plan=plan.name,
                date=format_date(self.env, day),
                days=self._repeat_days,
            )
            for plan in former
            if (day := plan._get_failed_day(today)) and day >= since
        ]

    def _get_failed_day(self, today):
        """The day on which the plan came to nothing.

        :param datetime.date today: the company's day
        :return: the day (`datetime.date`), None if it did not, or was never offered
        """
        if self._waits_for_approval():
            return None
        if self.state == "cancelled":
            return self.date_end
        if self.state == "proposed":
            ends = self._get_holds().mapped("date_end")
            if ends and all(ends) and max(ends) < today:
                return max(ends)
        return None
