"""A plain, filled table of lines in a database of its own for each test, copied from one that is filled once."""

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask

from bench.lines import fill
from shop.config import Config
from shop.db import connector, db
from shop.factory import create_app
from shop.partitions.bars import Teller
from shop.partitions.conversion import Converter, become_plain
from shop.partitions.turns import turn
from tests import servers

ORDERS = 2_000
numbers = itertools.count(1)


@dataclass
class Installation:
    """An application over a database of its own, in whose context the test runs."""

    app: Flask
    config: Config
    shop: int
    orders: int

    def connect(self) -> psycopg.Connection[Any]:
        return connector_of(self.config)

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "DATABASE_URL": self.config.database_url, "REDIS_URL": self.config.redis_url,
            "SECRET_KEY": self.config.secret_key, "PULT_DATA_DIR": str(self.config.data_dir), "TZ": "UTC",
        }  # fmt: skip

    def work(self, step: str, **options: Any) -> Any:
        """Do one step as an operator would, and give the turn back."""
        with turn(self.config.redis_url, print) as (connection, lease):
            return getattr(Converter(connection, lease, "test", Teller().tell, budget=20), step)(**options)

    def rows(self, table: str = "order_items") -> tuple[int, int]:
        """Return how many rows a table has, and a hash of them all."""
        with self.connect() as connection:
            row = connection.execute(
                "SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) %% 18446744073709551616"
                f" FROM {table} AS t".replace("%%", "%")
            ).fetchone()
            assert row
            return row[0], int(row[1])


def connector_of(config: Config) -> psycopg.Connection[Any]:
    return psycopg.connect(config.database_url, autocommit=True, options="-c timezone=UTC -c lock_timeout=5s")


@pytest.fixture(scope="session")
def filled(config: Config, worker_id: str) -> Iterator[tuple[str, int]]:
    """A database with a plain table of lines; returns its name and the shop's number."""
    name = f"filled_{worker_id}"
    with psycopg.connect(config.database_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {servers.TEMPLATE}")
        url = other(config, name)
        app = create_app(servers.config_for(url, config.redis_url, config.data_dir))
        with app.app_context():
            become_plain()
            db.engine.dispose()
        with psycopg.connect(url, autocommit=True) as inside:
            shop = fill(inside, ORDERS)
        yield name, shop
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def installation(config: Config, filled: tuple[str, int], worker_id: str, tmp_path: Path) -> Iterator[Installation]:
    template, shop = filled
    name = f"own_{worker_id}_{next(numbers)}"
    with psycopg.connect(config.database_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        own = servers.config_for(other(config, name), config.redis_url, tmp_path)
        app = create_app(own)
        with app.app_context():
            yield Installation(app, own, shop, ORDERS)
            db.session.remove()
            db.engine.dispose()
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def other(config: Config, name: str) -> str:
    path, _, query = config.database_url.partition("?")
    return f"{path.rpartition('/')[0]}/{name}?{query}"


__all__ = ["Installation", "connector"]
