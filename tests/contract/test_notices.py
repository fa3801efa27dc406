"""Notices of a platform: only signed ones, each with one effect, and a waiting run wakes by them."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import func, select

from shop.shops.models import Shop
from shop.simulator.simulator import Simulator
from shop.simulator.webhooks import signature
from shop.snapshots import waiting
from shop.snapshots.jobs import take_snapshot
from shop.snapshots.models import Snapshot, WebhookNotice
from tests.builders import a_shop, a_snapshot
from tests.contract.connected import asked, carried_on, check_figures, connected, give_keys, given_back, row, simulated
from tests.simulator.asking import Client

PATH = "/webhooks/shoptet/dilna"
KEY = "0123456789abcdef0123456789abcdef"


def body(job: str = "job1", shop: str = "200001") -> bytes:
    told = {
        "eshopId": int(shop),
        "event": "job:finished",
        "eventCreated": "2026-03-01T10:00:00+0100",
        "eventInstance": job,
    }
    return json.dumps(told).encode()


def signed(content: bytes, key: str = KEY) -> dict[str, str]:
    return {"Shoptet-Webhook-Signature": signature(key, content), "Content-Type": "application/json"}


@pytest.fixture
def dilna(db: SQLAlchemy) -> Shop:
    shop = a_shop("dilna", platform_shop_id="200001")
    give_keys(shop, KEY, "another" * 4)
    return shop


def waiting_run(shop: Shop, job: str = "job1") -> Snapshot:
    ticket = {"job": job, "endpoint": "/api/orders/snapshot", "requested_at": datetime.now(UTC).isoformat()}
    later = datetime(2100, 1, 1, tzinfo=UTC)
    return a_snapshot(
        shop, state="queued", phase="wait", way="export", ticket=ticket, look_at=later, exports=1, attempts=1
    )


def notices(db: SQLAlchemy) -> int:
    return db.session.scalar(select(func.count()).select_from(WebhookNotice)) or 0


def test_a_notice_wakes_the_run_that_waits_and_comes_twice_with_one_effect(
    client: FlaskClient, db: SQLAlchemy, redis: Redis, dilna: Shop
) -> None:
    run, other = waiting_run(dilna), a_snapshot(dilna, "products", state="queued")
    for _ in range(3):
        answer = client.post(PATH, data=body(), headers=signed(body()))
        assert (answer.status_code, answer.data) == (200, b"")
        assert "Set-Cookie" not in answer.headers
    assert notices(db) == 1
    assert redis.llen("rq:queue:imports") == 1
    assert row(run.id).look_at <= datetime.now(UTC)  # type: ignore[operator]  # it has one
    assert row(other.id).look_at is None


def test_a_notice_of_an_export_that_nobody_knows_yet_is_kept(
    client: FlaskClient, db: SQLAlchemy, redis: Redis, dilna: Shop
) -> None:
    assert client.post(PATH, data=body("early"), headers=signed(body("early"))).status_code == 200
    assert (notices(db), redis.llen("rq:queue:imports")) == (1, 0)


def test_whoever_does_not_sign_changes_nothing(client: FlaskClient, db: SQLAlchemy, dilna: Shop) -> None:
    run = waiting_run(dilna)
    a_shop("bez-klice")
    foreign = body(shop="200002")
    refused = {
        401: [
            (PATH, body(), {}),
            (PATH, body(), signed(body(), "wrong")),
            (PATH, body("job2"), signed(body())),
            (PATH, b"{", signed(b"{")),
            (PATH, foreign, signed(foreign)),
            ("/webhooks/shoptet/bez-klice", body(), signed(body())),
        ],
        404: [("/webhooks/shoptet/nobody", body(), signed(body())), ("/webhooks/other/dilna", body(), signed(body()))],
        413: [(PATH, b"x" * 70_000, signed(b"x" * 70_000))],
    }
    for status, calls in refused.items():
        for path, content, headers in calls:
            answer = client.post(path, data=content, headers=headers)
            assert answer.status_code == status, (path, content[:40])
            assert "Traceback" not in answer.text
    assert client.get(PATH).status_code == 405
    assert notices(db) == 0
    assert row(run.id).look_at == datetime(2100, 1, 1, tzinfo=UTC)


def test_an_older_key_is_taken_while_it_lasts(client: FlaskClient, db: SQLAlchemy, dilna: Shop) -> None:
    assert client.post(PATH, data=body(), headers=signed(body(), "another" * 4)).status_code == 200


@contextmanager
def told(live: str, running: float) -> Iterator[tuple[Simulator, Shop]]:
    """A simulated shop that tells the live server of its exports."""
    with simulated(hook=False, running=running) as simulator:
        shop = connected(simulator)
        Client(simulator).hook("job:finished", url=f"{live}{PATH}")
        give_keys(shop, simulator.shops[0].webhooks.renew_key())
        yield simulator, shop


def test_the_platforms_own_word_wakes_a_run_that_was_given_back(
    app: Flask, db: SQLAlchemy, serve: str, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "LOOKS", (600,))
    with told(serve, running=1.5) as (simulator, shop):
        run = given_back(app, asked(shop)).id
        deadline = time.monotonic() + 10
        while not redis.llen("rq:queue:imports") and time.monotonic() < deadline:
            time.sleep(0.05)
        assert redis.llen("rq:queue:imports") == 1
        take_snapshot(run)
        assert row(run).state == "done"
        check_figures(db, simulator)


def test_a_word_that_comes_before_the_ticket_is_stored_is_not_lost(
    app: Flask, db: SQLAlchemy, serve: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shop.snapshots import exporting

    monkeypatch.setattr(waiting, "LOOKS", (600,))
    with told(serve, running=0) as (simulator, shop):

        def until_it_came(name: str) -> None:
            deadline = time.monotonic() + 10
            while name == "request.asked" and not simulator.counts.webhooks_sent and time.monotonic() < deadline:
                time.sleep(0.05)
            simulator.settle()

        monkeypatch.setattr(exporting, "fault_point", until_it_came)
        run = carried_on(app, asked(shop), in_place=False)  # without the word it would be given back for ten minutes
        assert run.state == "done"
        check_figures(db, simulator)


def test_a_run_that_waits_in_place_hears_the_word_too(
    app: Flask, db: SQLAlchemy, serve: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "LOOKS", (600,))
    with told(serve, running=1) as (simulator, shop):
        began = time.monotonic()
        assert carried_on(app, asked(shop)).state == "done"
        assert time.monotonic() - began < 60
        check_figures(db, simulator)
