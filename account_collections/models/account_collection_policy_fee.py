from odoo import api, fields, models

# What a law asks for: the currency of its amounts and of its reference rate, the points
# above that rate, whether a debt keeps the rate of the half-year in which it became
# late, and the compensation by amount of the debt.
LAWS = {
    # Directive 2011/7/EU, articles 2(6) (eight points), 2(7) and 3(2) (the rate of the
    # half-year), and 6(1) (40 EUR for a late payment).
    "eu": ("EUR", 8, False, [(0, 40)]),
    # Late Payment of Commercial Debts (Interest) Act 1998, section 5A(2) (by the size
    # of the debt), as amended by the Regulations 2013; Late Payment of Commercial Debts
    # (Rate of Interest) (No. 3) Order 2002, article 4.
    "uk": ("GBP", 8, True, [(0, 40), (1000, 70), (10000, 100)]),
}


class AccountCollectionPolicy(models.Model):
    """What a policy charges for late payment."""

    _name = "account.collection.policy"
    _inherit = ["account.collection.policy"]

    # === FIELDS === #

    fee_method = fields.Selection(
        [
            ("none", "Nothing"),
            ("flat", "Flat amount"),
            ("percent", "Percentage of what is overdue"),
            ("daily", "Interest, at a yearly rate"),
            ("statutory", "Interest, at the statutory rate"),
        ],
        string="Late Fee",
        default="none",
        required=True,
        help="Only customers and payment terms that include late fees are charged.",
    )
    fee_amount = fields.Monetary(
        string="Fee for an Invoice", currency_field="fee_currency_id"
    )
    fee_percent = fields.Float(string="Percentage", digits=(16, 2), default=5.0)
    fee_rate = fields.Float(string="Rate a Year", digits=(16, 2))
    fee_law = fields.Selection(
        [
            ("eu", "European Union: Directive 2011/7/EU"),
            ("uk", "United Kingdom: Late Payment Act 1998"),
            ("other", "Another one"),
        ],
        string="Under the Law of",
        default="eu",
        help="Fills in what the law asks for; adapt it where the country goes beyond.",
    )
    fee_points = fields.Float(
        string="Points above the Reference Rate",
        digits=(16, 2),
        compute="_compute_fee_points",
        store=True,
        readonly=False,
    )
    fee_currency_id = fields.Many2one(
        "res.currency",
        string="Currency of the Fees",
        compute="_compute_fee_currency_id",
        store=True,
        readonly=False,
        help="Of the amounts below: the company's, or that of the law whose reference "
        "rate applies. Fees are charged in the currency of the late invoice.",
    )
    fee_is_rate_kept = fields.Boolean(
        string="Keep the First Rate",
        compute="_compute_fee_is_rate_kept",
        store=True,
        readonly=False,
        help="A debt keeps the reference rate of the half-year when it became late. "
        "Otherwise the rate changes with each half-year.",
    )
    fee_scale_ids = fields.One2many(
        "account.collection.policy.fee.scale",
        "policy_id",
        string="Compensation",
        compute="_compute_fee_scale_ids",
        store=True,
        readonly=False,
        copy=True,
        help="A fixed sum for the costs of recovery, by the amount that is late.",
    )
    fee_is_scale_each = fields.Boolean(
        string="For Each Installment",
        help="Where an invoice is payable in installments, claim the compensation for "
        "each one that is late. Otherwise it is claimed once for the invoice.",
    )
    fee_grace_days = fields.Integer(
        string="Grace Days",
        help="Who pays within these days after the due date is charged nothing. "
        "Afterwards interest counts from the first day late.",
    )
    fee_min = fields.Monetary(
        string="Minimum Fee",
        currency_field="fee_currency_id",
        help="The least that a late invoice is charged in a calendar month, the "
        "compensation besides: who is charged several times in a month is charged up "
        "to it once.",
    )
    fee_max = fields.Monetary(
        string="Maximum Fee",
        currency_field="fee_currency_id",
        help="The most that is charged for a late invoice in all, the compensation "
        "besides. Zero sets no limit.",
    )
    fee_frequency = fields.Selection(
        [("once", "Once for each invoice"), ("monthly", "Every month")],
        string="How Often",
        default="monthly",
        required=True,
        help="What is charged once is not charged again for the installments of the "
        "same invoice that become late afterwards.",
    )
    fee_is_scheduled = fields.Boolean(
        string="Charge by Schedule",
        help="Charge at the beginning of each month what the months before have cost. "
        "Otherwise fees are charged at the steps marked so, and by hand.",
    )
    fee_day = fields.Integer(
        string="Day of the Month",
        default=5,
        help="From this day on, so that the bank statements of the last month are in.",
    )
    fee_is_sent = fields.Boolean(
        string="Send Fee Invoices",
        default=True,
        help="Send what a step or the schedule charges to the customer by itself.",
    )

    # === CONSTRAINT METHODS === #

    _fee_limits = models.Constraint(
        "CHECK (fee_amount >= 0 AND fee_percent >= 0 AND fee_rate >= 0 "
        "AND fee_grace_days >= 0 AND fee_min >= 0 AND fee_max >= 0)",
        "Late fees, their rates and limits cannot be negative.",
    )
    _fee_rates = models.Constraint(
        "CHECK (fee_percent <= 100 AND fee_rate <= 100 "
        "AND fee_points BETWEEN 0 AND 100)",
        "A late fee is between 0 and 100 %, by the year where it is interest. Correct "
        "the percentage.",
    )
    _fee_min_max = models.Constraint(
        "CHECK (fee_max = 0 OR fee_min <= fee_max)",
        "The minimum fee is more than the maximum fee. Lower the one, or raise the "
        "other; a maximum of zero sets no limit.",
    )
    _fee_day = models.Constraint(
        "CHECK (fee_day BETWEEN 1 AND 28)",
        "Choose a day from 1 to 28, so that every month has it.",
    )

    # === COMPUTE METHODS === #

    @api.depends("fee_law")
    def _compute_fee_points(self):
        for policy in self:
            policy.fee_points = policy._get_law()[1]

    @api.depends("fee_law", "fee_method", "company_id")
    def _compute_fee_currency_id(self):
        for policy in self:
            if policy.fee_method != "statutory":
                # Without a law the amounts are whatever the company agreed.
                policy.fee_currency_id = policy.company_id.currency_id
                continue
            # Archived currencies too: what is charged is converted from them.
            currency = (
                self.env["res.currency"]
                .with_context(active_test=False)
                .search([("name", "=", policy._get_law()[0])], limit=1)
            )
            policy.fee_currency_id = currency or policy.company_id.currency_id

    @api.depends("fee_law")
    def _compute_fee_is_rate_kept(self):
        for policy in self:
            policy.fee_is_rate_kept = policy._get_law()[2]

    @api.depends("fee_law")
    def _compute_fee_scale_ids(self):
        for policy in self:
            policy.fee_scale_ids = [
                fields.Command.clear(),
                *(
                    fields.Command.create({"amount_from": debt, "amount": amount})
                    for debt, amount in policy._get_law()[3]
                ),
            ]

    # === BUSINESS METHODS === #

    def _get_fee_note(self):
        """The sentence on the fee invoice that says what it is based on, in the
        language of the context; to be extended for other laws.

        :rtype: str
        """
        self.ensure_one()
        if self.fee_method == "statutory" and self.fee_law == "eu":
            return self.env._(
                "Statutory interest for late payment and compensation for recovery "
                "costs under Directive 2011/7/EU. Simple interest, by the day, at a "
                "365th of the yearly rate."
            )
        if self.fee_method == "statutory" and self.fee_law == "uk":
            return self.env._(
                "Statutory interest and compensation under the Late Payment of "
                "Commercial Debts (Interest) Act 1998. Simple interest, by the day, at "
                "a 365th of the yearly rate."
            )
        if self.fee_method in ("daily", "statutory"):
            return self.env._(
                "Interest for late payment as agreed. Simple interest, by the day, at "
                "a 365th of the yearly rate."
            )
        return self.env._("Fee for late payment as agreed.")

    # === HELPERS === #

    def _get_law(self):
        """What the law asks for; see `LAWS`."""
        return LAWS.get(self.fee_law, (None, 0, False, []))


class AccountCollectionPolicyFeeScale(models.Model):
    _name = "account.collection.policy.fee.scale"
    _description = "Compensation by Amount of the Debt"
    _order = "policy_id, amount_from"

    # === FIELDS === #

    policy_id = fields.Many2one(
        "account.collection.policy", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="policy_id.company_id")
    currency_id = fields.Many2one(related="policy_id.fee_currency_id")
    amount_from = fields.Monetary(string="Debt From")
    amount = fields.Monetary(string="Compensation", required=True)

    # === CONSTRAINT METHODS === #

    _amounts_positive = models.Constraint(
        "CHECK (amount_from >= 0 AND amount >= 0)",
        "A compensation and the debt from which it applies cannot be negative.",
    )
    _unique_amount_from = models.UniqueIndex(
        "(policy_id, amount_from)",
        "Two compensations cannot begin at the same amount. Change one of them.",
    )
