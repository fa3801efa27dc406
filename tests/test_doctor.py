"""`flask doctor`: what holds, what does not, and how each is mended."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskCliRunner
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from rq import Queue, Worker
from rq.serializers import JSONSerializer

from shop import doctor, heartbeats
from shop.config import Config
from shop.doctor import State, client_tools, folder, public_address, secret_key
from shop.queues import ALL
from tests.builders import a_shop, an_owner, another_app


@pytest.fixture
def workers(db: SQLAlchemy, redis: Redis) -> Iterator[None]:
    """Somebody who serves every queue, and somebody who ticks."""
    heartbeats.beat([*ALL, heartbeats.SCHEDULER, heartbeats.TICKED])
    queues = [Queue(name, connection=redis, serializer=JSONSerializer) for name in ALL]
    worker = Worker(queues, connection=redis, serializer=JSONSerializer)
    worker.register_birth()
    yield
    worker.register_death()


def checks(runner: FlaskCliRunner) -> tuple[int, dict[str, dict[str, str]]]:
    told = runner.invoke(args=["doctor", "--json"])
    document = json.loads(told.stdout)
    assert document["ok"] is (told.exit_code == 0)
    return told.exit_code, {check["name"]: check for check in document["checks"]}


@pytest.mark.usefixtures("workers")
def test_a_whole_installation_is_well(runner: FlaskCliRunner) -> None:
    an_owner()
    a_shop()
    code, found = checks(runner)
    bad = {name: check for name, check in found.items() if check["state"] == State.BAD}
    assert bad == {}
    assert code == 0
    expected = "data folder, room, secret key, PostgreSQL, encoding, time zone, clocks, role, pg_dump, migrations"
    assert set(expected.split(", ")) | {"owners", "shops", "Redis", "eviction", "workers"} <= set(found)


def test_what_is_missing_is_told_with_its_mend(runner: FlaskCliRunner) -> None:
    code, found = checks(runner)
    assert code == 1
    assert found["owners"]["mend"] == "Make one: `flask staff add EMAIL --role owner`."
    assert found["shops"]["mend"].startswith("Connect one: `flask shops add SLUG")
    assert found["workers"]["found"] == "0\xa0workers; nobody serves interactive, imports, ops"
    words = runner.invoke(args=["doctor"])
    assert words.exit_code == 1
    assert "✗ owners: 0\xa0people\n  → Make one: `flask staff add EMAIL --role owner`.\n" in words.stdout
    assert "✓ encoding: UTF8\n" in words.stdout


@pytest.mark.parametrize(
    ("changed", "name", "mend"),
    [
        ({"database_url": "postgresql://pult:canary-8@127.0.0.1:1/pult"}, "PostgreSQL", "Start PostgreSQL"),
        ({"redis_url": "redis://:canary-8@127.0.0.1:1/0"}, "Redis", "Start Redis"),
    ],
)
def test_a_server_that_is_away_is_named_without_its_password(
    config: Config, changed: dict[str, str], name: str, mend: str
) -> None:
    with another_app(replace(config, **changed)) as elsewhere:
        told = elsewhere.test_cli_runner().invoke(args=["doctor"])
    assert told.exit_code == 1
    assert f"✗ {name}: does not answer" in told.stdout
    assert mend in told.stdout
    assert "canary" not in told.output


def test_r5_an_eviction_that_forgets_work_is_refused(runner: FlaskCliRunner, redis: Redis) -> None:
    redis.config_set("maxmemory-policy", "allkeys-lru")
    try:
        _, found = checks(runner)
    finally:
        redis.config_set("maxmemory-policy", "noeviction")
    assert (found["eviction"]["state"], found["eviction"]["found"]) == (State.BAD, "allkeys-lru")


def test_an_open_folder_or_key_is_found(config: Config, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert next(folder(tmp_path)).state == State.BAD
    tmp_path.chmod(0o700)
    assert next(folder(tmp_path)).state == State.GOOD
    ours = replace(config, data_dir=tmp_path)
    assert secret_key(ours).found == "from SECRET_KEY"
    key = tmp_path / "secret-key"
    key.write_text(config.secret_key)
    for mode, state in ((0o640, State.BAD), (0o600, State.GOOD)):
        key.chmod(mode)
        assert secret_key(ours).state == state
        assert config.secret_key not in secret_key(ours).found


def test_too_little_room_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor, "ROOM", 2**62)
    assert [found.name for found in folder(tmp_path) if found.state == State.BAD and found.name == "room"] == ["room"]


def test_cookies_that_travel_openly_are_noted(config: Config) -> None:
    assert public_address(config).state == State.NOTE
    assert public_address(replace(config, base_url="http://pult.example")).mend.startswith("Put a proxy")
    assert public_address(replace(config, base_url="https://pult.example")).state == State.GOOD


def test_client_tools_must_be_of_the_servers_version() -> None:
    assert client_tools(9).state == State.BAD
    assert client_tools(9).mend == "Install it: `apt-get install postgresql-client-9`."
