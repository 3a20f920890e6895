from odoo import api, fields, models
from odoo.exceptions import ValidationError


class AccountCollectionDialogPast(models.AbstractModel):
    """What the forms share that record what took place with the customer of a case:
    today for the company, wherever the user is, or on an earlier day.
    """

    _name = "account.collection.dialog.past"
    _description = "Dialog About What Took Place"
    _inherit = ["account.collection.dialog"]

    # === FIELDS === #

    case_id = fields.Many2one(
        "account.collection.case", required=True, ondelete="cascade"
    )
    date = fields.Date(
        compute="_compute_date",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
    )

    # === CONSTRAINT METHODS === #

    @api.constrains("date", "case_id")
    def _check_date(self):
        for wizard in self:
            if wizard.date > wizard.case_id.company_id._get_collection_day():
                raise ValidationError(self._get_too_late_text())

    # === COMPUTE METHODS === #

    @api.depends("case_id")
    def _compute_date(self):
        for wizard in self:
            company = wizard.case_id.company_id or self.env.company
            wizard.date = company._get_collection_day()

    # === HELPERS === #

    def _get_too_late_text(self):
        """Say why the day cannot be one that is still to come, and what to do.

        :rtype: str
        """
        return self.env._(
            "This records what has taken place. Choose today or an earlier day."
        )
