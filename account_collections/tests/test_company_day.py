from freezegun import freeze_time

from odoo.tests import tagged

from .common import CollectionCommon


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
