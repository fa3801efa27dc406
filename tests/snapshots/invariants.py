"""The database compared with itself: every fold must equal what it folds, every line must have its order."""

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

ARCHIVED = """(SELECT o.shop_id, o.id, o.local_day FROM orders o JOIN partition_archives a
    ON a.state IN ('retiring', 'retired', 'dropped') AND o.items_at >= a.starts_at AND o.items_at < a.ends_at)"""
CHECKS = {
    "daily_sales differs from the orders": """
        SELECT * FROM (
            SELECT shop_id, local_day AS day, status_code, count(*)::int AS orders, sum(items)::int AS items, sum(units) AS units,
                   sum(total_shop) AS total, sum(gross_sales) AS gross, sum(discounts) AS d, sum(shipping) AS s, sum(fees) AS f, sum(tax) AS t, sum(rounding) AS r
            FROM orders WHERE deleted_at IS NULL GROUP BY 1, 2, 3) AS made
        FULL JOIN (SELECT shop_id, day, status_code, orders, items, units, total_sales AS total, gross_sales AS gross, discounts AS d, shipping AS s,
                          fees AS f, tax AS t, rounding AS r FROM daily_sales) AS kept
        USING (shop_id, day, status_code, orders, items, units, total, gross, d, s, f, t, r)
        WHERE made.* IS NULL OR kept.* IS NULL""",
    "monthly_sales differs from the days": """
        SELECT * FROM (
            SELECT shop_id, date_trunc('month', day)::date AS month, status_code, sum(orders)::int AS orders, sum(items)::int AS items,
                   sum(units) AS units, sum(total_sales) AS total_sales, sum(gross_sales) AS gross_sales, sum(discounts) AS discounts,
                   sum(shipping) AS shipping, sum(fees) AS fees, sum(tax) AS tax, sum(rounding) AS rounding
            FROM daily_sales GROUP BY 1, 2, 3) AS made
        FULL JOIN (SELECT * FROM monthly_sales) AS kept
        USING (shop_id, month, status_code, orders, items, units, total_sales, gross_sales, discounts, shipping, fees, tax, rounding)
        WHERE made.* IS NULL OR kept.* IS NULL""",
    "daily_product_sales differs from the lines": f"""
        SELECT * FROM (
            SELECT o.shop_id, o.local_day AS day, coalesce(i.sku, '') AS sku, count(DISTINCT o.id)::int AS orders, sum(i.quantity) AS units,
                   sum(round(i.total_without_vat / o.exchange_rate, 2)) AS sales
            FROM orders o JOIN order_items i ON i.shop_id = o.shop_id AND i.order_id = o.id AND i.created_at = o.items_at
            WHERE o.counted AND i.kind = 'goods' GROUP BY 1, 2, 3) AS made
        FULL JOIN daily_product_sales AS kept USING (shop_id, day, sku, orders, units, sales)
        WHERE (made.shop_id IS NULL OR kept.shop_id IS NULL OR made.* IS NULL OR kept.* IS NULL)
        AND (shop_id, day) NOT IN (SELECT shop_id, local_day FROM {ARCHIVED} AS away)""",
    "product_metrics differs from the days": """
        SELECT m.* FROM product_metrics m
        LEFT JOIN (SELECT shop_id, sku, sum(orders) AS orders, sum(units) AS units, sum(sales) AS sales FROM daily_product_sales GROUP BY 1, 2) AS d
        USING (shop_id, sku)
        WHERE (m.orders, m.units, m.sales) IS DISTINCT FROM (coalesce(d.orders, 0), coalesce(d.units, 0), coalesce(d.sales, 0))""",
    "a variant is marked as sold against its metrics": """
        SELECT v.id FROM product_variants v WHERE v.sold <> EXISTS (
            SELECT 1 FROM product_metrics m WHERE m.shop_id = v.shop_id AND m.sku = v.sku)""",
    "customer_metrics differs from the orders": """
        SELECT c.shop_id, c.id FROM customers c
        LEFT JOIN customer_metrics m ON m.shop_id = c.shop_id AND m.customer_id = c.id
        LEFT JOIN (SELECT shop_id, customer_id, count(*) AS n, sum(total_shop) AS spent, min(placed_at) AS first, max(local_day) AS last
                   FROM orders WHERE counted GROUP BY 1, 2) AS o ON o.shop_id = c.shop_id AND o.customer_id = c.id
        WHERE (m.orders_count, m.total_spent, m.first_order_at, m.last_order_day)
              IS DISTINCT FROM (coalesce(o.n, 0)::int, coalesce(o.spent, 0), o.first, o.last)""",
    "an order's parts do not add up": """
        SELECT id FROM orders WHERE gross_sales - discounts + shipping + fees + tax + rounding <> total_shop""",
    "an order counts against its status": """
        SELECT o.id FROM orders o LEFT JOIN order_statuses s ON s.shop_id = o.shop_id AND s.code = o.status_code
        WHERE o.counted <> (s.counted AND o.deleted_at IS NULL) OR s.code IS NULL""",
    "a line stands without its order, or apart from it": """
        SELECT i.order_id FROM order_items i LEFT JOIN orders o ON o.shop_id = i.shop_id AND o.id = i.order_id AND o.items_at = i.created_at
        WHERE o.id IS NULL""",
    "an order lacks lines": f"""
        SELECT o.id FROM orders o WHERE o.items <> (
            SELECT count(*) FROM order_items i WHERE i.shop_id = o.shop_id AND i.order_id = o.id AND i.created_at = o.items_at)
        AND (o.shop_id, o.id) NOT IN (SELECT shop_id, id FROM {ARCHIVED} AS away)""",
    "an order's customer does not exist": """
        SELECT o.id FROM orders o LEFT JOIN customers c ON c.shop_id = o.shop_id AND c.id = o.customer_id
        WHERE o.customer_id IS NOT NULL AND c.id IS NULL""",
    "what was sold has no product": """
        SELECT m.sku FROM product_metrics m LEFT JOIN product_variants v ON v.shop_id = m.shop_id AND v.sku = m.sku
        WHERE m.sku <> '' AND m.orders > 0 AND v.id IS NULL""",
    "the books of a run do not balance": """
        SELECT id FROM snapshots WHERE state = 'done' AND lines <> inserted + updated + unchanged + superseded + quarantined""",
}


def broken_invariants(db: SQLAlchemy) -> list[str]:
    """Return the names of the checks that found something, with the first finding."""
    db.session.rollback()
    found = ((name, db.session.execute(text(query)).first()) for name, query in CHECKS.items())
    return [f"{name}: {tuple(row)}" for name, row in found if row is not None]
