from odoo import api, fields, models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    # === FIELDS === #

    collection_hold_ids = fields.One2many(
        "account.collection.hold",
        "line_id",
        string="Dunning Holds",
        groups="account_collections.group_collection_own",
    )
    collection_contact_item_ids = fields.One2many(
        "account.collection.contact.item",
        "line_id",
        groups="account_collections.group_collection_own",
    )
    collection_date_due = fields.Date(
        string="Due",
        compute="_compute_collection_item",
        groups="account_collections.group_collection_own",
    )
    collection_days_overdue = fields.Integer(
        string="Days Late",
        compute="_compute_collection_item",
        groups="account_collections.group_collection_own",
    )
    collection_residual = fields.Monetary(
        string="Left to Pay",
        compute="_compute_collection_item",
        groups="account_collections.group_collection_own",
        help="What is left to pay, registered payments deducted.",
    )
    collection_held = fields.Monetary(
        string="Held",
        compute="_compute_collection_item",
        groups="account_collections.group_collection_own",
    )
    collection_hold_reason = fields.Char(
        string="Why Held",
        compute="_compute_collection_item",
        groups="account_collections.group_collection_own",
    )
    collection_step_id = fields.Many2one(
        "account.collection.policy.step",
        string="Step Reached",
        compute="_compute_collection_step_id",
        groups="account_collections.group_collection_own",
    )

    # === COMPUTE METHODS === #

    @api.depends("amount_residual_currency", "collection_hold_ids.amount")
    def _compute_collection_item(self):
        self.collection_date_due = False
        self.collection_days_overdue = 0
        self.collection_residual = 0
        self.collection_held = 0
        self.collection_hold_reason = False
        by_id = {line._origin.id: line for line in self}
        for item in self._origin._get_collection_items():
            if line := by_id.get(item["line_id"]):
                line.collection_date_due = item["date_due"]
                line.collection_days_overdue = max(item["days_overdue"], 0)
                line.collection_residual = item["residual"]
                line.collection_held = item["held"]
                line.collection_hold_reason = line._get_hold_reason(item)

    @api.depends("collection_hold_ids")
    def _compute_collection_step_id(self):
        stamps = self.env["account.collection.contact.item"].search(
            [("line_id", "in", self.ids), ("step_id", "!=", False)], order="id"
        )
        # Steps are taken in order, so the last one is the highest.
        reached = {stamp.line_id: stamp.step_id for stamp in stamps}
        for line in self:
            line.collection_step_id = reached.get(line)

    # === CRUD METHODS === #

    def unlink(self):
        lines = self.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )
        if lines:
            # Whoever deletes an invoice need not see the holds on it.
            self.env["account.collection.hold"].sudo()._outlive(lines)
        return super().unlink()

    # === ACTION METHODS === #

    def action_collection_hold(self):
        """Open the form that stops the dunning of these open items for a while.

        :return: a window action
        :rtype: dict
        """
        return self.move_id._prepare_collection_hold_action(self)

    # === HELPERS === #

    def _get_collection_items(self):
        """Value these open items as the dunning does, in one query a company.

        :return: the dicts of `account.collection.open.item`
        :rtype: list[dict]
        """
        items = []
        for company, lines in self.grouped(
            lambda line: line.company_id.root_id
        ).items():
            items += self.env["account.collection.open.item"]._get_open_items(
                company,
                company._get_collection_day(),
                lines.partner_id.commercial_partner_id.ids,
            )
        return items

    def _get_collection_free_amount(self):
        """What is left to pay of this open item and not held, in its currency.

        :rtype: float
        """
        self.ensure_one()
        today = self.company_id._get_collection_day()
        # Holds that begin later count too.
        held = sum(
            hold.amount
            for hold in self.collection_hold_ids
            if not hold.date_end or hold.date_end >= today
        )
        return self.collection_residual - max(held, self.collection_held)

    def _get_hold_reason(self, item):
        """Say why an open item is held, and until when.

        :param dict item: the open item, as the dunning values it
        :rtype: str
        """
        self.ensure_one()
        if item["is_blocked"]:
            return self.env._("Excluded from follow-up on the invoice")
        today = self.company_id._get_collection_day()
        holds = self.collection_hold_ids.filtered(lambda hold: hold._is_live(today))
        if holds:
            return "; ".join(hold._get_explanation() for hold in holds)
        if not item["held_reason"]:
            return ""
        # That it is held, and what kind of reason it has, is no secret to who sees the
        # item.
        hidden = (
            self.env["account.collection.hold"]
            .sudo()
            .search([("line_id", "=", self._origin.id)])
            .filtered(lambda hold: hold._is_live(today))
        )
        if hidden:
            return "; ".join(dict.fromkeys(hold._get_reason_label() for hold in hidden))
        return self.env._("Held with the whole customer")
