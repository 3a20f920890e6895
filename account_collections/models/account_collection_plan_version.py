from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..tools import schedule


class AccountCollectionPlan(models.Model):
    """Plans that take the place of former ones."""

    _name = "account.collection.plan"
    _inherit = ["account.collection.plan"]

    # === FIELDS === #

    version = fields.Integer(default=1, readonly=True, copy=False)
    previous_id = fields.Many2one(
        "account.collection.plan",
        string="Former Version",
        readonly=True,
        copy=False,
        index="btree_not_null",
    )
    following_ids = fields.One2many(
        "account.collection.plan",
        "previous_id",
        string="Later Versions",
        readonly=True,
    )

    # === ACTION METHODS === #

    def action_new_version(self):
        """Make a draft of what is left of this plan, to be changed as agreed anew. The
        plan itself stays in force until that one is.

        :return: an action that opens the draft
        :rtype: dict
        :raise UserError: when the plan is not in force, or nothing is left of it
        """
        self._lock_in(self._live_states)
        left = self._get_amounts_left()
        if not left:
            raise UserError(self.env._("Nothing is left to pay of %s.", self.name))
        plan = self.copy(
            {
                "is_replacing": True,
                "line_ids": [Command.set(self.line_ids.ids)],
                "amount": self.currency_id.round(sum(left.values())),
                "installment_ids": self._prepare_remaining(left),
            }
        )
        # Which plan it follows is not written by hand.
        plan.sudo().write({"version": self.version + 1, "previous_id": self.id})
        return plan._get_records_action()

    # === BUSINESS METHODS === #

    def _prepare_remaining(self, left):
        """Prepare what is left of the schedule; what is late is put on today.

        :param dict left: what is left of each installment
        :rtype: list
        """
        today = schedule.next_business_day(
            self.company_id._get_collection_day(),
            self.company_id._get_collection_holidays(),
        )
        return [
            Command.create(
                {
                    "date_due": max(row.date_due, today),
                    "amount": amount,
                    "is_deposit": row.is_deposit,
                }
            )
            for row, amount in left.items()
        ]

    # === HELPERS === #

    def _get_amounts_left(self):
        """What is left to pay of each installment: what little is missing of those
        that were kept is put into the last one, and of a plan that was never in force
        the first ones are shortened by what was paid since it was proposed.

        :return: the amount of each installment of which something is left
        :rtype: dict
        """
        rows = self.installment_ids.sorted(lambda row: (row.date_due, row.id))
        if self._get_commitments():
            left = {row: row.amount_open for row in rows if not row._is_done()}
            rest = self.amount_open - sum(left.values())
            last = rows[-1:]
            left = left or {last: 0}
            left[[*left][-1]] += rest
        else:
            paid = max(self.amount - sum(self._get_free_amounts().values()), 0)
            left = {}
            for row in rows:
                left[row] = max(row.amount - paid, 0)
                paid -= row.amount - left[row]
        return {
            row: self.currency_id.round(amount)
            for row, amount in left.items()
            if not self.currency_id.is_zero(amount)
        }
