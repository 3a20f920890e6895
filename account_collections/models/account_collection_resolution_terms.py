from odoo import api, models
from odoo.exceptions import AccessError, UserError

# What is agreed: fixed as soon as it is no draft any more.
TERMS = {
    "partner_id",
    "company_id",
    "currency_id",
    "line_ids",
    "amount",
    "date_start",
    "is_replacing",
}
# Decided by the actions alone, with their own rules about who may do what.
DECIDED = {
    "name",
    "case_id",
    "state",
    "followed_state",
    "date_end",
    "date_evaluated",
}


class AccountCollectionResolutionTerms(models.AbstractModel):
    """A resolution whose terms are fixed once it is no draft any more, and whose state
    follows from its buttons alone.
    """

    _name = "account.collection.resolution.terms"
    _description = "Resolution With Fixed Terms"
    _inherit = ["account.collection.resolution"]

    _terms_fields = frozenset(TERMS)
    _decided_fields = frozenset(DECIDED)

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_not_decided(vals)
        cleared = self._without_defaults(self._decided_fields)
        return super(AccountCollectionResolutionTerms, cleared).create(vals_list)

    def write(self, vals):
        self._check_not_decided(vals)
        if self._terms_fields & vals.keys() and not self._is_moving(vals):
            self._check_terms_open()
        return super().write(vals)

    # === BUSINESS METHODS === #

    @api.model
    def _check_not_decided(self, vals):
        """Keep what the actions decide from being written by other ways.

        :param dict vals: the values to be written
        :raise AccessError: when one of them is decided by an action
        """
        if not self.env.su and self._decided_fields & vals.keys():
            raise AccessError(
                self.env._(
                    "The state and the approval of an agreement follow from its "
                    "buttons. Use them instead."
                )
            )

    def _is_moving(self, vals):
        """Whether the customer becomes part of another one, and takes its agreements
        along as they are.

        :param dict vals: the values to be written
        :rtype: bool
        """
        return self.env.su and vals.keys() == {"partner_id"}

    def _check_terms_open(self):
        """Keep what was proposed or agreed as it is. Who changes the rows of a draft
        changes the draft.

        :raise AccessError: for who may not change it
        :raise UserError: naming an agreement that is no draft
        """
        self.check_access("write")
        for resolution in self:
            if not resolution._is_draft():
                raise UserError(
                    self.env._(
                        "The terms of %s do not change any more. Make a new one "
                        "instead.",
                        resolution.name,
                    )
                )
