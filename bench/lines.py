"""Fills orders and their lines, and nothing else: as many as asked for, by sets of rows, spread over two years and a half."""

from typing import Any

import psycopg

SHOP = "INSERT INTO shops (slug, name, platform, currency, timezone) VALUES ('lines', 'Lines', 'shoptet', 'CZK', 'UTC') RETURNING id"
LINES_AN_ORDER = 6
ORDERS = """
INSERT INTO orders (shop_id, id, code, status_code, counted, placed_at, local_day, items_at, currency, exchange_rate, total,
    total_without_vat, to_pay, total_shop, gross_sales, discounts, shipping, fees, tax, rounding, items, units, particulars, search,
    source_hash, content_hash, snapshot_id, snapshot_line)
SELECT %(shop)s, i, 'O' || i, 'n', true, at, at::date, at, 'CZK', 1, 100, 100, 100, 100, 100, 0, 0, 0, 0, 0, %(lines)s, %(lines)s,
       '{}', '', '', '', 1, i
FROM (SELECT i, timestamptz '2024-02-01+00' + i * interval '30 months' / %(orders)s AS at
      FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS i) AS made"""
LINES = """
INSERT INTO order_items (shop_id, order_id, line, created_at, item_type, kind, product_guid, sku, name, quantity, unit, unit_price,
    total, total_without_vat, vat_rate)
SELECT o.shop_id, o.id, line, o.items_at, CASE line WHEN 1 THEN 'shipping' ELSE 'product' END, CASE line WHEN 1 THEN 'shipping' ELSE 'goods' END,
       md5((o.id * line %% 5003)::text)::uuid::text, 'S' || o.id * line %% 5003, 'Thing number ' || o.id * line %% 5003, line, 'pcs', 121, 121 * line, 100 * line, 21
FROM orders o CROSS JOIN generate_series(1, %(lines)s::int) AS line WHERE o.shop_id = %(shop)s AND o.id BETWEEN %(first)s AND %(last)s"""
STEP = 200_000  # orders a statement


def fill(connection: psycopg.Connection[Any], orders: int, lines: int = LINES_AN_ORDER) -> int:
    """Add a shop with so many orders, numbered from 1, of so many lines each; return its number. Autocommit is expected."""
    row = connection.execute(SHOP).fetchone()
    assert row
    for first in range(1, orders + 1, STEP):
        values = {
            "shop": row[0],
            "orders": orders,
            "lines": lines,
            "first": first,
            "last": min(first + STEP - 1, orders),
        }
        with connection.transaction():
            connection.execute("SET LOCAL session_replication_role = replica")
            connection.execute(ORDERS, values)
            connection.execute(LINES, values)
    connection.execute("SELECT setval('orders_id_seq', %s)", (orders + 1,))
    connection.execute("VACUUM ANALYZE orders, order_items")
    connection.execute(
        "CHECKPOINT"
    )  # as any server does every quarter of an hour: the log's files are there to be used again
    return int(row[0])
