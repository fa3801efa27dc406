"""The page of settings in a real browser: searched, tried on and saved by keyboard, whole on a phone, without script."""

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from playwright.sync_api import Page, expect
from sqlalchemy import text

from shop.settings.options import BACKUP_LATE_HOURS, MAX_RETRIES
from shop.shops.models import Shop
from tests.browser.conftest import Shoot
from tests.browser.driving import visit
from tests.builders import a_shop, a_status, an_owner, signed_in
from tests.settings.reading import changed

WIDTHS = (1440, 1024, 768, 390)
SALES = """
    INSERT INTO daily_sales (shop_id, day, status_code, orders, items, units, total_sales, gross_sales, discounts, shipping, fees, tax, rounding)
    SELECT :shop, current_date - n, s.code, s.orders, 1, 1, s.orders * 1210, s.orders * 1000, 0, 0, 0, s.orders * 210, 0
    FROM generate_series(1, 25) n, (VALUES ('-1', 3), ('-3', 41), ('-4', 2), ('-6', 4)) AS s (code, orders)"""


@pytest.fixture
def shop(db: SQLAlchemy) -> Shop:
    shop = a_shop("dilna", name="Lněná dílna")
    a_shop("kuchyne", name="Küche & Leinen Nordrhein-Westfalen")
    for code, name, category in (
        ("-1", "Nevyřízená", "new"),
        ("-3", "Vyřízena", "done"),
        ("-4", "Stornována", "cancelled"),
        ("-6", "Vráceno zákazníkem bez udání důvodu", "returned"),
    ):
        a_status(shop, code, name, category)
    db.session.execute(text(SALES), {"shop": shop.id})
    changed(BACKUP_LATE_HOURS, 30)
    return shop


def signed(page: Page, app: Flask, serve: str) -> Page:
    cookie = signed_in(app.test_client(), an_owner()).get_cookie("pult")
    assert cookie is not None
    page.context.add_cookies([{"name": "pult", "value": cookie.value, "url": serve}])
    return page


@pytest.fixture
def olga(app: Flask, shop: Shop, serve: str, browser_page: Page) -> Page:
    return signed(browser_page, app, serve)


def test_an_option_is_found_and_changed_by_keyboard_alone(olga: Page, serve: str, db: SQLAlchemy) -> None:
    visit(olga, f"{serve}/settings/")
    olga.keyboard.press("/")
    olga.keyboard.type("automatic retries")
    olga.keyboard.press("Enter")
    field = olga.get_by_label("Automatic retries")
    expect(field).to_have_value("3")
    field.focus()
    olga.keyboard.press("Control+a")
    olga.keyboard.type("5")
    olga.keyboard.press("Enter")
    expect(olga.get_by_text("is 5 tries now")).to_be_visible()
    expect(olga.get_by_role("button", name="Back to the default, 3 tries")).to_be_visible()


def test_what_statuses_do_is_seen_before_they_are_saved(olga: Page, serve: str, shoot: Shoot) -> None:
    visit(olga, f"{serve}/settings/?shop=dilna")
    shoot(olga, "settings")
    olga.get_by_label("Vráceno zákazníkem").check()
    olga.locator(".setting", has_text="Statuses left out").get_by_role("button", name="See what it does…").click()
    expect(olga.get_by_text("no longer counts")).to_be_visible()
    shoot(olga, "settings-tried")
    olga.get_by_role("button", name="Save “Statuses left out”").click()
    expect(olga.get_by_text("is -4, -6 now")).to_be_visible()
    expect(olga.get_by_text("Changed from as the platform proposes by olga@example.com")).to_be_visible()


def test_nothing_is_wider_than_the_window(olga: Page, serve: str) -> None:
    for query in ("", "?shop=dilna", "?option=sales.excluded_statuses&shop=dilna&value=-3", "?q=nothing"):
        visit(olga, f"{serve}/settings/{query}")
        for width in WIDTHS:
            olga.set_viewport_size({"width": width, "height": 900})
            assert olga.evaluate("document.documentElement.scrollWidth") <= width, (query, width)


def test_without_script_it_is_the_same(page_without_script: Page, app: Flask, shop: Shop, serve: str) -> None:
    olga = signed(page_without_script, app, serve)
    olga.goto(f"{serve}/settings/?q=backup")
    olga.get_by_label("A backup is late after").fill("40")
    olga.locator(".setting", has_text="A backup is late after").get_by_role("button", name="Save").click()
    expect(olga.get_by_text("is 40 hours now; it was 30 hours")).to_be_visible()
    assert MAX_RETRIES.title in olga.content()
