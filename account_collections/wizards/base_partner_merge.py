from odoo import models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    # === BUSINESS METHODS === #

    def _update_foreign_keys(self, src_partners, dst_partner):
        """Merge the cases first: Odoo's merge does not see that only one of them
        may be open, and would fail on the second."""
        src_partners._move_collection(dst_partner.commercial_partner_id)
        return super()._update_foreign_keys(src_partners, dst_partner)
