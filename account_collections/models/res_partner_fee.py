from odoo import api, fields, models


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner"]

    # === FIELDS === #

    collection_has_fee = fields.Boolean(
        string="Late Fees Agreed",
        company_dependent=True,
        copy=False,
        groups="account_collections.group_collection_own",
        help="The contract with this customer includes late fees: invoices paid late "
        "are charged those of the collection policy, whatever their payment terms.",
    )
    collection_fee_start = fields.Date(
        string="Late Fees Since",
        company_dependent=True,
        copy=False,
        groups="account_collections.group_collection_own",
        help="Only invoices dated on this day or later are charged.",
    )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._complete_fee_start(vals)
        return super().create(vals_list)

    def write(self, vals):
        if vals.get("collection_has_fee"):
            # Whoever edits a customer need not see what was agreed with them.
            agreed = self.filtered(
                lambda partner: (
                    partner.sudo()
                    .with_company(partner.env.company.root_id)
                    .collection_has_fee
                )
            )
            if agreed and agreed != self:
                agreed.write(vals)
                return (self - agreed).write(vals)
            if not agreed:
                vals = dict(vals)
                self._complete_fee_start(vals)
        own = {"collection_has_fee", "collection_fee_start"} & vals.keys()
        if own and self.env.company.parent_id:
            # Contracts count for the main company, whatever branch one works in.
            self.with_company(self.env.company.root_id).write(
                {name: vals[name] for name in own}
            )
        return super().write(vals)

    # === BUSINESS METHODS === #

    def _get_fee_policy(self, company):
        """The policy by which this customer is charged for late payment.

        :param company: the root company (`res.company`)
        :return: an `account.collection.policy`, or none
        """
        self.ensure_one()
        # What is charged does not depend on who asks.
        policy = self.sudo().with_company(company).collection_policy_id
        if not policy.active:
            policy = company.sudo().collection_policy_id
        return policy.filtered("active").sudo(self.env.su)

    # === HELPERS === #

    @api.model
    def _complete_fee_start(self, vals):
        """A contract includes late fees from the day on which somebody says so, unless
        a day is given."""
        if vals.get("collection_has_fee") and not vals.get("collection_fee_start"):
            vals["collection_fee_start"] = self.env.company._get_collection_day()
