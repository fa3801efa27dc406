"""Every page by axe in both themes and by the keyboard alone; `make test` takes a sample, PULT_EVERY_PAGE=1 takes all."""

import os

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from playwright.sync_api import BrowserContext, Page, expect

from shop.staff.models import Person
from tests.browser.axe import violations
from tests.browser.driving import visit
from tests.browser.walking import walk
from tests.builders import a_shop, an_owner, signed_in
from tests.house import pages, whole_house

EVERY = os.environ.get("PULT_EVERY_PAGE") == "1"
SAMPLE = ("/", "/orders/", "/settings/", "/account/", "/recovery/")
THEMES = ("light", "dark")
ALONE = ("/sign-in", "/choose-password")  # for whoever is not signed in
UNDRAWN = (".json", ".csv", "/metrics", "/live", "/ready", "/progress")  # no pages, or parts of one


def signed(page: Page, app: Flask, serve: str, person: Person) -> Page:
    cookie = signed_in(app.test_client(), person).get_cookie("pult")
    assert cookie is not None
    page.context.add_cookies([{"name": "pult", "value": cookie.value, "url": serve}])
    return page


@pytest.fixture
def olga(app: Flask, db: SQLAlchemy, serve: str, browser_page: Page) -> Page:
    """The browser of an owner of one shop."""
    a_shop("praha")
    return signed(browser_page, app, serve, an_owner())


def addresses(app: Flask, db: SQLAlchemy) -> list[str]:
    """Every page that somebody looks at, or a sample of them."""
    found = dict.fromkeys(address for _, address in pages(app, db) if not address.partition("?")[0].endswith(UNDRAWN))
    assert set(SAMPLE) <= set(found)
    return [address for address in found if address not in ALONE] if EVERY else list(SAMPLE)


def judged(page: Page, address: str) -> list[str]:
    found = []
    for theme in THEMES:
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        rules = () if EVERY or theme == "light" else ("color-contrast",)  # what a theme can change
        found += [f"{address}, {theme}: {words}" for words in violations(page, *rules)]
    return found


@pytest.mark.timeout(3000)
def test_axe_finds_nothing_and_tab_misses_nothing_on_any_page(
    app: Flask, db: SQLAlchemy, serve: str, browser_page: Page, complaints: list[str]
) -> None:
    """In both themes, without a pointer: every action is reached by Tab, and one sees where one is."""
    page = signed(browser_page, app, serve, whole_house(app, db).owner)
    wrong, steps = [], 0
    every = addresses(app, db)
    db.session.rollback()  # the walk takes longer than a transaction may stand idle
    for address in every:
        visit(page, f"{serve}{address}")
        wrong += judged(page, address)
        walked = walk(page)
        steps += walked.steps
        wrong += [f"{address}: Tab misses {words}" for words in walked.missed]
        wrong += [f"{address}: {words}" for words in walked.unseen]
    page.context.clear_cookies()
    for address in ALONE if EVERY else ALONE[:1]:
        visit(page, f"{serve}{address}")
        wrong += judged(page, address)
    assert wrong == []
    assert steps > 100
    complaints[:] = [
        words for words in complaints if "status of 4" not in words
    ]  # a page that says that something is gone


def test_axe_and_the_walk_find_what_is_wrong(browser_context: BrowserContext) -> None:
    """Both are shown a page that is known to be bad: a judge that finds nothing there would find nothing anywhere."""
    page = browser_context.new_page()
    page.set_content(
        "<main><h1>Bad</h1><p style='color:#bbb;background:#ccc'>pale</p><button style='outline:none'></button>"
        "<a href='#a' onfocus='this.blur()'>never</a><a href='#b' style='outline:none'>unmarked</a></main>"
    )
    rules = {words.split()[0] for words in violations(page)}
    assert {"button-name", "color-contrast", "html-has-lang"} <= rules
    walked = walk(page)
    assert any("never" in words for words in walked.missed)
    assert any("unmarked" in words for words in walked.unseen) or walked.missed


def test_dialogs_and_menus_open_by_enter_and_close_by_escape(olga: Page, serve: str) -> None:
    visit(olga, f"{serve}/snapshots/")
    opener = olga.locator(".jump")
    opener.focus()
    olga.keyboard.press("Enter")
    expect(olga.locator("#palette")).to_be_visible()
    olga.keyboard.press("Escape")
    expect(olga.locator("#palette")).to_be_hidden()
    expect(opener).to_be_focused()
    for summary in olga.locator("details.menu > summary").all():
        if summary.is_visible():
            summary.focus()
            olga.keyboard.press("Enter")
            menu = summary.locator("xpath=..")
            assert menu.evaluate("menu => menu.open")
            olga.keyboard.press("Tab")
            assert menu.evaluate("menu => menu.contains(document.activeElement)")
            olga.keyboard.press("Escape")
            assert not menu.evaluate("menu => menu.open")
            expect(summary).to_be_focused()


def test_keys_of_one_character_are_switched_off_by_keyboard_and_stay_off(olga: Page, serve: str) -> None:
    """WCAG 2.1.4: who speaks to the computer must be able to switch them off. Those with Ctrl, and Esc, stay."""
    visit(olga, f"{serve}/account/")
    group = olga.get_by_role("group", name="Keys of one character")
    expect(group.get_by_role("button", name="On")).to_have_attribute("aria-pressed", "true")
    group.get_by_role("button", name="Off").focus()
    olga.keyboard.press("Enter")
    expect(group.get_by_role("button", name="Off")).to_have_attribute("aria-pressed", "true")
    visit(olga, f"{serve}/orders/")
    for key in ("g", "c", "?", "/", "j", "f", "1", "e"):
        olga.keyboard.press(key)
    expect(olga).to_have_url(f"{serve}/orders/")
    assert olga.evaluate("document.activeElement === document.body")
    expect(olga.get_by_role("dialog", name="Keyboard")).to_be_hidden()
    olga.keyboard.press("Control+k")
    expect(olga.locator("#palette")).to_be_visible()
    olga.keyboard.press("Escape")
    visit(olga, f"{serve}/account/")
    group.get_by_role("button", name="On").focus()
    olga.keyboard.press("Space")
    olga.keyboard.press("g")
    olga.keyboard.press("o")
    expect(olga).to_have_url(f"{serve}/orders/")
