from odoo import fields, models


class AccountCollectionDisputeReason(models.Model):
    _name = "account.collection.dispute.reason"
    _description = "Reason for Dispute"
    _order = "sequence, name, id"
    _check_company_auto = True
    _check_company_domain = models.check_company_domain_parent_of

    # === FIELDS === #

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        help="Leave empty for a reason that every company uses.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        domain=[("share", "=", False)],
        check_company=True,
        help="Who clarifies disputes for this reason; else the leader of the team.",
    )
    team_id = fields.Many2one("account.collection.team", check_company=True)
    response_days = fields.Integer(
        string="Days to Answer",
        help="Days within which such a dispute is to be settled. Zero leaves it to "
        "the customer's policy.",
    )

    # === CONSTRAINT METHODS === #

    _response_days_positive = models.Constraint(
        "CHECK (response_days >= 0)",
        "The days to answer a dispute cannot be negative.",
    )
