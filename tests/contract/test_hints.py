"""Notices about orders, customers and products: hints to read again, each with one effect, never the truth."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import func, select, text

from shop.orders.models import Order
from shop.shops.models import Shop
from shop.simulator.webhooks import signature
from shop.snapshots import runs
from shop.snapshots.jobs import take_up_hints
from shop.snapshots.models import Snapshot, WebhookNotice
from tests.builders import a_shop, a_snapshot
from tests.contract.connected import carried_on, check_figures, connected, give_keys, simulated, taken
from tests.contract.test_notices import KEY, PATH, signed
from tests.simulator.asking import Client

NOW = datetime.now(UTC)


def body(event: str = "order:update", key: str = "2026000001", at: str = "2026-03-01T10:00:00+0100") -> bytes:
    told = {"eshopId": 200001, "event": event, "eventCreated": at, "eventInstance": key}
    return json.dumps(told).encode()


@pytest.fixture
def dilna(db: SQLAlchemy) -> Shop:
    """A shop of which everything was loaded an hour ago."""
    shop = a_shop("dilna", platform_shop_id="200001")
    give_keys(shop, KEY)
    for kind in ("orders", "customers", "products"):
        before = NOW - timedelta(hours=1)
        a_snapshot(shop, kind, way="export", as_of=before, requested_at=before, finished_at=before)
    return shop


def told(client: FlaskClient, content: bytes) -> int:
    return client.post(PATH, data=content, headers=signed(content)).status_code


def asked(db: SQLAlchemy) -> list[tuple[str, str]]:
    """The runs that hints asked for: kind and state."""
    db.session.rollback()
    found = select(Snapshot.kind, Snapshot.state).where(Snapshot.requested_by == "webhook").order_by(Snapshot.id)
    return [tuple(row) for row in db.session.execute(found)]


def over(db: SQLAlchemy, minutes: int) -> None:
    """Let the live runs be done, asked for so many minutes ago."""
    db.session.execute(
        text(
            """UPDATE snapshots SET state = 'done', as_of = now(), requested_at = now() - make_interval(mins => :minutes)
               WHERE state = 'queued'"""
        ),
        {"minutes": minutes},
    )
    db.session.execute(
        text("UPDATE webhook_notices SET received_at = received_at - make_interval(mins => :minutes, secs => 1)"),
        {"minutes": minutes},
    )
    db.session.commit()


@pytest.mark.parametrize(
    ("event", "kind"),
    [("order:create", "orders"), ("order:delete", "orders"), ("customer:update", "customers"),
     ("product:create", "products"), ("productVariant:update", "products")],
)  # fmt: skip
def test_a_hint_makes_the_changes_of_its_kind_due_now(
    client: FlaskClient, db: SQLAlchemy, redis: Redis, dilna: Shop, event: str, kind: str
) -> None:
    assert told(client, body(event)) == 200
    assert asked(db) == [(kind, "queued")]
    run = db.session.scalars(select(Snapshot).where(Snapshot.requested_by == "webhook")).one()
    assert run.changed_since == NOW - timedelta(hours=1, minutes=10)
    assert redis.llen("rq:queue:imports") == 1


def test_an_event_of_no_kind_and_a_shop_without_a_whole_snapshot_ask_for_nothing(
    client: FlaskClient, db: SQLAlchemy, dilna: Shop
) -> None:
    assert told(client, body("orderStatusesList:change")) == 200
    db.session.execute(text("DELETE FROM snapshots"))
    db.session.commit()
    assert told(client, body()) == 200
    assert asked(db) == []


def test_s6_a_hundred_notices_twice_and_out_of_order_have_one_effect(
    client: FlaskClient, db: SQLAlchemy, redis: Redis, dilna: Shop
) -> None:
    """S6. A hundred duplicates, replays and reordered notices: stored once, one run."""
    notices = [body(key=f"20260{number}", at=f"2026-03-01T10:00:0{number}+0100") for number in (3, 1, 2)]
    for content in [*notices, *reversed(notices)] * 17:
        assert told(client, content) == 200
    assert db.session.scalar(select(func.count()).select_from(WebhookNotice)) == 3
    assert asked(db) == [("orders", "queued")]
    assert redis.llen("rq:queue:imports") == 1


def test_s6_a_notice_that_was_carried_out_already_does_nothing_when_it_is_replayed(
    client: FlaskClient, db: SQLAlchemy, dilna: Shop
) -> None:
    """S6. Replay, long after: the inbox knows it."""
    assert told(client, body()) == 200
    over(db, minutes=5)
    assert told(client, body()) == 200
    assert take_up_hints() == 0
    assert asked(db) == [("orders", "done")]


def test_s6_unsigned_and_oversized_notices_are_turned_away(client: FlaskClient, db: SQLAlchemy, dilna: Shop) -> None:
    """S6. A bad signature is 401, ten megabytes are 413, and nothing is stored or asked for."""
    content = body()
    assert client.post(PATH, data=content, headers=signed(content, "wrong")).status_code == 401
    assert client.post(PATH, data=content + b" ", headers=signed(content)).status_code == 401
    large = b" " * (10 << 20)
    assert (
        client.post(PATH, data=large, headers={"Shoptet-Webhook-Signature": signature(KEY, large)}).status_code == 413
    )
    assert db.session.scalar(select(func.count()).select_from(WebhookNotice)) == 0
    assert asked(db) == []


def test_hints_are_a_minute_apart_and_never_beside_a_live_run(client: FlaskClient, db: SQLAlchemy, dilna: Shop) -> None:
    assert told(client, body(key="1")) == 200
    assert told(client, body(key="2")) == 200  # its run is live
    assert take_up_hints() == 0
    assert asked(db) == [("orders", "queued")]
    over(db, minutes=0)
    assert take_up_hints() == 0  # done, and a minute is not over
    db.session.execute(text("UPDATE webhook_notices SET received_at = now() - interval '2 minutes' WHERE key = '2'"))
    db.session.execute(
        text("UPDATE snapshots SET requested_at = now() - interval '3 minutes' WHERE requested_by = 'webhook'")
    )
    db.session.commit()
    assert take_up_hints() == 1
    assert take_up_hints() == 0
    assert asked(db) == [("orders", "done"), ("orders", "queued")]


def test_a_paused_shop_is_not_asked_whatever_it_is_told(client: FlaskClient, db: SQLAlchemy, dilna: Shop) -> None:
    dilna.state = "paused"
    db.session.commit()
    assert told(client, body()) == 200
    assert asked(db) == []


def test_the_platforms_own_hint_brings_the_order_and_the_deletion(
    app: Flask, db: SQLAlchemy, serve: str, redis: Redis
) -> None:
    with simulated() as simulator:
        shop = connected(simulator)
        taken(app, shop)
        db.session.execute(text("UPDATE snapshots SET requested_at = now() - interval '5 minutes'"))
        db.session.commit()
        for event in ("order:create", "order:delete"):
            Client(simulator).hook(event, url=f"{serve}{PATH}")
        give_keys(db.session.get_one(Shop, shop.id), simulator.shops[0].webhooks.renew_key())
        code = simulator.shops[0].place_order()
        simulator.settle()
        assert asked(db) == [("orders", "queued")]
        run = db.session.scalars(select(Snapshot.id).where(Snapshot.requested_by == "webhook")).one()
        assert carried_on(app, run).inserted == 1
        assert db.session.scalars(select(Order.deleted_at).where(Order.code == code)).one() is None
        db.session.execute(text("UPDATE snapshots SET requested_at = now() - interval '5 minutes'"))
        db.session.commit()
        simulator.shops[0].delete_order(code)
        simulator.settle()
        run = runs.live_run(shop.id, "orders").id  # type: ignore[union-attr]  # the hint asked for it
        assert carried_on(app, run).deleted == 1
        check_figures(db, simulator)
