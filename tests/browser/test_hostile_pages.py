"""S8 in a real browser: hostile rows run nothing, add nothing, and the content policy has nothing to stop."""

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from playwright.sync_api import Page

from shop.db import raw_connection
from tests.browser.driving import visit
from tests.builders import signed_in
from tests.hostile import MARK, make_hostile
from tests.house import whole_house

WATCH = """
  window.stopped = [];
  document.addEventListener("securitypolicyviolation", (event) => stopped.push(`${event.violatedDirective} ${event.blockedURI}`));
"""
SEEN = "() => [window.hostile ?? null, stopped, document.querySelectorAll('%(mark)s, [%(mark)s], iframe, base').length, document.body.innerText.includes('%(mark)s')]"
PLACES = (
    "/",
    "/orders/",
    "/customers/",
    "/products/",
    "/audit/",
    "/shops/praha",
    "/staff/",
    "/recovery/",
    "/backups/",
    "/jobs/",
)


@pytest.mark.usefixtures("clean")
def test_s8_nothing_runs_under_the_policy(app: Flask, db: SQLAlchemy, serve: str, browser_page: Page) -> None:
    house = whole_house(app, db)
    cookie = signed_in(app.test_client(), house.owner).get_cookie("pult")
    assert cookie is not None
    shown = db.session.execute(db.text("SELECT min(id) FROM orders")).scalar_one()
    run = db.session.execute(db.text("SELECT snapshot_id FROM quarantined_records LIMIT 1")).scalar_one()
    db.session.remove()
    with raw_connection(autocommit=True) as connection:
        make_hostile(connection)
    browser_page.context.add_init_script(WATCH)
    browser_page.context.add_cookies([{"name": "pult", "value": cookie.value, "url": serve}])
    for address in (*PLACES, f"/orders/praha/{shown}", f"/snapshots/{run}"):
        visit(browser_page, f"{serve}{address}")
        for part in browser_page.locator("summary").all():
            if part.is_visible():
                part.click()
        ran, stopped, arose, seen = browser_page.evaluate(SEEN % {"mark": MARK})
        assert (ran, stopped, arose) == (None, [], 0), address
        assert seen, f"{address} shows nothing hostile"
