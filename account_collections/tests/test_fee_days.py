from datetime import date, timedelta

from freezegun import freeze_time

from odoo import Command
from odoo.tests import tagged

from .test_fee import FeeCommon

DUE = date(2024, 6, 14)


@tagged("post_install", "-at_install")
class TestFeeDays(FeeCommon):
    """No day of an invoice is charged twice, and none that was held, disputed or paid,
    whatever is changed in between: 36,500.00 at 10 % cost 10.00 a day."""

    # === HELPERS === #

    def _play(self, *events):
        """Do something on several days after the due date, charging wherever a number
        of days is all that is given.

        :param events: days after the due date, and what is done on that day, or None
        :return: what was charged on each day without anything else
        """
        amounts = []
        for days, event in events:
            day = DUE + timedelta(days=days)
            with freeze_time(f"{day} 10:00:00"):
                if event:
                    event()
                else:
                    amounts.append(round(self._charge(day).amount, 2))
        return amounts

    def _set(self, **values):
        return lambda: self.policy.write(values)

    def _flag(self, has_fee):
        """Take the late fees out of the contract, or put them in as they were."""
        return lambda: self.customer.write(
            {"collection_has_fee": has_fee, "collection_fee_start": date(2020, 1, 1)}
        )

    def _sell(self):
        self.invoice = self._create_open_invoice(self.customer, 36500, days=0)
        self.item = self._get_receivable_line(self.invoice)

    def assertDaysOnce(self):
        """See that the days charged do not overlap."""
        self.env.flush_all()
        periods = sorted(
            (line.date_start, line.date_end or date.max)
            for line in self.invoice.collection_fee_line_ids
            if line.is_live and line.date_start
        )
        for (_start, end), (start, _end) in zip(periods, periods[1:], strict=False):
            self.assertLess(end, start)

    # === TABLES === #

    def test_changes_in_between(self):
        """(what is done after how many days, charged each time)."""
        percent = self._set(fee_method="percent", fee_percent=1)
        once = self._set(fee_method="percent", fee_percent=1, fee_frequency="once")
        flat = self._set(fee_method="flat", fee_amount=15)
        for events, expected in (
            # Another rate counts for what is not charged yet.
            ([(5, None), (5, self._set(fee_rate=20)), (8, None)], [50, 60]),
            # Nothing is lost or charged twice while the contract excludes fees.
            (
                [
                    (5, None),
                    (6, self._flag(False)),
                    (8, None),
                    (9, self._flag(True)),
                    (10, None),
                    (10, None),
                ],
                [50, 0, 50, 0],
            ),
            # By the month, after days of it were charged: not for the same month.
            ([(5, None), (5, percent), (10, None), (20, None)], [50, 0, 365]),
            (
                [
                    (5, percent),
                    (5, None),
                    (6, self._set(fee_method="daily")),
                    (10, None),
                    (20, None),
                ],
                [365, 0, 40],
            ),
            ([(5, flat), (5, None), (6, percent), (7, None), (20, None)], [15, 0, 365]),
            # Once is once, whatever the policy says afterwards.
            (
                [
                    (5, once),
                    (5, None),
                    (6, self._set(fee_method="daily")),
                    (40, None),
                    (40, self._set(fee_frequency="monthly")),
                    (60, None),
                ],
                [365, 0, 0],
            ),
            # No policy for a while
            (
                [
                    (5, None),
                    (6, self._set(fee_method="none")),
                    (7, None),
                    (8, self._set(fee_method="daily")),
                    (9, None),
                ],
                [50, 0, 40],
            ),
        ):
            with self.subTest(expected=expected), self.env.cr.savepoint() as savepoint:
                self.policy.write(
                    {"fee_method": "daily", "fee_rate": 10, "fee_frequency": "monthly"}
                )
                self._sell()
                self.assertEqual(self._play(*events), expected)
                self.assertDaysOnce()
                savepoint.close(rollback=True)
                self.env.invalidate_all()

    def test_charged_days_that_are_free_again(self):
        """A fee that was cancelled leaves a gap between the others, which is charged
        once; one that was waived leaves none."""
        for undo, expected in (
            ("cancel", [50, 30, 70, 0]),
            ("waive", [50, 30, 20, 0]),
        ):
            with self.subTest(undo=undo), self.env.cr.savepoint() as savepoint:
                self._sell()

                def undo_first(undo=undo):
                    fee = self.invoice.collection_fee_line_ids.sorted("id")[0].fee_id
                    if undo == "waive":
                        fee.action_waive("By courtesy")
                    else:
                        fee.move_id.button_draft()
                        fee.move_id.button_cancel()

                events = [(5, None), (8, None), (9, undo_first), (10, None), (10, None)]
                self.assertEqual(self._play(*events), expected)
                self.assertDaysOnce()
                savepoint.close(rollback=True)
                self.env.invalidate_all()

    def test_part_payments_and_what_is_held(self):
        """(what is done after how many days, charged each time)."""

        def pay(amount):
            return lambda: self._pay(
                self.invoice, amount, payment_date=self.company._get_collection_day()
            )

        def hold(amount):
            def set_hold():
                self.held = self._hold(self.item, amount, date_end=date(2024, 12, 31))

            return set_hold

        def release():
            self.held.action_end()

        def dispute():
            self.disputed = self.env["account.collection.dispute"].create(
                {
                    "partner_id": self.customer.id,
                    "line_ids": [Command.set(self.item.ids)],
                    "reason_id": self.env.ref(
                        "account_collections.dispute_reason_price"
                    ).id,
                    "amount": 7300,
                }
            )
            self.disputed.action_confirm()

        def withdraw():
            self.disputed.action_withdraw()

        for events, expected in (
            # The day of a payment counts still.
            ([(5, pay(18250)), (10, None)], [75]),
            (
                [
                    (5, pay(18250)),
                    (7, pay(7300)),
                    (10, None),
                    (10, pay(10950)),
                    (12, None),
                ],
                [69, 0],
            ),
            # Neither the day on which a hold begins nor that on which it ends
            ([(5, hold(18250)), (8, release), (10, None)], [80]),
            # What is held today is charged for the days before it once it is free.
            ([(5, hold(36500)), (8, None), (9, release), (10, None)], [0, 50]),
            # Disputed are 2.00 a day of the 10.00.
            ([(5, dispute), (8, None), (9, withdraw), (10, None)], [32, 58]),
            # Money goes to what is chased first, then to what is held.
            (
                [
                    (5, hold(18250)),
                    (6, pay(18250)),
                    (8, None),
                    (9, pay(18250)),
                    (10, None),
                ],
                [10, 40],
            ),
            # Who is charged once is charged for the rest at once.
            (
                [
                    (5, dispute),
                    (6, self._set(fee_frequency="once")),
                    (8, None),
                    (9, withdraw),
                    (10, None),
                ],
                [64, 0],
            ),
        ):
            with self.subTest(expected=expected), self.env.cr.savepoint() as savepoint:
                self._sell()
                self.assertEqual(self._play(*events), expected)
                self.assertDaysOnce()
                savepoint.close(rollback=True)
                self.env.invalidate_all()
