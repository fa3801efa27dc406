"""A few questions that Pult asks all day, put to a restored database."""

from collections.abc import Iterator
from typing import Any

import psycopg

from shop.languages import N_

ORDERS_WITH_LINES = """
    SELECT count(*) FROM (SELECT * FROM orders WHERE deleted_at IS NULL ORDER BY placed_at DESC LIMIT 200) o
    WHERE EXISTS (SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                  WHERE i.inhparent = 'order_items'::regclass AND c.relname = to_char(o.items_at AT TIME ZONE 'UTC', '"order_items_"YYYY"q"Q'))
      AND o.items <> (SELECT count(*) FROM order_items l WHERE l.shop_id = o.shop_id AND l.order_id = o.id AND l.created_at = o.items_at)"""
SALES = """
    SELECT count(*) FROM (SELECT shop_id, sum(total_shop) AS made FROM orders WHERE deleted_at IS NULL GROUP BY 1) o
    FULL JOIN (SELECT shop_id, sum(total_sales) AS kept FROM daily_sales GROUP BY 1) d USING (shop_id)
    WHERE coalesce(o.made, 0) <> coalesce(d.kept, 0)"""
CUSTOMERS = """
    SELECT count(*) FROM (SELECT shop_id, customer_id FROM customer_metrics ORDER BY total_spent DESC LIMIT 200) m
    LEFT JOIN customers c ON c.shop_id = m.shop_id AND c.id = m.customer_id WHERE c.id IS NULL"""
QUESTIONS = {
    N_("%(count)s newest orders do not have the lines that they count."): ORDERS_WITH_LINES,
    N_("%(count)s shops’ daily sales do not add up to their orders."): SALES,
    N_("%(count)s best customers have figures and no name."): CUSTOMERS,
}


def complaints(connection: psycopg.Connection[Any]) -> Iterator[str]:
    """Yield a sentence for each question that is not answered as it must be."""
    for words, query in QUESTIONS.items():
        row = connection.execute(query.encode()).fetchone()
        if row and row[0]:
            yield words % {"count": row[0]}
