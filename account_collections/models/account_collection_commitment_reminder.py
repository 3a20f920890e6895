from odoo import fields, models


class AccountCollectionCommitmentReminder(models.Model):
    _name = "account.collection.commitment.reminder"
    _description = "Reminder of an Agreed Payment"
    _order = "commitment_id, date"

    # === FIELDS === #

    commitment_id = fields.Many2one(
        "account.collection.commitment",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    step_id = fields.Many2one(
        "account.collection.policy.step",
        required=True,
        readonly=True,
        ondelete="restrict",
        help="Says how the customer is reminded, and in which words.",
    )
    date = fields.Date(
        required=True, readonly=True, help="Fixed when the payment was agreed."
    )
    contact_id = fields.Many2one(
        "account.collection.contact",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )

    # === CONSTRAINT METHODS === #

    _once = models.UniqueIndex(
        "(commitment_id, step_id)",
        "An agreed payment has each reminder once.",
    )
