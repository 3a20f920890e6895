import base64
import io

import xlsxwriter

from odoo import models
from odoo.tools.misc import format_date


class AccountCollectionHandoverFile(models.AbstractModel):
    """The workbook for an agency or a lawyer: who owes, what, and what was tried."""

    _name = "account.collection.handover.file"
    _description = "Hand-Over File"

    # === BUSINESS METHODS === #

    def _create_file(self, case):
        """Write the workbook and attach it to the case.

        :param case: the case (`account.collection.case`)
        :return: the workbook (`ir.attachment`)
        """
        return self.env["ir.attachment"].create(
            {
                "name": self.env._(
                    "%(customer)s open items %(date)s.xlsx",
                    customer=case.partner_id.display_name.replace("/", "-"),
                    date=case.company_id._get_collection_day(),
                ),
                "datas": base64.b64encode(self._get_workbook(case)),
                "res_model": case._name,
                "res_id": case.id,
            }
        )

    def _get_workbook(self, case):
        """Write the sheets.

        :return: the content of an XLSX file
        :rtype: bytes
        """
        output = io.BytesIO()
        # Customers' words are text, whatever they look like.
        options = {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        with xlsxwriter.Workbook(output, options) as workbook:
            for name, header, rows in (
                (self.env._("Customer"), [], self._get_customer_rows(case)),
                (
                    self.env._("Open Items"),
                    self._get_item_header(),
                    self._get_item_rows(case),
                ),
                (
                    self.env._("History"),
                    self._get_contact_header(),
                    self._get_contact_rows(case),
                ),
            ):
                self._write_sheet(workbook, name, header, rows)
        return output.getvalue()

    # === HELPERS === #

    def _write_sheet(self, workbook, name, header, rows):
        """Add one sheet.

        :param list header: the titles of the columns, in bold
        :param list rows: lists of values
        """
        sheet = workbook.add_worksheet(name[:31])
        sheet.write_row(0, 0, header, workbook.add_format({"bold": True}))
        first = 1 if header else 0
        for index, row in enumerate(rows):
            sheet.write_row(first + index, 0, [value or "" for value in row])
        sheet.set_column(0, 0, 28)
        sheet.set_column(1, 8, 18)
        sheet.freeze_panes(first, 0)

    def _get_customer_rows(self, case):
        partner = case.partner_id
        return [
            (self.env._("Creditor"), case.company_id.name),
            (self.env._("Customer"), partner.display_name),
            (self.env._("Reference"), partner.ref),
            (self.env._("Address"), partner.contact_address_inline),
            (self.env._("Tax ID"), partner.vat),
            (self.env._("E-mail"), partner.email),
            (self.env._("Phone"), partner.phone),
            (self.env._("Why they pay late"), case.late_reason_id.name),
            (
                self.env._("Overdue"),
                case.currency_id.format(case.amount_overdue),
            ),
            (
                self.env._("As of"),
                format_date(self.env, case.company_id._get_collection_day()),
            ),
        ]

    def _get_item_header(self):
        return [
            self.env._("Document"),
            self.env._("Date"),
            self.env._("Due"),
            self.env._("Days late"),
            self.env._("Currency"),
            self.env._("Original amount"),
            self.env._("Left to pay"),
            self.env._("Step reached"),
        ]

    def _get_item_rows(self, case):
        return [
            (
                line.move_name,
                format_date(self.env, line.invoice_date or line.date),
                format_date(self.env, line.collection_date_due),
                line.collection_days_overdue,
                line.currency_id.name,
                line.amount_currency,
                line.collection_residual,
                line.collection_step_id.name,
            )
            for line in case.item_ids
        ]

    def _get_contact_header(self):
        return [
            self.env._("Date"),
            self.env._("Way"),
            self.env._("Direction"),
            self.env._("Step"),
            self.env._("State"),
            self.env._("Outcome"),
            self.env._("Note"),
        ]

    def _get_contact_rows(self, case):
        return [
            (
                format_date(self.env, contact.date),
                self._get_label(contact, "channel"),
                self._get_label(contact, "direction"),
                contact.step_id.name,
                self._get_label(contact, "state"),
                self._get_label(contact, "outcome"),
                contact.note or contact.error,
            )
            for contact in case.contact_ids
            if contact.state != "void"
        ]

    def _get_label(self, record, name):
        """The value of a selection field in words."""
        selection = record._fields[name]._description_selection(self.env)
        return dict(selection).get(record[name])
