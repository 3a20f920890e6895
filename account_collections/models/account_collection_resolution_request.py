from odoo import models

from odoo.addons.base.models.ir_qweb_fields import nl2br_enclose


class AccountCollectionResolution(models.AbstractModel):
    """What the collector is asked to do about an agreement: by an activity in their
    language, which is found again by what it is about and not by its words."""

    _name = "account.collection.resolution"
    _inherit = ["account.collection.resolution"]

    # === BUSINESS METHODS === #

    def _request(self, key, record=None, **values):
        """Ask the collector to do something today.

        :param str key: what is asked for, known to `_prepare_request`
        :param record: where it is shown, on the case by default
        :param values: what differs from what `_prepare_request` says
        """
        self.ensure_one()
        user = self.case_id._get_responsible(self.company_id, self.user_id)
        asked = self.with_context(lang=user.lang)
        values = {**asked._prepare_request(key), **values}
        values["note"] = nl2br_enclose(values["note"], "p")
        # The collector may be somebody else than who books.
        (record or self.case_id or self).sudo().activity_schedule(
            date_deadline=self.company_id._get_collection_day(),
            user_id=user.id,
            automated=True,
            collection_key=key,
            collection_agreement=self._get_request_agreement(),
            **values,
        )

    def _withdraw_requests(self, key):
        """Nobody needs to do any more what was asked for.

        :param str key: what was asked for
        """
        self._get_requests(key).unlink()

    # === HELPERS === #

    def _get_requests(self, key):
        """What was asked for about these agreements, and is not done.

        :param str key: what was asked for
        :return: activities (`mail.activity`), which may be somebody else's
        """
        return (
            self.env["mail.activity"]
            .sudo()
            .search(
                [
                    (
                        "collection_agreement",
                        "in",
                        [agreement._get_request_agreement() for agreement in self],
                    ),
                    ("collection_key", "=", key),
                ]
            )
        )

    def _prepare_request(self, key):
        """Prepare what is said to whoever is asked, in their language.

        :param str key: what is asked for
        :return: the type (`act_type_xmlid`), the summary and the note, which is plain
            text, of an activity
        :rtype: dict
        """
        raise NotImplementedError(key)

    def _get_request_agreement(self):
        """How activities name this agreement."""
        self.ensure_one()
        return f"{self._name},{self.id}"
