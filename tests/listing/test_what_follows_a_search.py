"""A search says to PostgreSQL itself that it is over: what follows reads rows by their keys, and may take its time."""

from datetime import timedelta

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from shop.listing import gathering
from shop.listing import page as list_page
from shop.listing.limits import FOR_ITS_VALUES, LONGEST, search_is_over, settle, within
from shop.listing.page import Page, page_of
from shop.listing.reading import read
from shop.orders.lists import ORDERS, folded_total, order_scopes
from shop.orders.queries import statuses_of
from shop.shops.models import Shop
from tests.builders import a_shop
from tests.listing.rows import MORNING, fold_all, know_statuses, ordered
from tests.statements import statements

MODE, PATIENCE = "plan_cache_mode", "statement_timeout"


@pytest.fixture
def shops(db: SQLAlchemy) -> list[Shop]:
    shops = [a_shop("linen"), a_shop("wool")]
    know_statuses(*shops)
    for shop in shops:
        for i in range(30):
            ordered(shop, MORNING + timedelta(hours=i), country="CZ", skus=["A/1"])
    fold_all()
    return shops


def asked(db: SQLAlchemy, shops: list[Shop], **filters: str) -> Page:
    db.session.commit()
    listing = read(ORDERS, {name: [value] for name, value in filters.items()}, "secret")
    statuses = statuses_of([shop.id for shop in shops])
    found = order_scopes(listing, shops, statuses)
    return page_of(db.session(), listing, found, lambda: folded_total(listing, found, statuses))


def setting(db: SQLAlchemy, name: str) -> str:
    return str(db.session.scalar(text(f"SHOW {name}")))


@pytest.mark.parametrize(
    "filters",
    [{}, {"sort": "-total"}, {"status": "Cancelled"}, {"country": "CZ"}, {"country": "IS"}, {"sku": "A/1"}],
    ids=["all", "by total", "a status", "frequent", "nowhere", "a SKU"],
)
def test_what_follows_may_take_its_time_and_is_planned_once(
    db: SQLAlchemy, shops: list[Shop], filters: dict[str, str]
) -> None:
    page = asked(db, shops, **filters)
    assert setting(db, PATIENCE) == f"{LONGEST // 1000}s"
    if page.keys:
        assert setting(db, MODE) == "force_generic_plan"


def test_a_search_after_a_search_is_planned_for_its_values_again(
    db: SQLAlchemy, shops: list[Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where much matches, a walk follows the count: it takes back what the count has said."""
    monkeypatch.setattr(gathering, "MOST", 10)
    monkeypatch.setattr(list_page, "MOST", 10)
    with statements() as seen:
        asked(db, shops, country="CZ")
    counted = next(i for i, words in enumerate(seen) if "found AS MATERIALIZED" in words)
    walked = next(i for i, words in enumerate(seen) if i > counted and "LIMIT" in words and "found" not in words)
    assert any(FOR_ITS_VALUES in words for words in seen[counted + 1 : walked])


def test_a_search_that_sends_nothing_leaves_its_patience_to_nobody(db: SQLAlchemy, shops: list[Shop]) -> None:
    session = db.session()
    settle(session)
    assert within(session, 70, list, says_when_over=True) == []
    assert setting(db, PATIENCE) == f"{LONGEST // 1000}s"


def test_a_search_that_takes_too_long_is_given_up_and_says_nothing(db: SQLAlchemy, shops: list[Shop]) -> None:
    session = db.session()
    settle(session)
    slow = text("SELECT pg_sleep(5)").columns()
    assert within(session, 70, lambda: session.execute(slow).all(), says_when_over=True) is None
    assert setting(db, PATIENCE) == f"{LONGEST // 1000}s"
    assert setting(db, MODE) == "force_custom_plan"
    assert session.scalar(db.select(search_is_over())) == f"{LONGEST // 1000}sforce_generic_plan"
