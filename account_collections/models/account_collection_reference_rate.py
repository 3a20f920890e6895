from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools.misc import format_date

from ..tools import interest


class AccountCollectionReferenceRate(models.Model):
    """The rate of a central bank that statutory interest builds on, by half-year.

    A rate without company is everybody's; a company's own one goes before it, for
    instance where the law of the country builds on another rate.
    """

    _name = "account.collection.reference.rate"
    _description = "Reference Rate"
    _order = "currency_id, date desc, company_id"
    _check_company_auto = True

    # === FIELDS === #

    currency_id = fields.Many2one("res.currency", required=True, ondelete="cascade")
    date = fields.Date(
        string="Half-Year From",
        required=True,
        help="1 January or 1 July: the first day on which the rate applies.",
    )
    rate = fields.Float(
        string="Rate (%)",
        digits=(16, 4),
        required=True,
        help="Percent a year, without the points that the law or the contract adds.",
    )
    source = fields.Char(help="Who publishes it, and where.")
    company_id = fields.Many2one(
        "res.company",
        domain=[("parent_id", "=", False)],
        ondelete="cascade",
        help="Leave empty for a rate that applies to all companies.",
    )

    # === CONSTRAINT METHODS === #

    _unique_half_year = models.UniqueIndex(
        "(currency_id, date, COALESCE(company_id, 0))",
        "There is a rate of this currency and half-year already. Correct that one.",
    )

    @api.constrains("date")
    def _check_date(self):
        for rate in self:
            if rate.date != interest.get_half_year(rate.date):
                raise ValidationError(
                    self.env._(
                        "A reference rate applies for a half-year: enter 1 January or "
                        "1 July, not %s.",
                        format_date(self.env, rate.date),
                    )
                )

    @api.constrains("company_id")
    def _check_company_is_root(self):
        for rate in self:
            if rate.company_id.parent_id:
                raise ValidationError(
                    self.env._(
                        "A reference rate belongs to a main company or to all, not to "
                        "the branch %s.",
                        rate.company_id.name,
                    )
                )

    # === COMPUTE METHODS === #

    @api.depends("currency_id", "date", "rate")
    def _compute_display_name(self):
        for rate in self:
            rate.display_name = (
                f"{rate.currency_id.name} {format_date(self.env, rate.date)}: "
                f"{rate.rate:.2f} %"
            )

    # === BUSINESS METHODS === #

    @api.model
    def _get_rates(self, company, currency, date_start, date_end):
        """The reference rates of a period. Where that of a half-year is not entered
        yet, the last one before stands in for it, and says so.

        :param company: the root company (`res.company`)
        :param currency: the currency whose central bank counts (`res.currency`)
        :param datetime.date date_start: the first day
        :param datetime.date date_end: the last day
        :return: the first day of each half-year, its rate, percent a year, and whether
            it is known: `(datetime.date, Decimal, bool)`
        :rtype: list[tuple]
        :raise UserError: when none is known, or a later one is but this one is not
        """
        known = self._get_known(company, currency)
        found = []
        for half_year in interest.get_half_years(date_start, date_end):
            before = [day for day in known if day <= half_year]
            is_known = half_year in known
            if not before or (not is_known and half_year < max(known)):
                raise UserError(self._get_missing_text(currency, half_year))
            found.append((half_year, known[max(before)], is_known))
        return found

    @api.model
    def _get_missing(self, company, currency, day):
        """The half-year of a day, if its reference rate is not entered yet.

        :param company: the root company (`res.company`)
        :param currency: the currency whose central bank counts (`res.currency`)
        :param datetime.date day: the day
        :return: its first day, or None
        :rtype: datetime.date
        """
        half_year = interest.get_half_year(day)
        return None if half_year in self._get_known(company, currency) else half_year

    # === HELPERS === #

    @api.model
    def _get_known(self, company, currency):
        """The rates that are entered. A company that enters its own, for instance since
        its law builds on another rate, has no use for everybody's from then on.

        :param company: the root company (`res.company`)
        :param currency: the currency whose central bank counts (`res.currency`)
        :return: rates, percent a year, by the first day of the half-year
        :rtype: dict[datetime.date, Decimal]
        """
        rates = self.sudo().search(
            [
                ("currency_id", "=", currency.id),
                ("company_id", "in", (False, company.id)),
            ]
        )
        own = rates.filtered("company_id")
        since = min(own.mapped("date"), default=None)
        counting = own | rates.filtered(lambda rate: not since or rate.date < since)
        return {rate.date: Decimal(str(round(rate.rate, 4))) for rate in counting}

    @api.model
    def _get_missing_text(self, currency, half_year):
        """Say which rate is missing, and where it is entered.

        :param currency: the currency whose central bank counts (`res.currency`)
        :param datetime.date half_year: the first day of the half-year
        :rtype: str
        """
        return self.env._(
            "The reference rate of %(currency)s for the half-year from %(date)s is "
            "missing. Enter it in Invoicing > Configuration > Collections > Reference "
            "Rates.",
            currency=currency.name,
            date=format_date(self.env, half_year),
        )
