"""Keeps the folds equal to what they fold, by what a publish takes off and adds.

Works inside the publish's transaction on two temporary tables that the publisher fills: `before` (orders as they stood,
for those about to change) and `after` (the same and the new ones as they stand now). Differences are added, never
recomputed, so that folds outlive the lines they were made of.
"""

from typing import Any

import psycopg
from psycopg import sql

SUMS = ("items", "units", "total_sales", "gross_sales", "discounts", "shipping", "fees", "tax", "rounding")


def take_off_lines(connection: psycopg.Connection[Any], shop_id: int) -> None:
    """Collect, negated, what the lines of counted orders in `before` had brought. Runs before those lines are replaced."""
    connection.execute(
        "CREATE TEMP TABLE sold (day date, sku text, orders int, units numeric, sales numeric) ON COMMIT DROP"
    )
    connection.execute(
        """
        INSERT INTO sold
        SELECT b.local_day, coalesce(i.sku, ''), -count(DISTINCT i.order_id), -sum(i.quantity),
               -sum(CASE WHEN b.exchange_rate = 1 THEN i.total_without_vat ELSE round(i.total_without_vat / b.exchange_rate, 2) END)
        FROM before b JOIN order_items i ON i.shop_id = %(shop)s AND i.order_id = b.id AND i.created_at = b.items_at
        WHERE b.counted AND i.kind = 'goods'
        GROUP BY b.local_day, coalesce(i.sku, '')""",
        {"shop": shop_id},
    )


def add(connection: psycopg.Connection[Any], shop_id: int, new_lines: sql.Composable) -> None:
    """Add `new_lines` (local_day, sku, fresh, quantity, sales: goods of counted orders) and both order tables to the folds."""
    connection.execute(
        sql.SQL("""
        INSERT INTO sold SELECT local_day, coalesce(sku, ''), count(*) FILTER (WHERE fresh), sum(quantity), sum(sales)
        FROM ({}) AS lines GROUP BY local_day, coalesce(sku, '')""").format(new_lines)
    )
    if connection.execute("SELECT EXISTS (SELECT 1 FROM after WHERE action = 'r')").fetchone() == (True,):
        add_revived_lines(connection, shop_id)
    connection.execute("ANALYZE sold")
    fold_products(connection, shop_id)
    fold_days(connection, shop_id)


def add_revived_lines(connection: psycopg.Connection[Any], shop_id: int) -> None:
    """Orders that were deleted and are there again bring their stored lines back."""
    connection.execute(
        """
        INSERT INTO sold
        SELECT a.local_day, coalesce(i.sku, ''), count(DISTINCT i.order_id), sum(i.quantity),
               sum(CASE WHEN o.exchange_rate = 1 THEN i.total_without_vat ELSE round(i.total_without_vat / o.exchange_rate, 2) END)
        FROM after a JOIN orders o ON o.shop_id = %(shop)s AND o.id = a.id
             JOIN order_items i ON i.shop_id = %(shop)s AND i.order_id = a.id AND i.created_at = a.items_at
        WHERE a.action = 'r' AND a.counted AND i.kind = 'goods'
        GROUP BY a.local_day, coalesce(i.sku, '')""",
        {"shop": shop_id},
    )


def fold_products(connection: psycopg.Connection[Any], shop_id: int) -> None:
    """Add `sold` to the days and the metrics of each SKU. Days without any row yet need no look for conflicts."""
    parameters = {"shop": shop_id}
    connection.execute(
        """
        CREATE TEMP TABLE new_days ON COMMIT DROP AS
        SELECT day FROM (SELECT DISTINCT day FROM sold) s
        WHERE NOT EXISTS (SELECT 1 FROM daily_product_sales d WHERE d.shop_id = %(shop)s AND d.day = s.day)""",
        parameters,
    )
    for days, conflict in (
        ("IN", ""),
        (
            "NOT IN",
            """ON CONFLICT (shop_id, day, sku) DO UPDATE
               SET orders = d.orders + EXCLUDED.orders, units = d.units + EXCLUDED.units, sales = d.sales + EXCLUDED.sales""",
        ),
    ):
        connection.execute(
            sql.SQL("""
            INSERT INTO daily_product_sales AS d (shop_id, day, sku, orders, units, sales)
            SELECT %(shop)s, day, sku, sum(orders), sum(units), sum(sales) FROM sold
            WHERE day {} (SELECT day FROM new_days) GROUP BY day, sku ORDER BY day, sku {}""").format(
                sql.SQL(days), sql.SQL(conflict)
            ),
            parameters,
        )
    connection.execute(
        """
        INSERT INTO product_metrics AS m (shop_id, sku, orders, units, sales)
        SELECT %(shop)s, sku, sum(orders), sum(units), sum(sales) FROM sold GROUP BY sku
        ON CONFLICT (shop_id, sku) DO UPDATE
        SET orders = m.orders + EXCLUDED.orders, units = m.units + EXCLUDED.units, sales = m.sales + EXCLUDED.sales""",
        parameters,
    )
    connection.execute(
        """DELETE FROM daily_product_sales d USING (SELECT DISTINCT day, sku FROM sold WHERE orders < 0) s
           WHERE d.shop_id = %(shop)s AND d.day = s.day AND d.sku = s.sku AND d.orders = 0 AND d.units = 0 AND d.sales = 0""",
        parameters,
    )


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
