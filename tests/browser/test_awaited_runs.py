"""A snapshot asked for in a real browser, and how a run that waits for its platform looks."""

from datetime import UTC, datetime, timedelta

from flask_sqlalchemy import SQLAlchemy
from playwright.sync_api import Page, expect
from sqlalchemy import select

from shop.snapshots.models import Snapshot
from tests.browser.conftest import Shoot
from tests.browser.driving import visit
from tests.builders import PASSWORD, a_shop, a_snapshot, an_operator


def signed_in_at(browser_page: Page, address: str) -> None:
    visit(browser_page, f"{address}/sign-in")
    browser_page.get_by_label("E-mail").fill("ota@example.com")
    browser_page.get_by_label("Password").fill(PASSWORD)
    browser_page.get_by_role("button", name="Sign in").click()


def test_a_snapshot_is_taken_with_a_double_click(browser_page: Page, serve: str, db: SQLAlchemy, shoot: Shoot) -> None:
    an_operator([a_shop("praha")], password=PASSWORD)
    signed_in_at(browser_page, serve)
    visit(browser_page, f"{serve}/snapshots/")
    browser_page.get_by_role("link", name="Take a snapshot…").first.click()
    dialog = browser_page.get_by_role("dialog", name="Take a snapshot")
    expect(dialog).to_be_visible()
    shoot(browser_page, "take-a-snapshot")
    dialog.get_by_role("button", name="Take it now").dblclick()
    expect(browser_page.get_by_role("heading", name="Snapshot 1", exact=True)).to_be_visible()
    assert [run.way for run in db.session.scalars(select(Snapshot))] == ["export"]


def test_how_a_run_that_waits_looks(browser_page: Page, serve: str, db: SQLAlchemy, shoot: Shoot) -> None:
    shop, now = a_shop("praha"), datetime.now(UTC)
    an_operator([shop], password=PASSWORD)
    ticket = {
        "job": "job1",
        "endpoint": "/api/orders/snapshot",
        "requested_at": (now - timedelta(minutes=3)).isoformat(),
    }
    given = {"way": "export", "ticket": ticket, "exports": 2, "attempts": 1, "started_at": now, "job_state": "running"}
    waits = a_snapshot(
        shop, state="queued", phase="wait", look_at=now + timedelta(minutes=1), **given,
        remark="The platform's export job0 ended as failed. Another one is asked for.",
    )  # fmt: skip
    told = {"job": "job1", "bytes": 3_400_000, "total": 12_000_000}
    receives = a_snapshot(shop, "products", state="running", phase="download", received=told, heartbeat_at=now, **given)
    signed_in_at(browser_page, serve)
    for run, name in ((waits, "a-run-that-waits"), (receives, "a-run-that-receives")):
        visit(browser_page, f"{serve}/snapshots/{run.id}")
        expect(browser_page.get_by_role("list", name="Phases")).to_contain_text("Download")
        shoot(browser_page, name)
    visit(browser_page, f"{serve}/snapshots/")
    shoot(browser_page, "runs-under-way")
