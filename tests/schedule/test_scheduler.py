"""rq-scheduler for real: it fires, what it loses comes back, and a kill at any moment loses and doubles nothing."""

import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer
from rq_scheduler import Scheduler

from shop.queues import TICK, TICKS
from shop.scheduler import ENTRY, PlainJob, Ticker, assert_tick, enter, put_back
from tests import warm
from tests.warm import Warm

ROOT = Path(__file__).parents[2]
FIRE = ["-m", "flask", "schedule", "fire", "--every", "1"]
WORKER = ["worker.py", "tick"]


@contextmanager
def running(words: list[str], environment: dict[str, str]) -> Iterator[Warm]:
    process = Warm(words, environment)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def until(true: Callable[[], Any], seconds: float = 40) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)
    return found


def ticks(sweeper: psycopg.Connection[Any]) -> Any:
    """Return when the tick was last heard of."""
    row = sweeper.execute("SELECT max(heard_at) FROM heartbeats WHERE part = 'ticked'").fetchone()
    return row and row[0]


def standing(redis: Redis) -> bool:
    return redis.zcard(Scheduler.scheduled_jobs_key) == 1 and bool(redis.hget(Job.key_for(ENTRY), "data"))


@pytest.mark.chaos
@pytest.mark.usefixtures("db")
def test_fault_r1_the_tick_fires_and_comes_back_after_redis_was_wiped(
    redis: Redis, environment: dict[str, str], sweeper: psycopg.Connection[Any]
) -> None:
    """R1, for the schedule."""
    with running(WORKER, environment), running(FIRE, environment) as scheduler:
        first = until(lambda: ticks(sweeper))
        second = until(lambda: ticks(sweeper) > first and ticks(sweeper))
        redis.flushdb()
        until(lambda: standing(redis), 10)
        wiped = ticks(sweeper)
        until(lambda: ticks(sweeper) > wiped)
        assert scheduler.poll() is None
        assert second > first
        heard = sweeper.execute("SELECT count(*) FROM heartbeats WHERE part = 'scheduler'").fetchone()
        assert heard == (1,)
        assert not redis.hget(Job.key_for(ENTRY), "data").startswith(b"\x80"), "JSON, no pickle"
    told = sweeper.execute("SELECT part FROM heartbeats WHERE ended_at IS NOT NULL ORDER BY part").fetchall()
    assert told == [("scheduler",), ("tick",)], "both were asked to end, and did"


@pytest.mark.chaos
@pytest.mark.usefixtures("db")
def test_fault_p13_a_scheduler_killed_at_any_moment_loses_and_doubles_nothing(
    redis: Redis, environment: dict[str, str], sweeper: psycopg.Connection[Any]
) -> None:
    """P13. Killed at five moments; the lock that it leaves behind is given up after seconds, the entry is always there."""
    dice = random.Random(13)
    for _ in range(5):
        with running(FIRE, environment) as scheduler:
            until(lambda: standing(redis))
            time.sleep(dice.uniform(0, 1.2))
            scheduler.kill()
            scheduler.wait()
        redis.delete(Scheduler.scheduler_lock_key)  # else the next one waits some seconds
    with running(WORKER, environment), running(FIRE, environment):
        begun = until(lambda: ticks(sweeper))
        until(lambda: ticks(sweeper) > begun)
    assert redis.zcard(Scheduler.scheduled_jobs_key) == 1
    twice = "SELECT task, shop_id, scheduled_for FROM task_runs GROUP BY 1, 2, 3 HAVING count(*) > 1"
    assert sweeper.execute(twice).fetchall() == []
    assert sweeper.execute("SELECT count(*) FROM task_runs WHERE task = 'housekeeping'").fetchone() == (1,)


@pytest.mark.parametrize("call", range(5))
def test_fault_p13_dying_between_two_calls_to_redis_is_mended_by_the_next_look(
    app: Flask, db: SQLAlchemy, redis: Redis, call: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P13. A look asks for the time, fetches, pushes, removes and enters again; the process may die before each of them."""
    ticker = Ticker(app, redis, every=60, look=1)
    enter(ticker, 60, datetime.now(UTC))

    class Killed(BaseException):
        pass

    def die(*_args: object, **_named: object) -> None:
        raise Killed

    names = ["zrangebyscore", "hgetall", "pipeline", "zrem", "zadd"]
    with monkeypatch.context() as patch:
        patch.setattr(redis, names[call], die)
        with pytest.raises(Killed):
            ticker.enqueue_jobs()
    again = Ticker(app, redis, every=60, look=1)
    again.enqueue_jobs()
    assert standing(redis)
    queued = Queue(TICK, connection=redis, serializer=JSONSerializer).job_ids
    assert set(queued) <= {ENTRY}
    assert len(queued) <= 2, "a tick more is harmless"


def test_the_entry_stands_once_however_often_it_is_entered(app: Flask, db: SQLAlchemy, redis: Redis) -> None:
    assert assert_tick(app) is True
    assert [assert_tick(app) for _ in range(5)] == [False] * 5
    assert redis.zcard(Scheduler.scheduled_jobs_key) == 1


@pytest.mark.parametrize("loss", ["entry", "hash", "unreadable", "future"])
def test_what_was_lost_or_damaged_is_put_back(app: Flask, db: SQLAlchemy, redis: Redis, loss: str) -> None:
    assert_tick(app)
    if loss == "entry":
        redis.delete(Scheduler.scheduled_jobs_key)
    elif loss == "hash":
        redis.delete(Job.key_for(ENTRY))
    elif loss == "unreadable":
        redis.hdel(Job.key_for(ENTRY), "data")
    else:
        redis.zadd(Scheduler.scheduled_jobs_key, {ENTRY: time.time() + 2 * 24 * 3600})  # the clock went back
    scheduler = Scheduler(queue_name=TICK, connection=redis, job_class=PlainJob)
    assert put_back(scheduler, 60)
    assert standing(redis)
    assert float(redis.zscore(Scheduler.scheduled_jobs_key, ENTRY)) <= time.time() + 60


@pytest.mark.usefixtures("db")
def test_the_worker_of_ticks_runs_nothing_else(
    app: Flask, redis: Redis, environment: dict[str, str], tmp_path: Path
) -> None:
    queue = Queue(TICK, connection=redis, serializer=JSONSerializer)
    queue.enqueue_call("os.mkdir", args=[str(tmp_path / "never")])
    queue.enqueue_call(TICKS)
    assert warm.run([*WORKER, "--burst"], environment, timeout=60).returncode == 0
    assert not (tmp_path / "never").exists()
    assert standing(redis), "the tick was carried out"


@pytest.mark.usefixtures("db")
def test_without_redis_the_scheduler_ends_and_says_why(environment: dict[str, str]) -> None:
    nowhere = environment | {"REDIS_URL": "redis://127.0.0.1:1/0"}
    ended = warm.run(FIRE, nowhere, timeout=60)
    assert ended.returncode == 1
    assert "scheduler_lost_redis" in ended.stderr
    assert "Traceback" not in ended.stderr
