"""Decides, before a publish, what each staged line will do: insert, update, nothing, or give way."""

from typing import Any

import psycopg
from psycopg import sql

from shop.errors import ShopError
from shop.languages import gettext as _
from shop.snapshots.staging import table


class StoredMeanwhile(ShopError):
    """A row that was skipped as unchanged has been written by somebody else since; the file must be staged anew."""

    code = "stored_meanwhile"
    transient = True


# One row a staged line. Inside the file the newest change wins, then the last line; against what is stored, an older
# change gives way, the same content does nothing, and a deleted entity that is there again is written again.
PLAN = sql.SQL("""
CREATE UNLOGGED TABLE {plan} WITH (autovacuum_enabled = off) AS
WITH lines AS (
    SELECT line, {key} AS key, changed_at, source_hash, content_hash, false AS skipped{staged} FROM {main}
    UNION ALL
    SELECT line, key, changed_at, source_hash, NULL, true{unknown} FROM {seen}
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY key ORDER BY changed_at DESC NULLS LAST, line DESC) AS place FROM lines
)
SELECT ranked.line, ranked.key, stored.id AS stored_id, stored.changed_at AS stored_at, stored.source_hash AS stored_hash, {carried}
       CASE
           WHEN place > 1 THEN 's'
           WHEN stored.key IS NULL THEN CASE WHEN skipped THEN '!' ELSE 'i' END
           WHEN stored.deleted_at IS NULL AND stored.source_hash = ranked.source_hash THEN '='
           WHEN skipped AND stored.source_hash = ranked.source_hash THEN 'r'
           WHEN ranked.changed_at < stored.changed_at THEN 'o'
           WHEN skipped THEN '!'
           WHEN stored.source_hash IS NULL THEN 'i'
           WHEN stored.deleted_at IS NULL AND stored.content_hash = ranked.content_hash THEN '='
           ELSE 'u'
       END AS action
FROM ranked LEFT JOIN ({stored}) AS stored ON stored.key = ranked.key
ORDER BY ranked.line
""")

STORED = {
    "orders": "SELECT code AS key, id, changed_at, deleted_at, source_hash, content_hash FROM orders WHERE shop_id = {shop}",
    "customers": "SELECT guid AS key, customer_id AS id, changed_at, deleted_at, source_hash, content_hash FROM customer_accounts WHERE shop_id = {shop}",
    "products": "SELECT guid AS key, id, changed_at, deleted_at, source_hash, content_hash FROM products WHERE shop_id = {shop} AND guid IS NOT NULL",
}
CARRIED = {  # staged columns that every line of an order needs, kept beside the decision
    "orders": (("placed_at", "timestamptz"), ("local_day", "date"), ("status_code", "text")),
    "customers": (),
    "products": (),
}
KEYS = {"orders": "code", "customers": "guid", "products": "guid"}
TABLES = {"orders": "orders", "customers": "customer_accounts", "products": "products"}


def plan(connection: psycopg.Connection[Any], snapshot_id: int, shop_id: int, kind: str) -> dict[str, int]:
    """Write the plan and return how many lines do what: i inserts (also where only orders had named it), u updates, r revives, = is the same, s or o gives way. `setting_aside` turns some into a."""
    main, seen, plan_table = (table(snapshot_id, name) for name in ("main", "seen", "plan"))
    for name in (main, seen, table(snapshot_id, "parts")):
        connection.execute(sql.SQL("ANALYZE {}").format(name))
    connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(plan_table))
    connection.execute(
        PLAN.format(
            plan=plan_table,
            main=main,
            seen=seen,
            carried=sql.SQL("").join(
                sql.SQL("ranked.{}, ").format(sql.Identifier(name)) for name, _type in CARRIED[kind]
            ),
            staged=sql.SQL("").join(sql.SQL(", {}").format(sql.Identifier(name)) for name, _type in CARRIED[kind]),
            unknown=sql.SQL("").join(sql.SQL(f", NULL::{type_}") for _name, type_ in CARRIED[kind]),
            key=sql.Identifier(KEYS[kind]),
            stored=sql.SQL(STORED[kind]).format(shop=sql.Literal(shop_id)),
        )
    )
    connection.execute(sql.SQL("ANALYZE {}").format(plan_table))
    counts = dict(
        connection.execute(sql.SQL("SELECT action, count(*) FROM {} GROUP BY action").format(plan_table)).fetchall()
    )
    if counts.get("!"):
        raise StoredMeanwhile(_("Some records were changed by another run while this file was being read."))
    return counts


def hold_stored(connection: psycopg.Connection[Any], snapshot_id: int, shop_id: int, kind: str) -> None:
    """Lock the rows that the publish will overwrite. Raises StoredMeanwhile if one is not what the plan compared with."""
    stale = connection.execute(
        sql.SQL("""
        WITH held AS (
            SELECT (e.changed_at, e.source_hash) IS DISTINCT FROM (p.stored_at, p.stored_hash) AS stale
            FROM {plan} p JOIN {stored} e ON e.shop_id = %s AND e.{key} = p.key WHERE p.action IN ('u', 'r') FOR UPDATE OF e)
        SELECT count(*) FILTER (WHERE stale) FROM held""").format(
            plan=table(snapshot_id, "plan"), stored=sql.Identifier(TABLES[kind]), key=sql.Identifier(KEYS[kind])
        ),
        (shop_id,),
    ).fetchone()
    if stale != (0,):
        raise StoredMeanwhile(_("Some records were changed by somebody else while this file was being read."))
