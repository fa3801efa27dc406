"""What is asked of the lists: every filter that the list of orders offers, with values that match much, some and little."""

from dataclasses import dataclass
from typing import Any

import psycopg

from shop.orders.lists import ORDERS

SORTS = ("-placed", "placed", "-total", "total")
Examples = dict[str, list[str]]


@dataclass(frozen=True)
class Sample:
    """An order and its customer, somewhere in the middle of the largest shop, whom lookups ask for."""

    slug: str
    order_id: int
    customer_id: int
    email: str
    name: str
    sku: str
    code: str


SAMPLE = """
SELECT s.slug, o.id, o.customer_id, o.email, o.name,
       (SELECT i.sku FROM order_items i WHERE i.shop_id = o.shop_id AND i.order_id = o.id AND i.created_at = o.items_at AND i.sku IS NOT NULL LIMIT 1),
       o.code
FROM shops s JOIN orders o ON o.shop_id = s.id
WHERE s.slug = %(slug)s AND o.customer_id IS NOT NULL AND o.deleted_at IS NULL AND o.items > 4
  AND EXISTS (SELECT 1 FROM order_items i WHERE i.shop_id = o.shop_id AND i.order_id = o.id AND i.created_at = o.items_at AND i.sku IS NOT NULL)
  AND o.id >= (SELECT (min(id) + max(id)) / 2 FROM orders WHERE shop_id = s.id)
ORDER BY o.id LIMIT %(count)s"""


def samples(connection: psycopg.Connection[Any], slug: str, count: int) -> list[Sample]:
    return [Sample(*row) for row in connection.execute(SAMPLE, {"slug": slug, "count": count})]


def examples(sample: Sample) -> Examples:
    """Return for each filter of the list the values to try. A filter that is offered and not named here is an error."""
    found = {
        "status": ["-3", "-4", "paid", "unpaid"],
        "category": ["done", "open", "returned"],
        "counted": ["yes", "no"],
        "placed": ["2025-01-01..2025-12-31", "2026-03-10"],
        "total": ["gte:100", "gte:20000", "gte:1000,lte:1100"],
        "paid": ["yes", "no", "unknown"],
        "q": [sample.name, sample.name.split()[0], sample.email],
        "sku": [sample.sku],
        "item_type": ["product", "volume-discount", "product-set"],
        "email": [sample.email],
        "customer": [str(sample.customer_id)],
        "currency": ["EUR", "CZK", "NZD"],
        "country": ["CZ", "SK", "NZ", "IS"],
        "deleted": ["only"],
    }
    missing = {known.name for known in ORDERS.filters} - found.keys()
    if missing:
        raise RuntimeError(f"The list of orders offers {', '.join(sorted(missing))}, and no value of it is measured.")
    return found
