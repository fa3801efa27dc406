"""The servers and databases behind the tests: one pair of servers a run, one migrated database a worker."""

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask
from flask_migrate import upgrade
from psycopg import sql
from werkzeug.serving import make_server

from shop.config import Config
from shop.db import db
from shop.factory import create_app
from shop.local.servers import Addresses, LocalServers

TEMPLATE = "template_pult"
SECRET_KEY = "canary-key-that-only-the-tests-know"
FOR_TESTS = {  # a killed process loses nothing by this, only a pulled plug would
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
}
EMPTY_EVERYTHING = """
DO $$
DECLARE one regclass; large text;
BEGIN
    SET LOCAL lock_timeout = '10s';
    SET LOCAL session_replication_role = replica;  -- rows go in any order: no foreign key, no usual trigger looks on
    SELECT string_agg(tables.oid::regclass::text, ', ') FILTER (WHERE pg_relation_size(tables.oid) > 1000000)
    FROM pg_class AS tables WHERE relkind = 'r' AND relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
    INTO large;
    IF large IS NOT NULL THEN EXECUTE 'TRUNCATE ' || large || ' CASCADE'; END IF;
    FOR one IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relname <> 'alembic_version'
        AND relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
    LOOP EXECUTE format('DELETE FROM %s', one); END LOOP;
    PERFORM setval(oid, 1, false) FROM pg_class WHERE relkind = 'S';
END $$
"""


@contextmanager
def shared_servers(folder: Path) -> Iterator[Addresses]:
    """Use the run's servers. The first worker starts them, the last one stops them."""
    servers = LocalServers(folder, FOR_TESTS)
    addresses = servers.start()
    try:
        yield addresses
    finally:
        servers.stop()


@contextmanager
def own_database(addresses: Addresses, folder: Path, name: str) -> Iterator[str]:
    """Clone the migrated template for one worker and return its URL."""
    with psycopg.connect(addresses.database_url, autocommit=True) as connection:
        with alone(folder / "template.lock"):
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (TEMPLATE,)).fetchone():
                make_template(connection, addresses, folder)
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(TEMPLATE))
            )
        yield named(addresses.database_url, name)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def make_template(connection: psycopg.Connection[Any], addresses: Addresses, folder: Path) -> None:
    """Migrate an empty database from nothing to head, aside, and give it its name when it is whole."""
    aside = f"{TEMPLATE}_aside"
    connection.execute(f"DROP DATABASE IF EXISTS {aside} WITH (FORCE)")
    connection.execute(f"CREATE DATABASE {aside}")
    app = create_app(config_for(named(addresses.database_url, aside), addresses.redis_url, folder))
    with app.app_context():
        upgrade()
        db.engine.dispose()
    connection.execute(f"ALTER DATABASE {aside} RENAME TO {TEMPLATE}")


def config_for(database_url: str, redis_url: str, data_dir: Path) -> Config:
    return Config(
        database_url=database_url,
        redis_url=redis_url,
        secret_key=SECRET_KEY,
        data_dir=data_dir,
        base_url=None,
        testing=True,
    )


def named(database_url: str, name: str) -> str:
    """Return the URL of another database on the same server."""
    return database_url.replace("/pult?", f"/{name}?")


def valkey_number(redis_url: str, worker: str) -> str:
    """Return the URL of the worker's own Valkey database: gw0 has 1, gw1 has 2, a single process 0."""
    number = int(worker.removeprefix("gw")) + 1 if worker.startswith("gw") else 0
    return redis_url.replace("?db=0", f"?db={number}")


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Let one worker at a time into the block."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def listening(app: Flask) -> Iterator[str]:
    """Serve the application on a free loopback port and return its address, as in http://127.0.0.1:40123."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, name="test server")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
