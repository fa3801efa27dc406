"""What a failure holds back: whose records, since when, and which days and numbers may lack something."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shop.formatting import local_day
from shop.languages import N_, said
from shop.listing.days import DayRange
from shop.recovery.queries import Part
from shop.shops.models import Shop
from shop.snapshots.queries import freshness

NUMBERS = {
    "orders": N_("orders, sales figures and what customers spent"),
    "customers": N_("customers’ names and addresses"),
    "products": N_("products, prices and stock"),
}
Known = Mapping[tuple[int, str], datetime | None]


@dataclass(frozen=True)
class Touched:
    """One kind of record of one shop. `as_of` is None before its first good snapshot; `days` is empty where nothing is late."""

    shop: Shop
    part: Part
    as_of: datetime | None
    days: str
    numbers: str

    @property
    def is_stale(self) -> bool:
        return self.as_of is None or bool(self.days)


def known_until(parts: Iterable[Part]) -> Known:
    """Return up to when the kinds of record are known that these parts touch."""
    shop_ids = sorted({part.shop_id for part in parts})
    return {(one.shop_id, one.kind): one.as_of for one in freshness(shop_ids)}


def touched(parts: Sequence[Part], shops: Mapping[int, Shop], known: Known, now: datetime) -> list[Touched]:
    """Return what is held back, what is late before what newer snapshots have passed by."""
    found = [of_part(part, shops[part.shop_id], known.get((part.shop_id, part.kind)), now) for part in parts]
    return sorted(found, key=lambda one: not one.is_stale)


def of_part(part: Part, shop: Shop, as_of: datetime | None, now: datetime) -> Touched:
    days = ""
    if as_of is not None and as_of < part.last_at:
        days = DayRange(local_day(as_of, shop.timezone), local_day(now, shop.timezone)).words
    return Touched(shop, part, as_of, days, said(NUMBERS[part.kind]))
