from datetime import timedelta

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .common import TODAY, CollectionCommon


@tagged("post_install", "-at_install")
class TestCompanyDay(CollectionCommon):
    @freeze_time("2024-06-10 23:30:00")
    def test_day_of_the_company(self):
        """(time zone of the company's address, of its calendar, the day there)"""
        branch = self._create_company(name="Branch", parent_id=self.company.id)
        for timezone, calendar_timezone, expected in (
            ("Pacific/Auckland", "UTC", "2024-06-11"),
            ("America/New_York", "Pacific/Auckland", "2024-06-10"),
            (False, "Europe/Brussels", "2024-06-11"),
            (False, "UTC", "2024-06-10"),
        ):
            with self.subTest(timezone=timezone, calendar=calendar_timezone):
                self.company.partner_id.tz = timezone
                self.company.resource_calendar_id.tz = calendar_timezone
                branch.partner_id.tz = "Asia/Tokyo"
                for company in (self.company, branch):
                    day = company._get_collection_day()
                    self.assertEqual(str(day), expected)

    def test_user_elsewhere(self):
        """What a collector records and holds begins on the company's day, though they
        have tomorrow or yesterday already."""
        invoice = self._create_open_invoice(self.customer)
        line = self._get_receivable_line(invoice)
        self.env["account.collection.case"]._refresh(self.company)
        case = self.customer.collection_case_ids
        today = self.company._get_collection_day()
        self.assertEqual(today, TODAY)
        for timezone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
            self.env.user.tz = timezone
            elsewhere = self.env(context=dict(self.env.context, tz=timezone))
            for model, name in (
                ("contact.log", "date"),
                ("handover", "date"),
                ("hold.set", "date_start"),
            ):
                wizards = elsewhere[f"account.collection.{model}"]
                with self.subTest(timezone=timezone, model=model):
                    form = Form(wizards.with_context(default_case_id=case.id))
                    self.assertEqual(form[name], TODAY)
            for model, name in (("contact", "date"), ("hold", "date_start")):
                with self.subTest(timezone=timezone, model=model):
                    record = elsewhere[f"account.collection.{model}"].new()
                    self.assertEqual(record[name], TODAY)
            with self.subTest(timezone=timezone):
                elsewhere["account.collection.contact.log"].create(
                    {"case_id": case.id}
                ).action_log()
            for values in (
                {"case_id": case.id},
                {"move_line_ids": [Command.set(line.ids)]},
            ):
                wizard = elsewhere["account.collection.hold.set"].create(
                    {**values, "note": "Because"}
                )
                with self.subTest(timezone=timezone, values=values):
                    self.assertEqual(wizard.date_start, TODAY)
                    self.assertEqual(wizard.date_end, TODAY + timedelta(days=14))
                    wizard.date_start = wizard.date_end = TODAY - timedelta(days=1)
                    with self.assertRaisesRegex(UserError, "which is past"):
                        wizard.action_hold()
                    wizard.date_end = TODAY
                    wizard.action_hold()
                    self.assertTrue(line.collection_hold_ids)
                    line.collection_hold_ids.active = False
