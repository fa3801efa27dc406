"""The money and the days that a staged file of orders would touch."""

from typing import Any

import psycopg
from psycopg import sql

from shop.orders.counting import counted
from shop.platforms.platform import Platform
from shop.snapshots.staging import table

LARGEST_DAYS = 10

# Each order that would change, as it stands and as it would stand; nothing on the side on which it is not there.
TOUCHED = """
    CREATE TEMP TABLE touched ON COMMIT DROP AS
    SELECT o.local_day AS day_before, o.total_shop AS total_before, o.counted AS counted_before,
           coalesce(s.local_day, o.local_day) AS day_after, coalesce(s.total_shop, o.total_shop)::numeric(14,2) AS total_after,
           st.counted AS counted_after, o.id IS NOT NULL AND o.deleted_at IS NULL AS was, true AS would_be
    FROM {plan} p LEFT JOIN {main} s ON s.line = p.line AND p.action <> 'r'
         LEFT JOIN orders o ON o.shop_id = %(shop)s AND o.id = p.stored_id AND p.action <> 'i'
         LEFT JOIN statuses st ON st.code = coalesce(s.status_code, o.status_code)
    WHERE p.action IN ('i', 'u', 'r')"""
GONE = """
    INSERT INTO touched (day_before, total_before, counted_before, was, would_be)
    SELECT o.local_day, o.total_shop, o.counted, true, false
    FROM ({missing}) m JOIN orders o ON o.shop_id = %(shop)s AND o.id = m.id"""
MONEY = """
    SELECT coalesce(sum(total_before) FILTER (WHERE was), 0)::text, coalesce(sum(total_after) FILTER (WHERE would_be), 0)::text,
           coalesce(sum(total_before) FILTER (WHERE was AND counted_before), 0)::text,
           coalesce(sum(total_after) FILTER (WHERE would_be AND counted_after), 0)::text
    FROM touched"""
DAYS = """
    CREATE TEMP TABLE days ON COMMIT DROP AS
    SELECT day, sum(before) AS before, sum(after) AS after, count(DISTINCT number) AS orders FROM (
        SELECT row_number() OVER () AS number, * FROM touched) AS t
    CROSS JOIN LATERAL (VALUES
        (CASE WHEN was THEN day_before END, CASE WHEN counted_before THEN total_before ELSE 0 END, 0),
        (CASE WHEN would_be THEN day_after END, 0, CASE WHEN counted_after THEN total_after ELSE 0 END)) AS d(day, before, after)
    WHERE day IS NOT NULL GROUP BY day"""
LARGEST = """
    SELECT day::text, orders, before::text, after::text FROM days
    ORDER BY abs(after - before) DESC, day LIMIT %(most)s"""


def money_and_days(
    connection: psycopg.Connection[Any],
    shop_id: int,
    snapshot_id: int,
    platform: Platform,
    missing: sql.Composed | None,
) -> dict[str, Any]:
    """Sum the orders that would change, in the shop's currency, as they stand and as they would."""
    main, plan = table(snapshot_id, "main"), table(snapshot_id, "plan")
    know_statuses(connection, shop_id, main, platform)
    connection.execute(sql.SQL(TOUCHED).format(plan=plan, main=main), {"shop": shop_id})
    if missing is not None:
        connection.execute(sql.SQL(GONE).format(missing=missing), {"shop": shop_id})
    connection.execute(DAYS)
    total_before, total_after, sales_before, sales_after = connection.execute(MONEY).fetchone() or ("0",) * 4
    first, last, number = connection.execute(
        "SELECT min(day)::text, max(day)::text, count(*) FROM days"
    ).fetchone() or (
        None,
        None,
        0,
    )
    largest = connection.execute(LARGEST, {"most": LARGEST_DAYS}).fetchall()
    return {
        "money": {
            "total": {"before": total_before, "after": total_after},
            "sales": {"before": sales_before, "after": sales_after},
        },
        "days": {
            "first": first,
            "last": last,
            "number": number,
            "largest": [
                {"day": day, "orders": orders, "before": before, "after": after}
                for day, orders, before, after in largest
            ],
        },
    }


def know_statuses(connection: psycopg.Connection[Any], shop_id: int, main: sql.Identifier, platform: Platform) -> None:
    """Make the temporary table `statuses`: whether each counts as a sale, also those that a publish would only then name."""
    connection.execute(
        "CREATE TEMP TABLE statuses ON COMMIT DROP AS SELECT code, counted FROM order_statuses WHERE shop_id = %s",
        (shop_id,),
    )
    unknown = connection.execute(
        sql.SQL("SELECT DISTINCT status_code FROM {} EXCEPT SELECT code FROM statuses").format(main)
    ).fetchall()
    counts = counted(shop_id, platform.name, [code for (code,) in unknown])
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO statuses VALUES (%s, %s)", list(counts.items()))
