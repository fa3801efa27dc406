"""Remembers of a filter in which shops so many rows match that they need not be counted again, and how those are met."""

from collections.abc import Sequence
from hashlib import blake2b

from shop.cache import cache
from shop.listing.listing import Listing

Turn = tuple[int, int]  # a way of meeting rows, and which try of it
KEPT = 300  # seconds; what is frequent does not become rare in a few minutes, and is told as "at least" only


def known(listing: Listing, shop_ids: Sequence[int], most: int) -> frozenset[int]:
    """Return the dense shops, none where nothing is remembered."""
    return frozenset(cache.get(key(listing, shop_ids, most)) or ())


def remember(listing: Listing, shop_ids: Sequence[int], most: int, dense: frozenset[int]) -> None:
    cache.set(key(listing, shop_ids, most), sorted(dense), timeout=KEPT)


def way_that_met(listing: Listing, shop_ids: Sequence[int], turns: Sequence[Turn]) -> list[Turn]:
    """Return which of the turns met the rows last time, none where nothing is remembered."""
    found = cache.get(way_key(listing, shop_ids))
    return [turn for turn in turns[1:] if list(turn) == found]


def remember_way(listing: Listing, shop_ids: Sequence[int], turn: Turn) -> None:
    cache.set(way_key(listing, shop_ids), list(turn), timeout=KEPT)


def way_key(listing: Listing, shop_ids: Sequence[int]) -> str:
    """Name the question with its order and the end that it starts from, for what is far from one is near to the other."""
    place = listing.position
    start = "end" if place.at_end else "within" if place.after or place.before else "start"
    return key(listing, shop_ids, 0) + f":{listing.order}:{start}"


def key(listing: Listing, shop_ids: Sequence[int], most: int) -> str:
    """Name the question, whatever its order and its place."""
    asked = f"{listing.spec.path} {listing.values!r} {sorted(shop_ids)} {most}"
    return f"dense:{blake2b(asked.encode(), digest_size=16).hexdigest()}"
