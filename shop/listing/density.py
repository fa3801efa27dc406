"""Remembers of a filter in which shops so many rows match that they need not be counted again, and how those are met.

Each process learns it by its own first look. To ask Redis would cost every lookup that matches little as much as a statement.
"""

import time
from collections.abc import Hashable, Sequence

from shop.listing.listing import Listing

Turn = tuple[int, int]  # a way of meeting rows, and which try of it
KEPT = 300.0  # seconds; what is frequent does not become rare in a few minutes, and is told as "at least" only
MOST = 2_000  # questions; beyond it all are forgotten
DENSE: dict[
    Hashable, tuple[float, frozenset[int]]
] = {}  # by question: until when, on the monotonic clock, and the shops
WAYS: dict[Hashable, tuple[float, Turn]] = {}
SLOW: dict[
    Hashable, float
] = {}  # questions whose count took longer than anybody waits: until when they are not asked again


def known(listing: Listing, shop_ids: Sequence[int], most: int) -> frozenset[int]:
    """Return the dense shops, none where nothing is remembered."""
    until, shops = DENSE.get((*asked(listing, shop_ids), most), (0.0, frozenset()))
    return shops if time.monotonic() < until else frozenset()


def remember(listing: Listing, shop_ids: Sequence[int], most: int, dense: frozenset[int]) -> None:
    if len(DENSE) >= MOST:
        DENSE.clear()
    DENSE[(*asked(listing, shop_ids), most)] = (time.monotonic() + KEPT, dense)


def is_slow(listing: Listing, shop_ids: Sequence[int]) -> bool:
    """Tell whether counting took too long a while ago: then nobody waits for it in vain again."""
    return time.monotonic() < SLOW.get(asked(listing, shop_ids), 0.0)


def remember_slow(listing: Listing, shop_ids: Sequence[int]) -> None:
    if len(SLOW) >= MOST:
        SLOW.clear()
    SLOW[asked(listing, shop_ids)] = time.monotonic() + KEPT


def way_that_met(listing: Listing, shop_ids: Sequence[int], turns: Sequence[Turn]) -> list[Turn]:
    """Return which of the turns met the rows last time, none where nothing is remembered or it was the first of them."""
    until, found = WAYS.get(towards(listing, shop_ids), (0.0, None))
    return [turn for turn in turns[1:] if turn == found and time.monotonic() < until]


def remember_way(listing: Listing, shop_ids: Sequence[int], turn: Turn) -> None:
    if len(WAYS) >= MOST:
        WAYS.clear()
    WAYS[towards(listing, shop_ids)] = (time.monotonic() + KEPT, turn)


def forget() -> None:
    DENSE.clear()
    WAYS.clear()
    SLOW.clear()


def asked(listing: Listing, shop_ids: Sequence[int]) -> tuple[Hashable, ...]:
    """Name the question, whatever its order and its place."""
    return listing.spec.path, listing.values, tuple(shop_ids)


def towards(listing: Listing, shop_ids: Sequence[int]) -> Hashable:
    """Name the question with its order and the end that it starts from, for what is far from one is near to the other."""
    place = listing.position
    start = "end" if place.at_end else "within" if place.after or place.before else "start"
    return (*asked(listing, shop_ids), listing.order, start)
