"""Looks at what matches before walking: counts it up to a bound, and where it is little, sorts just that."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from math import ceil
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Numeric,
    Select,
    Subquery,
    Text,
    and_,
    cast,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session

from shop.listing import density
from shop.listing.cursor import Cursor
from shop.listing.density import Known
from shop.listing.limits import ALONE, LONG_PATIENCE, PATIENCE, TOGETHER, search_is_over, within
from shop.listing.listing import Listing, Whole
from shop.listing.prepared import asked, place_key, place_tie, question
from shop.listing.scopes import Scope
from shop.listing.sorts import Segment
from shop.listing.window import Key, directed, kept_parts, shown

MOST = 10_000  # rows that are counted; more are "10 000+"


@dataclass(frozen=True)
class Gathered:
    """What matches: how many, their sum in each shop, and the page of them; no more than `most` of each shop were looked at.

    `dense` are the shops in which there are more: a walk meets them soon, and their rows are not among the keys. Nor are those
    of `slow` ones, of which nobody could say in time.
    """

    counts: Mapping[int, int]
    sums: Mapping[int, Decimal]
    keys: list[Key]
    most: int
    dense: frozenset[int] = frozenset()
    slow: frozenset[int] = frozenset()

    @property
    def walked(self) -> frozenset[int]:
        return self.dense | self.slow

    @property
    def is_whole(self) -> bool:
        return not self.walked and self.count <= MOST

    @property
    def count(self) -> int:
        """Return how many match; where it is not all of them, at least so many."""
        return sum(self.counts.values()) + self.most * len(self.dense)


def gather(session: Session, listing: Listing, scopes: Sequence[Scope], limit: int) -> Gathered | None:
    """Return what matches with its first `limit` rows from the position on, or None where that takes too long.

    Where indexes answer shop by shop, each shop is looked at by itself: what is frequent in one may be absent from another,
    and to walk through that other one would mean to read it all. Which shops are dense is remembered for a while, and of
    which it could not be told.
    """
    if not listing.spec.by_shop:
        return looked_at(session, listing, scopes, limit, MOST)
    shops = {one.shop_ids[0]: one for scope in scopes for one in each_shop(scope)}
    share = ceil(MOST / max(1, len(shops)))
    known = density.known(listing, list(shops), share)
    patience = TOGETHER
    while True:
        rest = [one for shop_id, one in shops.items() if shop_id not in known.walked]
        found = looked_at(session, listing, rest, limit, share, patience=patience)
        if found is not None:
            more = Known(frozenset(shop_id for shop_id, count in found.counts.items() if count > share))
        elif patience == TOGETHER:
            patience, more = LONG_PATIENCE, one_by_one(session, listing, rest, share)
        else:
            more = Known(slow=frozenset(one.shop_ids[0] for one in rest))
        if found is not None and not more.walked:
            return replace(found, dense=known.dense, slow=known.slow)
        known = Known(known.dense | more.dense, known.slow | more.slow)
        density.remember(listing, list(shops), share, known)


def one_by_one(session: Session, listing: Listing, shops: Sequence[Scope], share: int) -> Known:
    """Tell the shops in which much matches, and those of which that takes too long to tell, by a look at each."""
    dense, slow = set(), set()
    ends = time.monotonic() + LONG_PATIENCE / 1000
    for one in shops:
        shop_id = one.shop_ids[0]
        found = looked_at(session, listing, [one], 1, share, patience=ALONE) if time.monotonic() < ends else None
        if found is None:
            slow.add(shop_id)
        elif found.count > share:
            dense.add(shop_id)
    return Known(frozenset(dense), frozenset(slow))


def each_shop(scope: Scope) -> Iterator[Scope]:
    return (replace(scope, shop_ids=(shop_id,)) for shop_id in scope.shop_ids)


def looked_at(
    session: Session, listing: Listing, scopes: Sequence[Scope], limit: int, most: int, *, patience: int = PATIENCE
) -> Gathered | None:
    """Count up to one more than so many rows (of each shop, where shops are looked at alone), sum them, sort the first of them."""
    if not scopes:
        return Gathered({}, {}, [], most)
    one = question("gathered", listing, scopes, limit, most)
    build = partial(counted_page, listing, scopes, limit, most)
    rows = within(session, patience, lambda: asked(session, one, build, listing), says_when_over=True)
    if not rows:
        return None if rows is None else Gathered({}, {}, [], most)
    keys = [Key(*row[2:7]) for row in rows if row[2] is not None]
    counts, sums = (json.loads(rows[0][column] or "{}") for column in (0, 1))
    amounts = {int(shop_id): Decimal(total) for shop_id, total in sums.items()}
    return Gathered({int(shop_id): count for shop_id, count in counts.items()}, amounts, keys, most)


def counted_page(listing: Listing, scopes: Sequence[Scope], limit: int, most: int) -> Select[Any] | None:
    """Return the statement for the counts and sums of each shop beside the rows of the page."""
    found = matching(listing, scopes, most)
    if found is None:
        return None
    page, shops = page_of(listing, scopes, found, limit), by_shop(found)
    columns = (shops.c.counts, shops.c.sums, *page.c, shops.c.over)
    statement = select(*columns).select_from(shops.outerjoin(page, true()))
    return statement.order_by(*in_order(listing, page))


def bounded_count(session: Session, listing: Listing, scopes: Sequence[Scope]) -> int | None:
    """Return how many rows match, at most MOST + 1, or None where counting takes too long."""
    found = (
        whole_list(listing.spec.whole, scopes)
        if listing.spec.whole and not listing.values
        else matching(listing, scopes, MOST, kept=False)
    )
    if found is None:
        return 0
    some = select(literal(1)).select_from(found).limit(MOST + 1).subquery()
    return within(session, PATIENCE, lambda: session.scalar(select(func.count()).select_from(some)))


def sort_out(session: Session, listing: Listing, scopes: Sequence[Scope], limit: int) -> list[Key]:
    """Return the first `limit` rows from the position on, by sorting all that match: at a cost that grows with them."""
    alone = [one for scope in scopes for one in each_shop(scope)] if listing.spec.by_shop else scopes

    def build() -> Select[Any] | None:
        found = matching(listing, alone, None)
        if found is None:
            return None
        page = page_of(listing, scopes, found, limit)
        return select(*page.c).order_by(*in_order(listing, page))

    return [Key(*row) for row in asked(session, question("sorted", listing, scopes, limit), build, listing)]


def whole_list(whole: Whole, scopes: Sequence[Scope]) -> Subquery | None:
    """Return the rows of a list without filters, no more than can be counted; None if no shop is meant."""
    if not scopes:
        return None
    shop_ids = [shop_id for scope in scopes for shop_id in scope.shop_ids]
    rows = select(literal(1)).select_from(whole.source).where(whole.shop.in_(shop_ids), *scopes[0].conditions)
    return rows.limit(MOST + 1).subquery()


def matching(listing: Listing, scopes: Sequence[Scope], most: int | None, *, kept: bool = True) -> CTE | None:
    """Return the rows that match, in no order; if there is a bound, one more, in each shop where shops are looked at alone.

    They are kept at hand for what reads them twice. Who only counts them has nothing of each but that it is there.
    """
    bound = None if most is None else most + 1
    by_shop = listing.spec.by_shop
    each = [
        select(
            literal(number, Integer).label("segment"),
            segment.shop.label("shop_id"),
            segment.row.label("row"),
            segment.key.label("key"),
            segment.tie.label("tie"),
            (cast(null(), Numeric) if segment.measure is None else segment.measure).label("measure"),
        )
        .select_from(segment.source)
        .where(
            *of_shops(listing, segment, scope),
            *kept_parts(segment, scope, scope.shop_ids),
            *scope.conditions,
            *shown(segment),
        )
        .limit(bound if by_shop else None)
        for number, segment in enumerate(listing.sort.segments)
        for scope in scopes
    ]
    if not each:
        return None
    whole = each[0] if len(each) == 1 else union_all(*each)
    rows = select(whole.subquery())
    found = (rows if by_shop else rows.limit(bound)).cte("found")
    return found.prefix_with("MATERIALIZED") if kept else found


def of_shops(listing: Listing, segment: Segment, scope: Scope) -> list[ColumnElement[bool]]:
    """Return the condition on the shops.

    An index that knows whose words they are shall not be joined with one on the shop, unless that also knows of something
    else that is asked for: few days may be less than all that have the words.
    """
    if len(scope.shop_ids) > 1:
        return [segment.shop.in_(scope.shop_ids)]
    shop_id, own = scope.shop_ids[0], scope.within(scope.shop_ids[0])
    words_alone = all(known.within(value, shop_id) is not None for known, value in listing.filters())
    return [segment.shop + literal(0, Integer) == shop_id if own and words_alone else segment.shop == shop_id, *own]


def by_shop(found: CTE) -> Subquery:
    """Return one row: the counts and the sums of the measure in each shop, as the texts of JSON objects, and that it is over."""
    shops = (
        select(found.c.shop_id, func.count().label("count"), func.sum(found.c.measure).label("total"))
        .group_by(found.c.shop_id)
        .subquery()
    )
    counts = func.json_object_agg(shops.c.shop_id, shops.c.count)
    sums = func.json_object_agg(shops.c.shop_id, cast(shops.c.total, Text)).filter(shops.c.total.is_not(None))
    columns = (cast(counts, Text).label("counts"), cast(sums, Text).label("sums"), search_is_over().label("over"))
    return select(*columns).subquery("shops")


def page_of(listing: Listing, scopes: Sequence[Scope], found: CTE, limit: int) -> Subquery:
    columns = (found.c.segment, found.c.shop_id, found.c.row, found.c.key, found.c.tie)
    return (
        select(*columns).where(behind(listing, scopes, found)).order_by(*in_order(listing, found)).limit(limit).subquery("page")
    )  # fmt: skip


def in_order(listing: Listing, rows: CTE | Subquery) -> list[ColumnElement[Any]]:
    """Return the order of the whole list: its segments, and within each (key, shop, tie)."""
    down = listing.descending != listing.position.backwards
    segment = rows.c.segment.desc() if listing.position.backwards else rows.c.segment.asc()
    return [segment, *directed((rows.c.key, rows.c.shop_id, rows.c.tie), down=down)]


def behind(listing: Listing, scopes: Sequence[Scope], found: CTE) -> ColumnElement[bool]:
    """Return the condition that a row lies behind the position, as seen in the direction of reading."""
    place = listing.position.after or listing.position.before
    if place is not None:
        return behind_row(listing, place, found)
    if listing.position.at is None:
        return true()
    reached = [
        and_(
            found.c.shop_id.in_(scope.shop_ids),
            found.c.key < scope.day_start(listing) if listing.descending else found.c.key >= scope.day_start(listing),
        )
        for scope in scopes
    ]
    return or_(found.c.key.is_(None), *reached) if reached else false()


def behind_row(listing: Listing, place: Cursor, found: CTE) -> ColumnElement[bool]:
    segment = listing.sort.segments[place.segment]
    down = listing.descending != listing.position.backwards
    further = found.c.segment < place.segment if listing.position.backwards else found.c.segment > place.segment
    columns, values = (
        [found.c.shop_id, found.c.tie],
        [literal(place.shop_id, Integer), place_tie(segment.tie)],
    )
    if place.key is not None:
        columns, values = [found.c.key, *columns], [place_key(segment.key), *values]
    ahead = tuple_(*columns) < tuple_(*values) if down else tuple_(*columns) > tuple_(*values)
    return or_(further, and_(found.c.segment == place.segment, ahead))
