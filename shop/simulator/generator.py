"""Makes up a shop: a profile, a number of orders, a seed and a span of days give the same files every time."""

import gzip
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from shop.platforms.records import Kind
from shop.simulator.baskets import ORDER, Baskets, Draft
from shop.simulator.catalogue import Catalogue, Product, product_entity
from shop.simulator.changes import Changes
from shop.simulator.dice import throw
from shop.simulator.figures import Figures
from shop.simulator.people import People, customer_entity
from shop.simulator.profiles import PROFILES, ShopProfile
from shop.simulator.receipts import order_line
from shop.simulator.seasons import Calendar

LATER = 40  # orders after which the newer state of a repeated one stands
AT_ONCE = 256  # lines handed to gzip together
DAYS_AFTER = 3  # new orders of the next snapshot come within


def generate(
    profile: ShopProfile | str,
    orders: int,
    seed: int = 1,
    start: date = date(2024, 1, 1),
    end: date = date(2025, 12, 31),
) -> "GeneratedShop":
    """Return a made-up shop with so many orders, placed from `start` to `end`, both included."""
    return GeneratedShop(PROFILES[profile] if isinstance(profile, str) else profile, orders, seed, start, end)


class GeneratedShop:
    """The files of one made-up shop, streamed: memory does not grow with the number of orders."""

    def __init__(
        self, profile: ShopProfile, order_count: int, seed: int, start: date, end: date, changes: Changes | None = None
    ) -> None:
        self.profile = profile
        self.order_count = order_count
        self.seed = seed
        self.start, self.end = start, end
        self.changes = changes
        self.new_count = changes.new_orders(order_count) if changes else 0
        self.calendar = Calendar(order_count, start, end, profile.timezone, profile.growth, seed)
        after = end + timedelta(days=1)
        self.calendar_after = Calendar(
            self.new_count, after, after + timedelta(days=DAYS_AFTER - 1), profile.timezone, 0.0, seed
        )
        self.people = People(profile, seed)
        self.catalogue = Catalogue(profile, seed)
        self.baskets = Baskets(profile, self.catalogue, self.people, self.calendar)
        self.dice = Random()  # noqa: S311 - repeatable, not secret
        self.figures: Figures | None = None

    @property
    def last(self) -> datetime:
        """The end of the last day, in the shop's zone."""
        return datetime.combine(self.end + timedelta(days=1), datetime.min.time(), self.calendar.zone)

    @property
    def opened(self) -> datetime:
        """When the products were put on sale."""
        return self.calendar.real(datetime.combine(self.start, datetime.min.time())) - timedelta(days=30)

    @property
    def expected(self) -> Figures:
        """The figures that the files must give; known once the orders were written, else they are drawn for it."""
        if self.figures is None:
            for _ in self.orders():
                pass
        assert self.figures is not None
        return self.figures

    def changed(self, orders_fraction: float, seed: int = 1) -> "GeneratedShop":
        """Return the next snapshot: that fraction of the orders changed, the rest to the byte, and some new ones."""
        changes = Changes(orders_fraction, seed, self.last)
        return GeneratedShop(self.profile, self.order_count, self.seed, self.start, self.end, changes)

    def orders(self) -> Iterator[bytes]:
        """Yield the lines of the orders file, each with its line feed."""
        figures = Figures(customers=sum(1 for _ in self.registered()), products=sum(1 for _ in self.sold()))
        for line in shuffled(self.order_lines(figures), self.profile.disorder, self.seed):
            figures.file_lines += 1
            yield line
        self.figures = figures

    def order_lines(self, figures: Figures) -> Iterator[bytes]:
        waiting: list[tuple[int, bytes]] = []
        for draft in self.drafts():
            figures.add(draft)
            line = order_line(draft, self.profile)
            if self.is_repeated(draft):
                waiting.append((draft.index + LATER, line))
                line = order_line(self.older(draft), self.profile)
            yield line
            while waiting and waiting[0][0] <= draft.index:
                yield waiting.pop(0)[1]
        yield from (line for _, line in waiting)

    def drafts(self) -> Iterator[Draft]:
        """Draw the orders in the order they were placed."""
        return map(self.draft, range(self.order_count + self.new_count))

    def draft(self, index: int) -> Draft:
        """Draw one order; it has dice of its own, so that it comes out the same whatever was drawn before."""
        self.dice.seed(throw(self.seed, ORDER, index, 0))
        draft = self.baskets.draw(index, self.placed_at(index), self.last, self.dice)
        if self.changes and index < self.order_count:
            self.changes.apply(draft, self.baskets.till)
        return draft

    def placed_at(self, index: int) -> datetime:
        if index < self.order_count:
            return self.calendar.placed_at(index)
        return self.calendar_after.placed_at(index - self.order_count)

    def is_repeated(self, draft: Draft) -> bool:
        return draft.index * self.profile.duplicates % 1 + self.profile.duplicates >= 1

    def older(self, draft: Draft) -> Draft:
        """Return the order as it was when it had just been placed."""
        return replace(draft, status=-1, changed_at=draft.placed_at, tracking=None)

    def customers(self) -> Iterator[bytes]:
        """Yield the lines of the customers file: everybody with an account, guests are not among them."""
        for index in self.registered():
            since = self.placed_at(self.people.first_order(index))
            yield msgspec.json.encode(self.customer_since(index, since)) + b"\n"

    def customer_since(self, index: int, since: datetime) -> dict[str, Any]:
        return customer_entity(self.people.person(index), self.profile, self.seed, since)

    def registered(self) -> Iterator[int]:
        people = self.people.count(self.order_count + self.new_count)
        return (index for index in range(people) if self.people.is_registered(index))

    def products(self) -> Iterator[bytes]:
        """Yield the lines of the products file; what was deleted is only in orders."""
        for product in self.sold():
            yield msgspec.json.encode(product_entity(product, self.profile, self.opened)) + b"\n"

    def sold(self) -> Iterator[Product]:
        yield from (product for product in self.catalogue.products if not product.deleted)
        for entry in self.catalogue.sets:
            yield Product(entry.product_guid, entry.name, "", "product-set", None, deleted=False, variants=[entry])

    def write(self, folder: Path, level: int = 1) -> dict[Kind, Path]:
        """Write the three files, packed; the same bytes every time. Returns where they are."""
        folder.mkdir(parents=True, exist_ok=True)
        lines = {Kind.ORDERS: self.orders, Kind.CUSTOMERS: self.customers, Kind.PRODUCTS: self.products}
        return {kind: packed(folder / f"{kind}.jsonl.gz", make(), level) for kind, make in lines.items()}


def shuffled(lines: Iterable[bytes], among: int, seed: int) -> Iterator[bytes]:
    """Yield the lines out of order, each among so many neighbours."""
    if among <= 1:
        yield from lines
        return
    dice = Random(seed)  # noqa: S311 - repeatable, not secret
    rest = iter(lines)
    while block := list(islice(rest, among)):
        dice.shuffle(block)
        yield from block


def packed(path: Path, lines: Iterable[bytes], level: int) -> Path:
    rest = iter(lines)
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", compresslevel=level, fileobj=raw, mtime=0) as file,
    ):
        while block := list(islice(rest, AT_ONCE)):
            file.write(b"".join(block))
    return path
