from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class AccountCollectionOwn(models.AbstractModel):
    """What concerns a customer in a company follows their open case there: it is a
    colleague's while the case is. When none is open, what is from before the last case
    was closed is a colleague's, unless one had a case of the customer, too.

    What inherits this has a `partner_id`, the commercial partner, and a `company_id`,
    the root company.
    """

    _name = "account.collection.own"
    _description = "What Follows the Case"

    # === FIELDS === #

    is_of_colleague = fields.Boolean(
        string="Of a Colleague",
        compute="_compute_is_of_colleague",
        search="_search_is_of_colleague",
        help="The customer's case in this company is assigned to somebody else.",
    )

    # === COMPUTE METHODS === #

    @api.depends("partner_id", "company_id")
    @api.depends_context("uid")
    def _compute_is_of_colleague(self):
        # Access rules ask for it: they do not apply to the answer.
        others = (
            self.sudo()
            .with_context(active_test=False)
            .search([("id", "in", self.ids), ("is_of_colleague", "=", True)])
        )
        for record in self:
            record.is_of_colleague = record.id in others._ids

    @api.model
    def _search_is_of_colleague(self, operator, value):
        if operator != "in":
            return NotImplemented
        self.env["account.collection.case"].flush_model(
            ["partner_id", "company_id", "state", "user_id"]
        )
        return Domain.custom(to_sql=self._get_colleague_condition)

    # === HELPERS === #

    @api.model
    def _get_colleague_condition(self, model, alias, query):
        """The condition that something is a colleague's.

        :rtype: SQL
        """
        return SQL(
            """
            EXISTS (
                SELECT FROM account_collection_case own
                 WHERE own.partner_id = %(partner)s AND own.company_id = %(company)s
                   AND own.user_id != %(user)s
                   AND (own.state != 'closed'
                        OR own.date_closed > %(created)s AND NOT EXISTS (
                            SELECT FROM account_collection_case mine
                             WHERE mine.partner_id = own.partner_id
                               AND mine.company_id = own.company_id
                               AND (mine.state != 'closed' OR mine.user_id = %(user)s)
                        ))
            )
            """,
            partner=model._field_to_sql(alias, "partner_id", query),
            company=model._field_to_sql(alias, "company_id", query),
            created=model._field_to_sql(alias, "create_date", query),
            user=self.env.uid,
        )


class AccountCollectionCase(models.Model):
    _name = "account.collection.case"
    _inherit = ["account.collection.case"]

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        cases = super().create(vals_list)
        cases._forget_owners()
        return cases

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"user_id", "state", "partner_id"}:
            self._forget_owners()
        return result

    # === HELPERS === #

    def _forget_owners(self):
        """Let what was found out about colleagues be found out anew."""
        owned = self.env.registry["account.collection.own"]
        for model in self.env.registry.values():
            if issubclass(model, owned) and not model._abstract:
                self.env[model._name].invalidate_model(["is_of_colleague"], flush=False)
