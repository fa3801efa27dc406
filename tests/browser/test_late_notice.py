"""The line in the head of pages when the scheduler is silent: calm, fitting every width, and not there when all is well."""

from datetime import timedelta

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from playwright.sync_api import Page, expect
from sqlalchemy import func, update

from shop import heartbeats
from shop.heartbeats import SCHEDULER, TICKED, Heartbeat
from shop.queues import ALL
from tests.browser.conftest import Shoot
from tests.browser.driving import visit
from tests.builders import a_shop, an_owner, signed_in

WIDTHS = (1440, 768, 390)


def test_a_silent_scheduler_is_told_in_one_line_that_fits(
    browser_page: Page, app: Flask, db: SQLAlchemy, serve: str, shoot: Shoot
) -> None:
    a_shop("dilna")
    cookie = signed_in(app.test_client(), an_owner()).get_cookie("pult")
    assert cookie is not None
    browser_page.context.add_cookies([{"name": "pult", "value": cookie.value, "url": serve}])
    heartbeats.beat([*ALL, SCHEDULER, TICKED])
    visit(browser_page, f"{serve}/snapshots/")
    expect(browser_page.get_by_text("has not been heard of")).to_have_count(0)
    silent = func.clock_timestamp() - timedelta(minutes=4, seconds=5)
    db.session.execute(update(Heartbeat).where(Heartbeat.part.in_([SCHEDULER, TICKED])).values(heard_at=silent))
    db.session.commit()
    visit(browser_page, f"{serve}/snapshots/")
    notice = browser_page.get_by_text("The scheduler has not been heard of for 4 min.")
    expect(notice).to_be_visible()
    shoot(browser_page, "late-notice")
    for width in WIDTHS:
        browser_page.set_viewport_size({"width": width, "height": 900})
        assert browser_page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
