"""Quarters of long ago with lines in them, and what the tests ask about them afterwards."""

import os
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from redis import Redis

from shop import fault_points, locks
from shop.config import Config
from shop.db import db as handle
from shop.findings import State
from shop.partitions import soundness
from shop.partitions.archives import Archive, chosen
from shop.partitions.contents import Content, columns_of, content
from shop.partitions.creating import ensure
from shop.partitions.quarters import PARENT, Quarter
from shop.partitions.queries import attached

THIS = Quarter.of(datetime.now(UTC))
OLD, OLDER = THIS.plus(-9), THIS.plus(-10)  # both ended more than two years ago
YOUNG = THIS.plus(-8)  # did not
SHOP = """
    INSERT INTO shops (slug, name, platform, currency, timezone) VALUES ('dilna', 'Dílna', 'shoptet', 'CZK', 'Europe/Prague')
    ON CONFLICT DO NOTHING"""
ORDERS = """
    INSERT INTO orders (shop_id, code, guid, status_code, counted, placed_at, items_at, local_day, currency, exchange_rate,
                        total, total_without_vat, to_pay, total_shop, gross_sales, discounts, shipping, fees, tax, rounding,
                        items, units, search, particulars, snapshot_id, snapshot_line, source_hash, content_hash)
    SELECT s.id, %(name)s || n, NULL, '-3', true, at, at, at::date, 'CZK', 1, 121, 100, 0, 121, 100, 0, 0, 0, 21, 0, 1, 1, '', '{}', 1, n, '', ''
    FROM shops s, generate_series(1, %(orders)s) n, LATERAL (SELECT %(first)s + n * (%(last)s - %(first)s) / (%(orders)s + 1) AS at) t"""
LINES = """
    INSERT INTO order_items (shop_id, order_id, line, created_at, item_type, kind, sku, name, variant_name, quantity, total,
                             total_without_vat)
    SELECT o.shop_id, o.id, line, o.items_at, 'product', 'goods', 'SKU-' || o.id %% 7,
           E'Ubrus\\t"bílý"\\\\ ' || line, CASE WHEN line = 1 THEN '' END, 1, 121, 100
    FROM orders o, generate_series(1, 2) line WHERE o.items_at >= %(first)s AND o.items_at < %(last)s"""


def fill(connection: psycopg.Connection[Any], *quarters: Quarter, orders: int = 60) -> None:
    """Put orders of two lines each into the quarters, which are made if need be."""
    ensure(quarters, "test")
    connection.execute(SHOP)
    for quarter in quarters:
        values = {"first": quarter.starts_at, "last": quarter.ends_at, "orders": orders, "name": f"{quarter}-"}
        connection.execute(ORDERS, values)
        connection.execute(LINES, values)


def held_in(connection: psycopg.Connection[Any], table: str = PARENT) -> Content:
    return content(connection, table, columns_of(connection, PARENT))


def tables(connection: psycopg.Connection[Any]) -> set[str]:
    """Return the names of the attached partitions, pending ones with a question mark."""
    return {one.table + "?" * one.is_pending for one in attached(connection)}


def archive_of(connection: psycopg.Connection[Any], quarter: Quarter) -> Archive:
    """Return the newest archive of a quarter."""
    return chosen(connection, "partition = %s ORDER BY id DESC LIMIT 1", quarter.table)[0]


def events(connection: psycopg.Connection[Any], quarter: Quarter) -> list[str]:
    rows = connection.execute("SELECT event FROM partition_events WHERE partition = %s ORDER BY id", (quarter.table,))
    return [event for (event,) in rows.fetchall()]


def age(connection: psycopg.Connection[Any], by: timedelta) -> None:
    """Let everything on record be that much older, as if the clock had gone on by it."""
    connection.execute("UPDATE partition_events SET at = at - %s", (by,))
    connection.execute(
        "UPDATE partition_archives SET retired_at = retired_at - %(by)s, restored_at = restored_at - %(by)s", {"by": by}
    )


def killed_at(point: str, config: Config, connection: psycopg.Connection[Any], work: Callable[[], object]) -> None:
    """Let a process do the work and kill itself at a named point; its lease is free at once, as its machine sees to that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # other threads of the tests are none of the child's
        child = os.fork()
    if child == 0:
        handle.engine.dispose(close=False)
        fault_points.FAULT_AT = point
        try:
            work()
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"{point} was not reached"
    assert os.WTERMSIG(status) == signal.SIGKILL
    with Redis.from_url(config.redis_url) as cache:
        locks.take_from_dead(connection, locks.worker_name(child), cache)


def bad(connection: psycopg.Connection[Any], config: Config) -> list[str]:
    """Return what `flask doctor` finds to be mended."""
    return [one.found for one in soundness.findings(connection, config.data_dir) if one.state is State.BAD]


@contextmanager
def reading(config: Config) -> Iterator[psycopg.Connection[Any]]:
    """Somebody who has read the table, and does not end the transaction."""
    with psycopg.connect(config.database_url, options="-c timezone=UTC") as reader:
        reader.execute("SELECT count(*) FROM order_items")
        yield reader
        reader.rollback()
