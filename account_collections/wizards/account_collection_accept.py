from odoo import api, fields, models
from odoo.exceptions import UserError


class AccountCollectionAccept(models.TransientModel):
    """Records that a customer accepts what was proposed."""

    _name = "account.collection.accept"
    _description = "Accept an Agreement"
    _inherit = ["account.collection.dialog"]

    # === FIELDS === #

    res_model = fields.Char(required=True)
    res_id = fields.Many2oneReference(model_field="res_model", required=True)
    agreement = fields.Char(compute="_compute_agreement")
    name = fields.Char(
        string="Accepted By",
        required=True,
        help="Who accepts it, at the customer's.",
    )

    # === COMPUTE METHODS === #

    @api.depends("res_model", "res_id")
    def _compute_agreement(self):
        for wizard in self:
            wizard.agreement = wizard._get_agreement().display_name

    # === ACTION METHODS === #

    def action_accept(self):
        """Record the acceptance.

        :return: the action that closes the dialog
        :rtype: dict
        :raise UserError: when nothing is proposed, or it was accepted before
        """
        self.ensure_one()
        self._get_agreement().action_accept(self.name)
        return {"type": "ir.actions.act_window_close"}

    # === HELPERS === #

    def _check_references(self, names):
        result = super()._check_references(names)
        if {"res_model", "res_id"} <= set(names):
            self._get_agreement().check_access("read")
        return result

    def _get_agreement(self):
        """The agreement that is accepted.

        :raise UserError: when it is none that can be accepted
        """
        kind = self.env.registry.get(self.res_model)
        acceptance = self.env.registry["account.collection.resolution.acceptance"]
        if not kind or kind._abstract or not issubclass(kind, acceptance):
            raise UserError(self.env._("Open this from what is to be accepted."))
        return self.env[self.res_model].browse(self.res_id)
