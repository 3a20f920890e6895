from odoo import api, fields, models
from odoo.tools import SQL

NEEDED_FIELDS = {"contact_id", "line_id"}
# What the engine records of an open item; add-ons may record more.
ENGINE_FIELDS = NEEDED_FIELDS | {"step_id", "amount_residual", "amount_held"}


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
        if self.env.su and vals_list:
            if all(NEEDED_FIELDS <= vals.keys() <= ENGINE_FIELDS for vals in vals_list):
                return self._insert(vals_list)
        return super().create(vals_list)

    # === HELPERS === #

    def _insert(self, vals_list):
        """Write down the open items of contacts in one statement.

        Odoo would look up the currency of each amount to round it, which makes up a
        third of the time that a letter takes; the ledger's amounts are rounded.

        :param list vals_list: values with no other fields than the engine's
        :return: the items
        """
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO account_collection_contact_item (
                    contact_id, line_id, step_id, amount_residual, amount_held, active
                ) VALUES %s RETURNING id
                """,
                SQL(", ").join(
                    SQL(
                        "(%s, %s, %s, %s, %s, TRUE)",
                        vals["contact_id"],
                        vals["line_id"],
                        vals.get("step_id") or None,
                        vals.get("amount_residual") or 0,
                        vals.get("amount_held") or 0,
                    )
                    for vals in vals_list
                ),
            )
        )
        contact_ids = {vals["contact_id"] for vals in vals_list}
        self.env["account.collection.contact"].browse(contact_ids).invalidate_recordset(
            ["item_ids"]
        )
        return self.browse([item_id for (item_id,) in rows])
