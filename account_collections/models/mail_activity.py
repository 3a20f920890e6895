from odoo import fields, models


class MailActivity(models.Model):
    _inherit = "mail.activity"

    # === FIELDS === #

    collection_contact_id = fields.Many2one(
        "account.collection.contact",
        string="Dunning Call",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="cascade",
        groups="account_collections.group_collection_own",
    )
    collection_agreement = fields.Char(
        readonly=True,
        copy=False,
        index="btree_not_null",
        groups="account_collections.group_collection_own",
        help="The agreement that this is about, as model and ID.",
    )
    collection_key = fields.Char(
        readonly=True,
        copy=False,
        groups="account_collections.group_collection_own",
        help="What is asked for, whatever the language.",
    )

    # === CRUD METHODS === #

    def unlink(self):
        """A call that is cancelled was never made: its step is given back."""
        # Contacts are written by the engine only.
        self.sudo().collection_contact_id.filtered(
            lambda contact: contact.state == "queued"
        )._mark_void()
        return super().unlink()

    # === BUSINESS METHODS === #

    def _action_done(self, feedback=False, attachment_ids=None):
        # Contacts are written by the engine only.
        self.sudo().collection_contact_id._mark_sent()
        return super()._action_done(feedback=feedback, attachment_ids=attachment_ids)
