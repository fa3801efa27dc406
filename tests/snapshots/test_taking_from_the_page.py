"""Snapshots asked for on the page: one run however often it is clicked, and how far its platform is in words."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import select

from shop.shops.models import Shop
from shop.snapshots.jobs import enqueue_waiting, take_snapshot
from shop.snapshots.models import Snapshot
from shop.snapshots.queries import late_runs
from tests.builders import a_manager, a_shop, a_snapshot, an_operator, posted, signed_in
from tests.page import Page
from tests.snapshots.page_parts import opened, operated, trail


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    return operated(client)


def take(client: FlaskClient, **fields: Any) -> Any:
    return posted(
        client, "/snapshots/take", **({"shop": "praha", "kind": "orders", "mode": "full", "since": ""} | fields)
    )


def awaited(shop: Shop, look_in: int = 55, **values: Any) -> Snapshot:
    """A run that waits for its platform, and is to be looked at in so many seconds."""
    now = datetime.now(UTC)
    ticket = {
        "job": "job1",
        "endpoint": "/api/orders/snapshot",
        "requested_at": (now - timedelta(minutes=3)).isoformat(),
    }
    given = {
        "state": "queued", "phase": "wait", "way": "export", "ticket": ticket, "exports": 1, "attempts": 1,
        "started_at": now, "job_state": "running", "look_at": now + timedelta(seconds=look_in),
    }  # fmt: skip
    return a_snapshot(shop, **(given | values))


def test_a_click_becomes_a_queued_run_and_a_second_one_leads_to_it(
    client: FlaskClient, db: SQLAlchemy, redis: Redis, shop: Shop
) -> None:
    first = take(client)
    run = db.session.scalars(select(Snapshot)).one()
    assert (first.status_code, first.location) == (303, f"/snapshots/{run.id}")
    assert (run.state, run.mode, run.phase, run.way) == ("queued", "full", "request", "export")
    assert (run.requested_by, run.file_path, run.changed_since) == ("ota@example.com", None, None)
    assert take(client).location == f"/snapshots/{run.id}"
    assert take(client, mode="partial", since="2026-03-01").status_code == 409  # another wish than the one under way
    assert len(db.session.scalars(select(Snapshot)).all()) == 1
    assert redis.llen("rq:queue:imports") == 1
    assert trail(db) == [("snapshot_requested", f"snapshot {run.id}")]
    page = opened(client, first.location)
    assert page.has("for a worker")
    assert page.has("The file has not arrived yet.")


def test_somebody_elses_run_is_shown_as_busy(client: FlaskClient, db: SQLAlchemy, shop: Shop) -> None:
    take(client)
    signed_in(client, an_operator([shop], "eva@example.com"))
    assert take(client).status_code == 409


def test_what_changed_since_a_day_of_the_shop(client: FlaskClient, db: SQLAlchemy, shop: Shop) -> None:
    assert take(client, mode="partial", since="2026-03-01").status_code == 303
    run = db.session.scalars(select(Snapshot)).one()
    assert (run.mode, run.changed_since) == ("partial", datetime(2026, 2, 28, 23, tzinfo=UTC))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"shop": "brno"}, "Choose one of your shops."),
        ({"kind": "invoices"}, "Choose orders, customers or products."),
        ({"mode": ""}, "Say whether everything is to be fetched, or what changed."),
        ({"mode": "partial"}, "Choose a day that has begun."),
        ({"mode": "partial", "since": "2999-01-01"}, "Choose a day that has begun."),
        ({"mode": "partial", "since": "0001-01-01"}, "Choose a day that has begun."),
        ({"mode": "partial", "since": "<b>"}, "Choose a day that has begun."),
    ],
)
def test_what_is_missing_is_said_and_nothing_starts(
    client: FlaskClient, db: SQLAlchemy, shop: Shop, fields: dict[str, str], words: str
) -> None:
    a_shop("brno")  # not Ota's
    answer = take(client, **fields)
    assert answer.status_code == 422
    assert Page(answer.text).has(words)
    assert db.session.scalars(select(Snapshot)).all() == []


@pytest.mark.parametrize(
    "values", [{"state": "paused"}, {"problem": "The token is not accepted.", "problem_code": "bad_credentials"}]
)
def test_a_shop_that_rests_is_not_asked(client: FlaskClient, db: SQLAlchemy, values: dict[str, str]) -> None:
    signed_in(client, an_operator([a_shop("praha", **values)]))
    answer = take(client)
    assert answer.status_code == 409
    assert Page(answer.text).has("is paused" if "state" in values else "The token is not accepted.")
    assert db.session.scalars(select(Snapshot)).all() == []


def test_a_problem_that_leaves_a_way_stops_nobody(client: FlaskClient, db: SQLAlchemy) -> None:
    shop = a_shop("praha", problem="No webhook is registered.", problem_code="webhook_missing", credentials=b"sealed")
    signed_in(client, an_operator([shop]))
    assert take(client).status_code in (302, 303)
    assert db.session.scalars(select(Snapshot.state)).all() == ["queued"]


def test_a_manager_takes_no_snapshots(client: FlaskClient, db: SQLAlchemy) -> None:
    signed_in(client, a_manager([a_shop("praha")]))
    assert client.get("/snapshots/take").status_code == 403


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, ["for the platform, 3", "The platform is writing the file", "next look in"]),
        ({"job_state": None, "look_in": -9}, ["Not looked at yet", "next look now"]),
        ({"stumbles": 2, "remark": "Shoptet failed."}, ["failed 2 times", "Shoptet failed.", "next try in"]),
        ({"exports": 2, "remark": "The export ended as failed."}, ["export 2 of 3 at the most", "ended as failed"]),
        (
            {"phase": "download", "state": "running", "received": {"bytes": 500_000, "total": 1_000_000}},
            ["50 % of 1,0 MB received", "the platform is done"],
        ),
        ({"phase": "download", "way": "lists", "received": {"records": 75}, "ticket": None}, ["75 records received", "no exports"]),
        ({"phase": "stage", "state": "running", "file_bytes": 1_000_000, "exports": 3}, ["asked 3 times", "1,0 MB"]),
    ],
)  # fmt: skip
def test_progress_tells_how_far_the_platform_is(
    client: FlaskClient, shop: Shop, values: dict[str, Any], words: list[str]
) -> None:
    run = awaited(shop, **values)
    fragment = " ".join(client.get(f"/snapshots/{run.id}/progress").text.split())
    pages = [opened(client, path) for path in (f"/snapshots/{run.id}", "/snapshots/")]
    for word in words:
        assert word in fragment
        assert all(page.has(word) for page in pages), word


def test_a_failed_run_whose_file_never_came_asks_anew(client: FlaskClient, db: SQLAlchemy, shop: Shop) -> None:
    run = awaited(shop, state="failed", phase="request", error="No token.", error_code="bad_credentials")
    page = opened(client, f"/snapshots/{run.id}")
    assert page.has("Mend the shop’s connection")
    assert posted(client, f"/snapshots/{run.id}/retry").status_code == 303
    again = db.session.scalars(select(Snapshot)).one()
    assert (again.state, again.way, again.phase, again.exports) == ("queued", "export", "request", 0)


def test_runs_that_were_given_back_are_taken_up_when_their_time_has_come(
    app: Flask, db: SQLAlchemy, redis: Redis, shop: Shop
) -> None:
    now = datetime.now(UTC)
    long_ago = now - timedelta(minutes=10)
    later = awaited(shop, heartbeat_at=long_ago)
    due = awaited(shop, kind="products", heartbeat_at=now, look_in=-1)
    killed = awaited(shop, kind="customers", state="running", heartbeat_at=long_ago)
    assert enqueue_waiting() == 2
    assert redis.llen("rq:queue:imports") == 2
    take_snapshot(later.id)  # an old call for it: too early, so nothing is asked and nothing fails
    states = {run.id: run.state for run in db.session.scalars(select(Snapshot))}
    assert states == {later.id: "queued", due.id: "queued", killed.id: "running"}


def test_the_doctor_tells_of_runs_that_nobody_looks_at(runner: FlaskCliRunner, db: SQLAlchemy) -> None:
    shop = a_shop("praha")
    awaited(shop)
    assert late_runs(timedelta(minutes=3)) == 0
    awaited(shop, kind="products", look_in=-300)
    assert late_runs(timedelta(minutes=3)) == 1
    told = " ".join(runner.invoke(args=["doctor"]).output.split())
    assert "✗ waiting runs: 1 run late by more than 3 minutes" in told


@pytest.mark.parametrize("since", ["yesterday", "2999-01-01", "0001-01-01", "2026-13-01"])
def test_the_command_refuses_times_that_cannot_be_meant(runner: FlaskCliRunner, db: SQLAlchemy, since: str) -> None:
    a_shop("praha")
    result = runner.invoke(args=["snapshots", "run", "praha", "--kind", "orders", "--since", since])
    assert result.exit_code == 1
    assert since in result.output
    assert db.session.scalars(select(Snapshot)).all() == []


def test_replay_needs_a_file(runner: FlaskCliRunner, db: SQLAlchemy) -> None:
    run = awaited(a_shop("praha"), state="failed")
    result = runner.invoke(args=["snapshots", "replay", str(run.id)])
    assert result.exit_code == 1
    assert "has no stored file" in result.output
