from odoo import fields, models


class MailActivity(models.Model):
    _inherit = "mail.activity"

    # === FIELDS === #

    collection_contact_id = fields.Many2one(
        "account.collection.contact",
        string="Dunning Call",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
    )
    collection_agreement = fields.Char(
        readonly=True,
        index="btree_not_null",
        help="The agreement that this is about, as model and ID.",
    )
    collection_key = fields.Char(
        readonly=True, help="What is asked for, whatever the language."
    )

    # === CRUD METHODS === #

    def unlink(self):
        """A call that is cancelled was never made: its step is given back."""
        # Contacts are written by the engine only.
        self.collection_contact_id.sudo().filtered(
            lambda contact: contact.state == "queued"
        )._mark_void()
        return super().unlink()

    # === BUSINESS METHODS === #

    def _action_done(self, feedback=False, attachment_ids=None):
        # Contacts are written by the engine only.
        self.collection_contact_id.sudo()._mark_sent()
        return super()._action_done(feedback=feedback, attachment_ids=attachment_ids)
