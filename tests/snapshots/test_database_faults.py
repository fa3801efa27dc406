"""PostgreSQL that crashes, connections that break or go deaf, locks in the way: each run is done exactly once."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from flask_migrate import upgrade
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import text

from shop.config import Config
from shop.db import db as handle
from shop.db import raw_connection
from shop.factory import create_app
from shop.local.servers import LocalServers
from shop.shops.models import Shop
from shop.snapshots.conducting import conduct
from shop.snapshots.jobs import enqueue
from tests.builders import a_shop
from tests.proxy import in_front_of
from tests.servers import config_for
from tests.snapshots.files import an_order_line, books, load, packed, stored_run
from tests.snapshots.following import ended, outcomes, row
from tests.snapshots.invariants import broken_invariants
from tests.workers import is_alive, kill, until, working

HASTY = "tests/chaos/chaos_worker.py"  # with short leases and small chunks
ORDERS = 400
FILE = packed(*(an_order_line(str(number)) for number in range(ORDERS)))


@pytest.fixture
def faults(tmp_path: Path) -> Path:
    folder = tmp_path / "faults"
    folder.mkdir()
    return folder


def check_all_there(db: SQLAlchemy, run: int) -> None:
    """Every order is there once, and no failure of the database was taken for one of the run."""
    done = row(db, run)
    assert books(done) == {"lines": ORDERS, "inserted": ORDERS}
    assert (done.stumbles, done.deaths) == (0, 0)
    assert db.session.execute(text("SELECT count(*), count(DISTINCT code) FROM orders")).one() == (ORDERS, ORDERS)
    assert db.session.execute(text("SELECT count(*) FROM order_items")).scalar_one() == ORDERS
    assert broken_invariants(db) == []


@dataclass(frozen=True)
class Installation:
    """An application on servers of its own, and the environment of its processes."""

    app: Flask
    servers: LocalServers
    environment: dict[str, str]

    def crash(self) -> None:
        """Let PostgreSQL die on the spot, and start it again as `make run` does."""
        assert self.servers.postgres
        pid = self.servers.postgres.server.pid()
        assert pid
        os.kill(pid, signal.SIGQUIT)
        until(self.servers.revive, 30)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("own")
    with LocalServers(folder) as servers:
        addresses = servers.start()
        config = config_for(addresses.database_url, addresses.redis_url, folder)
        app = create_app(config)
        environment = os.environ | {
            "DATABASE_URL": config.database_url,
            "REDIS_URL": config.redis_url,
            "SECRET_KEY": config.secret_key,
            "PULT_DATA_DIR": str(config.data_dir),
        }
        with app.app_context():
            upgrade()
        yield Installation(app, servers, environment)
        with app.app_context():
            handle.engine.dispose()


@pytest.mark.chaos
def test_d1_a_crash_of_postgresql_at_each_boundary_is_survived_without_a_hand(own: Installation, faults: Path) -> None:
    """D1. Staging is lost with the server's memory, what is committed is not; the same worker goes on by itself."""
    with own.app.app_context(), working(own.environment | {"PULT_FAULTS": str(faults)}, "imports", script=HASTY) as one:
        for point in ("stage.before_chunk", "stage.done", "publish.before", "publish.before_commit"):
            handle.session.execute(
                text(
                    "TRUNCATE order_items, orders, daily_sales, daily_product_sales, product_metrics, customers CASCADE"
                )
            )
            handle.session.commit()
            shop = a_shop(f"at-{point.replace('.', '-').replace('_', '-')}")
            handle.session.commit()
            (faults / point).write_text("1.5")
            run = stored_run(own.app, shop, FILE)
            assert enqueue(run)
            until(lambda point=point: not (faults / point).exists())
            handle.session.remove()
            own.crash()
            handle.engine.dispose()
            assert ended(handle, run).state == "done", point
            assert outcomes(handle, run) == ["lost", "done"], point
            check_all_there(handle, run)
        assert is_alive(one.pid), "the worker itself outlives its database"
        handle.session.remove()


@pytest.mark.chaos
@pytest.mark.parametrize(("where", "expected"), [("after", ["done"]), ("before", ["lost", "done"])])
def test_d2_a_commit_whose_answer_never_came_is_not_done_twice(
    app: Flask, db: SQLAlchemy, shop: Shop, redis: Redis, environment: dict[str, str], where: str, expected: list[str]
) -> None:
    """D2. The worker cannot know whether its publish was committed; the run's row does, as it ended in the same commit."""
    run = stored_run(app, shop, FILE)
    with in_front_of(environment["DATABASE_URL"]) as (proxy, url):
        cut = proxy.cut_at(where, b"published_lines = lines", b"COMMIT")
        with working(environment | {"DATABASE_URL": url}, "imports", script=HASTY) as worker:
            assert enqueue(run)
            assert cut.struck.wait(60)
            assert ended(db, run).state == "done"
            assert enqueue(run)  # as if somebody still believed that it failed
            until(lambda: not worker.children() and redis.llen("rq:queue:imports") == 0)
    assert outcomes(db, run) == expected
    check_all_there(db, run)


@pytest.mark.chaos
def test_d3_a_connection_that_is_reset_within_a_copy_repeats_one_chunk(
    app: Flask, db: SQLAlchemy, shop: Shop, redis: Redis, environment: dict[str, str]
) -> None:
    """D3. Half a chunk had reached the server; it is rolled back with its cursor, and sent again."""
    run = stored_run(app, shop, FILE)
    with in_front_of(environment["DATABASE_URL"]) as (proxy, url):
        cut = proxy.cut_at("within", *[b'COPY "staging"'] * 7)
        with working(environment | {"DATABASE_URL": url}, "imports", script=HASTY):
            assert enqueue(run)
            assert cut.struck.wait(60)
            until(lambda: row(db, run).attempts == 1 and row(db, run).cursor_line > 0)
            kept = row(db, run).cursor_line
            assert 0 < kept < ORDERS
            assert ended(db, run).state == "done"
    assert outcomes(db, run) == ["lost", "done"]
    check_all_there(db, run)


@pytest.mark.chaos
def test_d4_a_worker_behind_a_deaf_connection_is_replaced_and_fenced_off(
    app: Flask, db: SQLAlchemy, shop: Shop, redis: Redis, environment: dict[str, str], faults: Path
) -> None:
    """D4. No byte passes any more: its lease runs out. When its connection wakes up, its next write is refused."""
    (faults / "publish.before").write_text("0.5")
    run = stored_run(app, shop, FILE)
    with in_front_of(environment["DATABASE_URL"]) as (proxy, url):
        behind = environment | {"DATABASE_URL": url, "PULT_FAULTS": str(faults)}
        with working(behind, "imports", script=HASTY) as deaf:
            assert enqueue(run)
            until(lambda: not (faults / "publish.before").exists())
            child = deaf.horse()
            proxy.deaf.set()
            began = time.monotonic()
            with working(environment, "imports", script=HASTY):
                assert ended(db, run, 30).state == "done"
            assert time.monotonic() - began < 30  # seconds, with the start of the other worker
            proxy.deaf.clear()
            until(lambda: not is_alive(child), 20)
    assert outcomes(db, run) == ["lost", "done"]
    check_all_there(db, run)


@pytest.mark.chaos
def test_d5_the_query_of_a_killed_worker_ends_with_it(
    app: Flask, db: SQLAlchemy, shop: Shop, redis: Redis, environment: dict[str, str], faults: Path
) -> None:
    """D5. Its publish waits for a lock when it is killed: nobody must wait for that query, nor see it commit."""
    (faults / "publish.before").write_text("0")
    run = stored_run(app, shop, FILE)
    waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name LIKE 'pult run=%'"
    with working(environment | {"PULT_FAULTS": str(faults)}, "imports", script=HASTY) as worker:
        with raw_connection() as blocker, raw_connection(autocommit=True) as look:
            blocker.execute("LOCK TABLE orders IN SHARE MODE")
            assert enqueue(run)
            until(lambda: look.execute(waiting).fetchone())
            kill(worker.horse())
            died = time.monotonic()
            until(lambda: not look.execute(waiting).fetchone(), 10)
            assert time.monotonic() - died < 8  # seconds: the server looks each second, on a machine that is busy
        assert ended(db, run).state == "done"
    assert outcomes(db, run) == ["killed", "done"]
    assert broken_invariants(db) == []


def test_d6_a_real_deadlock_costs_the_run_a_rest_and_the_person_nothing(
    app: Flask, db: SQLAlchemy, shop: Shop, config: Config
) -> None:
    """D6. Two sessions wait for each other; the run came first, so it finds the circle first and gives way."""
    run = stored_run(app, shop, FILE)
    waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name LIKE 'pult run=%'"
    with psycopg.connect(config.database_url) as person, psycopg.connect(config.database_url, autocommit=True) as look:
        person.execute("LOCK TABLE orders IN SHARE MODE")
        failures: list[BaseException] = []

        def close_the_circle() -> None:
            try:
                until(lambda: look.execute(waiting).fetchone(), 20)
                person.execute("SELECT 1 FROM job_leases FOR UPDATE")
                person.commit()
            except (AssertionError, psycopg.Error) as error:
                failures.append(error)

        thread = threading.Thread(target=close_the_circle)
        thread.start()
        conduct(run, config)
        thread.join()
    assert failures == []
    rests = row(db, run)
    assert (rests.state, rests.stumbles, outcomes(db, run)) == ("queued", 1, ["failed"])
    db.session.execute(text("UPDATE snapshots SET look_at = clock_timestamp()"))
    db.session.commit()
    conduct(run, config)
    assert books(row(db, run)) == {"lines": ORDERS, "inserted": ORDERS}
    assert broken_invariants(db) == []


def test_d8_a_reader_that_forgot_its_transaction_delays_no_import(
    app: Flask, db: SQLAlchemy, shop: Shop, config: Config
) -> None:
    """D8. It holds what any reader holds, for as long as it likes, and keeps seeing what was there before."""
    load(app, shop, packed(an_order_line("1", status=-1)))
    with psycopg.connect(config.database_url) as reader:
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reads = "SELECT count(*) FROM orders JOIN order_items ON order_id = id JOIN daily_sales ON day = local_day"
        assert reader.execute(reads).fetchone() == (1,)
        began = time.monotonic()
        done = load(app, shop, packed(an_order_line("1", changed=1), an_order_line("2")))
        assert time.monotonic() - began < 5  # seconds, which is our lock_timeout: it waited for no lock
        assert books(done) == {"lines": 2, "inserted": 1, "updated": 1}
        assert reader.execute(reads).fetchone() == (1,)
    assert broken_invariants(db) == []
