from odoo import api, fields, models
from odoo.exceptions import LockError, UserError, ValidationError
from odoo.tools.misc import format_date


class AccountCollectionHandover(models.TransientModel):
    """Hands a case over to a collection agency or a lawyer."""

    _name = "account.collection.handover"
    _description = "Hand Over a Case"
    _inherit = ["account.collection.dialog.past"]

    # === FIELDS === #

    agency_id = fields.Many2one(
        "res.partner",
        string="To",
        required=True,
        help="The collection agency or lawyer who takes the case over.",
    )
    note = fields.Text()

    # === CONSTRAINT METHODS === #

    @api.constrains("agency_id")
    def _check_agency(self):
        for wizard in self:
            if wizard.agency_id.commercial_partner_id == wizard.case_id.partner_id:
                raise ValidationError(
                    self.env._("A case cannot be handed over to the customer.")
                )

    # === ACTION METHODS === #

    def action_hand_over(self):
        """Hand the case over: the file for them is on the case, nothing more is
        dunned.

        :return: the action that closes the dialog
        :rtype: dict
        :raise AccessError: for who may not work on the case
        :raise UserError: when the case is not open, or somebody else is at it
        """
        self.ensure_one()
        case = self.case_id
        case.check_access("write")
        self._lock_case()
        if case.state != "open":
            raise UserError(
                self.env._(
                    "The case of %s is not open, so it cannot be handed over.",
                    case.partner_id.display_name,
                )
            )
        case._drop_planned_activities(case.ids)
        # Nobody but the engine changes contacts.
        case.contact_ids.sudo()._withdraw()
        attachment = self.env["account.collection.handover.file"]._create_file(case)
        # Who may work on the case was checked; collectors do not write states.
        case.sudo().write(
            {
                "state": "handed_over",
                "agency_id": self.agency_id.id,
                "date_handed_over": self.date,
            }
        )
        case.message_post(body=self._get_summary(), attachment_ids=attachment.ids)
        case._refresh_these()
        return {"type": "ir.actions.act_window_close"}

    # === HELPERS === #

    def _get_too_late_text(self):
        return self.env._(
            "The dunning stops on the day you press the button. Choose today, or an "
            "earlier day if the case was handed over then."
        )

    def _lock_case(self):
        """Keep two people from acting on the case at the same moment.

        :raise UserError: when somebody else is at it
        """
        try:
            self.case_id.lock_for_update()
        except LockError as error:
            raise UserError(
                self.env._(
                    "Somebody else, or the dunning, is working on the case of %s at "
                    "this moment. Try again when they are done.",
                    self.case_id.partner_id.display_name,
                )
            ) from error

    def _get_summary(self):
        """Say in the history of the case what took place.

        :rtype: str
        """
        summary = self.env._(
            "Handed over to %(agency)s on %(date)s.",
            agency=self.agency_id.display_name,
            date=format_date(self.env, self.date),
        )
        return f"{summary} {self.note}" if self.note else summary
