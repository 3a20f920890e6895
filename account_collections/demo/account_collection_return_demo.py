from datetime import timedelta

from odoo import api, models
from odoo.fields import Command

# By name of the return: the customer, the town, the goods on the invoice (name,
# quantity, price).
BUYERS = {
    "draft": ("Oakridge Stores", "Lowell", [("Floor lamp", 12, 85), ("Bulb", 60, 6.5)]),
    "requested": ("Pinewood Hotels", "Reno", [("Armchair", 8, 240), ("Stool", 16, 65)]),
    "authorized": ("Quarry Outdoor", "Flint", [("Tent", 10, 180), ("Cooler", 6, 95)]),
    "received": ("Riverside Music", "Mobile", [("Keyboard", 4, 420), ("Cable", 40, 9)]),
    "credited": ("Summit Cycles", "Ogden", [("Helmet", 30, 48), ("Lock", 25, 22)]),
    "rejected": ("Thornton Tailors", "Waco", [("Made-to-measure rail", 3, 390)]),
    "expired": ("Upland Pets", "Fargo", [("Aquarium", 5, 310)]),
    "cancelled": ("Valley Books", "Salina", [("Shelf", 14, 130)]),
}


class AccountCollectionDemo(models.AbstractModel):
    """Returns in every state."""

    _name = "account.collection.demo"
    _inherit = ["account.collection.demo"]

    # === BUSINESS METHODS === #

    @api.model
    def _load_returns(self):
        """Make the returns, and let happen what has become of them."""
        self = self.with_context(  # noqa: PLW0642
            tracking_disable=True, mail_notify_force_send=False
        )
        self._create_buyers()
        self._return("draft", -1, [2], confirm=False)
        self._return("requested", -3, [2, 4], note="The season was weak.")
        self._return(
            "authorized",
            -6,
            [6, 6],
            restocking=10,
            packing="Poles and pegs in the bag of their tent.",
        )
        self._act("return_authorized", -6, "action_authorize")
        self._return("received", -16, [2, 20], freight_amount=35)
        self._act("return_received", -15, "action_authorize")
        self._receive("received", -4, [(2, 0, None), (15, 5, "Cut to length.")])
        self._return("credited", -30, [20, 10], restocking=15)
        self._act("return_credited", -29, "action_authorize")
        self._receive("credited", -18, [(20, 0, None), (10, 0, None)])
        self._act("return_credited", -17, "action_credit")
        self._return("rejected", -12, [3])
        self._act(
            "return_rejected", -11, "action_reject", "It was made to your measures."
        )
        self._return("expired", -28, [3])
        self._act("return_expired", -27, "action_authorize")
        self._act("return_expired", -1, "_evaluate")
        self._return("cancelled", -9, [4])
        self._act("return_cancelled", -8, "action_authorize")
        self._act("return_cancelled", -5, "action_cancel")
        for name in ("credited", "expired"):
            one = self._get(f"return_{name}")
            one.date_end = self._get_today() - timedelta(
                days=17 if name == "credited" else 1
            )
        company = self.env.ref("base.main_company")
        self.env["account.collection.case"]._refresh(company)

    # === HELPERS === #

    def _create_buyers(self):
        today = self._get_today()
        user = self._get_user("user_admin")
        for number, (name, (title, city, goods)) in enumerate(BUYERS.items()):
            partner = self.env["res.partner"].create(
                {
                    "name": title,
                    "is_company": True,
                    "email": f"accounts@{title.split()[0].lower()}.example.com",
                    "phone": f"+1 555-010-03{number:02}",
                    "street": f"{number + 7} Market Street",
                    "city": city,
                    "country_id": self.env.ref("base.us").id,
                    "user_id": user.id,
                }
            )
            self._set_name(f"partner_return_{name}", partner)
            days = 20 + 4 * number
            move = self.env["account.move"].create(
                {
                    "move_type": "out_invoice",
                    "partner_id": partner.id,
                    "invoice_date": today - timedelta(days=days + 30),
                    "invoice_date_due": today - timedelta(days=days),
                    "invoice_line_ids": [
                        Command.create(
                            {"name": label, "quantity": quantity, "price_unit": price}
                        )
                        for label, quantity, price in goods
                    ],
                }
            )
            self._set_name(f"invoice_return_{name}", move)
            move.action_post()

    def _return(self, name, days, quantities, confirm=True, restocking=0, **values):
        """Ask for a return on some day: a quantity of each line of the invoice."""
        move = self._get(f"invoice_return_{name}")
        with self._on(days) as day:
            one = self.env["account.collection.return"].create(
                {
                    "partner_id": move.partner_id.id,
                    "company_id": move.company_id.id,
                    "currency_id": move.currency_id.id,
                    "user_id": move.partner_id.user_id.id,
                    "date_start": day,
                    "return_line_ids": [
                        Command.create(
                            {
                                "invoice_line_id": line.id,
                                "quantity": quantity,
                                "restocking_percent": restocking,
                            }
                        )
                        for line, quantity in zip(
                            move.invoice_line_ids, quantities, strict=False
                        )
                    ],
                    **values,
                }
            )
            self._set_name(f"return_{name}", one)
            if confirm:
                one.action_confirm()

    def _receive(self, name, days, results):
        """Note on some day what has arrived."""
        one = self._get(f"return_{name}")
        with self._on(days):
            one._record_receipt(dict(zip(one.return_line_ids, results, strict=True)))
