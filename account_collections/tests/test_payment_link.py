from urllib.parse import urlsplit

from lxml import html

from odoo.tests import HttpCase, tagged

from .letter_common import LetterCommon


@tagged("post_install", "-at_install")
class TestPaymentLink(LetterCommon, HttpCase):
    def setUp(self):
        super().setUp()
        if "payment.provider" not in self.env:
            self.skipTest("account_payment is not installed")
        self._accept_payments()
        self.invoice = self._create_open_invoice(self.customer, 1000.1)
        contact = self._create_contact(self.customer, self.invoice)
        contact.item_ids.amount_held = 400
        body = html.fromstring(self._get_body(contact))
        self.link = body.xpath("//a[contains(text(), 'Pay now')]/@href")[0]

    # === HELPERS === #

    def _open(self, link):
        """Follow a link as somebody who is not logged in."""
        url = urlsplit(link)
        self.authenticate(None, None)
        response = self.url_open(f"{url.path}?{url.query}")
        self.assertEqual(response.status_code, 200)
        return response

    # === TESTS === #

    def test_portal_takes_the_amount(self):
        """The portal offers to pay what the letter asks for, and nothing else."""
        response = self._open(self.link)
        self.assertTrue(urlsplit(response.url).path.endswith(f"/{self.invoice.id}"))
        page = html.fromstring(response.content)
        amount = page.get_element_by_id("o_payment_summary_amount_installment")
        self.assertEqual(amount.text_content(), "$\xa0600.10")

    def test_amount_cannot_be_changed(self):
        response = self._open(self.link.replace("amount=600.1", "amount=1.0"))
        self.assertNotIn(f"/my/invoices/{self.invoice.id}", urlsplit(response.url).path)
