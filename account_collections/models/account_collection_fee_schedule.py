import logging

from psycopg2 import IntegrityError, OperationalError

from odoo import api, fields, models, modules
from odoo.exceptions import RedirectWarning
from odoo.tools import SQL

_logger = logging.getLogger(__name__)


class AccountCollectionFee(models.Model):
    """The schedule, which charges the months that have ended.

    What it charges on which day of the month does not matter: a schedule that was
    killed, or comes late, charges the same days when it runs again.
    """

    _name = "account.collection.fee"
    _inherit = ["account.collection.fee"]

    # === BUSINESS METHODS === #

    @api.model
    def _cron_charge(self):
        """Charge late fees by schedule, each customer in a transaction of their own,
        and ask for corrections of those that a payment booked later has overtaken."""
        self.env["account.collection.policy"]._ask_for_rates()
        self._ask_to_correct()
        cron, is_test = self.env["ir.cron"], bool(modules.module.current_test)
        scheduled = cron._get_rest(
            [
                (company, partner)
                for company in self.env["res.company"].search(
                    [("parent_id", "=", False)]
                )
                for partner in self._get_scheduled_partners(company)
            ]
        )
        if not is_test:
            cron._commit_progress(remaining=len(scheduled))
        for company, partner in scheduled:
            self._try_charge(
                company, partner, self._get_scheduled_day(company), origin="schedule"
            )
            if not is_test and not cron._commit_progress(1):
                break

    @api.model
    def _try_charge(self, company, partner, date_end, lines=None, **values):
        """Charge a customer, and send the invoice if the policy says so. When that
        fails, everything is as before, and an activity says why.

        :param company: the root company (`res.company`)
        :param partner: the commercial partner (`res.partner`)
        :param datetime.date date_end: the last day to charge
        :param lines: only these open items (`account.move.line`), or all
        :param values: values of the fees, such as their `origin`
        :return: the fees
        :raise IntegrityError: when somebody else charged the same days just now
        """
        try:
            with self.env.cr.savepoint():
                fees = self._charge(company, partner, date_end, lines, **values)
                if partner._get_fee_policy(company).sudo().fee_is_sent:
                    fees._send()
                return fees
        except OperationalError:
            raise
        except IntegrityError:
            if values.get("origin") == "step":
                # The run starts anew, to see what the other one has done.
                raise
            return self.browse()
        except Exception as error:
            _logger.info("No late fee for customer %s", partner.id, exc_info=True)
            self.env.invalidate_all()
            self._ask_about(
                company,
                partner,
                self.env._("Charge the late fee"),
                self._get_error_text(error),
            )
            return self.browse()

    # === HELPERS === #

    def _get_error_text(self, error):
        """What an error says to the user: Odoo's warnings that lead to a setting carry
        the way there besides.

        :param Exception error: the error
        :rtype: str
        """
        if isinstance(error, RedirectWarning):
            return error.args[0]
        return str(error)

    def _get_scheduled_day(self, company):
        """The last day of the month before: the last one that the schedule charges.

        :rtype: datetime.date
        """
        month = fields.Date.start_of(company._get_collection_day(), "month")
        return fields.Date.subtract(month, days=1)

    def _get_scheduled_partners(self, company):
        """The customers whom the schedule may have to charge today. Who was handed
        over to an agency or a lawyer is left to them.

        :param company: the root company (`res.company`)
        :return: commercial partners (`res.partner`)
        """
        day = company._get_collection_day().day
        policies = self.env["account.collection.policy"].search(
            [
                ("company_id", "=", company.id),
                ("fee_method", "!=", "none"),
                ("fee_is_scheduled", "=", True),
                ("fee_day", "<=", day),
            ]
        )
        if not policies:
            return self.env["res.partner"]
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT late.partner_id FROM (%(late)s) late
                 WHERE NOT EXISTS (
                    SELECT FROM account_collection_case handed
                     WHERE handed.partner_id = late.partner_id
                       AND handed.company_id = %(company)s
                       AND handed.state = 'handed_over'
                 )
                 ORDER BY late.partner_id
                """,
                late=self.env["account.collection.fee.calculation"]._get_late_query(
                    company, self._get_scheduled_day(company)
                ),
                company=company.id,
            )
        )
        partners = self.env["res.partner"].browse(partner_id for (partner_id,) in rows)
        return partners.filtered(
            lambda partner: partner._get_fee_policy(company) in policies
        )
