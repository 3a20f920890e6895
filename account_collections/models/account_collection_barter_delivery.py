from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import float_compare, float_is_zero

from ..tools.dialog import prepare_dialog
from ..tools.number import format_number, to_number


class AccountCollectionBarterDelivery(models.Model):
    """What was delivered of a barter on some day, and whether it was accepted."""

    _name = "account.collection.barter.delivery"
    _description = "Barter Delivery"
    _order = "date, id"
    _check_company_auto = True

    # === FIELDS === #

    line_id = fields.Many2one(
        "account.collection.barter.line",
        string="Given",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    barter_id = fields.Many2one(related="line_id.barter_id", store=True, index=True)
    company_id = fields.Many2one(related="barter_id.company_id", store=True, index=True)
    date = fields.Date(required=True, readonly=True)
    quantity = fields.Float(string="Accepted", digits="Product Unit", readonly=True)
    quantity_refused = fields.Float(
        string="Refused", digits="Product Unit", readonly=True
    )
    reason = fields.Char(string="Why Refused", readonly=True)
    reference = fields.Char(readonly=True, help="e.g. the number of the delivery note")
    user_id = fields.Many2one("res.users", string="Noted By", readonly=True)

    # === CONSTRAINT METHODS === #

    _quantity_positive = models.Constraint(
        "CHECK (quantity >= 0 AND quantity_refused >= 0"
        " AND quantity + quantity_refused > 0)",
        "A delivery needs a quantity greater than zero.",
    )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            raise AccessError(
                self.env._("Note deliveries with the button of the barter.")
            )
        return super().create(vals_list)

    # === ACTION METHODS === #

    def action_undo(self):
        """Take back a delivery that was noted by mistake.

        :raise UserError: when the barter is settled or cancelled already
        """
        for delivery in self:
            delivery.barter_id._undo_delivery(delivery)


class AccountCollectionBarter(models.Model):
    """How what was agreed comes, in one or several deliveries."""

    _name = "account.collection.barter"
    _inherit = ["account.collection.barter"]

    # === FIELDS === #

    delivery_ids = fields.One2many(
        "account.collection.barter.delivery",
        "barter_id",
        string="Deliveries",
        readonly=True,
    )

    # === ACTION METHODS === #

    def action_open_delivery(self):
        """Open the form that notes a delivery.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        return prepare_dialog(
            "account.collection.barter.deliver",
            self.env._("Delivery"),
            default_barter_id=self.id,
        )

    def action_deliver(self, deliveries):
        """Note what was delivered. Once everything is accepted, or nothing more is
        coming, the barter is delivered.

        :param list deliveries: dicts with the `line_id`, the `quantity` accepted, and
            maybe `quantity_refused`, `reason`, `reference` and `date`
        :raise UserError: when nothing is to be delivered, more than was agreed, or the
            bill is posted
        """
        self.ensure_one()
        self._lock_in(("agreed", "delivered"))
        if self.bill_id:
            raise UserError(
                self.env._(
                    "%(bill)s bills what was delivered of %(barter)s. Agree on another "
                    "barter for what comes later.",
                    bill=self.bill_id.display_name,
                    barter=self.name,
                )
            )
        vals_list = [self._prepare_delivery(vals) for vals in deliveries]
        if not vals_list:
            raise UserError(self.env._("Enter what was delivered."))
        # Deliveries are written here alone, and checked.
        self.env["account.collection.barter.delivery"].sudo().create(vals_list)
        self.given_ids.invalidate_recordset(["quantity_accepted"])
        self._check_delivered()
        self._note_delivery(vals_list)
        if self.state == "agreed" and self._is_accepted(whole=True):
            self._go_to("delivered")
        self._evaluate()
        self._follow_up()

    # === BUSINESS METHODS === #

    def _prepare_delivery(self, vals):
        """Prepare a delivery as told.

        :param dict vals: see `action_deliver`
        :return: values of an `account.collection.barter.delivery`
        :rtype: dict
        :raise UserError: when the line is none of this barter, or the day is to come
        """
        if not isinstance(vals, dict) or vals.get("line_id") not in self.given_ids.ids:
            raise UserError(
                self.env._("Choose something that is part of %s.", self.name)
            )
        today = self.company_id._get_collection_day()
        try:
            date = fields.Date.to_date(vals.get("date")) or today
        except (TypeError, ValueError):
            raise UserError(
                self.env._("Enter the day on which it was delivered.")
            ) from None
        if date > today:
            raise UserError(
                self.env._("A delivery that is yet to come cannot be accepted.")
            )
        accepted, refused = (
            to_number(vals.get(name, 0)) for name in ("quantity", "quantity_refused")
        )
        if not (accepted >= 0 and refused >= 0 and accepted + refused > 0):
            raise UserError(
                self.env._("Enter how much was accepted or refused, above zero.")
            )
        return {
            "line_id": vals["line_id"],
            "date": date,
            "quantity": accepted,
            "quantity_refused": refused,
            "reason": vals.get("reason"),
            "reference": vals.get("reference"),
            "user_id": self.env.uid,
        }

    def _check_delivered(self):
        """Refuse to accept more than was agreed.

        :raise UserError: saying how much is still to come
        """
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        for line in self.given_ids:
            if (
                float_compare(
                    line.quantity_accepted, line.quantity, precision_digits=digits
                )
                > 0
            ):
                raise UserError(
                    self.env._(
                        "%(accepted)s of %(given)s would be accepted, but only "
                        "%(quantity)s were agreed. Accept what was agreed, and agree "
                        "on another barter for the rest.",
                        accepted=format_number(self.env, line.quantity_accepted),
                        given=line.name,
                        quantity=format_number(self.env, line.quantity),
                    )
                )

    def _note_delivery(self, vals_list):
        """Say on the barter what was delivered.

        :param list vals_list: values of `account.collection.barter.delivery`
        """
        lines = self.env["account.collection.barter.line"]
        for vals in vals_list:
            self.message_post(
                body=self.env._(
                    "%(given)s: %(quantity)s accepted, %(refused)s refused. %(reason)s",
                    given=lines.browse(vals["line_id"]).name,
                    quantity=format_number(self.env, vals["quantity"]),
                    refused=format_number(self.env, vals["quantity_refused"]),
                    reason=vals["reason"] or "",
                )
            )

    def _undo_delivery(self, delivery):
        """Take back a delivery that was noted by mistake.

        :param delivery: the `account.collection.barter.delivery`
        :raise UserError: when the barter is settled or cancelled already
        """
        self.ensure_one()
        self._lock_in(("agreed", "delivered"))
        if self.bill_id:
            raise UserError(
                self.env._(
                    "%(bill)s has this delivery. Cancel %(barter)s to take it back.",
                    bill=self.bill_id.display_name,
                    barter=self.name,
                )
            )
        self.message_post(
            body=self.env._(
                "Taken back: %(quantity)s of %(given)s.",
                quantity=format_number(self.env, delivery.quantity),
                given=delivery.line_id.name,
            )
        )
        # Deliveries are written here alone.
        delivery.sudo().unlink()
        if self.state == "delivered" and not self._is_accepted():
            self._go_to("agreed")
        self._evaluate()
        self._follow_up()

    # === HELPERS === #

    def _is_accepted(self, whole=False):
        """Whether something was accepted.

        :param bool whole: whether everything was
        :rtype: bool
        """
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        if whole:
            return all(
                float_compare(
                    line.quantity_accepted, line.quantity, precision_digits=digits
                )
                >= 0
                for line in self.given_ids
            )
        return any(
            not float_is_zero(line.quantity_accepted, precision_digits=digits)
            for line in self.given_ids
        )
