from odoo import api, fields, models
from odoo.tools.misc import format_date


class AccountCollectionResolution(models.AbstractModel):
    _name = "account.collection.resolution"
    _inherit = ["account.collection.resolution"]

    # === HELPERS === #

    @api.model
    def _get_commitment_label(self, commitment):
        """Name an agreed payment within its agreement; each kind may say it better.

        :param commitment: the payment (`account.collection.commitment`)
        :return: the words, in the user's language, to be continued
        :rtype: str
        """
        if commitment.number_total > 1:
            return self.env._(
                "installment %(number)s of %(total)s",
                number=commitment.number,
                total=commitment.number_total,
            )
        return self.env._(
            "payment agreed for %s", format_date(self.env, commitment.date_due)
        )


class AccountCollectionPromise(models.Model):
    _name = "account.collection.promise"
    _inherit = ["account.collection.promise"]

    # === HELPERS === #

    @api.model
    def _get_commitment_label(self, commitment):
        return self.env._("promise for %s", format_date(self.env, commitment.date_due))


class AccountCollectionCommitment(models.Model):
    """How an agreed payment is spoken of."""

    _name = "account.collection.commitment"
    _inherit = ["account.collection.commitment"]

    # === FIELDS === #

    number = fields.Integer(
        compute="_compute_number", help="Its place among the payments agreed together."
    )
    number_total = fields.Integer(compute="_compute_number")
    label = fields.Char(string="Payment", compute="_compute_label")
    agreement_name = fields.Char(string="Agreed In", compute="_compute_agreement_name")

    # === COMPUTE METHODS === #

    @api.depends("res_model", "res_id", "date_due")
    def _compute_number(self):
        together = self.search(
            [
                ("res_model", "in", self.mapped("res_model")),
                ("res_id", "in", self.mapped("res_id")),
            ]
        ).grouped(lambda commitment: (commitment.res_model, commitment.res_id))
        for commitment in self:
            ids = together[commitment.res_model, commitment.res_id].ids
            commitment.number = ids.index(commitment.id) + 1
            commitment.number_total = len(ids)

    @api.depends("number", "number_total", "date_due")
    @api.depends_context("lang")
    def _compute_label(self):
        for commitment in self:
            commitment.label = self.env[commitment.res_model]._get_commitment_label(
                commitment
            )

    @api.depends("res_model", "res_id")
    def _compute_agreement_name(self):
        for model, commitments in self.grouped("res_model").items():
            # The name of what binds the customer is no secret to who sees the payment.
            documents = self.env[model].sudo().browse(commitments.mapped("res_id"))
            names = {document.id: document.name for document in documents}
            for commitment in commitments:
                commitment.agreement_name = names[commitment.res_id]

    # === ACTION METHODS === #

    def action_open_agreement(self):
        """Open what the payment was agreed in.

        :return: a window action
        :rtype: dict
        """
        return self._get_resolution()._get_records_action()

    # === HELPERS === #

    def _get_explanation(self, date):
        """Say of an agreed payment how it stands on a day.

        :param datetime.date date: the day
        :return: words in the user's language, to be continued
        :rtype: str
        """
        self.ensure_one()
        if self.date_due > date:
            return self.env._("%s due soon", self.label)
        if self.date_due == date:
            return self.env._("%s due today", self.label)
        return self.env._("%s missed", self.label)
