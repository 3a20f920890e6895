from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command


class AccountCollectionItemChoice(models.AbstractModel):
    """What the forms share that agree something on open items: which of them, from a
    case, an invoice or a selection, and how much of them can be covered.
    """

    _name = "account.collection.item.choice"
    _description = "Choice of Open Items"
    _inherit = ["account.collection.dialog"]

    # The kind of resolution that is made.
    _resolution_model = None

    # === FIELDS === #

    case_id = fields.Many2one("account.collection.case", ondelete="cascade")
    partner_id = fields.Many2one(
        "res.partner", string="Customer", compute="_compute_from_lines"
    )
    company_id = fields.Many2one("res.company", compute="_compute_from_lines")
    currency_id = fields.Many2one("res.currency", compute="_compute_from_lines")
    line_ids = fields.Many2many(
        "account.move.line",
        string="Open Items",
        compute="_compute_line_ids",
        store=True,
        readonly=False,
        precompute=True,
    )
    amount_free = fields.Monetary(string="Open", compute="_compute_amount_free")
    is_replacing = fields.Boolean(
        string="Replace What Was Agreed",
        help="End what was agreed on the same open items before.",
    )
    agreed = fields.Char(string="In Force", compute="_compute_agreed")

    # === COMPUTE METHODS === #

    @api.depends("case_id")
    def _compute_line_ids(self):
        for wizard in self:
            wizard.line_ids = wizard.case_id._get_proposed_items()

    @api.depends("line_ids", "case_id")
    def _compute_from_lines(self):
        for wizard in self:
            line = wizard.line_ids[:1]
            wizard.partner_id = (
                wizard.case_id.partner_id or line.partner_id.commercial_partner_id
            )
            wizard.company_id = (
                wizard.case_id.company_id
                or line.company_id.root_id
                or self.env.company.root_id
            )
            wizard.currency_id = line.currency_id or wizard.company_id.currency_id

    @api.depends("line_ids", "is_replacing")
    def _compute_amount_free(self):
        for wizard in self:
            draft = wizard._new_resolution()
            wizard.amount_free = sum(draft._get_free_amounts().values())

    @api.depends("line_ids")
    def _compute_agreed(self):
        for wizard in self:
            wizard.agreed = wizard._new_resolution()._get_other_names()

    # === BUSINESS METHODS === #

    def _create_resolution(self):
        """Create what was entered, as a draft.

        :return: the resolution, of whatever kind
        :raise UserError: when no open item is chosen, or when something else covers
            all of them
        """
        self.ensure_one()
        if not self.line_ids:
            raise UserError(self.env._("Choose the open items that it covers."))
        if problem := self._get_agreed_problem():
            raise UserError(problem)
        return self.env[self._resolution_model].create(self._prepare_resolution())

    def _prepare_resolution(self):
        """Prepare the resolution as entered.

        :rtype: dict
        """
        return {
            "partner_id": self.partner_id.id,
            "company_id": self.company_id.id,
            "currency_id": self.currency_id.id,
            "line_ids": [Command.set(self.line_ids.ids)],
            "date_start": self.company_id._get_collection_day(),
            "is_replacing": self.is_replacing,
        }

    # === HELPERS === #

    def _check_references(self, names):
        result = super()._check_references(names)
        if "line_ids" in names:
            lines = self.line_ids._origin
            self._check_customers(lines.partner_id, lines.company_id)
        return result

    def _get_agreed_problem(self):
        """Name what is in force on the open items and leaves nothing to agree.

        :return: a sentence in the user's language, nothing where something is left
        :rtype: str
        """
        if not self.agreed or not self.currency_id.is_zero(self.amount_free):
            return ""
        return self.env._(
            "%s is in force on these open items. Tick 'Replace what was agreed' to end "
            "it, or choose other items.",
            self.agreed,
        )

    def _new_resolution(self, **values):
        """The resolution that would be made, not saved.

        :param values: more of its values
        """
        return self.env[self._resolution_model].new(
            {
                "partner_id": self.partner_id._origin.id,
                "company_id": self.company_id.id,
                "currency_id": self.currency_id.id,
                "line_ids": [Command.set(self.line_ids._origin.ids)],
                "date_start": self.company_id._get_collection_day(),
                "is_replacing": self.is_replacing,
                **values,
            }
        )
