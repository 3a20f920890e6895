from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools.misc import format_date

LIVE_STATES = ("queued", "sent")


class AccountCollectionContact(models.Model):
    _name = "account.collection.contact"
    _description = "Collection Contact"
    _inherit = ["account.collection.own"]
    _order = "date desc, id desc"
    _check_company_auto = True

    # === FIELDS === #

    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, readonly=True
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    case_id = fields.Many2one(
        "account.collection.case",
        readonly=True,
        index="btree_not_null",
        check_company=True,
        ondelete="set null",
    )
    date = fields.Date(
        required=True,
        readonly=True,
        default=lambda self: self.env.company._get_collection_day(),
        help="The company's day on which the contact took place.",
    )
    channel = fields.Selection(
        [
            ("email", "E-mail"),
            ("letter", "Letter"),
            ("call", "Phone call"),
            ("visit", "Visit"),
            ("portal", "Portal"),
            ("other", "Other"),
        ],
        required=True,
        readonly=True,
    )
    direction = fields.Selection(
        [("out", "To the customer"), ("in", "From the customer")],
        default="out",
        required=True,
        readonly=True,
    )
    step_id = fields.Many2one(
        "account.collection.policy.step",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
    )
    run_line_id = fields.Many2one(
        "account.collection.run.line",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    user_id = fields.Many2one("res.users", string="By", readonly=True)
    address_id = fields.Many2one(
        "res.partner",
        readonly=True,
        help="The contact person or address that was written to.",
    )
    outcome = fields.Selection(
        [
            ("reached", "Reached"),
            ("not_reached", "Not reached"),
            ("callback", "Will call back"),
            ("refused", "Refuses to pay"),
            ("paid", "Says it is paid"),
            ("promised", "Wants to pay"),
            ("question", "Has a question"),
        ],
        readonly=True,
    )
    note = fields.Text(readonly=True)
    mail_message_id = fields.Many2one(
        "mail.message", readonly=True, index="btree_not_null", ondelete="set null"
    )
    state = fields.Selection(
        [
            ("queued", "Queued"),
            ("sent", "Sent"),
            ("failed", "Failed"),
            ("void", "Void"),
        ],
        default="queued",
        required=True,
        readonly=True,
    )
    error = fields.Char(readonly=True)
    item_ids = fields.One2many(
        "account.collection.contact.item",
        "contact_id",
        string="Open Items",
        readonly=True,
        context={"active_test": False},
    )

    _partner_date_idx = models.Index("(company_id, partner_id, date)")

    # === COMPUTE METHODS === #

    @api.depends("partner_id", "channel", "date")
    @api.depends_context("lang")
    def _compute_display_name(self):
        channels = dict(self._fields["channel"]._description_selection(self.env))
        for contact in self:
            contact.display_name = self.env._(
                "%(channel)s of %(date)s to %(customer)s",
                channel=channels.get(contact.channel, ""),
                date=format_date(self.env, contact.date),
                customer=contact.partner_id.display_name,
            )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su and any(
            vals.get("mail_message_id") or vals.get("run_line_id") for vals in vals_list
        ):
            raise AccessError(
                self.env._("Only a dunning run can say what it wrote to a customer.")
            )
        return super().create(vals_list)

    # === BUSINESS METHODS === #

    def _deliver(self):
        """Send these queued contacts on their way, each by its channel.

        Letters wait to be printed.

        :return: the contacts that could not be made, with the reason in words
        :rtype: dict
        """
        by_channel = self.grouped("channel")
        errors = {}
        if emails := by_channel.get("email"):
            errors.update(self.env["account.collection.letter"]._queue_emails(emails))
        if calls := by_channel.get("call"):
            calls._schedule_calls()
        return errors

    def _schedule_calls(self):
        """Ask the collector of each case to call the customer."""
        vals_list = [contact._prepare_call_activity() for contact in self]
        # The collector may be somebody else than who executes the run.
        self.env["mail.activity"].sudo().with_context(
            mail_activity_quick_update=True
        ).create(vals_list)

    def _prepare_call_activity(self):
        """Prepare the activity that asks for a call.

        :return: values of a `mail.activity`
        :rtype: dict
        """
        self.ensure_one()
        record = self._get_thread()
        return {
            "res_model_id": self.env["ir.model"]._get_id(record._name),
            "res_id": record.id,
            "activity_type_id": self.env.ref("mail.mail_activity_data_call").id,
            "summary": self.step_id.name,
            "user_id": self.case_id._get_responsible(self.company_id).id,
            "date_deadline": self.date,
            "automated": True,
            "collection_contact_id": self.id,
        }

    def _mark_sent(self):
        """Record that these queued contacts left the house."""
        self.filtered(lambda contact: contact.state == "queued").state = "sent"

    def _mark_failed(self, error):
        """Record that these contacts did not reach the customer.

        They no longer count for the gap between contacts, and the steps that
        their open items reached are given back.

        :param str error: why, in words for the collector
        """
        contacts = self.filtered(lambda contact: contact.state in LIVE_STATES)
        contacts.write({"state": "failed", "error": error})
        contacts.item_ids.active = False
        contacts.run_line_id.write({"state": "failed", "error": error})

    def _mark_void(self):
        """Take these contacts back, as if they had never been made."""
        contacts = self.filtered(lambda contact: contact.state in LIVE_STATES)
        contacts.state = "void"
        contacts.item_ids.active = False
