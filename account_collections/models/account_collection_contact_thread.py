from odoo import api, fields, models


class AccountCollectionContact(models.Model):
    """What was said to a customer who has no case, and what they answered.

    Everybody in the company reads what lies on a customer. So letters, answers and
    activities lie on the case, and where there is none, on the contact, which is for
    collectors only.
    """

    _name = "account.collection.contact"
    _inherit = [
        "account.collection.contact",
        "mail.thread",
        "mail.activity.mixin",
    ]

    # Contacts do not change, but collectors may answer the customer.
    _mail_post_access = "read"

    # === FIELDS === #

    letter = fields.Html(related="mail_message_id.body")

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        # Made by the thousand: nobody follows them, and nothing is logged.
        contacts = super(
            AccountCollectionContact, self.with_context(tracking_disable=True)
        ).create(vals_list)
        return contacts.with_env(self.env)

    # === BUSINESS METHODS === #

    def _get_thread(self):
        """The record that keeps what is said: the case, else the contact itself."""
        self.ensure_one()
        return self.case_id or self

    def message_update(self, msg_dict, update_vals=None):
        """Tell whoever is in charge that the customer answered."""
        for contact in self:
            user = contact.case_id._get_responsible(contact.company_id, contact.user_id)
            contact.message_subscribe(user.partner_id.ids)
        return super().message_update(msg_dict, update_vals=update_vals)
