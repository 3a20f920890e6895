import logging
from datetime import timedelta

from psycopg2 import OperationalError

from odoo import api, fields, models, modules
from odoo.exceptions import LockError
from odoo.tools import SQL
from odoo.tools.misc import format_date

from .account_collection_contact import LIVE_STATES
from .account_collection_hold import CASH_REASONS

_logger = logging.getLogger(__name__)


class AccountCollectionCommitment(models.Model):
    _name = "account.collection.commitment"
    _description = "Agreed Payment"
    _inherit = ["account.collection.own"]
    _order = "date_due, id"
    _check_company_auto = True

    # === FIELDS === #

    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, readonly=True, index=True
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    res_model = fields.Char(string="Agreement Model", required=True, readonly=True)
    res_id = fields.Many2oneReference(
        string="Agreement",
        model_field="res_model",
        required=True,
        readonly=True,
        index=True,
    )
    date_due = fields.Date(required=True, readonly=True)
    amount = fields.Monetary(required=True, readonly=True)
    date_limit = fields.Date(
        required=True,
        readonly=True,
        help="The last day that counts as on time: the due date and the grace.",
    )
    amount_min = fields.Monetary(
        required=True,
        readonly=True,
        help="The least that keeps the agreement: the amount less the tolerance.",
    )
    amount_received = fields.Monetary(readonly=True)
    amount_open = fields.Monetary(
        string="Still Expected",
        readonly=True,
        help="What is still to come of this payment, whether late or not.",
    )
    amount_void = fields.Monetary(
        readonly=True, help="What a credit note or write-off made needless."
    )
    date_kept = fields.Date(readonly=True)
    date_last = fields.Date(
        readonly=True, help="The last day on which a late payment would still count."
    )
    reminder_ids = fields.One2many(
        "account.collection.commitment.reminder",
        "commitment_id",
        string="Reminders",
        readonly=True,
    )
    is_unapplied = fields.Boolean(
        string="To Be Applied",
        readonly=True,
        help="Late, but unapplied payments or credits of the customer cover it.",
    )
    state = fields.Selection(
        [
            ("pending", "Pending"),
            ("kept", "Kept"),
            ("kept_late", "Kept late"),
            ("partial", "Partly kept"),
            ("broken", "Broken"),
            ("void", "Void"),
        ],
        default="pending",
        required=True,
        readonly=True,
        index=True,
    )

    # === CONSTRAINT METHODS === #

    _amount_positive = models.Constraint(
        "CHECK (amount > 0)", "An agreed payment must be greater than zero."
    )
    _limit_after_due = models.Constraint(
        "CHECK (date_limit >= date_due)",
        "The grace of an agreed payment cannot end before its due date.",
    )
    _partner_idx = models.Index("(company_id, partner_id) WHERE state = 'pending'")

    # === COMPUTE METHODS === #

    @api.depends("date_due", "amount", "currency_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for commitment in self:
            commitment.display_name = self.env._(
                "%(amount)s by %(date)s",
                amount=commitment.currency_id.format(commitment.amount),
                date=format_date(self.env, commitment.date_due),
            )

    # === BUSINESS METHODS === #

    def _mark_reminded(self, contact):
        """Record that a contact spoke of this payment: what was due of its reminders
        is done.

        :param contact: the contact (`account.collection.contact`)
        """
        self.reminder_ids.filtered(
            lambda reminder: (
                reminder.date <= contact.date
                and reminder.contact_id.state not in LIVE_STATES
            )
        ).contact_id = contact

    @api.model
    def _cron_evaluate(self):
        """Evaluate every live agreement once a day, and whenever this is triggered act
        on what is new.

        Each agreement is a transaction of its own, and keeps the day of its evaluation:
        who runs this again goes on with what is left. One that fails does not keep the
        others: it is tried again the next day, and one that somebody else works on just
        now, in a moment.
        """
        cron = self.env["ir.cron"]
        resolutions = self._get_evaluated_resolutions()
        if not modules.module.current_test:
            cron._commit_progress(remaining=len(resolutions))
        for resolution in resolutions:
            try:
                with self.env.cr.savepoint():
                    resolution._evaluate()
                    resolution._set_evaluated()
            except (OperationalError, LockError):
                self._evaluate_again()
            except Exception:
                _logger.warning("%s could not be evaluated", resolution, exc_info=True)
                resolution._set_evaluated()
            if modules.module.current_test:
                continue
            if not cron._commit_progress(1):
                break

    @api.model
    def _evaluate_again(self):
        """Run this again when others had time to finish what they are at."""
        # Nobody else need be allowed to see scheduled actions.
        self.env.ref("account_collections.ir_cron_evaluate").sudo()._trigger(
            fields.Datetime.now() + timedelta(minutes=1)
        )

    @api.model
    def _get_evaluated_resolutions(self):
        """The agreements in force that were not evaluated today, or are to be evaluated
        again, and those whose last change was not acted upon yet.

        :return: single records, of whatever kind
        :rtype: list
        """
        self.env.flush_all()
        is_new_day = self._get_new_day_condition()
        resolutions = []
        for model in self._get_resolution_models():
            agreements = self.env[model]
            rows = self.env.execute_query(
                SQL(
                    """
                    SELECT id FROM %s
                     WHERE state != 'draft' AND date_end IS NULL AND (%s)
                     ORDER BY id
                    """,
                    SQL.identifier(agreements._table),
                    agreements._get_unfinished_condition(is_new_day),
                )
            )
            resolutions += [agreements.browse(res_id) for (res_id,) in rows]
        return resolutions

    @api.model
    def _get_new_day_condition(self):
        """Tell the agreements that were not evaluated today, by the company's day.

        :return: a condition on the table of a kind of agreement
        :rtype: SQL
        """
        companies = self.env["res.company"].search([("parent_id", "=", False)])
        return SQL(" OR ").join(
            SQL(
                "(company_id IN %s AND date_evaluated IS DISTINCT FROM %s)",
                tuple(own.ids),
                day,
            )
            for day, own in companies.grouped(
                lambda company: company._get_collection_day()
            ).items()
        )

    @api.model
    def _get_resolution_models(self):
        """The kinds of agreement, by model name, those that expect money first: the
        others follow what they leave."""
        kinds = [
            model
            for model in self.env.registry.values()
            if not model._abstract
            and issubclass(model, self.env.registry["account.collection.resolution"])
        ]
        return [
            model._name
            for model in sorted(
                kinds,
                key=lambda model: (model._hold_reason not in CASH_REASONS, model._name),
            )
        ]

    def _get_resolution(self):
        """The agreement that this payment is part of."""
        self.ensure_one()
        return self.env[self.res_model].browse(self.res_id)
