"""The overview's chart: one figure by day or by month beside its comparison, and the table that says the same."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from markupsafe import Markup

from shop.analytics.figures import Figure, Value
from shop.analytics.overview import Overview, Slot, ratio
from shop.charts.line import Point, line
from shop.formatting import UNKNOWN, change, day_short, money, month, number, unit
from shop.languages import gettext as _
from shop.languages import language, said

MANY = 5  # one noun stands beside every count of a drawing: that of most of them


@dataclass(frozen=True)
class SalesChart:
    """A drawing with its key and its table, one row for each interval."""

    name: str
    drawing: Markup
    keys: list[tuple[str, str]]
    head: list[str]
    rows: list[list[str]]
    adds_up: bool | None  # None for an average, which does not


def sales_chart(overview: Overview, figure: Figure, currency: str, before: str) -> SalesChart:
    """Draw a figure. `before` are the words for what it is compared with."""
    by_month, slots = overview.period.by_month, overview.slots
    name, this_period = titled(figure, by_month=by_month), _("This period")
    points = [Point(interval(slot.start, by_month=by_month), *values(slot, figure)) for slot in slots]
    running = overview.is_running and slots[-1].now is not None
    drawing = line(
        points,
        name=name
        if overview.compared is None
        else _("%(chart)s, this period and %(before)s", chart=name, before=before.lower()),
        unit=unit(currency) if figure.kind == "money" else language().catalogue.counted("order", "orders", MANY),
        running=running,
    )
    keys = [("line", this_period)]
    keys += [("compare", before)] if overview.compared else []
    keys += [("running", _("So far"))] if running else []
    head = [_("Month") if by_month else _("Day"), this_period] + ([before, _("Change")] if overview.compared else [])
    rows = [row(slot, overview, figure, currency, runs=running and slot is slots[-1]) for slot in slots]
    return SalesChart(name, drawing, keys, head, rows, adds_up(overview, figure))


def titled(figure: Figure, *, by_month: bool) -> str:
    label = said(figure.label)
    return _("%(figure)s by month", figure=label) if by_month else _("%(figure)s by day", figure=label)


def values(slot: Slot, figure: Figure) -> tuple[Value, Value]:
    return tuple(None if sales is None else figure.of(sales) for sales in (slot.now, slot.then))  # type: ignore[return-value]  # of two


def row(slot: Slot, overview: Overview, figure: Figure, currency: str, *, runs: bool) -> list[str]:
    """Return one line of the table: the interval, its value and, where there is one, its partner and the change."""
    by_month = overview.period.by_month
    now, then = values(slot, figure)
    told = written(now, figure, currency)
    cells = [long_interval(slot.start, by_month=by_month), _("%(value)s so far", value=told) if runs else told]
    if overview.compared is None:
        return cells
    partner = interval(slot.compared_start, by_month=by_month) if slot.compared_start else UNKNOWN
    cells.append(f"{partner}: {written(then, figure, currency)}" if slot.compared_start else UNKNOWN)
    return [*cells, UNKNOWN if runs else change(ratio(now, then))]


def adds_up(overview: Overview, figure: Figure) -> bool | None:
    """Tell whether the intervals add up to the key number."""
    if figure.divided_by:
        return None
    whole = sum((Decimal(figure.of(slot.now) or 0) for slot in overview.slots if slot.now), start=Decimal(0))
    return whole == overview.now.value(figure)


def written(value: Value, figure: Figure, currency: str) -> str:
    if figure.kind == "money":
        return money(value, currency)
    return number(value)


def interval(start: date, *, by_month: bool) -> str:
    return month(start) if by_month else day_short(start)


def long_interval(start: date, *, by_month: bool) -> str:
    """Write Mar 2026, or Fri 13. 3. with the weekday that explains a day's sales."""
    return month(start) if by_month else f"{language().pattern(start, 'EEE')} {day_short(start)}"
