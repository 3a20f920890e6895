"""A ledger of many customers and open items, made by SQL in seconds.

The spread is that of a middling company: some ten open items a customer, due from
60 days ahead to 200 days ago. One customer in four is never late; one in ten pays in
another currency, one in ten in two; one in twenty has an invoicing contact, one in
twenty a policy of their own, one in ten no e-mail address. Three items in a hundred
are credit notes, three are held, one in 200 is blocked, one in ten is paid in part.
Each invoice has its line of revenue, so that half of the ledger is no receivable.
"""

from odoo.tools import SQL

# The tables that are filled, with what slows down filling them.
FILLED = ("res_partner", "account_move", "account_move_line")


def fill(env, company, date, items, items_per_customer=10):
    """Add customers and open items to a database that is thrown away afterwards.

    :param env: an Odoo environment, as superuser
    :param company: the company (`res.company`) that is owed the money
    :param date date: the day that due dates are counted from
    :param int items: how many open items
    :param int items_per_customer: how many of them each customer has
    """
    customers = max(items // items_per_customer, 1)
    values = _get_values(env, company, date, items, customers)
    env.flush_all()
    indexes = _drop_checks(env) if items > 20_000 else []
    for query in (_CUSTOMERS, _CONTACTS, _MOVES, _RECEIVABLES, _REVENUES, _HOLDS):
        env.cr.execute(SQL(query, **values))
    for table in ("res_partner", "account_move"):
        env.cr.execute(
            SQL(
                "SELECT SETVAL(%s, MAX(id)) FROM %s",
                f"{table}_id_seq",
                SQL.identifier(table),
            )
        )
    for index in indexes:
        env.cr.execute(index)
    env.cr.commit()
    env.invalidate_all()
    vacuum(env)


def vacuum(env, *tables):
    """Leave the tables as the database's own upkeep would: vacuumed and analysed.

    :param tables: their names, or all
    """
    env.cr.commit()
    connection = env.cr._cnx
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"VACUUM ANALYZE {', '.join(tables)}")
    finally:
        connection.autocommit = False


def _drop_checks(env):
    """Drop the indexes and foreign keys of the tables to be filled.

    The foreign keys stay away: no bench writes to these tables afterwards.

    :return: the statements that make the indexes again
    :rtype: list[str]
    """
    env.cr.execute(
        """
        SELECT FORMAT('ALTER TABLE %%s DROP CONSTRAINT %%I',
                      conrelid::regclass, conname)
          FROM pg_constraint
         WHERE contype = 'f' AND conrelid::regclass::text IN %s
        """,
        [FILLED],
    )
    for (statement,) in env.cr.fetchall():
        env.cr.execute(statement)
    env.cr.execute(
        """
        SELECT FORMAT('DROP INDEX %%s', indexrelid::regclass),
               pg_get_indexdef(indexrelid)
          FROM pg_index
         WHERE indrelid::regclass::text IN %s AND NOT indisprimary
           AND NOT EXISTS (
               SELECT FROM pg_constraint WHERE conindid = indexrelid
           )
        """,
        [FILLED],
    )
    rows = env.cr.fetchall()
    for statement, _definition in rows:
        env.cr.execute(statement)
    return [definition for _statement, definition in rows]


def _get_values(env, company, date, items, customers):
    """Look up what the queries refer to."""
    currencies = _get_currencies(env, company, date)
    own_policy = company.collection_policy_id.copy({"name": "Bench"})

    def account(kind):
        return env["account.account"].search(
            [("account_type", "=", kind), ("company_ids", "in", company.ids)], limit=1
        )

    last_id = {}
    for table in ("res_partner", "account_move"):
        env.cr.execute(
            SQL("SELECT COALESCE(MAX(id), 0) FROM %s", SQL.identifier(table))
        )
        (last_id[table],) = env.cr.fetchone()
    return {
        "items": items,
        "customers": customers,
        "date": date,
        "company": company.id,
        "home": company.currency_id.id,
        "second": currencies[0].id,
        "third": currencies[1].id,
        "journal": env["account.journal"]
        .search([("type", "=", "sale"), ("company_id", "=", company.id)], limit=1)
        .id,
        "receivable": account("asset_receivable").id,
        "revenue": account("income").id,
        "country": env.ref("base.us").id,
        "policy": own_policy.id,
        "first_partner": last_id["res_partner"],
        "first_move": last_id["account_move"],
    }


def _get_currencies(env, company, date):
    """Two currencies that are not the company's, with rates."""
    currencies = (
        env["res.currency"]
        .with_context(active_test=False)
        .search(
            [
                ("name", "in", ("EUR", "GBP", "USD")),
                ("id", "!=", company.currency_id.id),
            ],
            order="name",
            limit=2,
        )
    )
    currencies.active = True
    for currency, rate in zip(currencies, (0.9, 0.8), strict=True):
        currency.rate_ids.filtered(lambda rate: rate.name == date).unlink()
        currency.rate_ids = [(0, 0, {"name": date, "rate": rate})]
    return currencies


# Customers are numbered from 1 behind the partners that were there, their contacts
# follow them; moves likewise, in the order of the items.

_CUSTOMERS = """
    INSERT INTO res_partner (
        id, name, complete_name, commercial_partner_id, is_company, active, type, lang,
        street, city, country_id, email, email_normalized, collection_policy_id,
        customer_rank, autopost_bills, create_date, write_date
    )
    SELECT %(first_partner)s + c, 'Customer ' || c, 'Customer ' || c,
           %(first_partner)s + c, TRUE, TRUE, 'contact', 'en_US',
           c || ' Main Street', 'Springfield', %(country)s, mail, mail,
           CASE WHEN c %% 20 = 3
               THEN JSONB_BUILD_OBJECT(%(company)s::text, %(policy)s) END,
           1, 'ask', NOW(), NOW()
      FROM GENERATE_SERIES(1, %(customers)s) c
     CROSS JOIN LATERAL (
        SELECT CASE WHEN c %% 10 != 7 THEN 'customer' || c || '@example.com' END
     ) address (mail)
"""

_CONTACTS = """
    INSERT INTO res_partner (
        id, name, complete_name, parent_id, commercial_partner_id, is_company, active,
        type, lang, email, email_normalized, autopost_bills, create_date, write_date
    )
    SELECT %(first_partner)s + %(customers)s + c, 'Accounts', 'Accounts',
           %(first_partner)s + c, %(first_partner)s + c, FALSE, TRUE, 'invoice',
           'en_US', mail, mail, 'ask', NOW(), NOW()
      FROM GENERATE_SERIES(1, %(customers)s) c
     CROSS JOIN LATERAL (
        SELECT 'accounts' || c || '@example.com'
     ) address (mail)
     WHERE c %% 20 = 11
"""

# A credit note has a negative sign. The amount keeps to cents.
_MOVES = """
    INSERT INTO account_move (
        id, name, sequence_prefix, sequence_number, journal_id, company_id, state,
        move_type, auto_post, payment_state, partner_id, commercial_partner_id,
        currency_id, date, invoice_date, invoice_date_due, amount_untaxed, amount_total,
        amount_residual, amount_untaxed_signed, amount_total_signed,
        amount_residual_signed, amount_total_in_currency_signed, invoice_currency_rate,
        create_date, write_date
    )
    SELECT %(first_move)s + i, 'BENCH/' || LPAD(i::text, 8, '0'), 'BENCH/', i,
           %(journal)s, %(company)s, 'posted',
           CASE WHEN sign > 0 THEN 'out_invoice' ELSE 'out_refund' END, 'no',
           CASE WHEN i %% 200 = 17 THEN 'blocked' WHEN open < 1 THEN 'partial'
                ELSE 'not_paid' END,
           %(first_partner)s + c
               + CASE WHEN c %% 20 = 11 THEN %(customers)s ELSE 0 END,
           %(first_partner)s + c, currency_id, due - 30, due - 30, due,
           amount, amount, amount * open, sign * amount / rate, sign * amount / rate,
           sign * amount * open / rate, sign * amount, rate, NOW(), NOW()
      FROM GENERATE_SERIES(1, %(items)s) i
     CROSS JOIN LATERAL (
        SELECT 1 + i %% %(customers)s,
               CASE WHEN i %% %(customers)s %% 4 = 1
                    THEN %(date)s + ((i * 7919::bigint) %% 61)::int
                    ELSE %(date)s + 60 - ((i * 7919::bigint) %% 261)::int END,
               ROUND(20 + (i * 104729::bigint) %% 300000 / 100.0, 2),
               CASE WHEN i %% 10 = 4 THEN 0.5 ELSE 1 END,
               CASE WHEN (i * 31::bigint) %% 100 < 3 THEN -1 ELSE 1 END
     ) item (c, due, amount, open, sign)
     CROSS JOIN LATERAL (
        SELECT CASE WHEN c %% 10 = 2 THEN %(second)s
                    WHEN c %% 10 = 5 AND i %% 3 = 0 THEN %(third)s
                    ELSE %(home)s END,
               CASE WHEN c %% 10 = 2 THEN 0.9
                    WHEN c %% 10 = 5 AND i %% 3 = 0 THEN 0.8
                    ELSE 1 END
     ) currency (currency_id, rate)
"""

_RECEIVABLES = """
    INSERT INTO account_move_line (
        move_id, move_name, journal_id, company_id, company_currency_id, account_id,
        currency_id, partner_id, parent_state, display_type, name, sequence, date,
        invoice_date, date_maturity, debit, credit, balance, amount_currency,
        amount_residual, amount_residual_currency, reconciled, no_followup,
        create_date, write_date
    )
    SELECT id, name, journal_id, company_id, %(home)s, %(receivable)s, currency_id,
           partner_id, state, 'payment_term', name, 12000, date, invoice_date,
           invoice_date_due, GREATEST(amount_total_signed, 0),
           GREATEST(-amount_total_signed, 0), amount_total_signed,
           amount_total_in_currency_signed, amount_residual_signed,
           SIGN(amount_total_signed) * amount_residual, FALSE, FALSE, NOW(), NOW()
      FROM account_move
     WHERE id > %(first_move)s
     ORDER BY id
"""

_REVENUES = """
    INSERT INTO account_move_line (
        move_id, move_name, journal_id, company_id, company_currency_id, account_id,
        currency_id, partner_id, parent_state, display_type, name, sequence, date,
        invoice_date, debit, credit, balance, amount_currency, amount_residual,
        amount_residual_currency, quantity, price_unit, reconciled, create_date,
        write_date
    )
    SELECT id, name, journal_id, company_id, %(home)s, %(revenue)s, currency_id,
           partner_id, state, 'product', 'Consulting', 100, date, invoice_date,
           GREATEST(-amount_total_signed, 0), GREATEST(amount_total_signed, 0),
           -amount_total_signed, -amount_total_in_currency_signed, 0, 0, 1,
           amount_total, FALSE, NOW(), NOW()
      FROM account_move
     WHERE id > %(first_move)s
     ORDER BY id
"""

_HOLDS = """
    INSERT INTO account_collection_hold (
        line_id, partner_id, company_id, currency_id, amount, date_start, date_end,
        reason, active, create_date, write_date
    )
    SELECT line.id, partner.commercial_partner_id, %(company)s, line.currency_id,
           line.amount_residual_currency, %(date)s - 10, %(date)s + 20, 'manual', TRUE,
           NOW(), NOW()
      FROM account_move_line line
      JOIN res_partner partner ON partner.id = line.partner_id
     WHERE line.move_id > %(first_move)s AND line.account_id = %(receivable)s
       AND line.move_id %% 33 = 5 AND line.amount_residual > 0
"""
