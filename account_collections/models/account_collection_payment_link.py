from urllib.parse import urlencode

from odoo import models
from odoo.tools import SQL, str2bool


class AccountCollectionPaymentLink(models.AbstractModel):
    """The links in a letter: to pay an invoice, or else to see it.

    Signed as Odoo signs its payment links, for many invoices at once.
    """

    _name = "account.collection.payment.link"
    _description = "Payment Link"

    # === BUSINESS METHODS === #

    def _get_links(self, amounts, documents, is_preview=False):
        """Make the link of each invoice.

        :param dict amounts: what is asked for, by open item id, in its currency
        :param dict documents: the open items, as read by the statement's
            `_get_documents`
        :param bool is_preview: write nothing; the links work for employees only
        :return: by open item id a dict with the keys `url` and `is_payment`; items
            that are no invoices have none
        :rtype: dict[int, dict]
        """
        invoices = {
            line_id: self.env["account.move"].browse(documents[line_id]["move_id"])
            for line_id in amounts
            if documents[line_id]["kind"] == "invoice"
        }
        # The customer follows the link whatever the sender may see.
        moves = self.env["account.move"].sudo().concat(*invoices.values())
        if not is_preview:
            self._ensure_tokens(moves)
        payable = self._filter_payable(moves)
        links = {}
        for line_id, invoice in invoices.items():
            invoice = invoice.sudo().with_prefetch(moves.ids)
            amount = amounts[line_id]
            is_payment = invoice in payable and amount > 0
            if is_preview:
                url = invoice.access_url
            elif is_payment:
                url = self._get_payment_url(invoice, amount)
            else:
                url = self._get_url(invoice)
            links[line_id] = {"url": url, "is_payment": is_payment}
        return links

    # === HELPERS === #

    def _get_url(self, invoice, params=None, anchor=None):
        """The address of an invoice on the portal, open to whoever has the link."""
        return invoice.get_base_url().rstrip("/") + invoice.get_portal_url(
            query_string=f"&{urlencode(params)}" if params else None, anchor=anchor
        )

    def _get_payment_url(self, invoice, amount):
        """The address where an amount of an invoice can be paid.

        The parameters and their signature are those of the wizard
        `payment.link.wizard` of account_payment.
        """
        # Only called where the module is installed.
        from odoo.addons.payment import utils as payment_utils

        token = payment_utils.generate_access_token(invoice.id, amount, env=self.env)
        return self._get_url(
            invoice,
            {
                "move_id": invoice.id,
                "amount": amount,
                "payment_token": token,
                "payment": True,
            },
            anchor="portal_pay",
        )

    def _ensure_tokens(self, moves):
        """Give each invoice the token that opens it on the portal, in one statement."""
        if not moves:
            return
        self.env["account.move"].flush_model(["access_token"])
        self.env.cr.execute(
            SQL(
                """
                UPDATE account_move SET access_token = gen_random_uuid()::text
                 WHERE id IN %s AND access_token IS NULL
                """,
                tuple(moves.ids),
            )
        )
        if self.env.cr.rowcount:
            moves.invalidate_recordset(["access_token"], flush=False)

    def _filter_payable(self, moves):
        """Keep the invoices that can be paid on the portal, by its own rules, now."""
        if not self._is_portal_payment_enabled():
            return moves.browse()
        providers = self.env["payment.provider"].sudo()
        companies = {
            company: bool(
                providers.search_count(
                    [
                        *providers._check_company_domain(company),
                        ("state", "in", ("enabled", "test")),
                        ("is_published", "=", True),
                    ],
                    limit=1,
                )
            )
            for company in moves.company_id
        }
        return moves.filtered(
            lambda move: companies[move.company_id] and move._has_to_be_paid()
        )

    def _is_portal_payment_enabled(self):
        """Whether invoices are paid online: a setting of account_payment."""
        return hasattr(self.env["account.move"], "_has_to_be_paid") and str2bool(
            # The setting itself may only be read by administrators.
            self.env["ir.config_parameter"]
            .sudo()
            .get_param("account_payment.enable_portal_payment", "False")
        )
