from odoo import api, fields, models
from odoo.tools import SQL


class AccountCollectionRunLine(models.Model):
    """What the words of a template may refer to, and the preview."""

    _name = "account.collection.run.line"
    _inherit = ["account.collection.run.line"]

    # === FIELDS === #

    address_id = fields.Many2one(
        "res.partner",
        string="Recipient",
        compute="_compute_address_id",
        help="The contact person or address that is written to.",
    )

    # === COMPUTE METHODS === #

    @api.depends("partner_id", "channel")
    def _compute_address_id(self):
        contacts = self.env["account.collection.contact"].sudo()
        written_to = dict(
            contacts._read_group(
                [("run_line_id", "in", self.ids)], ["run_line_id"], ["address_id:max"]
            )
        )
        planned = self.filtered(lambda line: line not in written_to)
        addresses = planned._get_addresses()
        for line in self:
            line.address_id = written_to.get(line) or addresses.get(
                (line.partner_id.id, line.channel)
            )

    # === ACTION METHODS === #

    def action_preview(self):
        """Show the letter as the customer would see it. Nothing is sent or written.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Preview for %s", self.partner_id.display_name),
            "res_model": "account.collection.letter.preview",
            "view_mode": "form",
            "target": "new",
            "context": {"default_line_id": self.id, "dialog_size": "large"},
        }

    # === HELPERS === #

    def _prepare_letter_draft(self):
        """Prepare the draft of the letter that this line would send today, or on the
        day of a run that was planned ahead.

        :return: what `account.collection.letter` composes a letter from
        :rtype: dict
        """
        self.ensure_one()
        run = self.run_id
        day = max(run.date, self._get_day())
        open_items = self.env["account.collection.open.item"]._get_open_items(
            run.company_id, day, self.partner_id.ids
        )
        return self.env["account.collection.letter"]._prepare_draft(
            self,
            self.address_id or self.partner_id,
            "letter" if self.channel == "letter" else "email",
            self._prepare_contact_items(open_items),
            day,
        )

    def _get_recipient_text(self):
        """Say whom this line writes to, and where.

        :rtype: str
        """
        self.ensure_one()
        address = self.address_id
        if not address:
            return self.env._("No address works")
        if self.channel == "email":
            return address.email_formatted
        return f"{address.display_name}, {address.contact_address_inline}"

    def _get_addresses(self):
        """Where the customers would be written to.

        :return: the partner id, by customer and channel
        :rtype: dict[tuple, int]
        """
        if not self:
            return {}
        rows = self.env.execute_query(
            self.env["res.partner"]._get_collection_address_query(
                SQL(
                    "partner.commercial_partner_id IN %s",
                    tuple(self.partner_id.ids) or (0,),
                )
            )
        )
        addresses = {}
        for partner_id, email_id, postal_id in rows:
            addresses[partner_id, "email"] = email_id
            addresses[partner_id, "letter"] = postal_id
        return addresses
