"""Paging by key: forth and back over ties, through any filters, every row stands exactly once and in its order."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask_sqlalchemy import SQLAlchemy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shop.customers.lists import CUSTOMERS
from shop.customers.models import Customer, CustomerMetrics
from shop.listing import gathering, page
from shop.listing.listing import Listing, Position, Spec
from shop.listing.page import Page, neighbours, page_of
from shop.listing.reading import read
from shop.listing.scopes import scopes
from shop.orders.lists import ORDERS, folded_total, order_scopes
from shop.orders.models import Order
from shop.orders.queries import statuses_of
from shop.shops.models import Shop
from tests.builders import a_shop
from tests.listing.rows import buyer, fold_all, know_statuses, ordered

Row = tuple[int, int]
MOMENTS = [datetime(2026, 3, 1, 22, 30, tzinfo=UTC) + timedelta(hours=5 * i) for i in range(4)]
TOTALS = ["0.00", "100.00", "100.00", "2500.00", "12.50"]


def shelf() -> list[Shop]:
    """Three shops in three zones with 90 orders between them, full of ties."""
    shops = [a_shop("cz"), a_shop("nz", timezone="Pacific/Auckland"), a_shop("az", timezone="Atlantic/Azores")]
    know_statuses(*shops)
    for i in range(90):
        ordered(
            shops[i % 7 % 3],
            MOMENTS[i % 11 % 4],
            TOTALS[i % 5],
            status="nsdc"[i % 13 % 4],
            name=["Jana Nováková", "Petr Novák", "Eva"][i % 3],
            country=["CZ", "SK"][i % 2],
            paid=[True, False, None][i % 8 % 3],
            deleted_at=datetime.now(UTC) if i % 17 == 0 else None,
        )
    fold_all()
    return shops


def order_page(listing: Listing, shops: Sequence[Shop], db: SQLAlchemy) -> Page:
    statuses = statuses_of([shop.id for shop in shops])
    found = order_scopes(listing, shops, statuses)
    return page_of(db.session(), listing, found, lambda: folded_total(listing, found, statuses))


def walked(listing: Listing, turn: Callable[[Listing], Page]) -> list[Row]:
    """Turn every page from the listing's position on, and return the rows as they come."""
    rows: list[Row] = []
    while True:
        found = turn(listing)
        rows += [(key.shop_id, key.row) for key in found.keys]
        assert len(found.keys) <= listing.per_page
        assert found.next is None or len(found.keys) == listing.per_page
        if found.next is None:
            return rows
        listing = replace(listing, position=Position(after=found.next))


def walked_back(listing: Listing, turn: Callable[[Listing], Page]) -> list[Row]:
    """Turn every page from the end to the start, and return the rows from the first to the last."""
    rows: list[Row] = []
    listing = replace(listing, position=Position(at_end=True))
    while True:
        found = turn(listing)
        rows = [(key.shop_id, key.row) for key in found.keys] + rows
        if found.previous is None:
            return rows
        listing = replace(listing, position=Position(before=found.previous))


PREDICATES: dict[str, dict[str, Callable[[Order, ZoneInfo], bool]]] = {
    "status": {"New": lambda o, _: o.status_code == "n", "odeslano": lambda o, _: o.status_code == "s", "unpaid": lambda o, _: o.paid is False},
    "category": {"done": lambda o, _: o.status_code == "d"},
    "counted": {"yes": lambda o, _: o.status_code != "c", "no": lambda o, _: o.status_code == "c"},
    "placed": {
        "2026-03-02": lambda o, zone: str(o.placed_at.astimezone(zone).date()) == "2026-03-02",
        "2026-03-02..": lambda o, zone: str(o.placed_at.astimezone(zone).date()) >= "2026-03-02",
        "..2026-03-01": lambda o, zone: str(o.placed_at.astimezone(zone).date()) <= "2026-03-01",
    },
    "total": {"gte:100": lambda o, _: o.total_shop >= 100, "gt:0,lt:100": lambda o, _: 0 < o.total_shop < 100},
    "q": {"nov": lambda o, _: "Nov" in (o.name or ""), "eva": lambda o, _: o.name == "Eva", "nobody": lambda _o, _z: False},
    "country": {"sk": lambda o, _: o.country == "SK"},
    "paid": {"unknown": lambda o, _: o.paid is None},
    "deleted": {"only": lambda o, _: o.deleted_at is not None},
}  # fmt: skip
questions = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(sorted(found)) for name, found in PREDICATES.items()}
)


def expected(orders: Sequence[Order], shops: Sequence[Shop], asked: dict[str, str], sort: str) -> list[Row]:
    """The same list, filtered and sorted by hand."""
    zones = {shop.id: shop.zone for shop in shops}
    kept = [
        order
        for order in orders
        if order.shop_id in zones
        and (order.deleted_at is None or "deleted" in asked)
        and all(PREDICATES[name][text](order, zones[order.shop_id]) for name, text in asked.items())
    ]

    def place(order: Order) -> tuple[Any, ...]:
        return (order.placed_at if sort.endswith("placed") else order.total_shop, order.shop_id, order.id)

    return [(o.shop_id, o.id) for o in sorted(kept, key=place, reverse=sort.startswith("-"))]


@pytest.fixture
def bounds() -> Any:
    """How many rows are counted is put back after a test that changed it."""
    kept = gathering.MOST, page.MOST
    yield
    gathering.MOST, page.MOST = kept


def test_every_row_stands_exactly_once_forth_and_back(db: SQLAlchemy, bounds: None) -> None:
    shops = shelf()
    orders = db.session.query(Order).all()

    @settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        asked=questions,
        sort=st.sampled_from(["placed", "-placed", "total", "-total"]),
        size=st.integers(1, 40),
        chosen=st.sets(st.integers(0, 2), min_size=1),
        most=st.sampled_from(
            [4, 10_000]
        ),  # with the small bound every filtered list is walked, with the large one sorted
    )
    def pages_are_whole(asked: dict[str, str], sort: str, size: int, chosen: set[int], most: int) -> None:
        gathering.MOST = page.MOST = most
        theirs = [shops[i] for i in sorted(chosen)]
        listing = replace(read(ORDERS, {**{k: [v] for k, v in asked.items()}, "sort": [sort]}, "secret"), per_page=size)
        rows = expected(orders, theirs, asked, sort)
        assert walked(listing, lambda found: order_page(found, theirs, db)) == rows
        assert walked_back(listing, lambda found: order_page(found, theirs, db)) == rows
        total = order_page(listing, theirs, db).total
        assert total.value is not None
        assert total.value == len(rows) if total.exact else 0 < total.value <= most and total.value < len(rows)
        if total.exact and total.sums is not None and most > len(rows):
            by_id = {(order.shop_id, order.id): order.total_shop for order in orders}
            assert sum(total.sums.values()) == sum(by_id[row] for row in rows)

    pages_are_whole()


def test_neighbours_of_a_row_are_those_of_the_list(db: SQLAlchemy) -> None:
    shops = shelf()
    orders = db.session.query(Order).all()
    for asked, sort in (({}, "-placed"), ({"q": "nov"}, "total"), ({"status": "New"}, "placed")):
        listing = read(ORDERS, {**{k: [v] for k, v in asked.items()}, "sort": [sort]}, "secret")
        found = order_scopes(listing, shops, statuses_of([shop.id for shop in shops]))
        keys = order_page(replace(listing, per_page=100), shops, db).keys
        assert [(key.shop_id, key.row) for key in keys] == expected(orders, shops, asked, sort)
        ends = [None, *keys, None]
        for before, here, after in zip(ends, keys, ends[2:], strict=False):
            assert neighbours(db.session(), listing, found, here) == (before, after)


def test_the_rank_of_a_page_is_counted_on_and_back(db: SQLAlchemy) -> None:
    shops = shelf()
    listing = replace(read(ORDERS, {}, "secret"), per_page=20)
    first = order_page(listing, shops, db)
    second = order_page(replace(listing, position=Position(after=first.next)), shops, db)
    again = order_page(replace(listing, position=Position(before=second.previous)), shops, db)
    last = order_page(replace(listing, position=Position(at_end=True)), shops, db)
    assert (first.first_rank, second.first_rank, again.first_rank) == (1, 21, 1)
    assert last.first_rank == (first.total.value or 0) - 19
    assert first.previous is None
    assert again.previous is None
    assert last.next is None


@pytest.mark.parametrize("sort", ["placed", "-placed"])
@pytest.mark.parametrize("asked", [{}, {"q": "nov"}, {"status": "New"}])
def test_one_goes_to_the_first_row_of_a_day_in_a_shop_s_own_zone(
    db: SQLAlchemy, sort: str, asked: dict[str, str]
) -> None:
    shops = shelf()
    orders = db.session.query(Order).all()
    rows = expected(orders, shops, asked, sort)
    zones = {shop.id: shop.zone for shop in shops}
    days = {(o.shop_id, o.id): o.placed_at.astimezone(zones[o.shop_id]).date() for o in orders}
    listing = replace(read(ORDERS, {**{k: [v] for k, v in asked.items()}, "sort": [sort]}, "secret"), per_page=7)
    for number in range(-2, 5):
        day = date(2026, 3, 1) + timedelta(days=number)
        reached = [row for row in rows if (days[row] <= day if sort == "-placed" else days[row] >= day)]
        found = order_page(replace(listing, position=Position(at=day)), shops, db)
        shown = [(key.shop_id, key.row) for key in found.keys]
        if not reached:  # the list is over by then: its last page
            assert shown == rows[-7:]
            continue
        start = rows.index(reached[0])
        assert shown == rows[start : start + 7]
        assert (found.previous is None) == (start == 0)
        if found.previous is not None:
            before = order_page(replace(listing, position=Position(before=found.previous)), shops, db)
            assert [(key.shop_id, key.row) for key in before.keys] == rows[max(0, start - 7) : start]


def customers(spec: Spec, sort: str, shops: Sequence[Shop], db: SQLAlchemy, size: int) -> tuple[list[Row], list[Row]]:
    listing = replace(read(spec, {"sort": [sort]}, "secret"), per_page=size)

    def turn(found: Listing) -> Page:
        return page_of(db.session(), found, scopes(found, shops))

    return walked(listing, turn), walked_back(listing, turn)


@pytest.mark.parametrize("sort", ["last_order", "-last_order", "created", "-created", "total_spent", "-orders_count"])
@pytest.mark.parametrize("size", [1, 4, 30])
def test_who_has_no_such_moment_comes_last_in_either_direction(db: SQLAlchemy, sort: str, size: int) -> None:
    shops = [a_shop("cz"), a_shop("nz", timezone="Pacific/Auckland")]
    know_statuses(*shops)
    for i in range(14):
        created = MOMENTS[i % 2] if i % 3 else None
        person = buyer(shops[i % 2], f"p{i}@example.com", created_at=created)
        for _ in range(i % 4):
            ordered(shops[i % 2], MOMENTS[i % 3], customer=person)
    fold_all()
    forth, back = customers(CUSTOMERS, sort, shops, db, size)
    people = db.session.query(Customer, CustomerMetrics).join(
        CustomerMetrics, (CustomerMetrics.shop_id == Customer.shop_id) & (CustomerMetrics.customer_id == Customer.id)
    )
    keys = {
        (person.shop_id, person.id): {
            "last_order": metrics.last_order_at, "created": person.created_at, "total_spent": metrics.total_spent,
            "orders_count": metrics.orders_count,
        }[sort.removeprefix("-")]
        for person, metrics in people
    }  # fmt: skip
    falling = sort.startswith("-")
    known = sorted((row for row in keys if keys[row] is not None), key=lambda row: (keys[row], row), reverse=falling)
    unknown = sorted((row for row in keys if keys[row] is None), reverse=falling)
    assert forth == back == known + unknown
