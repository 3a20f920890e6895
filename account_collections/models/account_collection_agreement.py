from odoo import api, fields, models
from odoo.tools import SQL


class AccountCollectionResolution(models.AbstractModel):
    """How a kind of agreement appears in the one list of all agreements."""

    _name = "account.collection.resolution"
    _inherit = ["account.collection.resolution"]

    # The field with the next day that counts where no money is expected.
    _deadline_field = "date_end"

    # === HELPERS === #

    def _get_live_condition(self):
        """The condition, over the alias `agreement`, that it is in force."""
        return SQL(
            "(agreement.state IN %s AND agreement.date_end IS NULL)", self._live_states
        )

    def _get_deadline(self):
        """The day, over the alias `agreement`, by which something is to happen where no
        money is expected."""
        return SQL.identifier(
            "agreement",
            self._deadline_field,
            to_flush=self._fields[self._deadline_field],
        )

    def _get_agreement_query(self):
        """Select all agreements of this kind for the list.

        :return: a query with the columns of `account.collection.agreement`
        :rtype: odoo.tools.SQL
        """
        listed = self.env["account.collection.agreement"]
        return SQL(
            """
            SELECT agreement.id::bigint * %(kinds)s + %(kind_id)s AS id,
                   %(model)s AS res_model, agreement.id AS res_id, agreement.name,
                   agreement.partner_id, agreement.company_id, agreement.currency_id,
                   agreement.case_id, agreement.user_id, agreement.amount,
                   agreement.state, agreement.date_start, agreement.is_live,
                   payment.amount_received,
                   CASE WHEN agreement.is_live THEN payment.amount_open END
                       AS amount_open,
                   held.amount AS amount_held,
                   CASE WHEN agreement.is_live
                       THEN COALESCE(payment.date_next, agreement.deadline) END
                       AS date_next
              FROM (
                SELECT %(columns)s, %(deadline)s AS deadline,
                       %(live)s AS is_live
                  FROM %(table)s agreement
              ) agreement
              LEFT JOIN LATERAL (
                SELECT SUM(commitment.amount_received) AS amount_received,
                       SUM(commitment.amount_open) AS amount_open,
                       MIN(commitment.date_due) FILTER (
                           WHERE commitment.amount_open > 0) AS date_next
                  FROM account_collection_commitment commitment
                 WHERE commitment.res_model = %(model)s
                   AND commitment.res_id = agreement.id
              ) payment ON TRUE
              LEFT JOIN LATERAL (
                SELECT SUM(hold.amount) AS amount
                  FROM account_collection_hold hold
                 WHERE hold.res_model = %(model)s AND hold.res_id = agreement.id
                   AND hold.active
              ) held ON TRUE
            """,
            kinds=listed._kinds_max,
            # Which models there are does not depend on who asks.
            kind_id=self.env["ir.model"].sudo()._get_id(self._name),
            model=self._name,
            columns=SQL(", ").join(
                SQL.identifier("agreement", name, to_flush=self._fields[name])
                for name in ["id", *listed._shared_fields]
            ),
            deadline=self._get_deadline(),
            live=self._get_live_condition(),
            table=SQL.identifier(self._table),
        )


class AccountCollectionAgreement(models.Model):
    """All agreements of whatever kind, in one list.

    The list is a query over the kinds that the registry knows: a new kind appears
    in it without being named here.
    """

    _name = "account.collection.agreement"
    _description = "Agreement"
    _order = "is_live desc, date_next, id"
    _auto = False
    _depends = {
        "account.collection.commitment": [
            "res_model",
            "res_id",
            "date_due",
            "amount_received",
            "amount_open",
        ],
        "account.collection.hold": ["res_model", "res_id", "amount", "active"],
    }

    # The id tells the kind as well: this many times the document's, and the model's.
    _kinds_max = 1 << 16
    # What each kind of agreement has as a field of its own.
    _shared_fields = (
        "name",
        "partner_id",
        "company_id",
        "currency_id",
        "case_id",
        "user_id",
        "amount",
        "state",
        "date_start",
    )

    # === FIELDS === #

    res_model = fields.Selection(
        selection="_get_kinds", string="Kind", readonly=True, required=True
    )
    res_id = fields.Many2oneReference(
        string="Document", model_field="res_model", readonly=True
    )
    name = fields.Char(readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    case_id = fields.Many2one("account.collection.case", readonly=True)
    user_id = fields.Many2one("res.users", string="Collector", readonly=True)
    amount = fields.Monetary(readonly=True)
    amount_received = fields.Monetary(string="Received", readonly=True)
    amount_open = fields.Monetary(string="Still Expected", readonly=True)
    amount_held = fields.Monetary(string="Held", readonly=True)
    date_start = fields.Date(string="Agreed On", readonly=True)
    date_next = fields.Date(
        string="Next Date",
        readonly=True,
        help="The day of the next payment, or by which something is to be settled.",
    )
    state = fields.Char(string="Technical State", readonly=True)
    state_label = fields.Char(string="State", compute="_compute_state_label")
    is_live = fields.Boolean(string="In Force", readonly=True)

    # === COMPUTE METHODS === #

    @api.depends("res_model", "state")
    @api.depends_context("lang")
    def _compute_state_label(self):
        for model, agreements in self.grouped("res_model").items():
            labels = dict(
                self.env[model]._fields["state"]._description_selection(self.env)
                if model
                else []
            )
            for agreement in agreements:
                agreement.state_label = labels.get(agreement.state, agreement.state)

    # === ACTION METHODS === #

    def action_open(self):
        """Open the document itself.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        return self.env[self.res_model].browse(self.res_id)._get_records_action()

    # === HELPERS === #

    @api.model
    def _get_kinds(self):
        """The kinds of agreement, by model.

        :return: pairs of model name and label
        :rtype: list[tuple[str, str]]
        """
        # What a kind is called does not depend on who asks.
        models = self.env["ir.model"].sudo()
        names = self.env["account.collection.commitment"]._get_resolution_models()
        kinds = models.browse(models._get_id(name) for name in names)
        return [(kind.model, kind.name) for kind in kinds]

    @property
    def _table_query(self):
        return SQL(" UNION ALL ").join(
            SQL("(%s)", self.env[model]._get_agreement_query())
            for model in self.env[
                "account.collection.commitment"
            ]._get_resolution_models()
        )
