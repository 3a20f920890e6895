from odoo import fields, models


class AccountCollectionTeam(models.Model):
    _name = "account.collection.team"
    _description = "Collections Team"
    _order = "sequence, name, id"
    _check_company_auto = True
    _check_company_domain = models.check_company_domain_parent_of

    # === FIELDS === #

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        help="Leave empty for a team that works for every company.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Team Leader",
        domain=[("share", "=", False)],
        check_company=True,
    )
    member_ids = fields.Many2many(
        "res.users",
        relation="account_collection_team_member_rel",
        column1="team_id",
        column2="user_id",
        string="Collectors",
        domain=[("share", "=", False)],
        check_company=True,
    )
