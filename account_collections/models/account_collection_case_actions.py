from odoo import models
from odoo.exceptions import AccessError, UserError

from ..tools.dialog import prepare_dialog


class AccountCollectionCase(models.Model):
    """What the buttons of a case do."""

    _name = "account.collection.case"
    _inherit = ["account.collection.case"]

    # === ACTION METHODS === #

    def action_log_contact(self):
        """Open the form to record a call, a visit or a message.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        return self._prepare_wizard_action(
            "account.collection.contact.log", self.env._("Log a Contact")
        )

    def action_hold(self):
        """Open the form that stops the dunning of the customer for a while.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        return self._prepare_wizard_action(
            "account.collection.hold.set", self.env._("Do Not Contact Until")
        )

    def action_hand_over(self):
        """Open the form that hands the case over to an agency or a lawyer.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        return self._prepare_wizard_action(
            "account.collection.handover", self.env._("Hand Over")
        )

    def action_take_back(self):
        """Take cases back that were handed over; the dunning goes on.

        :raise UserError: when a case is not handed over
        :raise AccessError: for a collector of own cases only
        """
        self.check_access("write")
        if not self.env.user.has_group("account_collections.group_collection_all"):
            raise AccessError(
                self.env._("Ask somebody who works on all cases to take it back.")
            )
        for case in self:
            if case.state != "handed_over":
                raise UserError(
                    self.env._(
                        "The case of %s is not handed over, so there is nothing to "
                        "take back.",
                        case.partner_id.display_name,
                    )
                )
            case.message_post(
                body=self.env._("Taken back from %s.", case.agency_id.display_name)
            )
        # Who may press the button was checked; collectors do not write states.
        self.sudo().write(
            {"state": "open", "agency_id": False, "date_handed_over": False}
        )
        self._refresh_these()

    def action_refresh(self):
        """Value the cases on the ledger as it is now."""
        self.check_access("read")
        self._refresh_these()

    def action_assign(self):
        """Open the form that gives the selected cases to a collector or a team.

        :return: a window action
        :rtype: dict
        """
        return self._prepare_wizard_action(
            "account.collection.assign",
            self.env._("Assign"),
            default_case_ids=self.ids,
        )

    def action_view_contacts(self):
        """Open the history of contacts with the customer.

        :return: a window action
        :rtype: dict
        """
        return self._prepare_list_action("contact")

    def action_view_holds(self):
        """Open the holds on what the customer owes.

        :return: a window action
        :rtype: dict
        """
        return self._prepare_list_action("hold")

    # === HELPERS === #

    def _prepare_list_action(self, kind):
        """Prepare the list of all that concerns the customer in this company.

        :param str kind: what is listed, as in `account.collection.<kind>`
        :rtype: dict
        """
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            f"account_collections.account_collection_{kind}_action"
        )
        return dict(
            action,
            domain=[
                ("partner_id", "=", self.partner_id.id),
                ("company_id", "=", self.company_id.id),
            ],
            context={},
        )

    def _prepare_wizard_action(self, model, name, **context):
        """Prepare the dialog of a wizard about cases.

        :param str model: the wizard
        :param str name: the title
        :param dict context: defaults of the wizard, instead of this case
        :rtype: dict
        """
        return prepare_dialog(model, name, **(context or {"default_case_id": self.id}))
