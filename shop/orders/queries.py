"""Orders as they are listed and shown: rows by key, statuses, totals from the daily folds, and all of one order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy import ARRAY, BigInteger, Integer, Text, bindparam, func, select, text, tuple_
from sqlalchemy.orm import Session

from shop.customers.models import CustomerMetrics
from shop.db import db
from shop.orders.models import Order, OrderItem, OrderRevision, OrderStatus
from shop.products.models import ProductVariant


@dataclass(frozen=True)
class OrderRow:
    """One order as a list shows it. `total` in `currency`, `total_shop` in the shop's own."""

    shop_id: int
    id: int
    code: str
    placed_at: datetime
    changed_at: datetime | None
    status_code: str
    status_name: str
    category: str
    counted: bool
    paid: bool | None
    customer_id: int | None
    email: str | None
    name: str | None
    company: str | None
    country: str | None
    currency: str
    total: Decimal
    total_shop: Decimal
    items: int
    deleted_at: datetime | None


class Keyed(Protocol):
    """A row's shop and number, as a list's walk returns them."""

    @property
    def shop_id(self) -> int: ...
    @property
    def row(self) -> Any: ...


@dataclass(frozen=True)
class FoldedOrders:
    """What the days of one shop add up to, in its currency."""

    shop_id: int
    orders: int
    total_sales: Decimal


ROWS = text("""
    SELECT o.shop_id, o.id, o.code, o.placed_at, o.changed_at, o.status_code, coalesce(s.name, o.status_code) AS status_name,
           coalesce(s.category, 'open') AS category, o.counted, o.paid, o.customer_id, o.email, o.name, o.company, o.country,
           o.currency, o.total, o.total_shop, o.items, o.deleted_at
    FROM unnest(:shop_ids, :ids) WITH ORDINALITY AS k(shop_id, id, place)
         JOIN orders o ON o.shop_id = k.shop_id AND o.id = k.id
         LEFT JOIN order_statuses s ON s.shop_id = o.shop_id AND s.code = o.status_code
    ORDER BY k.place""").bindparams(
    bindparam("shop_ids", type_=ARRAY(Integer)), bindparam("ids", type_=ARRAY(BigInteger))
)

FOLDED = text("""
    SELECT d.shop_id, sum(d.orders)::bigint AS orders, sum(d.total_sales) AS total_sales FROM daily_sales d
    WHERE d.shop_id = ANY(:shops) AND d.day >= coalesce(CAST(:first AS date), '-infinity')
      AND d.day <= coalesce(CAST(:last AS date), 'infinity')
      AND (:every OR (d.shop_id, d.status_code) IN (SELECT * FROM unnest(:pair_shops, :pair_codes)))
    GROUP BY d.shop_id""").bindparams(
    bindparam("shops", type_=ARRAY(Integer)),
    bindparam("pair_shops", type_=ARRAY(Integer)),
    bindparam("pair_codes", type_=ARRAY(Text)),
)


def order_rows(session: Session, keys: Sequence[Keyed]) -> list[OrderRow]:
    """Return the orders of the keys, in their order."""
    parameters = {"shop_ids": [key.shop_id for key in keys], "ids": [key.row for key in keys]}
    return [OrderRow(*row) for row in session.execute(ROWS, parameters)] if keys else []


def statuses_of(shop_ids: Sequence[int]) -> Sequence[OrderStatus]:
    """Return the statuses of the shops, in the order of what they mean."""
    order = (OrderStatus.shop_id, OrderStatus.category, OrderStatus.name, OrderStatus.code)
    return db.session.scalars(select(OrderStatus).where(OrderStatus.shop_id.in_(shop_ids)).order_by(*order)).all()


def folded_orders(
    shop_ids: Sequence[int], pairs: Sequence[tuple[int, str]] | None, first: date | None, last: date | None
) -> list[FoldedOrders]:
    """Return how many orders the days hold and their total, by shop. `pairs` are the (shop, status) meant, None for all."""
    parameters = {
        "shops": list(shop_ids),
        "first": first,
        "last": last,
        "every": pairs is None,
        "pair_shops": [shop_id for shop_id, _ in pairs or ()],
        "pair_codes": [code for _, code in pairs or ()],
    }
    return [FoldedOrders(*row) for row in db.session.execute(FOLDED, parameters)]


@dataclass(frozen=True)
class Standing:
    """Which of the customer's counted orders one is, of how many, what all of them came to, and when the one before was."""

    number: int
    count: int
    spent: Decimal
    before: datetime | None


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
    return Standing(before + 1, metrics.orders_count, metrics.total_spent, last)


def products_of(shop_id: int, skus: Sequence[str]) -> dict[str, int]:
    """Return which product each SKU belongs to."""
    variants = select(ProductVariant.sku, ProductVariant.product_id)
    found = db.session.execute(variants.where(ProductVariant.shop_id == shop_id, ProductVariant.sku.in_(skus)))
    return {row.sku: row.product_id for row in found}
