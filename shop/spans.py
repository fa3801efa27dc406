"""How a range of days is read from the folds: its whole months at once, and the days at its two ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ARRAY, BindParameter, Integer, bindparam

# Rows of whole months (`day` is their first) and of single days; every day of the range is in exactly one of them.
# To be read under a name of its own: FROM {ROWS} AS d. The parameters are those of `Span.parameters`.
ROWS = """(
    SELECT shop_id, month AS day, status_code, orders, total_sales, gross_sales, discounts, shipping, fees, tax, rounding
    FROM monthly_sales WHERE shop_id = ANY(:shops) AND month >= :whole AND month < :rest
    UNION ALL
    SELECT shop_id, day, status_code, orders, total_sales, gross_sales, discounts, shipping, fees, tax, rounding
    FROM daily_sales WHERE shop_id = ANY(:shops) AND day >= :first AND day < :whole
    UNION ALL
    SELECT shop_id, day, status_code, orders, total_sales, gross_sales, discounts, shipping, fees, tax, rounding
    FROM daily_sales WHERE shop_id = ANY(:shops) AND day >= :rest AND day <= :last)"""
SHOPS: BindParameter[Sequence[int]] = bindparam("shops", type_=ARRAY(Integer))


@dataclass(frozen=True)
class Span:
    """Days from `first` to `last`, both included. From `whole` to the day before `rest` all months are whole; there may be none."""

    first: date
    whole: date
    rest: date
    last: date

    def parameters(self, shop_ids: Sequence[int]) -> dict[str, object]:
        return {"shops": list(shop_ids), **vars(self)}


def span(first: date | None, last: date | None) -> Span:
    """Cut a range into a beginning, whole months and a rest; None is an open end."""
    first, last = first or date.min, last or date.max
    whole = first if first.day == 1 else month_after(first)
    rest = last.replace(day=1) if last == date.max or (last + timedelta(days=1)).day > 1 else last + timedelta(days=1)
    return Span(first, whole, rest, last) if whole < rest else Span(first, first, first, last)


def days_alone(first: date, last: date) -> Span:
    """Return a range that is to be read day by day."""
    return Span(first, first, first, last)


def month_after(day: date) -> date:
    """Return the first day of the next month."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
