from odoo import api, fields, models
from odoo.fields import Command


class AccountCollectionBarterDeliver(models.TransientModel):
    """Notes what was delivered of a barter: everything that is still to come, unless
    told otherwise."""

    _name = "account.collection.barter.deliver"
    _description = "Note a Delivery"
    _inherit = ["account.collection.dialog"]

    # === FIELDS === #

    barter_id = fields.Many2one(
        "account.collection.barter", required=True, ondelete="cascade"
    )
    date = fields.Date(
        string="Delivered On",
        required=True,
        default=lambda self: self.env.company._get_collection_day(),
    )
    reference = fields.Char(help="e.g. the number of the delivery note")
    line_ids = fields.One2many(
        "account.collection.barter.deliver.line",
        "wizard_id",
        string="Delivered",
        compute="_compute_line_ids",
        store=True,
        readonly=False,
        precompute=True,
    )

    # === COMPUTE METHODS === #

    @api.depends("barter_id")
    def _compute_line_ids(self):
        for wizard in self:
            wizard.line_ids = [Command.clear()] + [
                Command.create(
                    {
                        "line_id": line.id,
                        "quantity": line.quantity - line.quantity_accepted,
                    }
                )
                for line in wizard.barter_id.given_ids
                if line.quantity > line.quantity_accepted
            ]

    # === ACTION METHODS === #

    def action_deliver(self):
        """Note the delivery.

        :return: the action that closes the dialog
        :rtype: dict
        :raise UserError: when nothing is entered, or more than was agreed
        """
        self.ensure_one()
        self.barter_id.action_deliver(
            [
                self._prepare_delivery(line)
                for line in self.line_ids
                if line.quantity or line.quantity_refused
            ]
        )
        return {"type": "ir.actions.act_window_close"}

    # === BUSINESS METHODS === #

    def _prepare_delivery(self, line):
        """Prepare what was delivered of one thing.

        :param line: the line of this form
        :return: see `action_deliver` of the barter
        :rtype: dict
        """
        return {
            "line_id": line.line_id.id,
            "date": self.date,
            "quantity": line.quantity,
            "quantity_refused": line.quantity_refused,
            "reason": line.reason,
            "reference": self.reference,
        }


class AccountCollectionBarterDeliverLine(models.TransientModel):
    """What was delivered of one thing."""

    _name = "account.collection.barter.deliver.line"
    _description = "Delivered in Barter"
    _inherit = ["account.collection.dialog"]

    # === FIELDS === #

    wizard_id = fields.Many2one(
        "account.collection.barter.deliver", required=True, ondelete="cascade"
    )
    line_id = fields.Many2one(
        "account.collection.barter.line",
        string="Given",
        required=True,
        ondelete="cascade",
    )
    name = fields.Char(related="line_id.name")
    quantity_agreed = fields.Float(string="Agreed", related="line_id.quantity")
    quantity_accepted = fields.Float(
        string="Accepted Before", related="line_id.quantity_accepted"
    )
    quantity = fields.Float(string="Accepted Now", digits="Product Unit")
    quantity_refused = fields.Float(string="Refused", digits="Product Unit")
    reason = fields.Char(string="Why Refused")
