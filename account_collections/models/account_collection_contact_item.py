from odoo import api, fields, models


class AccountCollectionContactItem(models.Model):
    _name = "account.collection.contact.item"
    _description = "Open Item of a Collection Contact"
    _order = "contact_id, id"
    # Created by the thousand: who and when stand on the contact.
    _log_access = False

    # === FIELDS === #

    contact_id = fields.Many2one(
        "account.collection.contact", required=True, ondelete="cascade", index=True
    )
    line_id = fields.Many2one(
        "account.move.line",
        string="Open Item",
        required=True,
        index=True,
        ondelete="cascade",
    )
    step_id = fields.Many2one(
        "account.collection.policy.step",
        ondelete="restrict",
        help="The step that this open item reached with the contact. Empty when "
        "the item was only mentioned.",
    )
    currency_id = fields.Many2one(related="line_id.currency_id")
    amount_residual = fields.Monetary(string="Amount Due", readonly=True)
    amount_held = fields.Monetary(readonly=True)
    active = fields.Boolean(
        default=True, help="Cleared when the contact failed or was voided."
    )

    _unique_step = models.UniqueIndex(
        "(line_id, step_id) WHERE active IS TRUE",
        "An open item cannot reach the same dunning step twice.",
    )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        # Rounding the amounts would otherwise look up each item's currency by itself.
        self.env["account.move.line"].browse(
            [vals["line_id"] for vals in vals_list if vals.get("line_id")]
        ).fetch(["currency_id"])
        return super().create(vals_list)
