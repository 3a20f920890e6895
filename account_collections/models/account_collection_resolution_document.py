import logging

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import get_lang

_logger = logging.getLogger(__name__)


class AccountCollectionResolutionDocument(models.AbstractModel):
    """The document of what is agreed: printed, and sent to the customer."""

    _name = "account.collection.resolution.document"
    _description = "Resolution With a Document"
    _inherit = ["account.collection.resolution"]

    # The names of its report and of the mail template that it is sent with.
    _agreement_report = None
    _agreement_template = None
    # The states in which the customer gets it, and those in which nobody does yet.
    _sent_states = ()
    _unprinted_states = ("draft",)

    # === ACTION METHODS === #

    def action_print(self):
        """Print the agreement.

        :return: an action that downloads it
        :rtype: dict
        :raise UserError: when it is not made out yet, or no PDF can be made
        """
        self.check_access("read")
        for resolution in self:
            if resolution.state in self._unprinted_states:
                raise UserError(
                    self.env._(
                        "%(name)s is %(state)s: it can be printed once it was made "
                        "out to the customer.",
                        name=resolution.name,
                        state=resolution._get_state_name(),
                    )
                )
        self.env["account.collection.letter"]._check_pdf()
        return self.env.ref(
            f"account_collections.{self._agreement_report}"
        ).report_action(self)

    def action_send(self):
        """Send the agreement to the customer once more.

        :raise UserError: when it is not made out yet, or has ended
        """
        self.check_access("write")
        for resolution in self:
            if resolution.state not in self._sent_states:
                raise UserError(
                    self.env._(
                        "%(name)s is %(state)s: there is nothing to send to the "
                        "customer.",
                        name=resolution.name,
                        state=resolution._get_state_name(),
                    )
                )
        self._send_agreement()

    # === BUSINESS METHODS === #

    def _send_agreement(self):
        """Send the agreement to the customer; without a PDF the words go alone."""
        for resolution in self:
            resolution._send_notice(
                resolution._agreement_template, resolution._make_agreement()
            )

    def _make_agreement(self):
        """Make the PDF of the agreement and keep it with the resolution.

        :return: the file (`ir.attachment`), empty if none can be made: then a message
            says why
        """
        self.ensure_one()
        attachments = self.env["ir.attachment"]
        problem = self.env["account.collection.letter"]._get_pdf_problem()
        if not problem:
            try:
                with self.env.cr.savepoint():
                    return attachments.sudo().create(self._prepare_agreement())
            except Exception as error:
                _logger.warning("%s could not be printed", self.name, exc_info=True)
                problem = str(error)
        self.message_post(
            body=self.env._("Sent without the agreement as PDF: %s", problem)
        )
        return attachments

    def _prepare_agreement(self):
        """Prepare the PDF of the agreement as an attachment of the resolution.

        :rtype: dict
        """
        report = self.env["ir.actions.report"].sudo()
        content, _type = report._render_qweb_pdf(
            f"account_collections.{self._agreement_report}", self.ids
        )
        return {
            "name": f"{self._get_agreement_name()}.pdf",
            "raw": content,
            "mimetype": "application/pdf",
            "res_model": self._name,
            "res_id": self.id,
        }

    def _get_agreement_name(self):
        """The name of the file, in the language of the customer."""
        self.ensure_one()
        env = self.with_context(lang=self._get_lang()).env
        title = env["ir.model"]._get(self._name).sudo().name
        return f"{title} {self.name.replace('/', '-')}"

    # === HELPERS === #

    def _get_lang(self):
        """The language of the customer."""
        return get_lang(self.env, self.partner_id.lang).code

    def _get_covered_amounts(self):
        """What is covered of each open item, the oldest first.

        :return: pairs of the item (`account.move.line`) and its amount
        :rtype: list[tuple]
        """
        holds = {hold.line_id: hold.amount_covered for hold in self._get_holds()}
        if not holds:
            left, holds = self._get_cover_amount(), {}
            for line, free in self._get_free_amounts().items():
                holds[line] = min(left, free)
                left -= holds[line]
        return sorted(
            ((line, amount) for line, amount in holds.items() if amount),
            key=lambda pair: (pair[0].date_maturity or pair[0].date, pair[0].id),
        )
