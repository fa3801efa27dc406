"""The page of one run: its books, what was set aside, why it failed, and how far it is."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from shop.db import db as handle
from shop.formatting import number
from shop.shops.models import Shop
from shop.snapshots.models import QuarantinedRecord, SnapshotAttempt
from shop.staff.models import Person
from tests.builders import a_snapshot, added
from tests.page import Page
from tests.snapshots.files import an_order_line, load, packed
from tests.snapshots.page_parts import NOW, done, opened, operated


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    return operated(client)


def test_a_complete_run_shows_books_that_balance(client: FlaskClient, shop: Shop, app: Flask) -> None:
    run = load(app, shop, packed(an_order_line("1"), an_order_line("2"), b'{"code": 3}', an_order_line("1")))
    page = opened(client, f"/snapshots/{run.id}")
    assert [row[::2] for row in page.rows("The books")] == [
        ["New", "2"], ["Changed", "0"], ["The same", "0"], ["Superseded", "1"], ["Set aside", "1"],
    ]  # fmt: skip
    assert page.table("The books").all("tfoot")[0].text == "Lines in the file adds up 4"
    assert page.link("Orders of Praha") == "/orders/?shop=praha"
    assert page.has("Partial")
    assert page.has(run.file_sha256 or "")
    assert page.has("Attempt 1: Complete")


def test_what_was_set_aside_is_shown_as_it_came(client: FlaskClient, shop: Shop, app: Flask) -> None:
    bad = b'{"code": "<script>alert(1)</script>", "x": "' + b"y" * 5000 + b'"}'
    run = load(app, shop, packed(an_order_line("1"), bad))
    handle.session.scalars(select(Person)).one().sees_personal = True
    handle.session.commit()
    page = opened(client, f"/snapshots/{run.id}")
    (raw,) = page.root.all("pre")
    assert raw.text.startswith('{"code": "<script>alert(1)</script>"')
    assert len(raw.text) == 2048
    assert page.has("its first 2 kB")
    assert page.has("Line 2")
    record = handle.session.get_one(QuarantinedRecord, (run.id, 2))
    assert page.has(record.reason)
    assert page.has(record.path)
    assert page.has(" ".join(f"byte {number(record.byte_offset)}".split()))


def test_many_records_that_were_set_aside_come_page_by_page_with_their_reasons(client: FlaskClient, shop: Shop) -> None:
    run = a_snapshot(
        shop, state="failed", error="Too many.", error_code="too_many_bad_records", quarantined=45, lines=45
    )
    for line in range(1, 46):
        code = "not_json" if line % 3 else "bad_value"
        where = {"snapshot_id": run.id, "line": line, "shop_id": shop.id, "byte_offset": line}
        what = {"raw": b"\xff{", "raw_bytes": 2, "error_code": code, "path": "$", "reason": f"Reason of line {line}."}
        added(QuarantinedRecord(**where, **what))
    page, seen = opened(client, f"/snapshots/{run.id}"), []
    assert [row[-1] for row in page.rows("Reasons")] == ["30", "15"]
    while True:
        seen += [item.all("b")[0].text for item in page.root.all("li") if item.all("pre")]
        if "More records" not in page.links:
            break
        page = opened(client, page.link("More records").removesuffix("#quarantine"))
    assert seen == [f"Line {line}" for line in range(1, 46)]
    assert page.link("First records") == f"/snapshots/{run.id}#quarantine"
    assert opened(client, f"/snapshots/{run.id}?after_line=x").has("Line 1")


def test_a_failed_run_says_why_and_what_to_do(client: FlaskClient, shop: Shop) -> None:
    run = a_snapshot(
        shop, state="failed", phase="stage", error="The file is cut off.", error_code="damaged_file", file_path="raw/x"
    )
    page = opened(client, f"/snapshots/{run.id}")
    assert page.has("The file is cut off.")
    assert page.has("Export the file again")
    assert page.has("Nothing was published")
    assert page.form(f"/snapshots/{run.id}/retry")
    assert not page.has("Accept this file")


@pytest.mark.parametrize(
    ("values", "words", "value", "most"),
    [
        ({"state": "queued"}, "for a worker", None, None),
        ({"state": "running", "phase": "stage", "cursor_line": 6200, "bytes_read": 620, "file_bytes": 1000}, "62 % read", "620", "1000"),
        ({"state": "running", "phase": "prove", "lines": 500}, "checking", None, None),
        ({"state": "running", "phase": "publish", "lines": 500, "published_lines": 125}, "125 of 500 lines", "125", "500"),
    ],
)  # fmt: skip
def test_a_live_run_shows_how_far_it_is(
    client: FlaskClient, shop: Shop, values: dict[str, Any], words: str, value: str | None, most: str | None
) -> None:
    run = a_snapshot(shop, **({"started_at": NOW, "heartbeat_at": datetime.now(UTC)} | values))
    for path in ("/snapshots/", f"/snapshots/{run.id}"):
        page = opened(client, path)
        assert page.has(words)
        (bar,) = page.root.all("progress")
        assert (bar.get("value") or None, bar.get("max") or None) == (value, most)
        (polled,) = [node for node in page.root.all("div") if node.get("data-behaviour") == "poll"]
        assert polled["data-url"] == f"/snapshots/{run.id}/progress"
    fragment = Page(client.get(f"/snapshots/{run.id}/progress").text, fragment=True)
    assert fragment.has(words)
    assert not any("data-done" in node.attributes for node in fragment.root.all("div"))


def test_pace_and_time_left_come_from_what_was_read_so_far(client: FlaskClient, shop: Shop) -> None:
    begun = datetime.now(UTC) - timedelta(seconds=10)
    run = a_snapshot(
        shop, state="running", phase="stage", cursor_line=20_000, bytes_read=500, file_bytes=1000, attempts=1,
        started_at=begun, heartbeat_at=datetime.now(UTC),
    )  # fmt: skip
    attempt = added(SnapshotAttempt(snapshot_id=run.id, number=1, worker="here:1", started_at=begun))
    told = Page(client.get(f"/snapshots/{run.id}/progress").text, fragment=True).text.replace("\N{NO-BREAK SPACE}", " ")
    assert "lines a second" in told
    assert any(f"about {seconds} s left" in told for seconds in (10, 11, 12))
    attempt.number = run.attempts = 2
    handle.session.commit()
    resumed = Page(client.get(f"/snapshots/{run.id}/progress").text, fragment=True)
    assert resumed.has("taken up again, attempt 2")
    assert not resumed.has("lines a second")  # what was read before is not this attempt's pace


def test_a_run_that_gives_no_sign_of_life_says_so(client: FlaskClient, shop: Shop) -> None:
    run = a_snapshot(
        shop, state="running", phase="stage", started_at=NOW, heartbeat_at=datetime.now(UTC) - timedelta(seconds=45)
    )
    page = Page(client.get(f"/snapshots/{run.id}/progress").text, fragment=True)
    assert re.search(r"No sign of life for (4[5-9]|5\d)\ss", page.text), "45 seconds, and what the machine took"


def test_the_last_fragment_says_that_it_is_the_last(client: FlaskClient, shop: Shop) -> None:
    run = done(shop)
    fragment = Page(client.get(f"/snapshots/{run.id}/progress").text, fragment=True)
    assert any("data-done" in node.attributes for node in fragment.root.all("div"))
    assert fragment.root.all("progress") == []
