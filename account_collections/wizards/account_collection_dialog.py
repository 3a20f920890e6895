from odoo import api, models

from ..tools.number import check_numbers


class AccountCollectionDialog(models.AbstractModel):
    """What the forms share that show something of other records: nothing of those that
    the user may not read.

    Much of what they show is calculated whoever asks. So what they are about is checked
    as soon as it is named, before anything is calculated from it.
    """

    _name = "account.collection.dialog"
    _description = "Dialog About Other Records"

    # === CRUD METHODS === #

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        self._check_named(values)
        return values

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_named(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_named(vals)
        return super().write(vals)

    def onchange(self, values, field_names, fields_spec):
        self._check_named(values)
        return super().onchange(values, field_names, fields_spec)

    # === HELPERS === #

    @api.model
    def _check_named(self, values):
        """Refuse values that name what the user may not read.

        :param dict values: values of the form, as they are written or shown
        :raise AccessError: for a record that the user may not read
        :raise UserError: for what is no number
        """
        check_numbers(self, values)
        names = [
            name
            for name in values
            if name in self._fields and self._fields[name].type != "properties"
        ]
        self.new({name: values[name] for name in names})._check_references(names)

    def _check_references(self, names):
        """Refuse records that the user may not read.

        :param names: the fields that name them; others are left out
        :raise AccessError: for a record that the user may not read
        """
        for name in names:
            field = self._fields[name]
            if not field.relational:
                continue
            if not self.env[field.comodel_name]._transient:
                self[name]._origin.check_access("read")
            # Rows that name nothing of others are no dialogs.
            elif hasattr(rows := self[name], "_check_rows"):
                rows._check_rows()

    def _check_rows(self):
        """Refuse rows of a form that name what the user may not read."""
        named = [
            name
            for name, field in self._fields.items()
            if field.type == "many2one" and field.store and not field.compute
        ]
        for row in self:
            row._check_references(set(named) - {"wizard_id"})

    @api.model
    def _check_customers(self, partners, companies):
        """Refuse customers whose case is a colleague's.

        :param partners: the customers (`res.partner`)
        :param companies: where they owe something (`res.company`)
        :raise AccessError: for who may not see the case
        """
        # Whether there is a case does not depend on who asks.
        cases = (
            self.env["account.collection.case"]
            .sudo()
            .search(
                [
                    ("partner_id", "in", partners.commercial_partner_id.ids),
                    ("company_id", "in", companies.root_id.ids),
                    ("state", "!=", "closed"),
                ]
            )
        )
        cases.with_env(self.env).check_access("read")
