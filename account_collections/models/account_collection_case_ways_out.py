from odoo import api, fields, models
from odoo.tools.misc import format_date


class AccountCollectionResolution(models.AbstractModel):
    _name = "account.collection.resolution"
    _inherit = ["account.collection.resolution"]

    # === HELPERS === #

    @api.model
    def _get_way_out(self, case):
        """Say what this way out would bring if it were agreed today; nothing where it
        brings no money.

        :param case: the customer's case (`account.collection.case`)
        :return: a sentence in the user's language
        :rtype: str
        """
        return ""


class AccountCollectionPromise(models.Model):
    _name = "account.collection.promise"
    _inherit = ["account.collection.promise"]

    # === HELPERS === #

    @api.model
    def _get_way_out(self, case):
        policy = case.policy_id
        return self.env._(
            "%(amount)s by %(date)s at the latest",
            amount=case.currency_id.format(case.amount_collectible),
            date=case._format_day_in(policy.promise_max_days),
        )


class AccountCollectionPlan(models.Model):
    _name = "account.collection.plan"
    _inherit = ["account.collection.plan"]

    # === HELPERS === #

    @api.model
    def _get_way_out(self, case):
        policy = case.policy_id
        return self.env._(
            "%(amount)s in up to %(count)s payments until %(date)s",
            amount=case.currency_id.format(case.amount_collectible),
            count=policy.plan_max_installments,
            date=case._format_day_in(policy.plan_max_days),
        )


class AccountCollectionSettlement(models.Model):
    _name = "account.collection.settlement"
    _inherit = ["account.collection.settlement"]

    # === HELPERS === #

    @api.model
    def _get_way_out(self, case):
        percent = case.policy_id.settlement_max_discount_percent
        least = case.currency_id.round(case.amount_collectible * (100 - percent) / 100)
        return self.env._(
            "%(least)s or more by %(date)s, giving up %(most)s at most",
            least=case.currency_id.format(least),
            most=case.currency_id.format(case.amount_collectible - least),
            date=case._format_day_in(case.company_id.sudo().collection_offer_days),
        )


class AccountCollectionCase(models.Model):
    """The ways out of a debt, side by side."""

    _name = "account.collection.case"
    _inherit = ["account.collection.case"]

    # === FIELDS === #

    amount_outstanding = fields.Monetary(
        string="Outstanding",
        compute="_compute_amount_outstanding",
        help="All that the customer owes, due or not.",
    )
    ways_out = fields.Html(compute="_compute_ways_out", sanitize=False)

    # === COMPUTE METHODS === #

    @api.depends("item_ids")
    def _compute_amount_outstanding(self):
        for case in self:
            case.amount_outstanding = sum(
                line.amount_residual
                for line in case.item_ids
                if line.amount_residual > 0
            )

    @api.depends("agreement_ids", "amount_collectible", "amount_outstanding")
    @api.depends_context("lang")
    def _compute_ways_out(self):
        for case in self:
            case.ways_out = self.env["ir.qweb"]._render(
                "account_collections.case_ways_out", {"ways": case._get_ways_out()}
            )

    # === HELPERS === #

    def _get_ways_out(self):
        """What each way out would bring, and what is still expected of those in force.

        :return: for each kind of agreement, plain values
        :rtype: list[dict]
        """
        self.ensure_one()
        in_force = self.agreement_ids.grouped("res_model")
        return [
            {
                "label": label,
                "brings": self.amount_collectible
                and self.policy_id
                and self.env[model]._get_way_out(self),
                "agreements": [
                    self._get_way_in_force(agreement)
                    for agreement in in_force.get(model, [])
                ],
            }
            for model, label in self.env["account.collection.agreement"]._get_kinds()
        ]

    def _get_way_in_force(self, agreement):
        """What of an agreement in force is still expected, and when.

        :param agreement: the agreement (`account.collection.agreement`)
        :rtype: dict
        """
        currency = agreement.currency_id
        return {
            "name": agreement.name,
            "state": agreement.state_label,
            "expected": agreement.amount_open
            and currency.format(agreement.amount_open),
            "held": agreement.amount_held and currency.format(agreement.amount_held),
            "date": agreement.date_next and format_date(self.env, agreement.date_next),
        }

    def _format_day_in(self, days):
        """The day some days from now, as the user reads it."""
        today = self.company_id._get_collection_day()
        return format_date(self.env, fields.Date.add(today, days=days))
