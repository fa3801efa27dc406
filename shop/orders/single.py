"""All of one order: itself, its lines, what changed, its place among its customer's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import ARRAY, Text, bindparam, select, text

from shop.db import db
from shop.orders.models import Order, OrderItem, OrderRevision


@dataclass(frozen=True)
class Standing:
    """Which of the customer's counted orders one is, of how many, what all of them came to, and how long after the last."""

    number: int
    count: int
    spent: Decimal
    since: timedelta | None


# Put together once: to do so takes longer than most of them take.
ORDER = select(Order).where(Order.shop_id == bindparam("shop"), Order.id == bindparam("order"))
LINES = (
    select(OrderItem)
    .where(
        OrderItem.shop_id == bindparam("shop"),
        OrderItem.order_id == bindparam("order"),
        OrderItem.created_at == bindparam("items_at"),
    )
    .order_by(OrderItem.line)
)
REVISIONS = (
    select(OrderRevision)
    .where(OrderRevision.shop_id == bindparam("shop"), OrderRevision.order_id == bindparam("order"))
    .order_by(OrderRevision.seen_at.desc(), OrderRevision.snapshot_id.desc(), OrderRevision.field)
)
STANDING = text("""
    SELECT count(o.id), max(o.placed_at), m.orders_count, m.total_spent FROM customer_metrics m
    LEFT JOIN orders o ON o.shop_id = :shop AND o.customer_id = :customer AND o.counted
                      AND (o.placed_at, o.id) < (CAST(:placed_at AS timestamptz), CAST(:order AS bigint))
    WHERE m.shop_id = :shop AND m.customer_id = :customer GROUP BY m.orders_count, m.total_spent""")
PRODUCTS = text("SELECT sku, product_id FROM product_variants WHERE shop_id = :shop AND sku = ANY(:skus)").bindparams(
    bindparam("skus", type_=ARRAY(Text))
)


def order_of(shop_id: int, order_id: int) -> Order | None:
    return db.session.scalar(ORDER, {"shop": shop_id, "order": order_id})


def lines_of(order: Order) -> Sequence[OrderItem]:
    """Return the order's lines. Their `created_at` is named, so that one partition is read."""
    return db.session.scalars(LINES, {"shop": order.shop_id, "order": order.id, "items_at": order.items_at}).all()


def revisions_of(order: Order) -> Sequence[OrderRevision]:
    """Return what changed between snapshots, newest first."""
    return db.session.scalars(REVISIONS, {"shop": order.shop_id, "order": order.id}).all()


def standing_of(order: Order) -> Standing | None:
    """Return the order's place among its customer's, None for an order without customer or one that does not count."""
    if order.customer_id is None or not order.counted:
        return None
    asked = {"shop": order.shop_id, "customer": order.customer_id, "placed_at": order.placed_at, "order": order.id}
    found = db.session.execute(STANDING, asked).one_or_none()
    if found is None:
        return None
    before, last, count, spent = found
    return Standing(before + 1, count, spent, order.placed_at - last if last else None)


def products_of(shop_id: int, skus: Sequence[str]) -> dict[str, int]:
    """Return which product each SKU belongs to."""
    found = db.session.execute(PRODUCTS, {"shop": shop_id, "skus": list(skus)}) if skus else ()
    return {row.sku: row.product_id for row in found}
