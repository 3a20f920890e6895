from odoo import fields, models
from odoo.exceptions import UserError


class ResCompany(models.Model):
    """Where barters are booked."""

    _name = "res.company"
    _inherit = ["res.company"]

    # === FIELDS === #

    collection_barter_account_id = fields.Many2one(
        "account.account",
        string="Barter Clearing Account",
        check_company=True,
        domain=[
            ("reconcile", "=", True),
            ("account_type", "in", ("asset_current", "liability_current")),
        ],
        groups="account_collections.group_collection_own",
        help="What a customer gives is set off against what they owe by way of this "
        "account, which is always at zero. It is made when it is needed first.",
    )
    collection_barter_journal_id = fields.Many2one(
        "account.journal",
        string="Barter Journal",
        check_company=True,
        domain=[("type", "=", "general")],
        groups="account_collections.group_collection_own",
        help="Where bills of barters are set off. Without one, the first journal for "
        "miscellaneous entries.",
    )

    # === BUSINESS METHODS === #

    def _get_collection_barter_account(self):
        """The clearing account of barters; it is created if the chart has none.

        :return: an `account.account`
        """
        self.ensure_one()
        # Whoever settles a barter need not be allowed to set up accounts, nor to see
        # the settings.
        company = self.sudo()
        if not company.collection_barter_account_id:
            company.collection_barter_account_id = (
                company.env["account.account"]
                .with_company(company)
                .create(self._prepare_collection_barter_account())
            )
        return company.collection_barter_account_id.sudo(self.env.su)

    def _prepare_collection_barter_account(self):
        """Prepare the clearing account of barters, next to the one for transfers.

        :return: values of an `account.account`
        :rtype: dict
        """
        accounts = self.env["account.account"].sudo().with_company(self)
        near = self.sudo().transfer_account_id.with_company(self).code
        return {
            "name": self.env._("Barter Clearing"),
            "code": accounts._search_new_account_code(near or "101700"),
            "account_type": "asset_current",
            "reconcile": True,
            "company_ids": [fields.Command.set(self.ids)],
        }

    def _get_collection_barter_journal(self):
        """The journal in which bills of barters are set off.

        :return: an `account.journal`
        :raise UserError: when there is none
        """
        # Whoever settles a barter need not be allowed to see the settings.
        journal = self.sudo().collection_barter_journal_id.sudo(self.env.su)
        return journal or self._get_collection_journal("general")

    def _get_collection_purchase_journal(self):
        """The journal of the bills of barters.

        :return: an `account.journal`
        :raise UserError: when there is none
        """
        return self._get_collection_journal("purchase")

    # === HELPERS === #

    def _get_collection_journal(self, kind):
        """The first journal of some kind.

        :param str kind: the type of the journal
        :return: an `account.journal`
        :raise UserError: when there is none
        """
        self.ensure_one()
        journal = self._find_collection_journal(kind)
        if not journal:
            raise UserError(
                self.env._(
                    "%(company)s has no journal of the type '%(kind)s'. Ask an "
                    "administrator to add one.",
                    company=self.name,
                    kind=dict(journal._fields["type"]._description_selection(self.env))[
                        kind
                    ],
                )
            )
        return journal
