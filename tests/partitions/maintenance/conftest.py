"""An installation beside the one of all other tests: what is detached, archived and dropped in it is nobody else's."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from redis import Redis

from shop.config import Config
from shop.local.servers import Addresses
from shop.partitions.archive_files import archive_folder
from shop.partitions.creating import create
from shop.partitions.quarters import standing
from shop.partitions.queries import attached
from shop.partitions.steps import loose
from tests import servers
from tests.builders import another_app
from tests.conftest import SHARED_FOLDER


@pytest.fixture(scope="session")
def whole_installation(
    addresses: Addresses, worker_id: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """The application over a database of its own."""
    folder = Path(os.environ[SHARED_FOLDER])
    redis_url = servers.valkey_number(addresses.redis_url, worker_id)
    with servers.own_database(addresses, folder, f"quarters_{worker_id}") as database_url:
        config = servers.config_for(database_url, redis_url, tmp_path_factory.mktemp("quarters"))
        with another_app(config) as app:
            yield app


@pytest.fixture
def settings(whole_installation: Flask) -> Config:
    found: Config = whole_installation.extensions["pult"]
    return found


@pytest.fixture
def connection(whole_installation: Flask, settings: Config) -> Iterator[psycopg.Connection[Any]]:
    """A connection to it, as it is right after its migration and without any retired quarter, in its context."""
    with Redis.from_url(settings.redis_url) as cache:
        cache.flushdb()
    shutil.rmtree(archive_folder(settings.data_dir))
    with whole_installation.app_context(), psycopg.connect(settings.database_url, autocommit=True) as opened:
        opened.execute("SET TimeZone = 'UTC'")
        make_new(opened)
        yield opened


def make_new(connection: psycopg.Connection[Any]) -> None:
    """Take away every quarter that a test has filled, archived or put aside."""
    connection.execute(
        "TRUNCATE partition_archives, partition_events, job_leases, task_runs, heartbeats, snapshots CASCADE"
    )
    connection.execute(servers.EMPTY_EVERYTHING)
    for partition in attached(connection):
        if partition.is_pending:
            connection.execute(f"ALTER TABLE order_items DETACH PARTITION {partition.table} FINALIZE")
            connection.execute(f"DROP TABLE {partition.table}")
    for table in loose(connection):
        connection.execute(f"DROP TABLE {table}")
    there = {partition.quarter for partition in attached(connection)}
    for quarter in standing(datetime.now(UTC)) - there:
        with connection.transaction():
            create(connection, quarter, "test")
    connection.execute("TRUNCATE partition_events")
    connection.execute("INSERT INTO partition_events (event, by) VALUES ('created', 'migration')")
