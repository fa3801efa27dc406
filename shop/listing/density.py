"""Remembers of a filter in which shops so many rows match that they need not be counted again, and how those are met.

Each process learns it by its own first look. To ask Redis would cost every lookup that matches little as much as a statement.
"""

import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from shop.listing.listing import Listing

Turn = tuple[int, int]  # a way of meeting rows, and which try of it
KEPT = 300.0  # seconds; what is frequent does not become rare in a few minutes, and is told as "at least" only
MOST = 2_000  # questions; beyond it all are forgotten
DENSE: dict[Hashable, "tuple[float, Known]"] = {}  # by question: until when, on the monotonic clock, and what is known
WAYS: dict[Hashable, tuple[float, Turn]] = {}


@dataclass(frozen=True)
class Known:
    """In which shops more rows match than are counted, and in which that could not be told in time."""

    dense: frozenset[int] = frozenset()
    slow: frozenset[int] = frozenset()

    @property
    def walked(self) -> frozenset[int]:
        return self.dense | self.slow


def known(listing: Listing, shop_ids: Sequence[int], most: int) -> Known:
    """Return what is remembered of a question, nothing where nothing is."""
    until, found = DENSE.get((*asked(listing, shop_ids), most), (0.0, Known()))
    return found if time.monotonic() < until else Known()


def remember(listing: Listing, shop_ids: Sequence[int], most: int, found: Known) -> None:
    if len(DENSE) >= MOST:
        DENSE.clear()
    DENSE[(*asked(listing, shop_ids), most)] = (time.monotonic() + KEPT, found)


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


def asked(listing: Listing, shop_ids: Sequence[int]) -> tuple[Hashable, ...]:
    """Name the question, whatever its order and its place."""
    return listing.spec.path, listing.values, tuple(shop_ids)


def towards(listing: Listing, shop_ids: Sequence[int]) -> Hashable:
    """Name the question with its order and the end that it starts from, for what is far from one is near to the other."""
    place = listing.position
    start = "end" if place.at_end else "within" if place.after or place.before else "start"
    return (*asked(listing, shop_ids), listing.order, start)
