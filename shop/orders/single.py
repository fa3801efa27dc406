"""All of one order: itself, its lines, what changed, its place among its customer's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import func, select, tuple_

from shop.customers.models import CustomerMetrics
from shop.db import db
from shop.orders.models import Order, OrderItem, OrderRevision
from shop.products.models import ProductVariant


@dataclass(frozen=True)
class Standing:
    """Which of the customer's counted orders one is, of how many, what all of them came to, and how long after the last."""

    number: int
    count: int
    spent: Decimal
    since: timedelta | None


def order_of(shop_id: int, order_id: int) -> Order | None:
    return db.session.scalar(select(Order).where(Order.shop_id == shop_id, Order.id == order_id))


def lines_of(order: Order) -> Sequence[OrderItem]:
    """Return the order's lines. Their `created_at` is named, so that one partition is read."""
    key = (OrderItem.shop_id == order.shop_id, OrderItem.order_id == order.id, OrderItem.created_at == order.items_at)
    return db.session.scalars(select(OrderItem).where(*key).order_by(OrderItem.line)).all()


def revisions_of(order: Order) -> Sequence[OrderRevision]:
    """Return what changed between snapshots, newest first."""
    key = (OrderRevision.shop_id == order.shop_id, OrderRevision.order_id == order.id)
    newest = (OrderRevision.seen_at.desc(), OrderRevision.snapshot_id.desc(), OrderRevision.field)
    return db.session.scalars(select(OrderRevision).where(*key).order_by(*newest)).all()


def standing_of(order: Order) -> Standing | None:
    """Return the order's place among its customer's, None for an order without customer or one that does not count."""
    if order.customer_id is None or not order.counted:
        return None
    theirs = (Order.shop_id == order.shop_id, Order.customer_id == order.customer_id, Order.counted)
    earlier = tuple_(Order.placed_at, Order.id) < tuple_(order.placed_at, order.id)
    before, last = db.session.execute(select(func.count(), func.max(Order.placed_at)).where(*theirs, earlier)).one()
    metrics = db.session.get(CustomerMetrics, (order.shop_id, order.customer_id))
    if metrics is None:
        return None
    since = order.placed_at - last if last else None
    return Standing(before + 1, metrics.orders_count, metrics.total_spent, since)


def products_of(shop_id: int, skus: Sequence[str]) -> dict[str, int]:
    """Return which product each SKU belongs to."""
    variants = select(ProductVariant.sku, ProductVariant.product_id)
    found = db.session.execute(variants.where(ProductVariant.shop_id == shop_id, ProductVariant.sku.in_(skus)))
    return {row.sku: row.product_id for row in found}
