from odoo.tools import SQL


def take_turns(records):
    """Make concurrent transactions at the same records take turns.

    A lock alone does not do: under REPEATABLE READ the second transaction goes on with
    what it saw before the first one. The write makes it fail, and Odoo tries it again.

    :param records: the records to write to, without changing them
    """
    if records:
        records.env.execute_query(
            SQL(
                "UPDATE %s SET id = id WHERE id IN %s RETURNING id",
                SQL.identifier(records._table),
                tuple(sorted(records.ids)),
            )
        )
