from contextlib import ExitStack, contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo import api, fields, models
from odoo.fields import Command

# By name of the record: the customer, the town, the invoices as pairs of the days
# since their due dates and of their amounts.
CUSTOMERS = {
    "bluebell": ("Bluebell Catering", "Albany", [(48, 2400)]),
    "cedar": ("Cedar & Sons", "Dover", [(75, 900), (52, 1850), (40, 640), (26, 1320)]),
    "driftwood": ("Driftwood Interiors", "Salem", [(44, 3000)]),
    "emberline": ("Emberline Heating", "Toledo", [(38, 5200)]),
    "fairview": ("Fairview Clinic", "Utica", [(17, 1480)]),
    "glenmore": ("Glenmore Farm", "Madison", [(35, 14000)]),
    "highfield": ("Highfield Press", "Dayton", [(70, 4200), (55, 1800)]),
    "islay": ("Islay Glass", "Erie", [(62, 3600)]),
    "jubilee": ("Jubilee Toys", "Provo", [(110, 1500)]),
    "kingsway": ("Kingsway Motors", "Akron", [(130, 6000)]),
    "larkspur": ("Larkspur Gardens", "Macon", [(21, 760), (12, 1130)]),
    "meridian": ("Meridian Optics", "Tulsa", [(29, 2250)]),
    "oldfield": ("Oldfield Looms", "Salem", [(55, 4000), (25, 1000)]),
    "pinecrest": ("Pinecrest Toys", "Provo", [(70, 2600)]),
    "quarry": ("Quarry Stone", "Butte", [(95, 8000), (65, 2000)]),
    "riverton": ("Riverton Boats", "Duluth", [(110, 3300)]),
    "stonebridge": ("Stonebridge Tools", "Eugene", [(60, 1500)]),
    "thornbury": ("Thornbury Lamps", "Fresno", [(75, 2400)]),
    "northgate": ("Northgate Packaging", "Boise", [(33, 1900), (66, 880)]),
    "oakhurst": ("Oakhurst Bakery", "Reno", [(65, 2800), (31, 950)]),
    "pemberton": ("Pemberton Books", "Salida", [(50, 1600)]),
}


class AccountCollectionDemo(models.AbstractModel):
    """Agreements of every kind in every state, as if made in the weeks before today."""

    _name = "account.collection.demo"
    _description = "Demo Data of Account Collections"

    # === BUSINESS METHODS === #

    @api.model
    def _load_agreements(self):
        """Make the agreements, and let happen what has become of them."""
        self = self.with_context(  # noqa: PLW0642
            tracking_disable=True,
            mail_activity_quick_update=True,
            mail_notify_force_send=False,
        )
        self._create_customers()
        self._load_promises()
        self._load_plans()
        self._load_settlements()
        self._load_disputes()
        company = self.env.ref("base.main_company")
        self.env["account.collection.case"]._refresh(company)

    def _load_promises(self):
        """Promises: withdrawn, open, kept in time and late, in part, broken, said to
        be paid already, and one that is only written down."""
        self._promise("withdrawn", "bluebell", -40, -26, channel="mail")
        self._act("promise_withdrawn", -35, "action_cancel")
        self._promise("open", "bluebell", -2, 6, given_by="Ms Abbott, bookkeeping")
        self._promise("late", "cedar_1", -60, -50)
        self._pay("cedar_1", -41)
        self._promise("kept", "cedar_2", -38, -24, given_by="Mr Cedar")
        self._pay("cedar_2", -25)
        self._promise("kept_2", "cedar_3", -30, -20, channel="visit")
        self._pay("cedar_3", -20)
        self._promise("broken_2", "cedar_4", -19, -11, given_by="Mr Cedar")
        self._promise("partial", "driftwood", -30, -14, given_by="Mr Moss")
        self._pay("driftwood", -15, 1200)
        self._promise("broken", "emberline", -20, -7, given_by="Ms Ember")
        self._promise(
            "paid_already",
            "fairview",
            -1,
            4,
            is_paid_already=True,
            reference="TRF 88213",
            channel="mail",
            note="The transfer left on Monday, says the accountant.",
        )
        self._promise("draft", "meridian", 0, 20, confirm=False)
        for name in ("broken_2", "partial", "broken"):
            promise = self._get(f"promise_{name}")
            with self._on(0):
                promise._evaluate()
            promise._request("unkept")

    def _load_plans(self):
        """Plans: waiting for approval, active as a second version of another, at risk,
        completed, defaulted, cancelled."""
        self._plan("proposed", "glenmore", -2, number=14)
        self._plan("superseded", "highfield_1 highfield_2", -45, number=4)
        self._pay("highfield_1", -15, 1500)
        self._renew("active", "plan_superseded", -8, later=10)
        self._plan("at_risk", "islay", -37, number=6)
        self._plan("completed", "jubilee", -90, number=3, rhythm="weekly")
        for week, days in enumerate((-60, -53, -46)):
            self._pay("jubilee", days, *([500] if week < 2 else []))
        self._plan("defaulted", "kingsway", -100, number=5)
        self._pay("kingsway", -70, 1200)
        self._plan("cancelled", "meridian", -12, number=2)
        self._act("plan_cancelled", -9, "action_cancel")
        # Arrears are found first, and end the plan once they could have been paid.
        with self._on(-30):
            self._get("plan_defaulted")._evaluate()
        for name in ("active", "at_risk", "completed", "defaulted"):
            with self._on(0):
                self._get(f"plan_{name}")._evaluate()
        self._get("plan_defaulted")._request("default")

    def _load_settlements(self):
        """Settlements: waiting for approval, offered, accepted, settled as either
        nature, lapsed, cancelled."""
        self._settlement("draft", "riverton", -1, 50, "impairment")
        self._settlement("offered", "oldfield_1 oldfield_2", -3, 80, "concession")
        self._settlement("accepted", "pinecrest", -9, 85, "concession")
        self._act("settlement_accepted", -7, "action_accept", "Mr Pine, by phone")
        self._pay("pinecrest", -2, 1000)
        self._settlement("settled", "quarry_1 quarry_2", -40, 80, "concession")
        self._act("settlement_settled", -38, "action_accept", "Ms Quarry, by mail")
        self._pay("quarry_1", -30)
        self._settlement("impaired", "stonebridge", -35, 80, "impairment")
        self._act("settlement_impaired", -34, "action_accept", "Mr Stone")
        self._pay("stonebridge", -25, 1200)
        self._settlement("lapsed", "thornbury", -45, 90, "concession")
        self._act("settlement_lapsed", -44, "action_accept", "Ms Thorn")
        self._pay("thornbury", -35, 500)
        for name, days in (("settled", -29), ("impaired", -24), ("lapsed", -20)):
            self._act(f"settlement_{name}", days, "_evaluate")
        self._settlement("cancelled", "northgate_2", -50, 90, "concession")
        self._act("settlement_cancelled", -45, "action_cancel")

    def _load_disputes(self):
        """Disputes: new, being investigated, settled in favour of the customer,
        rejected, withdrawn."""
        self._dispute(
            "new", "larkspur_1", -1, "delivery", 260, "Two of the planters never came."
        )
        self._dispute(
            "investigating", "larkspur_2", -9, "price", 130, "We agreed on 10% off."
        )
        self._act("dispute_investigating", -7, "action_investigate")
        self._dispute(
            "valid", "meridian", -16, "quality", 450, "Half of the frames are bent."
        )
        self._act("dispute_valid", -14, "action_investigate")
        self._act("dispute_valid", -3, "action_resolve_valid", 400, "You are right.")
        self._dispute(
            "invalid", "northgate_1", -20, "duplicate", 1900, "Invoiced twice."
        )
        self._act("dispute_invalid", -18, "action_investigate")
        self._act(
            "dispute_invalid",
            -10,
            "action_resolve_invalid",
            "The two invoices are for two deliveries, as the receipts show.",
        )
        self._dispute(
            "withdrawn", "northgate_2", -25, "document", 880, "No order number."
        )
        self._act("dispute_withdrawn", -21, "action_withdraw")
        for name in ("valid", "invalid", "withdrawn"):
            self._get(f"dispute_{name}")._close_request()

    # === HELPERS === #

    @api.model
    def _get_today(self):
        return self.env.ref("base.main_company")._get_collection_day()

    @contextmanager
    def _on(self, days):
        """Act as if it were another day, and write to nobody.

        :param int days: from today
        """
        day = self._get_today() + timedelta(days=days)
        registry = self.env.registry
        patches = [
            (registry["res.company"], "_get_collection_day", lambda company: day),
            (
                registry["account.collection.resolution.document"],
                "_send_agreement",
                lambda documents: None,
            ),
        ] + [
            (registry[model], "_follow_up", self._note_state)
            for model in self.env[
                "account.collection.commitment"
            ]._get_resolution_models()
        ]
        with ExitStack() as stack:
            for target, name, replacement in patches:
                stack.enter_context(patch.object(target, name, replacement))
            yield day

    @staticmethod
    def _note_state(agreements):
        """Follow a new state without telling anybody."""
        for agreement in agreements:
            agreement.followed_state = agreement.state

    def _get(self, name):
        return self.env.ref(f"account_collections.{name}").with_env(self.env)

    def _set_name(self, name, record):
        """Give a record an external name, as a data file does."""
        self.env["ir.model.data"]._update_xmlids(
            [
                {
                    "xml_id": f"account_collections.{name}",
                    "record": record,
                    "noupdate": True,
                }
            ]
        )

    def _act(self, name, days, action, *args):
        """Press a button of an agreement on some day."""
        with self._on(days):
            getattr(self._get(name), action)(*args)

    def _create_customers(self):
        today = self._get_today()
        users = [self._get_user("user_admin"), self._get_user("user_demo")]
        moves = self.env["account.move"]
        for number, (name, (title, city, invoices)) in enumerate(CUSTOMERS.items()):
            partner = self.env["res.partner"].create(
                {
                    "name": title,
                    "is_company": True,
                    "email": f"accounts@{name}.example.com",
                    "phone": f"+1 555-010-02{number:02}",
                    "street": f"{number + 3} Station Road",
                    "city": city,
                    "country_id": self.env.ref("base.us").id,
                    "user_id": users[number % 2].id,
                }
            )
            self._set_name(f"partner_{name}", partner)
            for place, (days, amount) in enumerate(invoices, 1):
                move = self.env["account.move"].create(
                    {
                        "move_type": "out_invoice",
                        "partner_id": partner.id,
                        "invoice_date": today - timedelta(days=days + 30),
                        "invoice_date_due": today - timedelta(days=days),
                        "invoice_line_ids": [
                            Command.create(
                                {"name": "Goods", "price_unit": amount, "tax_ids": []}
                            )
                        ],
                    }
                )
                suffix = f"_{place}" if len(invoices) > 1 else ""
                self._set_name(f"invoice_{name}{suffix}", move)
                moves |= move
        moves.action_post()

    def _get_user(self, name):
        return self.env.ref(f"base.{name}")

    def _get_lines(self, names):
        """The open items of invoices, by their names."""
        return self.env["account.move.line"].union(
            *(
                self._get(f"invoice_{name}").line_ids.filtered(
                    lambda line: line.account_id.account_type == "asset_receivable"
                )
                for name in names.split()
            )
        )

    def _prepare(self, lines):
        """Prepare what agreements have in common."""
        partner = lines.partner_id
        return {
            "partner_id": partner.id,
            "company_id": self.env.ref("base.main_company").id,
            "currency_id": lines.currency_id.id,
            "line_ids": [Command.set(lines.ids)],
            "user_id": partner.user_id.id,
        }

    def _promise(self, name, invoice, given, due, confirm=True, **values):
        """Promise an invoice in full, some days from today for some other."""
        lines = self._get_lines(invoice)
        with self._on(given) as day:
            promise = self.env["account.collection.promise"].create(
                {
                    **self._prepare(lines),
                    "amount": sum(lines.mapped("amount_residual_currency")),
                    "date_start": day,
                    "date_due": fields.Date.add(day, days=due - given),
                    **values,
                }
            )
            self._set_name(f"promise_{name}", promise)
            if confirm:
                promise.action_confirm()

    def _plan(self, name, invoices, days, **values):
        """Propose a plan for invoices, its first payment a month later."""
        with self._on(days) as day:
            wizard = self.env["account.collection.plan.propose"].create(
                {
                    "line_ids": [Command.set(self._get_lines(invoices).ids)],
                    "date_first": fields.Date.add(day, days=30),
                    **values,
                }
            )
            plan = wizard._create_resolution()
            plan.user_id = plan.partner_id.user_id
            self._set_name(f"plan_{name}", plan)
            plan.action_confirm()

    def _settlement(self, name, invoices, days, percent, nature):
        """Offer to settle invoices for a part of what is owed, within two weeks."""
        lines = self._get_lines(invoices)
        with self._on(days) as day:
            owed = sum(lines.mapped("amount_residual_currency"))
            settlement = self.env["account.collection.settlement"].create(
                {
                    **self._prepare(lines),
                    "amount": owed * percent / 100,
                    "nature": nature,
                    "date_start": day,
                    "date_expiry": fields.Date.add(day, days=14),
                }
            )
            self._set_name(f"settlement_{name}", settlement)
            settlement.action_confirm()

    def _renew(self, name, former, days, later):
        """Put off by some days what is left of a plan."""
        with self._on(days):
            former = self._get(former)
            former._evaluate()
            former.action_new_version()
            plan = former.following_ids
            for row in plan.installment_ids:
                row.date_due = fields.Date.add(row.date_due, days=later)
            self._set_name(f"plan_{name}", plan)
            plan.action_confirm()

    def _dispute(self, name, invoice, days, reason, amount, description):
        lines = self._get_lines(invoice)
        with self._on(days) as day:
            dispute = self.env["account.collection.dispute"].create(
                {
                    **self._prepare(lines),
                    "reason_id": self._get(f"dispute_reason_{reason}").id,
                    "amount": amount,
                    "description": description,
                    "date_start": day,
                }
            )
            self._set_name(f"dispute_{name}", dispute)
            dispute.action_confirm()

    def _pay(self, invoice, days, amount=None):
        """Register a payment of an invoice on some day."""
        with self._on(days) as day:
            move = self._get(f"invoice_{invoice}")
            self.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=move.ids
            ).create(
                {"payment_date": day, **({} if amount is None else {"amount": amount})}
            )._create_payments()
            for promise in self.env["account.collection.promise"].search(
                [("partner_id", "=", move.partner_id.id), ("state", "!=", "draft")]
            ):
                promise._evaluate()
