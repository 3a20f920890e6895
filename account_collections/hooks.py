from odoo.tools import SQL


def post_init_hook(env):
    """Give the companies that exist already the usual policy."""
    companies = env["res.company"].search([])
    companies._create_default_collection_policy()
    companies.root_id._set_default_collection_accounts()


def uninstall_hook(env):
    """Remove our records before Odoo removes what they refer to.

    Odoo takes templates, groups and demo customers away before our tables; records
    that still point to them would fill its log with errors. What is in the books stays,
    with the customers, even if it was made for a demonstration.
    """
    env.flush_all()
    env.cr.execute(
        SQL(
            """
            DELETE FROM ir_model_data
             WHERE module = 'account_collections'
               AND (model IN ('account.move', 'account.payment')
                    OR model = 'res.partner' AND res_id IN (
                        SELECT partner_id FROM account_move
                         UNION ALL
                        SELECT commercial_partner_id FROM account_move
                         UNION ALL
                        SELECT partner_shipping_id FROM account_move
                    ))
            """
        )
    )
    tables = [
        model._table
        for model in env.registry.values()
        if model._original_module == "account_collections" and model._auto
    ]
    # Those that point to others go first: in at most as many rounds as tables.
    while tables:
        referred = {
            target
            for source, target in env.execute_query(
                SQL(
                    """
                    SELECT conrelid::regclass::text, confrelid::regclass::text
                      FROM pg_constraint
                     WHERE contype = 'f' AND confdeltype != 'n'
                       AND conrelid != confrelid
                       AND conrelid::regclass::text = ANY(%s)
                    """,
                    tables,
                )
            )
        }
        free = [table for table in tables if table not in referred] or tables
        for table in free:
            env.cr.execute(SQL("DELETE FROM %s", SQL.identifier(table)))
        tables = [table for table in tables if table not in free]
    env.invalidate_all()
