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
    is_reached = fields.Boolean(
        compute="_compute_is_reached",
        store=True,
        help="Whether this is the last step that the open item has reached.",
    )

    _unique_step = models.UniqueIndex(
        "(line_id, step_id) WHERE active IS TRUE",
        "An open item cannot reach the same dunning step twice.",
    )
    # What the dunning reads stays as small as the ledger's open items.
    _reached_idx = models.Index("(line_id, step_id) WHERE is_reached")

    # === COMPUTE METHODS === #

    @api.depends(
        "line_id.reconciled",
        "line_id.collection_contact_item_ids.active",
        "line_id.collection_contact_item_ids.step_id",
        "line_id.collection_contact_item_ids.step_id.applies_to",
        "line_id.collection_contact_item_ids.step_id.delay_days",
        "line_id.collection_contact_item_ids.step_id.sequence",
    )
    def _compute_is_reached(self):
        last_ids = {
            item_id
            for item_id, is_last in self.env.execute_query(
                self._get_reached_query(self.line_id.ids)
            )
            if is_last
        }
        for item in self:
            item.is_reached = item.id in last_ids

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
        steps = self.env["account.collection.policy.step"].browse(
            {vals["step_id"] for vals in vals_list if vals.get("step_id")}
        )
        # Most steps are the last that was reached: then nothing is left to be marked.
        reached_ids = steps.filtered(lambda step: step.applies_to == "item")._ids
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO account_collection_contact_item (
                    contact_id, line_id, step_id, amount_residual, amount_held, active,
                    is_reached
                ) VALUES %s RETURNING id
                """,
                SQL(", ").join(
                    SQL(
                        "(%s, %s, %s, %s, %s, TRUE, %s)",
                        vals["contact_id"],
                        vals["line_id"],
                        vals.get("step_id") or None,
                        vals.get("amount_residual") or 0,
                        vals.get("amount_held") or 0,
                        vals.get("step_id") in reached_ids,
                    )
                    for vals in vals_list
                ),
            )
        )
        for model, key, name in (
            ("account.collection.contact", "contact_id", "item_ids"),
            ("account.move.line", "line_id", "collection_contact_item_ids"),
        ):
            ids = {vals[key] for vals in vals_list}
            self.env[model].browse(ids).invalidate_recordset([name])
        self._mark_reached({vals["line_id"] for vals in vals_list})
        return self.browse([item_id for (item_id,) in rows])

    def _mark_reached(self, line_ids):
        """Mark the last step that each open item has reached.

        :param line_ids: the open items, by their ids
        """
        query = self._get_reached_query(line_ids)
        self.flush_model(["is_reached"])
        self.env.cr.execute(
            SQL(
                """
                UPDATE account_collection_contact_item item
                   SET is_reached = stamp.is_last
                  FROM (%s) stamp
                 WHERE stamp.id = item.id
                   AND stamp.is_last IS DISTINCT FROM item.is_reached
                """,
                query,
            )
        )
        self.invalidate_model(["is_reached"], flush=False)

    def _get_reached_query(self, line_ids):
        """Tell of each step that open items have reached whether it is the last."""
        self.flush_model(["line_id", "step_id", "active"])
        self.env["account.move.line"].flush_model(["reconciled"])
        self.env["account.collection.policy.step"].flush_model()
        return SQL(
            """
            SELECT stamp.id, line.reconciled IS NOT TRUE AND ROW_NUMBER() OVER (
                       PARTITION BY stamp.line_id
                       ORDER BY step.delay_days DESC, step.sequence DESC, step.id DESC
                   ) = 1 AS is_last
              FROM account_collection_contact_item stamp
              JOIN account_collection_policy_step step ON step.id = stamp.step_id
              JOIN account_move_line line ON line.id = stamp.line_id
             WHERE stamp.active AND step.applies_to = 'item' AND stamp.line_id IN %s
            """,
            tuple(line_ids) or (0,),
        )
