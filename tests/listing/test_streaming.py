"""The whole list as CSV: one moment of the database, flat memory, and never a part that looks whole."""

import tracemalloc
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import Session

from shop.config import Config
from shop.languages import spoken
from shop.listing.cells import Fields
from shop.listing.reading import read
from shop.listing.streaming import csv_response, file_name, snapshot_rows
from shop.listing.window import Key
from shop.orders.lists import ORDERS, order_scopes
from shop.orders.queries import order_rows
from shop.shops.models import Shop
from tests.builders import a_manager, a_shop, signed_in
from tests.listing.rows import know_statuses, ordered

MANY = """
INSERT INTO orders (shop_id, code, status_code, counted, placed_at, local_day, items_at, currency, exchange_rate, total,
    total_without_vat, to_pay, total_shop, gross_sales, discounts, shipping, fees, tax, rounding, items, units, particulars, search,
    source_hash, content_hash, snapshot_id, snapshot_line)
SELECT %s, 'M' || i, 'd', true, timestamptz '2026-01-01' + i * interval '1 minute', '2026-01-01', now(), 'CZK', 1, i, i, 0, i, i, 0,
       0, 0, 0, 0, 1, 1, '{}', '', '', '', 1, i
FROM generate_series(1, %s) AS i"""


def codes(session: Session, keys: Sequence[Key]) -> Iterable[Fields]:
    return [{"code": row.code} for row in order_rows(session, keys)]


def streamed(db: SQLAlchemy, shops: Sequence[Shop], **asked: str) -> Any:
    listing = read(ORDERS, {name: [text] for name, text in asked.items()}, "secret")
    return snapshot_rows(db.engine, listing, order_scopes(listing, shops, ()), codes)


def a_big_shop(sweeper: psycopg.Connection[Any], count: int) -> Shop:
    shop = a_shop("big")
    know_statuses(shop)
    sweeper.execute(MANY, (shop.id, count))
    sweeper.execute("ANALYZE orders")
    return shop


def test_fifty_thousand_rows_take_no_more_memory_than_five_thousand(
    app: Flask, db: SQLAlchemy, sweeper: psycopg.Connection[Any]
) -> None:
    shop = a_big_shop(sweeper, 50_000)
    client = signed_in(app.test_client(), a_manager([shop]))

    def peak(address: str) -> tuple[int, int]:
        tracemalloc.start()
        lines = sum(piece.count(b"\r\n") for piece in client.get(address, buffered=False).response)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return lines, most

    peak("/orders.csv?total=lte:100")  # what is made once is made
    few, small = peak("/orders.csv?total=lte:5000")
    many, large = peak("/orders.csv")
    assert (few, many) == (5_001, 50_001)
    assert large < small + 4_000_000


def test_rows_that_come_while_a_list_is_read_are_not_in_it(db: SQLAlchemy, sweeper: psycopg.Connection[Any]) -> None:
    shop = a_big_shop(sweeper, 3_000)
    reading = streamed(db, [shop], sort="placed")
    first = next(reading)
    sweeper.execute("UPDATE orders SET placed_at = placed_at - interval '1 year' WHERE code = 'M2999'")
    sweeper.execute("DELETE FROM orders WHERE code IN ('M2000', 'M3000')")
    sweeper.execute(MANY.replace("'M' || i", "'L' || i"), (shop.id, 10))
    rest = [fields["code"] for fields in reading]
    assert [first["code"], *rest] == [f"M{number}" for number in range(1, 3_001)]


def test_several_shops_are_merged_in_the_order_of_the_list(db: SQLAlchemy) -> None:
    shops = [a_shop("one"), a_shop("two", timezone="Pacific/Auckland")]
    know_statuses(*shops)
    for i in range(12):
        ordered(shops[i % 2], datetime(2026, 3, 1 + i // 4, tzinfo=UTC), code=f"C{i:02}")
    found = [fields["code"] for fields in streamed(db, shops)]
    assert found == ["C11", "C09", "C10", "C08", "C07", "C05", "C06", "C04", "C03", "C01", "C02", "C00"]


def test_a_failure_in_the_middle_never_ends_like_a_whole_file(
    app: Flask, db: SQLAlchemy, sweeper: psycopg.Connection[Any]
) -> None:
    shop = a_big_shop(sweeper, 5_000)
    listing = read(ORDERS, {}, "secret")
    read_before = []

    def failing(session: Session, keys: Sequence[Key]) -> Iterable[Fields]:
        read_before.append(len(keys))
        if len(read_before) == 4:
            raise ConnectionError("the database went away")
        return [{"code": row.code * 30} for row in order_rows(session, keys)]

    response = csv_response(db.engine, listing, order_scopes(listing, [shop], ()), ("code",), failing)
    assert response.status_code == 200
    arrived = []
    with pytest.raises(ConnectionError):
        arrived.extend(response.response)
    assert arrived  # something was sent, and then the connection breaks instead of ending


def test_a_list_that_cannot_be_read_at_all_has_an_error_page_instead(db: SQLAlchemy) -> None:
    shop = a_shop("one")
    know_statuses(shop)
    ordered(shop)
    listing = read(ORDERS, {}, "secret")

    def failing(_session: Session, _keys: Sequence[Key]) -> Iterable[Fields]:
        raise ConnectionError("the database went away")

    with pytest.raises(ConnectionError):
        csv_response(db.engine, listing, order_scopes(listing, [shop], ()), ("code",), failing)


def test_a_reader_who_leaves_lets_go_of_the_connection(
    config: Config, db: SQLAlchemy, sweeper: psycopg.Connection[Any]
) -> None:
    shop = a_big_shop(sweeper, 20_000)
    listing = read(ORDERS, {}, "secret")
    busy = db.engine.pool.checkedout()  # type: ignore[attr-defined]  # a queue pool
    response = csv_response(db.engine, listing, order_scopes(listing, [shop], ()), ("code",), codes)
    assert db.engine.pool.checkedout() == busy + 1  # type: ignore[attr-defined]  # a queue pool
    next(iter(response.response))
    response.close()
    assert db.engine.pool.checkedout() == busy  # type: ignore[attr-defined]  # a queue pool
    csv_response(db.engine, listing, order_scopes(listing, [shop], ()), ("code",), codes).close()
    assert db.engine.pool.checkedout() == busy  # type: ignore[attr-defined]  # a queue pool


def test_the_file_is_named_after_what_it_holds(db: SQLAlchemy) -> None:
    asked = {"shop": ["cz"], "status": ["Odesláno"], "placed": ["2026-03-01..2026-03-07"], "q": ["a" * 150 + '/../;"']}
    name = file_name(read(ORDERS, asked, "secret"), datetime(2026, 3, 9, 10, 15, tzinfo=UTC))
    with spoken("cs"):
        assert file_name(read(ORDERS, asked, "secret"), datetime(2026, 3, 9, 10, 15, tzinfo=UTC)) == name
    assert name.startswith("orders-cz-status-odeslano-placed-1-3-7-3-2026-q-aaa")
    assert name.endswith("-20260309T1015.csv")
    assert len(name) < 150
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.T")
