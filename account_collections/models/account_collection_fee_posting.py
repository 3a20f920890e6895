from odoo import api, fields, models
from odoo.tools import plaintext2html
from odoo.tools.misc import format_date


class AccountCollectionFee(models.Model):
    """How late fees are charged: each is an invoice of its own."""

    _name = "account.collection.fee"
    _inherit = ["account.collection.fee"]

    # === BUSINESS METHODS === #

    @api.model
    def _charge(self, company, partner, date_end, lines=None, **values):
        """Charge a customer what they have not been charged yet.

        :param company: the root company (`res.company`), whose branches count
        :param partner: the commercial partner (`res.partner`)
        :param datetime.date date_end: the last day to charge
        :param lines: only these open items (`account.move.line`), or all
        :param values: more values of the fees, such as their `origin`
        :return: the fees, one for each branch and currency, posted
        :raise UserError: when the fee cannot be calculated or posted
        """
        charges = self.env["account.collection.fee.calculation"]._calculate(
            company, partner, date_end, lines
        )
        groups = {}
        for charge in charges:
            # What is late was found already, whoever may see it.
            line = self.env["account.move.line"].sudo().browse(charge["line_id"])
            key = line.company_id, line.currency_id
            groups.setdefault(key, []).append(charge)
        fees = self.browse()
        for (branch, currency), group in groups.items():
            if currency.compare_amounts(sum(one["amount"] for one in group), 0) > 0:
                fees |= self._post_fee(
                    company, branch, partner, currency, group, values
                )
        return fees

    def _post_fee(self, company, branch, partner, currency, charges, values):
        """Post one fee invoice.

        :param company: the root company (`res.company`)
        :param branch: the company whose invoices are late (`res.company`)
        :param partner: the commercial partner (`res.partner`)
        :param currency: of the late items (`res.currency`)
        :param list charges: values of `account.collection.fee.line`
        :param dict values: more values of the fee
        :return: the fee
        """
        move = (
            self.env["account.move"]
            .with_company(branch)
            .create(self._prepare_fee_invoice(branch, partner, currency, charges))
        )
        # Fees, and what bills them, are written by this method alone; the invoice is
        # made by the user.
        move.sudo().collection_is_fee = True
        fee = self.sudo().create(
            {
                "move_id": move.id,
                "partner_id": partner.id,
                "company_id": company.id,
                "policy_id": partner._get_fee_policy(company).id,
                "date": company._get_collection_day(),
                "line_ids": [fields.Command.create(charge) for charge in charges],
                **values,
            }
        )
        # Who was faster is found out before anything has a number.
        self.env.flush_all()
        move._post_collection()
        fee._tell_case()
        return fee.sudo(self.env.su)

    def _prepare_fee_invoice(self, branch, partner, currency, charges):
        """Prepare the invoice of a fee: for each late invoice its calculation, line by
        line, in the customer's language.

        :param branch: the company whose invoices are late (`res.company`)
        :param partner: the commercial partner (`res.partner`)
        :param currency: of the late items (`res.currency`)
        :param list charges: values of `account.collection.fee.line`
        :return: values of an `account.move`
        :rtype: dict
        """
        late = (
            self.env["account.move"]
            .sudo()
            .browse({charge["late_move_id"]: None for charge in charges})
        )
        addressee = late.partner_id if len(late.partner_id) == 1 else partner
        localized = self.with_context(lang=addressee.lang or self.env.lang)
        policy = partner._get_fee_policy(branch.root_id).sudo()
        journal = branch._get_collection_fee_journal()
        return {
            "move_type": "out_invoice",
            "partner_id": addressee.id,
            "company_id": branch.id,
            "currency_id": currency.id,
            "journal_id": (journal or late[:1].journal_id).id,
            "invoice_date": branch._get_collection_day(),
            "invoice_origin": ", ".join(late.mapped("name")),
            "narration": policy.with_env(localized.env)._get_fee_note(),
            "invoice_line_ids": [
                fields.Command.create(vals)
                for vals in localized._prepare_fee_invoice_lines(branch, charges)
            ],
        }

    def _prepare_fee_invoice_lines(self, branch, charges):
        """Prepare the lines of a fee invoice, in the language of the context.

        :param branch: the company whose invoices are late (`res.company`)
        :param list charges: values of `account.collection.fee.line`
        :return: values of `account.move.line`
        :rtype: list[dict]
        """
        product = branch._get_collection_fee_product()
        items = self.env["account.move.line"].sudo()
        vals_list, item = [], items
        for charge in charges:
            if item.id != charge["line_id"]:
                item = items.browse(charge["line_id"])
                vals_list.append(self._prepare_fee_section(item))
            vals_list.append(self._prepare_fee_line(branch, product, item, charge))
        return [dict(vals, sequence=10 + i) for i, vals in enumerate(vals_list)]

    def _prepare_fee_section(self, item):
        """Prepare the line that says which late item the next ones are about.

        :param item: the late item (`account.move.line`)
        :return: values of an `account.move.line`
        :rtype: dict
        """
        return {
            "display_type": "line_section",
            "name": self.env._(
                "Invoice %(number)s of %(date)s: %(amount)s due on %(due)s",
                number=item.move_id.name,
                date=format_date(self.env, item.move_id.invoice_date),
                amount=item.currency_id.with_env(self.env).format(item.amount_currency),
                due=format_date(self.env, item.date_maturity),
            ),
        }

    def _prepare_fee_line(self, branch, product, item, charge):
        """Prepare one line of the calculation as a line of the fee invoice. Its
        taxes are those of the product; where that has no tax, the taxes that go with
        the account do not apply either.

        :param branch: the company whose invoices are late (`res.company`)
        :param product: the fee product (`product.product`)
        :param item: the late item (`account.move.line`)
        :param dict charge: values of an `account.collection.fee.line`
        :return: values of an `account.move.line`
        :rtype: dict
        """
        line = self.env["account.collection.fee.line"].new(charge)
        values = {
            "product_id": product.id,
            "name": line._get_description(item.currency_id),
            "quantity": 1,
            "price_unit": charge["amount"],
        }
        if not product.sudo().taxes_id._filter_taxes_by_company(branch):
            values["tax_ids"] = [fields.Command.clear()]
        if account := branch._get_collection_fee_account(product):
            values["account_id"] = account.id
        return values

    def _send(self):
        """Let Odoo send the fee invoices, in the background; those that cannot be sent
        by e-mail are somebody's to print."""
        for fee in self:
            if not fee.move_id.partner_id.email:
                fee._ask(
                    self.env._("Send the fee invoice"),
                    self.env._(
                        "%(customer)s has no e-mail address. Print the fee invoice "
                        "%(fee)s and send it.",
                        customer=fee.partner_id.display_name,
                        fee=fee.name,
                    ),
                )
                continue
            # As Odoo's own batch sending does.
            fee.move_id.sending_data = {
                "author_user_id": self.env.uid,
                "author_partner_id": self.env.user.partner_id.id,
            }
            self.env.ref("account.ir_cron_account_move_send").sudo()._trigger()

    # === HELPERS === #

    def _get_case(self, company, partner):
        """The last case of a customer, whoever may see it, which is open if any is."""
        return (
            self.env["account.collection.case"]
            .sudo()
            .search(
                [("company_id", "=", company.id), ("partner_id", "=", partner.id)],
                order="date_closed DESC NULLS FIRST, id DESC",
                limit=1,
            )
        )

    def _tell_case(self):
        """Note in the customer's case what was charged."""
        case = self._get_case(self.company_id, self.partner_id)
        if case.state in ("open", "handed_over"):
            told = self.env._(
                "Late fee %(fee)s: %(amount)s for %(invoices)s.",
                fee=self.name,
                amount=self.currency_id.format(self.amount),
                invoices=", ".join(self.line_ids.late_move_id.mapped("name")),
            )
            if any(self.line_ids.mapped("is_provisional")):
                told += " " + self.env._(
                    "The reference rate is provisional: the last one that was entered."
                )
            case.message_post(body=told)

    def _ask(self, summary, note):
        """Ask whoever looks after the customer to do something, once."""
        self._ask_about(self.company_id, self.partner_id, summary, note)

    @api.model
    def _ask_about(self, company, partner, summary, note):
        """Ask whoever looks after a customer to do something about late fees, once; of
        several reasons the last one is told.

        :param company: the root company (`res.company`)
        :param partner: the commercial partner (`res.partner`)
        :param str summary: what to do
        :param str note: why
        """
        case = self._get_case(company, partner)
        record = case
        if not case:
            # Everybody in the company reads what lies on a customer.
            record = partner._get_fee_policy(company).sudo() or partner.sudo()
            summary = f"{summary} ({partner.display_name})"
        # Names of customers and words of Odoo's are no markup.
        note = plaintext2html(note)
        asked = record.activity_ids.filtered(
            lambda activity: activity.summary == summary
        )
        if asked:
            asked.filtered(lambda activity: activity.note != note).note = note
            return
        user = case._get_responsible(company, partner.sudo().user_id)
        record.activity_schedule(
            "mail.mail_activity_data_todo",
            date_deadline=company._get_collection_day(),
            summary=summary,
            note=note,
            user_id=user.id,
            automated=True,
        )
