"""What lies in Redis is not believed: a worker calls our own functions with a number, and drops everything else."""

import json
import pickle
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import func, select, update

from shop import queues, schedule, ticking
from shop.admission import ADMITTED, REFUSED
from shop.snapshots import jobs
from shop.snapshots.models import Snapshot
from tests import warm
from tests.builders import a_shop
from tests.snapshots.files import an_order_line, packed, stored_run

ROOT = Path(__file__).parents[2]
OURS = "shop.snapshots.jobs.take_snapshot"


class Trap:
    """Unpickled, it makes a folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __reduce__(self) -> Any:
        import os

        return os.mkdir, (self.folder,)


def called(work: Any = OURS, instance: Any = None, args: Any = (1,), kwargs: Any = None) -> dict[str, Any]:
    return {"data": json.dumps([work, instance, list(args), kwargs or {}])}


def put(redis: Redis, fields: dict[str, Any], queue: str = "imports") -> str:
    """Write a call as RQ would, whatever it holds, and put it into the queue."""
    job = f"garbage-{redis.incr('garbage')}"
    usual = {"origin": queue, "status": "queued", "created_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"}
    redis.hset(f"rq:job:{job}", mapping=usual | fields)
    redis.rpush(f"rq:queue:{queue}", job)
    redis.sadd("rq:queues", f"rq:queue:{queue}")
    return job


def run_out(environment: dict[str, str], *names: str) -> None:
    """Let a real worker serve the queues until they are empty."""
    assert warm.run(["worker.py", *names, "--burst"], environment, timeout=120).returncode == 0


@pytest.mark.chaos
@pytest.mark.parametrize("names", [("imports",), ("imports", "ops")], ids=["alone", "with another"])
def test_r12_garbage_is_not_run_and_what_stands_behind_it_is(
    app: Flask,
    db: SQLAlchemy,
    redis: Redis,
    environment: dict[str, str],
    tmp_path: Path,
    names: tuple[str, ...],
) -> None:
    """R12. A pickled payload, functions that are not ours, callbacks, broken fields: dropped and counted, others go on."""
    never = str(tmp_path / "never")
    make = {"args": [never]}
    garbage = [
        put(redis, {"data": pickle.dumps(Trap(never))}),
        put(redis, {"data": pickle.dumps(("os.mkdir", None, (never,), {}))}),
        put(redis, called("os.mkdir", **make)),
        put(redis, called("shop.ticking.run_task")),  # ours, but of another queue
        put(redis, called(instance="shop")),
        put(redis, called(args=[never])),
        put(redis, called(args=[True])),
        put(redis, called(kwargs={"snapshot_id": 1})),
        put(redis, called() | {"success_callback_name": "os.mkdir"}),
        put(redis, called() | {"failure_callback_name": "os.mkdir"}),
        put(redis, called() | {"webhooks": json.dumps([{"url": "http://127.0.0.1:9/", "statuses": ["finished"]}])}),
        put(redis, called() | {"origin": "nowhere"}),
        put(redis, called() | {"created_at": "yesterday"}),
        put(redis, called() | {"timeout": "for ever"}),
        put(redis, called() | {"status": "dancing"}),
        put(redis, called() | {"dependency_ids": "[" * 100_000}),
        put(redis, {"data": b"\xff\x00garbage"}),
        put(redis, {"data": "[" * 100_000}),
        put(redis, {"note": "nothing else"}),
        put(redis, {"data": "{}"}),
    ]
    redis.delete(f"rq:job:{garbage[-1]}")
    redis.set(f"rq:job:{garbage[-1]}", "a text")
    run = stored_run(app, a_shop("dilna"), packed(an_order_line("1")))
    assert jobs.enqueue(run)
    run_out(environment, *names)
    db.session.rollback()
    assert db.session.get_one(Snapshot, run).state == "done"
    assert not Path(never).exists()
    assert redis.llen("rq:queue:imports") == 0
    assert not [job for job in garbage if redis.exists(f"rq:job:{job}")]
    counted = {name.decode(): int(count) for name, count in redis.hgetall(REFUSED).items()}
    assert sum(counted.values()) == len(garbage)
    assert counted["unknown"] >= 1


@pytest.mark.chaos
def test_r12_a_name_that_is_no_text_costs_a_worker_and_not_the_queue(
    app: Flask, db: SQLAlchemy, redis: Redis, environment: dict[str, str]
) -> None:
    """R12, in the list itself: whatever the worker stumbles over is out of the way for the next one."""
    redis.rpush("rq:queue:imports", b"\xff\xfe")
    run = stored_run(app, a_shop("dilna"), packed(an_order_line("1")))
    assert jobs.enqueue(run)
    run_out(environment, "imports")  # as its supervisor would, a second one is started
    run_out(environment, "imports")
    db.session.rollback()
    assert db.session.get_one(Snapshot, run).state == "done"


@pytest.mark.chaos
def test_r14_numbers_in_the_queue_without_their_calls_are_repaired(
    app: Flask, db: SQLAlchemy, redis: Redis, environment: dict[str, str]
) -> None:
    """R14. The queue's list survived and its hashes did not: the reconciler calls for every row anew."""
    run = stored_run(app, a_shop("dilna"), packed(an_order_line("1")))
    assert jobs.enqueue(run)
    (job,) = redis.lrange("rq:queue:imports", 0, -1)
    redis.delete(b"rq:job:" + job)
    assert jobs.enqueue_waiting() == 0, "not before a worker had the time to begin"
    db.session.execute(update(Snapshot).values(requested_at=func.now() - schedule.DAY))
    db.session.commit()
    assert [jobs.enqueue_waiting() for _ in range(3)] == [1, 0, 0]
    run_out(environment, "imports")
    db.session.rollback()
    assert db.session.scalars(select(Snapshot.state)).all() == ["done"]


def test_every_function_that_is_admitted_exists_and_every_entry_is_admitted() -> None:
    assert set(ADMITTED) == {*queues.ALL, queues.TICK}
    for work in frozenset().union(*ADMITTED.values()):
        module, _, name = work.rpartition(".")
        assert callable(getattr(import_module(module), name)), work
    assert jobs.WORK in ADMITTED[queues.IMPORTS]
    assert all(ticking.WORK in ADMITTED[entry.queue] for entry in schedule.ENTRIES)


def test_what_no_worker_would_run_is_not_put_in(app: Flask, redis: Redis) -> None:
    with pytest.raises(ValueError, match=r"shop/admission\.py"):
        queues.enqueue(app, queues.IMPORTS, "os.mkdir", 1, 10)
    assert redis.keys("rq:*") == []
