"""Products that are only known from orders, so that everything sold has a row in the list of products."""

from typing import Any

import psycopg
from psycopg import sql


def add(connection: psycopg.Connection[Any], shop_id: int, sold: sql.Identifier, lines: sql.Identifier) -> None:
    """Give each SKU in `sold` that no product has a product of its own, named as on its order lines."""
    connection.execute(
        sql.SQL("""
        CREATE TEMP TABLE unknown_skus ON COMMIT DROP AS
        SELECT sku, nextval('products_id_seq') AS id FROM (SELECT DISTINCT sku FROM {sold} WHERE sku <> '') AS s
        WHERE NOT EXISTS (SELECT 1 FROM product_variants v WHERE v.shop_id = %(shop)s AND v.sku = s.sku)""").format(
            sold=sold
        ),
        {"shop": shop_id},
    )
    connection.execute(
        sql.SQL("""
        INSERT INTO products (shop_id, id, type, name, sku, search)
        SELECT %(shop)s, u.id, 'unlisted', coalesce(n.name, u.sku), u.sku,
               to_tsvector('simple', coalesce(n.name, '')) || array_to_tsvector(ARRAY[lower(u.sku), '#' || lower(u.sku)])
        FROM unknown_skus u LEFT JOIN (SELECT sku, max(name) AS name FROM {lines} WHERE sku IN (SELECT sku FROM unknown_skus) GROUP BY sku) n USING (sku)""").format(
            lines=lines
        ),
        {"shop": shop_id},
    )
    connection.execute(
        "INSERT INTO product_variants (shop_id, product_id, sku) SELECT %s, id, sku FROM unknown_skus", (shop_id,)
    )


def remove_adopted(connection: psycopg.Connection[Any], shop_id: int) -> None:
    """A product of the catalogue has taken their SKU over: placeholders without one are done."""
    connection.execute(
        """DELETE FROM products p WHERE p.shop_id = %s AND p.guid IS NULL
           AND NOT EXISTS (SELECT 1 FROM product_variants v WHERE v.shop_id = p.shop_id AND v.product_id = p.id)""",
        (shop_id,),
    )
