"""Who is who: one e-mail is one person, and a platform's customer id belongs to exactly one person."""

from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import sql

from shop.db import joined_as_sets


def resolve(
    connection: psycopg.Connection[Any], shop_id: int, snapshot_id: int, staged: sql.Identifier, plan: sql.Identifier
) -> None:
    """Make the temporary table `resolved` (line, customer_id) for the staged orders that will be written.

    The platform's customer id decides; without one, the e-mail; an order with neither has no customer. People who are
    not known yet are created, and an unknown platform id is tied to the person with the e-mail of its first order in the
    file: so the same people come of a file whether it is taken as a whole or piece by piece.
    """

    def run(query: str) -> int:
        statement = sql.SQL(query).format(staged=staged, plan=plan)
        return connection.execute(statement, {"shop": shop_id, "snapshot": snapshot_id}).rowcount

    buyers = run("""
        CREATE TEMP TABLE buyers ON COMMIT DROP AS
        SELECT s.line, s.customer_guid AS guid, s.email, s.name, s.company, s.phone, s.country, s.buyer, s.placed_at
        FROM {plan} p JOIN {staged} s USING (line)
        WHERE p.action IN ('i', 'u') AND (s.customer_guid IS NOT NULL OR s.email IS NOT NULL)""")
    run("ANALYZE buyers")
    with joined_as_sets(connection, buyers):
        tell_apart(run)
    run("ANALYZE resolved")
    run("CREATE TEMP TABLE IF NOT EXISTS new_people (id bigint, email text) ON COMMIT DROP")
    run(
        "INSERT INTO new_people SELECT id, email FROM newcomers UNION ALL SELECT id, NULL FROM strangers WHERE email IS NULL"
    )
    run("DROP TABLE buyers, newcomers, strangers")


def tell_apart(run: Callable[[str], int]) -> None:
    """Create who is new among the `buyers`, and make `resolved`."""
    run("""
        CREATE TEMP TABLE strangers ON COMMIT DROP AS
        SELECT nextval('customers_id_seq') AS id, s.* FROM (
            SELECT DISTINCT ON (b.guid) b.* FROM buyers b
            WHERE b.guid IS NOT NULL AND NOT EXISTS (SELECT 1 FROM customer_accounts a WHERE a.shop_id = %(shop)s AND a.guid = b.guid)
            ORDER BY b.guid, b.line) AS s""")
    run("""
        CREATE TEMP TABLE newcomers ON COMMIT DROP AS
        SELECT nextval('customers_id_seq') AS id, n.* FROM (
            SELECT DISTINCT ON (b.email) b.* FROM buyers b LEFT JOIN strangers s ON s.line = b.line
            WHERE b.email IS NOT NULL AND (b.guid IS NULL OR s.line IS NOT NULL)
              AND NOT EXISTS (SELECT 1 FROM customers c WHERE c.shop_id = %(shop)s AND lower(c.email) = b.email)
            ORDER BY b.email, b.line) AS n""")
    run("""
        INSERT INTO customers (shop_id, id, email, name, company, phone, country, search, snapshot_id)
        SELECT %(shop)s, id, email, name, company, phone, country, buyer, %(snapshot)s FROM newcomers
        UNION ALL
        SELECT %(shop)s, id, NULL, name, company, phone, country, buyer, %(snapshot)s
        FROM strangers WHERE email IS NULL""")
    run("""
        INSERT INTO customer_accounts (shop_id, guid, customer_id, snapshot_id)
        SELECT %(shop)s, s.guid, coalesce(c.id, s.id), %(snapshot)s
        FROM strangers s LEFT JOIN customers c ON c.shop_id = %(shop)s AND s.email IS NOT NULL AND lower(c.email) = s.email""")
    run("""
        CREATE TEMP TABLE resolved ON COMMIT DROP AS
        SELECT s.line, coalesce(a.customer_id, c.id) AS customer_id
        FROM {plan} p JOIN {staged} s USING (line)
        LEFT JOIN customer_accounts a ON a.shop_id = %(shop)s AND a.guid = s.customer_guid
        LEFT JOIN customers c ON c.shop_id = %(shop)s AND lower(c.email) = s.email
        WHERE p.action IN ('i', 'u')""")


def describe_newcomers(connection: psycopg.Connection[Any], shop_id: int, staged: sql.Identifier) -> None:
    """Give the people whom this publish has created the name, and the words to be found by, of their newest order.

    It starts from the few columns that `resolve` kept of them, not from the customers of this run: of those the planner
    knows nothing yet, and would look at every order for each.
    """
    connection.execute("ANALYZE new_people")
    found = connection.execute("SELECT count(*) FROM new_people").fetchone()
    statement = sql.SQL("""
        UPDATE customers c SET name = n.name, company = n.company, phone = n.phone, country = n.country, search = n.buyer
        FROM (SELECT DISTINCT ON (w.id) w.id, s.name, s.company, s.phone, s.country, s.buyer
              FROM new_people w JOIN orders o ON o.shop_id = %(shop)s AND o.customer_id = w.id JOIN {staged} s ON s.line = o.snapshot_line
              WHERE s.email IS NOT DISTINCT FROM w.email ORDER BY w.id, s.placed_at DESC, s.line DESC) AS n
        WHERE c.shop_id = %(shop)s AND c.id = n.id
          AND (c.name, c.company, c.phone, c.country, c.search) IS DISTINCT FROM (n.name, n.company, n.phone, n.country, n.buyer)""").format(
        staged=staged
    )
    with joined_as_sets(connection, found[0] if found else 0):
        connection.execute(statement, {"shop": shop_id})
