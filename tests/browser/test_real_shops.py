"""The pages of the shops and of the audit trail in a real browser: in every state, at every width, without script too."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from playwright.sync_api import Page, expect

from shop.audit.recording import Action, Actor, act_as, record
from shop.shops.models import Shop
from shop.simulator.online import SimulatedShop
from shop.simulator.simulator import Simulator
from tests.browser.conftest import Shoot
from tests.browser.driving import visit
from tests.builders import a_connected_shop, a_shop, a_snapshot, an_owner, signed_in

NOW = datetime.now(UTC)
WIDTHS = (1440, 1024, 768, 390)
ASIDE = """parts => parts.filter(part => part.scrollWidth > part.clientWidth + 1).map(part => part.getAttribute("aria-label"))"""
REFUSED = "api.myshoptet.com does not accept the token (“Invalid access token”). Make a new token in the shop's administration."


@pytest.fixture
def olgas_cookie(app: Flask, db: SQLAlchemy, serve: str) -> dict[str, str]:
    """The session of an owner who is signed in."""
    cookie = signed_in(app.test_client(), an_owner()).get_cookie("pult")
    assert cookie is not None
    return {"name": "pult", "value": cookie.value, "url": serve}


def shops_in_every_state() -> list[Shop]:
    well = a_shop(
        "kuchyne", name="Küche & Leinen Nordrhein-Westfalen", currency="EUR", timezone="Europe/Berlin",
        credentials=b"sealed", checked=[], checked_at=NOW,
    )  # fmt: skip
    a_snapshot(well, "orders", "done", finished_at=NOW - timedelta(minutes=12), as_of=NOW)
    a_snapshot(well, "customers", "running", started_at=NOW)
    a_snapshot(
        well, "products", "done", finished_at=NOW - timedelta(days=40), lines=1_002, unchanged=1_000, quarantined=2
    )
    broken = a_shop(
        "dilna", name="Dílna", credentials=b"sealed", problem=REFUSED, problem_code="bad_credentials", problem_at=NOW
    )
    a_snapshot(broken, "orders", "failed", finished_at=NOW - timedelta(days=500))
    a_snapshot(broken, "customers", "failed", finished_at=NOW - timedelta(hours=3))
    a_snapshot(broken, "products", "cancelled", finished_at=NOW - timedelta(days=3))
    paused = a_shop("caj", name="Čaj z Prahy", state="paused", credentials=b"sealed", checked=[], checked_at=NOW)
    return [well, broken, paused, a_shop("nova", credentials=b"sealed"), a_shop("stara")]


def nothing_scrolls_sideways(page: Page) -> None:
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.locator(".table-region").evaluate_all(ASIDE) == [], f"at {width}"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"the page at {width}"


def test_shops_in_every_state_fit_every_width(
    browser_page: Page, olgas_cookie: dict[str, str], serve: str, shoot: Shoot
) -> None:
    browser_page.context.add_cookies([olgas_cookie])  # type: ignore[list-item]  # of the same keys
    visit(browser_page, f"{serve}/shops/")
    expect(browser_page.get_by_role("heading", name="No shop is connected yet")).to_be_visible()
    shoot(browser_page, "shops-none")
    for shop in shops_in_every_state():
        visit(browser_page, f"{serve}/shops/{shop.slug}")
        shoot(browser_page, f"shop-{shop.slug}")
        nothing_scrolls_sideways(browser_page)
    visit(browser_page, f"{serve}/shops/")
    shoot(browser_page, "shops")
    nothing_scrolls_sideways(browser_page)
    visit(browser_page, f"{serve}/shops/new")
    shoot(browser_page, "shops-new")
    nothing_scrolls_sideways(browser_page)


def test_a_shop_is_connected_and_checked_without_script(
    page_without_script: Page, browser_page: Page, olgas_cookie: dict[str, str], serve: str, shoot: Shoot
) -> None:
    page = page_without_script
    page.context.add_cookies([olgas_cookie])  # type: ignore[list-item]  # of the same keys
    with Simulator([SimulatedShop("cz", orders=20)]) as simulator:
        page.goto(f"{serve}/shops/new")
        page.get_by_label("Slug").fill("praha")
        page.get_by_label("Private token").fill(simulator.shops[0].private_token)
        page.get_by_text("Another address of the API").click()
        page.get_by_label("Base URL").fill(simulator.base_url)
        page.get_by_role("button", name="Connect the shop").click()
        expect(page.get_by_role("heading", name="Praha", exact=True)).to_be_visible()
        page.get_by_role("button", name="Check the connection").click()
        expect(page.get_by_text("No webhook job:finished is registered").first).to_be_visible()
        browser_page.context.add_cookies([olgas_cookie])  # type: ignore[list-item]  # of the same keys
        visit(browser_page, f"{serve}/shops/praha")
        shoot(browser_page, "shop-without-webhook")
        page.get_by_label("Address", exact=True).fill("https://nobody.example/hook")
        page.get_by_role("button", name="Register the webhook").click()
        page.get_by_role("button", name="Check the connection").click()
        expect(page.get_by_text("The connection of Praha is good.")).to_be_visible()
        a_connected_shop(simulator, "brno", token="nobodys")
        page.goto(f"{serve}/shops/brno")
        page.get_by_role("button", name="Check the connection").click()
        expect(page.get_by_text("The check of Brno has failed:")).to_be_visible()
    for name in ("praha", "brno"):
        visit(browser_page, f"{serve}/shops/{name}")
        shoot(browser_page, f"shop-checked-{name}")
        nothing_scrolls_sideways(browser_page)


def test_the_audit_trail_fits_every_width(
    browser_page: Page, olgas_cookie: dict[str, str], serve: str, shoot: Shoot, db: SQLAlchemy
) -> None:
    act_as(Actor("bohumila.zlutoucka-novotna@obchodni-oddeleni.example"))
    record(
        Action.SHOP_ADDED, "kuchyne-und-leinen-nordrhein-westfalen",
        platform="shoptet", base_url="http://127.0.0.1:41373/a/rather/long/path", currency="EUR", timezone="Europe/Berlin",
    )  # fmt: skip
    record(Action.EXPORTED, "/orders.csv", query="shop=kuchyne&placed=2024-01-01..2024-12-31&status=paid", rows=None)
    record(
        Action.ACCESS_REFUSED, "/customers/kuchyne/1234567890", method="GET", needs="read_sales"
    ).address = "2001:718:1e03:a9b2:1c2d:3e4f:5a6b:7c8d"
    record(Action.SHOP_CHECKED, "kuchyne", failed=["rights", "webhook"])
    db.session.commit()
    browser_page.context.add_cookies([olgas_cookie])  # type: ignore[list-item]  # of the same keys
    visit(browser_page, f"{serve}/audit/")
    shoot(browser_page, "audit")
    nothing_scrolls_sideways(browser_page)
