"""What each way out of a debt would bring, and what is still expected of it."""

from odoo import api, fields, models
from odoo.tools.misc import format_date

from ..tools.number import format_number


class AccountCollectionResolution(models.AbstractModel):
    _name = "account.collection.resolution"
    _inherit = ["account.collection.resolution"]

    # === HELPERS === #

    @api.model
    def _get_way_out(self, case, free):
        """Say what this way out would bring if it were agreed today.

        :param case: the customer's case (`account.collection.case`)
        :param dict free: what of each open item (`account.move.line`) can be covered,
            in its currency, which is one for all
        :return: sentences in the user's language, what it brings first; none where the
            kind does not say
        :rtype: list[str]
        """
        return []

    def _get_outlook(self):
        """Say what is still expected of it while it is in force, and when.

        :return: a sentence in the user's language
        :rtype: str
        """
        self.ensure_one()
        payments = self._get_commitments().filtered("amount_open").sorted("date_due")
        if not payments:
            return self._get_outlook_unpaid()
        [following, last] = (payments[0], payments[-1])
        amount = self.currency_id.format(sum(payments.mapped("amount_open")))
        if self._is_past(following.date_due):
            return self.env._(
                "%(amount)s expected, late since %(date)s",
                amount=amount,
                date=format_date(self.env, following.date_due),
            )
        if following == last:
            return self.env._(
                "%(amount)s expected by %(date)s",
                amount=amount,
                date=format_date(self.env, last.date_due),
            )
        return self.env._(
            "%(amount)s expected until %(last)s, %(part)s of it by %(date)s",
            amount=amount,
            last=format_date(self.env, last.date_due),
            part=self.currency_id.format(following.amount_open),
            date=format_date(self.env, following.date_due),
        )

    def _get_outlook_unpaid(self):
        """Say what is expected of it where no payment is, or not yet.

        :return: a sentence in the user's language
        :rtype: str
        """
        if self.state not in ("offered", "proposed"):
            return self.env._("Nothing more is expected.")
        deadline = self[self._deadline_field]
        amount = self.currency_id.format(self.amount)
        if not deadline:
            return self.env._("%s once the customer accepts", amount)
        return self.env._(
            "%(amount)s if the customer accepts by %(date)s",
            amount=amount,
            date=format_date(self.env, deadline),
        )

    def _is_past(self, day):
        """Whether a day of an agreement has passed.

        :param datetime.date day: the day
        :rtype: bool
        """
        return day < self.company_id._get_collection_day()


class AccountCollectionPromise(models.Model):
    _name = "account.collection.promise"
    _inherit = ["account.collection.promise"]

    # === HELPERS === #

    @api.model
    def _get_way_out(self, case, free):
        policy, today = case.policy_id, case.company_id._get_collection_day()
        amount = case._format_free(free)
        if not policy:
            return [self.env._("Brings %s; no policy limits when.", amount)]
        broken = self.new(
            {"partner_id": case.partner_id.id, "company_id": case.company_id.id}
        )._count_broken(fields.Date.subtract(today, years=1))
        if policy.promise_max_broken and broken >= policy.promise_max_broken:
            return [
                self.env._(
                    "Not any more: the customer has broken or put off %(broken)s "
                    "promises within a year, and the policy accepts no more after "
                    "%(limit)s.",
                    broken=broken,
                    limit=policy.promise_max_broken,
                )
            ]
        return [
            self.env._(
                "Brings %(amount)s by %(date)s at the latest.",
                amount=amount,
                date=case._format_day_in(policy.promise_max_days),
            ),
            self.env._(
                "Paid up to %(days)s days later, it still counts as kept.",
                days=policy.promise_grace_days,
            ),
        ]


class AccountCollectionPlan(models.Model):
    _name = "account.collection.plan"
    _inherit = ["account.collection.plan"]

    # === HELPERS === #

    def _get_outlook(self):
        if self.state == "proposed" and self._waits_for_approval():
            return self.env._(
                "%s if a manager approves it", self.currency_id.format(self.amount)
            )
        return super()._get_outlook()

    @api.model
    def _get_way_out(self, case, free):
        policy, amount = case.policy_id, case._format_free(free)
        if not policy:
            return [self.env._("Brings %s; no policy limits when.", amount)]
        currency = next(iter(free)).currency_id
        total = currency.round(sum(free.values()))
        deposit = currency.round(total * policy.plan_min_deposit_percent / 100)
        count = self._get_most_installments(case, currency, total - deposit)
        sentences = [
            self.env._(
                "Brings %(amount)s in up to %(count)s payments until %(date)s.",
                amount=amount,
                count=count + bool(deposit),
                date=case._format_day_in(policy.plan_max_days),
            )
        ]
        each = currency.format(currency.round((total - deposit) / count))
        if deposit:
            sentences.append(
                self.env._(
                    "A deposit of %(deposit)s at least, then about %(each)s each.",
                    deposit=currency.format(deposit),
                    each=each,
                )
            )
        elif count > 1:
            sentences.append(self.env._("About %s each.", each))
        return sentences

    @api.model
    def _get_most_installments(self, case, currency, amount):
        """How many installments the policy allows besides a deposit.

        :param case: the customer's case (`account.collection.case`)
        :param currency: of the amount (`res.currency`)
        :param float amount: what they come to
        :return: one at least
        :rtype: int
        """
        policy = case.policy_id
        most = policy.plan_max_installments - bool(policy.plan_min_deposit_percent)
        smallest = policy.currency_id._convert(
            policy.plan_min_installment,
            currency,
            policy.company_id,
            case.company_id._get_collection_day(),
        )
        if smallest:
            # The last one takes what is left over, and may be smaller.
            most = min(most, -int(-amount // smallest))
        return max(most, 1)


class AccountCollectionSettlement(models.Model):
    _name = "account.collection.settlement"
    _inherit = ["account.collection.settlement"]

    # === HELPERS === #

    @api.model
    def _get_way_out(self, case, free):
        policy = case.policy_id
        percent = policy.settlement_max_discount_percent
        if not percent:
            return [
                self.env._(
                    "Brings less than %s: a manager decides, for the policy allows no "
                    "discount.",
                    case._format_free(free),
                )
            ]
        currency = next(iter(free)).currency_id
        total = currency.round(sum(free.values()))
        least = currency.round(total * (100 - percent) / 100)
        return [
            self.env._(
                "Brings %(least)s or more by %(date)s.",
                least=currency.format(least),
                date=case._format_day_in(case.company_id.sudo().collection_offer_days),
            ),
            self.env._(
                "Gives up %(most)s (%(percent)s %%) at most; more if a manager "
                "approves. In parts, until %(date)s at the latest.",
                most=currency.format(total - least),
                percent=format_number(self.env, percent),
                date=case._format_day_in(policy.plan_max_days),
            ),
        ]


class AccountCollectionReturn(models.Model):
    _name = "account.collection.return"
    _inherit = ["account.collection.return"]

    # === HELPERS === #

    @api.model
    def _get_way_out(self, case, free):
        company = case.company_id.sudo()
        currency = next(iter(free)).currency_id
        percent = company.collection_restocking_percent
        count, worth = self._get_returnable(free)
        worth = currency.round(worth * (100 - percent) / 100)
        if not count:
            return [
                self.env._(
                    "Takes nothing off: none of these items has goods that could still "
                    "come back."
                )
            ]
        return [
            self.env._(
                "Takes up to %s off the debt, and brings no money.",
                currency.format(worth),
            ),
            self.env._(
                "Lines of invoices that can come back: %(count)s, by %(date)s. Kept "
                "for restocking: %(percent)s %%.",
                count=count,
                date=case._format_day_in(company.collection_return_days),
                percent=format_number(self.env, percent),
            ),
        ]

    @api.model
    def _get_returnable(self, free):
        """Value the goods of open items that can still come back: never more of an
        invoice than can be covered of it.

        :param dict free: what of each open item can be covered, in its currency
        :return: how many lines of invoices, and what they are worth, taxes included
        :rtype: tuple[int, float]
        """
        items = self.env["account.move.line"].browse(line.id for line in free)
        moves = items.move_id.filtered(lambda move: move.move_type == "out_invoice")
        goods = moves.invoice_line_ids.filtered(
            lambda line: (
                line.display_type == "product"
                and line.quantity > 0
                and line.price_subtotal >= 0
            )
        )
        quantities = goods._get_returnable_quantities()
        goods = goods.filtered(lambda line: quantities[line] > 0)
        return len(goods), sum(
            min(
                sum(amount for line, amount in free.items() if line.move_id == move),
                sum(
                    line.price_total * quantities[line] / line.quantity for line in own
                ),
            )
            for move, own in goods.grouped("move_id").items()
        )

    def _get_outlook(self):
        amount = self.currency_id.format(
            self.amount_accepted if self.state == "received" else self.amount
        )
        if self.state == "received":
            return self.env._("%s to be credited", amount)
        if self.state == "requested":
            return self.env._("%s in goods, if it is authorized", amount)
        return self.env._(
            "%(amount)s in goods by %(date)s",
            amount=amount,
            date=format_date(self.env, self.date_deadline),
        )


class AccountCollectionBarter(models.Model):
    _name = "account.collection.barter"
    _inherit = ["account.collection.barter"]

    # === HELPERS === #

    @api.model
    def _get_way_out(self, case, free):
        default = self.default_get(["date_deadline"])["date_deadline"]
        return [
            self.env._(
                "Takes up to %s off the debt, and brings no money.",
                case._format_free(free),
            ),
            self.env._(
                "Delivered by %s, unless agreed otherwise; what is given beyond the "
                "debt stays payable.",
                format_date(self.env, default),
            ),
        ]

    def _get_outlook(self):
        if self.state == "proposed":
            return self._get_outlook_unpaid()
        if self.state == "delivered":
            held = sum(self._get_holds().filtered("active").mapped("amount"))
            return self.env._("%s to be set off", self.currency_id.format(held))
        values = {
            "amount": self.currency_id.format(self.amount),
            "date": format_date(self.env, self.date_deadline),
        }
        if self._is_past(self.date_deadline):
            return self.env._("%(amount)s in kind, late since %(date)s", **values)
        return self.env._("%(amount)s in kind by %(date)s", **values)


class AccountCollectionDispute(models.Model):
    _name = "account.collection.dispute"
    _inherit = ["account.collection.dispute"]

    # === HELPERS === #

    @api.model
    def _get_way_out(self, case, free):
        days = case.policy_id.dispute_response_days
        return [
            self.env._(
                "Brings nothing: up to %s is held while it is clarified.",
                case._format_free(free),
            ),
            self.env._(
                "To be answered by %s; what the customer is right about is credited.",
                case._format_day_in(days),
            ),
        ]

    def _get_outlook(self):
        if self.state == "resolved_valid":
            return self.env._(
                "%s to be credited", self.currency_id.format(self.amount_agreed)
            )
        day = format_date(self.env, self.date_deadline)
        if self._is_past(self.date_deadline):
            return self.env._("Nothing expected before it is answered, late: %s", day)
        return self.env._("Nothing expected before it is answered, by %s", day)
