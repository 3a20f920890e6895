from odoo import api, fields, models
from odoo.tools.misc import format_date


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
    @api.depends_context("lang", "uid")
    def _compute_ways_out(self):
        for case in self:
            several = case._get_free()
            case.ways_out = self.env["ir.qweb"]._render(
                "account_collections.case_ways_out",
                {
                    "free": [case._format_free(free) for free in several],
                    "ways": case._get_ways_out(several),
                },
            )

    # === HELPERS === #

    def _get_ways_out(self, several):
        """What each way out would bring, and what is still expected of those in force.

        :param list several: what can be covered, see `_get_free`
        :return: for each kind of agreement, plain values
        :rtype: list[dict]
        """
        self.ensure_one()
        in_force = self.agreement_ids.grouped("res_model")
        return [
            {
                "label": label,
                "options": [
                    self.env[model]._get_way_out(self, free) for free in several
                ],
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
        # Who sees the agreement sees what is expected of it.
        resolution = self.env[agreement.res_model].sudo().browse(agreement.res_id)
        return {
            "name": agreement.name,
            "state": agreement.state_label,
            "outlook": resolution._get_outlook(),
            "held": agreement.amount_held
            and agreement.currency_id.format(agreement.amount_held),
        }

    def _get_free(self):
        """What of the open items can be covered now: of those that are overdue or, if
        none is, of all.

        :return: for each currency the amount by item (`account.move.line`), the oldest
            first
        :rtype: list[dict]
        """
        self.ensure_one()
        lines = self.item_ids.filtered(lambda line: line.amount_residual_currency > 0)
        lines = lines.filtered("collection_days_overdue") or lines
        several = []
        for currency, own in lines.grouped("currency_id").items():
            free = self._prepare_cover(currency, own)._get_free_amounts()
            free = {
                line._origin: amount
                for line, amount in free.items()
                if currency.compare_amounts(amount, 0) > 0
            }
            if free:
                several.append(free)
        return several

    def _prepare_cover(self, currency, lines):
        """Prepare something that could cover open items, not saved.

        :param currency: their currency (`res.currency`)
        :param lines: the open items (`account.move.line`)
        :return: a resolution of a kind that covers whatever is free
        """
        return self.env["account.collection.promise"].new(
            {
                "partner_id": self.partner_id.id,
                "company_id": self.company_id.id,
                "currency_id": currency.id,
                "line_ids": [fields.Command.set(lines.ids)],
                "date_start": self.company_id._get_collection_day(),
            }
        )

    def _format_free(self, free):
        """The sum of what can be covered, as the user reads it.

        :param dict free: the amount by open item (`account.move.line`), of one currency
        :rtype: str
        """
        currency = next(iter(free)).currency_id
        return currency.format(currency.round(sum(free.values())))

    def _format_day_in(self, days):
        """The day some days from now, as the user reads it."""
        today = self.company_id._get_collection_day()
        return format_date(self.env, fields.Date.add(today, days=days))
