from odoo import api, fields, models


class AccountCollectionLetterPreview(models.TransientModel):
    """A letter as the customer would see it. Nothing is sent or written."""

    _name = "account.collection.letter.preview"
    _description = "Preview of a Letter"
    _inherit = ["account.collection.dialog"]

    # === FIELDS === #

    line_id = fields.Many2one("account.collection.run.line", readonly=True)
    subject = fields.Char(compute="_compute_letter")
    recipient = fields.Char(compute="_compute_letter")
    language = fields.Char(compute="_compute_letter")
    attachment_names = fields.Char(string="Attachments", compute="_compute_letter")
    body_html = fields.Html(string="Letter", compute="_compute_letter")
    error = fields.Char(compute="_compute_letter")

    # === COMPUTE METHODS === #

    @api.depends("line_id")
    def _compute_letter(self):
        for preview in self:
            preview.update(preview._prepare_preview())

    # === HELPERS === #

    def _prepare_preview(self):
        """Compose the letter of the line as it would be today.

        :return: values of the fields
        :rtype: dict
        """
        names = ("subject", "recipient", "language", "attachment_names", "body_html")
        values = dict.fromkeys((*names, "error"), False)
        line = self.line_id
        if not line:
            return values
        draft = line._prepare_letter_draft()
        model = self.env["account.collection.letter"]
        letters, errors = model._compose([draft], is_preview=True)
        values |= {
            "recipient": line._get_recipient_text(),
            "language": dict(self.env["res.lang"].get_installed()).get(draft["lang"]),
            "attachment_names": ", ".join(model._get_attachment_names(draft)),
            "error": errors.get(line),
        }
        if letter := letters.get(line):
            values |= {
                "subject": letter["subject"],
                "body_html": model._get_preview(letter),
            }
        return values
