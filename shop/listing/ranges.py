"""Filters that are ranges: days of a shop, and bounds of an amount or a count."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, floor
from operator import eq, ge, gt, le, lt
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, ColumnElement, Integer, and_, false, literal

from shop.formatting import number
from shop.languages import N_, language, said
from shop.languages import gettext as _
from shop.listing.days import DayRange, day_range, typed_day
from shop.listing.filters import Column, Filter
from shop.listing.refusal import refused


@dataclass(frozen=True)
class Days(Filter):
    """A range of the shop's local days over a column of instants."""

    column: Column
    verb: str = ""
    by_zone: ClassVar[bool] = True

    @property
    def allowed(self) -> str:
        return _("days as 2026-03-01..2026-03-07, either end may be left out, or one day as 2026-03-01")

    def read(self, given: Sequence[str]) -> DayRange:
        found = day_range(given[0])
        if found is None:
            raise refused(self.name, given[0], self.allowed)
        return found

    def written(self, value: DayRange) -> list[str]:
        return [str(value)]

    def words(self, value: DayRange) -> str:
        return value.words

    def phrase(self, value: DayRange) -> str:
        return f"{said(self.verb) or said(self.label).lower()} {value.words}"

    def condition(self, value: DayRange, zone: ZoneInfo) -> ColumnElement[bool]:
        start, stop = value.instants(zone)
        bounds = [self.column >= start] if start else []
        return and_(*bounds, *([self.column < stop] if stop else []))

    def parts(self) -> Mapping[str, Callable[[str], str]]:
        return {
            f"{self.name}_from": lambda text: f"{typed_day(text)}..",
            f"{self.name}_to": lambda text: f"..{typed_day(text)}",
        }


@dataclass(frozen=True)
class LocalDays(Days):
    """A range of days over a column that holds the shop's local days themselves."""

    by_zone: ClassVar[bool] = False

    def condition(self, value: DayRange, zone: ZoneInfo) -> ColumnElement[bool]:  # noqa: ARG002
        bounds = [self.column >= value.first] if value.first else []
        return and_(*bounds, *([self.column <= value.last] if value.last else []))


COMPARISONS: Mapping[str, tuple[Callable[[Any, Any], Any], str]] = {
    "gte": (ge, N_("at least")),
    "gt": (gt, N_("over")),
    "lte": (le, N_("at most")),
    "lt": (lt, N_("under")),
    "eq": (eq, N_("exactly")),
}
AMOUNT = re.compile(r"(gte|gt|lte|lt|eq):(-?\d{1,12}(?:\.\d{1,2})?)")
Bounds = tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True)
class Amounts(Filter):
    """Comparisons with a number, all of which must hold: gte:1000,lte:2000."""

    column: Column
    spoken: str = "{}"  # the sentence around the comparison

    @property
    def allowed(self) -> str:
        return _("gte:1000, gt:1000, lte:1000, lt:1000 or eq:1000, or two of them with a comma")

    def read(self, given: Sequence[str]) -> Bounds:
        found = [AMOUNT.fullmatch(part.strip()) for part in given[0].split(",")]
        bounds = tuple((match[1], Decimal(match[2])) for match in found if match)
        if len(bounds) != len(found) or len(bounds) > 2:
            raise refused(self.name, given[0], self.allowed)
        return bounds

    def written(self, value: Bounds) -> list[str]:
        return [",".join(f"{comparison}:{amount}" for comparison, amount in value)]

    def words(self, value: Bounds) -> str:
        bounds = (
            f"{said(COMPARISONS[comparison][1])} {number(amount, decimals(amount))}" for comparison, amount in value
        )
        return _(" and ").join(bounds)

    def phrase(self, value: Bounds) -> str:
        return said(self.spoken).format(self.words(value))

    def condition(self, value: Bounds, zone: ZoneInfo) -> ColumnElement[bool]:  # noqa: ARG002
        compared = of_a_count if isinstance(self.column.type, Integer) else of_an_amount
        return and_(*(compared(self.column, comparison, amount) for comparison, amount in value))

    def parts(self) -> Mapping[str, Callable[[str], str]]:
        return {
            f"{self.name}_min": lambda text: f"gte:{typed_amount(text)}",
            f"{self.name}_max": lambda text: f"lte:{typed_amount(text)}",
        }


def of_an_amount(column: Column, comparison: str, amount: Decimal) -> ColumnElement[bool]:
    found: ColumnElement[bool] = COMPARISONS[comparison][0](column, amount)
    return found


def of_a_count(column: Column, comparison: str, amount: Decimal) -> ColumnElement[bool]:
    """Compare whole numbers with a whole number: with any other the index of the column would not be used."""
    if comparison == "eq" and amount != amount.to_integral_value():
        return false()
    whole = ceil(amount) if comparison in ("gte", "lt") else floor(amount)
    found: ColumnElement[bool] = COMPARISONS[comparison][0](column, literal(whole, BigInteger))
    return found


def typed_amount(text: str) -> str:
    """Return an amount as an address has it: readers type 1 000,50, or 1,000.50 where numbers are written so."""
    typed = "".join(text.split())
    if language().group == ",":
        typed = re.sub(r",(?=\d{3}(?:\D|$))", "", typed)
    return typed.replace(",", ".").replace("−", "-")


def decimals(amount: Decimal) -> int:
    return 0 if amount == amount.to_integral_value() else 2
