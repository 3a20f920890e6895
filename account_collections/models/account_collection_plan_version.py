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
        installments = self._prepare_remaining()
        if not installments:
            raise UserError(self.env._("Nothing is left to pay of %s.", self.name))
        plan = self.copy(
            {
                "is_replacing": True,
                "line_ids": [Command.set(self.line_ids.ids)],
                "amount": self.amount_open,
                "installment_ids": installments,
            }
        )
        # Which plan it follows is not written by hand.
        plan.sudo().write({"version": self.version + 1, "previous_id": self.id})
        return plan._get_records_action()

    # === BUSINESS METHODS === #

    def _prepare_remaining(self):
        """Prepare what is left of the schedule; what is late is put on today.

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
                    "amount": row.amount_open if row.commitment_id else row.amount,
                    "is_deposit": row.is_deposit,
                }
            )
            for row in self.installment_ids
            if row.amount_open or not row.commitment_id
        ]
