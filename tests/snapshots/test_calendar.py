"""The calendar of coverage: how each day of a shop ended, in words as well, each day a way to its runs."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from shop.shops.models import Shop
from shop.snapshots.calendar import DAYS, Day, calendar
from tests.builders import a_shop, a_snapshot, an_operator, signed_in
from tests.snapshots.page_parts import opened

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


def at(shop: Shop, days_ago: int, state: str = "done", *, kind: str = "orders", quarantined: int = 0) -> None:
    a_snapshot(
        shop, kind, state, requested_at=NOW - timedelta(days=days_ago), quarantined=quarantined, lines=quarantined
    )


def days_of(shop: Shop, kind: str = "orders") -> list[Day]:
    (found,) = [line.days for line in calendar([shop], NOW)[0] if line.kind == kind]
    return found[::-1]  # today first


def test_a_day_says_how_its_last_run_ended(db: SQLAlchemy) -> None:
    shop = a_shop("praha")
    at(shop, 50)  # long ago
    at(shop, 6, "failed")
    at(shop, 6)
    at(shop, 5)
    at(shop, 5, "failed")
    at(shop, 4, quarantined=2)
    at(shop, 3, quarantined=2)
    at(shop, 3)
    at(shop, 2, "cancelled")
    at(shop, 1)
    at(shop, 0, "running")
    at(shop, 0, "done", kind="products")
    assert [day.state for day in days_of(shop)[:8]] == [
        "running", "complete", "none", "complete", "partial", "failed", "complete", "none",
    ]  # fmt: skip
    assert {day.state for day in days_of(shop)[7:]} == {"none"}
    assert [day.state for day in days_of(shop, "products")[:2]] == ["complete", "none"]
    failed = days_of(shop)[5]
    assert failed.label.replace("\u00a0", " ") == "Praha, orders, 15. 3.: failed, 2 runs, 1 failed"
    assert failed.href == "/snapshots/?shop=praha&kind=orders&requested=2026-03-15#history"
    assert (days_of(shop)[2].href, days_of(shop)[7].href) != ("", ""), "a stopped run is a way too"


def test_a_day_is_the_shops_own(db: SQLAlchemy) -> None:
    prague, seoul = a_shop("praha"), a_shop("soul", timezone="Asia/Seoul")
    late = datetime(2026, 3, 18, 23, 30, tzinfo=UTC)  # in both the 19th already, in one since the morning
    for shop in (prague, seoul):
        a_snapshot(shop, requested_at=late - timedelta(hours=7))
    lines, days = calendar([prague, seoul], NOW)
    done = {
        line.shop.slug: [day.day.day for day in line.days if day.state == "complete"]
        for line in lines
        if line.kind == "orders"
    }
    assert done == {"praha": [18], "soul": [19]}
    assert (len(days), days[-1]) == (35, NOW.astimezone(ZoneInfo("Asia/Seoul")).date())


def test_the_page_leads_from_a_day_to_its_runs(client: FlaskClient, db: SQLAlchemy) -> None:
    shop = a_shop("praha")
    signed_in(client, an_operator([shop]))
    now = datetime.now(UTC)
    yesterday = a_snapshot(shop, state="failed", requested_at=now - timedelta(days=1), error="It broke.")
    a_snapshot(shop, requested_at=now, requested_by="ota@example.com")
    (href,) = re.findall(r'href="([^"]+)#history" data-cover="failed"', client.get("/snapshots/").text)
    assert opened(client, unescape(href)).column("Snapshot", "Snapshots") == [str(yesterday.id)]
    assert opened(client, "/snapshots/?by=ota%40example.com").has("asked for by ota@example.com")


def test_the_calendar_reads_no_run_that_is_too_old(db: SQLAlchemy) -> None:
    shop = a_shop("praha")
    insert = """INSERT INTO snapshots (shop_id, kind, mode, state, requested_by, requested_at)
                SELECT :shop, 'orders', 'partial', 'done', 'schedule', :now - i * interval '1 hour'
                FROM generate_series(20000, 0, -1) AS i"""
    db.session.execute(text(insert), {"shop": shop.id, "now": NOW})
    db.session.commit()
    db.session.execute(text("ANALYZE snapshots"))
    asked = {"since": NOW - timedelta(weeks=5, days=1), "shops": [shop.id]}
    plan = "\n".join(db.session.scalars(text(f"EXPLAIN (ANALYZE, TIMING OFF) {DAYS.text}"), asked))
    assert "Seq Scan on snapshots" not in plan
    assert "pk_snapshots" in plan
