from odoo import fields, models


class AccountCollectionPolicy(models.Model):
    """What a policy allows of settlements."""

    _name = "account.collection.policy"
    _inherit = ["account.collection.policy"]

    # === FIELDS === #

    settlement_max_discount_percent = fields.Float(
        string="Largest Discount",
        default=20.0,
        help="The most that a collector may give up of a debt, in percent. Beyond it, "
        "a manager has to approve, and never their own.",
    )
    settlement_wait_days = fields.Integer(
        string="Wait for the Bank",
        default=3,
        help="Days after the last day of a payment within which a bank statement that "
        "comes late is waited for before a settlement lapses. The payment itself has "
        "to be dated by the day agreed.",
    )

    # === CONSTRAINT METHODS === #

    _settlement_limits = models.Constraint(
        "CHECK (settlement_max_discount_percent BETWEEN 0 AND 100 "
        "AND settlement_wait_days >= 0)",
        "The discount of a settlement is between 0 and 100 %, and the days to wait "
        "for the bank cannot be negative.",
    )
