"""The page of partitions in a real browser: the map is read, a retired quarter asked for, on a phone as well."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from playwright.sync_api import Page, expect
from redis import Redis
from sqlalchemy import text

from shop.partitions.quarters import Quarter
from shop.shops.models import Shop
from tests.browser.conftest import Shoot
from tests.browser.driving import visit
from tests.builders import a_shop, an_archive, an_owner, signed_in
from tests.partitions.put_away import put_away

NOW = Quarter.of(datetime.now(UTC))
FIRST = NOW.plus(-8)
LINES = """
    INSERT INTO order_items (shop_id, order_id, line, created_at, item_type, kind, sku, name, quantity, total, total_without_vat)
    SELECT :shop, n, 1, CAST(:at AS timestamptz) + n * interval '90 days' / (:count + 1), 'product', 'goods', 'SKU-' || n % 90,
           'Lněný ubrus', 1, 121, 100 FROM generate_series(1, :count) n"""


@pytest.fixture
def olga(app: Flask, db: SQLAlchemy, serve: str, browser_page: Page) -> Page:
    """The browser of an owner who is signed in."""
    cookie = signed_in(app.test_client(), an_owner()).get_cookie("pult")
    assert cookie is not None
    browser_page.context.add_cookies([{"name": "pult", "value": cookie.value, "url": serve}])
    return browser_page


@pytest.fixture
def filled(olga: Page, db: SQLAlchemy) -> Iterator[Shop]:
    """Nine quarters with lines, the oldest of them retired and one before it archived."""
    shop = a_shop("dilna", name="Lněná dílna")
    db.session.execute(text("SET LOCAL session_replication_role = replica"))
    for place, count in enumerate((900, 1_100, 1_300, 2_400, 1_200, 1_500, 1_700, 3_000, 1_800)):
        values = {"shop": shop.id, "at": FIRST.plus(place).starts_at, "count": count}
        db.session.execute(text(LINES), values)
    db.session.commit()
    an_archive(FIRST.plus(-1), lines=842, bytes=61_440, retired_at=datetime.now(UTC) - timedelta(days=93))
    with put_away(FIRST):
        db.session.execute(text("ANALYZE order_items"))
        db.session.commit()
        yield shop
        db.session.rollback()


@pytest.mark.usefixtures("filled")
def test_a_retired_quarter_is_found_on_the_map_and_asked_for(
    olga: Page, serve: str, redis: Redis, shoot: Shoot
) -> None:
    visit(olga, f"{serve}/partitions/")
    shoot(olga, "partitions")
    olga.get_by_role("region", name="order_items").get_by_title(f"{FIRST}: retired").click()
    expect(olga.get_by_role("heading", name=f"Bring {FIRST} back")).to_be_visible()
    shoot(olga, "partitions-retired")
    olga.get_by_role("button", name=f"Bring {FIRST} back").dblclick()
    expect(olga.get_by_text("is on its way back").first).to_be_visible()
    assert redis.llen("rq:queue:ops") == 1
    olga.get_by_role("link", name="Run maintenance now…").click()
    expect(olga.get_by_role("dialog").get_by_role("button", name="Run maintenance now")).to_be_visible()
    shoot(olga, "partitions-run")
