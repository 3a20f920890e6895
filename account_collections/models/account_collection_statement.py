from odoo import models
from odoo.tools import SQL, format_date

INVOICE_TYPES = ("out_invoice", "out_receipt")


class AccountCollectionStatement(models.AbstractModel):
    """The open items of a customer in plain values, in the words of the customer.

    Dates, amounts and labels are made in the language of the context.
    """

    _name = "account.collection.statement"
    _description = "Statement of Open Items"

    # Days late after which the next column of the aging begins.
    _aging_limits = (0, 30, 60, 90)

    # === BUSINESS METHODS === #

    def _get_documents(self, line_ids):
        """Read what a customer is told of open items, in one query.

        :param list line_ids: the open items (`account.move.line`)
        :return: by line id a dict with the keys `line_id, move_id, name, reference,
            kind` (`invoice, credit_note, payment, entry`)`, date, date_due,
            currency_id, partner_id` (the commercial one)`, company_id` (the root
            one)`, bank_id, installment, installments`
        :rtype: dict[int, dict]
        """
        self.env.flush_all()
        return {
            row["line_id"]: row
            for row in self.env.execute_query_dict(
                SQL(
                    """
                    SELECT line.id AS line_id, line.move_id, move.name,
                           CASE WHEN move.move_type = 'entry'
                                THEN COALESCE(move.ref, line.name)
                                ELSE move.ref END AS reference,
                           CASE WHEN move.move_type IN %(invoice_types)s THEN 'invoice'
                                WHEN move.move_type = 'out_refund' THEN 'credit_note'
                                WHEN move.origin_payment_id IS NOT NULL
                                  OR move.statement_line_id IS NOT NULL THEN 'payment'
                                ELSE 'entry' END AS kind,
                           COALESCE(move.invoice_date, move.date) AS date,
                           LEAST(
                               COALESCE(line.date_maturity, line.date),
                               -- What an agreement that has failed lets fall due.
                               (SELECT MIN(date_called)
                                  FROM account_collection_hold
                                 WHERE line_id = line.id
                                   AND date_called IS NOT NULL)
                           ) AS date_due,
                           line.currency_id,
                           contact.commercial_partner_id AS partner_id,
                           SPLIT_PART(company.parent_path, '/', 1)::int AS company_id,
                           move.partner_bank_id AS bank_id,
                           term.installment, term.installments
                      FROM account_move_line line
                      JOIN account_move move ON move.id = line.move_id
                      JOIN res_partner contact ON contact.id = line.partner_id
                      JOIN res_company company ON company.id = line.company_id
                      LEFT JOIN LATERAL (
                        SELECT COUNT(*) AS installments, COUNT(*) FILTER (
                                   WHERE (sibling.date_maturity, sibling.id)
                                      <= (line.date_maturity, line.id)
                               ) AS installment
                          FROM account_move_line sibling
                         WHERE sibling.move_id = line.move_id
                           AND sibling.display_type = 'payment_term'
                      ) term ON line.display_type = 'payment_term'
                     WHERE line.id IN %(lines)s
                    """,
                    invoice_types=INVOICE_TYPES,
                    lines=tuple(line_ids) or (0,),
                )
            )
        }

    def _get_groups(self, items, documents, date, links=None):
        """Lay out open items by currency, each with its rows and totals.

        :param list items: dicts with the keys of a contact item: `line_id,
            amount_residual, amount_held`
        :param dict documents: what `_get_documents` says of them
        :param date date: the day that the days late are counted to
        :param dict links: the links of `account.collection.payment.link`, by line id
        :return: a dict for each currency, with the keys `currency, rows, total,
            total_label, total_text`; its rows are the dicts of `_prepare_row`, what is
            owed first and credits last
        :rtype: list[dict]
        """
        groups = {}
        for item in items:
            document = documents[item["line_id"]]
            link = links and links.get(item["line_id"])
            groups.setdefault(document["currency_id"], []).append(
                self._prepare_row(item, document, date, link)
            )
        groups = [
            self._prepare_group(self.env["res.currency"].browse(currency_id), rows)
            for currency_id, rows in groups.items()
        ]
        if len(groups) > 1:
            for group in groups:
                currency = group["currency"].name
                group["total_label"] = self.env._("Total in %s", currency)
        return groups

    def _get_agreed_group(self, commitment, date):
        """Lay out an agreed payment as if it were an open item.

        :param commitment: the agreed payment (`account.collection.commitment`)
        :param date date: the day that the days late are counted to
        :return: a group as those of `_get_groups`
        :rtype: dict
        """
        item = {
            "line_id": False,
            "amount_residual": commitment.amount_open,
            "amount_held": 0,
        }
        document = {
            "name": self.env._("Agreed payment"),
            "reference": "",
            "kind": "agreement",
            "date": False,
            "date_due": commitment.date_due,
            "currency_id": commitment.currency_id.id,
            "installments": 0,
        }
        row = self._prepare_row(item, document, date)
        return self._prepare_group(commitment.currency_id, [row])

    def _get_statement(self, partner, company, date):
        """Put together everything that a customer owes, credits included.

        :param partner: the customer (`res.partner`)
        :param company: the root company (`res.company`), whose branches count
        :param date date: the day up to which the days late are counted
        :return: plain values: `partner, company, date_text, groups, sender_text,
            transfer_text`; each group has in addition to those of `_get_groups` the
            total in words, `total_words`, and the columns of the aging, `aging`
        :rtype: dict
        """
        # Odoo's access rights were checked for the customer; the ledger is read
        # whole, or the statement would be wrong for whoever sees one branch only.
        statement = self.sudo()
        partner = partner.commercial_partner_id
        items = [
            {
                "line_id": item["line_id"],
                "amount_residual": item["residual"],
                "amount_held": 0,
            }
            for item in self.env["account.collection.open.item"]._get_open_items(
                company, date, [partner.id]
            )
            if item["residual"]
        ]
        documents = statement._get_documents([item["line_id"] for item in items])
        groups = statement._get_groups(items, documents, date)
        statement._add_words(groups)
        for group in groups:
            statement._add_balances(group)
            group["aging"] = statement._get_aging(group)
        return {
            "partner": partner.with_env(self.env),
            "company": company,
            "date_text": self._format_date(date),
            "groups": groups,
            "sender_text": statement._get_sender_text(company),
            "transfer_text": statement._get_transfer_text(documents.values(), company),
        }

    # === HELPERS === #

    def _prepare_row(self, item, document, date, link=None):
        """Prepare the row of an open item.

        What is on hold is not asked for: `amount` is the residual without it.

        :return: plain values, with texts ready to be shown; none of them is markup
        :rtype: dict
        """
        currency = self.env["res.currency"].browse(document["currency_id"])
        residual, held = item["amount_residual"], item["amount_held"] or 0
        amount = currency.round(residual - held)
        days = max((date - document["date_due"]).days, 0) if residual > 0 else 0
        return {
            **document,
            "name": self._get_document_name(document),
            "kind_text": self._get_kind_text(document["kind"]),
            "days_overdue": days,
            "residual": residual,
            "amount": amount,
            "amount_text": currency.format(amount),
            "held_text": self.env._(
                "of %(residual)s; %(held)s is not asked for at present",
                residual=currency.format(residual),
                held=currency.format(held),
            )
            if held
            else "",
            "date_text": self._format_date(document["date"]),
            "date_due_text": self._format_date(document["date_due"])
            if residual > 0
            else "",
            "late_text": self._get_late_text(days),
            "url": link["url"] if link else "",
            "is_payment_link": bool(link and link["is_payment"]),
        }

    def _prepare_group(self, currency, rows):
        """Prepare the rows and the totals of one currency."""
        rows.sort(key=lambda row: (row["residual"] < 0, row["date_due"], row["name"]))
        total = currency.round(sum(row["amount"] for row in rows))
        return {
            "currency": currency,
            "rows": rows,
            "total": total,
            "total_label": self.env._("Total"),
            "total_text": currency.format(total),
        }

    def _get_document_name(self, document):
        """Name an open item; an installment is numbered."""
        if (document["installments"] or 0) > 1:
            return self.env._(
                "%(invoice)s, installment %(number)s of %(count)s",
                invoice=document["name"],
                number=document["installment"],
                count=document["installments"],
            )
        return document["name"] or ""

    def _get_kind_text(self, kind):
        """Say what kind of document an open item is; nothing of an invoice."""
        return {
            "credit_note": self.env._("Credit note"),
            "payment": self.env._("Payment received"),
        }.get(kind, "")

    def _get_late_text(self, days):
        """Say how late an open item is."""
        if not days:
            return ""
        if days == 1:
            return self.env._("1 day late")
        return self.env._("%s days late", days)

    def _format_date(self, date):
        """Format a date. Many letters have few dates: each is formatted once."""
        texts = self.env.cr.cache.setdefault("account_collections.dates", {})
        key = (self.env.lang, date)
        if key not in texts:
            texts[key] = format_date(self.env, date)
        return texts[key]

    def _get_bank_text(self, documents, company):
        """Say where to pay to, as the invoices do, if they all say the same.

        :param documents: the documents of `_get_documents`
        :param company: the company (`res.company`)
        :return: the account number and the bank, or nothing
        :rtype: str
        """
        bank_ids = {
            document["bank_id"]
            for document in documents
            if document["kind"] == "invoice" and document["bank_id"]
        }
        if len(bank_ids) != 1:
            return ""
        # The company's own account, printed on its invoices.
        bank = self.env["res.partner.bank"].sudo().browse(bank_ids)
        if bank.partner_id != company.sudo().partner_id:
            return ""
        return ", ".join(filter(None, (bank.acc_number, bank.bank_name, bank.bank_bic)))

    def _get_transfer_text(self, documents, company):
        """Say how to pay by bank transfer, if the invoices say so.

        :param documents: the documents of `_get_documents`
        :param company: the company (`res.company`)
        :return: a sentence, or nothing
        :rtype: str
        """
        account = self._get_bank_text(documents, company)
        if not account:
            return ""
        return self.env._(
            "By bank transfer: %s. Please give the invoice number with your payment.",
            account,
        )

    def _get_sender_text(self, company):
        """The address of the company in one line, for the window of an envelope.

        :rtype: str
        """
        partner = company.sudo().partner_id
        place = " ".join(filter(None, (partner.zip, partner.city)))
        return " · ".join(filter(None, (partner.name, partner.street, place)))

    def _add_words(self, groups):
        """Add the total of each currency in words, `total_words`."""
        for group in groups:
            total = group["total"]
            group["total_words"] = (
                group["currency"].amount_to_text(total) if total > 0 else ""
            )

    def _add_balances(self, group):
        """Add to each row the balance after it, `balance_text`."""
        balance = 0
        for row in group["rows"]:
            balance += row["amount"]
            row["balance_text"] = group["currency"].format(balance)

    def _get_aging(self, group):
        """Sum up the rows of a currency by how late they are; credits by themselves,
        as they are deducted from no invoice yet.

        :return: a dict for each column, with the keys `label, amount, amount_text`
        :rtype: list[dict]
        """
        currency = group["currency"]
        amounts = dict.fromkeys(self._get_aging_labels(), 0)
        labels = list(amounts)
        for row in group["rows"]:
            if row["residual"] < 0:
                label = self.env._("Credits")
            else:
                label = labels[
                    sum(row["days_overdue"] > limit for limit in self._aging_limits)
                ]
            amounts[label] = amounts.get(label, 0) + row["amount"]
        return [
            {
                "label": label,
                "amount": currency.round(amount),
                "amount_text": currency.format(amount),
            }
            for label, amount in amounts.items()
        ]

    def _get_aging_labels(self):
        """Name the columns of the aging: not due, then by days late."""
        limits = self._aging_limits
        return [
            self.env._("Not due"),
            *(
                self.env._("%(first)s–%(last)s days", first=first + 1, last=last)
                for first, last in zip(limits, limits[1:], strict=False)
            ),
            self.env._("Over %s days", limits[-1]),
        ]
