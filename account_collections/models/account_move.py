from odoo import api, fields, models
from odoo.exceptions import UserError

from .account_collection_hold import CASH_REASONS

# The kinds of agreement that an invoice is not changed under.
AGREED_REASONS = (*CASH_REASONS, "return", "barter")


class AccountMove(models.Model):
    _inherit = "account.move"

    # The dunning looks up the few blocked invoices among all the others.
    _collection_blocked_idx = models.Index("(id) WHERE payment_state = 'blocked'")

    # === FIELDS === #

    collection_case_id = fields.Many2one(
        "account.collection.case",
        compute="_compute_collection_case_id",
        groups="account_collections.group_collection_own",
    )
    collection_hold_reason = fields.Char(
        compute="_compute_collection_hold_reason",
        groups="account_collections.group_collection_own",
    )

    # === COMPUTE METHODS === #

    @api.depends("commercial_partner_id", "company_id", "move_type")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_collection_case_id(self):
        invoices = self.filtered(lambda move: move.is_sale_document())
        cases = {
            (case.partner_id, case.company_id): case
            for case in self.env["account.collection.case"].search(
                [
                    ("partner_id", "in", invoices.commercial_partner_id.ids),
                    ("company_id", "in", invoices.company_id.root_id.ids),
                    ("state", "!=", "closed"),
                ]
            )
        }
        self.collection_case_id = False
        for move in invoices:
            move.collection_case_id = cases.get(
                (move.commercial_partner_id, move.company_id.root_id)
            )

    @api.depends("line_ids.collection_hold_ids.active", "state")
    def _compute_collection_hold_reason(self):
        for move in self:
            today = move.company_id and move.company_id._get_collection_day()
            holds = move.line_ids.collection_hold_ids.filtered(
                lambda hold, today=today: hold._is_live(today)
            )
            move.collection_hold_reason = move.state == "posted" and "; ".join(
                f"{hold.currency_id.format(hold.amount)}, {hold._get_explanation()}"
                for hold in holds
            )

    # === CRUD METHODS === #

    def write(self, vals):
        payments = self.env["account.payment"]
        if "matched_payment_ids" in vals:
            payments = self.matched_payment_ids
        result = super().write(vals)
        if "state" in vals:
            self.env["account.collection.ledger"]._follow(self.line_ids)
        if "matched_payment_ids" in vals:
            self._follow_collection_payments(payments)
        return result

    # === ACTION METHODS === #

    def button_draft(self):
        if self:
            self._check_not_agreed()
        return super().button_draft()

    def button_cancel(self):
        if self:
            self._check_not_agreed()
        return super().button_cancel()

    def action_collection_hold(self):
        """Open the form that stops the dunning of these invoices for a while.

        :return: a window action
        :rtype: dict
        :raise UserError: when nothing is left to pay of them
        """
        lines = self.line_ids.filtered(
            lambda line: (
                line.account_id.account_type == "asset_receivable"
                and line.parent_state == "posted"
                and line.amount_residual_currency > 0
            )
        )
        if not lines:
            raise UserError(
                self.env._(
                    "Nothing is left to pay of the selected invoices, so there is "
                    "nothing to hold."
                )
            )
        return self._prepare_collection_hold_action(lines)

    def action_view_collection_case(self):
        """Open the case of the customer.

        :return: a window action
        :rtype: dict
        """
        self.ensure_one()
        return self.collection_case_id._get_records_action(name=self.env._("Case"))

    # === BUSINESS METHODS === #

    def _follow_collection_payments(self, before):
        """Let what depends on the ledger follow the payments without journal entry that
        were linked to invoices, or are no more: Odoo does so after posting them. Those
        with an entry were followed when they were reconciled.

        :param before: the payments that were linked before (`account.payment`)
        """
        after = self.matched_payment_ids
        registered = (after - before | before - after)._get_collection_registered()
        if registered:
            self.env["account.collection.ledger"]._follow_registered(
                self, registered.partner_id.commercial_partner_id
            )

    def _check_not_agreed(self):
        """Keep the invoices of which something is agreed.

        :raise UserError: naming the agreement
        """
        # What binds the customer counts, even if the user may not see it.
        hold = (
            self.env["account.collection.hold"]
            .sudo()
            .search(
                [
                    ("line_id", "in", self.line_ids.ids),
                    ("reason", "in", AGREED_REASONS),
                ],
                limit=1,
            )
        )
        if hold:
            raise UserError(
                self.env._(
                    "%(agreement)s covers %(invoice)s. Cancel the agreement before you "
                    "change the invoice.",
                    agreement=hold.note,
                    invoice=hold.move_id.name,
                )
            )

    # === HELPERS === #

    def _filter_in_force(self):
        """Those that are posted and were not reversed as a whole since.

        :return: entries (`account.move`)
        """
        # What reverses an entry counts, whoever may see it.
        return self.filtered(
            lambda move: (
                move.state == "posted" and not move.sudo()._get_whole_reversals()
            )
        )

    def _get_whole_reversals(self):
        """What reverses this entry as a whole.

        :return: the posted entries (`account.move`)
        """
        self.ensure_one()
        return self.reversal_move_ids.filtered(
            lambda reversal: (
                reversal.state == "posted"
                and not self.currency_id.compare_amounts(
                    reversal.amount_total, self.amount_total
                )
            )
        )

    def _prepare_collection_hold_action(self, lines):
        """Prepare the dialog that holds some open items.

        :param lines: the open items (`account.move.line`)
        :rtype: dict
        """
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Do Not Contact Until"),
            "res_model": "account.collection.hold.set",
            "view_mode": "form",
            "target": "new",
            "context": {"default_move_line_ids": lines.ids},
        }
