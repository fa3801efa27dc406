"""What changed in a shop, entity by entity, and the entities themselves one by one."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

import msgspec

from shop.languages import gettext as _
from shop.platforms.failures import FeedTooOld, NotThere
from shop.platforms.records import Kind
from shop.platforms.remote import Change, ChangeFeed
from shop.platforms.shoptet.answers import Changed, GuidRow, OrderRow, moment
from shop.platforms.shoptet.api import Api
from shop.platforms.shoptet.envelope import EMPTY
from shop.platforms.shoptet.exports import INCLUDES, written
from shop.platforms.shoptet.paging import Listing, Walk

OVERLAP = timedelta(minutes=5)  # read twice, so that nothing falls between two feeds
REMEMBERED = timedelta(days=29)  # Shoptet promises thirty
MOST_PER_PAGE = {Kind.ORDERS: 1000, Kind.CUSTOMERS: 20, Kind.PRODUCTS: 1000}  # of changes
LISTED_PER_PAGE = {Kind.ORDERS: 50, Kind.CUSTOMERS: 1000, Kind.PRODUCTS: 1000}


def feed(api: Api, kind: Kind, since: datetime, *, deletions_only: bool = False) -> ChangeFeed:
    now = api.server_time()
    if since < now - REMEMBERED:
        raise FeedTooOld(
            _(
                "Shoptet remembers changes for thirty days, and the last ones known are of %(since)s.",
                since=f"{since:%d %b %Y}",
            )
        )
    listing = Listing(
        f"/api/{kind}/changes", "changes", Changed, key=lambda row: (key_of(row), row.change_time, row.change_type),
        per_page=MOST_PER_PAGE[kind],
    )  # fmt: skip
    only = {"changeType": "delete"} if deletions_only else {}
    return ChangeFeed(now - OVERLAP, map(change, Walk(api, listing, {"from": written(since)} | only)))


def change(row: Changed) -> Change:
    """A word that is not known is taken for a change: the entity is then looked at."""
    return Change(key_of(row), moment(row.change_time), deleted=row.change_type == "delete")


def key_of(row: Changed) -> str:
    return row.code or row.guid or ""


def details(api: Api, kind: Kind, keys: Sequence[str]) -> Iterator[tuple[str, bytes | None]]:
    """Yield each entity as a line, with what a snapshot would include; None for one that is gone."""
    includes = {"include": INCLUDES[kind]} if INCLUDES[kind] else {}
    for key in keys:
        yield key, detail(api, f"/api/{kind}/{quote(key, safe='')}", includes)


def detail(api: Api, path: str, includes: dict[str, str]) -> bytes | None:
    try:
        return bytes(api.get(path, includes).read(msgspec.Raw))
    except NotThere as failure:
        if failure.code == EMPTY:
            raise
        return None


def walk(api: Api, kind: Kind, changed_since: datetime | None) -> Iterator[bytes]:
    """Yield every entity as a line. The list of customers knows no times, so theirs are compared here."""
    since = {"changeTimeFrom": written(changed_since)} if changed_since and kind is not Kind.CUSTOMERS else {}
    for key in listed(api, kind, since, changed_since):
        for _key, line in details(api, kind, [key]):
            if line is not None:
                yield line


def listed(api: Api, kind: Kind, params: dict[str, str], changed_since: datetime | None) -> Iterator[str]:
    path, most = f"/api/{kind}", LISTED_PER_PAGE[kind]
    if kind is Kind.ORDERS:
        for order in Walk(api, Listing(path, "orders", OrderRow, lambda row: row.code, most), params):
            yield order.code
        return
    for row in Walk(api, Listing(path, str(kind), GuidRow, lambda row: row.guid, most), params):
        changed = moment(row.change_time)
        if not (changed_since and changed and changed < changed_since):
            yield row.guid
