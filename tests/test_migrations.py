"""The migrations: one line of numbers, up and down, and a schema equal to the models."""

from collections.abc import Mapping
from pathlib import Path

import psycopg
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from flask_sqlalchemy import SQLAlchemy

from shop.db import MIGRATIONS, Model
from shop.db import db as handle
from shop.factory import create_app
from shop.local.servers import Addresses
from tests import servers


def test_each_follows_the_one_before_by_its_number() -> None:
    scripts = list(ScriptDirectory(str(MIGRATIONS)).walk_revisions())[::-1]
    assert [script.revision for script in scripts] == [f"{number:04}" for number in range(1, len(scripts) + 1)]
    assert [script.down_revision for script in scripts[1:]] == [script.revision for script in scripts[:-1]]


def test_the_schema_is_what_the_models_say(app: Flask, db: SQLAlchemy) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": is_modelled})
        assert compare_metadata(context, Model.metadata) == []


def test_the_newest_goes_down_and_up_again(addresses: Addresses, worker_id: str, tmp_path: Path) -> None:
    name = f"migrations_{worker_id}"
    with psycopg.connect(addresses.database_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    url = servers.named(addresses.database_url, name)
    app = create_app(servers.config_for(url, addresses.redis_url, tmp_path))
    with app.app_context():
        upgrade(revision="0009")
        before = columns(url)
        upgrade()
        assert columns(url) - before >= {"access_token", "access_token_expires_at"}
        downgrade(revision="0009")
        assert columns(url) == before
        upgrade()
        handle.engine.dispose()
    with psycopg.connect(addresses.database_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def is_modelled(name: str | None, kind: str, parents: Mapping[str, str | None]) -> bool:
    """Leave partitions out: they come and go by themselves."""
    return (name if kind == "table" else parents.get("table_name", name)) in {None, *Model.metadata.tables}


def columns(url: str) -> set[str]:
    """Return the columns of the shops' table."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT column_name FROM information_schema.columns WHERE table_name = 'shops'")
        return {row[0] for row in rows}
