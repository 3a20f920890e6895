import hashlib
import json

from odoo import fields, models
from odoo.exceptions import UserError

from .account_collection_resolution_terms import DECIDED as DECIDED_TERMS
from .account_collection_resolution_terms import TERMS

# Decided by the actions alone, with their own rules about who may do what.
DECIDED = DECIDED_TERMS | {
    "limits_exceeded",
    "accepted_by",
    "date_accepted",
    "accepted_terms",
    "accepted_hash",
}


class AccountCollectionResolutionAcceptance(models.AbstractModel):
    """A resolution whose terms are fixed, approved and accepted.

    A kind sets the attributes below, overrides `_prepare_terms`, `_get_limits_exceeded`
    and `_on_accepted`, and has a document.
    """

    _name = "account.collection.resolution.acceptance"
    _description = "Resolution That Is Accepted"
    _inherit = [
        "account.collection.resolution.terms",
        "account.collection.resolution.document",
    ]

    _terms_fields = frozenset(TERMS)
    _decided_fields = frozenset(DECIDED)
    # The states in which the customer can accept.
    _acceptable_states = ()

    # === FIELDS === #

    limits_exceeded = fields.Text(
        string="Beyond the Policy",
        readonly=True,
        copy=False,
        help="Which limits of the policy it exceeded when it was proposed.",
    )
    accepted_by = fields.Char(
        readonly=True, copy=False, help="Who accepted it, at the customer's."
    )
    date_accepted = fields.Datetime(string="Accepted On", readonly=True, copy=False)
    accepted_terms = fields.Text(
        readonly=True, copy=False, help="The terms as they were accepted."
    )
    accepted_hash = fields.Char(
        string="Fingerprint",
        readonly=True,
        copy=False,
        help="SHA-256 of the terms that were accepted. Any change would show.",
    )

    # === ACTION METHODS === #

    def action_accept(self, name):
        """Record that the customer accepts the terms as they stand.

        :param str name: who accepts, at the customer's
        :raise UserError: when nothing is proposed, or it was accepted before
        """
        for resolution in self:
            resolution._lock_in(resolution._acceptable_states)
            if resolution.date_accepted:
                raise UserError(
                    self.env._(
                        "%(resolution)s was accepted by %(name)s already.",
                        resolution=resolution.name,
                        name=resolution.accepted_by,
                    )
                )
            if not isinstance(name, str) or not name.strip():
                raise UserError(self.env._("Enter the name of who accepts."))
            resolution._check_acceptable()
            resolution._record_acceptance(name.strip())

    # === BUSINESS METHODS === #

    def _record_acceptance(self, name):
        """Keep who accepted which terms, and do what follows from it.

        :param str name: who accepted, at the customer's
        """
        self.ensure_one()
        terms = self._get_terms_text()
        # Recorded here alone, with the terms as they stand.
        self.sudo().write(
            {
                "accepted_by": name,
                "date_accepted": fields.Datetime.now(),
                "accepted_terms": terms,
                "accepted_hash": self._get_hash(terms),
            }
        )
        self.message_post(body=self.env._("The terms were accepted by %s.", name))
        self._on_accepted()

    def _check_acceptable(self):
        """Refuse an acceptance that comes at the wrong time; each kind has its rules.

        :raise UserError: saying why
        """
        self.ensure_one()

    def _on_accepted(self):
        """Do what follows from the customer's acceptance."""
        self.ensure_one()

    def _check_approval(self):
        """See that who puts it into force may do so.

        :raise UserError: when it is beyond the policy and the user is no manager
        """
        self.ensure_one()
        if self.limits_exceeded and not self._is_manager():
            raise UserError(
                self.env._(
                    "%(resolution)s is beyond the policy: %(problems)s\nAsk a manager "
                    "to approve it.",
                    resolution=self.name,
                    problems=self.limits_exceeded,
                )
            )

    def _get_limits_exceeded(self, today):
        """Say in words which limits of the policy it exceeds.

        :param datetime.date today: the company's day
        :rtype: list[str]
        """
        return []

    def _prepare_terms(self):
        """List what the customer agrees to: all of it, and nothing that may change.

        :return: values that JSON knows; amounts and dates as text
        :rtype: dict
        """
        self.ensure_one()
        return {
            "customer": self.partner_id.id,
            "company": self.company_id.id,
            "currency": self.currency_id.name,
            "amount": self._get_amount_text(self.amount),
            "agreed_on": self.date_start.isoformat(),
            "items": [
                [line.move_id.name, line.id]
                for line in self.sudo().line_ids.sorted("id")
            ],
        }

    # === HELPERS === #

    def _get_amount_text(self, amount):
        """An amount with the places of the currency, whatever the language."""
        return f"{amount:.{self.currency_id.decimal_places}f}"

    def _get_terms_text(self):
        """Write down the terms in one way only, so that they can be compared.

        :return: JSON with sorted keys; amounts as text, dates as ISO 8601
        :rtype: str
        """
        return json.dumps(self._prepare_terms(), sort_keys=True, separators=(",", ":"))

    def _get_hash(self, text):
        """The fingerprint of a text (SHA-256, FIPS 180-4), in hexadecimal."""
        return hashlib.sha256(text.encode()).hexdigest()
