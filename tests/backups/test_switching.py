"""The switch itself, on an installation of its own: refused, made, killed in its midst, undone."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from redis import Redis
from sqlalchemy import text

from shop.backups import beside, jobs, restorations
from shop.config import Config
from shop.db import db
from shop.local.servers import Addresses
from shop.shops.models import Shop
from tests import servers
from tests.builders import a_shop, an_order, another_app
from tests.conftest import SHARED_FOLDER
from tests.hatchery import Hatchery, hatchery
from tests.snapshots.files import an_order_line, load, packed


@pytest.fixture
def own(addresses: Addresses, config: Config, redis: Redis, worker_id: str, tmp_path: Path) -> Iterator[Config]:
    """The configuration of an installation whose databases may be renamed."""
    name = f"switch_{worker_id}"
    with servers.own_database(addresses, Path(os.environ[SHARED_FOLDER]), name) as url:
        own = replace(config, database_url=url, data_dir=tmp_path)
        yield own
        with psycopg.connect(addresses.database_url, autocommit=True) as connection:
            for one in beside.databases(connection, name):
                beside.drop(connection, one.name)


@pytest.fixture
def own_app(own: Config) -> Iterator[Flask]:
    with another_app(own) as made:
        yield made


@pytest.fixture
def warm(environment: dict[str, str], own: Config) -> Iterator[Hatchery]:
    with hatchery(
        environment | {"DATABASE_URL": own.database_url, "PULT_DATA_DIR": str(own.data_dir)}, "tests.backups.deeds"
    ) as found:
        yield found


def ready(app: Flask) -> int:
    """Load orders, copy them, add one more, restore the copy beside, and return the restoration."""
    with app.app_context():
        shop = a_shop("dilna")
        load(app, shop, packed(*(an_order_line(str(number)) for number in range(20))))
        db.session.commit()
        db.session.remove()
    made = app.test_cli_runner().invoke(args=["backups", "create", "--json"])
    assert made.exit_code == 0, made.output + made.stderr
    with app.app_context():
        an_order(db.session.scalars(db.select(Shop)).one(), "SINCE")
        return beside_again(app, json.loads(made.stdout)["id"])


def beside_again(app: Flask, backup_id: int) -> int:
    connection = db.session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    asked = restorations.request(connection, backup_id, beside.beside_name(connection.info.dbname), "olga@example.com")
    assert asked is not None
    db.session.commit()
    jobs.restore_beside(asked)
    state = db.session.execute(text("SELECT state, error FROM restorations WHERE id = :id"), {"id": asked}).one()
    assert state == ("ready", None)
    db.session.remove()
    db.engine.dispose()
    return asked


def approved(own: Config) -> None:
    with psycopg.connect(own.database_url) as connection:
        connection.execute(
            "UPDATE restorations SET approved_at = now(), approved_by = 'olga@example.com' WHERE state = 'ready'"
        )


def codes(own: Config) -> set[str]:
    with psycopg.connect(own.database_url) as connection:
        return {row[0] for row in connection.execute("SELECT code FROM orders").fetchall()}


def told(own: Config, query: str) -> list[object]:
    with psycopg.connect(own.database_url) as connection:
        return [row[0] for row in connection.execute(query.encode()).fetchall()]


def test_the_switch_is_refused_made_and_undone(own: Config, own_app: Flask, redis: Redis) -> None:
    ready(own_app)
    runner: FlaskCliRunner = own_app.test_cli_runner()
    live = beside.name_of(own.database_url)
    command = ["backups", "switch", "--replace", live]
    for words, arguments in (
        ("was not approved", command),
        ("type its name", command[:2]),
        ("type its name", [*command[:3], "x"]),
    ):
        refused = runner.invoke(args=arguments)
        assert refused.exit_code == 1
        assert words in refused.stderr
    approved(own)
    with psycopg.connect(own.database_url) as connected:
        refused = runner.invoke(args=command)
        assert "1\u00a0connection is open" in refused.stderr
        assert connected.execute("SELECT 1").fetchone() == (1,)
    assert "SINCE" in codes(own)

    redis.rpush("rq:queue:imports", "a call for a row of the database that was")
    connected = psycopg.connect(own.database_url)
    switched = runner.invoke(args=[*command, "--end-connections"])
    assert switched.exit_code == 0, switched.stderr
    with pytest.raises(psycopg.OperationalError):
        connected.execute("SELECT 1")
    connected.close()
    assert codes(own) == {str(number) for number in range(20)}
    assert told(own, "SELECT actor || ' ' || action FROM audit_entries ORDER BY id DESC LIMIT 1") == [
        "command line backup_switched"
    ]
    assert told(own, "SELECT state FROM restorations") == ["switched"]
    assert told(own, "SELECT state FROM backups") == ["restorable"]
    assert told(own, f"SELECT datconnlimit FROM pg_database WHERE datname = '{live}'") == [-1]
    assert redis.llen("rq:queue:imports") == 0
    assert len(list((own.data_dir / "backups").glob("safety-*"))) == 1
    assert runner.invoke(args=command).exit_code == 1, "there is nothing to switch to any more"

    back = runner.invoke(args=["backups", "switch-back", "--replace", live])
    assert back.exit_code == 0, back.stderr
    assert "SINCE" in codes(own)
    assert told(own, "SELECT state FROM restorations") == ["switched"]
    assert "backup_switched_back" in told(own, "SELECT action FROM audit_entries")


@pytest.mark.chaos
def test_a_switch_that_is_killed_leaves_the_one_or_the_other_and_is_finished_by_the_next(
    own: Config, own_app: Flask, warm: Hatchery
) -> None:
    ready(own_app)
    approved(own)
    live = beside.name_of(own.database_url)
    runner = own_app.test_cli_runner()
    warm.killed_at("switch.dumped", "switch")
    assert "SINCE" in codes(own), "nothing was renamed"
    forget(own)
    warm.killed_at("switch.renamed", "switch")
    assert "SINCE" not in codes(own), "renamed, and not written down"
    assert told(own, "SELECT count(*) FROM restorations") == [0]
    warm.killed_at("switch.noted", "switch")
    done = runner.invoke(args=["backups", "switch", "--replace", live])
    assert done.exit_code == 0, done.stderr
    assert told(own, "SELECT state FROM restorations") == ["switched"]
    assert told(own, "SELECT state FROM backups") == ["restorable"]
    assert runner.invoke(args=["backups", "switch", "--replace", live]).exit_code == 1, "it is written down"
    assert runner.invoke(args=["backups", "switch-back", "--replace", live]).exit_code == 0
    assert "SINCE" in codes(own)


def forget(own: Config) -> None:
    with psycopg.connect(own.database_url) as connection, Redis.from_url(own.redis_url) as redis:
        connection.execute("UPDATE job_leases SET expires_at = now() - interval '1 second'")
        redis.delete("pult:lock:backups:beside", "pult:lock:backups")
