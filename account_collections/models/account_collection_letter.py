from lxml import html
from markupsafe import Markup

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import get_lang, groupby

# Where the table of open items goes among the words of a template.
PLACEHOLDER_XPATH = "//*[contains(concat(' ', @class, ' '), ' o_collection_items ')]"
PLACEHOLDER = Markup('<div class="o_collection_items"></div>')
# Between the letters that are rendered at once.
SEPARATOR = Markup('<hr class="o_collection_next_letter"/>')


class AccountCollectionLetter(models.AbstractModel):
    """What the customer reads: the words of a step's template, in the language of
    the address that is written to, and the table of open items, made from values.

    A letter is composed from a draft (`_prepare_draft`), so that a preview, an
    e-mail and a print are the same.
    """

    _name = "account.collection.letter"
    _description = "Dunning Letter"

    # === BUSINESS METHODS === #

    def _prepare_draft(self, line, address, channel, items, date):
        """Prepare what a letter is composed from.

        :param line: the run line (`account.collection.run.line`)
        :param address: whom to write to (`res.partner`)
        :param str channel: `email` or `letter`
        :param list items: dicts with the keys of a contact item: `line_id,
            amount_residual, amount_held`
        :param date date: the day of the letter
        :rtype: dict
        """
        return {
            "line": line,
            "partner": line.partner_id.commercial_partner_id,
            "company": line.run_id.company_id,
            "template": line.step_id.mail_template_id,
            "step": line.step_id,
            "address": address,
            "lang": self._get_lang(address, line.run_id.company_id),
            "channel": channel,
            "items": items,
            "date": date,
        }

    def _prepare_contact_draft(self, contact):
        """Prepare the draft of a contact that was made.

        :param contact: the contact (`account.collection.contact`)
        :rtype: dict
        """
        return {
            **self._prepare_draft(
                contact.run_line_id,
                contact.address_id or contact.partner_id,
                contact.channel,
                [
                    {
                        "line_id": item.line_id.id,
                        "amount_residual": item.amount_residual,
                        "amount_held": item.amount_held,
                    }
                    for item in contact.item_ids
                ],
                contact.date,
            ),
            "partner": contact.partner_id.commercial_partner_id,
            "company": contact.company_id,
            "template": contact.step_id.mail_template_id,
            "step": contact.step_id,
        }

    def _compose(self, drafts, is_preview=False):
        """Compose letters, in a number of queries that does not depend on theirs.

        :param list drafts: what to compose from, one of a run line
        :param bool is_preview: write nothing, not even what the links need
        :return: the letters and the errors in words, each by run line; a letter is
            its draft with in addition `subject` (str)`, words` (Markup, with
            `PLACEHOLDER` in it)`, table` (Markup)
        :rtype: tuple[dict, dict]
        """
        statement = self.env["account.collection.statement"]
        documents = statement._get_documents(
            {item["line_id"] for draft in drafts for item in draft["items"]}
        )
        errors = {}
        for draft in drafts:
            if error := self._get_draft_error(draft, documents):
                errors[draft["line"]] = error
        drafts = [draft for draft in drafts if draft["line"] not in errors]
        links = self._get_links(drafts, documents, is_preview)
        letters = {}
        for (lang, template), group in groupby(drafts, key=self._get_group_key):
            self.with_context(lang=lang)._compose_group(
                template, group, documents, links, letters, errors
            )
        return letters, errors

    def _check_templates(self, lines):
        """Render the text of each step once in each language, before anything leaves.

        :param lines: run lines (`account.collection.run.line`), one of each step at
            least
        :raise UserError: naming the step, the template, the language and the reason
        """
        languages = self.env["res.lang"].get_installed()
        for step, step_lines in lines.grouped("step_id").items():
            template = step.mail_template_id
            if step.channel == "call":
                continue
            if not template:
                raise UserError(
                    self.env._(
                        "The step %s has no text. Choose its template in the policy.",
                        step.name,
                    )
                )
            for lang, language in languages:
                if error := self._get_template_error(template, lang, step_lines[0]):
                    raise UserError(
                        self.env._(
                            "The text of the step %(step)s cannot be made. Correct "
                            "the template %(template)s (%(language)s), then try "
                            "again.\n\n%(error)s",
                            step=step.name,
                            template=template.name,
                            language=language,
                            error=error,
                        )
                    )

    def _get_lang(self, partner, company):
        """The language to write to an address in: its own, else its customer's, else
        the company's; always one that is installed.

        :param partner: the address (`res.partner`)
        :param company: who writes (`res.company`)
        :return: the code of the language
        :rtype: str
        """
        code = (
            partner.lang
            or partner.commercial_partner_id.lang
            or company.sudo().partner_id.lang
        )
        return get_lang(self.env, code).code

    # === HELPERS: TABLE === #

    def _get_draft_error(self, draft, documents):
        """Say why a letter cannot be composed, or nothing.

        Nobody may ever read of open items that are not their own.
        """
        if not draft["line"]:
            return self.env._("The dunning run of this letter was deleted.")
        if not draft["template"]:
            return self.env._("The step %s has no text.", draft["step"].name)
        if draft["address"].commercial_partner_id != draft["partner"]:
            return self.env._(
                "%(address)s is no longer an address of %(customer)s. Plan the run "
                "again.",
                address=draft["address"].display_name,
                customer=draft["partner"].display_name,
            )
        own = (draft["partner"].id, draft["company"].id)
        commitment = draft["line"].commitment_id
        if commitment and (commitment.partner_id.id, commitment.company_id.id) != own:
            return self.env._(
                "The agreed payment is not one of %s. Plan the run again.",
                draft["partner"].display_name,
            )
        for item in draft["items"]:
            document = documents.get(item["line_id"])
            if not document:
                return self.env._("An open item of this letter was deleted.")
            if (document["partner_id"], document["company_id"]) != own:
                return self.env._(
                    "%(invoice)s is not an open item of %(customer)s. Plan the run "
                    "again.",
                    invoice=document["name"],
                    customer=draft["partner"].display_name,
                )
        return None

    def _get_links(self, drafts, documents, is_preview):
        """Make the links that e-mails offer, all at once."""
        amounts = {
            item["line_id"]: self.env["res.currency"]
            .browse(documents[item["line_id"]]["currency_id"])
            .round(item["amount_residual"] - (item["amount_held"] or 0))
            for draft in drafts
            if draft["channel"] == "email"
            for item in draft["items"]
        }
        return self.env["account.collection.payment.link"]._get_links(
            amounts, documents, is_preview
        )

    def _get_group_key(self, draft):
        return draft["lang"], draft["template"]

    def _compose_group(self, template, drafts, documents, links, letters, errors):
        """Compose the letters that share a template and the language of the context.

        :param dict letters: takes the letters, by run line
        :param dict errors: takes the errors, by run line
        """
        texts = self._render_texts(template, [draft["line"] for draft in drafts])
        statement = self.env["account.collection.statement"]
        for draft in drafts:
            line = draft["line"]
            subject, words, error = texts[line.id]
            if error:
                errors[line] = error
                continue
            groups = statement._get_groups(
                draft["items"], documents, draft["date"], links
            )
            if line.commitment_id:
                groups.append(
                    statement._get_agreed_group(line.commitment_id, draft["date"])
                )
            if draft["channel"] == "letter":
                statement._add_words(groups)
            letters[line] = {
                **draft,
                "subject": subject,
                "words": words,
                "table": self._render_table(draft, groups, documents),
            }

    def _render_table(self, draft, groups, documents):
        """Render the table of open items in the language of the context.

        :rtype: Markup
        """
        statement = self.env["account.collection.statement"]
        own = [documents[item["line_id"]] for item in draft["items"]]
        return self.env["ir.qweb"]._render(
            f"account_collections.{draft['channel']}_items",
            {
                "groups": groups,
                "company": draft["company"].sudo(),
                "transfer_text": statement._get_transfer_text(own, draft["company"]),
            },
            minimal_qcontext=True,
        )

    def _get_body(self, letter):
        """Put the table of open items among the words.

        :rtype: Markup
        """
        return letter["words"].replace(PLACEHOLDER, letter["table"], 1)

    # === HELPERS: WORDS === #

    def _render_texts(self, template, lines):
        """Render subject and words of a template for many lines.

        All at once, which is forty times as fast as one by one; where that fails,
        one by one, to tell who fails from the others.

        :param list lines: the run lines
        :return: subject, words and error of each, by line id
        :rtype: dict[int, tuple]
        """
        # What a customer reads does not depend on the rights of who executes.
        template = template.sudo().with_context(lang=self.env.lang)
        lines = template.env["account.collection.run.line"].browse(
            [line.id for line in lines]
        )
        try:
            with self.env.cr.savepoint():
                return self._render_texts_at_once(template, lines)
        except Exception as error:
            if len(lines) == 1:
                return {lines.id: ("", Markup(), self._get_reason(error))}
        texts = {}
        for line in lines:
            texts |= self._render_texts(template, [line])
        return texts

    def _render_texts_at_once(self, template, lines):
        """Render subject and words of a template, the words as one text."""
        subjects = template._render_field("subject", lines.ids)
        source = self._get_source(template)
        if len(lines) == 1 or self._has_variables(source):
            words = [self._render_words(template, source, line) for line in lines]
        else:
            loop = '<t t-foreach="collection_lines" t-as="object">{}{}</t>'
            text = self._render_words(template, loop.format(source, SEPARATOR), lines)
            words = text.split(SEPARATOR)[:-1]
        return {
            line.id: (" ".join((subjects[line.id] or "").split()), text, None)
            for line, text in zip(lines, words, strict=True)
        }

    def _render_words(self, template, source, lines):
        """Render one source for all of the lines."""
        rendered = template._render_template_qweb(
            source,
            "account.collection.run.line",
            lines[:1].ids,
            add_context={"collection_lines": lines},
        )
        return Markup(rendered[lines[:1].id])

    def _get_source(self, template):
        """The words of a template, with one plain placeholder for the table of open
        items: where the first stands, or at the end if somebody deleted it."""
        root = html.fragment_fromstring(template.body_html or "", create_parent="div")
        first, *others = root.xpath(PLACEHOLDER_XPATH) or [html.Element("div")]
        if first.getparent() is None:
            root.append(first)
        for place in others:
            place.drop_tree()
        plain = html.fragment_fromstring(PLACEHOLDER)
        plain.tail = first.tail
        first.getparent().replace(first, plain)
        return html.tostring(root, encoding="unicode")

    def _has_variables(self, source):
        """Whether a text sets variables: QWeb would hand them on to the next letter."""
        return "t-set" in source or "t-foreach" in source

    def _get_template_error(self, template, lang, line):
        """Render a text for one line and say why it fails, or nothing."""
        texts = self.with_context(lang=lang)._render_texts(template, [line])
        return texts[line.id][2]

    def _get_reason(self, error):
        """Say in one line what went wrong, for who edits the template."""
        while error.__cause__ is not None:
            error = error.__cause__
        lines = str(error).strip().splitlines()
        return lines[0] if lines else error.__class__.__name__
