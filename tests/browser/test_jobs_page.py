"""The page of jobs and the calendar of coverage in a real browser: a lock is broken, a day is opened."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from playwright.sync_api import Page, expect
from redis import Redis
from sqlalchemy import func

from shop import heartbeats, ticking
from shop.locks import JobLease
from shop.shops.models import Shop
from tests.browser.conftest import Shoot
from tests.browser.driving import visit
from tests.builders import a_shop, a_snapshot, added, an_owner, signed_in

NOW = datetime.now(UTC)


@pytest.fixture
def olga(app: Flask, db: SQLAlchemy, serve: str, browser_page: Page) -> Page:
    """The browser of an owner who is signed in."""
    cookie = signed_in(app.test_client(), an_owner()).get_cookie("pult")
    assert cookie is not None
    browser_page.context.add_cookies([{"name": "pult", "value": cookie.value, "url": serve}])
    return browser_page


def a_lock(shop: Shop, kind: str, beaten: timedelta) -> None:
    clock = func.clock_timestamp()
    taken, expires = clock - timedelta(minutes=34), clock + timedelta(seconds=15) - beaten
    key = f"snapshot:{shop.id}:{kind}"
    added(JobLease(key=key, fence=2284, holder="imports-1.example:4711", taken_at=taken, expires_at=expires))


def test_a_lock_is_broken_with_what_it_does_in_view(olga: Page, serve: str, redis: Redis, shoot: Shoot) -> None:
    shops = [a_shop("kuchyne", name="Küche & Leinen Nordrhein-Westfalen"), a_shop("dilna", name="Lněná dílna")]
    for shop, kind, beaten in (
        (shops[0], "orders", timedelta(minutes=33)),
        (shops[1], "products", timedelta(seconds=2)),
    ):
        a_snapshot(shop, kind, "running", phase="stage")
        a_lock(shop, kind, beaten)
    a_snapshot(shops[0], "customers", "queued", requested_at=NOW - timedelta(minutes=2))
    ticking.decide()
    heartbeats.beat(["imports", "ops", "interactive"])
    visit(olga, f"{serve}/jobs/")
    shoot(olga, "jobs")
    olga.get_by_role("link", name=f"Break the lock snapshot:{shops[0].id}:orders…").click()
    expect(olga.get_by_role("heading", name="Break the lock of")).to_be_visible()
    shoot(olga, "jobs-break")
    olga.get_by_role("button", name="Break the lock").dblclick()
    expect(olga.get_by_text("The lock is broken").or_(olga.get_by_text("free or had a new holder"))).to_be_visible()
    assert redis.llen("rq:queue:imports") == 1


def test_a_day_of_the_calendar_opens_its_runs_on_a_phone_as_well(olga: Page, serve: str, shoot: Shoot) -> None:
    shops = [a_shop("kuchyne", name="Küche & Leinen Nordrhein-Westfalen"), a_shop("dilna", name="Lněná dílna")]
    for ago in range(30, -1, -1):
        for shop in shops:
            state = "failed" if ago % 7 == 3 else "done"
            set_aside = 2 if ago % 5 == 1 and state == "done" else 0
            for kind in ("orders", "products") if shop is shops[0] else ("orders",):
                a_snapshot(
                    shop, kind, state, requested_at=NOW - timedelta(days=ago), quarantined=set_aside, lines=set_aside
                )
    visit(olga, f"{serve}/snapshots/")
    shoot(olga, "coverage")
    olga.set_viewport_size({"width": 390, "height": 844})
    assert olga.evaluate("document.documentElement.scrollWidth") <= 390
    olga.get_by_role("link", name=", orders, ").and_(olga.locator("[data-cover=failed]:visible")).last.click()
    expect(olga.locator(".table--rows tbody tr")).to_have_count(1)
