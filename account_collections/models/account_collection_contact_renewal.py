from odoo import models


class AccountCollectionContact(models.Model):
    """Letters that wait to be printed, brought up to the day on which they leave."""

    _name = "account.collection.contact"
    _inherit = ["account.collection.contact"]

    # === BUSINESS METHODS === #

    def _bring_up_to_date(self):
        """Bring letters that wait in line with today's ledger: what has been paid or
        held since is taken out, and who need not be written to any more is not.

        :return: the letters still to be printed
        """
        needless = self.browse()
        for company, contacts in self.grouped("company_id").items():
            open_items = self.env["account.collection.open.item"]._get_open_items(
                company, company._get_collection_day(), contacts.partner_id.ids
            )
            by_line = {item["line_id"]: item for item in open_items}
            for contact in contacts:
                if not contact._update_items(by_line):
                    needless |= contact
        needless._mark_void()
        # Lines are written by the engine, whoever prints the letters.
        needless.run_line_id.sudo().state = "dropped"
        return self - needless

    # === HELPERS === #

    def _update_items(self, open_items):
        """Correct the open items of a letter.

        :param dict open_items: the open items as they are now, by line id
        :return: whether there is still something to ask for
        :rtype: bool
        """
        self.ensure_one()
        if self.case_id.state == "handed_over":
            return False
        if commitment := self.run_line_id.commitment_id:
            return not commitment.currency_id.is_zero(commitment.amount_open)
        is_asking = False
        # Letters are written by the engine, whoever prints them.
        for stamp in self.sudo().item_ids:
            item = open_items.get(stamp.line_id.id)
            if not item:
                stamp.unlink()
            elif stamp.amount_residual > 0:
                stamp.write(
                    {"amount_residual": item["residual"], "amount_held": item["held"]}
                )
                is_asking |= (
                    stamp.currency_id.compare_amounts(item["collectible"], 0) > 0
                )
        return is_asking
