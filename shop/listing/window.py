"""Walks along an index: the next rows of a list behind a place, at the same cost wherever the place is."""

from collections.abc import Iterator, Sequence
from functools import partial
from operator import ge, gt, le, lt
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Select,
    Text,
    bindparam,
    column,
    func,
    literal,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session

from shop.listing.cursor import Cursor
from shop.listing.limits import keep_index_order, note_end, search_is_over
from shop.listing.listing import Listing
from shop.listing.prepared import asked, place_key, place_tie, question
from shop.listing.scopes import Scope
from shop.listing.sorts import Column, Segment

Condition = ColumnElement[bool]


class Key(NamedTuple):
    """Where a row stands in its list, and the number by which its domain finds it."""

    segment: int
    shop_id: int
    row: int
    key: Any
    tie: Any

    def cursor(self, rank: int | None) -> Cursor:
        return Cursor(self.segment, self.key, self.shop_id, self.tie, rank)


def walk(
    session: Session,
    listing: Listing,
    scopes: Sequence[Scope],
    limit: int,
    *,
    divided: bool = True,
    is_last: bool = False,
) -> list[Key]:
    """Return up to `limit` rows from the listing's position on, in reading order: backwards they come nearest first.

    `divided` walks each part of a shop by itself where the index allows it: right when the parts are all that is asked for.
    `is_last`: nothing is searched for after it, so that what follows need not be planned for its values.
    """
    keep_index_order(session, start=True)
    found: list[Key] = []
    numbers = segments_ahead(listing)
    says = is_last and len(numbers) == 1
    for number in numbers:
        wanted = limit - len(found)
        if wanted:
            one = question("window", listing, scopes, number, wanted, divided, says)
            build = partial(window, listing, scopes, number, wanted, divided=divided, says_when_over=says)
            rows = asked(session, one, build, listing)
            found += [Key(number, *row[:4]) for row in rows]
            if says and rows:
                note_end(session)
    return found


def segments_ahead(listing: Listing) -> list[int]:
    """Return the numbers of the segments to read, from the position on."""
    numbers = range(len(listing.sort.segments))
    place = listing.position.after or listing.position.before
    if listing.position.backwards:
        return [number for number in reversed(numbers) if place is None or number <= place.segment]
    return [number for number in numbers if place is None or number >= place.segment]


def window(
    listing: Listing,
    scopes: Sequence[Scope],
    number: int,
    limit: int,
    *,
    divided: bool = True,
    says_when_over: bool = False,
) -> Select[Any] | None:
    """Return the statement for the next rows of one segment: the best of each shop, merged; None if no shop is left."""
    segment = listing.sort.segments[number]
    down = listing.descending != listing.position.backwards
    parts = [
        nearest(segment, scope, shop_ids, condition, limit, down=down, divided=divided and segment.divided)
        for scope in scopes
        for shop_ids, condition in starts(listing, scope, number, down=down)
    ]
    if not parts:
        return None
    merged = parts[0].subquery() if len(parts) == 1 else union_all(*parts).subquery()
    columns = merged.c
    order = directed((columns.key, columns.shop_id, columns.tie), down=down)
    over = [search_is_over().label("over")] if says_when_over else []
    return select(columns.shop_id, columns.row, columns.key, columns.tie, *over).order_by(*order).limit(limit)


def starts(
    listing: Listing, scope: Scope, number: int, *, down: bool
) -> Iterator[tuple[tuple[int, ...], Condition | None]]:
    """Cut a scope's shops by where the walk starts in them, each with the condition that says so.

    Rows follow each other by (key, shop, tie). In the shops ahead of the cursor's, its key is still to come; in those behind
    it has been; only in its own the tie-breaker decides.
    """
    segment, place = listing.sort.segments[number], listing.position.after or listing.position.before
    if place is None or place.segment != number:
        day_start = scope.day_start(listing) if segment.known is not False else None
        yield scope.shop_ids, None if day_start is None else (lt if down else ge)(segment.key, day_start)
        return
    ahead = tuple(id_ for id_ in scope.shop_ids if (id_ < place.shop_id if down else id_ > place.shop_id))
    own = tuple(id_ for id_ in scope.shop_ids if id_ == place.shop_id)
    behind = tuple(id_ for id_ in scope.shop_ids if id_ not in ahead + own)
    beyond, reached = (lt, le) if down else (gt, ge)
    if place.key is None:
        choices = [(ahead, None), (own, beyond(segment.tie, place_tie(segment.tie)))]
    else:
        key = place_key(segment.key)
        exact = beyond(tuple_(segment.key, segment.tie), tuple_(key, place_tie(segment.tie)))
        own_condition = exact & reached(segment.key, key) if segment.apart else exact
        choices = [(ahead, reached(segment.key, key)), (own, own_condition), (behind, beyond(segment.key, key))]
    yield from ((shop_ids, condition) for shop_ids, condition in choices if shop_ids)


def nearest(
    segment: Segment,
    scope: Scope,
    shop_ids: tuple[int, ...],
    start: Condition | None,
    limit: int,
    *,
    down: bool,
    divided: bool,
) -> Select[Any]:
    """Return the statement for the first rows of each shop (and part of it), every one a short walk along the index."""
    conditions = [*scope.conditions, *shown(segment), *([] if start is None else [start])]
    columns = (segment.row.label("row"), segment.key.label("key"), segment.tie.label("tie"))
    order = directed((segment.key, segment.tie), down=down)
    divided = divided and scope.parts is not None
    if len(shop_ids) == 1 and not divided:
        shop: ColumnElement[int] = literal(shop_ids[0], Integer).label("shop_id")
        kept = kept_parts(segment, scope, shop_ids)
        return (
            select(shop, *columns).select_from(segment.source)
            .where(segment.shop == shop_ids[0], *conditions, *kept).order_by(*order).limit(limit)
        )  # fmt: skip
    pairs = scope.pairs(shop_ids) if divided else [(shop_id, "") for shop_id in shop_ids]
    each = (
        func.unnest(array_of([id_ for id_, _ in pairs], Integer()), array_of([part for _, part in pairs], Text()))
        .table_valued(column("shop_id", Integer), column("part", Text), name="each").render_derived()
    )  # fmt: skip
    matched = [segment.shop == each.c.shop_id]
    matched += [segment.part == each.c.part] if divided else kept_parts(segment, scope, shop_ids)
    rows = (
        select(*columns)
        .select_from(segment.source)
        .where(*matched, *conditions)
        .order_by(*order)
        .limit(limit)
        .lateral("rows")
    )
    return select(each.c.shop_id, rows.c.row, rows.c.key, rows.c.tie).select_from(each.join(rows, true()))


def kept_parts(segment: Segment, scope: Scope, shop_ids: Sequence[int]) -> list[Condition]:
    """Return the condition on (shop, part) for a walk that is not cut by parts."""
    if scope.parts is None or segment.part is None:
        return []
    return [tuple_(segment.shop, segment.part).in_(scope.pairs(shop_ids))]


def shown(segment: Segment) -> list[Condition]:
    """Return what the segment itself demands of its rows."""
    known = [] if segment.known is None else [segment.key.is_not(None) if segment.known else segment.key.is_(None)]
    return [*segment.where, *known]


def array_of(values: Sequence[Any], of: Integer | Text) -> ColumnElement[Any]:
    return bindparam(None, list(values), type_=ARRAY(of), unique=True)


def directed(columns: Sequence[Column], *, down: bool) -> list[ColumnElement[Any]]:
    return [each.desc() if down else each.asc() for each in columns]
