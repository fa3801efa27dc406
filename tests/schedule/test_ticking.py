"""Ticks against the real database: decided once, woken after the commit, carried out once, whatever dies in between."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import func, select, text, update

from shop import heartbeats, queues, schedule, task_runs, ticking
from shop.chores import Later, Outcome
from shop.config import Config
from shop.db import db as handle
from shop.errors import ShopError
from shop.schedule import Entry, Overlap
from shop.stopping import Stopped
from shop.task_runs import TaskRun
from shop.timetable import Every
from tests.builders import a_shop

MINUTES = timedelta(minutes=10)
done: list[str] = []


def chore() -> Outcome:
    done.append("done")
    return Outcome("Done.")


def an_entry(**values: object) -> Entry:
    return Entry(**{"key": "test", "title": "a test", "timing": Every(MINUTES), "job": chore} | values)


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A schedule of one entry."""
    done.clear()
    kept: list[Entry] = []
    monkeypatch.setattr(schedule, "entry_of", lambda key: next((one for one in kept if one.key == key), None))
    real = schedule.pairs
    monkeypatch.setattr(schedule, "pairs", lambda: real(kept))

    def set_to(entry: Entry) -> None:
        kept[:] = [entry]

    return set_to


def runs() -> list[TaskRun]:
    handle.session.rollback()
    query = select(TaskRun).order_by(TaskRun.scheduled_for, TaskRun.id).execution_options(populate_existing=True)
    return list(handle.session.scalars(query))


def states() -> list[str]:
    return [run.state for run in runs()]


def begun(db: SQLAlchemy) -> datetime:
    """Tick for the first time and return the database's time then."""
    ticking.decide()
    assert states() == ["skipped"]
    return runs()[0].scheduled_for


def waiting(redis: Redis) -> int:
    return Queue(queues.OPS, connection=redis, serializer=JSONSerializer).count


def test_a_moment_is_decided_queued_and_carried_out_once(db: SQLAlchemy, redis: Redis, only: Any) -> None:
    only(an_entry())
    start = begun(db)
    assert ticking.decide(start + MINUTES) == 1
    assert ticking.decide(start + MINUTES + timedelta(seconds=1)) == 0
    assert waiting(redis) == 1
    run = runs()[-1]
    ticking.run_task(run.id)
    ticking.run_task(run.id)  # woken twice
    assert done == ["done"]
    (_first, last) = runs()
    assert (last.state, last.outcome, last.attempts) == ("done", "Done.", 1)
    assert last.scheduled_for == Every(MINUTES).latest(start + MINUTES, schedule.ZoneInfo("UTC"))


def test_fault_p15_one_catch_up_after_26_hours_of_silence(db: SQLAlchemy, redis: Redis, only: Any) -> None:
    """P15. The scheduler was dead for 26 hours: the latest moment is caught up once, the others are counted."""
    only(an_entry())
    start = begun(db)
    now = start + timedelta(hours=26)
    assert [ticking.decide(now + timedelta(seconds=second)) for second in range(3)] == [1, 0, 0]
    assert waiting(redis) == 1
    assert runs()[-1].passed_over == 155


def test_fault_p14_many_tickers_at_once_decide_once(
    app: Flask, db: SQLAlchemy, redis: Redis, only: Any, config: Config
) -> None:
    """P14. Three schedulers and a stand-by at once: one run for each moment, by the key."""
    only(an_entry())
    start = begun(db)
    barrier = threading.Barrier(4)
    queued: list[int] = []

    def ticker() -> None:
        with app.app_context():
            for moment in range(1, 9):
                barrier.wait(20)
                queued.append(ticking.decide(start + moment * MINUTES))

    threads = [threading.Thread(target=ticker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(queued) == 32
    found = runs()[1:]
    assert len(found) == 8, "each moment has its one row"
    assert len({run.scheduled_for for run in found}) == 8
    assert sum(queued) == waiting(redis) == sum(run.state == "queued" for run in found)


def test_the_key_alone_refuses_a_second_row(db: SQLAlchemy, sweeper: psycopg.Connection[Any]) -> None:
    insert = "INSERT INTO task_runs (task, shop_id, scheduled_for, state) VALUES ('x', NULL, '2026-01-01Z', 'queued')"
    sweeper.execute(insert)
    with pytest.raises(psycopg.errors.UniqueViolation):
        sweeper.execute(insert)


def test_fault_t7_a_run_longer_than_its_interval_lets_moments_pass_and_says_so(
    db: SQLAlchemy, redis: Redis, only: Any
) -> None:
    """T7. Overlap is skipped and recorded."""
    only(an_entry())
    start = begun(db)
    assert ticking.decide(start + MINUTES) == 1
    assert ticking.decide(start + 2 * MINUTES) == 0
    assert states() == ["skipped", "queued", "skipped"]
    assert runs()[-1].outcome == "The run before it was still going."
    ticking.run_task(runs()[1].id)
    assert ticking.decide(start + 3 * MINUTES) == 1
    only(an_entry(overlap=Overlap.QUEUE))
    assert ticking.decide(start + 4 * MINUTES) == 1


def test_without_redis_the_run_waits_and_is_woken_later(db: SQLAlchemy, redis: Redis, only: Any) -> None:
    only(an_entry())
    start = begun(db)
    ticking.decide(start + MINUTES)
    redis.flushdb()
    assert ticking.wake_left_behind() == 0, "not before its worker had the time to begin"
    db.session.execute(update(TaskRun).values(decided_at=func.clock_timestamp() - timedelta(seconds=30)))
    db.session.commit()
    assert [ticking.wake_left_behind() for _ in range(3)] == [1, 0, 0]
    assert waiting(redis) == 1


def test_a_run_whose_worker_died_is_begun_again_three_times_and_no_more(
    db: SQLAlchemy, redis: Redis, only: Any
) -> None:
    only(an_entry())
    start = begun(db)
    ticking.decide(start + MINUTES)
    for death in (1, 2, 3):
        run_id = runs()[-1].id
        assert task_runs.begin(run_id)
        db.session.execute(update(TaskRun).values(heartbeat_at=func.clock_timestamp() - timedelta(seconds=30)))
        db.session.commit()
        redis.flushdb()
        assert ticking.wake_left_behind() == (1 if death < 3 else 0)
    assert states()[-1] == "failed"
    assert "died 3 times" in (runs()[-1].outcome or "")


def test_what_cannot_be_done_now_rests_and_is_done_later(db: SQLAlchemy, redis: Redis, only: Any) -> None:
    def busy() -> Outcome:
        raise Later(timedelta(minutes=1), "Somebody is at it.")

    only(an_entry(job=busy))
    start = begun(db)
    ticking.decide(start + MINUTES)
    run_id = runs()[-1].id
    ticking.run_task(run_id)
    assert (runs()[-1].state, runs()[-1].attempts) == ("queued", 0)
    only(an_entry())
    ticking.run_task(run_id)
    assert done == [], "it rests"
    assert ticking.wake_left_behind() == 0
    db.session.execute(update(TaskRun).values(not_before=func.clock_timestamp()))
    db.session.commit()
    redis.flushdb()
    assert ticking.wake_left_behind() == 1
    ticking.run_task(run_id)
    assert states()[-1] == "done"


def test_a_refusal_is_a_sentence_and_a_defect_names_its_kind(db: SQLAlchemy, redis: Redis, only: Any) -> None:
    def refused() -> Outcome:
        raise ShopError("The house is on fire. Nothing was cleared away.")

    def broken() -> Outcome:
        raise ZeroDivisionError

    start = begun_with(only, an_entry(job=refused), db)
    ticking.run_task(runs()[-1].id)
    assert (runs()[-1].state, runs()[-1].outcome) == ("failed", "The house is on fire. Nothing was cleared away.")
    only(an_entry(job=broken))
    ticking.decide(start + 2 * MINUTES)
    with pytest.raises(ZeroDivisionError):
        ticking.run_task(runs()[-1].id)
    assert (runs()[-1].state, runs()[-1].outcome) == (
        "failed",
        "It broke: ZeroDivisionError. The log has the trace.",
    )


def begun_with(only: Any, entry: Entry, db: SQLAlchemy) -> datetime:
    only(entry)
    start = begun(db)
    ticking.decide(start + MINUTES)
    return start


def test_a_worker_that_lost_its_lease_closes_nothing(db: SQLAlchemy, redis: Redis, only: Any) -> None:
    def robbed() -> Outcome:
        db.session.execute(text("INSERT INTO task_runs (task, scheduled_for, state) VALUES ('trace', now(), 'done')"))
        with psycopg.connect(db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)) as other:
            other.execute("UPDATE job_leases SET fence = fence + 1 WHERE key LIKE 'task:%'")
        return Outcome("Done.")

    begun_with(only, an_entry(job=robbed), db)
    ticking.run_task(runs()[-1].id)
    db.session.rollback()
    assert states()[-1] == "running"
    assert "trace" not in [run.task for run in runs()]


def test_who_stands_by_ticks_only_when_nobody_else_does(db: SQLAlchemy, redis: Redis, only: Any) -> None:
    only(an_entry())
    ticking.look_after()
    assert states() == ["skipped"], "never ticked before, so it did"
    db.session.execute(update(TaskRun).values(scheduled_for=func.clock_timestamp() - timedelta(hours=1)))
    db.session.commit()
    ticking.look_after()
    assert len(runs()) == 1, "somebody ticked a moment ago"
    db.session.execute(update(heartbeats.Heartbeat).values(heard_at=func.clock_timestamp() - timedelta(minutes=2)))
    db.session.commit()
    heartbeats.beat([queues.TICK, heartbeats.SCHEDULER])  # who waits for ticks lives, and none comes
    ticking.look_after()
    assert states() == ["skipped", "queued"]


def test_each_shop_has_its_own_moments_and_a_paused_one_has_none(db: SQLAlchemy, redis: Redis, only: Any) -> None:
    only(an_entry(key="shops", job=lambda _shop: Outcome("Done."), shops=lambda shop: shop.state == "active"))
    first, second, paused = a_shop("one"), a_shop("two"), a_shop("three", state="paused")
    db.session.commit()
    ticking.decide()
    ticking.decide(task_runs.now() + MINUTES)
    found = [run for run in runs() if run.state == "queued"]
    assert {run.shop_id for run in found} == {first.id, second.id}
    assert paused.id not in {run.shop_id for run in runs()}
    second.state = "paused"
    db.session.commit()
    for run in found:
        ticking.run_task(run.id)
    assert {run.shop_id: run.state for run in runs() if run.attempts} == {first.id: "done", second.id: "skipped"}


def test_p16_a_task_that_this_version_does_not_know_is_closed(db: SQLAlchemy, redis: Redis, only: Any) -> None:
    """P16. A newer version decided it; its row stays and says so."""
    begun_with(only, an_entry(), db)
    db.session.execute(update(TaskRun).values(task="of tomorrow"))
    db.session.commit()
    ticking.run_task(runs()[-1].id)
    assert (runs()[-1].state, runs()[-1].outcome) == ("skipped", "This version of Pult has no such task.")


def test_p7_a_task_whose_worker_is_told_to_end_is_begun_again_by_the_next(only: Any, db: SQLAlchemy) -> None:
    """P7, for periodic work."""
    left = iter([Stopped()])

    def told_to_end() -> Outcome:
        for error in left:
            raise error
        return chore()

    only(an_entry(job=told_to_end))
    start = begun(db)
    ticking.decide(start + MINUTES)
    run_id = runs()[-1].id
    ticking.run_task(run_id)
    assert (runs()[-1].state, runs()[-1].attempts, done) == ("queued", 0, [])
    ticking.run_task(run_id)
    assert (runs()[-1].state, done) == ("done", ["done"])
