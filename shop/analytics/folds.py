"""Keeps the folds equal to what they fold, by what a publish takes off and adds.

Works inside the publish's transaction on two temporary tables that the publisher fills: `before` (orders as they stood,
for those about to change) and `after` (the same and the new ones as they stand now). Differences are added, never
recomputed, so that folds outlive the lines they were made of.
"""

from typing import Any

import psycopg
from psycopg import sql

from shop.orders.item_times import WITHIN, bounds

SUMS = ("items", "units", "total_sales", "gross_sales", "discounts", "shipping", "fees", "tax", "rounding")


def take_off_lines(connection: psycopg.Connection[Any], shop_id: int) -> None:
    """Collect, negated, what the lines of counted orders in `before` had brought. Runs before those lines are replaced."""
    connection.execute(
        "CREATE TEMP TABLE sold (day date, sku text, orders int, units numeric, sales numeric) ON COMMIT DROP"
    )
    connection.execute(
        sql.SQL("""
        INSERT INTO sold
        SELECT b.local_day, coalesce(i.sku, ''), -count(DISTINCT i.order_id), -sum(i.quantity),
               -sum(CASE WHEN b.exchange_rate = 1 THEN i.total_without_vat ELSE round(i.total_without_vat / b.exchange_rate, 2) END)
        FROM before b JOIN order_items i ON i.shop_id = %(shop)s AND i.order_id = b.id AND i.created_at = b.items_at
        WHERE b.counted AND i.kind = 'goods' AND {within}
        GROUP BY b.local_day, coalesce(i.sku, '')""").format(within=WITHIN),
        {"shop": shop_id, **bounds(connection, shop_id, sql.SQL("before WHERE counted"))},
    )


def add(connection: psycopg.Connection[Any], shop_id: int, new_goods: sql.Identifier) -> None:
    """Add `new_goods` (day, sku, orders, units, sales: one row each, in day order) and both order tables to the folds."""
    if connection.execute("SELECT EXISTS (SELECT 1 FROM after WHERE action = 'r')").fetchone() == (True,):
        add_revived_lines(connection, shop_id)
    source = sql.SQL("SELECT day, sku, orders, units, sales FROM {}").format(new_goods)
    if connection.execute("SELECT EXISTS (SELECT 1 FROM sold)").fetchone() == (True,):
        connection.execute("ANALYZE sold")
        source = sql.SQL(
            "SELECT day, sku, sum(orders) AS orders, sum(units) AS units, sum(sales) AS sales"
            " FROM ({} UNION ALL SELECT * FROM sold) AS x GROUP BY day, sku ORDER BY day, sku"
        ).format(source)
    fold_products(connection, shop_id, source)
    fold_days(connection, shop_id)


def add_revived_lines(connection: psycopg.Connection[Any], shop_id: int) -> None:
    """Orders that were deleted and are there again bring their stored lines back."""
    revived = sql.SQL("after WHERE action = 'r' AND counted")
    connection.execute(
        sql.SQL("""
        INSERT INTO sold
        SELECT a.local_day, coalesce(i.sku, ''), count(DISTINCT i.order_id), sum(i.quantity),
               sum(CASE WHEN o.exchange_rate = 1 THEN i.total_without_vat ELSE round(i.total_without_vat / o.exchange_rate, 2) END)
        FROM after a JOIN orders o ON o.shop_id = %(shop)s AND o.id = a.id
             JOIN order_items i ON i.shop_id = %(shop)s AND i.order_id = a.id AND i.created_at = a.items_at
        WHERE a.action = 'r' AND a.counted AND i.kind = 'goods' AND {within}
        GROUP BY a.local_day, coalesce(i.sku, '')""").format(within=WITHIN),
        {"shop": shop_id, **bounds(connection, shop_id, revived)},
    )


def fold_products(connection: psycopg.Connection[Any], shop_id: int, source: sql.Composable) -> None:
    """Add differences by day and SKU to the days and to all there ever was. New days need no look for conflicts."""

    def run(query: str) -> None:
        connection.execute(sql.SQL(query).format(source=source), {"shop": shop_id})

    run("""
        CREATE TEMP TABLE new_days ON COMMIT DROP AS
        SELECT day FROM (SELECT DISTINCT day FROM ({source}) AS x) AS s
        WHERE NOT EXISTS (SELECT 1 FROM daily_product_sales d WHERE d.shop_id = %(shop)s AND d.day = s.day)""")
    run("""
        INSERT INTO daily_product_sales (shop_id, day, sku, orders, units, sales)
        SELECT %(shop)s, s.* FROM ({source}) AS s WHERE day IN (SELECT day FROM new_days)""")
    run("""
        INSERT INTO daily_product_sales AS d (shop_id, day, sku, orders, units, sales)
        SELECT %(shop)s, s.* FROM ({source}) AS s WHERE day NOT IN (SELECT day FROM new_days)
        ON CONFLICT (shop_id, day, sku) DO UPDATE
        SET orders = d.orders + EXCLUDED.orders, units = d.units + EXCLUDED.units, sales = d.sales + EXCLUDED.sales""")
    run("""
        INSERT INTO product_metrics AS m (shop_id, sku, orders, units, sales)
        SELECT %(shop)s, sku, sum(orders), sum(units), sum(sales) FROM ({source}) AS s GROUP BY sku
        ON CONFLICT (shop_id, sku) DO UPDATE
        SET orders = m.orders + EXCLUDED.orders, units = m.units + EXCLUDED.units, sales = m.sales + EXCLUDED.sales""")
    run("""
        DELETE FROM daily_product_sales d USING (SELECT DISTINCT day, sku FROM sold WHERE orders < 0) s
        WHERE d.shop_id = %(shop)s AND d.day = s.day AND d.sku = s.sku AND d.orders = 0 AND d.units = 0 AND d.sales = 0""")


def fold_days(connection: psycopg.Connection[Any], shop_id: int) -> None:
    """Every order that is not deleted belongs to exactly one (day, status) of daily_sales."""
    columns = "items, units, total_shop, gross_sales, discounts, shipping, fees, tax, rounding"
    difference = " UNION ALL ".join(
        f"SELECT local_day, status_code, {sign}1, {', '.join(f'{sign}{name}' for name in columns.split(', '))} FROM {source} WHERE deleted_at IS NULL"  # noqa: S608 - signs and column names of our own
        for sign, source in (("-", "before"), ("+", "after"))
    )
    merged = ", ".join(f"{name} = d.{name} + EXCLUDED.{name}" for name in ("orders", *SUMS))
    sums = ", ".join(f"sum({name})" for name in ("orders", *SUMS))
    connection.execute(
        sql.SQL("""
        INSERT INTO daily_sales AS d (shop_id, day, status_code, orders, {names})
        SELECT %(shop)s, day, status_code, {sums} FROM ({difference}) AS x (day, status_code, orders, {names}) GROUP BY day, status_code
        ON CONFLICT (shop_id, day, status_code) DO UPDATE SET {merged}""").format(
            names=sql.SQL(", ".join(SUMS)),
            sums=sql.SQL(sums),
            difference=sql.SQL(difference),
            merged=sql.SQL(merged),
        ),
        {"shop": shop_id},
    )
    connection.execute(
        """DELETE FROM daily_sales d USING (SELECT DISTINCT local_day, status_code FROM before) b
           WHERE d.shop_id = %(shop)s AND d.day = b.local_day AND d.status_code = b.status_code AND d.orders = 0""",
        {"shop": shop_id},
    )
