"""Orders as a test wants them, the folds they make, and the same figures added up by hand."""

import itertools
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from sqlalchemy import select, text

from shop.customers.models import Customer
from shop.db import db
from shop.orders.models import Order, OrderItem, OrderStatus
from shop.shops.models import Shop
from tests.builders import added, an_order

NOON = time(12)
STATUSES = {  # code: name, category, counted
    "-1": ("New", "new", True),
    "-3": ("Done", "done", True),
    "-4": ("Cancelled", "cancelled", False),
}
codes = itertools.count(1)

FOLDS = """
DELETE FROM daily_sales; DELETE FROM daily_product_sales; DELETE FROM customer_metrics;
INSERT INTO daily_sales (shop_id, day, status_code, orders, items, units, total_sales, gross_sales, discounts, shipping, fees, tax, rounding)
SELECT shop_id, local_day, status_code, count(*), sum(items), sum(units), sum(total_shop), sum(gross_sales), sum(discounts),
       sum(shipping), sum(fees), sum(tax), sum(rounding)
FROM orders WHERE deleted_at IS NULL GROUP BY 1, 2, 3;
INSERT INTO daily_product_sales (shop_id, day, sku, orders, units, sales)
SELECT o.shop_id, o.local_day, coalesce(i.sku, ''), count(DISTINCT o.id), sum(i.quantity), sum(i.total_without_vat)
FROM orders o JOIN order_items i ON i.shop_id = o.shop_id AND i.order_id = o.id
WHERE o.counted AND i.kind = 'goods' GROUP BY 1, 2, 3;
INSERT INTO customer_metrics (shop_id, customer_id, orders_count, total_spent, first_order_at, last_order_at, first_order_day, last_order_day)
SELECT c.shop_id, c.id, count(o.id), coalesce(sum(o.total_shop), 0), min(o.placed_at), max(o.placed_at), min(o.local_day), max(o.local_day)
FROM customers c LEFT JOIN orders o ON o.shop_id = c.shop_id AND o.customer_id = c.id AND o.counted GROUP BY 1, 2;
"""


def know_statuses(shop: Shop) -> None:
    for code, (name, category, counted) in STATUSES.items():
        db.session.add(OrderStatus(shop_id=shop.id, code=code, name=name, category=category, counted=counted))
    db.session.commit()


def sold(
    shop: Shop,
    day: date,
    gross: str = "100.00",
    *,
    at: time = NOON,
    discounts: str = "0.00",
    shipping: str = "0.00",
    status: str = "-3",
    customer: Customer | None = None,
    **values: object,
) -> Order:
    """One order of a local day and time, with 21 % VAT on everything; its parts add up to its total."""
    placed = datetime.combine(day, at, shop.zone)
    net = Decimal(gross) - Decimal(discounts) + Decimal(shipping)
    tax = (net * Decimal("0.21")).quantize(Decimal("0.01"))
    parts = {"gross_sales": gross, "discounts": discounts, "shipping": shipping}
    return an_order(
        shop,
        f"C{next(codes)}",
        status_code=status,
        counted=STATUSES[status][2],
        placed_at=placed,
        items_at=placed,
        local_day=day,
        customer_id=customer.id if customer else None,
        total=net + tax,
        total_shop=net + tax,
        total_without_vat=net,
        tax=tax,
        **{name: Decimal(amount) for name, amount in parts.items()},
        **values,
    )


def an_item(order: Order, sku: str | None, amount: str, *, kind: str = "goods", line: int = 1) -> OrderItem:
    """One line of an order, priced without VAT."""
    return added(
        OrderItem(
            shop_id=order.shop_id,
            order_id=order.id,
            line=line,
            created_at=order.items_at,
            item_type="product",
            kind=kind,
            sku=sku,
            name=f"Thing {sku}",
            quantity=Decimal(1),
            total=Decimal(amount),
            total_without_vat=Decimal(amount),
        )
    )


def fold() -> None:
    """Make the folds anew from the orders, as many loads would have left them."""
    db.session.execute(text(FOLDS))
    db.session.commit()


def counted_orders(shops: Sequence[Shop], start: date, end: date) -> list[Order]:
    """The orders that the figures of a range are about, found without any fold."""
    ids = [shop.id for shop in shops]
    return [
        order
        for order in db.session.scalars(select(Order))
        if order.shop_id in ids and order.counted and start <= order.local_day <= end
    ]


def buyers(orders: Sequence[Order]) -> dict[tuple[int, int], list[date]]:
    """The days on which each person bought, oldest first."""
    found = defaultdict(list)
    for order in sorted(orders, key=lambda order: order.local_day):
        if order.customer_id is not None:
            found[order.shop_id, order.customer_id].append(order.local_day)
    return dict(found)


def days(start: date, end: date) -> list[date]:
    return [start + timedelta(days=i) for i in range((end - start).days + 1)]
