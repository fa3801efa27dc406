"""Redis that is wiped, killed, away, slow or half-open: it only wakes workers, so nothing is lost and everything goes on."""

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import select, text

from shop.config import Config
from shop.local.servers import LocalServers
from shop.snapshots.jobs import enqueue, enqueue_waiting
from shop.snapshots.models import Snapshot, SnapshotAttempt
from tests.builders import a_shop, an_operator, another_app, posted, signed_in
from tests.queues.flaky import Flaky, flaky
from tests.snapshots.files import an_order_line, books, packed, stored_run
from tests.snapshots.invariants import broken_invariants
from tests.workers import HASTY, Worker, is_alive, kill, until, working

pytestmark = pytest.mark.chaos
ORDERS = 200
FILE = packed(*(an_order_line(str(number)) for number in range(ORDERS)))


def row(db: SQLAlchemy, run: int) -> Snapshot:
    db.session.rollback()
    return db.session.get_one(Snapshot, run)


def ended(db: SQLAlchemy, run: int, within: float = 60) -> Snapshot:
    until(lambda: not row(db, run).is_live, within)
    return row(db, run)


def check_all_there(db: SQLAlchemy, run: int) -> None:
    assert (row(db, run).state, books(row(db, run))) == ("done", {"lines": ORDERS, "inserted": ORDERS})
    assert broken_invariants(db) == []


def outcomes(db: SQLAlchemy, run: int) -> list[str | None]:
    query = select(SnapshotAttempt.outcome).where(SnapshotAttempt.snapshot_id == run).order_by(SnapshotAttempt.number)
    return list(db.session.scalars(query))


@pytest.fixture
def faults(tmp_path: Path) -> Path:
    folder = tmp_path / "faults"
    folder.mkdir()
    return folder


@pytest.fixture
def way(config: Config) -> Iterator[Flaky]:
    with flaky(config.redis_url) as found:
        yield found


def test_r1_a_wipe_in_the_midst_of_a_run_loses_neither_it_nor_those_that_wait(
    app: Flask, db: SQLAlchemy, redis: Redis, environment: dict[str, str], faults: Path
) -> None:
    """R1. FLUSHALL: the run under way ends as if nothing had been; what waited is called for again from its row."""
    (faults / "publish.before").write_text("2")
    run = stored_run(app, a_shop("dilna"), FILE)
    waits = stored_run(app, a_shop("jina"), FILE)
    assert enqueue(run)
    assert enqueue(waits)
    with working(environment | {"PULT_FAULTS": str(faults)}, "imports", script=HASTY):
        until(lambda: not (faults / "publish.before").exists())
        redis.flushdb()  # this suite's own part of it
        began = time.monotonic()
        check_all_there(db, ended(db, run).id)
        assert ended(db, waits).state == "done"
        assert time.monotonic() - began < 60
    assert outcomes(db, run) == ["done"]


def test_r2_without_redis_pages_answer_and_wishes_wait_in_postgresql(
    app: Flask, db: SQLAlchemy, redis: Redis, config: Config
) -> None:
    """R2. The web reads and writes on; the run that nobody could be woken for is found when Redis is back."""
    shop = a_shop("praha")
    way_off = Config(**(vars(config) | {"redis_url": "redis://127.0.0.1:9/0"}))
    with another_app(way_off) as without:
        client: FlaskClient = signed_in(without.test_client(), an_operator([shop]))
        for path in ("/snapshots/", "/shops/", "/orders/"):
            assert client.get(path).status_code == 200, path
        answer = posted(client, "/snapshots/take", shop="praha", kind="orders", mode="full", since="")
        assert answer.status_code == 303
        assert "the queue cannot be reached" in client.get(answer.location).text
    assert redis.llen("rq:queue:imports") == 0
    db.session.execute(text("UPDATE snapshots SET requested_at = requested_at - interval '1 minute'"))
    db.session.commit()
    assert [enqueue_waiting(), redis.llen("rq:queue:imports")] == [1, 1]


def test_r2_r3_redis_that_is_killed_and_started_again_is_found_by_the_same_worker(
    app: Flask, db: SQLAlchemy, config: Config, environment: dict[str, str], faults: Path, tmp_path: Path
) -> None:
    """R2, R3. kill -9 in the midst of a run, ten seconds of nothing: the run ends, and the next one begins by itself."""
    with LocalServers(tmp_path / "own") as servers:
        valkey = servers.valkey
        assert valkey is not None
        own = valkey.server.url
        with another_app(Config(**(vars(config) | {"redis_url": own}))) as other, other.app_context():
            (faults / "publish.before").write_text("3")
            run = stored_run(other, a_shop("dilna"), FILE)
            assert enqueue(run)
            given = environment | {"PULT_FAULTS": str(faults), "REDIS_URL": own}
            with working(given, "imports") as worker:
                until(lambda: not (faults / "publish.before").exists())
                pid = valkey.server.pid()
                assert pid
                kill(pid)
                assert ended(db, run).state == "done"
                late = stored_run(other, a_shop("jina"), FILE)
                assert not enqueue(late)
                until(lambda: bool(servers.revive()), 20)
                supervised(db, late, worker, given)
        check_all_there(db, run)
        check_all_there(db, late)


def supervised(db: SQLAlchemy, run: int, worker: Worker, environment: dict[str, str], within: float = 60) -> None:
    """Wait for the end of a run; a worker that ends is started again, as its supervisor would."""
    deadline = time.monotonic() + within
    with ExitStack() as started:
        while row(db, run).is_live:
            assert time.monotonic() < deadline, f"snapshot {run} has not ended within {within} s"
            if worker.process.poll() is not None:
                worker = started.enter_context(working(environment, "imports"))
            time.sleep(0.2)


def test_r4_two_holders_of_the_lock_are_one_publisher(
    app: Flask, db: SQLAlchemy, redis: Redis, environment: dict[str, str], faults: Path
) -> None:
    """R4. A failover forgot the lock while its holder froze: two hold it, and the fence lets one of them publish."""
    (faults / "publish.before").write_text("stop")
    run = stored_run(app, a_shop("dilna"), FILE)
    assert enqueue(run)
    with working(environment | {"PULT_FAULTS": str(faults)}, "imports") as first:
        until(lambda: not (faults / "publish.before").exists())
        child = first.horse()
        kill(first.pid, signal.SIGSTOP)
        redis.delete(*redis.keys("pult:lock:*"))
        db.session.execute(text("UPDATE job_leases SET expires_at = clock_timestamp()"))
        db.session.commit()
        with working(environment, "imports"):
            assert ended(db, run).state == "done"
            fences = (
                db.session.execute(text("SELECT fence FROM job_leases WHERE key LIKE 'snapshot:%'")).scalars().all()
            )
            assert fences == [2]
            kill(first.pid, signal.SIGCONT)
            kill(child, signal.SIGCONT)
            until(lambda: not is_alive(child), 20)
    assert outcomes(db, run) == ["lost", "done"]
    check_all_there(db, run)


def test_r9_a_way_that_is_slow_or_half_open_hangs_no_worker(
    app: Flask, db: SQLAlchemy, redis: Redis, environment: dict[str, str], way: Flaky, faults: Path
) -> None:
    """R9. The run ends though nothing comes back from Redis; its worker waits no longer than its patience for an answer."""
    (faults / "publish.before").write_text("2")
    run = stored_run(app, a_shop("dilna"), FILE)
    assert enqueue(run)
    with working(environment | {"REDIS_URL": way.url, "PULT_FAULTS": str(faults)}, "imports") as worker:
        until(lambda: not (faults / "publish.before").exists())
        way.frozen = True
        began = time.monotonic()
        check_all_there(db, ended(db, run).id)
        assert time.monotonic() - began < 15
        until(lambda: not worker.children(), 45)  # seconds; the child has said its end to nobody, and given up
        way.frozen = False
        late = stored_run(app, a_shop("jina"), FILE)
        assert enqueue(late)
        supervised(db, late, worker, environment | {"REDIS_URL": way.url})
    check_all_there(db, late)


def test_r9_a_wish_over_a_slow_way_is_answered_within_the_patience(
    app: Flask, db: SQLAlchemy, config: Config, way: Flaky
) -> None:
    """R9, in the web: two seconds each way, or nothing at all, and the page still answers with the run on record."""
    shops = [a_shop("praha"), a_shop("brno")]
    with another_app(Config(**(vars(config) | {"redis_url": way.url}))) as slow:
        client: FlaskClient = signed_in(slow.test_client(), an_operator(shops))
        way.frozen = True
        began = time.monotonic()
        answer = posted(client, "/snapshots/take", shop="praha", kind="orders", mode="full", since="")
        assert (answer.status_code, time.monotonic() - began < 10) == (303, True)
        way.frozen, way.delay = False, 2
        began = time.monotonic()
        answer = posted(client, "/snapshots/take", shop="brno", kind="orders", mode="full", since="")
        assert (answer.status_code, time.monotonic() - began < 30) == (303, True)
    db.session.rollback()
    assert db.session.scalars(select(Snapshot.state)).all() == ["queued", "queued"]
