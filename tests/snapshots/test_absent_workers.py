"""Nobody there to work, or only somebody of another version: it is told, and nothing that waits is lost."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import func, select, text, update

from shop import heartbeats, queues
from shop.heartbeats import SCHEDULER, TICKED, Heartbeat
from shop.lateness import SCHEDULER_SILENT, WORKER_SILENT
from shop.queues import ALL, IMPORTS
from shop.shops.models import Shop
from shop.snapshots.jobs import enqueue
from shop.snapshots.models import Snapshot
from tests.builders import a_shop, an_owner, signed_in
from tests.snapshots.files import an_order_line, books, packed, stored_run
from tests.snapshots.following import ended, outcomes, row
from tests.snapshots.invariants import broken_invariants
from tests.workers import HASTY, until, working

FILE = packed(*(an_order_line(str(number)) for number in range(20)))
TWO_MINUTES = timedelta(minutes=2)


@pytest.mark.chaos
def test_p4_dead_workers_are_told_within_two_minutes_and_what_waits_is_done_when_one_comes(
    app: Flask, client: FlaskClient, db: SQLAlchemy, redis: Redis, environment: dict[str, str]
) -> None:
    """P4. In the head of pages and in /health/ready; the backlog drains once a single worker is there."""
    assert max(WORKER_SILENT, SCHEDULER_SILENT) <= TWO_MINUTES
    with working(environment, *ALL) as only:
        until(lambda: {heard.part for heard in heartbeats.last_heard()} >= set(ALL))
        only.end()
    heartbeats.beat([SCHEDULER, TICKED])
    runs = [stored_run(app, a_shop(f"shop-{number}"), FILE) for number in range(4)]
    assert all(map(enqueue, runs))
    signed_in(client, an_owner())
    silence(db, timedelta(seconds=60))
    assert client.get("/health/ready").json["parts"]["workers"] == "ok", "a restart takes as long"
    silence(db, TWO_MINUTES)
    health = client.get("/health/ready")
    assert (health.status_code, "workers" in health.json["failing"]) == (503, True)
    assert "Nobody has served the queue imports for 2\N{NO-BREAK SPACE}min." in health.json["parts"]["workers"]
    assert "Nobody has served the queue" in client.get("/orders/").text
    redis.flushdb()  # it may well be a machine that is gone with all of them
    with working(environment, *ALL):
        for run in runs:
            assert books(ended(db, run)) == {"lines": 20, "inserted": 20}
        until(lambda: client.get("/health/ready").json["parts"]["workers"] == "ok", 20)
    assert "Nobody has served the queue" not in client.get("/orders/").text
    assert broken_invariants(db) == []


def silence(db: SQLAlchemy, since: timedelta) -> None:
    """Let that long pass since the last word of any worker."""
    then = func.clock_timestamp() - since
    db.session.execute(update(Heartbeat).where(Heartbeat.part.in_(ALL)).values(heard_at=then))
    db.session.commit()


@pytest.mark.chaos
def test_p16_a_job_of_another_version_is_dropped_and_its_row_is_worked_on(
    app: Flask, db: SQLAlchemy, shop: Shop, redis: Redis, environment: dict[str, str]
) -> None:
    """P16. The newer web names work that this worker does not have; the run waits, and is woken under a known name."""
    run = stored_run(app, shop, FILE)
    tomorrow = "shop.snapshots.jobs.take_snapshot_of_tomorrow"
    queues.queue(IMPORTS, redis).enqueue_call(tomorrow, args=[run], timeout=60)
    with working(environment, "imports", script=HASTY) as worker:
        until(lambda: redis.llen("rq:queue:imports") == 0)
        assert row(db, run).state == "queued", "not lost, and not failed either"
        assert ended(db, run).state == "done"
        assert worker.process.poll() is None
    assert outcomes(db, run) == ["done"]
    assert db.session.scalars(select(Snapshot.id)).all() == [run]
    assert db.session.execute(text("SELECT count(*) FROM failed_snapshots")).scalar_one() == 0
