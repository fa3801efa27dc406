"""Fills shops with made-up rows by SQL: as many as asked for, in seconds, the same every time. Lists are measured on them."""

from typing import Any

import psycopg

SHOPS = (
    ("bench-cz", "CZK", "Europe/Prague", 70),
    ("bench-sk", "EUR", "Europe/Bratislava", 20),
    ("bench-au", "EUR", "Pacific/Auckland", 10),
)
ADD_SHOP = """
INSERT INTO shops (slug, name, platform, currency, timezone) VALUES (%s, %s, 'shoptet', %s, %s) RETURNING id"""
STATUSES = """
INSERT INTO order_statuses (shop_id, code, name, category, counted)
VALUES (%(shop)s, 'n', 'New', 'new', true), (%(shop)s, 'p', 'Packed', 'open', true), (%(shop)s, 'd', 'Delivered', 'done', true),
       (%(shop)s, 'c', 'Cancelled', 'cancelled', false), (%(shop)s, 'r', 'Returned', 'returned', true)"""
CUSTOMERS = """
INSERT INTO customers (shop_id, email, name, registered, created_at, search)
SELECT %(shop)s, email, initcap(first || ' ' || last), i %% 3 > 0,
       CASE WHEN i %% 3 > 0 THEN timestamptz '2022-01-01' + i * interval '3 years' / %(customers)s END,
       array_to_tsvector(ARRAY[email, first, last])
FROM (SELECT i, 'first' || i %% 97 AS first, 'last' || i %% 1009 AS last, 'buyer' || i || '@example.com' AS email
      FROM generate_series(1, %(customers)s) AS i) AS made"""
PRODUCTS = """
INSERT INTO products (shop_id, guid, type, name, sku, brand, search)
SELECT %(shop)s, 'g' || i, 'product', 'Thing ' || md5(i::text), 's' || i, 'Brand ' || i %% 50,
       array_to_tsvector(ARRAY['thing', md5(i::text), 'brand', (i %% 50)::text, 's' || i, '#s' || i])
FROM generate_series(1, %(products)s) AS i"""
VARIANTS = """
INSERT INTO product_variants (shop_id, product_id, sku, stock, price, currency)
SELECT shop_id, id, sku, id %% 90, id %% 4000, 'CZK' FROM products WHERE shop_id = %(shop)s"""
ORDERS = """
INSERT INTO orders (shop_id, code, status_code, counted, placed_at, local_day, items_at, changed_at, deleted_at, customer_id, email,
    name, country, currency, exchange_rate, total, total_without_vat, to_pay, paid, total_shop, gross_sales, discounts, shipping, fees,
    tax, rounding, items, units, particulars, search, source_hash, content_hash, snapshot_id, snapshot_line)
SELECT %(shop)s, 'O' || i, status, status <> 'c' AND deleted_at IS NULL, at, (at AT TIME ZONE %(zone)s)::date, at, at, deleted_at,
       CASE WHEN who > 0 THEN %(first_customer)s + who - 1 END, email, NULL, country, currency, 1, amount, amount, 0, paid, amount,
       amount, 0, 0, 0, 0, 0, 4, 4, '{}',
       array_to_tsvector(ARRAY['o' || i, email, 'first' || who %% 97, 'last' || who %% 1009, '%%product', '%%shipping', '#s' || sku1, '#s' || sku2,
                               '~' || lower(country), '$' || lower(currency), '=' || CASE WHEN paid THEN 'yes' WHEN NOT paid THEN 'no' ELSE 'unknown' END]),
       '', '', 1, i
FROM (SELECT i, timestamptz '2022-01-01' + (i * interval '3 years' / %(orders)s) + random() * interval '5 hours' AS at,
             CASE WHEN luck < 0.1 THEN 'c' WHEN luck < 0.12 THEN 'r' WHEN i > %(orders)s * 0.99 THEN 'n' WHEN luck < 0.15 THEN 'p' ELSE 'd' END AS status,
             CASE WHEN luck < 0.1 THEN 0 ELSE round((20 * exp(5 * luck))::numeric, 2) END AS amount,
             who, 'buyer' || who || '@example.com' AS email, i %% 1000 = 7 AS is_deleted,
             CASE WHEN i %% 5000 = 1 THEN 'IS' WHEN i %% 10 = 0 THEN 'SK' ELSE 'CZ' END AS country,
             CASE WHEN i %% 10 = 0 THEN 'EUR' ELSE 'CZK' END AS currency,
             CASE WHEN i %% 200 = 0 THEN NULL ELSE luck > 0.03 END AS paid,
             1 + (%(products)s * power(random(), 3))::int AS sku1, 1 + (%(products)s * power(random(), 3))::int AS sku2
      FROM (SELECT i, random() AS luck, (%(customers)s * power(random(), 2))::int AS who FROM generate_series(1, %(orders)s) AS i) AS drawn) AS made,
     LATERAL (SELECT CASE WHEN is_deleted THEN at END AS deleted_at) AS fate"""
DAILY_SALES = """
INSERT INTO daily_sales (shop_id, day, status_code, orders, items, units, total_sales, gross_sales, discounts, shipping, fees, tax, rounding)
SELECT shop_id, local_day, status_code, count(*), sum(items), sum(units), sum(total_shop), sum(total_shop), 0, 0, 0, 0, 0
FROM orders WHERE shop_id = %(shop)s AND deleted_at IS NULL GROUP BY shop_id, local_day, status_code"""
FOLDS = (
    """
INSERT INTO customer_metrics (shop_id, customer_id, orders_count, total_spent, first_order_at, last_order_at, first_order_day, last_order_day)
SELECT c.shop_id, c.id, count(o.id), coalesce(sum(o.total_shop), 0), min(o.placed_at), max(o.placed_at), min(o.local_day), max(o.local_day)
FROM customers c LEFT JOIN orders o ON o.shop_id = c.shop_id AND o.customer_id = c.id AND o.counted
WHERE c.shop_id = %(shop)s GROUP BY c.shop_id, c.id""",
    DAILY_SALES,
    """
INSERT INTO product_metrics (shop_id, sku, orders, units, sales)
SELECT shop_id, sku, 1 + id %% 300, 1 + id %% 500, round((10 * exp(id %% 1000 / 100.0))::numeric, 2)
FROM product_variants WHERE shop_id = %(shop)s AND id %% 10 > 0""",
)


def fill(connection: psycopg.Connection[Any], orders: int) -> list[str]:
    """Add three shops of different size and zone with so many orders in all; return their slugs. Commits."""
    connection.execute("SELECT setseed(0.25)")
    for slug, currency, zone, share in SHOPS:
        fill_shop(connection, slug, currency, zone, orders * share // 100)
    connection.commit()
    connection.autocommit = True
    connection.execute("VACUUM ANALYZE")
    connection.autocommit = False
    return [slug for slug, *_ in SHOPS]


def fill_shop(connection: psycopg.Connection[Any], slug: str, currency: str, zone: str, orders: int) -> None:
    row = connection.execute(ADD_SHOP, (slug, slug, currency, zone)).fetchone()
    assert row is not None
    made = {"shop": row[0], "zone": zone, "orders": orders, "customers": orders // 2 + 1, "products": orders // 3 + 10}
    for statement in (STATUSES, CUSTOMERS, PRODUCTS, VARIANTS):
        connection.execute(statement, made)
    first = connection.execute("SELECT min(id) FROM customers WHERE shop_id = %(shop)s", made).fetchone()
    assert first is not None
    for statement in (ORDERS, *FOLDS):
        connection.execute(statement, made | {"first_customer": first[0]})
