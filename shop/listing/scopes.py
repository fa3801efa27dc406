"""Scopes: the chosen shops, grouped so that one set of conditions holds in each group."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement

from shop.listing.days import midnight
from shop.listing.listing import Listing


class ListedShop(Protocol):
    """What a list knows of a shop."""

    @property
    def id(self) -> int: ...
    @property
    def slug(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def currency(self) -> str: ...
    @property
    def timezone(self) -> str: ...


def zone_of(shop: ListedShop) -> ZoneInfo:
    return ZoneInfo(shop.timezone)


def nothing_more(_shop_id: int) -> tuple[ColumnElement[bool], ...]:
    return ()


@dataclass(frozen=True)
class Scope:
    """Shops in which the same conditions hold. `parts`: for each shop the values of the sort's part column, None where all of them are meant."""

    shop_ids: tuple[int, ...]
    zone: ZoneInfo
    conditions: tuple[ColumnElement[bool], ...]
    parts: Mapping[int, tuple[str, ...]] | None = None
    within: Callable[[int], tuple[ColumnElement[bool], ...]] = (
        nothing_more  # what a shop's own index is asked, by its id
    )
    made_of: Hashable = None  # what the conditions are made of besides the listing, as ("paid",); None: nobody says

    def of(self, shop_ids: Iterable[int]) -> "Scope | None":
        """Return the scope of some of its shops; None if none of them is meant."""
        kept = tuple(id_ for id_ in self.shop_ids if id_ in set(shop_ids))
        return replace(self, shop_ids=kept) if kept else None

    def pairs(self, shop_ids: Iterable[int]) -> list[tuple[int, str]]:
        """Return every (shop, part) that is meant in these shops."""
        parts = self.parts or {}
        return [(shop_id, part) for shop_id in shop_ids for part in parts.get(shop_id, ())]

    def day_start(self, listing: Listing) -> datetime | None:
        """Return the instant at which the listing starts to read in this zone, when it goes to a day."""
        day = listing.position.at
        if day is None:
            return None
        return midnight(day + timedelta(days=1) if listing.descending else day, self.zone)


def scopes(
    listing: Listing, shops: Sequence[ListedShop], parts: Callable[[int], tuple[str, ...]] | None = None
) -> list[Scope]:
    """Group the shops, by zone where days are asked for; a shop in which no part is meant has no rows and drops out."""
    by_zone = listing.position.at is not None or any(known.by_zone for known, _ in listing.filters())
    meant = {shop.id: parts(shop.id) for shop in shops} if parts else None
    left = [shop for shop in shops if meant is None or meant[shop.id]]
    ordered = sorted(left, key=lambda shop: (shop.timezone if by_zone else "", shop.id))
    found = []
    for _, group in groupby(ordered, key=lambda shop: shop.timezone if by_zone else ""):
        members = list(group)
        ids, zone = tuple(shop.id for shop in members), zone_of(members[0])
        found.append(Scope(ids, zone, tuple(listing.conditions(zone)), meant, listing.within, made_of=("listing",)))
    return found
