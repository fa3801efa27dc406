"""Looks at what matches before walking: counts it up to a bound, and where it is little, sorts just that."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from psycopg.errors import QueryCanceled
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
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from shop.listing.cursor import Cursor
from shop.listing.limits import LONGEST, PATIENCE, limit_statements
from shop.listing.listing import Listing, Whole
from shop.listing.scopes import Scope
from shop.listing.window import Key, directed, kept_parts, shown

MOST = 10_000  # rows that are counted; more are "10 000+"


@dataclass(frozen=True)
class Gathered:
    """Up to MOST + 1 matching rows: how many, their sum in each shop, and the page of them."""

    count: int
    sums: Mapping[int, Decimal]
    keys: list[Key]

    @property
    def is_whole(self) -> bool:
        return self.count <= MOST


def gather(session: Session, listing: Listing, scopes: Sequence[Scope], limit: int) -> Gathered | None:
    """Return what matches with its first `limit` rows from the position on, or None where that takes too long."""
    found = matching(listing, scopes)
    if found is None:
        return Gathered(0, {}, [])
    page = page_of(listing, scopes, found, limit)
    counted = select(func.count().label("count"), sums_of(found).label("sums")).select_from(found).subquery("counted")
    statement = select(counted.c.count, counted.c.sums, *page.c).select_from(counted.outerjoin(page, true()))
    rows = patiently(session, statement.order_by(*in_order(listing, page)))
    if rows is None:
        return None
    keys = [Key(*row[2:]) for row in rows if row[2] is not None]
    sums = {int(shop_id): Decimal(total) for shop_id, total in json.loads(rows[0].sums or "{}").items()}
    return Gathered(rows[0].count, sums, keys)


def bounded_count(session: Session, listing: Listing, scopes: Sequence[Scope]) -> int | None:
    """Return how many rows match, at most MOST + 1, or None where counting takes too long."""
    found = (
        whole_list(listing.spec.whole, scopes)
        if listing.spec.whole and not listing.values
        else matching(listing, scopes)
    )
    if found is None:
        return 0
    rows = patiently(session, select(func.count()).select_from(found))
    return None if rows is None else rows[0][0]


def whole_list(whole: Whole, scopes: Sequence[Scope]) -> Subquery | None:
    """Return the rows of a list without filters, no more than can be counted; None if no shop is meant."""
    if not scopes:
        return None
    shop_ids = [shop_id for scope in scopes for shop_id in scope.shop_ids]
    rows = select(literal(1)).select_from(whole.source).where(whole.shop.in_(shop_ids), *scopes[0].conditions)
    return rows.limit(MOST + 1).subquery()


def patiently(session: Session, statement: Select[Any]) -> Sequence[Any] | None:
    """Run a statement for as long as a reader waits for a count; None when that is over."""
    try:
        with session.begin_nested():
            limit_statements(session, PATIENCE)
            rows = session.execute(statement).all()
            limit_statements(session, LONGEST)
    except OperationalError as error:
        if isinstance(error.orig, QueryCanceled):
            return None
        raise
    return rows


def matching(listing: Listing, scopes: Sequence[Scope]) -> CTE | None:
    """Return the rows that match, no more than can be counted, in no order."""
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
            segment.shop == scope.shop_ids[0] if len(scope.shop_ids) == 1 else segment.shop.in_(scope.shop_ids),
            *kept_parts(segment, scope, scope.shop_ids),
            *scope.conditions,
            *shown(segment),
        )
        for number, segment in enumerate(listing.sort.segments)
        for scope in scopes
    ]
    if not each:
        return None
    whole = each[0] if len(each) == 1 else union_all(*each)
    return select(whole.subquery()).limit(MOST + 1).cte("found").prefix_with("MATERIALIZED")


def sums_of(found: CTE) -> ColumnElement[str]:
    """Return the sum of the measure in each shop, as the text of a JSON object."""
    by_shop = select(found.c.shop_id, func.sum(found.c.measure).label("total")).group_by(found.c.shop_id).subquery()
    folded = func.json_object_agg(by_shop.c.shop_id, cast(by_shop.c.total, Text)).filter(by_shop.c.total.is_not(None))
    return cast(select(folded).scalar_subquery(), Text)


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
        [literal(place.shop_id, Integer), literal(place.tie, segment.tie.type)],
    )
    if place.key is not None:
        columns, values = [found.c.key, *columns], [literal(place.key, segment.key.type), *values]
    ahead = tuple_(*columns) < tuple_(*values) if down else tuple_(*columns) > tuple_(*values)
    return or_(further, and_(found.c.segment == place.segment, ahead))
