from datetime import timedelta

from odoo import api, models
from odoo.fields import Command

# By name of the barter: the customer, the town, the debt, and what is given for it
# (what, quantity, unit value).
GIVERS = {
    "draft": ("Aldertree Print", "Troy", 1400, [("Printing of catalogues", 700, 2)]),
    "proposed": ("Brookside Inn", "Bangor", 2600, [("Conference room, day", 4, 650)]),
    "agreed": ("Clearwater Film", "Casper", 5000, [("Promotional video", 1, 5200)]),
    "overdue": ("Dovetail Joinery", "Elko", 1850, [("Oak desk", 3, 600)]),
    "partial": (
        "Eastgate Media",
        "Joplin",
        3200,
        [
            ("Advertisement, half a page", 6, 400),
            ("Referral of a new customer", 4, 200),
        ],
    ),
    "delivered": (
        "Foxglove Florists",
        "Salem",
        960,
        [("Flowers for the lobby", 12, 80)],
    ),
    "settled": ("Granite Signs", "Barre", 2450, [("Shop sign", 2, 1300)]),
    "cancelled": ("Harbor Catering", "Astoria", 1200, [("Buffet", 2, 550)]),
}


class AccountCollectionDemo(models.AbstractModel):
    """Barters in every state."""

    _name = "account.collection.demo"
    _inherit = ["account.collection.demo"]

    # === BUSINESS METHODS === #

    @api.model
    def _load_barters(self):
        """Make the barters, and let happen what has become of them."""
        self = self.with_context(  # noqa: PLW0642
            tracking_disable=True, mail_notify_force_send=False
        )
        self._create_givers()
        self._barter("draft", -1, 30)
        self._barter("proposed", -4, 40)
        self._agree("agreed", -12, 18)
        self._agree("overdue", -35, -5)
        self._agree("partial", -20, 10)
        self._deliver("partial", -8, 3, 1)
        self._agree("delivered", -25, 5)
        self._deliver("delivered", -2, 12)
        self._agree("settled", -50, -20)
        self._deliver("settled", -24, 2)
        self._act("barter_settled", -22, "action_settle")
        self._agree("cancelled", -30, 10)
        self._act("barter_cancelled", -15, "action_cancel")
        with self._on(0):
            self._get("barter_overdue")._evaluate()
        company = self.env.ref("base.main_company")
        self.env["account.collection.case"]._refresh(company)

    # === HELPERS === #

    def _create_givers(self):
        today = self._get_today()
        user = self._get_user("user_admin")
        moves = self.env["account.move"]
        for number, (name, (title, city, amount, _given)) in enumerate(GIVERS.items()):
            partner = self.env["res.partner"].create(
                {
                    "name": title,
                    "is_company": True,
                    "email": f"accounts@{title.split()[0].lower()}.example.com",
                    "phone": f"+1 555-010-04{number:02}",
                    "street": f"{number + 11} Mill Street",
                    "city": city,
                    "country_id": self.env.ref("base.us").id,
                    "user_id": user.id,
                }
            )
            self._set_name(f"partner_barter_{name}", partner)
            days = 54 + 3 * number
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
            self._set_name(f"invoice_barter_{name}", move)
            moves |= move
        moves.action_post()

    def _barter(self, name, days, deadline):
        """Propose a barter on some day, to be delivered by another."""
        lines = self._get_lines(f"barter_{name}")
        with self._on(days) as day:
            barter = self.env["account.collection.barter"].create(
                {
                    **self._prepare(lines),
                    "date_start": day,
                    "date_deadline": day + timedelta(days=deadline - days),
                    "value_note": "As in their price list of this year.",
                    "given_ids": [
                        Command.create(
                            {
                                "name": label,
                                "quantity": quantity,
                                "price_unit": price,
                                "tax_ids": [],
                            }
                        )
                        for label, quantity, price in GIVERS[name][3]
                    ],
                }
            )
            self._set_name(f"barter_{name}", barter)
            if name != "draft":
                barter.action_confirm()

    def _agree(self, name, days, deadline):
        """Agree on a barter on some day, the evidence attached."""
        self._barter(name, days, deadline)
        barter = self._get(f"barter_{name}")
        barter.evidence_ids = self.env["ir.attachment"].create(
            {
                "name": "Price list.txt",
                "raw": "\n".join(
                    f"{label}: {price}" for label, _quantity, price in GIVERS[name][3]
                ).encode(),
                "res_model": barter._name,
                "res_id": barter.id,
            }
        )
        self._act(f"barter_{name}", days, "action_accept", "The owner")

    def _deliver(self, name, days, *quantities):
        """Accept some quantities of what is given on some day."""
        barter = self._get(f"barter_{name}")
        self._act(
            f"barter_{name}",
            days,
            "action_deliver",
            [
                {"line_id": line.id, "quantity": quantity}
                for line, quantity in zip(barter.given_ids, quantities, strict=True)
            ],
        )
