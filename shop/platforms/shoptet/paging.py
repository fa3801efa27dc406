"""Reads lists page by page, one page in memory, and stays right while rows are added and deleted on the way."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec
import structlog

from shop.languages import gettext as _
from shop.platforms.failures import ContractBroken, ListShifted, NotThere, Refused
from shop.platforms.shoptet.answers import Paginator
from shop.platforms.shoptet.api import Api
from shop.platforms.shoptet.envelope import EMPTY, PAGE_NOT_FOUND, decoded

Row = TypeVar("Row")
WINDOW = 5_000  # keys remembered: as many pages back as rows may shift
log = structlog.get_logger()


@dataclass(frozen=True)
class Listing(Generic[Row]):
    """Which list: its path, its name in the answer, what a row is, what tells one row from another."""

    path: str
    name: str
    row: type[Row]
    key: Callable[[Row], object]
    per_page: int | None  # the most that Shoptet documents; the answer says what it gave


@dataclass(frozen=True)
class Page(Generic[Row]):
    rows: list[Row]
    paginator: Paginator | None
    digest: bytes


class Walk(Generic[Row]):
    """One way through a list.

    A row added before the place we have reached pushes others to the next page: they are met again and left out.
    A row deleted there pulls others to a page already read: a shrinking total shows it, and that page is read again.
    """

    def __init__(self, api: Api, listing: Listing[Row], params: Mapping[str, str]) -> None:
        self.api = api
        self.listing = listing
        self.params = dict(params)
        if listing.per_page:
            self.params["itemsPerPage"] = str(listing.per_page)
        self.seen: OrderedDict[object, None] = OrderedDict()
        self.digests: set[bytes] = set()

    def __iter__(self) -> Iterator[Row]:
        number, before = 1, None
        while True:
            page = self.read(number, before)
            if page is None:
                yield from self.again(number - 1)
                return
            if before and page.paginator and page.paginator.total_count < before.total_count:
                yield from self.again(number - 1)
            yield from self.fresh(page.rows)
            if page.paginator is None or not page.rows or number >= page.paginator.page_count:
                return
            number, before = number + 1, page.paginator

    def read(self, number: int, before: Paginator | None) -> Page[Row] | None:
        """Return the page, None where the list has ended before it. Raises ListShifted where it cannot be trusted."""
        try:
            page = self.fetch(number)
        except NotThere as failure:
            last = before is not None and number >= before.page_count
            if number > 1 and (failure.code == PAGE_NOT_FOUND or (failure.code == EMPTY and last)):
                return None
            raise
        told = page.paginator
        if page.rows and (page.digest in self.digests or (told and told.page != number)):
            raise ListShifted(_("%(path)s answers with the same page again and again.", path=self.listing.path))
        if before and told and told.items_per_page != before.items_per_page:
            raise ListShifted(_("%(path)s changes the size of its pages on the way.", path=self.listing.path))
        self.digests.add(page.digest)
        return page

    def fetch(self, number: int) -> Page[Row]:
        path, name = self.listing.path, self.listing.name
        try:
            reply = self.api.get(path, self.params | {"page": str(number)})
        except Refused:
            if number > 1 or "itemsPerPage" not in self.params:
                raise
            log.warning("platform_page_size_refused", path=path, size=self.params.pop("itemsPerPage"))
            reply = self.api.get(path, self.params | {"page": "1"})
        parts = reply.read(dict[str, msgspec.Raw])
        if name not in parts:
            raise ContractBroken(_("The answer of %(path)s lacks its list “%(name)s”.", path=path, name=name))
        rows = decoded(parts[name], list[self.listing.row], path)  # type: ignore[name-defined]
        told = decoded(parts["paginator"], Paginator | None, path) if "paginator" in parts else None  # type: ignore[arg-type]
        return Page(rows, told, hashlib.blake2b(parts[name], digest_size=16).digest())

    def again(self, number: int) -> Iterator[Row]:
        """Read a page once more for rows that were pulled onto it; gone altogether, it has none."""
        if number < 1:
            return
        log.info("platform_list_shrank", path=self.listing.path, page=number)
        try:
            yield from self.fresh(self.fetch(number).rows)
        except NotThere as failure:
            if failure.code != PAGE_NOT_FOUND:
                raise

    def fresh(self, rows: list[Row]) -> Iterator[Row]:
        """Yield the rows not met in the window."""
        for row in rows:
            key = self.listing.key(row)
            if key in self.seen:
                continue
            self.seen[key] = None
            if len(self.seen) > WINDOW:
                self.seen.popitem(last=False)
            yield row
