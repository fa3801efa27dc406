"""A span of months as bars: every month has its column, those without anything an empty one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from markupsafe import Markup

from shop.charts.bars import Stack, bars
from shop.formatting import money, month, unit

LONGEST = 48  # months drawn; older ones stay in the sums


@dataclass(frozen=True)
class MonthChart:
    """The drawing and the rows of its table; `left_out` says how many older months are not drawn."""

    drawing: Markup
    rows: list[list[str]]
    left_out: int


def month_chart(amounts: Mapping[date, Decimal], name: str, currency: str) -> MonthChart:
    """Draw one amount for each month from the first to the last that has one. Months are named by their first day."""
    months = span(min(amounts), max(amounts)) if amounts else []
    drawn = months[-LONGEST:]
    values = [amounts.get(start, Decimal(0)) for start in drawn]
    stacks = [Stack(month(start), [value]) for start, value in zip(drawn, values, strict=True)]
    rows = [[month(start), money(value, currency)] for start, value in zip(drawn, values, strict=True)]
    drawing = bars(stacks, name=name, series=[name], classes=["s1"], unit=unit(currency), height=180)
    return MonthChart(drawing, rows, len(months) - len(drawn))


def span(first: date, last: date) -> list[date]:
    """Return the first day of every month from one to another."""
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    return [date(first.year + (first.month - 1 + i) // 12, (first.month - 1 + i) % 12 + 1, 1) for i in range(count)]
