from odoo import fields, models


class AccountCollectionCase(models.Model):
    """The late fees of a customer."""

    _name = "account.collection.case"
    _inherit = ["account.collection.case"]

    # === FIELDS === #

    fee_count = fields.Integer(string="Late Fees", compute="_compute_fee_count")

    # === COMPUTE METHODS === #

    def _compute_fee_count(self):
        counts = {
            (partner, company): count
            for partner, company, count in self.env[
                "account.collection.fee"
            ]._read_group(
                [("partner_id", "in", self.partner_id.ids)],
                ["partner_id", "company_id"],
                ["__count"],
            )
        }
        for case in self:
            case.fee_count = counts.get((case.partner_id, case.company_id), 0)

    # === ACTION METHODS === #

    def action_charge_fee(self):
        """Open the preview of what the customer can be charged for late payment.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        return self._prepare_wizard_action(
            "account.collection.fee.charge",
            self.env._("Charge Late Fee"),
            default_partner_id=self.partner_id.id,
            default_company_id=self.company_id.id,
        )

    def action_view_fees(self):
        """List the late fees of the customer.

        :return: a window action
        :rtype: dict
        """
        return self._prepare_list_action("fee")
