import json

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, new_test_user, tagged

from odoo.addons.mail.tests.common import MockEmail

from .common import TODAY
from .letter_common import LetterCommon

REPLY = """\
From: Ada <ada.fashion@example.com>
To: all@us.example.com
Subject: Re: Reminder
Message-Id: <reply@example.com>
In-Reply-To: {message_id}
Content-Type: text/plain

I pay the 4711.50 on Friday.
"""


@tagged("post_install", "-at_install")
class TestLetterAccess(LetterCommon, HttpCase, MockEmail):
    """The letter to a customer who has no case is not for everybody's eyes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = {
            "employee": "base.group_user",
            "biller": "account.group_account_invoice",
            "collector": "account_collections.group_collection_own",
        }
        cls.users = {
            name: new_test_user(
                cls.env,
                login=name,
                groups=group,
                company_id=cls.company.id,
                company_ids=[Command.set(cls.company.ids)],
            )
            for name, group in groups.items()
        }
        cls.users["salesperson"] = new_test_user(
            cls.env,
            login="salesperson",
            groups="base.group_user,base.group_partner_manager",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.customer.user_id = cls.users["salesperson"]
        cls.customer.message_subscribe(cls.users["salesperson"].partner_id.ids)
        cls.company.alias_domain_id = cls.env["mail.alias.domain"].create(
            {
                "name": "us.example.com",
                "catchall_alias": "all",
                "bounce_alias": "bounce",
            }
        )
        cls.invoice = cls._create_open_invoice(cls.customer, 4711.5, -3)
        cls.step = cls.steps[0]
        cls.step.attach_invoices = True
        cls.contact = cls._create_contact(cls.customer, cls.invoice, cls.step)
        cls.letters._queue_emails(cls.contact)
        cls.mail = cls.env["mail.mail"].search(
            [("mail_message_id", "=", cls.contact.mail_message_id.id)]
        )
        cls.message = cls.contact.mail_message_id
        # What the mail queue does when it sends.
        cls.mail._prepare_outgoing_list()
        cls.enclosure = cls.message.attachment_ids

    # === HELPERS === #

    def _read_everything(self, user):
        """All that a user can find of what lies around the customer, as text."""
        env = self.env(user=self.users[user], su=False)
        texts = []
        for model, domain in (
            ("mail.message", []),
            ("mail.notification", []),
            ("mail.activity", []),
            ("ir.attachment", [("res_model", "!=", "account.move")]),
        ):
            records = env[model].search(domain, order="id desc", limit=200)
            names = [
                name
                for name, field in records._fields.items()
                if field.store
                and field.type not in ("one2many", "many2many")
                and records._has_field_access(field, "read")
            ]
            texts += [str(row) for row in records.read(names)]
        return "\n".join(texts)

    def _fetch(self, user, model, record):
        """What the web client shows of the chatter of a record."""
        self.authenticate(user, user)
        answer = self.url_open(
            "/mail/thread/messages",
            data=json.dumps(
                {"params": {"thread_model": model, "thread_id": record.id}}
            ),
            headers={"Content-Type": "application/json"},
        )
        return answer.text

    def _has_file(self, user):
        self.authenticate(user, user)
        answer = self.url_open(f"/web/content/{self.enclosure.id}")
        return answer.content == self.enclosure.raw

    # === TESTS === #

    def test_letter_lies_on_the_contact(self):
        self.assertEqual(
            (self.message.model, self.message.res_id),
            ("account.collection.contact", self.contact.id),
        )
        self.assertEqual(
            (self.enclosure.res_model, self.enclosure.res_id),
            ("account.collection.contact", self.contact.id),
        )
        self.assertFalse(self.contact.message_partner_ids, "nobody follows it")

    def test_outsiders_see_nothing(self):
        for user in ("employee", "salesperson", "biller"):
            with self.subTest(user=user):
                seen = self._read_everything(user)
                for secret in (
                    "4,711.50",
                    self.message.subject,
                    self.enclosure.name,
                    self.contact.display_name,
                ):
                    self.assertFalse(secret in seen, secret)
                env = self.env(user=self.users[user], su=False)
                for record in (self.message, self.enclosure, self.contact):
                    with self.assertRaises(AccessError):
                        record.with_env(env).read()
                self.assertFalse(
                    env["mail.message"].search([("body", "ilike", "4,711")])
                )
                chatter = self._fetch(user, "res.partner", self.customer)
                self.assertFalse("4,711.50" in chatter)
                self.assertFalse(self.message.subject in chatter)
                chatter = self._fetch(user, self.contact._name, self.contact)
                self.assertFalse("4,711.50" in chatter)
                self.assertFalse(self._has_file(user))

    def test_collector_sees_it(self):
        seen = self._read_everything("collector")
        self.assertTrue("4,711.50" in seen)
        self.assertTrue(self.message.subject in seen)
        self.assertTrue(self.enclosure.name in seen)
        chatter = self._fetch("collector", self.contact._name, self.contact)
        self.assertTrue("4,711.50" in chatter)
        self.assertTrue(self._has_file("collector"))
        customer = self.customer.with_user(self.users["collector"])
        self.assertEqual(customer.collection_contact_count, 1)
        action = customer.action_view_collection_contacts()
        found = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(found, self.contact)

    def test_reply_reaches_the_collector(self):
        """It lies with the letter, and whoever sent the letter is told."""
        self.contact.user_id = self.users["collector"]
        with self.mock_mail_gateway():
            self.env["mail.thread"].message_process(
                "res.partner", REPLY.format(message_id=self.message.message_id)
            )
        reply = self.contact.message_ids[0]
        self.assertIn("4711.50", reply.body)
        self.assertEqual(reply.author_id, self.customer)
        self.assertIn(self.users["collector"].partner_id, reply.notified_partner_ids)
        self.assertFalse(
            self.customer.message_ids.filtered(lambda one: "4711" in one.body)
        )
        self.assertFalse("4711.50" in self._read_everything("salesperson"))
        answer = self.contact.with_user(self.users["collector"]).message_post(
            body="Thank you", message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        self.assertEqual(answer.res_id, self.contact.id)

    def test_address_that_fails(self):
        """The collector is asked for a better one, out of everybody's sight."""
        self.contact._mark_undelivered("No such user", is_address_wrong=True)
        self.assertEqual(self.contact.state, "failed")
        self.assertEqual(len(self.contact.activity_ids), 1)
        self.assertFalse(self.customer.activity_ids)

    def test_call(self):
        """A call before the due date lies with its contact, and so does what the
        customer said."""
        call = self.step.copy(
            {"name": "Call", "channel": "call", "policy_id": self.policy.id}
        )
        contact = self._create_contact(
            self.customer, self.invoice, call, channel="call", user_id=self.env.uid
        )
        contact._deliver()
        self.assertEqual(contact.activity_ids.date_deadline, TODAY)
        contact.activity_ids.action_feedback(feedback="Owes 4,711.50, pays Monday")
        self.assertEqual(contact.state, "sent")
        self.assertFalse("4,711.50" in self._read_everything("salesperson"))
        self.assertTrue("4,711.50" in self._read_everything("collector"))

    def test_moved_customer(self):
        """What was said follows the customer under a parent, case or no case."""
        parent = self._create_customer("Parent")
        self.customer.write({"is_company": False, "parent_id": parent.id})
        self.assertEqual(self.contact.partner_id, parent)
        self.assertEqual(self.customer.collection_contact_count, 1)

    def test_merged_customers(self):
        """What was said follows the customer into another one."""
        other = self._create_customer("Other")
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            [self.customer.id, other.id], other
        )
        self.assertEqual(self.contact.partner_id, other)
        self.assertEqual(self.message.res_id, self.contact.id)
        self.assertFalse("4,711.50" in self._read_everything("salesperson"))
