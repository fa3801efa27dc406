"""Long lists, tables on phones, charts and live parts in a real browser."""

from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.browser.driving import soon, visit

SKIPPED = "row => !row.firstElementChild.checkVisibility({ contentVisibilityAuto: true })"
LEFTS = (
    "row => [...row.cells].filter(cell => cell.offsetParent).map(cell => Math.round(cell.getBoundingClientRect().left))"
)


def rows(page: Page) -> Any:
    return page.locator(".table--rows tbody tr")


def test_rows_outside_the_window_are_not_laid_out(browser_page: Page, specimens: str) -> None:
    visit(browser_page, f"{specimens}/orders/?rows=100")
    assert rows(browser_page).count() == 100
    assert not rows(browser_page).first.evaluate(SKIPPED)
    assert rows(browser_page).last.evaluate(SKIPPED)
    rows(browser_page).last.scroll_into_view_if_needed()
    soon(lambda: not rows(browser_page).last.evaluate(SKIPPED))
    assert rows(browser_page).first.evaluate(SKIPPED)


def test_the_head_of_a_long_list_stays_in_sight(browser_page: Page, specimens: str) -> None:
    visit(browser_page, f"{specimens}/orders/?rows=100")
    rows(browser_page).nth(80).scroll_into_view_if_needed()
    head = browser_page.locator(".table--rows thead").bounding_box()
    assert head is not None
    assert head["y"] == 0
    assert browser_page.evaluate("document.elementFromPoint(700, 10).closest('thead') !== null")


def test_columns_stand_under_their_heads_in_every_row(browser_page: Page, specimens: str) -> None:
    visit(browser_page, f"{specimens}/orders/")
    counts = []
    for width in (390, 768, 1024, 1440):
        browser_page.set_viewport_size({"width": width, "height": 900})
        head = browser_page.locator(".table--rows thead tr").evaluate(LEFTS)
        bodies = [rows(browser_page).nth(i).evaluate(LEFTS) for i in range(8)]
        assert all(body == head for body in bodies)
        counts.append(len(head))
    assert counts == [2, 5, 7, 7]


def test_a_row_of_boxes_is_still_a_table_to_a_screen_reader(browser_page: Page, specimens: str) -> None:
    visit(browser_page, f"{specimens}/orders/?rows=3")
    session = browser_page.context.new_cdp_session(browser_page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    found = [node["role"]["value"] for node in nodes if not node["ignored"]]
    assert found.count("table") == 1
    assert found.count("row") == 4
    assert found.count("columnheader") == 7
    assert found.count("rowheader") == 3
    assert found.count("cell") == 18


def test_skipped_rows_are_found_by_keys_and_kept_on_paper(browser_page: Page, specimens: str) -> None:
    visit(browser_page, f"{specimens}/orders/?rows=100")
    last = rows(browser_page).last.get_by_role("link").first
    last.focus()
    expect(last).to_be_in_viewport()


def test_a_panel_below_the_fold_waits_until_it_comes_near(browser_page: Page, specimens: str) -> None:
    browser_page.set_viewport_size({"width": 1440, "height": 200})
    visit(browser_page, f"{specimens}/")
    chart = browser_page.locator(".deferred .chart")
    assert chart.evaluate(SKIPPED)
    browser_page.locator(".deferred").scroll_into_view_if_needed()
    soon(lambda: not chart.evaluate(SKIPPED))


def test_a_short_table_folds_on_a_phone(browser_page: Page, specimens: str) -> None:
    browser_page.set_viewport_size({"width": 390, "height": 844})
    visit(browser_page, f"{specimens}/")
    table = browser_page.locator(".table--fold")
    cell = table.locator("tbody td").first
    assert cell.evaluate("cell => getComputedStyle(cell, '::before').content") == '"Orders" / ""'
    assert table.evaluate("table => table.parentElement.scrollWidth <= table.parentElement.clientWidth")
    browser_page.set_viewport_size({"width": 1440, "height": 900})
    assert cell.evaluate("cell => getComputedStyle(cell, '::before').content") == "none"


def test_a_chart_is_read_by_arrow_keys_and_pointer(browser_page: Page, specimens: str) -> None:
    visit(browser_page, f"{specimens}/")
    frame = browser_page.locator(".chart__frame").first
    tip = frame.locator(".chart__tip")
    expect(tip).to_be_hidden()
    frame.focus()
    browser_page.keyboard.press("ArrowRight")
    expect(tip).to_contain_text("20. 2.")
    browser_page.keyboard.press("ArrowLeft")
    expect(tip).to_contain_text("600 000 Kč")
    browser_page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    frame.locator(".chart__hit").nth(8).hover()
    expect(tip).to_contain_text("28. 2.")
    expect(tip).to_contain_text("—")
    box, window = tip.bounding_box(), frame.bounding_box()
    assert box is not None
    assert window is not None
    assert box["x"] + box["width"] <= window["x"] + window["width"]


def test_without_script_a_chart_is_still_told(page_without_script: Page, specimens: str) -> None:
    page_without_script.goto(f"{specimens}/")
    expect(page_without_script.locator(".chart__hit title").first).to_have_text("20. 2.: 600 000 Kč")
    page_without_script.get_by_text("Show as table").first.click()
    expect(page_without_script.get_by_role("table", name="Net sales by day")).to_be_visible()


def test_a_live_part_is_replaced_until_it_is_done(browser_page: Page, specimens: str) -> None:
    asked: list[str] = []
    browser_page.on("request", lambda request: asked.append(request.url) if "/progress" in request.url else None)
    browser_page.goto(f"{specimens}/snapshots/?polling=1")
    expect(browser_page.locator("[data-done]")).to_be_attached()
    count = len(asked)
    browser_page.wait_for_timeout(400)
    assert len(asked) == count, "the last fragment ends the asking"


def test_a_live_part_waits_while_someone_uses_it(browser_page: Page, specimens: str) -> None:
    browser_page.goto(f"{specimens}/snapshots/?polling=1", wait_until="domcontentloaded")
    browser_page.evaluate("const part = document.querySelector('[data-url]'); part.tabIndex = 0; part.focus()")
    shown = browser_page.locator("[data-url]").inner_text()
    browser_page.wait_for_timeout(400)
    assert browser_page.locator("[data-url]").inner_text() == shown


def test_an_answer_that_comes_when_someone_has_begun_to_use_the_part_is_left(
    browser_page: Page, specimens: str
) -> None:
    """It was asked for before: to put it in would take the place away from under their fingers."""

    def late(route: Route) -> None:
        browser_page.evaluate("const part = document.querySelector('[data-url]'); part.tabIndex = 0; part.focus()")
        route.fulfill(body="<p>too late</p>", content_type="text/html")

    browser_page.route("**/progress*", late)
    with browser_page.expect_response("**/progress*"):
        browser_page.goto(f"{specimens}/snapshots/?polling=1")
    browser_page.wait_for_timeout(100)
    assert "too late" not in browser_page.locator("[data-url]").inner_text()


def test_a_page_may_ask_to_be_loaded_again_at_the_end(browser_page: Page, specimens: str) -> None:
    loads: list[str] = []
    browser_page.on("load", lambda page: loads.append(page.url))
    browser_page.goto(f"{specimens}/snapshots/?polling=reload")
    soon(lambda: browser_page.locator("[data-done]").count() == 1 and len(loads) == 2)
    browser_page.wait_for_timeout(400)
    assert len(loads) == 2, "the page that is done asks no more"
