"""The page of jobs: what waits, who works, what is due, who holds what; running now and breaking a lock, each once."""

import threading
from datetime import datetime, timedelta

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import func, select, text, update

from shop import heartbeats, task_runs, ticking
from shop.admission import REFUSED
from shop.audit.models import AuditEntry
from shop.backups import reproving
from shop.config import Config
from shop.locks import JobLease, LostLease, gate_name, take
from shop.shops.models import Shop
from shop.snapshots.models import Snapshot
from shop.staff.models import Person
from shop.task_runs import Due, TaskRun
from tests.builders import a_shop, a_snapshot, added, an_operator, an_owner, another_app, posted, signed_in
from tests.page import Page
from tests.snapshots.page_parts import opened, trail

HOUR = timedelta(hours=1)


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    shop = a_shop("praha")
    signed_in(client, an_operator([shop]))
    return shop


def a_lock(key: str, holder: str = "there:7", expires_in: timedelta = timedelta(seconds=10)) -> JobLease:
    now = func.clock_timestamp()
    return added(
        JobLease(key=key, fence=12, holder=holder, taken_at=now - timedelta(minutes=3), expires_at=now + expires_in)
    )


def broken(client: FlaskClient, lock: JobLease, token: int = 12) -> str:
    answer = posted(client, "/jobs/breaks", key=lock.key, token=token)
    assert (answer.status_code, answer.location) == (303, "/jobs/")
    return client.get("/jobs/").text


def runs_of(db: SQLAlchemy, task: str) -> list[TaskRun]:
    db.session.rollback()
    return list(db.session.scalars(select(TaskRun).where(TaskRun.task == task).order_by(TaskRun.id)))


def test_queues_stand_by_how_long_their_oldest_work_waits(
    client: FlaskClient, db: SQLAlchemy, redis: Redis, shop: Shop
) -> None:
    now = db.session.scalar(select(func.clock_timestamp()))
    assert isinstance(now, datetime)
    a_snapshot(shop, state="queued", requested_at=now - 2 * HOUR)
    a_snapshot(shop, "products", state="queued", requested_at=now - 5 * HOUR, look_at=now + HOUR)  # rests
    a_snapshot(shop, "customers", state="running", requested_at=now - HOUR)
    added(TaskRun(task="housekeeping", scheduled_for=now, state="queued", decided_at=now - 3 * HOUR))
    redis.rpush("rq:queue:imports", "one")
    redis.hset(REFUSED, "ops", 4)
    queues = client.get("/jobs.json").json["queues"]
    assert [queue["name"] for queue in queues] == ["ops", "imports", "interactive"]
    assert [(queue["waiting"], queue["running"], queue["calls"], queue["refused"]) for queue in queues] == [
        (1, 0, 0, 4),
        (1, 1, 1, 0),
        (0, 0, 0, 0),
    ]
    assert queues[0]["waits_for"] > queues[1]["waits_for"] > 7100
    assert opened(client, "/jobs/").has("Oldest waits for")


def test_processes_are_told_by_their_last_word(client: FlaskClient, db: SQLAlchemy, shop: Shop) -> None:
    heartbeats.beat(["imports", "ops"])
    heartbeats.note_tick()  # whoever carried it out has ended since, and is not missed
    clock = func.clock_timestamp()
    for process, part, ago in (
        ("gone:1", "imports", HOUR),  # another serves it since
        ("silent:2", "scheduler", 2 * HOUR),  # the last that was heard of it
        ("hangs:3", "ops", timedelta(minutes=2)),
        ("ended:4", "ops", timedelta(seconds=1)),  # another serves it since
    ):
        ended = clock if process == "ended:4" else None
        added(
            heartbeats.Heartbeat(
                process=process, part=part, heard_at=clock - ago, since=clock - 3 * HOUR, ended_at=ended
            )
        )
    heartbeats.beat(["imports", "ops"])
    workers = {line["process"]: line for line in client.get("/jobs.json").json["workers"]}
    assert not {"gone:1", "ended:4"} & set(workers)
    assert {name: line["alive"] for name, line in workers.items() if name in ("silent:2", "hangs:3")} == {
        "silent:2": False,
        "hangs:3": False,
    }
    (living,) = [line for line in workers.values() if line["alive"]]
    assert living["parts"] == ["imports", "ops"]
    assert opened(client, "/jobs/").has("1 of 3 were heard of just now")


def test_a_process_that_ended_is_told_while_nobody_serves_its_part(
    client: FlaskClient, db: SQLAlchemy, shop: Shop
) -> None:
    heartbeats.beat(["imports", "ops"])
    heartbeats.end()
    (line,) = client.get("/jobs.json").json["workers"]
    assert (line["alive"], line["ended"]) == (False, True)
    assert opened(client, "/jobs/").has("Ended")
    heartbeats.beat(["imports"])  # the same number again
    (line,) = client.get("/jobs.json").json["workers"]
    assert (line["alive"], line["ended"]) == (True, False)


def test_the_schedule_tells_last_and_next_on_the_clock_of_the_shop(
    client: FlaskClient, db: SQLAlchemy, redis: Redis, shop: Shop
) -> None:
    elsewhere = a_shop("brno")
    ticking.decide()
    heartbeats.beat(["imports"])
    checks = update(TaskRun).where(TaskRun.task == "figures.check", TaskRun.shop_id == shop.id)
    db.session.execute(
        checks.values(scheduled_for=func.clock_timestamp() - timedelta(days=3), state="failed", outcome="It broke.")
    )
    db.session.commit()
    entries = client.get("/jobs.json").json["schedule"]
    assert {entry["shop"] for entry in entries} == {"praha", None}, f"nothing of {elsewhere.slug}"
    (check,) = [entry for entry in entries if entry["task"] == "figures.check"]
    assert (check["state"], check["outcome"]) == ("failed", "It broke.")
    assert any("is late" in sentence for sentence in check["late"])
    page = opened(client, "/jobs/")
    for words in (
        "Check of the figures",
        "40 4 * * *, Europe/Prague",
        "It broke.",
        "is late: it was due",
        "Housekeeping",
    ):
        assert page.has(words), words


def test_an_entry_is_run_now_once_however_often_it_is_pressed(
    client: FlaskClient, db: SQLAlchemy, redis: Redis, shop: Shop
) -> None:
    for _ in range(3):
        assert posted(client, "/jobs/runs", task="figures.check", shop="praha").status_code == 303
    (run,) = runs_of(db, "figures.check")
    assert (run.state, run.shop_id) == ("queued", shop.id)
    assert redis.llen("rq:queue:ops") == 1
    assert trail(db) == [("task_requested", "task figures.check")]
    assert opened(client, "/jobs/").has("is under way already")
    ticking.run_task(run.id)
    assert [run.state for run in runs_of(db, "figures.check")] == ["done"]


def test_what_a_person_asked_for_is_told_as_theirs(
    client: FlaskClient, db: SQLAlchemy, redis: Redis, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    askers: list[str] = []

    def proved(by: str) -> dict[int, list[str]]:
        askers.append(by)
        return {}

    monkeypatch.setattr(reproving, "reprove", proved)
    posted(client, "/jobs/runs", task="backups.prove", shop="")
    ticking.run_task(runs_of(db, "backups.prove")[0].id)
    due = task_runs.add(Due("backups.prove", None, task_runs.now()))
    db.session.commit()
    assert due is not None
    ticking.run_task(due)
    owner = db.session.scalars(select(Person.email)).one()
    assert askers == [owner, "schedule"]


def test_many_operators_at_once_run_an_entry_once(
    app: Flask, client: FlaskClient, db: SQLAlchemy, redis: Redis
) -> None:
    owner = an_owner()
    clients = [signed_in(app.test_client(), owner) for _ in range(6)]
    barrier = threading.Barrier(len(clients))

    def press(one: FlaskClient) -> None:
        barrier.wait(10)
        posted(one, "/jobs/runs", task="housekeeping", shop="")

    threads = [threading.Thread(target=press, args=(one,)) for one in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(runs_of(db, "housekeeping")) == 1


@pytest.mark.parametrize(
    ("task", "slug", "status"),
    [("nothing", "praha", 404), ("figures.check", "brno", 404), ("snapshots.orders.all", "praha", 409)],
)
def test_what_is_not_theirs_or_cannot_run_is_not_begun(
    client: FlaskClient, db: SQLAlchemy, shop: Shop, task: str, slug: str, status: int
) -> None:
    a_shop("brno")
    assert posted(client, "/jobs/runs", task=task, shop=slug).status_code == status
    assert runs_of(db, task) == []


def test_a_lock_tells_its_work_its_holder_and_its_last_heartbeat(
    client: FlaskClient, db: SQLAlchemy, redis: Redis, shop: Shop
) -> None:
    run = a_snapshot(shop, state="running")
    a_lock(f"snapshot:{shop.id}:orders")
    a_lock(f"snapshot:{a_shop('brno').id}:orders", holder="elsewhere:1")
    a_lock("backup", holder="silent:8", expires_in=-timedelta(minutes=4))
    page = opened(client, "/jobs/")
    for words in ("Praha: orders", "there:7", "12", "s ago", "backup", "silent:8", "Silent, ran out 4 min ago"):
        assert page.has(words), words
    assert not page.has("elsewhere:1")
    assert f"/snapshots/{run.id}" in client.get("/jobs/").text


def test_before_a_lock_is_broken_it_is_told_what_that_does(client: FlaskClient, db: SQLAlchemy, shop: Shop) -> None:
    a_snapshot(shop, state="running")
    lock = a_lock(f"snapshot:{shop.id}:orders")
    page = opened(client, f"/jobs/?lock={lock.key}")
    for words in ("gave a sign of life", "The token goes from 12 to 13", "its next write is refused", "goes on from"):
        assert page.has(words), words
    assert db.session.get_one(JobLease, lock.key).fence == 12, "looking changes nothing"
    theirs = a_lock(f"snapshot:{a_shop('brno').id}:orders")
    assert client.get(f"/jobs/?lock={theirs.key}").status_code == 404
    assert client.get("/jobs/?lock=nothing").status_code == 404


def test_a_broken_lock_refuses_its_holder_and_calls_a_worker_once(
    client: FlaskClient, db: SQLAlchemy, redis: Redis, shop: Shop, config: Config
) -> None:
    run = a_snapshot(shop, state="running").id
    key = f"snapshot:{shop.id}:orders"
    with psycopg.connect(config.database_url, autocommit=True) as connection:
        held = take(connection, key)
        redis.set(gate_name(key), "a token")
        lock = db.session.get_one(JobLease, key)
        assert "is refused" in broken(client, lock, held.fence)
        with pytest.raises(LostLease):
            held.check(connection)
        assert "Nothing was changed" in broken(client, lock, held.fence)
        assert take(connection, key).fence == held.fence + 2
        assert "Nothing was changed" in broken(client, lock, held.fence)
    assert not redis.exists(gate_name(key))
    assert redis.llen("rq:queue:imports") == 1
    entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.subject, entry.shop_id) == ("lock_broken", f"lock {key}", shop.id)
    assert entry.details["token"] == held.fence
    assert db.session.get_one(Snapshot, run).is_live


def test_a_holder_in_the_midst_of_writing_is_left_alone(
    client: FlaskClient, db: SQLAlchemy, shop: Shop, config: Config
) -> None:
    key = f"snapshot:{shop.id}:orders"
    with psycopg.connect(config.database_url) as connection:
        held = take(connection, key)
        connection.commit()
        held.check(connection)
        assert opened(client, f"/jobs/?lock={key}").has("in the midst of writing")
        answer = posted(client, "/jobs/breaks", key=key, token=held.fence)
        assert answer.status_code == 409
        assert Page(answer.text).has("in the midst of writing")
        held.check(connection)
    assert db.session.scalars(select(AuditEntry)).all() == []


def test_anothers_lock_is_not_broken(client: FlaskClient, db: SQLAlchemy, shop: Shop) -> None:
    lock = a_lock(f"snapshot:{a_shop('brno').id}:orders")
    assert posted(client, "/jobs/breaks", key=lock.key, token=12).status_code == 404
    assert posted(client, "/jobs/breaks", key=lock.key, token="many").status_code == 400
    assert db.session.get_one(JobLease, lock.key).holder == "there:7"


def test_r2_without_redis_the_page_answers_and_says_what_it_cannot_know(
    app: Flask, db: SQLAlchemy, config: Config
) -> None:
    """R2. Everything but the calls in Redis stands in PostgreSQL."""
    shop = a_shop("praha")
    a_snapshot(shop, state="running")
    lock = a_lock(f"snapshot:{shop.id}:orders")
    with another_app(Config(**(vars(config) | {"redis_url": "redis://127.0.0.1:9/0"}))) as without:
        client = signed_in(without.test_client(), an_operator([shop]))
        page = opened(client, "/jobs/")
        assert page.has("Redis does not answer")
        assert page.has("not known")
        assert client.get("/jobs.json").json["queues"][0]["calls"] is None
        assert "when the queue is back" in broken(client, lock)
    assert db.session.execute(text("SELECT fence, holder FROM job_leases")).one() == (13, None)
