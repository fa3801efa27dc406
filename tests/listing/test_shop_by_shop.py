"""A filter is looked at shop by shop: no walk goes through a shop to find that it has nothing of it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from shop.listing import density, gathering
from shop.listing import page as list_page
from shop.listing.page import Page, page_of
from shop.listing.reading import read
from shop.listing.scopes import Scope
from shop.orders.lists import ORDERS, folded_total, order_scopes
from shop.orders.queries import statuses_of
from shop.shops.models import Shop
from tests.builders import a_shop
from tests.listing.rows import MORNING, know_statuses, ordered

SHARE = 10  # rows of each of the two shops that are looked at


@pytest.fixture
def shops(db: SQLAlchemy, monkeypatch: pytest.MonkeyPatch) -> list[Shop]:
    """A shop that sells to Czechs, once to New Zealand, and one that sells to New Zealand alone."""
    monkeypatch.setattr(gathering, "MOST", 2 * SHARE)
    monkeypatch.setattr(list_page, "MOST", 2 * SHARE)
    shops = [a_shop("linen"), a_shop("wool")]
    know_statuses(*shops)
    for i in range(30):
        ordered(shops[0], MORNING + timedelta(hours=i), "9000.00", country="NZ" if i == 3 else "CZ", skus=["A/1"])
        ordered(shops[1], MORNING + timedelta(hours=i), f"{i}.00", country="NZ")
    return shops


@pytest.fixture
def through(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The shops that are walked through."""
    seen: list[int] = []
    walk = list_page.walk

    def watched(session: Any, listing: Any, scopes: Sequence[Scope], limit: int, **how: bool) -> Any:
        seen.extend(shop_id for scope in scopes for shop_id in scope.shop_ids)
        return walk(session, listing, scopes, limit, **how)

    monkeypatch.setattr(list_page, "walk", watched)
    return seen


def asked(db: SQLAlchemy, shops: Sequence[Shop], **filters: str) -> Page:
    listing = read(ORDERS, {name: [value] for name, value in filters.items()}, "secret")
    statuses = statuses_of([shop.id for shop in shops])
    found = order_scopes(listing, shops, statuses)
    return page_of(db.session(), listing, found, lambda: folded_total(listing, found, statuses))


@pytest.mark.parametrize("sort", ["-placed", "-total", "total"])
def test_only_where_much_matches_is_walked(db: SQLAlchemy, shops: list[Shop], through: list[int], sort: str) -> None:
    page = asked(db, shops, country="NZ", sort=sort)
    assert through == [shops[1].id]
    assert len(page.keys) == 31
    assert [key.shop_id for key in page.keys].count(shops[0].id) == 1
    assert [key.key for key in page.keys] == sorted((key.key for key in page.keys), reverse=sort.startswith("-"))
    assert (page.total.value, page.total.exact) == (SHARE + 1, False)


def test_what_matches_nowhere_much_is_walked_through_nowhere(
    db: SQLAlchemy, shops: list[Shop], through: list[int]
) -> None:
    assert asked(db, shops, country="IS").total.value == 0
    assert asked(db, shops[:1], country="NZ").total.value == 1
    assert through == []


def test_where_much_matches_is_remembered_and_not_counted_again(
    db: SQLAlchemy, shops: list[Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[int] = []
    looked_at = gathering.looked_at

    def watched(session: Any, listing: Any, scopes: Sequence[Scope], limit: int, most: int, **how: int) -> Any:
        counted.extend(shop_id for scope in scopes for shop_id in scope.shop_ids)
        return looked_at(session, listing, scopes, limit, most, **how)

    monkeypatch.setattr(gathering, "looked_at", watched)
    first = asked(db, shops, country="NZ")
    listing = read(ORDERS, {"country": ["NZ"]}, "secret")
    assert density.known(listing, [shop.id for shop in shops], SHARE).dense == {shops[1].id}
    counted.clear()
    again = asked(db, shops, country="NZ", sort="total")
    assert counted == [shops[0].id]
    assert {key.row for key in again.keys} == {key.row for key in first.keys}
    assert again.total == first.total


def test_what_met_the_rows_is_tried_first_the_next_time(
    db: SQLAlchemy, shops: list[Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A walk that is too slow is not begun again for some minutes; the other end of the list is another question."""
    walked: list[int] = []

    def far_too_long(session: Any, *_: Any, **__: Any) -> None:
        walked.append(1)
        session.execute(text("SELECT pg_sleep(10)"))

    monkeypatch.setattr(list_page, "walk", far_too_long)
    first = asked(db, shops, country="NZ", sort="total")
    assert walked == [1]
    again = asked(db, shops, country="NZ", sort="total")
    assert (walked, again.keys) == ([1], first.keys)
    assert len(asked(db, shops, country="NZ", sort="total", before="end").keys) == len(first.keys)
    assert walked == [1, 1]


def test_what_is_remembered_is_forgotten_after_a_while(
    db: SQLAlchemy, shops: list[Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(db, shops, country="NZ")
    listing, ids = read(ORDERS, {"country": ["NZ"]}, "secret"), [shop.id for shop in shops]
    assert density.known(listing, ids, SHARE).dense
    later = density.time.monotonic() + density.KEPT + 1
    monkeypatch.setattr(density.time, "monotonic", lambda: later)
    assert not density.known(listing, ids, SHARE).dense


def test_no_more_is_remembered_than_a_process_can_hold(
    db: SQLAlchemy, shops: list[Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(density, "MOST", 3)
    for number in range(7):
        listing = read(ORDERS, {"country": ["NZ"], "q": [f"word{number}"]}, "secret")
        density.remember(listing, [1], SHARE, density.Known(frozenset({1})))
        density.remember_way(listing, [1], (0, 1))
    assert 0 < len(density.DENSE) <= 3
    assert 0 < len(density.WAYS) <= 3


def test_a_status_by_its_totals_is_walked_in_an_index_of_its_own(db: SQLAlchemy, shops: list[Shop]) -> None:
    for words in ({"status": "Cancelled"}, {"category": "open"}, {"counted": "no"}):
        assert read(
            ORDERS, {**{name: [value] for name, value in words.items()}, "sort": ["-total"]}, "secret"
        ).is_served


def test_one_shops_words_are_not_anothers(db: SQLAlchemy, shops: list[Shop]) -> None:
    found = (
        "SELECT array_agg(DISTINCT shop_id) FROM orders WHERE shop_words(shop_id, search) @@ CAST(:asked AS tsquery)"
    )
    for shop in shops:
        asked_for = {"asked": f"'{shop.id}:~nz'"}
        assert db.session.execute(text(found), asked_for).scalar() == [shop.id]
    assert db.session.execute(text(found), {"asked": f"'{shops[0].id}:#a':*"}).scalar() == [shops[0].id]


@pytest.mark.parametrize("late", ["wool", "linen", "both"])
def test_where_it_takes_too_long_to_tell_a_shop_is_walked_and_not_asked_again(
    db: SQLAlchemy, shops: list[Shop], through: list[int], monkeypatch: pytest.MonkeyPatch, late: str
) -> None:
    """Millions of matches: the first page waits for a count in vain, the next ones do not. The rows are the same."""
    expected = asked(db, shops, country="NZ")
    density.forget()
    through.clear()
    slow = {shop.id for shop in shops if late in (shop.slug, "both")}
    looks: list[set[int]] = []
    monkeypatch.setattr(gathering, "looked_at", watched_looks(gathering.looked_at, looks, slow))
    for _ in range(3):
        page = asked(db, shops, country="NZ")
        assert page.keys == expected.keys
        assert not page.total.exact
        assert page.total.value == {"wool": 1, "linen": SHARE, "both": None}[late]
    assert sum(1 for one in looks if one & slow) == 1 + len(slow), "all together, then each by itself, and never again"
    assert slow <= set(through)


def watched_looks(looked_at: Any, looks: list[set[int]], slow: set[int]) -> Any:
    """Return a look that takes too long wherever one of the shops is among those it looks at."""

    def look(session: Any, listing: Any, scopes: Sequence[Scope], limit: int, most: int, **how: int) -> Any:
        looks.append({shop_id for scope in scopes for shop_id in scope.shop_ids})
        return None if looks[-1] & slow else looked_at(session, listing, scopes, limit, most, **how)

    return look
