"""Keeps customer_metrics equal to the counted orders of each customer that a publish touched."""

from typing import Any

import psycopg

from shop.db import joined_as_sets

REFRESH = """
    INSERT INTO customer_metrics AS m (shop_id, customer_id, orders_count, total_spent, first_order_at, last_order_at,
                                       first_order_day, last_order_day)
    SELECT %(shop)s, t.customer_id, count(o.id), coalesce(sum(o.total_shop), 0), min(o.placed_at), max(o.placed_at),
           min(o.local_day), max(o.local_day)
    FROM touched_customers t
    LEFT JOIN orders o ON o.shop_id = %(shop)s AND o.customer_id = t.customer_id AND o.counted
    GROUP BY t.customer_id
    ON CONFLICT (shop_id, customer_id) DO UPDATE
    SET orders_count = EXCLUDED.orders_count, total_spent = EXCLUDED.total_spent,
        first_order_at = EXCLUDED.first_order_at, last_order_at = EXCLUDED.last_order_at,
        first_order_day = EXCLUDED.first_order_day, last_order_day = EXCLUDED.last_order_day
    WHERE (m.orders_count, m.total_spent, m.first_order_at, m.last_order_at)
          IS DISTINCT FROM (EXCLUDED.orders_count, EXCLUDED.total_spent, EXCLUDED.first_order_at, EXCLUDED.last_order_at)"""


def refresh(connection: psycopg.Connection[Any], shop_id: int) -> None:
    """Recompute the customers of the orders in the temporary tables `before` and `after`.

    A customer without counted orders keeps a row of zeros, so that the list of customers is complete.
    """
    connection.execute(
        """
        CREATE TEMP TABLE touched_customers ON COMMIT DROP AS
        SELECT customer_id FROM before WHERE customer_id IS NOT NULL
        UNION SELECT customer_id FROM after WHERE customer_id IS NOT NULL"""
    )
    refresh_touched(connection, shop_id)


def refresh_touched(connection: psycopg.Connection[Any], shop_id: int) -> None:
    """Recompute the customers named in the temporary table `touched_customers`."""
    connection.execute("ANALYZE touched_customers")
    found = connection.execute("SELECT count(*) FROM touched_customers").fetchone()
    with joined_as_sets(connection, found[0] if found else 0):
        connection.execute(REFRESH, {"shop": shop_id})
