from odoo import fields, models
from odoo.exceptions import UserError


class AccountCollectionAssign(models.TransientModel):
    """Gives several cases to a collector or a team at once."""

    _name = "account.collection.assign"
    _description = "Assign Cases"
    _inherit = ["account.collection.dialog"]

    # === FIELDS === #

    case_ids = fields.Many2many(
        "account.collection.case", string="Cases", required=True, readonly=True
    )
    user_id = fields.Many2one(
        "res.users",
        string="Collector",
        domain=lambda self: [
            (
                "all_group_ids",
                "in",
                self.env.ref("account_collections.group_collection_own").ids,
            )
        ],
        help="Leave empty to keep the collector of each case.",
    )
    team_id = fields.Many2one(
        "account.collection.team", help="Leave empty to keep the team of each case."
    )

    # === ACTION METHODS === #

    def action_assign(self):
        """Assign the cases.

        :return: the action that closes the dialog
        :rtype: dict
        :raise UserError: when neither a collector nor a team was chosen
        """
        self.ensure_one()
        vals = {}
        if self.user_id:
            vals["user_id"] = self.user_id.id
        if self.team_id:
            vals["team_id"] = self.team_id.id
        if not vals:
            raise UserError(
                self.env._("Choose the collector or the team that gets the cases.")
            )
        self.case_ids.write(vals)
        return {"type": "ir.actions.act_window_close"}
