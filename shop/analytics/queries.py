"""What a range of days adds up to: sales, statuses, products, customers and cohorts, read from the folds."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, SQLColumnExpression, and_, cast, func, select, text

from shop import spans
from shop.analytics.models import DailyProductSales, DailySales
from shop.customers.models import CustomerMetrics
from shop.db import db
from shop.orders.models import Order, OrderStatus
from shop.products.models import Product, ProductVariant
from shop.spans import days_alone, span

ZERO = Decimal(0)


@dataclass(frozen=True)
class Sales:
    """What counted orders add up to: the columns of daily_sales that are sums, in the shop's currency."""

    orders: int = 0
    total_sales: Decimal = ZERO
    gross_sales: Decimal = ZERO
    discounts: Decimal = ZERO
    shipping: Decimal = ZERO
    fees: Decimal = ZERO
    tax: Decimal = ZERO
    rounding: Decimal = ZERO

    def __add__(self, other: "Sales") -> "Sales":
        return Sales(*(getattr(self, name) + getattr(other, name) for name in COLUMNS))


COLUMNS = tuple(field.name for field in fields(Sales))


@dataclass(frozen=True)
class Interval:
    """One day of one shop, or one month named by its first day."""

    shop_id: int
    start: date
    sales: Sales


@dataclass(frozen=True)
class StatusCount:
    """How many orders of the period stand in one status now, in the shops that have it."""

    shop_ids: Sequence[int]
    code: str
    name: str
    category: str
    counted: bool
    orders: int


@dataclass(frozen=True)
class ProductSales:
    """What one SKU brought; empty for lines without one. The name is None where the catalogue does not know it."""

    shop_id: int
    sku: str
    name: str | None
    units: Decimal
    sales: Decimal


@dataclass(frozen=True)
class ProductTable:
    """The SKUs that sold most, and what all of them add up to."""

    top: list[ProductSales]
    skus: int
    sales: Decimal


# As text, because every overview asks for them: to compile them anew costs more than they take.
SUMS = ", ".join(f"sum(d.{name})" for name in COLUMNS)
STATUS = "JOIN order_statuses s ON s.shop_id = d.shop_id AND s.code = d.status_code"
BY_SHOP, BY_DAY, BY_MONTH, BY_STATUS = (
    text(query.format(rows=spans.ROWS, sums=SUMS, status=STATUS)).bindparams(spans.SHOPS)
    for query in (
        "SELECT d.shop_id, {sums} FROM {rows} AS d {status} AND s.counted GROUP BY 1",
        "SELECT d.shop_id, d.day, {sums} FROM {rows} AS d {status} AND s.counted GROUP BY 1, 2 ORDER BY 2, 1",
        """SELECT d.shop_id, date_trunc('month', d.day)::date, {sums} FROM {rows} AS d {status} AND s.counted
           GROUP BY 1, 2 ORDER BY 2, 1""",
        """SELECT array_agg(DISTINCT d.shop_id), s.code, s.name, s.category, s.counted, sum(d.orders) FROM {rows} AS d {status}
           GROUP BY 2, 3, 4, 5 HAVING sum(d.orders) > 0 ORDER BY 6 DESC, 3, 2""",
    )
)
OLDEST_AND_NEWEST = text("""
    SELECT min(oldest.day), max(newest.day) FROM unnest(:shops) AS chosen (id),
    LATERAL (SELECT day FROM daily_sales WHERE shop_id = chosen.id ORDER BY day LIMIT 1) AS oldest,
    LATERAL (SELECT day FROM daily_sales WHERE shop_id = chosen.id ORDER BY day DESC LIMIT 1) AS newest""").bindparams(
    spans.SHOPS
)


def known_days(shop_ids: Sequence[int]) -> tuple[date, date] | None:
    """Return the oldest and the newest day with an order of any status; None without orders. Reads two keys a shop."""
    found = db.session.execute(OLDEST_AND_NEWEST, {"shops": list(shop_ids)}).one()
    return None if found[0] is None else (found[0], found[1])


def sales_by_interval(shop_ids: Sequence[int], start: date, end: date, *, by_month: bool = False) -> list[Interval]:
    """Return the sums over counted statuses of each shop and day (or month), oldest first; empty days are left out."""
    query, asked = (BY_MONTH, span(start, end)) if by_month else (BY_DAY, days_alone(start, end))
    found = db.session.execute(query, asked.parameters(shop_ids))
    return [Interval(shop_id, day, Sales(*sums)) for shop_id, day, *sums in found]


def sales_by_shop(shop_ids: Sequence[int], start: date, end: date) -> dict[int, Sales]:
    """Return the sums over counted statuses of all the days, by shop; shops without counted orders have zeros."""
    found = db.session.execute(BY_SHOP, span(start, end).parameters(shop_ids))
    return dict.fromkeys(shop_ids, Sales()) | {shop_id: Sales(*sums) for shop_id, *sums in found}


def sales_of_days() -> Select[int, date, int, Decimal]:
    """Ask for the counted orders of every shop and day, and the total sales of them: what the overview adds up."""
    return (
        select(DailySales.shop_id, DailySales.day, func.sum(DailySales.orders), func.sum(DailySales.total_sales))
        .join(OrderStatus, same_status())
        .where(OrderStatus.counted)
        .group_by(DailySales.shop_id, DailySales.day)
    )


def orders_by_status(shop_ids: Sequence[int], start: date, end: date) -> list[StatusCount]:
    """Return the orders placed in the days by the status they have now; shops that name one alike share it."""
    found = db.session.execute(BY_STATUS, span(start, end).parameters(shop_ids))
    return [StatusCount(*row) for row in found]


def sales_by_status(shop_id: int, start: date, end: date) -> dict[str, tuple[int, Decimal]]:
    """Return by status how many orders were placed in the days, the last included, and their total sales."""
    query = (
        select(DailySales.status_code, func.sum(DailySales.orders), func.sum(DailySales.total_sales))
        .where(*within(DailySales, [shop_id], start, end))
        .group_by(DailySales.status_code)
    )
    return {code: (int(orders), total) for code, orders, total in db.session.execute(query)}


def counted_statuses(shop_ids: Sequence[int]) -> str:
    """Return the statuses of the shops that count as sales, as one text: another one where others count."""
    order = (OrderStatus.shop_id, OrderStatus.code)
    query = select(*order).where(OrderStatus.counted, OrderStatus.shop_id.in_(shop_ids)).order_by(*order)
    return " ".join(f"{shop_id}:{code!r}" for shop_id, code in db.session.execute(query))


def product_table(shop_ids: Sequence[int], start: date, end: date, limit: int) -> ProductTable:
    """Return the SKUs with the highest sales without VAT, with the sum over all of them."""
    sold = (
        select(
            DailyProductSales.shop_id,
            DailyProductSales.sku,
            func.sum(DailyProductSales.units).label("units"),
            func.sum(DailyProductSales.sales).label("sales"),
        )
        .where(*within(DailyProductSales, shop_ids, start, end))
        .group_by(DailyProductSales.shop_id, DailyProductSales.sku)
        .subquery()
    )
    ranked = (
        select(sold, func.sum(sold.c.sales).over().label("all_sales"), func.count().over().label("skus"))
        .order_by(sold.c.sales.desc(), sold.c.shop_id, sold.c.sku)
        .limit(limit)
        .subquery()
    )
    variant = and_(ProductVariant.shop_id == ranked.c.shop_id, ProductVariant.sku == ranked.c.sku)
    product = and_(Product.shop_id == ProductVariant.shop_id, Product.id == ProductVariant.product_id)
    query = (
        select(ranked, func.concat_ws(", ", Product.name, func.nullif(ProductVariant.name, "")).label("name"))
        .outerjoin(ProductVariant, variant)
        .outerjoin(Product, product)
        .order_by(ranked.c.sales.desc(), ranked.c.shop_id, ranked.c.sku)
    )
    rows = db.session.execute(query).all()
    top = [ProductSales(row.shop_id, row.sku, row.name or None, row.units, row.sales) for row in rows]
    return ProductTable(top, rows[0].skus if rows else 0, rows[0].all_sales if rows else ZERO)


def new_customers(shop_ids: Sequence[int], start: date, end: date) -> int:
    """Count the people whose first counted order lies in the days."""
    first = CustomerMetrics.first_order_day
    return count(select(func.count()).where(CustomerMetrics.shop_id.in_(shop_ids), first.between(start, end)))


def active_customers(shop_ids: Sequence[int], start: date, end: date) -> int:
    """Count the people with a counted order in the days.

    Days that reach the newest order ask only who came back since `start`; others look at their orders.
    """
    known = known_days(shop_ids)
    if known is None:
        return 0
    if end < known[1]:
        return active_by_orders(shop_ids, start, end)
    since = and_(CustomerMetrics.last_order_at >= midnight(start, -1), CustomerMetrics.last_order_day >= start)
    return count(select(func.count()).where(CustomerMetrics.shop_id.in_(shop_ids), since))


def active_by_orders(shop_ids: Sequence[int], start: date, end: date) -> int:
    """Count them from the orders of the days. The margin of a day lets the index on placed_at find every zone's days."""
    people = (
        select(Order.shop_id, Order.customer_id)
        .where(
            Order.shop_id.in_(shop_ids),
            Order.placed_at >= midnight(start, -1),
            Order.placed_at < midnight(end, 2),
            Order.local_day.between(start, end),
            Order.counted,
            Order.customer_id.is_not(None),
        )
        .distinct()
        .subquery()
    )
    return count(select(func.count()).select_from(people))


def cohorts(shop_ids: Sequence[int]) -> dict[str, dict[str, int]]:
    """Return, for each local month of first orders, how many people had a counted order 0, 1, 2… months later."""
    joined, bought = month_number(CustomerMetrics.first_order_day), month_number(Order.local_day)
    theirs = and_(Order.shop_id == CustomerMetrics.shop_id, Order.customer_id == CustomerMetrics.customer_id)
    seen = (
        select(joined.label("cohort"), (bought - joined).label("later"), Order.shop_id, Order.customer_id)
        .join(CustomerMetrics, theirs)
        .where(Order.shop_id.in_(shop_ids), Order.counted)
        .distinct()
        .subquery()
    )
    order = (seen.c.cohort, seen.c.later)
    found: dict[str, dict[str, int]] = {}
    for cohort, later, people in db.session.execute(select(*order, func.count()).group_by(*order).order_by(*order)):
        found.setdefault(f"{cohort // 12}-{cohort % 12 + 1:02}", {})[str(later)] = people
    return found


def month_number(day: SQLColumnExpression[Any]) -> ColumnElement[int]:
    """Number the months without a gap: the difference of two is how many months lie between them."""
    return cast(func.extract("year", day) * 12 + func.extract("month", day) - 1, Integer)


def same_status() -> ColumnElement[bool]:
    return and_(OrderStatus.shop_id == DailySales.shop_id, OrderStatus.code == DailySales.status_code)


def within(
    fold: type[DailySales] | type[DailyProductSales], shop_ids: Sequence[int], start: date, end: date
) -> tuple[ColumnElement[bool], ...]:
    return fold.shop_id.in_(shop_ids), fold.day.between(start, end)


def midnight(day: date, days_later: int) -> datetime:
    """Return a UTC midnight some days off, beyond the edge of that day in any zone."""
    return datetime.combine(day + timedelta(days=days_later), time(), UTC)


def count(query: Select[int]) -> int:
    return db.session.scalar(query) or 0
