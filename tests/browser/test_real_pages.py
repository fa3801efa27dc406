"""The real application in a real browser, as somebody who is not signed in meets it."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Shoot
from tests.browser.driving import visit


def test_whoever_is_not_signed_in_is_asked_to(browser_page: Page, serve: str, shoot: Shoot) -> None:
    visit(browser_page, f"{serve}/")
    expect(browser_page).to_have_url(f"{serve}/sign-in")
    expect(browser_page.get_by_role("heading", name="Sign in")).to_be_visible()
    browser_page.get_by_label("E-mail").fill("eve@nowhere.example")
    shoot(browser_page, "sign-in")


def test_the_sheet_and_the_scripts_are_fetched_once(browser_page: Page, serve: str) -> None:
    visit(browser_page, f"{serve}/sign-in")
    visit(browser_page, f"{serve}/sign-in?next=%2Forders%2F")
    parts = "performance.getEntriesByType('resource').map(part => [part.name, part.transferSize])"
    fetched = {name.rsplit("/", 1)[1]: size for name, size in browser_page.evaluate(parts)}
    assert {"main.css", "main.js"} <= fetched.keys()
    assert not any(fetched.values()), "the second page takes everything from what the browser has kept"
