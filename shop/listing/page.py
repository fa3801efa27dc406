"""One page of a list: which rows, how many there are in all, and the places before and behind it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from psycopg.errors import QueryCanceled
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from shop.errors import ShopError
from shop.languages import gettext as _
from shop.listing import density
from shop.listing.cursor import Cursor
from shop.listing.gathering import MOST, Gathered, bounded_count, gather, sort_out
from shop.listing.limits import TURNS, keep_index_order, settle, within
from shop.listing.listing import Listing, Position
from shop.listing.scopes import Scope
from shop.listing.window import Key, walk


class TooSlow(ShopError):
    """A page would have taken longer than anybody waits."""


@dataclass(frozen=True)
class Total:
    """How many rows match: exactly, at least (`exact` False), or not known in time (`value` None).

    `sums` are the amounts they add up to in each shop, in its currency, where that is known without reading every row.
    """

    value: int | None
    exact: bool
    sums: Mapping[int, Decimal] | None = None


@dataclass(frozen=True)
class Page:
    """The keys of the rows in reading order; `first_rank` is the number of the first of them where that is known."""

    keys: list[Key]
    total: Total
    previous: Cursor | None
    next: Cursor | None
    first_rank: int | None


def page_of(
    session: Session,
    listing: Listing,
    scopes: Sequence[Scope],
    folded: Callable[[], Total | None] = lambda: None,
) -> Page:
    """Return the listing's page. `folded` gives the total where folds know it. Raises TooSlow.

    With filters that the sort's index serves, the rows are walked to directly. With others the list first looks at what
    matches: a little is sorted as it is; a lot is met soon on a walk, or else sorted out. Either way the cost is bounded.
    """
    try:
        total = folded()
        settle(session)
        placed = at_its_day(session, listing, scopes)
        return bounded(page_within(session, placed, scopes, total), placed)
    except OperationalError as error:
        if isinstance(error.orig, QueryCanceled):
            raise TooSlow(
                _(
                    "These filters together take longer than a page may. "
                    "Nothing was changed; narrow the list, for example to fewer days."
                )
            ) from error
        raise


def page_within(session: Session, listing: Listing, scopes: Sequence[Scope], folded: Total | None) -> Page:
    """Return the page with one row more than it holds, as a sign that the list goes on."""
    limit = listing.per_page + 1
    if listing.is_served:
        keys = walk(session, listing, scopes, limit, is_last=folded is not None)
        total = folded or counted(bounded_count(session, listing, scopes))
    else:
        keys, total = looked_for(session, listing, scopes, folded, limit)
    return Page(keys, total, None, None, None)


def at_its_day(session: Session, listing: Listing, scopes: Sequence[Scope]) -> Listing:
    """Return a listing that goes to a day as one that starts behind the row before the first of that day.

    Shops in other zones begin the day at other instants; from the first of these rows on, the list goes on as it is.
    """
    if listing.position.at is None:
        return listing
    first = nearest(session, listing, scopes)
    if first is None:
        return replace(listing, position=Position(at_end=True))
    before = nearest(session, replace(listing, position=Position(before=first.cursor(None))), scopes)
    return replace(listing, position=Position(after=before.cursor(None)) if before else Position())


def looked_for(
    session: Session, listing: Listing, scopes: Sequence[Scope], folded: Total | None, limit: int
) -> tuple[list[Key], Total]:
    """Return the rows and the total where no index has both the filters and the order."""
    gathered = None if is_many(listing, folded) else gather(session, listing, scopes, limit)
    if gathered is not None and gathered.is_whole:
        return gathered.keys, folded or Total(gathered.count, exact=True, sums=gathered.sums)
    total = folded or (Total(None, exact=False) if gathered is None else at_least(gathered))
    if gathered is None or not listing.spec.by_shop:
        return met_soon(session, listing, scopes, limit), total
    dense = [kept for scope in scopes if (kept := scope.of(gathered.walked))]
    return merged(listing, gathered.keys, met_soon(session, listing, dense, limit), limit), total


def at_least(gathered: Gathered) -> Total:
    """Return the total of what was not counted to its end; none where nothing was counted at all."""
    return Total(min(gathered.count, MOST) or None, exact=False)


def is_many(listing: Listing, folded: Total | None) -> bool:
    """Tell whether the folds know that more matches than is counted; where shops are looked at alone, they are all the same."""
    return folded is not None and folded.value is not None and folded.value > MOST and not listing.spec.by_shop


def merged(listing: Listing, some: Sequence[Key], others: Sequence[Key], limit: int) -> list[Key]:
    """Return the nearest of two lists of rows, each in reading order from the position on."""
    down = listing.descending != listing.position.backwards
    rows = sorted([*some, *others], key=lambda row: (row.key is not None, row.key, row.shop_id, row.tie), reverse=down)
    return sorted(rows, key=lambda row: row.segment, reverse=listing.position.backwards)[:limit]


def met_soon(session: Session, listing: Listing, scopes: Sequence[Scope], limit: int) -> list[Key]:
    """Return the rows from the position on where many match: a short walk meets them, unless all of them lie far from there.

    Unpaid orders are the newest ones, and what was sold years ago is asked for from the newest on: then sorting all that
    match is quicker. Both are tried in turns, each time for longer, so that it never takes much longer than the quicker one;
    what met them is tried first for some minutes.
    """

    def strolled() -> list[Key]:
        return walk(session, listing, scopes, limit, divided=False)

    def sorted_out() -> list[Key]:
        return sort_out(session, listing, scopes, limit)

    ways = (strolled, sorted_out)
    shop_ids = sorted({shop_id for scope in scopes for shop_id in scope.shop_ids})
    turns = [(way, turn) for turn in range(len(TURNS)) for way in range(len(ways))]
    for way, turn in [*density.way_that_met(listing, shop_ids, turns), *turns]:
        keys = within(session, TURNS[turn], ways[way])
        if keys is not None:
            density.remember_way(listing, shop_ids, (way, turn))
            return keys
    return strolled()


def counted(count: int | None) -> Total:
    """Return the total that a bounded count tells."""
    if count is None:
        return Total(None, exact=False)
    return Total(min(count, MOST), exact=count <= MOST)


def bounded(page: Page, listing: Listing) -> Page:
    """Cut the page to its size, put it in reading order, and name the places before and behind it."""
    position, size = listing.position, listing.per_page
    keys, more = page.keys[:size], len(page.keys) > size
    if position.backwards:
        keys.reverse()
    rank = first_rank(listing, page.total, len(keys))
    is_start = position == Position() or not keys
    goes_back = more if position.backwards else position.after is not None
    goes_on = position.before is not None if position.backwards else more
    last_rank = None if rank is None else rank + len(keys) - 1
    return Page(
        keys=keys,
        total=page.total,
        previous=keys[0].cursor(rank) if goes_back and not is_start else None,
        next=keys[-1].cursor(last_rank) if goes_on and keys else None,
        first_rank=rank,
    )


def first_rank(listing: Listing, total: Total, count: int) -> int | None:
    """Return the number of the page's first row: counted on from the start, back from an exact end, or not known."""
    position = listing.position
    if position == Position():
        return 1
    if position.at_end:
        return total.value - count + 1 if total.exact and total.value is not None else None
    place, step = (position.after, 1) if position.after else (position.before, -count)
    rank = place.rank + step if place and place.rank is not None else None
    return rank if rank is not None and rank > 0 else None


def neighbours(session: Session, listing: Listing, scopes: Sequence[Scope], key: Key) -> tuple[Key | None, Key | None]:
    """Return the rows before and behind one row of the list."""
    settle(session)
    place = key.cursor(None)
    before, after = (
        replace(listing, position=position) for position in (Position(before=place), Position(after=place))
    )
    found = nearest(session, before, scopes), nearest(session, after, scopes)
    keep_index_order(session, start=False)  # the page of the row asks for much else
    return found


def nearest(session: Session, listing: Listing, scopes: Sequence[Scope]) -> Key | None:
    """Return the first row from the listing's position on."""
    if listing.is_served:
        keys = walk(session, listing, scopes, 1)
    else:
        keys, _total = looked_for(session, listing, scopes, None, 1)
    return keys[0] if keys else None
