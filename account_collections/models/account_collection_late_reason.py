from odoo import fields, models


class AccountCollectionLateReason(models.Model):
    _name = "account.collection.late.reason"
    _description = "Reason for Late Payment"
    _order = "sequence, name, id"

    # === FIELDS === #

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)

    _name_unique = models.Constraint(
        "UNIQUE (name)",
        "There is already a reason with this name. Please use that one.",
    )
