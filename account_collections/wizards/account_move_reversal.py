from odoo import models


class AccountMoveReversal(models.TransientModel):
    _inherit = "account.move.reversal"

    # === ACTION METHODS === #

    def reverse_moves(self, is_modify=False):
        self.move_ids._check_not_bartered()
        self.move_ids._check_may_waive()
        return super().reverse_moves(is_modify)
