from collections import defaultdict

from odoo import models


class AccountCollectionContact(models.Model):
    """What waits to be sent or printed, seen again on the day on which it leaves."""

    _name = "account.collection.contact"
    _inherit = ["account.collection.contact"]

    # === BUSINESS METHODS === #

    def _bring_up_to_date(self):
        """Bring letters that wait in line with today's ledger: what has been paid or
        held since is taken out, and who need not be written to any more is not.

        :return: the letters still to be printed
        """
        # Lines and contacts are written by the engine, whoever prints.
        letters = self.sudo()
        open_items = letters._get_open_items_today()
        letters -= letters._drop_needless(open_items)
        for contact in letters:
            contact._update_items(open_items[contact])
        return self & letters

    def _drop_needless(self, open_items=None):
        """Take back those of these contacts that ask for nothing any more: it has
        been paid since, or is not to be asked for now.

        :param dict open_items: what the customers owe today, by contact, if known
        :return: the contacts that were taken back
        """
        open_items = open_items or self._get_open_items_today()
        needless = self.browse()
        for contact in self:
            if reason := contact._get_needless_reason(open_items[contact]):
                needless |= contact
                contact.run_line_id.write({"state": "dropped", **reason})
        needless._mark_void()
        self.env["account.collection.case"]._refresh_after_commit(needless.partner_id)
        return needless

    # === HELPERS === #

    def _get_open_items_today(self):
        """Read what these customers owe today, in one query a company.

        :return: the open items (`_get_open_items`) of the customer, by contact
        :rtype: dict
        """
        result = {}
        for company, contacts in self.grouped("company_id").items():
            by_customer = defaultdict(list)
            for item in self.env["account.collection.open.item"]._get_open_items(
                company, company._get_collection_day(), contacts.partner_id.ids
            ):
                by_customer[item["partner_id"]].append(item)
            for contact in contacts:
                result[contact] = by_customer[contact.partner_id.id]
        return result

    def _get_needless_reason(self, open_items):
        """Say why there is nothing to ask for any more.

        :param list open_items: what the customer owes today
        :return: values of the run line, empty as long as there is something
        :rtype: dict
        """
        self.ensure_one()
        if self.case_id.state == "handed_over":
            return {"reason": "blocked"}
        if commitment := self.run_line_id.commitment_id:
            is_paid = commitment.currency_id.is_zero(commitment.amount_open)
            return {"reason_source": "paid"} if is_paid else {}
        stamps = self.item_ids.filtered(lambda item: item.amount_residual > 0)
        lines = set(stamps.line_id.ids)
        asked = [item for item in open_items if item["line_id"] in lines]
        if not stamps or self._is_exposed(asked, open_items):
            return {}
        return self._get_silence([item for item in asked if item["residual"] > 0])

    def _is_exposed(self, asked, open_items):
        """Whether some of what is asked for is still owed when all credits are
        deducted, in any currency.

        :param list asked: the open items that are asked for
        :param list open_items: all that the customer owes
        :rtype: bool
        """
        exposure = defaultdict(float)
        for item in asked:
            exposure[item["currency_id"]] += item["collectible"]
        for item, credit in self.env["account.collection.run.line"]._get_credits(
            open_items
        ):
            exposure[item["currency_id"]] += credit
        return any(
            self.env["res.currency"].browse(currency).compare_amounts(amount, 0) > 0
            for currency, amount in exposure.items()
        )

    def _get_silence(self, owed):
        """Say why nothing is asked for of what is owed.

        :param list owed: what is left of the open items that were asked for
        :return: values of the run line
        :rtype: dict
        """
        currencies = self.env["res.currency"]
        if not owed:
            return {"reason_source": "paid"}
        if any(
            currencies.browse(item["currency_id"]).compare_amounts(
                item["collectible"], 0
            )
            > 0
            for item in owed
        ):
            return {"reason": "credits"}
        held = [item for item in owed if not item["is_blocked"]]
        if not held:
            return {"reason": "blocked"}
        return {
            "reason": "held",
            "reason_date": held[0]["held_until"],
            "reason_source": held[0]["held_reason"],
        }

    def _update_items(self, open_items):
        """Correct the open items of a letter.

        :param list open_items: what the customer owes today
        """
        self.ensure_one()
        if self.run_line_id.commitment_id:
            return
        by_line = {item["line_id"]: item for item in open_items}
        for stamp in self.item_ids:
            item = by_line.get(stamp.line_id.id)
            if not item:
                stamp.unlink()
            elif stamp.amount_residual > 0:
                stamp.write(
                    {"amount_residual": item["residual"], "amount_held": item["held"]}
                )
