"""A load of a few changes finds its rows in full tables by index: the plan, who is who, folds, metrics, lines."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select

from bench.seeding import fill
from shop.config import Config
from shop.db import db
from shop.platforms.records import Kind
from shop.shops.models import Shop
from shop.snapshots.undoing import undo
from tests.explaining import LARGE, Explained
from tests.quarters_made import quarters_of_the_bench
from tests.servers import EMPTY_EVERYTHING
from tests.snapshots.files import a_customer_line, a_line, a_product_line, an_order_line, load, packed
from tests.snapshots.taken_again import replayed

ROWS = int(os.environ.get("PLANS_ORDERS", "20000"))
CHANGES = ("INSERT", "UPDATE", "DELETE", "SELECT", "WITH", "CREATE TEMP TABLE", "CREATE UNLOGGED TABLE")
ORDERS = packed(
    an_order_line("O5", email="buyer7@example.com", lines=[a_line("s5"), a_line("s9", "50.00")]),
    an_order_line("O6", email="nobody-yet@example.com"),
    an_order_line("NEW-1", email="buyer9@example.com", customerGuid="g-9"),
)
PEOPLE = packed(a_customer_line("g-9", "buyer9@example.com"), a_customer_line("g-new", "buyer11@example.com"))
PRODUCTS = packed(a_product_line("g5", "s5"), a_product_line("p-new", "new-sku"))


@pytest.fixture(scope="module")
def filled(app: Flask, config: Config) -> Iterator[Shop]:
    """The largest of three shops with 20,000 orders and two lines in each."""
    with quarters_of_the_bench(app):
        with psycopg.connect(config.database_url) as connection:
            connection.execute(EMPTY_EVERYTHING)
            connection.commit()
            fill(connection, ROWS)
            connection.execute(
                """INSERT INTO customer_accounts (shop_id, guid, customer_id, source_hash)
                   SELECT shop_id, 'c' || id, id, '' FROM customers WHERE registered"""
            )
            connection.execute("UPDATE products SET source_hash = '', content_hash = ''")
            connection.execute("""
                INSERT INTO order_items (shop_id, order_id, line, created_at, item_type, kind, sku, name, quantity, total, total_without_vat)
                SELECT shop_id, id, line, items_at, 'product', 'goods', 's' || id % 900, 'Thing', 1, 121, 100
                FROM orders, generate_series(1, 2) AS line""")
            connection.commit()
            connection.autocommit = True
            connection.execute("ANALYZE")
        with app.app_context():
            yield db.session.scalars(select(Shop).where(Shop.slug == "bench-cz")).one()


@contextmanager
def explained(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Explained]]:
    """Note the plan of each statement that the pipeline's own connections send, before it is carried out."""
    seen: list[Explained] = []
    carry_out = psycopg.Connection.execute

    def execute(connection: Any, query: Any, parameters: Any = None, **options: Any) -> Any:
        words = query if isinstance(query, str) else query.as_string(connection)
        if words.strip().startswith(CHANGES) and any(f" {table}" in words for table in LARGE):
            try:
                with connection.transaction():
                    plan = carry_out(connection, f"EXPLAIN (FORMAT JSON) {words}", parameters).fetchone()[0]
            except psycopg.errors.SyntaxError:  # a table that is only made, of no query
                plan = None
            if plan:
                seen.append(Explained(words, (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]))
        return carry_out(connection, query, parameters, **options)

    with monkeypatch.context() as patched:
        patched.setattr(psycopg.Connection, "execute", execute)
        yield seen


RARE = "DELETE FROM customer_accounts a"  # an undo looks once through a shop's accounts: an index would cost every load


def through(seen: list[Explained]) -> list[str]:
    often = (each for each in seen if not each.statement.startswith(RARE))
    return [f"{found} by {each}" for each in often if (found := each.read_through(LARGE))]


def test_a_few_changes_are_found_by_index(app: Flask, filled: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    with explained(monkeypatch) as seen:
        load(app, filled, PRODUCTS, Kind.PRODUCTS, mode="partial")
        load(app, filled, PEOPLE, Kind.CUSTOMERS, mode="partial")
        run = load(app, filled, ORDERS, mode="partial")
        assert (run.inserted, run.updated) == (1, 2)
        changed = len(seen)
        again = replayed(app, db, run.id)
        undo(again.id, "ota@example.com", app.extensions["pult"])
    assert changed > 40
    found = through(seen)
    assert not found, "\n".join(found)
