"""What every test may ask for: the application, a clean database, a client, a command runner, a live address."""

import contextvars
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask, has_app_context
from flask.testing import FlaskClient, FlaskCliRunner
from flask_sqlalchemy import SQLAlchemy
from redis import Redis

from shop.config import Config
from shop.db import db as handle
from shop.factory import create_app
from shop.listing import density
from shop.local.servers import Addresses
from shop.privacy import journal
from tests import canaries, servers

SHARED_FOLDER = "PULT_TEST_FOLDER"
OURS = (
    "DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "PULT_DATA_DIR",
    "PULT_BASE_URL",
    "PORT",
    "PULT_METRICS_TOKEN",
    "PULT_BACKUP_RECIPIENTS",
    "PULT_BACKUP_IDENTITY",
    "PULT_BACKUP_TARGETS",
)
LONGEST = (  # files that take more than half a minute each, the longest first
    "chaos/test_chaos.py",
    "snapshots/test_retail.py",
    "demo/test_demo.py",
    "snapshots/test_workers.py",
    "snapshots/test_database_faults.py",
    "queues/test_redis_faults.py",
)
MOST_WORKERS = 8  # beyond it PostgreSQL's hundred connections would be few; Valkey has sixteen numbers

# Hundreds of processes are started: each would compile every module that it imports again, which costs it more than its work.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_configure(config: pytest.Config) -> None:
    """Forget the developer's own installation, live in UTC, and agree with the other workers on one folder."""
    for name in OURS:
        os.environ.pop(name, None)
    os.environ["TZ"] = "UTC"
    time.tzset()
    if not hasattr(config, "workerinput"):
        os.environ[SHARED_FOLDER] = tempfile.mkdtemp(prefix="pult-tests-")


def pytest_xdist_auto_num_workers() -> int:
    """Two a core: many tests wait for leases, deaths and pages, and leave the core to another meanwhile."""
    return min(2 * len(os.sched_getaffinity(0)), MOST_WORKERS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long, so that none of them is left for a single worker at the end."""
    places = {Path(__file__).parent / name: place for place, name in enumerate(LONGEST)}
    heavy = {item.path for item in items if any(map(item.get_closest_marker, ("chaos", "scale")))}
    items.sort(key=lambda item: places.get(item.path, len(LONGEST) + (item.path not in heavy)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail the test in which a secret was printed or logged."""
    return canaries.judged((yield))


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(SHARED_FOLDER), ignore_errors=True)


@pytest.fixture(scope="session")
def addresses() -> Iterator[Addresses]:
    """The run's PostgreSQL and Valkey; started when the first test asks."""
    with servers.shared_servers(Path(os.environ[SHARED_FOLDER])) as found:
        yield found


@pytest.fixture(scope="session")
def config(addresses: Addresses, worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Config]:
    """This worker's own database, Valkey number and data folder."""
    folder = Path(os.environ[SHARED_FOLDER])
    with servers.own_database(addresses, folder, f"test_{worker_id}") as database_url:
        redis_url = servers.valkey_number(addresses.redis_url, worker_id)
        yield servers.config_for(database_url, redis_url, tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def environment(config: Config) -> dict[str, str]:
    """The environment of a process that works on the same installation: `flask`, `worker.py`."""
    return os.environ | {
        "DATABASE_URL": config.database_url,
        "REDIS_URL": config.redis_url,
        "SECRET_KEY": config.secret_key,
        "PULT_DATA_DIR": str(config.data_dir),
    }


@pytest.fixture(scope="session")
def app(config: Config) -> Iterator[Flask]:
    app = create_app(config)
    app.test_client_class = Visitor
    app.test_cli_runner_class = Operator
    yield app
    with app.app_context():
        handle.engine.dispose()


@pytest.fixture(scope="session")
def sweeper(config: Config) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(config.database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def clean(config: Config, sweeper: psycopg.Connection[Any]) -> None:
    """Empty every table and the worker's Valkey, and forget who was erased. Real commits are kept: other processes must see them."""
    sweeper.execute(servers.EMPTY_EVERYTHING)
    (config.data_dir / journal.NAME).unlink(missing_ok=True)
    with Redis.from_url(config.redis_url) as connection:
        connection.flushdb()
    density.forget()


@pytest.fixture
def db(app: Flask, clean: None) -> Iterator[SQLAlchemy]:
    """The handle, in an application context that lasts for the test. Commit what others shall see."""
    with app.app_context():
        yield handle
        handle.session.remove()


@pytest.fixture
def redis(config: Config, clean: None) -> Iterator[Redis]:
    with Redis.from_url(config.redis_url) as connection:
        yield connection


@pytest.fixture
def client(app: Flask, db: SQLAlchemy) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def runner(app: Flask, db: SQLAlchemy) -> FlaskCliRunner:
    return app.test_cli_runner()


@pytest.fixture(scope="session")
def live_address(app: Flask) -> Iterator[str]:
    with servers.listening(app) as address:
        yield address


@pytest.fixture
def serve(live_address: str, db: SQLAlchemy) -> str:
    """The address of a live server on the same database, for a browser."""
    return live_address


class Visitor(FlaskClient):
    """A client whose requests see nothing of the test's own context: neither its session nor its `g`."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        response = contextvars.Context().run(super().open, *args, **kwargs)
        if has_app_context():
            handle.session.expire_all()  # what the test has read before may have changed
        return response


class Operator(FlaskCliRunner):
    """A runner whose commands see nothing of the test's own context either."""

    def invoke(self, *args: Any, **kwargs: Any) -> Any:
        result = contextvars.Context().run(super().invoke, *args, **kwargs)
        canaries.assert_unheard(result.stderr, f"the command {kwargs.get('args', args)}")
        if has_app_context():
            handle.session.expire_all()
        return result
