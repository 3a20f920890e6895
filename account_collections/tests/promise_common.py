from datetime import timedelta

from freezegun import freeze_time

from odoo import Command

from .common import TODAY, CollectionCommon


class PromiseCommon(CollectionCommon):
    """A policy that limits promises, and a collector who keeps to it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.write(
            {
                "promise_max_days": 30,
                "promise_grace_days": 3,
                "promise_tolerance_percent": 1,
                "promise_max_broken": 2,
            }
        )
        cls.env.user.group_ids -= cls.env.ref(
            "account_collections.group_collection_manager"
        ) + cls.env.ref("account.group_account_manager")
        cls.env.user.group_ids += cls.env.ref(
            "account_collections.group_collection_all"
        )

    # === HELPERS === #

    @classmethod
    def _promise(cls, invoices, amount=None, days=10, confirm=True, **values):
        lines = cls._get_receivable_line(invoices)
        promise = cls.env["account.collection.promise"].create(
            {
                "partner_id": invoices.commercial_partner_id.id,
                "company_id": cls.company.id,
                "currency_id": lines[:1].currency_id.id,
                "line_ids": [Command.set(lines.ids)],
                "amount": amount or sum(lines.mapped("amount_residual_currency")),
                "date_due": TODAY + timedelta(days=days),
                **values,
            }
        )
        if confirm:
            promise.action_confirm()
        return promise

    def _run_on(self, days):
        """Let a number of days pass: evaluate, then plan that day's run."""
        with freeze_time(TODAY + timedelta(days=days)):
            self.env["account.collection.commitment"]._cron_evaluate()
            return self._get_line(self._plan(date=TODAY + timedelta(days=days)))

    def assertHeld(self, promise, amounts):
        holds = promise.hold_ids.filtered("active")
        self.assertEqual(holds.mapped("amount"), amounts)
