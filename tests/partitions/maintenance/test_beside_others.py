"""Maintenance beside readers and writers: nobody waits for long, no lock keeps them out, no figure moves by a penny."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from shop.analytics.invariants import differences
from shop.config import Config
from shop.db import db
from shop.partitions.maintenance import maintain
from shop.partitions.quarters import AHEAD
from shop.partitions.queries import retired
from shop.partitions.restoring import restore
from shop.partitions.upkeep import looking_after
from tests.analytics.ledger import FOLDS
from tests.partitions.maintenance.old_quarters import OLD, OLDER, THIS, fill, held_in, tables

Connection = psycopg.Connection[Any]
LOCKS = "SELECT mode FROM pg_locks WHERE relation = 'order_items'::regclass AND granted"
WRITE = """
    INSERT INTO order_items (shop_id, order_id, line, created_at, item_type, kind, name, quantity, total, total_without_vat)
    SELECT shop_id, id, %s, items_at, 'product', 'goods', 'x', 1, 1, 1 FROM orders WHERE items_at >= %s LIMIT 1"""
FIGURES = (
    "SELECT * FROM daily_sales ORDER BY 1, 2, 3",
    "SELECT * FROM daily_product_sales ORDER BY 1, 2, 3",
    "SELECT * FROM product_metrics ORDER BY 1, 2",
    "SELECT * FROM customer_metrics ORDER BY 1, 2",
)


class Sampler(threading.Thread):
    """Does something again and again on a connection of its own, and keeps what it cost at most, in seconds."""

    def __init__(self, config: Config, work: Callable[[Connection, int], None]) -> None:
        super().__init__(daemon=True)
        self.config, self.work = config, work
        self.over, self.longest, self.turns = threading.Event(), 0.0, 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        with psycopg.connect(self.config.database_url, autocommit=True, options="-c timezone=UTC") as connection:
            while not self.over.is_set():
                began = time.monotonic()
                try:
                    self.work(connection, self.turns)
                except psycopg.Error as error:
                    self.failure = error
                    return
                self.longest = max(self.longest, time.monotonic() - began)
                self.turns += 1
                self.over.wait(0.003)


@contextmanager
def beside(*samplers: Sampler) -> Iterator[None]:
    for one in samplers:
        one.start()
    try:
        yield
    finally:
        for one in samplers:
            one.over.set()
            one.join()
    for one in samplers:
        assert one.failure is None, one.failure
        assert one.turns > 3


def test_nobody_is_kept_out_while_quarters_are_made_retired_and_brought_back(
    settings: Config, connection: Connection
) -> None:
    fill(connection, OLD, OLDER, THIS, orders=200)
    connection.execute(f"DROP TABLE {THIS.plus(AHEAD).table}")
    before = held_in(connection, OLD.table)
    modes: set[str] = set()

    def look(sampled: Connection, _turn: int) -> None:
        modes.update(mode for (mode,) in sampled.execute(LOCKS).fetchall())

    def read(reader: Connection, _turn: int) -> None:
        reader.execute("SELECT count(*), sum(total) FROM order_items WHERE created_at >= %s", (THIS.starts_at,))

    def write(writer: Connection, turn: int) -> None:
        writer.execute(WRITE, (100 + turn, THIS.starts_at))

    writer = Sampler(settings, write)
    with beside(Sampler(settings, look), Sampler(settings, read), writer):
        report = maintain(settings, "test")
        with looking_after(settings, "test") as upkeep:
            restore(upkeep, OLD)
    assert {step.kind for step, _ in report.done} == {"create", "retire"}
    assert report.refused == []
    assert "ShareUpdateExclusiveLock" in modes, "the sampler has seen maintenance at work"
    assert "AccessExclusiveLock" not in modes
    assert held_in(connection, OLD.table) == before
    assert held_in(connection, THIS.table).lines == 400 + writer.turns


def test_whoever_changes_lines_is_waited_for_before_a_quarter_is_closed(
    settings: Config, connection: Connection
) -> None:
    fill(connection, OLD)
    with psycopg.connect(settings.database_url, options="-c timezone=UTC") as writer:
        assert retired(writer, until_commit=True) == []
        report = maintain(settings, "test", budget=0.3)
        assert [step.kind for step, _ in report.refused] == ["retire"]
        assert OLD.table in tables(connection)
        assert retired(writer) == [], "what it was told stays true until it commits"
    assert [step.kind for step, _ in maintain(settings, "test").done] == ["retire"]


@pytest.mark.usefixtures("connection")
def test_no_figure_changes_when_quarters_are_retired(settings: Config, connection: Connection) -> None:
    fill(connection, OLD, OLDER, THIS)
    connection.execute(FOLDS.encode())
    figures = [connection.execute(query.encode()).fetchall() for query in FIGURES]
    assert figures[1], "there are sales to lose"
    checked = [(one.what, one.kept) for one in differences(1)]
    assert checked == []
    assert len(maintain(settings, "test").done) == 2
    assert [connection.execute(query.encode()).fetchall() for query in FIGURES] == figures
    assert [(one.what, one.kept) for one in differences(1)] == [], "the nightly check compares orders, which all stay"
    assert db.session.scalar(text("SELECT count(*) FROM orders")) == 180
    db.session.rollback()
