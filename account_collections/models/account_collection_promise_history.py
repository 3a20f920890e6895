from collections import Counter, defaultdict

from odoo import api, fields, models


class AccountCollectionPromiseHistory(models.AbstractModel):
    """How a customer has kept promises to pay so far: of a case, of a partner."""

    _name = "account.collection.promise.history"
    _description = "History of Promises"

    # === FIELDS === #

    promise_count = fields.Integer(
        string="Promises",
        compute="_compute_promise_history",
        groups="account_collections.group_collection_own",
    )
    promise_rate = fields.Float(
        string="Promises Kept",
        compute="_compute_promise_history",
        groups="account_collections.group_collection_own",
        help="Of the promises that fell due, the part that was kept, even if late.",
    )
    promise_amount_rate = fields.Float(
        string="Promised Amount Kept",
        compute="_compute_promise_history",
        groups="account_collections.group_collection_own",
        help="Of what was promised and fell due, the part that came, even if late.",
    )
    promise_history = fields.Char(
        compute="_compute_promise_history",
        groups="account_collections.group_collection_own",
    )

    # === COMPUTE METHODS === #

    @api.depends_context("uid", "company", "lang")
    def _compute_promise_history(self):
        scopes = {record: record._get_promise_scope() for record in self}
        histories = self._get_promise_histories(
            self.env["res.partner"].union(*(scope[0] for scope in scopes.values())),
            self.env["res.company"].union(*(scope[1] for scope in scopes.values())),
        )
        for record, (partner, company) in scopes.items():
            counts, amounts = histories[partner.id, company.id]
            record.promise_count = counts.total()
            record.promise_rate = record._get_promise_rate(counts)
            record.promise_amount_rate = (
                amounts["received"] / amounts["due"] if amounts["due"] else 0
            )
            record.promise_history = record._get_promise_history(counts)

    # === ACTION METHODS === #

    def action_view_promises(self):
        """Open all promises of the customer.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        partner, company = self._get_promise_scope()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_collections.account_collection_promise_action"
        )
        return dict(
            action,
            domain=[("partner_id", "=", partner.id), ("company_id", "=", company.id)],
            context={"default_partner_id": partner.id},
        )

    # === HELPERS === #

    @api.model
    def _get_promise_histories(self, partners, companies):
        """What became of the promises of these customers, as far as the user may know.

        :return: as of `_get_histories`
        :rtype: dict
        """
        return self.env["account.collection.promise"]._get_histories(
            partners, companies
        )

    def _get_promise_scope(self):
        """Whose promises count, and to whom they were given.

        :return: the commercial partner and the root company
        :rtype: tuple
        """
        raise NotImplementedError

    @api.model
    def _get_promise_rate(self, counts):
        """What part of the promises that fell due was kept.

        :param Counter counts: the number of promises by outcome
        :return: from 0 to 1
        :rtype: float
        """
        kept = counts["kept"] + counts["late"]
        due = kept + counts["partial"] + counts["broken"] + counts["put_off"]
        return kept / due if due else 0

    def _get_promise_history(self, counts):
        """Sum up the promises in a sentence.

        :param Counter counts: the number of promises by outcome
        :rtype: str
        """
        if not counts:
            return ""
        labels = {
            "open": self.env._("open"),
            "kept": self.env._("kept"),
            "late": self.env._("late"),
            "partial": self.env._("partly"),
            "broken": self.env._("broken"),
            "put_off": self.env._("put off"),
            "unconfirmed": self.env._("unconfirmed"),
            "cancelled": self.env._("withdrawn"),
        }
        outcomes = ", ".join(
            f"{counts[outcome]} {label}"
            for outcome, label in labels.items()
            if counts[outcome]
        )
        if not counts.keys() - {"open", "unconfirmed", "cancelled"}:
            return outcomes
        return self.env._(
            "%(outcomes)s · %(rate).0f%% kept, %(amount_rate).0f%% of the amount",
            outcomes=outcomes,
            rate=100 * self.promise_rate,
            amount_rate=100 * self.promise_amount_rate,
        )


class AccountCollectionPromise(models.Model):
    _name = "account.collection.promise"
    _inherit = ["account.collection.promise"]

    # === BUSINESS METHODS === #

    @api.model
    def _get_histories(self, partners, companies):
        """Sum up what became of the promises of customers, in three queries.

        Promises that were withdrawn or replaced count, those that were never given
        do not. Who said in vain that it is paid has given no promise: it is counted
        apart.

        :param partners: the commercial partners (`res.partner`)
        :param companies: the root companies (`res.company`)
        :return: by partner and company, the number of promises by outcome (a state,
            `late`, `put_off` or `unconfirmed`), and the amounts `due` and `received`
            of those that fell due, in company currency at today's rate
        :rtype: dict[tuple, tuple[Counter, Counter]]
        """
        histories = defaultdict(lambda: (Counter(), Counter()))
        scope = [
            ("partner_id", "in", partners.ids),
            ("company_id", "in", companies.ids),
        ]
        # The customer's word counts, whoever took it.
        promises = self.sudo()
        for partner, company, *result, count in promises._read_group(
            [*scope, ("followed_state", "!=", False)],
            [
                "partner_id",
                "company_id",
                "state",
                "is_late",
                "is_put_off",
                "is_paid_already",
            ],
            ["__count"],
        ):
            outcome = self._get_history_outcome(*result)
            histories[partner.id, company.id][0][outcome] += count
        due = promises.search(
            [
                *scope,
                "|",
                ("state", "=", "kept"),
                "&",
                ("is_paid_already", "=", False),
                *self._get_broken_domain(),
            ]
        )
        commitments = self.env["account.collection.commitment"].sudo()
        for partner, company, currency, agreed, received in commitments._read_group(
            [("res_model", "=", self._name), ("res_id", "in", due.ids)],
            ["partner_id", "company_id", "currency_id"],
            ["amount:sum", "amount_received:sum"],
        ):
            amounts = histories[partner.id, company.id][1]
            for name, amount in (("due", agreed), ("received", received)):
                amounts[name] += currency._convert(
                    amount, company.currency_id, company, round=False
                )
        return histories

    @api.model
    def _get_history_outcome(self, state, is_late, is_put_off, is_paid_already):
        """How a promise counts in the history.

        :return: its state, or `late`, `put_off` or `unconfirmed`
        :rtype: str
        """
        if state == "kept":
            return "late" if is_late else state
        if is_put_off or state in ("partial", "broken"):
            if is_paid_already:
                return "unconfirmed"
            return "put_off" if is_put_off else state
        return state


class AccountCollectionCase(models.Model):
    _name = "account.collection.case"
    _inherit = ["account.collection.case", "account.collection.promise.history"]

    # === COMPUTE METHODS === #

    @api.depends("partner_id", "company_id")
    def _compute_promise_history(self):
        return super()._compute_promise_history()

    # === HELPERS === #

    def _get_promise_scope(self):
        return self.partner_id, self.company_id


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "account.collection.promise.history"]

    # === COMPUTE METHODS === #

    @api.depends("commercial_partner_id")
    def _compute_promise_history(self):
        return super()._compute_promise_history()

    # === HELPERS === #

    @api.model
    def _get_promise_histories(self, partners, companies):
        """Of the customer of a colleague, nothing."""
        histories = super()._get_promise_histories(partners, companies)
        cases = (
            self.env["account.collection.case"]
            .sudo()
            .search_fetch(
                [
                    ("partner_id", "in", partners.ids),
                    ("company_id", "in", companies.ids),
                    ("state", "!=", "closed"),
                ],
                ["partner_id", "company_id", "user_id"],
            )
        )
        for case in cases - cases.sudo(self.env.su)._filtered_access("read"):
            histories.pop((case.partner_id.id, case.company_id.id), None)
        return histories

    def _get_promise_scope(self):
        return self.commercial_partner_id, self.env.company.root_id
