"""The real pages with rows in them, in a real browser: nothing is cut, nothing is wider than a phone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from playwright.sync_api import Page, expect

from shop.shops.models import Shop
from tests.browser.conftest import Shoot
from tests.browser.driving import visit
from tests.builders import a_product, a_shop, a_snapshot, an_export, an_owner, signed_in
from tests.listing.rows import MORNING, buyer, fold_all, know_statuses, ordered

NOW = datetime.now(UTC)
WIDTHS = (1440, 1024, 768, 390)
LISTS = (
    "/",
    "/orders/",
    "/customers/",
    "/products/",
    "/snapshots/",
    "/snapshots/new",
    "/partitions/",
    "/jobs/",
    "/shops/",
    "/staff/",
    "/audit/",
)
CUT = """parts => parts.filter(part => part.clientWidth > 1 && part.scrollWidth > part.clientWidth + 1)
  .map(part => part.textContent.trim())"""

OUTSIDE = """cells => cells.filter(cell => [...cell.querySelectorAll("*")].some(part => {
    const inner = part.getBoundingClientRect(), outer = cell.getBoundingClientRect();
    return inner.left < outer.left - 1 || inner.right > outer.right + 1;
  })).map(cell => cell.textContent.trim())"""


@pytest.fixture
def olga(app: Flask, db: SQLAlchemy, serve: str, browser_page: Page) -> Page:
    """The browser of an owner who is signed in."""
    cookie = signed_in(app.test_client(), an_owner()).get_cookie("pult")
    assert cookie is not None
    browser_page.context.add_cookies([{"name": "pult", "value": cookie.value, "url": serve}])
    return browser_page


def runs_in_every_state(shop: Shop) -> None:
    long_ago = NOW - timedelta(days=500)
    given: dict[str, Any] = {"started_at": NOW - timedelta(minutes=1), "heartbeat_at": NOW + timedelta(hours=1)}
    a_snapshot(shop, "customers", "cancelled", requested_at=long_ago)
    a_snapshot(shop, "products", "failed", requested_at=long_ago, error="The file was cut short.", error_code="damaged")
    a_snapshot(shop, "orders", "done", finished_at=NOW, lines=1_234_567, inserted=1_234_567, **given)
    a_snapshot(shop, "orders", "done", finished_at=NOW, lines=1_002, unchanged=1_000, quarantined=2, **given)
    a_snapshot(shop, "customers", "running", mode="partial", phase="stage", file_bytes=9_000_000, **given)
    a_snapshot(shop, "products", "queued")


def everything(shop: Shop) -> None:
    runs_in_every_state(shop)
    know_statuses(shop)
    anna = buyer(shop, "bohumila.zlutoucka-novotna@posta.example", "Bohumila Žluťoučká-Novotná")
    a_product(shop, "UB-140", name="Bavlněný ubrus s ručně vyšívanými květy, Velikost: 140 × 220 cm")
    for hours in range(3):
        ordered(shop, MORNING + timedelta(hours=hours), "1234567.80", customer=anna, name=anna.name, skus=["UB-140"])
    fold_all()


def cut(page: Page, selector: str) -> Any:
    return page.locator(selector).evaluate_all(CUT)


def test_the_state_and_the_time_of_a_run_are_whole_at_every_width(olga: Page, serve: str, shoot: Shoot) -> None:
    runs_in_every_state(a_shop("kuchyne", name="Küche & Leinen Nordrhein-Westfalen"))
    visit(olga, f"{serve}/snapshots/")
    states = {"Waiting", "Running", "Complete", "Partial", "Failed", "Stopped"}
    for width in WIDTHS:
        olga.set_viewport_size({"width": width, "height": 1400})
        assert set(olga.locator(".table--rows .badge").all_inner_texts()) == states
        for selector in (".badge span", ".num", ".table__sub", ".col-text"):
            assert cut(olga, f".table--rows {selector}") == [], (width, selector)
    shoot(olga, "snapshots")


@pytest.mark.parametrize("language", ["en", "cs"])
def test_amounts_numbers_and_their_headings_are_whole_at_every_width(olga: Page, serve: str, language: str) -> None:
    olga.context.set_extra_http_headers({"Accept-Language": language})
    everything(a_shop("kuchyne", name="Küche & Leinen Nordrhein-Westfalen"))
    a_shop("dilna")  # its name has a column where there are several
    for path in ("/orders/", "/customers/", "/products/"):
        visit(olga, f"{serve}{path}")
        for width in WIDTHS:
            olga.set_viewport_size({"width": width, "height": 900})
            assert cut(olga, ".table--rows .num, .table--rows .table__sub") == [], (path, width)


def test_what_an_export_adds_up_to_is_whole_at_every_width(olga: Page, serve: str, shoot: Shoot) -> None:
    sums = {name: {"CZK": "1234567.80", "EUR": "98765.43"} for name in ("total", "total_shop_currency")}
    an_export(
        query="/orders/?shop=kuchyne&placed=2024-01-01..2024-12-31&paid=no&sort=-total", rows=1_234_567, sums=sums
    )
    visit(olga, f"{serve}/exports/")
    for width in WIDTHS:
        olga.set_viewport_size({"width": width, "height": 900})
        assert olga.locator(".table-region").evaluate_all(CUT) == [], width
        assert olga.locator(".table td").evaluate_all(OUTSIDE) == [], width
    shoot(olga, "exports")


@pytest.mark.parametrize("full", [True, False], ids=["with rows", "with nothing"])
def test_a_phone_shows_every_page_whole_and_from_the_top(olga: Page, serve: str, shoot: Shoot, full: bool) -> None:
    if full:
        everything(a_shop("kuchyne", name="Küche & Leinen Nordrhein-Westfalen"))
    olga.set_viewport_size({"width": 390, "height": 1200})
    for path in LISTS:
        visit(olga, f"{serve}{path}")
        assert olga.evaluate("document.documentElement.scrollWidth") <= 390, path
        assert cut(olga, ".segmented, .payload") == [], path
        bar, first = olga.locator(".topbar").bounding_box(), olga.locator("main").bounding_box()
        assert bar is not None
        assert first is not None
        assert bar["height"] < 60, path
        assert first["y"] < 60, path
        shoot(olga, f"{path.strip('/').replace('/', '-') or 'overview'}-{'full' if full else 'empty'}")


def test_what_to_type_is_shown_as_such(olga: Page, serve: str) -> None:
    visit(olga, f"{serve}/snapshots/new")
    expect(olga.get_by_text("Connect a shop first")).to_have_text(
        "Connect a shop first, on the server with flask shops add."
    )
    expect(olga.get_by_role("code")).to_have_text("flask shops add")
