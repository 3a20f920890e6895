from odoo import api, models

from ..tools.number import check_numbers


class AccountCollectionNumeric(models.AbstractModel):
    """What is no number is refused in words, wherever amounts and quantities of
    agreements are written: the documents, their lines and the forms that make them.
    """

    _name = "account.collection.numeric"
    _description = "Amounts and Quantities"

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            check_numbers(self, vals)
        return super().create(vals_list)

    def write(self, vals):
        check_numbers(self, vals)
        return super().write(vals)
