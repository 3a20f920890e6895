from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date


class AccountCollectionPromise(models.Model):
    """What may be promised. Who puts off what was promised breaks it too, and who says
    that it is paid has given no promise: that is checked, and believed once."""

    _name = "account.collection.promise"
    _inherit = ["account.collection.promise"]

    # === BUSINESS METHODS === #

    def _check_limits(self):
        super()._check_limits()
        today = self.company_id._get_collection_day()
        if self.date_due < today:
            raise UserError(self.env._("A promise cannot be for a day that is past."))
        problems = self._get_limits_exceeded(today)
        if not problems:
            return
        if not self._is_manager():
            raise UserError(
                "\n".join(
                    [
                        *problems,
                        self.env._("Agree within the policy, or ask a manager."),
                    ]
                )
            )
        self.message_post(
            body=self.env._(
                "Confirmed beyond the policy by %(user)s: %(problems)s",
                user=self.env.user.name,
                problems=" ".join(problems),
            )
        )

    def _get_limits_exceeded(self, today):
        """Say in words which limits of the policy this promise exceeds.

        :param datetime.date today: the company's day
        :rtype: list[str]
        """
        policy = self._get_policy()
        problems = []
        if self.is_paid_already and self.date_due > fields.Date.add(
            today, days=self._check_days
        ):
            problems.append(
                self.env._(
                    "Money that is said to be paid is waited for %s days.",
                    self._check_days,
                )
            )
        if self.is_paid_already and (unconfirmed := self._get_unconfirmed()):
            problems.append(
                self.env._(
                    "The customer has said before that this is paid (%s), and no "
                    "payment was found.",
                    ", ".join(unconfirmed.mapped("name")),
                )
            )
        if not policy:
            return problems
        latest = fields.Date.add(today, days=policy.promise_max_days)
        if self.date_due > latest:
            problems.append(
                self.env._(
                    "The policy allows promises up to %(days)s days ahead, until "
                    "%(date)s.",
                    days=policy.promise_max_days,
                    date=format_date(self.env, latest),
                )
            )
        broken = self._count_broken(fields.Date.subtract(today, years=1)) + len(
            self._get_put_off()
        )
        if policy.promise_max_broken and broken >= policy.promise_max_broken:
            problems.append(
                self.env._(
                    "The customer has broken or put off %(broken)s promises within a "
                    "year; the policy accepts no more after %(limit)s.",
                    broken=broken,
                    limit=policy.promise_max_broken,
                )
            )
        return problems

    def _count_broken(self, since):
        """How many promises the customer has broken or put off since a day.

        :param datetime.date since: the first day that counts
        :rtype: int
        """
        # The customer's word counts, whoever took it.
        return self.sudo().search_count(
            [
                ("partner_id", "=", self.partner_id.id),
                ("company_id", "=", self.company_id.id),
                ("date_due", ">=", since),
                ("is_paid_already", "=", False),
                *self._get_broken_domain(),
            ]
        )

    def _supersede_others(self):
        put_off = self._get_put_off()
        result = super()._supersede_others()
        put_off.is_put_off = True
        return result

    def _end(self, state):
        is_put_off = self._is_expected_by(self.company_id._get_collection_day())
        result = super()._end(state)
        if is_put_off:
            # Written by its end alone, whoever causes it.
            self.sudo().is_put_off = True
        return result

    # === HELPERS === #

    def _get_broken_domain(self):
        """The promises that were not kept."""
        return [
            "|",
            ("state", "in", ("partial", "broken")),
            ("is_put_off", "=", True),
        ]

    def _is_expected_by(self, day):
        """Whether the money was promised for some day, and has not come.

        :param datetime.date day: the company's day
        :rtype: bool
        """
        return (
            self.state == "open"
            and self.date_due <= day
            and not any(self._get_commitments().mapped("is_unapplied"))
        )

    def _get_put_off(self):
        """The promises over the same open items that this one puts off to a later day:
        in force, or withdrawn before they were due. What is corrected on the day on
        which it was given is not put off.

        :return: promises, whoever took them
        """
        self.ensure_one()
        today = self.company_id._get_collection_day()
        # The customer's word counts, whoever took it.
        return (
            self.sudo()
            .search(
                [
                    ("line_ids", "in", self.line_ids.ids),
                    ("id", "!=", self._origin.id),
                    ("is_put_off", "=", False),
                    ("followed_state", "!=", False),
                    ("date_start", "<", today),
                    "|",
                    ("state", "=", "open"),
                    "&",
                    ("state", "=", "cancelled"),
                    ("date_end", "!=", False),
                ]
            )
            .filtered(
                lambda one: (
                    one.date_due < self.date_due
                    and (not one.date_end or one.date_end > one.date_start)
                )
            )
        )

    def _get_unconfirmed(self):
        """What the customer has said before of the same open items: that they are paid,
        and no payment came.

        :return: promises, whoever took them
        """
        # The customer's word counts, whoever took it.
        return self.sudo().search(
            [
                ("line_ids", "in", self.line_ids.ids),
                ("id", "!=", self._origin.id),
                ("is_paid_already", "=", True),
                *self._get_broken_domain(),
            ]
        ) | self._get_put_off().filtered("is_paid_already")
