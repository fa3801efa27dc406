"""Migrations killed at each of their statements: whatever was done by then, they are run again and come to the same."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask_migrate import upgrade
from sqlalchemy import event

from shop.db import db as handle
from shop.factory import create_app
from shop.health import newest
from shop.local.servers import Addresses
from tests import servers
from tests.conftest import SHARED_FOLDER

FIRST = "0013"  # after it come those that do a part of their work outside of any transaction
CATALOGUE = """
    SELECT 'column', table_name, column_name, concat_ws(' ', data_type, column_default, is_nullable)
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL
    SELECT 'constraint', conrelid::regclass::text, conname, concat_ws(' ', pg_get_constraintdef(oid), convalidated)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'index', i.indrelid::regclass::text, i.indexrelid::regclass::text, concat_ws(' ', pg_get_indexdef(i.indexrelid), i.indisvalid)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = 'public'::regnamespace"""
HALF_MADE = """
    UPDATE pg_index SET indisvalid = false WHERE indexrelid::regclass::text = ANY(%s) AND NOT indisprimary"""


class Killed(Exception):
    """The upgrade ends here."""


@pytest.fixture
def url(addresses: Addresses, worker_id: str) -> Iterator[str]:
    """An empty database of its own."""
    name = f"migrations_again_{worker_id}"
    with psycopg.connect(addresses.database_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield servers.named(addresses.database_url, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def expected(addresses: Addresses, worker_id: str) -> Iterator[set[tuple[Any, ...]]]:
    """The schema of an upgrade that nothing met; of its own, for other tests leave quarters in the worker's database."""
    with servers.own_database(addresses, Path(os.environ[SHARED_FOLDER]), f"migrations_clean_{worker_id}") as clean:
        yield catalogue(clean)


@contextmanager
def killed_at(number: int) -> Iterator[list[str]]:
    """Let the upgrade end before its statement of that number; yields the statements that it came to."""
    met: list[str] = []

    def before(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        met.append(statement)
        if len(met) == number:
            raise Killed(statement)

    event.listen(handle.engine, "before_cursor_execute", before)
    try:
        yield met
    finally:
        event.remove(handle.engine, "before_cursor_execute", before)
        handle.engine.dispose()  # whoever is killed leaves no connection behind, and no lock


def test_killed_at_each_statement_they_are_run_again(
    addresses: Addresses, url: str, expected: set[tuple[Any, ...]], tmp_path: Path
) -> None:
    """Every try begins on what those before it have left; in the end the schema is that of an upgrade that nothing met."""
    app = create_app(servers.config_for(url, addresses.redis_url, tmp_path))
    with app.app_context():
        upgrade(revision=FIRST)
        struck = killed_everywhere(url)
        handle.engine.dispose()
    assert sum("CONCURRENTLY" in statement for statement in struck) >= 10, "the fault did not strike where it matters"
    assert sum("VALIDATE CONSTRAINT" in statement for statement in struck) >= 4
    assert catalogue(url) == expected


def killed_everywhere(url: str) -> list[str]:
    """Upgrade until the newest is reached, killed one statement later each time; returns where it was killed."""
    struck: list[str] = []
    at, number = FIRST, 1
    while True:
        with killed_at(number) as met:
            try:
                upgrade()
            except Killed:
                struck.append(met[-1])
        reached = revision(url)
        if {reached} == newest():
            return struck
        number = 1 if reached != at else number + 1
        at = reached


def test_an_index_that_was_left_half_made_is_made_anew(
    addresses: Addresses, url: str, expected: set[tuple[Any, ...]], tmp_path: Path
) -> None:
    """Killed in the midst of CREATE INDEX CONCURRENTLY, PostgreSQL leaves an index that it does not use."""
    names = ["ix_failed_snapshots_due", "ix_failed_snapshots_fingerprint"]
    own = create_app(servers.config_for(url, addresses.redis_url, tmp_path))
    with own.app_context():
        upgrade(revision="0014")
        run(url, "UPDATE alembic_version SET version_num = %s", FIRST)
        run(url, HALF_MADE, names)
        upgrade(revision="0014")
        upgrade()
        handle.engine.dispose()
    assert catalogue(url) == expected


def run(url: str, statement: Any, value: object) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statement, (value,))


def revision(url: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    assert row is not None
    return str(row[0])


def catalogue(url: str) -> set[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return set(connection.execute(CATALOGUE).fetchall())
