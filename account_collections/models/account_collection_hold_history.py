from odoo import api, fields, models

from ..tools import interest

# What of a hold decides how much is held on which days.
KNOWN = ("amount", "date_start", "date_end", "active")


class AccountCollectionHold(models.Model):
    """What holds were on earlier days: their amounts follow the money, and they may
    end early, but the days that they have held stay held."""

    _name = "account.collection.hold"
    _inherit = ["account.collection.hold"]

    # === FIELDS === #

    change_ids = fields.One2many("account.collection.hold.change", "hold_id")

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        holds = super().create(vals_list)
        holds._note_changes()
        return holds

    def write(self, vals):
        result = super().write(vals)
        if not vals.keys().isdisjoint(KNOWN):
            self._note_changes()
        return result

    # === BUSINESS METHODS === #

    def _get_held_steps(self, get_units):
        """How much this hold kept from being chased on each day.

        :param get_units: turns an amount into smallest units
        :return: steps, see `tools.interest`
        :rtype: list[tuple[datetime.date, int]]
        """
        self.ensure_one()
        return interest.get_held(
            [
                interest.Hold(
                    change.date,
                    get_units(change.amount),
                    change.date_start,
                    change.date_end or None,
                )
                for change in self.change_ids.sorted("id") or self._get_unnoted()
            ]
        )

    # === HELPERS === #

    def _get_unnoted(self):
        """What is known of a hold from before its changes were noted: what it is."""
        return self.change_ids.new(self._prepare_change() | {"hold_id": False})

    def _note_changes(self):
        """Note what these holds are from today on."""
        # Nobody writes the history but the holds themselves.
        self.env["account.collection.hold.change"].sudo().create(
            [hold._prepare_change() for hold in self]
        )

    def _prepare_change(self):
        """Prepare what the hold is from today on.

        :return: values of an `account.collection.hold.change`
        :rtype: dict
        """
        # A whole customer is held, though nothing is left of what was owed then.
        amount = self.amount or int(self.is_whole_customer)
        return {
            "hold_id": self.id,
            "date": self.company_id._get_collection_day(),
            "amount": amount if self.active else 0,
            "date_start": self.date_start,
            "date_end": self.date_end,
        }


class AccountCollectionHoldChange(models.Model):
    _name = "account.collection.hold.change"
    _description = "Change of a Dunning Hold"
    _order = "id"
    _log_access = False

    # === FIELDS === #

    hold_id = fields.Many2one(
        "account.collection.hold",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    currency_id = fields.Many2one(related="hold_id.currency_id")
    date = fields.Date(string="Known Since", required=True, readonly=True)
    amount = fields.Monetary(readonly=True)
    date_start = fields.Date(string="From", required=True, readonly=True)
    date_end = fields.Date(string="Until", readonly=True)
