"""The frame of every page in a real browser: navigation, palette, keyboard, themes, menus, dialogs."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Shoot
from tests.browser.driving import visit
from tests.browser.specimens import ADDRESSES

WIDTHS = (360, 390, 720, 1024, 1440)
PICTURES = {"/": "overview", "/orders/": "orders", "/order": "order", "/snapshots/": "snapshots"}


@pytest.mark.parametrize("address", [address for address in ADDRESSES if "error" not in address])
def test_no_page_is_stopped_by_the_policy_or_wider_than_the_window(
    browser_page: Page, specimens: str, address: str
) -> None:
    visit(browser_page, specimens + address)
    assert browser_page.evaluate("getComputedStyle(document.body).fontVariantNumeric") == "tabular-nums"
    for width in WIDTHS:
        browser_page.set_viewport_size({"width": width, "height": 800})
        assert browser_page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("address", PICTURES)
def test_the_specimens_have_their_pictures_taken(
    browser_page: Page, specimens: str, address: str, shoot: Shoot
) -> None:
    visit(browser_page, specimens + address)
    shoot(browser_page, f"specimen-{PICTURES[address]}")
    expect(browser_page.locator("h1")).to_be_visible()


def test_a_failure_is_styled_and_leads_on(browser_page: Page, specimens: str, complaints: list[str]) -> None:
    visit(browser_page, f"{specimens}/error/404")
    assert [complaint for complaint in complaints if "404" in complaint] == complaints
    complaints.clear()
    browser_page.get_by_role("main").get_by_role("link", name="Orders").click()
    expect(browser_page).to_have_url(f"{specimens}/orders/")


def test_the_palette_finds_pages_and_searches_what_it_does_not_know(browser_page: Page, specimens: str) -> None:
    visit(browser_page, f"{specimens}/?shop=kolo-a-kopec")
    browser_page.keyboard.press("Control+k")
    palette = browser_page.locator("#palette")
    expect(palette).to_be_visible()
    browser_page.keyboard.type("cust")
    expect(palette.get_by_role("option", selected=True)).to_contain_text("Customers")
    palette.get_by_role("combobox").fill("Dvořák")
    expect(palette.get_by_role("option", selected=True)).to_have_text("Search orders for Dvořák")
    browser_page.keyboard.press("ArrowDown")
    expect(palette.get_by_role("option", selected=True)).to_have_text("Search customers for Dvořák")
    browser_page.keyboard.press("ArrowUp")
    browser_page.keyboard.press("Enter")
    expect(browser_page).to_have_url(f"{specimens}/orders/?shop=kolo-a-kopec&q=Dvo%C5%99%C3%A1k")
    expect(browser_page.get_by_role("searchbox")).to_have_value("Dvořák")


def test_escape_closes_the_palette_and_forgets_what_was_typed(browser_page: Page, specimens: str) -> None:
    visit(browser_page, f"{specimens}/")
    browser_page.keyboard.press("Control+k")
    browser_page.keyboard.type("zzz")
    browser_page.keyboard.press("Escape")
    expect(browser_page.locator("#palette")).to_be_hidden()
    browser_page.keyboard.press("Control+k")
    expect(browser_page.get_by_role("combobox")).to_have_value("")


def test_a_list_is_walked_by_keys(browser_page: Page, specimens: str) -> None:
    visit(browser_page, f"{specimens}/orders/")
    for key in ("j", "j", "j", "k"):
        browser_page.keyboard.press(key)
    expect(browser_page.get_by_role("link", name="2026004126")).to_be_focused()
    browser_page.keyboard.press("Enter")
    expect(browser_page).to_have_url(f"{specimens}/order")


def test_keys_jump_search_and_rest_while_one_types(browser_page: Page, specimens: str) -> None:
    visit(browser_page, f"{specimens}/")
    browser_page.keyboard.press("g")
    browser_page.keyboard.press("o")
    expect(browser_page).to_have_url(f"{specimens}/orders/")
    visit(browser_page, browser_page.url)
    browser_page.keyboard.press("/")
    search = browser_page.get_by_role("searchbox")
    expect(search).to_be_focused()
    browser_page.keyboard.type("go?")
    expect(search).to_have_value("go?")
    browser_page.keyboard.press("Escape")
    browser_page.keyboard.press("2")
    expect(browser_page).to_have_url(f"{specimens}/orders/?shop=kolo-a-kopec")


def test_the_map_of_keys_opens_and_closes(browser_page: Page, specimens: str) -> None:
    visit(browser_page, f"{specimens}/")
    browser_page.keyboard.press("?")
    keys = browser_page.get_by_role("dialog", name="Keyboard")
    expect(keys).to_contain_text("G O")
    keys.get_by_role("link", name="Close").click()
    expect(keys).to_be_hidden()


def test_a_theme_is_chosen_at_once_and_kept(browser_page: Page, specimens: str) -> None:
    browser_page.emulate_media(color_scheme="light")
    visit(browser_page, f"{specimens}/")
    canvas = "getComputedStyle(document.body).backgroundColor"
    light = browser_page.evaluate(canvas)
    browser_page.locator(".nav__foot summary").click()
    browser_page.get_by_role("button", name="Dark").click()
    dark = browser_page.evaluate(canvas)
    assert dark != light
    browser_page.reload()
    assert browser_page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert browser_page.evaluate(canvas) == dark
    expect(browser_page.locator(".segmented button[aria-pressed=true]")).to_have_text("Dark")


def test_a_menu_closes_on_escape_and_elsewhere(browser_page: Page, specimens: str) -> None:
    visit(browser_page, f"{specimens}/orders/")
    panel = browser_page.locator(".filter-bar .menu__panel")
    browser_page.keyboard.press("f")
    expect(browser_page.get_by_label("Status", exact=True)).to_be_focused()
    browser_page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    browser_page.locator(".filter-bar summary").click()
    expect(panel).to_be_visible()
    browser_page.get_by_role("heading", name="Orders").click()
    expect(panel).to_be_hidden()


def test_the_filter_menu_stays_in_the_window(browser_page: Page, specimens: str) -> None:
    visit(browser_page, f"{specimens}/orders/")
    browser_page.locator(".filter-bar summary").click()
    for width in WIDTHS:
        browser_page.set_viewport_size({"width": width, "height": 800})
        box = browser_page.locator(".filter-bar .menu__panel").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width


def test_sign_in_begins_where_something_is_missing(browser_page: Page, specimens: str) -> None:
    visit(browser_page, f"{specimens}/sign-in?alone=1")
    expect(browser_page.get_by_label("Password")).to_be_focused()
    expect(browser_page.get_by_label("E-mail")).to_have_value("olga@shop.example")


def test_on_a_phone_navigation_is_a_drawer(browser_page: Page, specimens: str) -> None:
    browser_page.set_viewport_size({"width": 390, "height": 844})
    visit(browser_page, f"{specimens}/")
    products = browser_page.get_by_role("navigation", name="Main").get_by_role("link", name="Products")
    expect(products).to_be_hidden()
    browser_page.get_by_role("button", name="Open navigation").click()
    expect(products).to_be_visible()
    browser_page.keyboard.press("Escape")
    expect(products).to_be_hidden()


def test_on_a_rail_the_entries_keep_their_names(browser_page: Page, specimens: str) -> None:
    browser_page.set_viewport_size({"width": 1024, "height": 800})
    visit(browser_page, f"{specimens}/")
    browser_page.get_by_role("navigation", name="Main").get_by_role("link", name="Orders").click()
    expect(browser_page).to_have_url(f"{specimens}/orders/")


def test_a_dialog_opens_over_the_page_and_closes(browser_page: Page, specimens: str) -> None:
    visit(browser_page, f"{specimens}/snapshots/")
    browser_page.get_by_role("link", name="Take a snapshot…").click()
    dialog = browser_page.get_by_role("dialog", name="Take a snapshot")
    expect(dialog).to_be_visible()
    dialog.get_by_role("link", name="Not now").click()
    expect(dialog).to_be_hidden()
    assert browser_page.evaluate("location.hash") == ""


def test_without_script_everything_is_still_reached(page_without_script: Page, specimens: str) -> None:
    page = page_without_script
    page.goto(f"{specimens}/snapshots/")
    page.get_by_role("link", name="Take a snapshot…").click()
    expect(page.locator("#new")).to_be_visible()
    page.locator("#new").get_by_role("button", name="Take the snapshot").click()
    expect(page.get_by_text("Snapshot 12 is queued.")).to_be_visible()
    page.get_by_role("link", name="Search or jump to").first.click()
    page.locator("#palette").get_by_label("Order number").fill("novák")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{specimens}/orders/?q=nov%C3%A1k")
    page.locator(".filter-bar summary").click()
    page.get_by_label("Placed to").fill("19. 3. 2026")
    page.get_by_role("button", name="Show").click()
    assert "to=19.+3.+2026" in page.url
    assert "q=nov%C3%A1k" in page.url
