"""Orders as they are listed: rows by key, of a customer, with a SKU; statuses; totals from the daily folds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from sqlalchemy import ARRAY, BigInteger, Date, Integer, Select, Text, bindparam, cast, func, select, text
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session

from shop import spans
from shop.db import db, found_by
from shop.orders.models import OWN_WORDS, Order
from shop.search import SKU, exactly, fold, of_shop
from shop.spans import span


class OrderRow(NamedTuple):
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


class Status(NamedTuple):
    """A status of one shop, as lists and pages name it."""

    shop_id: int
    code: str
    name: str
    category: str
    counted: bool


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

STATUSES = text("""
    SELECT shop_id, code, name, category, counted FROM order_statuses WHERE shop_id = ANY(:shops)
    ORDER BY shop_id, category, name, code""").bindparams(spans.SHOPS)
FOLDED = text(f"""
    SELECT d.shop_id, sum(d.orders)::bigint AS orders, sum(d.total_sales) AS total_sales FROM {spans.ROWS} AS d
    WHERE :every OR (d.shop_id, d.status_code) IN (SELECT * FROM unnest(:pair_shops, :pair_codes))
    GROUP BY d.shop_id""").bindparams(  # noqa: S608 - a table expression of our own
    spans.SHOPS,
    bindparam("pair_shops", type_=ARRAY(Integer)),
    bindparam("pair_codes", type_=ARRAY(Text)),
)


def order_rows(session: Session, keys: Sequence[Keyed]) -> list[OrderRow]:
    """Return the orders of the keys, in their order."""
    parameters = {"shop_ids": [key.shop_id for key in keys], "ids": [key.row for key in keys]}
    return [OrderRow(*row) for row in found_by(session, ROWS, parameters)] if keys else []


def statuses_of(shop_ids: Sequence[int]) -> list[Status]:
    """Return the statuses of the shops, in the order of what they mean."""
    return [Status(*row) for row in found_by(db.session(), STATUSES, {"shops": list(shop_ids)})]


def folded_orders(
    shop_ids: Sequence[int], pairs: Sequence[tuple[int, str]] | None, first: date | None, last: date | None
) -> list[FoldedOrders]:
    """Return how many orders the days hold and their total, by shop. `pairs` are the (shop, status) meant, None for all."""
    parameters = span(first, last).parameters(shop_ids) | {
        "every": pairs is None,
        "pair_shops": [shop_id for shop_id, _ in pairs or ()],
        "pair_codes": [code for _, code in pairs or ()],
    }
    return [FoldedOrders(*row) for row in found_by(db.session(), FOLDED, parameters)]


@dataclass(frozen=True)
class Found:
    """The key of an order that a query found."""

    shop_id: int
    row: int


@dataclass(frozen=True)
class Month:
    """What one month of the shop's days adds up to; `start` is its first day."""

    start: date
    orders: int
    spent: Decimal


def latest_orders_of(shop_id: int, customer_id: int, limit: int) -> list[OrderRow]:
    """Return the customer's newest orders that count."""
    theirs = (Order.shop_id == shop_id, Order.customer_id == customer_id, Order.counted)
    newest = (Order.placed_at.desc(), Order.id.desc())
    return rows_found(select(Order.shop_id, Order.id).where(*theirs).order_by(*newest).limit(limit))


def latest_orders_with(shop_id: int, skus: Sequence[str], limit: int) -> list[OrderRow]:
    """Return the newest orders that contain any of the SKUs."""
    wanted = cast(" | ".join(exactly(SKU + fold(sku), of_shop(shop_id)) for sku in skus), TSQUERY)
    theirs = (Order.shop_id == shop_id, Order.deleted_at.is_(None), OWN_WORDS.bool_op("@@")(wanted))
    newest = (Order.placed_at.desc(), Order.id.desc())
    return rows_found(select(Order.shop_id, Order.id).where(*theirs).order_by(*newest).limit(limit)) if skus else []


def rows_found(keys: Select[int, int]) -> list[OrderRow]:
    return order_rows(db.session(), [Found(key.shop_id, key.id) for key in db.session.execute(keys)])


def spent_by_month(shop_id: int, customer_id: int) -> list[Month]:
    """Return what the customer's counted orders come to in each month that has any, oldest first."""
    start = cast(func.date_trunc("month", Order.local_day), Date).label("start")
    theirs = (Order.shop_id == shop_id, Order.customer_id == customer_id, Order.counted)
    sums = select(start, func.count(), func.sum(Order.total_shop)).where(*theirs).group_by(start).order_by(start)
    return [Month(*row) for row in db.session.execute(sums)]


def usual_gap_of(shop_id: int, customer_id: int) -> timedelta | None:
    """Return the median time between the customer's counted orders, None before there are three of them."""
    gap = (Order.placed_at - func.lag(Order.placed_at).over(order_by=(Order.placed_at, Order.id))).label("gap")
    theirs = (Order.shop_id == shop_id, Order.customer_id == customer_id, Order.counted)
    gaps = select(gap).where(*theirs).subquery()
    median = func.percentile_cont(0.5).within_group(gaps.c.gap)
    found = db.session.execute(select(median, func.count(gaps.c.gap)).select_from(gaps)).one()
    return found[0] if found[1] >= 2 else None
