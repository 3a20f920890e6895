from odoo import api, models

from ..tools import allocation, evaluation


class AccountCollectionResolution(models.AbstractModel):
    """What is late, and the credits of the customer that nobody has applied: what they
    would cover is not broken."""

    _name = "account.collection.resolution"
    _inherit = ["account.collection.resolution"]

    # === BUSINESS METHODS === #

    @api.model
    def _evaluate_late(self, partners, without=(), as_of=None):
        """Evaluate what customers are late with, when their credits have changed: what
        is missing is not broken while credits that nobody has applied would cover it.

        :param partners: the commercial partners (`res.partner`)
        :param without: agreements that need no evaluation
        :param as_of: the day to evaluate on (`datetime.date`), today by default
        """
        if not partners:
            return
        # Agreements follow the ledger, whoever books.
        commitments = (
            self.env["account.collection.commitment"]
            .sudo()
            .search([("partner_id", "in", partners.ids), *self._get_late_domain()])
        )
        for model, own in commitments.grouped("res_model").items():
            late = self.env[model].browse(dict.fromkeys(own.mapped("res_id")))
            if without and without._name == model:
                late -= without
            late.sudo().with_context(collection_in_transaction=True).exists()._evaluate(
                as_of
            )

    def _evaluate_others_late(self, agreed, commitments, as_of):
        """Let the other agreements of the customers follow, where credits that nobody
        has applied may be free for them now, or no more.

        :param agreed: the agreements that have just been evaluated
        :param commitments: those of their payments that are late now, or no more
        :param as_of: the day of the evaluation, None for today
        """
        if not self.env.context.get("collection_others_late"):
            partners = self.env["res.partner"].union(
                *(commitment.partner_id for commitment in commitments)
            )
            self.with_context(collection_others_late=True)._evaluate_late(
                partners, agreed, as_of
            )

    def _ask_to_apply(self):
        """Ask once for late payments that credits of the customer would cover, and no
        more once they do not, or nothing is late."""
        unapplied = self.filtered(
            lambda one: any(one._get_commitments().mapped("is_unapplied"))
        )
        (self - unapplied)._withdraw_requests("apply")
        for resolution in unapplied:
            asked = (resolution.case_id or resolution).sudo().activity_ids
            if "apply" not in asked.mapped("collection_key"):
                resolution._request("apply")

    # === HELPERS === #

    def _prepare_request(self, key):
        if key != "apply":
            return super()._prepare_request(key)
        return {
            "act_type_xmlid": "mail.mail_activity_data_todo",
            "summary": self.env._("Apply the payment"),
            "note": self.env._(
                "%s is late, but payments or credits of the customer that nobody has "
                "applied yet would cover it.",
                self.name,
            ),
        }

    def _get_missing(self, commitments, outcomes):
        """What came neither in time nor later, credits that would cover it or not, as
        plain values.

        :rtype: list[Missing]
        """
        if self._is_over():
            # Credits serve what is in force.
            return []
        return [
            evaluation.Missing(
                commitment,
                commitment.date_limit,
                outcome.missing + outcome.open,
                self._get_last_day(commitment),
            )
            for commitment, outcome in zip(commitments, outcomes, strict=True)
            if outcome.is_missed or outcome.is_unapplied
        ]

    def _get_excused(self, missing, currency, commitments):
        """Say which late payments credits that nobody has applied would cover, each
        credit once among all that the customer is late with.

        :param list missing: the late payments in question (`Missing`)
        :param currency: their currency (`res.currency`)
        :param commitments: the commitments that are evaluated just now, and whose
            stored values do not count
        :return: the keys of those that would be covered
        :rtype: set
        """
        unapplied = self.env["account.collection.ledger"]._get_unapplied(
            self.company_id, currency, self.partner_id
        )
        if not unapplied:
            return set()
        # What others have agreed counts, even if the user may not see it.
        others = commitments.sudo().search(
            [
                ("partner_id", "=", self.partner_id.id),
                ("company_id", "=", self.company_id.id),
                ("currency_id", "=", currency.id),
                ("id", "not in", commitments.ids),
                *self._get_late_domain(),
            ]
        )
        rounding = currency.rounding
        late = [
            evaluation.Missing(
                other,
                other.date_limit,
                round(other.amount_open / rounding),
                other.date_last or None,
            )
            for other in others
            if not other._get_resolution()._is_over()
        ]
        return evaluation.excuse(
            sorted(missing + late, key=lambda one: one.key.id),
            [
                allocation.Movement(date, round(amount / rounding))
                for date, amount in unapplied
            ],
        )

    def _get_late(self):
        """What is missing of these agreements, whether credits would cover it or not.

        :return: pairs of the commitment and its amount
        :rtype: set[tuple]
        """
        return {
            (commitment, commitment.amount_open)
            for commitment in self._get_commitments()
            if commitment.amount_open
            and (commitment.is_unapplied or commitment.state in ("partial", "broken"))
        }

    @api.model
    def _get_late_domain(self):
        """The commitments that are late and not made good."""
        return [
            ("amount_open", ">", 0),
            "|",
            ("state", "in", ("partial", "broken")),
            ("is_unapplied", "=", True),
        ]

    def _get_last_day(self, commitment):
        """The last day on which money would still count for a late payment.

        :param commitment: the payment (`account.collection.commitment`)
        :return: the day, None if it has no end
        :rtype: datetime.date
        """
        released = self._get_holds().mapped("date_released")
        return max(released) if released and all(released) else None
