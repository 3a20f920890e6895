from odoo import api, models
from odoo.tools import SQL

from .account_collection_hold import CASH_REASONS

# The turn of what customers are late with, after all others.
LATE = 4

# What concerns agreements is read from.
CONCERN_FIELDS = {
    "account.collection.hold": ["line_id", "reason", "res_model", "res_id"],
    "account.collection.commitment": [
        "partner_id",
        "res_model",
        "res_id",
        "state",
        "amount_open",
        "is_unapplied",
    ],
}


class AccountCollectionResolution(models.AbstractModel):
    """Which agreements follow a change of the ledger, and in which order."""

    _name = "account.collection.resolution"
    _inherit = ["account.collection.resolution"]

    # === BUSINESS METHODS === #

    @api.model
    def _evaluate_lines(self, lines):
        """Evaluate whatever a change of open items concerns, inside the transaction
        that made it.

        Mostly nothing was ever agreed, and one statement is all that it takes to know.

        :param lines: receivable lines (`account.move.line`)
        """
        if not lines:
            return
        # Agreements follow the ledger, whoever books.
        self = self.sudo().with_context(collection_in_transaction=True)
        is_late = False
        for (turn, model), res_ids in self._get_concerned(lines).items():
            if turn == LATE:
                is_late = True
                continue
            # What is agreed is never deleted.
            agreed = self.env[model].browse(res_ids)
            agreed._evaluate()
            is_late = is_late or bool(agreed._get_late())
        if is_late:
            # Those that the others have made late or good are among them.
            self._evaluate_late(self._get_payers(lines))

    # === HELPERS === #

    def _get_payers(self, lines):
        """The customers whose credits have changed with some open items.

        :return: the commercial partners (`res.partner`)
        """
        credited = lines.filtered(lambda line: line.amount_currency < 0)
        return credited.partner_id.commercial_partner_id

    def _get_concerned(self, lines):
        """Find the agreements that a change of open items concerns.

        :param lines: receivable lines (`account.move.line`)
        :return: their ids by turn and model, in the order of their evaluation
        :rtype: dict[tuple[int, str], list[int]]
        """
        self._flush_concerns()
        concerned = {}
        for turn, model, res_id in self.env.execute_query(
            SQL(
                "SELECT turn, res_model, res_id FROM (%s) concern ORDER BY turn, id",
                SQL(" UNION ALL ").join(self._get_concern_queries(lines)),
            )
        ):
            concerned.setdefault((turn, model), {})[res_id] = True
        return {key: list(res_ids) for key, res_ids in concerned.items()}

    def _flush_concerns(self):
        """Write what `_get_concern_queries` reads."""
        for model, names in CONCERN_FIELDS.items():
            self.env[model].flush_model(names)

    def _get_concern_queries(self, lines):
        """List what a change of open items concerns: what covers them, and `LATE` what
        the customers are late with, as their credits may have changed.

        :param lines: receivable lines (`account.move.line`)
        :return: queries of columns `turn`, `id`, `res_model` and `res_id`; what has
            the same turn is evaluated by `id`
        :rtype: list[odoo.tools.SQL]
        """
        return [
            # Money goes first to what expects it: the others follow what that leaves.
            SQL(
                """
                SELECT CASE WHEN reason IN %s THEN 1 ELSE 2 END AS turn, id, res_model,
                       res_id
                  FROM account_collection_hold
                 WHERE line_id IN %s AND res_model IS NOT NULL
                """,
                CASH_REASONS,
                tuple(lines.ids),
            ),
            SQL(
                """
                SELECT %s, id, res_model, res_id FROM account_collection_commitment
                 WHERE partner_id IN %s AND amount_open > 0
                   AND (state IN ('partial', 'broken') OR is_unapplied)
                """,
                LATE,
                tuple(self._get_payers(lines).ids) or (0,),
            ),
        ]
