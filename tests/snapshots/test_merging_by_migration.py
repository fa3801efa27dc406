"""The migration that merges customers with one e-mail: the books stay right to the penny; kills and races harm nothing."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from psycopg.errors import UniqueViolation
from sqlalchemy import text

from shop.db import MIGRATIONS, db
from shop.factory import create_app
from shop.local.servers import Addresses
from shop.platforms.records import Kind
from shop.shops.models import Shop
from tests import servers
from tests.conftest import SHARED_FOLDER
from tests.snapshots.files import a_customer_line, a_line, an_order_line, load, packed
from tests.snapshots.invariants import broken_invariants

MERGING, UNIQUE = "0022", "0023"
PEOPLE = packed(a_customer_line("g-jana", "jana@example.com"), a_customer_line("g-eva", "eva@example.com", "Eva Malá"))
ORDERS = packed(
    *(
        an_order_line(code, email=email, customerGuid=guid, lines=[a_line("SKU-1", total)], status=status)
        for code, email, guid, total, status in (
            ("1", "jana@example.com", "g-jana", "121.00", -3),
            ("2", "guest-of-jana@example.com", None, "60.50", -3),
            ("3", "another-guest@example.com", None, "30.25", -3),
            ("4", "another-guest@example.com", None, "17.00", -4),
            ("5", "eva@example.com", "g-eva", "242.00", -3),
            ("6", "petr@example.com", None, "99.00", -3),
        )
    )
)
# What an installation without the index may have come to: other letters, other blanks, nothing at all.
SPOILT = """
UPDATE customers SET email = 'Jana@Example.com' WHERE email = 'guest-of-jana@example.com';
UPDATE customers SET email = E' jana@example.com\\u00a0' WHERE email = 'another-guest@example.com';
UPDATE customers SET email = E'\\tpetr@example.com ' WHERE email = 'petr@example.com';
INSERT INTO customers (shop_id, email, name) SELECT id, '', 'Nobody' FROM shops;
INSERT INTO customers (shop_id, email, name) SELECT id, '', 'Nobody else' FROM shops;
INSERT INTO customer_metrics (shop_id, customer_id) SELECT shop_id, id FROM customers WHERE email = '';
INSERT INTO shops (slug, name, platform, currency, timezone) VALUES ('other', 'Other', 'shoptet', 'CZK', 'Europe/Prague');
INSERT INTO customers (shop_id, email) SELECT id, 'jana@example.com' FROM shops WHERE slug = 'other';
INSERT INTO customer_metrics (shop_id, customer_id) SELECT c.shop_id, c.id FROM customers c JOIN shops s ON s.id = c.shop_id WHERE slug = 'other';
"""
FOLDS = "SELECT md5(string_agg(d::text, '' ORDER BY d::text)) FROM daily_sales d"
WHOLE = "SELECT indisunique AND indisvalid AND indisready FROM pg_index WHERE indexrelid = to_regclass('uq_customers_shop_id_email')"


@pytest.fixture(scope="module")
def loaded(addresses: Addresses, worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a database with orders and accounts, as it was before the migration."""
    with servers.own_database(addresses, Path(os.environ[SHARED_FOLDER]), f"merging_{worker_id}") as url:
        app = create_app(servers.config_for(url, addresses.redis_url, tmp_path_factory.mktemp("merging")))
        with app.app_context():
            shop = Shop(slug="dilna", name="Dílna", platform="shoptet", currency="CZK", timezone="Europe/Prague")
            db.session.add(shop)
            db.session.commit()
            load(app, shop, PEOPLE, Kind.CUSTOMERS)
            load(app, shop, ORDERS)
            assert broken_invariants(db) == []
            db.session.rollback()
            downgrade(revision=before_the_merging())
            db.engine.dispose()
        yield url


@pytest.fixture
def installation(addresses: Addresses, loaded: str, worker_id: str, tmp_path: Path) -> Iterator[Flask]:
    """A copy of it."""
    name, copy = f"merging_{worker_id}", f"merged_{worker_id}"
    with psycopg.connect(addresses.database_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {copy} TEMPLATE {name}")
        app = create_app(servers.config_for(loaded.replace(name, copy), addresses.redis_url, tmp_path))
        with app.app_context():
            yield app
            db.session.remove()
            db.engine.dispose()
        connection.execute(f"DROP DATABASE {copy} WITH (FORCE)")


def before_the_merging() -> str:
    merging = ScriptDirectory(str(MIGRATIONS)).get_revision(MERGING)
    assert merging is not None
    return str(merging.down_revision)


def run(statement: str) -> None:
    db.session.execute(text(statement))
    db.session.commit()


def value(query: str) -> Any:
    return rows(query)[0][0]


def rows(query: str) -> list[tuple[Any, ...]]:
    """Ask in a transaction that ends at once: an index that is dropped concurrently waits for whoever has read its table."""
    db.session.rollback()
    found = [tuple(row) for row in db.session.execute(text(query))]
    db.session.rollback()
    return found


def spoil() -> None:
    run("DROP INDEX uq_customers_shop_id_email")
    run(SPOILT)


def half_an_index(app: Flask) -> None:
    """Leave what a failed or killed CREATE INDEX CONCURRENTLY leaves: an index of the right name that is not valid."""
    with (
        psycopg.connect(app.extensions["pult"].database_url, autocommit=True) as connection,
        pytest.raises(UniqueViolation),
    ):
        connection.execute(
            "CREATE UNIQUE INDEX CONCURRENTLY uq_customers_shop_id_email ON customers (shop_id, lower(email)) WHERE email IS NOT NULL"
        )
    assert value(WHOLE) is False


def test_one_person_is_left_with_all_that_was_theirs(installation: Flask) -> None:
    spoil()
    folds, spent = value(FOLDS), value("SELECT sum(total_spent) FROM customer_metrics")
    half_an_index(installation)
    upgrade()
    assert value(WHOLE) is True
    assert broken_invariants(db) == []
    assert (value(FOLDS), value("SELECT sum(total_spent) FROM customer_metrics")) == (folds, spent)
    (jana, spent_by_jana, orders), *_ = rows("""
        SELECT c.id, m.total_spent, m.orders_count FROM customers c JOIN customer_metrics m ON m.shop_id = c.shop_id AND m.customer_id = c.id
        JOIN shops s ON s.id = c.shop_id WHERE s.slug = 'dilna' AND c.email = 'jana@example.com'""")
    assert (str(spent_by_jana), orders) == ("211.75", 3)
    assert value(f"SELECT count(*) FROM orders WHERE customer_id = {jana}") == 4
    merges = rows(
        'SELECT into_customer_id, guids, evidence, snapshot_id, undone_at FROM customer_merges ORDER BY evidence COLLATE "C" DESC'
    )
    assert merges == [
        (jana, [], "same e-mail, written “Jana@Example.com”", None, None),
        (jana, [], "same e-mail, written “ jana@example.com\N{NO-BREAK SPACE}”", None, None),
    ]
    gone = rows(
        "SELECT email, merged_into, deleted_at IS NOT NULL FROM customers WHERE id IN (SELECT from_customer_id FROM customer_merges)"
    )
    assert gone == [(None, jana, True)] * 2
    assert value("SELECT count(*) FROM customers WHERE email = 'petr@example.com'") == 1
    assert (
        value("SELECT count(*) FROM customers WHERE email IS NULL AND name LIKE 'Nobody%' AND merged_into IS NULL") == 2
    )
    assert value("SELECT count(*) FROM customers WHERE email = 'jana@example.com'") == 2, (
        "another shop's Jana is somebody else"
    )


def test_accounts_move_and_the_pipeline_goes_on_with_the_one_that_is_left(installation: Flask) -> None:
    spoil()
    run("UPDATE customers SET email = 'EVA@example.com', registered = false WHERE email = 'eva@example.com'")
    run("UPDATE customers SET email = 'eva@example.com', registered = true WHERE email = E'\\tpetr@example.com '")
    upgrade()
    assert rows("SELECT guids, evidence FROM customer_merges WHERE guids <> '[]'") == [
        (["g-eva"], "same e-mail, written “EVA@example.com”")
    ]
    shop = db.session.get_one(Shop, value("SELECT id FROM shops WHERE slug = 'dilna'"))
    more = packed(
        an_order_line("7", email="eva@example.com", customerGuid="g-eva"), an_order_line("8", email="jana@example.com")
    )
    load(installation, shop, more, mode="partial")
    assert broken_invariants(db) == []
    assert value("SELECT count(DISTINCT customer_id) FROM orders WHERE code IN ('5', '6', '7')") == 1
    assert (
        value(
            "SELECT count(*) FROM customers c WHERE merged_into IS NOT NULL AND EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id)"
        )
        == 0
    )


def test_an_email_that_comes_twice_between_both_steps_is_merged_again(installation: Flask) -> None:
    spoil()
    upgrade(revision=MERGING)
    assert value("SELECT count(*) FROM customer_merges") == 2
    run(
        "INSERT INTO customers (shop_id, email, name) SELECT shop_id, 'EVA@example.com', 'Eva' FROM customers WHERE email = 'eva@example.com'"
    )
    upgrade()
    assert value(WHOLE) is True
    assert value("SELECT count(*) FROM customer_merges") == 3
    assert broken_invariants(db) == []


def test_a_healthy_installation_is_left_alone_and_goes_down_and_up_with_its_rows(installation: Flask) -> None:
    content = (
        "SELECT md5(string_agg((to_jsonb(c) - 'erased_at')::text, '' ORDER BY c.id)) FROM customers c"  # a later column
    )
    before, index = value(content), value("SELECT 'uq_customers_shop_id_email'::regclass::oid")
    for _ in range(2):
        upgrade()
        assert value(content) == before
        downgrade(revision=before_the_merging())
        assert value(content) == before
    assert value("SELECT 'uq_customers_shop_id_email'::regclass::oid") == index
    assert value("SELECT count(*) FROM customer_merges") == 0
