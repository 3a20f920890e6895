from odoo import fields, models


class AccountCollectionResolution(models.AbstractModel):
    """The payments that agreements expect, and their reminders."""

    _name = "account.collection.resolution"
    _inherit = ["account.collection.resolution"]

    # === BUSINESS METHODS === #

    def _commit(self):
        """Note the payments that are expected."""
        vals_list = self._prepare_commitments()
        # Commitments are written by the resolutions alone.
        commitments = self.env["account.collection.commitment"].sudo().create(vals_list)
        self.env["account.collection.commitment.reminder"].sudo().create(
            [
                reminder
                for commitment in commitments
                for reminder in self._prepare_reminders(commitment)
            ]
        )

    def _prepare_commitments(self):
        """Prepare the agreed payments; a kind that expects no money has none.

        :return: values of `account.collection.commitment`
        :rtype: list[dict]
        """
        return []

    def _prepare_commitment(self, date_due, amount, grace_days, tolerance_percent):
        """Prepare one agreed payment, with the limits as they are today.

        :param datetime.date date_due: the day agreed
        :param float amount: in the resolution's currency
        :param int grace_days: days after it that still count as on time
        :param float tolerance_percent: what may be missing, in percent
        :return: values of an `account.collection.commitment`
        :rtype: dict
        """
        return {
            "partner_id": self.partner_id.id,
            "company_id": self.company_id.id,
            "currency_id": self.currency_id.id,
            "res_model": self._name,
            "res_id": self.id,
            "date_due": date_due,
            "amount": amount,
            "amount_open": amount,
            "date_limit": fields.Date.add(date_due, days=grace_days),
            "amount_min": self.currency_id.round(
                amount * (100 - tolerance_percent) / 100
            ),
        }

    def _prepare_reminders(self, commitment):
        """Prepare the reminders of an agreed payment, as the policy has them today;
        none for a day that is past.

        :param commitment: the payment (`account.collection.commitment`)
        :return: values of `account.collection.commitment.reminder`
        :rtype: list[dict]
        """
        return [
            {"commitment_id": commitment.id, "step_id": step.id, "date": date}
            for step in self._get_reminder_steps()
            if (date := fields.Date.add(commitment.date_due, days=step.delay_days))
            > self.date_start
        ]

    # === HELPERS === #

    def _get_commitments(self):
        """The payments that these agreements expect, and have expected.

        :return: commitments (`account.collection.commitment`), whoever may see them
        """
        # Who may act on an agreement need not see all that its customer agreed.
        return self.sudo().commitment_ids

    def _get_reminder_steps(self):
        """The steps of the policy by which the customer is reminded."""
        return self._get_policy().step_ids.filtered(
            lambda step: step.applies_to == "commitment"
        )
