"""The figures compared with the orders that they fold, in steps that each take a moment. Nothing is changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import text

from shop import stopping
from shop.db import db

CUSTOMERS = 5_000  # in a step
DAYS = timedelta(days=92)

OF_CUSTOMERS = text(
    """
    WITH step AS (SELECT id FROM customers WHERE shop_id = :shop AND id > :after ORDER BY id LIMIT :most),
    made AS (
        SELECT o.customer_id, count(*) AS orders, sum(o.total_shop) AS spent, min(o.placed_at) AS first, max(o.placed_at) AS last
        FROM orders o WHERE o.shop_id = :shop AND o.counted
        AND o.customer_id > :after AND o.customer_id <= (SELECT max(id) FROM step) GROUP BY 1)
    SELECT s.id, m.orders_count, m.total_spent, coalesce(made.orders, 0) AS orders, coalesce(made.spent, 0) AS spent,
           (SELECT max(id) FROM step) AS reached,
           (coalesce(m.orders_count, 0), coalesce(m.total_spent, 0), m.first_order_at, m.last_order_at)
           IS DISTINCT FROM (coalesce(made.orders, 0), coalesce(made.spent, 0), made.first, made.last) AS differs
    FROM step s
    LEFT JOIN customer_metrics m ON m.shop_id = :shop AND m.customer_id = s.id
    LEFT JOIN made ON made.customer_id = s.id"""
)
OF_DAYS = text(
    """
    SELECT day, status_code, kept.orders AS kept_orders, kept.total_sales AS kept_total, made.orders, made.total_sales FROM (
        SELECT local_day AS day, status_code, count(*) AS orders, sum(items) AS items, sum(units) AS units,
               sum(total_shop) AS total_sales, sum(gross_sales) AS gross_sales, sum(discounts) AS discounts,
               sum(shipping) AS shipping, sum(fees) AS fees, sum(tax) AS tax, sum(rounding) AS rounding
        FROM orders WHERE shop_id = :shop AND deleted_at IS NULL AND local_day >= :first AND local_day < :end GROUP BY 1, 2
    ) AS made
    FULL JOIN (SELECT * FROM daily_sales WHERE shop_id = :shop AND day >= :first AND day < :end) AS kept USING (day, status_code)
    WHERE (made.orders, made.items, made.units, made.total_sales, made.gross_sales, made.discounts, made.shipping,
           made.fees, made.tax, made.rounding)
          IS DISTINCT FROM
          (kept.orders, kept.items, kept.units, kept.total_sales, kept.gross_sales, kept.discounts, kept.shipping,
           kept.fees, kept.tax, kept.rounding)
    ORDER BY day, status_code"""
)
OF_MONTHS = text(
    """
    SELECT month, status_code, kept.orders AS kept_orders, kept.total_sales AS kept_total, made.orders, made.total_sales FROM (
        SELECT date_trunc('month', day)::date AS month, status_code, sum(orders) AS orders, sum(items) AS items, sum(units) AS units,
               sum(total_sales) AS total_sales, sum(gross_sales) AS gross_sales, sum(discounts) AS discounts,
               sum(shipping) AS shipping, sum(fees) AS fees, sum(tax) AS tax, sum(rounding) AS rounding
        FROM daily_sales WHERE shop_id = :shop GROUP BY 1, 2
    ) AS made
    FULL JOIN (SELECT * FROM monthly_sales WHERE shop_id = :shop) AS kept USING (month, status_code)
    WHERE (made.orders, made.items, made.units, made.total_sales, made.gross_sales, made.discounts, made.shipping,
           made.fees, made.tax, made.rounding)
          IS DISTINCT FROM
          (kept.orders, kept.items, kept.units, kept.total_sales, kept.gross_sales, kept.discounts, kept.shipping,
           kept.fees, kept.tax, kept.rounding)
    ORDER BY month, status_code"""
)
SPAN = text(
    """
    SELECT least((SELECT min(local_day) FROM orders WHERE shop_id = :shop), (SELECT min(day) FROM daily_sales WHERE shop_id = :shop)),
           greatest((SELECT max(local_day) FROM orders WHERE shop_id = :shop), (SELECT max(day) FROM daily_sales WHERE shop_id = :shop))"""
)


@dataclass(frozen=True)
class Difference:
    """One figure that is not what its orders add up to."""

    what: str  # customer 17; 2026-03-14, status -3
    kept: str
    made: str


def differences(shop_id: int) -> Iterator[Difference]:
    """Yield every difference of a shop. Each step is one query, and reads one moment of the database."""
    yield from of_customers(shop_id)
    yield from of_days(shop_id)
    yield from of_months(shop_id)


def of_customers(shop_id: int) -> Iterator[Difference]:
    after: int | None = 0
    while after is not None:
        rows = fresh(OF_CUSTOMERS, shop=shop_id, after=after, most=CUSTOMERS)
        after = rows[0].reached if rows else None
        for row in rows:
            if row.differs:
                kept = sums(row.orders_count, row.total_spent)
                yield Difference(f"customer {row.id}", kept, sums(row.orders, row.spent))


def of_days(shop_id: int) -> Iterator[Difference]:
    first, last = fresh(SPAN, shop=shop_id)[0]
    while first is not None and first <= last:
        end: date = first + DAYS
        for row in fresh(OF_DAYS, shop=shop_id, first=first, end=end):
            kept, made = sums(row.kept_orders, row.kept_total), sums(row.orders, row.total_sales)
            yield Difference(f"{row.day}, status {row.status_code}", kept, made)
        first = end


def of_months(shop_id: int) -> Iterator[Difference]:
    """Compare the months with their days, of all years at once: a few thousand rows."""
    for row in fresh(OF_MONTHS, shop=shop_id):
        kept, made = sums(row.kept_orders, row.kept_total), sums(row.orders, row.total_sales)
        yield Difference(f"{row.month:%Y-%m}, status {row.status_code}", kept, made)


def sums(orders: int | None, total: object) -> str:
    return "nothing" if orders is None else f"{orders} orders, {total}"


def fresh(query: Any, **values: object) -> list[Any]:
    """Ask in a transaction of its own, so that no step holds back what others clean up, and a worker may end between two."""
    stopping.check()
    db.session.rollback()
    return list(db.session.execute(query, values))
