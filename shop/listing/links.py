"""Where one can go from a page of a list: its pages, sizes, orders, filters, and the same rows as .csv and .json."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from shop.formatting import day as day_words
from shop.formatting import number, plural
from shop.formatting import total as total_words
from shop.languages import N_, NBSP, said
from shop.languages import gettext as _
from shop.listing.days import DayRange
from shop.listing.listing import DENSITIES, LIST_PARAMETER, MANY, SIZES, START, Listing, Position
from shop.listing.page import Page
from shop.listing.scopes import ListedShop

DENSITY_WORDS = {"compact": N_("Compact"), "standard": N_("Standard"), "comfortable": N_("Comfortable")}

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Links:
    """The addresses around one page. Empty where there is nothing to go to."""

    listing: Listing
    page: Page
    secret: str

    def to(self, **changes: Any) -> str:
        return replace(self.listing, **changes).address(self.secret)

    @property
    def first(self) -> str:
        return "" if self.listing.position == START else self.to(position=START)

    @property
    def previous(self) -> str:
        return self.to(position=Position(before=self.page.previous)) if self.page.previous else ""

    @property
    def next(self) -> str:
        return self.to(position=Position(after=self.page.next)) if self.page.next else ""

    @property
    def last(self) -> str:
        return self.to(position=Position(at_end=True)) if self.page.next else ""

    @property
    def asked(self) -> Hashable:
        """Return all that the address asks for but the place, as it writes it: what a form with the filters is made of."""
        return self.listing.density, self.listing.usual, tuple(self.listing.parameters())

    @property
    def csv(self) -> str:
        return replace(self.listing, position=START, per_page=self.listing.usual, density="standard").address(
            suffix=".csv"
        )

    @property
    def csv_marked(self) -> str:
        """Return the same with a byte order mark, as Excel wants it."""
        return f"{self.csv}{'&' if '?' in self.csv else '?'}bom=1"

    @property
    def clear(self) -> str:
        return self.listing.without_filters().address()

    @property
    def query(self) -> str:
        return str(self.listing.chosen.get("q", ""))

    @property
    def sizes(self) -> list[tuple[int, str, bool]]:
        chosen = self.listing.per_page
        sizes = sorted({*SIZES, chosen})
        return [(size, self.to(per_page=size, position=START), size == chosen) for size in sizes]

    @property
    def densities(self) -> list[tuple[str, str, bool]]:
        chosen = self.listing.density
        return [(said(DENSITY_WORDS[name]), self.to(density=name), name == chosen) for name in DENSITIES]

    @property
    def chips(self) -> list[tuple[str, str, str]]:
        """Return the filters in force but the search: label, words, and the address without it. Whoever shows a label says it."""
        return [
            (known.label, known.words(value), self.listing.without_filter(known.name).address())
            for known, value in self.listing.filters()
            if known.name != "q"
        ]

    def record(self, slug: str, number: int) -> str:
        """Return the page of one row; it remembers the list it was opened from."""
        return f"{self.listing.spec.path}/{slug}/{number}{self.way_back}"

    @cached_property
    def way_back(self) -> str:
        return way_back(self.listing)

    def sort_by(self, name: str) -> str:
        """Return the list in this order, falling first; in the other direction if it has it already."""
        falling = f"-{name}"
        return self.to(order=name if self.listing.order == falling else falling, position=START)

    def order_of(self, name: str) -> str:
        """Return ascending or descending if the list is in this order now."""
        if self.listing.sort.name != name:
            return ""
        return "descending" if self.listing.descending else "ascending"

    def kept(self, *fields: str) -> Pairs:
        """Return what a form with these filters as its fields must carry on: everything else but the position."""
        return [pair for pair in self.listing.parameters() if pair[0] not in {"q", *fields}]

    def go_to(self, default: date | None) -> tuple[str, str, str, Pairs] | None:
        """Return the form that jumps to a day: address, name, value, kept parameters; None where no day orders the list."""
        if not self.listing.sort.by_day or default is None:
            return None
        typed = day_words(self.listing.position.at or default)
        return (f"{self.listing.spec.path}/", "at", typed, self.listing.parameters())

    def value(self, name: str) -> str:
        """Return the value of a filter as its form field shows it: the first of several."""
        chosen = self.listing.chosen.get(name)
        return "" if chosen is None else self.listing.spec.filter(name).written(chosen)[0]

    def days(self, name: str) -> DayRange:
        """Return a range of days for its two form fields."""
        chosen: DayRange = self.listing.chosen.get(name, DayRange(None, None))
        return chosen

    def bounds(self, name: str) -> tuple[str, str]:
        """Return the lowest and highest amount of a range for their form fields."""
        chosen: Mapping[str, Decimal] = dict(self.listing.chosen.get(name, ()))
        return tuple(str(chosen.get(comparison, "")) for comparison in ("gte", "lte"))  # type: ignore[return-value]  # two

    @property
    def shown(self) -> str:
        """Say which of the rows are shown: 51–100 of 1 204."""
        count, rank, total = len(self.page.keys), self.page.first_rank, self.page.total
        if not count:
            return ""
        words = plural(count, "row", "rows") if rank is None else f"{number(rank)}–{number(rank + count - 1)}"
        if total.value is None:
            return words
        return _("%(count)s of %(most)s", count=words, most=total_words(total.value, total.exact))

    @property
    def counted(self) -> str:
        """Say how many rows match: 1 204 orders, 10 000+ orders."""
        total, spec = self.page.total, self.listing.spec
        if total.value is None:
            return _("many %(things)s", things=spec.counted(MANY))
        return f"{total_words(total.value, total.exact)}{NBSP}{spec.counted(total.value)}"


def record_address(listing: Listing, slug: str, number: int) -> str:
    """Return the page of one record, with the list in which the reader goes on to the next."""
    return f"{listing.spec.path}/{slug}/{number}{way_back(listing)}"


def way_back(listing: Listing) -> str:
    """Return the end of a record's address that names the list."""
    query = urlencode([pair for pair in listing.parameters() if pair[0] not in ("per_page", "density")], safe=":,")
    return f"?{urlencode({LIST_PARAMETER: query})}" if query else ""


def added(amounts: Iterable[tuple[int, Decimal]]) -> dict[int, Decimal]:
    """Return what (shop, amount) pairs add up to in each shop."""
    found: dict[int, Decimal] = {}
    for shop_id, amount in amounts:
        found[shop_id] = found.get(shop_id, Decimal(0)) + amount
    return found


def sums_by_currency(sums: Mapping[int, Decimal] | None, shops: Sequence[ListedShop]) -> list[tuple[Decimal, str]]:
    """Add up amounts of shops that share a currency; currencies are never added to each other."""
    found: dict[str, Decimal] = {}
    for shop in shops:
        if sums and shop.id in sums:
            found[shop.currency] = found.get(shop.currency, Decimal(0)) + sums[shop.id]
    return [(amount, currency) for currency, amount in found.items()]
