from odoo import fields, models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    # === FIELDS === #

    collection_hold_ids = fields.One2many(
        "account.collection.hold", "line_id", string="Dunning Holds"
    )
