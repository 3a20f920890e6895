from odoo import Command
from odoo.tests import new_test_user, tagged

from .common import TODAY, CollectionCommon


@tagged("post_install", "-at_install")
class TestAgreementMail(CollectionCommon):
    """Messages about agreements lead nobody to a page that they cannot open."""

    # === HELPERS === #

    def _make(self, model, **values):
        return (
            self.env[f"account.collection.{model}"]
            .sudo()
            .create(
                {
                    "partner_id": self.customer.id,
                    "company_id": self.company.id,
                    "currency_id": self.company.currency_id.id,
                    "line_ids": [
                        Command.set(
                            self._get_receivable_line(
                                self._create_open_invoice(self.customer)
                            ).ids
                        )
                    ],
                    "amount": 100,
                    **values,
                }
            )
        )

    def _write_to(self, document, partner):
        """The e-mail that a message makes."""
        message = document.with_context(mail_notify_force_send=False).message_post(
            body="Dear customer",
            message_type="comment",
            partner_ids=partner.ids,
            email_layout_xmlid="mail.mail_notification_light",
        )
        return self.env["mail.mail"].search([("mail_message_id", "=", message.id)])

    # === TESTS === #

    def test_no_link_for_customers(self):
        """(who is written to, whether they can open the document)."""
        portal = new_test_user(self.env, login="ada", groups="base.group_portal")
        portal.partner_id.parent_id = self.customer
        collector = new_test_user(
            self.env,
            login="grace",
            groups="account_collections.group_collection_all",
            notification_type="email",
        )
        reason = self.env["account.collection.dispute.reason"].search([], limit=1)
        for document in (
            self._make("promise", date_due=TODAY),
            self._make("plan"),
            self._make("dispute", reason_id=reason.id),
            self._make("settlement", date_expiry=TODAY, nature="concession"),
        ):
            for partner, is_linked in (
                (self.customer, False),
                (portal.partner_id, False),
                (collector.partner_id, True),
            ):
                with self.subTest(model=document._name, partner=partner.name):
                    mail = self._write_to(document, partner)
                    self.assertEqual(len(mail), 1)
                    content = f"{mail.body_html} {mail.headers}"
                    self.assertIn(document.name.replace("/", "-"), content)
                    self.assertEqual("/mail/view" in content, is_linked)
                    for token in ("access_token", "auth_signup", "hash="):
                        self.assertNotIn(token, content)
