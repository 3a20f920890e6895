from datetime import date, timedelta

from freezegun import freeze_time

from odoo import Command
from odoo.tests import tagged

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

TODAY = date(2024, 6, 14)


@tagged("post_install", "-at_install")
class CollectionCommon(AccountTestInvoicingCommon):
    """A company with its default policy, on a Friday in June 2024."""

    @classmethod
    def setUpClass(cls):
        freezer = freeze_time(f"{TODAY} 10:00:00")
        freezer.start()
        cls.addClassCleanup(freezer.stop)
        super().setUpClass()
        cls.company = cls.env.company
        cls.policy = cls.company.collection_policy_id
        cls.steps = cls.policy._get_item_steps()
        cls.receivable_account = cls.company_data["default_account_receivable"]
        cls.bank_journal = cls.company_data["default_journal_bank"]
        cls.customer = cls._create_customer("Ada Fashion")

    # === HELPERS === #

    @classmethod
    def _create_customer(cls, name, **values):
        return cls.env["res.partner"].create(
            {
                "name": name,
                "is_company": True,
                "email": f"{name.lower().replace(' ', '.')}@example.com",
                "street": "1 Mill Lane",
                "city": "Bristol",
                "property_account_receivable_id": cls.receivable_account.id,
                **values,
            }
        )

    @classmethod
    def _create_open_invoice(
        cls, partner, amount=100.0, days=10, move_type="out_invoice", **values
    ):
        """Post an invoice without taxes that fell due some days ago.

        :param float amount: its total, in its currency
        :param int days: days since the due date; negative for one not yet due
        """
        due = TODAY - timedelta(days=days)
        move = cls.env["account.move"].create(
            {
                "move_type": move_type,
                "partner_id": partner.id,
                "invoice_date": min(due, TODAY) - timedelta(days=30),
                "invoice_date_due": due,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Goods",
                            "quantity": 1,
                            "price_unit": amount,
                            "tax_ids": [],
                        }
                    )
                ],
                **values,
            }
        )
        move.action_post()
        return move

    @classmethod
    def _pay(cls, invoice, amount=None, **values):
        """Register a payment of an invoice, today, in full unless told otherwise."""
        wizard = (
            cls.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create(
                {
                    "payment_date": TODAY,
                    "journal_id": cls.bank_journal.id,
                    **({} if amount is None else {"amount": amount}),
                    **values,
                }
            )
        )
        return wizard._create_payments()

    @classmethod
    def _receive_unapplied(cls, partner, amount, **values):
        """Post money from a customer that nobody has applied to an invoice."""
        payment = cls.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": partner.id,
                "amount": amount,
                "date": TODAY,
                "journal_id": cls.bank_journal.id,
                **values,
            }
        )
        payment.action_post()
        return payment

    def _make_payments_without_entry(self, journal=None):
        """Behave as with full accounting, where no outstanding account is needed."""
        methods = (journal or self.bank_journal).sudo().inbound_payment_method_line_ids
        methods.payment_account_id = False
        self.patch(
            self.registry["account.move"],
            "_get_invoice_in_payment_state",
            lambda self: "in_payment",
        )

    @classmethod
    def _get_receivable_line(cls, move):
        return move.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        ).sorted("date_maturity")

    @classmethod
    def _hold(cls, line, amount=None, **values):
        return cls.env["account.collection.hold"].create(
            {
                "line_id": line.id,
                "amount": line.amount_residual_currency if amount is None else amount,
                "date_end": TODAY + timedelta(days=10),
                **values,
            }
        )

    @classmethod
    def _log_contact(cls, partner, days_ago, **values):
        """Record a contact some days ago, as the log wizard does."""
        return (
            cls.env["account.collection.contact"]
            .sudo()
            .create(
                {
                    "partner_id": partner.id,
                    "company_id": cls.company.id,
                    "date": TODAY - timedelta(days=days_ago),
                    "channel": "call",
                    "state": "sent",
                    **values,
                }
            )
        )

    @classmethod
    def _reach(cls, move, days_after_due, days_ago=8):
        """Record that the items of an invoice reached the step of some day."""
        step = cls.steps.filtered(lambda step: step.delay_days == days_after_due)
        return cls._log_contact(
            move.commercial_partner_id,
            days_ago,
            channel="email",
            step_id=step.id,
            item_ids=[
                Command.create(
                    {
                        "line_id": line.id,
                        "step_id": step.id,
                        "amount_residual": line.amount_residual_currency,
                    }
                )
                for line in cls._get_receivable_line(move)
            ],
        )

    @classmethod
    def _plan(cls, **values):
        run = cls.env["account.collection.run"].create(
            {"date": TODAY, "company_id": cls.company.id, **values}
        )
        run.action_plan()
        return run

    def _get_line(self, run, partner=None):
        """The only line of a customer in a run, or none."""
        lines = run.line_ids.filtered(
            lambda line: line.partner_id == (partner or self.customer)
        )
        self.assertLessEqual(len(lines), 1)
        return lines

    def assertDecision(self, line, expected):
        """Compare a run line with `contact <days>` or `skip <reason> [date]`."""
        if line.decision == "contact":
            actual = f"contact {line.step_id.delay_days} {line.channel}"
        elif line:
            actual = f"skip {line.reason}"
            if line.reason_date:
                actual += f" {(line.reason_date - TODAY).days:+d}"
        else:
            actual = "nothing"
        self.assertEqual(actual, expected)
