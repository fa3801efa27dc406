"""The overview as programs read it: the same sums as on the page, money as strings."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from shop.analytics import figures, queries
from shop.analytics.figures import Figure
from shop.analytics.overview import summed
from shop.analytics.periods import Period
from shop.analytics.queries import Interval, Sales
from shop.analytics.remembering import Memory
from shop.shops.models import Shop

Answer = dict[str, Any]
CENT = Decimal("0.01")
IN_SERIES = (figures.ORDERS, figures.TOTAL_SALES, figures.NET_SALES)


def overview_answer(shops: Sequence[Shop], period: Period | None, memory: Memory) -> Answer:
    """Return the numbers of some shops. `period` is None where they have no orders.

    Amounts of different currencies are never added: with several, the amounts at the top are null and each currency has
    its own under `by_currency`.
    """
    currencies = list(dict.fromkeys(shop.currency for shop in shops))
    found = queries.sales_by_interval(memory.shop_ids, period.start, period.end) if period else []
    new, customers = (memory.new_customers(period), memory.customers(period)) if period else (0, 0)
    one = currencies[0] if len(currencies) == 1 else None
    return {
        "shop": shops[0].slug if len(shops) == 1 else None,
        "shops": [shop.slug for shop in shops],
        "currency": one,
        "timezone": only(sorted({shop.timezone for shop in shops})),
        "timezones": sorted({shop.timezone for shop in shops}),
        "from": str(period.start) if period else None,
        "to": str(period.end) if period else None,
        **sums(found, with_money=len(currencies) < 2),
        "customers": customers,
        "new_customers": new,
        "returning_customers": customers - new,
        "by_currency": {} if len(currencies) < 2 else by_currency(shops, currencies, found),
    }


def by_currency(shops: Sequence[Shop], currencies: Sequence[str], found: Sequence[Interval]) -> Answer:
    of_shop = {shop.id: shop.currency for shop in shops}
    return {
        currency: sums([each for each in found if of_shop[each.shop_id] == currency], with_money=True)
        for currency in currencies
    }


def sums(found: Sequence[Interval], *, with_money: bool) -> Answer:
    """Return the sums of the whole range and of its days and months; days without counted orders are left out."""
    days = summed(found)
    whole = sum(days.values(), start=Sales())
    return {
        **{figure.name: written(figure, whole, with_money=with_money) for figure in figures.CHARTED},
        "by_day": series(days, with_money=with_money),
        "by_month": series(months(days), with_money=with_money),
    }


def months(days: Mapping[date, Sales]) -> dict[str, Sales]:
    found: dict[str, Sales] = {}
    for day, sales in days.items():
        name = f"{day:%Y-%m}"
        found[name] = found.get(name, Sales()) + sales
    return found


def series(intervals: Mapping[Any, Sales], *, with_money: bool) -> Answer:
    return {
        str(name): {figure.name: written(figure, sales, with_money=with_money) for figure in IN_SERIES}
        for name, sales in intervals.items()
        if sales.orders
    }


def written(figure: Figure, sales: Sales, *, with_money: bool) -> str | int | None:
    """Return a count as a number and an amount as a string with two decimals; null where there is none to give."""
    value = figure.of(sales)
    if figure.kind == "count":
        return int(value or 0)
    return str(Decimal(value).quantize(CENT)) if with_money and value is not None else None


def only(names: Sequence[str]) -> str | None:
    return names[0] if len(names) == 1 else None
