"""Listing: what an address asks a list for. Parsed, comparable, able to say itself and to write its own address."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, FromClause

from shop.languages import language, said
from shop.listing.cursor import Cursor, sealed
from shop.listing.filters import Filter
from shop.listing.sorts import Column, Sort

SIZES = (15, 25, 50, 100)
DENSITIES = ("compact", "standard", "comfortable")
DEFAULT_SIZE = 50
END = "end"
SOME, MANY = 2, 5  # counts whose nouns are those of an unknown number: in Czech they are two
LIST_PARAMETER = "in"  # on a record's page: the query of the list it was opened from


@dataclass(frozen=True)
class Whole:
    """The one table that holds a row for each row of a list without filters: enough to count them."""

    source: FromClause
    shop: Column


@dataclass(frozen=True, eq=False)
class Spec:
    """What one list can be asked: declared once by its domain."""

    path: str  # without the slash at the end: /orders
    one: str
    many: str
    filters: tuple[Filter, ...]
    sorts: tuple[Sort, ...]
    default_sort: str  # with a minus in front for descending
    whole: Whole | None = None
    by_shop: bool = False  # an index answers every filter shop by shop, so that it is worth asking each by itself

    def counted(self, count: int) -> str:
        """Return the noun that goes with a count."""
        return language().catalogue.counted(self.one, self.many, count)

    def filter(self, name: str) -> Filter:
        return next(known for known in self.filters if known.name == name)

    def sort(self, name: str) -> Sort:
        return next(known for known in self.sorts if known.name == name)


@dataclass(frozen=True)
class Position:
    """Where a page begins: at the start or end, behind or before a row, or at a day."""

    after: Cursor | None = None
    before: Cursor | None = None
    at: date | None = None
    at_end: bool = False

    @property
    def backwards(self) -> bool:
        return self.at_end or self.before is not None


START = Position()


@dataclass(frozen=True)
class Listing:
    """One question to a list. `shops` are the slugs that were asked for, none meaning all."""

    spec: Spec = field(repr=False)
    shops: tuple[str, ...] = ()
    values: tuple[tuple[str, Any], ...] = ()  # in the order in which the list declares its filters
    order: str = ""
    per_page: int = DEFAULT_SIZE
    usual: int = field(default=DEFAULT_SIZE, compare=False)  # how many rows a page has here without being asked
    density: str = "standard"
    position: Position = START

    @property
    def chosen(self) -> Mapping[str, Any]:
        """Return the filters in force with their values."""
        return dict(self.values)

    @property
    def sort(self) -> Sort:
        return self.spec.sort(self.order.removeprefix("-"))

    @property
    def descending(self) -> bool:
        return self.order.startswith("-")

    def filters(self) -> Iterator[tuple[Filter, Any]]:
        for name, value in self.values:
            yield self.spec.filter(name), value

    def conditions(self, zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """Return what the filters demand of a row in a shop of this zone."""
        chosen = self.chosen
        found = [
            known.condition(chosen[known.name], zone) if known.name in chosen else known.otherwise()
            for known in self.spec.filters
        ]
        return [condition for condition in found if condition is not None]

    def within(self, shop_id: int) -> tuple[ColumnElement[bool], ...]:
        """Return what the filters demand once more in the form that one shop's own index answers."""
        found = [known.within(value, shop_id) for known, value in self.filters()]
        return tuple(condition for condition in found if condition is not None)

    @property
    def is_served(self) -> bool:
        """Tell whether the index of this order answers every filter in force."""
        return {name for known, value in self.filters() for name in known.asks(value)} <= self.sort.serves

    def __str__(self) -> str:
        """Say the whole question: orders placed 1. 3. – 7. 3. 2026, at least 1 000, newest first."""
        phrases = ", ".join(known.phrase(value) for known, value in self.filters())
        sort = said(self.sort.descending if self.descending else self.sort.ascending)
        many = self.spec.counted(SOME)
        return f"{many} {phrases}, {sort}" if phrases else f"{many}, {sort}"

    def with_filter(self, name: str, value: Any) -> "Listing":
        """Return the list with one filter more or other, from its first page."""
        values = {**self.chosen, name: value}
        kept = tuple((known.name, values[known.name]) for known in self.spec.filters if known.name in values)
        return replace(self, values=kept, position=START)

    def without_filter(self, name: str) -> "Listing":
        return replace(self, values=tuple(pair for pair in self.values if pair[0] != name), position=START)

    def without_filters(self) -> "Listing":
        return replace(self, values=(), position=START)

    def parameters(self) -> list[tuple[str, str]]:
        """Return what the address says besides the position; what is usual is left out."""
        found = [("shop", slug) for slug in self.shops]
        found += [(known.name, text) for known, value in self.filters() for text in known.written(value)]
        if self.order != self.spec.default_sort:
            found.append(("sort", self.order))
        if self.per_page != self.usual:
            found.append(("per_page", str(self.per_page)))
        if self.density != "standard":
            found.append(("density", self.density))
        return found

    def position_parameters(self, secret: str) -> list[tuple[str, str]]:
        """Return what the address says of the position."""
        if self.position.at_end:
            return [("before", END)]
        for name in ("after", "before"):
            cursor = getattr(self.position, name)
            if cursor is not None:
                place = sealed(cursor, secret, self.spec.path, self.sort, descending=self.descending)
                return [(name, place)]
        return [("at", str(self.position.at))] if self.position.at else []

    def address(self, secret: str = "", suffix: str = "/") -> str:
        """Return the path and query of the page, or with another suffix of the same rows as .json or .csv."""
        query = urlencode(self.parameters() + self.position_parameters(secret), safe=":,")
        return f"{self.spec.path}{suffix}" + (f"?{query}" if query else "")
