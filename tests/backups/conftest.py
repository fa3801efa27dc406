"""A small installation with something of everything to copy, and an empty database beside it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from psycopg.conninfo import make_conninfo

from shop.backups.files import backups_folder
from shop.config import Config
from shop.shops.models import Shop
from tests.builders import a_shop
from tests.snapshots.files import an_order_line, load, packed


@pytest.fixture
def shop(app: Flask, db: SQLAlchemy, copies: Path) -> Shop:
    """A shop with orders, lines, customers and a stored file."""
    shop = a_shop("dilna")
    load(app, shop, packed(*(an_order_line(str(number)) for number in range(40))))
    return shop


@pytest.fixture
def copies(config: Config) -> Iterator[Path]:
    """The folder of the copies, empty before and after."""
    folder = backups_folder(config.data_dir)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def empty(config: Config, worker_id: str) -> Iterator[str]:
    """The address of an empty database on the same server."""
    name = f"restored_{worker_id}"
    with psycopg.connect(config.database_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
        yield make_conninfo(config.database_url, dbname=name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
