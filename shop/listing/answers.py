"""A page of a list as JSON, and how fresh a list is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from shop.formatting import moment, plural
from shop.languages import gettext as _
from shop.listing.cells import Fields, members
from shop.listing.links import Links
from shop.listing.scopes import ListedShop, zone_of


class Known(Protocol):
    """Up to when one kind of a shop's records is known, and by which run; None before the first."""

    @property
    def shop_id(self) -> int: ...
    @property
    def as_of(self) -> datetime | None: ...
    @property
    def snapshot_id(self) -> int | None: ...


@dataclass(frozen=True)
class Freshness:
    """`as_of`: every shop that has data is at least this fresh, in its own zone; None before the first snapshot.

    `empty` counts the shops without a complete snapshot.
    """

    as_of: datetime | None
    snapshots: tuple[int, ...]
    empty: int
    words: str


def overall(found: Iterable[Known], shops: Sequence[ListedShop], now: datetime) -> Freshness:
    """Return how fresh a list over these shops is: a shop is as fresh as its newest run, the list as its oldest shop."""
    newest: dict[int, datetime] = {}
    runs = []
    for known in found:
        if known.as_of is not None and known.snapshot_id is not None:
            newest[known.shop_id] = max(newest.get(known.shop_id, known.as_of), known.as_of)
            runs.append(known.snapshot_id)
    empty = len([shop for shop in shops if shop.id not in newest])
    if not newest:
        return Freshness(None, (), empty, _("No snapshot yet"))
    zones = {shop.id: shop for shop in shops}
    oldest = min(newest, key=lambda id_: newest[id_])
    as_of = newest[oldest].astimezone(zone_of(zones[oldest]))
    at = moment(as_of, zones[oldest].timezone, now)
    if not empty:
        return Freshness(as_of, tuple(sorted(runs)), empty, _("As of %(moment)s", moment=at))
    words = _("As of %(moment)s, %(shops)s without data", moment=at, shops=plural(empty, "shop", "shops"))
    return Freshness(as_of, tuple(sorted(runs)), empty, words)


def json_page(links: Links, rows: Iterable[Fields], fresh: Freshness, root: str) -> dict[str, Any]:
    """Return the page as the contract has it. `root` is the address of this installation."""
    return {
        "rows": [members(fields) for fields in rows],
        "next": whole(root, links.next),
        "previous": whole(root, links.previous),
        "total": {"value": links.page.total.value, "exact": links.page.total.exact},
        "as_of": fresh.as_of.isoformat() if fresh.as_of else None,
        "snapshots": list(fresh.snapshots),
    }


def whole(root: str, address: str) -> str | None:
    """Return the full URL of the same page as JSON, or None where there is none."""
    path, _, query = address.partition("?")
    return f"{root.rstrip('/')}{path.rstrip('/')}.json?{query}" if address else None
