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
        for line in lines:
            self.env["account.collection.fee"]._try_charge(
                line.run_id.company_id,
                line.partner_id,
                line._get_day(),
                origin="step",
                step_id=line.step_id.id,
            )
