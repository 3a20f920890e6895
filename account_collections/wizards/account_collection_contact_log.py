from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Command


class AccountCollectionContactLog(models.TransientModel):
    """Records what was said to a customer, or heard from them, by a person."""

    _name = "account.collection.contact.log"
    _description = "Log a Contact"
    _inherit = ["account.collection.dialog.past"]

    # === FIELDS === #

    partner_id = fields.Many2one(related="case_id.partner_id")
    channel = fields.Selection(
        [
            ("call", "Phone call"),
            ("visit", "Visit"),
            ("email", "E-mail"),
            ("letter", "Letter"),
            ("other", "Other"),
        ],
        default="call",
        required=True,
    )
    direction = fields.Selection(
        [("out", "To the customer"), ("in", "From the customer")],
        default="out",
        required=True,
    )
    address_id = fields.Many2one(
        "res.partner",
        string="Spoken With",
        domain="[('commercial_partner_id', '=', partner_id)]",
    )
    outcome = fields.Selection(
        selection=lambda self: (
            self.env["account.collection.contact"]
            ._fields["outcome"]
            ._description_selection(self.env)
        )
    )
    note = fields.Text()
    late_reason_id = fields.Many2one(
        "account.collection.late.reason",
        string="Why They Pay Late",
        compute="_compute_late_reason_id",
        store=True,
        readonly=False,
    )
    item_ids = fields.Many2many(related="case_id.item_ids")
    line_ids = fields.Many2many(
        "account.move.line",
        string="About",
        domain="[('id', 'in', item_ids)]",
        help="The open items that were talked about. Leave empty for all of them.",
    )
    activity_date = fields.Date(
        string="Remind Me On", help="Leave empty when nothing is to be done next."
    )
    activity_summary = fields.Char(string="To Do")

    # === CONSTRAINT METHODS === #

    @api.constrains("line_ids", "case_id")
    def _check_items(self):
        for wizard in self:
            if others := wizard.line_ids - wizard.item_ids:
                raise ValidationError(
                    self.env._(
                        "%(item)s is no open item of %(customer)s. Choose among their "
                        "open items, or none for all of them.",
                        item=others[0].display_name,
                        customer=wizard.partner_id.display_name,
                    )
                )

    @api.constrains("address_id", "case_id")
    def _check_address(self):
        for wizard in self:
            address = wizard.address_id
            if address and address.commercial_partner_id != wizard.partner_id:
                raise ValidationError(
                    self.env._(
                        "%(address)s is no contact person or address of %(customer)s. "
                        "Choose one of theirs.",
                        address=address.display_name,
                        customer=wizard.partner_id.display_name,
                    )
                )

    # === COMPUTE METHODS === #

    @api.depends("case_id")
    def _compute_late_reason_id(self):
        for wizard in self:
            wizard.late_reason_id = wizard.case_id.late_reason_id

    # === ACTION METHODS === #

    def action_log(self):
        """Record the contact; from now on it counts for the days between contacts.

        :return: the action that closes the dialog
        :rtype: dict
        """
        self.ensure_one()
        case = self.case_id
        case.check_access("write")
        if not self._complete_planned_call():
            # Contacts are evidence: collectors make them through this form alone.
            self.env["account.collection.contact"].sudo().create(
                self._prepare_contact()
            )
        if self.late_reason_id != case.late_reason_id:
            case.late_reason_id = self.late_reason_id
        if self.activity_date:
            case.activity_schedule(
                "mail.mail_activity_data_todo",
                date_deadline=self.activity_date,
                summary=self.activity_summary,
                user_id=self.env.uid,
            )
        case._refresh_these()
        return {"type": "ir.actions.act_window_close"}

    # === HELPERS === #

    def _get_too_late_text(self):
        return self.env._(
            "A contact cannot be logged before it took place. Choose today or an "
            "earlier day."
        )

    def _complete_planned_call(self):
        """Take the call for the one that the dunning had asked for, if it had.

        A customer who was not reached is still to be called.

        :return: whether there was such a call
        :rtype: bool
        """
        if (
            self.channel != "call"
            or self.direction != "out"
            or self.outcome == "not_reached"
        ):
            return False
        # The call may be planned for somebody else.
        activity = self.case_id.sudo().activity_ids.filtered(
            lambda activity: activity.collection_contact_id.state == "queued"
        )[:1]
        if not activity:
            return False
        activity.collection_contact_id.write(
            {
                "date": self.date,
                "user_id": self.env.uid,
                "address_id": self.address_id.id,
                "outcome": self.outcome,
                "note": self.note,
            }
        )
        activity.with_user(self.env.user).sudo().action_feedback(
            feedback=self._get_summary()
        )
        return True

    def _prepare_contact(self):
        """Prepare the record of the contact, and tell the chatter.

        :return: values of an `account.collection.contact`
        :rtype: dict
        """
        self.ensure_one()
        return {
            "partner_id": self.case_id.partner_id.id,
            "company_id": self.case_id.company_id.id,
            "case_id": self.case_id.id,
            "date": self.date,
            "channel": self.channel,
            "direction": self.direction,
            "address_id": self.address_id.id,
            "outcome": self.outcome,
            "note": self.note,
            "user_id": self.env.uid,
            "state": "sent",
            "mail_message_id": self.case_id.message_post(body=self._get_summary()).id,
            "item_ids": [
                Command.create(
                    {
                        "line_id": line.id,
                        "amount_residual": line.collection_residual,
                        "amount_held": line.collection_held,
                    }
                )
                for line in self.line_ids or self.case_id.item_ids
            ],
        }

    def _get_summary(self):
        """Say in one line what took place, for the history of the case.

        :rtype: str
        """
        labels = [
            dict(self._fields[name]._description_selection(self.env)).get(self[name])
            for name in ("channel", "direction", "outcome")
        ]
        return " · ".join(
            filter(None, [*labels, self.address_id.display_name, self.note])
        )
