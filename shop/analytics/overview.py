"""The overview's numbers, put together: the period, what it is compared with, and every part that must add up to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from shop.analytics import figures, queries
from shop.analytics.figures import Figure, Value
from shop.analytics.periods import Choice, Known, Period
from shop.analytics.queries import Interval, ProductTable, Sales, StatusCount
from shop.analytics.remembering import Memory
from shop.languages import gettext as _
from shop.listing.days import DayRange
from shop.shops.models import Shop

TOP_PRODUCTS = 8


@dataclass(frozen=True)
class Totals:
    """What a range of days adds up to in some shops of one currency."""

    period: Period
    by_shop: Mapping[int, Sales]
    new_customers: int
    customers: int

    @cached_property
    def sales(self) -> Sales:
        return sum(self.by_shop.values(), start=Sales())

    @property
    def returning_customers(self) -> int:
        return self.customers - self.new_customers

    def value(self, figure: Figure) -> Value:
        if figure in figures.PEOPLE:
            people: int = getattr(self, figure.name)
            return people
        return figure.of(self.sales)


def totals(memory: Memory, period: Period) -> Totals:
    by_shop = queries.sales_by_shop(memory.shop_ids, period.start, period.end)
    return Totals(period, by_shop, memory.new_customers(period), memory.customers(period))


@dataclass(frozen=True)
class Slot:
    """One interval of the chart, of all shops together; None where nothing is known yet, or not any more."""

    start: date
    now: Sales | None
    compared_start: date | None
    then: Sales | None


class Overview:
    """The numbers of one page: `shops` have one currency, `choice` says which days. Each is read when it is asked for."""

    def __init__(self, shops: Sequence[Shop], choice: Choice, known: Known, memory: Memory) -> None:
        self.shops, self.choice, self.known, self.memory = shops, choice, known, memory
        self.period = choice.period
        self.compared = self.period.compared(choice.compare)

    @cached_property
    def now(self) -> Totals:
        return totals(self.memory, self.period)

    @property
    def is_running(self) -> bool:
        """Tell whether the last interval is not over yet and will still grow."""
        return self.known.unfinished(self.period) > 0 and self.period.end <= self.known.today

    @cached_property
    def changes(self) -> tuple[Totals, Totals] | None:
        """Return the complete days and those they are compared with; None where there is nothing fair to compare."""
        unfinished = self.known.unfinished(self.period)
        complete = self.period.without_last(unfinished)
        then = self.compared.without_last(unfinished) if self.compared else None
        if complete is None or then is None:
            return None
        return self.now if unfinished == 0 else totals(self.memory, complete), totals(self.memory, then)

    @property
    def words(self) -> list[str]:
        """Say which days these are, in whose zone, and what they are compared with."""
        zones = sorted({shop.timezone for shop in self.shops})
        days = said(self.period)
        several = len(zones) > 1
        told = [
            _("%(days)s, each shop in its own day", days=days)
            if several
            else _("%(days)s, days of %(zone)s", days=days, zone=zones[0])
        ]
        if self.compared:
            told.append(_("Compared with %(days)s", days=said(self.compared)))
        if self.compared and self.is_running:
            left_out = _("The last day is not over: changes leave it out")
            told.append(left_out if self.changes else _("The day is not over yet"))
        return told

    def change(self, figure: Figure) -> Decimal | None:
        """Return the change of a figure on the comparison, as a ratio: 0.05 is five percent more."""
        if self.changes is None:
            return None
        return ratio(*(each.value(figure) for each in self.changes))

    def shop_change(self, shop: Shop, figure: Figure) -> Decimal | None:
        if self.changes is None:
            return None
        return ratio(*(figure.of(each.by_shop[shop.id]) for each in self.changes))

    @cached_property
    def intervals(self) -> list[Interval]:
        return self.intervals_of(self.period)

    def intervals_of(self, period: Period) -> list[Interval]:
        return queries.sales_by_interval(self.memory.shop_ids, period.start, period.end, by_month=self.period.by_month)

    @cached_property
    def slots(self) -> list[Slot]:
        """Return every interval of the period beside the one it is compared with; a month before may have fewer days."""
        by_month = self.period.by_month
        now = summed(self.intervals)
        then = summed(self.intervals_of(self.compared)) if self.compared else {}
        before = self.compared.starts(by_month=by_month) if self.compared else iter(())
        pairs = ((start, next(before, None)) for start in self.period.starts(by_month=by_month))
        return [
            Slot(start, self.sales_at(now, start), partner, self.sales_at(then, partner) if partner else None)
            for start, partner in pairs
        ]

    def sales_at(self, found: Mapping[date, Sales], start: date) -> Sales | None:
        """Return the interval's sales: nothing sold is zero, but before the first and after the last day nothing is known."""
        first = self.known.oldest.replace(day=1) if self.period.by_month else self.known.oldest
        return found.get(start, Sales()) if first <= start <= self.known.covered else None

    def series(self, shop: Shop, figure: Figure) -> list[Value]:
        """Return the figure of one shop for every interval."""
        found = {each.start: each.sales for each in self.intervals if each.shop_id == shop.id}
        return [figure.of(found.get(slot.start, Sales())) if slot.now is not None else None for slot in self.slots]

    @cached_property
    def statuses(self) -> list[StatusCount]:
        return queries.orders_by_status(self.memory.shop_ids, self.period.start, self.period.end)

    @cached_property
    def products(self) -> ProductTable:
        return self.memory.product_table(self.period, TOP_PRODUCTS)


def said(period: Period) -> str:
    return DayRange(period.start, period.end).words


def summed(intervals: Sequence[Interval]) -> dict[date, Sales]:
    """Add the shops of each interval up."""
    found: dict[date, Sales] = {}
    for each in intervals:
        found[each.start] = found.get(each.start, Sales()) + each.sales
    return found


def ratio(now: Value, then: Value) -> Decimal | None:
    """Return how much more there is than then, as a share of then; None where then there was nothing."""
    if now is None or not then:
        return None
    return Decimal(now) / Decimal(then) - 1
