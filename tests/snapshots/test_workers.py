"""Workers that die, hang, are stopped or told to end in the midst of a run: it goes on, exactly once, within moments."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import select, text

from shop.db import raw_connection
from shop.shops.models import Shop
from shop.snapshots.jobs import enqueue
from shop.snapshots.models import FailedSnapshot, QuarantinedRecord
from tests.snapshots.files import an_order_line, books, packed, stored_run
from tests.snapshots.following import ended, outcomes, row
from tests.snapshots.invariants import broken_invariants
from tests.workers import HASTY, Worker, is_alive, kill, until, working

pytestmark = pytest.mark.chaos
ORDERS = 400
FILE = packed(*(an_order_line(str(number)) for number in range(ORDERS)))
CAREFUL = "tests/snapshots/poisoned_worker.py"


@pytest.fixture
def faults(tmp_path: Path) -> Path:
    folder = tmp_path / "faults"
    folder.mkdir()
    return folder


@pytest.fixture
def worker(environment: dict[str, str], faults: Path, redis: Redis) -> Iterator[Worker]:
    del redis  # empty by now
    with working(environment | {"PULT_FAULTS": str(faults)}, "imports") as running:
        yield running


@pytest.fixture
def hasty(environment: dict[str, str], faults: Path, redis: Redis) -> Iterator[Worker]:
    """The same with a short lease."""
    del redis
    with working(environment | {"PULT_FAULTS": str(faults)}, "imports", script=HASTY) as running:
        yield running


def begun(app: Flask, shop: Shop, faults: Path, point: str, word: str) -> int:
    """Arm a fault, and put a run into the queue."""
    (faults / point).write_text(word)
    run = stored_run(app, shop, FILE)
    assert enqueue(run)
    return run


def struck(faults: Path, point: str) -> None:
    until(lambda: not (faults / point).exists())


def check_all_there(db: SQLAlchemy, run: int) -> None:
    assert books(row(db, run)) == {"lines": ORDERS, "inserted": ORDERS}
    assert broken_invariants(db) == []


@pytest.mark.parametrize("point", ["stage.before_chunk", "stage.done", "publish.before", "publish.before_commit"])
def test_p1_a_child_that_is_killed_costs_a_moment(
    app: Flask, db: SQLAlchemy, shop: Shop, worker: Worker, faults: Path, point: str
) -> None:
    """P1. Its parent saw it die, so nobody waits for a lease to run out."""
    run = begun(app, shop, faults, point, "kill")
    struck(faults, point)
    assert ended(db, run).state == "done"
    assert outcomes(db, run) == ["killed", "done"]
    check_all_there(db, run)


def test_p2_a_child_dies_with_its_parent_and_another_worker_takes_over(
    app: Flask, db: SQLAlchemy, shop: Shop, hasty: Worker, faults: Path, environment: dict[str, str]
) -> None:
    """P2. No orphan goes on beside the worker that takes the run up."""
    run = begun(app, shop, faults, "publish.before", "60")
    struck(faults, "publish.before")
    child = hasty.horse()
    kill(hasty.pid)
    until(lambda: not is_alive(child), 5)
    with working(environment, "imports", script=HASTY):
        assert ended(db, run, 60).state == "done"
    assert outcomes(db, run) == ["lost", "done"]
    check_all_there(db, run)


def test_p3_p11_a_whole_group_that_is_killed_is_replaced_within_half_a_minute(
    app: Flask, db: SQLAlchemy, shop: Shop, worker: Worker, faults: Path, environment: dict[str, str]
) -> None:
    """P3, with the only other worker idle; P11: it comes up at once, as names are never fixed."""
    with working(environment, "imports") as other:
        run = begun(app, shop, faults, "publish.before_commit", "60")
        until(lambda: not (faults / "publish.before_commit").exists() or row(db, run).state == "done")
        if row(db, run).state != "done":
            child = worker.horse()
            os.killpg(worker.pid, signal.SIGKILL)
            kill(child)
            assert ended(db, run, 60).state == "done"
            assert outcomes(db, run) == ["lost", "done"]
        assert is_alive(other.pid)
    check_all_there(db, run)


def test_p5_a_worker_that_froze_beyond_its_lease_writes_nothing_more(
    app: Flask, db: SQLAlchemy, shop: Shop, hasty: Worker, faults: Path, environment: dict[str, str]
) -> None:
    """P5. It wakes up in front of the publish, its lease has gone to another, and its next write is refused."""
    run = begun(app, shop, faults, "publish.before", "stop")
    struck(faults, "publish.before")
    child = hasty.horse()
    kill(hasty.pid, signal.SIGSTOP)
    with working(environment, "imports", script=HASTY):
        assert ended(db, run, 60).state == "done"
        kill(hasty.pid, signal.SIGCONT)
        kill(child, signal.SIGCONT)
        until(lambda: not is_alive(child), 20)
    assert outcomes(db, run) == ["lost", "done"]
    check_all_there(db, run)


def test_p6_a_worker_that_freezes_with_an_open_publish_holds_the_others_off(
    app: Flask, db: SQLAlchemy, shop: Shop, hasty: Worker, faults: Path, environment: dict[str, str]
) -> None:
    """P6. Between the check of the fence and the commit it holds the lease's row: the next holder waits, or it is rolled back."""
    run = begun(app, shop, faults, "publish.before_commit", "stop")
    struck(faults, "publish.before_commit")
    child = hasty.horse()
    with working(environment, "imports", script=HASTY) as other:
        other.horse()  # the lease has run out, and it tries
        time.sleep(2)
        assert row(db, run).state == "running"
        kill(child, signal.SIGCONT)
        assert ended(db, run, 60).state == "done"
    check_all_there(db, run)


def test_p7_a_worker_that_is_told_to_end_keeps_what_it_has(
    app: Flask, db: SQLAlchemy, shop: Shop, worker: Worker, faults: Path, environment: dict[str, str]
) -> None:
    """P7. It ends within seconds, gives the lease back, and no try is used up."""
    run = begun(app, shop, faults, "stage.before_chunk", "1")
    struck(faults, "stage.before_chunk")
    assert worker.terminate() < 30  # seconds, on a machine that does other things as well
    given_back = row(db, run)
    assert (given_back.state, given_back.stumbles, given_back.deaths) == ("queued", 0, 0)
    holder = db.session.execute(text("SELECT holder FROM job_leases")).scalar_one()
    assert holder is None
    with working(environment, "imports"):
        assert ended(db, run).state == "done"
    assert outcomes(db, run) == ["stopped", "done"]
    check_all_there(db, run)


def test_p7_a_publish_that_takes_too_long_is_cut_short_as_a_whole(
    app: Flask, db: SQLAlchemy, shop: Shop, worker: Worker, faults: Path, environment: dict[str, str]
) -> None:
    """P7, in the last transaction: nothing of it is seen, and the next worker does it."""
    run = begun(app, shop, faults, "publish.before", "0")
    with raw_connection() as blocker:
        blocker.execute("LOCK TABLE orders IN SHARE MODE")  # so that the publish waits for us
        struck(faults, "publish.before")
        assert worker.terminate() < 30  # seconds, on a machine that does other things as well
    assert row(db, run).state == "queued"
    assert db.session.execute(text("SELECT count(*) FROM orders")).scalar_one() == 0
    with working(environment, "imports"):
        assert ended(db, run).state == "done"
    check_all_there(db, run)


def test_p8_a_run_that_a_worker_took_out_of_the_queue_and_lost_is_put_back(
    app: Flask, db: SQLAlchemy, shop: Shop, redis: Redis, environment: dict[str, str]
) -> None:
    """P8. Told to end between taking the job and starting it: the row is still queued, and the reconciler finds it."""
    run = stored_run(app, shop, FILE)
    assert enqueue(run)
    redis.delete("rq:queue:imports")
    with working(environment, "imports", script=HASTY):
        assert ended(db, run, 60).state == "done"
    check_all_there(db, run)


def test_p9_a_record_that_kills_its_worker_is_found_and_set_aside(
    app: Flask, db: SQLAlchemy, shop: Shop, redis: Redis, environment: dict[str, str]
) -> None:
    """P9. Twice at one place: the chunk is narrowed down to the line, and all others are loaded."""
    poison = an_order_line("POISON")
    lines = [an_order_line(str(number)) for number in range(ORDERS)]
    run = stored_run(app, shop, packed(*lines[:300], poison, *lines[300:]))
    assert enqueue(run)
    with working(environment, "imports", script=CAREFUL):
        assert ended(db, run, 90).state == "done"
    assert books(row(db, run)) == {"lines": ORDERS + 1, "inserted": ORDERS, "quarantined": 1}
    bad = db.session.scalars(select(QuarantinedRecord)).one()
    assert (bad.line, bad.error_code, b'"POISON"' in bad.raw) == (301, "kills_its_worker", True)
    assert set(outcomes(db, run)[:-1]) == {"killed"}
    assert broken_invariants(db) == []


def test_p9_a_publish_that_kills_its_worker_twice_is_parked(
    app: Flask, db: SQLAlchemy, shop: Shop, redis: Redis, environment: dict[str, str]
) -> None:
    """P9, where no record can be blamed: it is not tried a third time, and says so."""
    run = stored_run(app, shop, FILE)
    assert enqueue(run)
    with working(environment | {"PULT_FAULT_AT": "publish.before_commit"}, "imports"):
        assert ended(db, run, 60).state == "failed"
    assert (row(db, run).error_code, outcomes(db, run)) == ("poisoned", ["killed", "killed", "failed"])
    failed = db.session.scalars(select(FailedSnapshot)).one()
    assert (failed.permanent, failed.retry_at) == (True, None)
    assert db.session.execute(text("SELECT count(*) FROM orders")).scalar_one() == 0


def test_p10_work_that_ignores_its_timeout_is_ended_from_outside(
    app: Flask, db: SQLAlchemy, shop: Shop, redis: Redis, environment: dict[str, str]
) -> None:
    """P10. It swallows RQ's exception and goes on; ten seconds later its process is ended, and the lease is free."""
    run = stored_run(app, shop, FILE)
    with working(environment | {"PULT_TEST_STUBBORN": "1"}, "imports", script=CAREFUL):
        assert enqueue_for(app, run, seconds=2)
        until(lambda: row(db, run).deaths == 1, 45)
        until(lambda: db.session.execute(text("SELECT bool_or(holder IS NULL) FROM job_leases")).scalar_one(), 5)


def enqueue_for(app: Flask, run: int, seconds: int) -> bool:
    from shop import queues
    from shop.snapshots.jobs import WORK

    return queues.enqueue(app, queues.IMPORTS, WORK, run, seconds)


def test_p17_a_child_has_database_sockets_of_its_own(
    app: Flask, db: SQLAlchemy, shop: Shop, worker: Worker, faults: Path
) -> None:
    """P17. The parent has used the database before it forks; no backend serves both."""
    run = begun(app, shop, faults, "publish.before", "stop")
    struck(faults, "publish.before")
    horse = worker.horse()
    until(lambda: state_of(horse) == "T")
    of_worker = """SELECT pid, application_name FROM pg_stat_activity WHERE datname = current_database()
        AND (application_name LIKE 'pult process=worker%' OR application_name LIKE 'pult run=%')"""
    serving = db.session.execute(text(of_worker)).all()
    forked = started_at(horse)
    older = [name for pid, name in serving if started_at(pid) < forked]
    os.kill(horse, signal.SIGCONT)
    assert any("job=" in name for _, name in serving), "the pool of the child is among them"
    assert older == [], "opened by the parent"
    assert ended(db, run).state == "done"


def started_at(pid: int) -> int:
    """Return when a process was forked, in ticks since the machine started: one clock for both, which nobody sets."""
    return int(facts_of(pid)[19])


def state_of(pid: int) -> str:
    """Return the kernel's letter for what a process does; T is stopped."""
    return facts_of(pid)[0]


def facts_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
