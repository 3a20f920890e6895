from odoo import models


class AccountCollectionRunLine(models.Model):
    """What the steps charge."""

    _name = "account.collection.run.line"
    _inherit = ["account.collection.run.line"]

    # === BUSINESS METHODS === #

    def _contact(self, lines):
        result = super()._contact(lines)
        self._charge_fees(
            [line for line in lines if line.state == "done" and line.step_id.apply_fee]
        )
        return result

    def _charge_fees(self, lines):
        """Charge the customers of lines that were carried out. Whatever keeps a fee
        from being charged does not keep the letter from leaving.

        :param list lines: the lines
        """
        # The items as they are after the contact, each with the step it has reached.
        items = self._get_items_by_customer(lines) if lines else {}
        for line in lines:
            self.env["account.collection.fee"]._try_charge(
                line.run_id.company_id,
                line.partner_id,
                line._get_day(),
                line._get_fee_lines(items.get(line.partner_id.id, [])),
                origin="step",
                step_id=line.step_id.id,
            )

    # === HELPERS === #

    def _get_fee_lines(self, open_items):
        """What this step charges: the open items that have come to a step with a late
        fee by themselves; at the step of an agreed payment, what was agreed on.

        :param list open_items: the customer's open items (`_get_open_items`)
        :return: journal items (`account.move.line`)
        """
        self.ensure_one()
        if commitment := self.commitment_id:
            return self.env[commitment.res_model].browse(commitment.res_id).line_ids
        steps = self.step_id.policy_id._get_item_steps()
        charging = steps.mapped("apply_fee").index(True) + 1
        return self.env["account.move.line"].browse(
            item["line_id"] for item in open_items if item["rank_reached"] >= charging
        )
