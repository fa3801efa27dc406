"""In which quarter the lines of an order lie: the one of its first date, made in time, whatever the date becomes later."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event, text

from shop.db import raw_connection
from shop.orders.models import Order
from shop.orders.single import lines_of
from shop.partitions.quarters import Quarter
from shop.partitions.queries import attached
from shop.shops.models import Shop
from shop.snapshots import publishing_orders
from shop.snapshots.conducting import conduct
from shop.snapshots.models import Snapshot
from tests.snapshots.files import a_line, an_order_line, books, load, packed, stored_run
from tests.snapshots.invariants import broken_invariants
from tests.snapshots.taken_again import replayed, undone, waiting

NOW = Quarter.of(datetime.now(UTC))


def placed(code: str, at: str, **more: Any) -> dict[str, Any]:
    return an_order_line(code, **{"creationTime": at, **more})


def places(db: SQLAlchemy) -> dict[str, list[str]]:
    """The tables in which the lines of each order lie."""
    db.session.rollback()
    query = """SELECT o.code, array_agg(i.tableoid::regclass::text ORDER BY i.line) AS tables
               FROM orders o JOIN order_items i ON i.order_id = o.id GROUP BY 1"""
    return {row.code: row.tables for row in db.session.execute(text(query))}


@pytest.fixture
def made(db: SQLAlchemy) -> Iterator[set[str]]:
    """The quarters that a test lets be made are gone after it."""
    with raw_connection(autocommit=True) as connection:
        before = {one.table for one in attached(connection)}
        yield before
        db.session.rollback()
        for one in attached(connection):
            if one.table not in before:
                connection.execute(f"DROP TABLE {one.table}")


@pytest.mark.usefixtures("made")
def test_edges_of_days_quarters_and_years_lie_where_utc_says(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    edges = {
        "leap": ("2024-02-29T12:00:00+0100", "order_items_2024q1"),
        "last-tick": ("2025-12-31T23:59:59.999999+0000", "order_items_2025q4"),
        "first-tick": ("2026-01-01T00:00:00+0000", "order_items_2026q1"),
        "midnight-in-prague": ("2026-01-01T00:30:00+0100", "order_items_2025q4"),
        "summer-midnight": ("2026-07-01T01:59:59+0200", "order_items_2026q2"),
        "and-after": ("2026-07-01T02:00:00+0200", "order_items_2026q3"),
        "end-of-quarter": ("2026-03-31T23:59:59+0000", "order_items_2026q1"),
    }
    run = load(app, shop, packed(*(placed(code, at) for code, (at, _) in edges.items())))
    assert books(run) == {"lines": len(edges), "inserted": len(edges)}
    assert places(db) == {code: [table] for code, (_, table) in edges.items()}
    days = {row.code: row.day for row in db.session.execute(text("SELECT code, local_day::text AS day FROM orders"))}
    assert days["midnight-in-prague"] == "2026-01-01", "its day is the shop's, its quarter is UTC's"
    assert broken_invariants(db) == []


def test_what_is_old_gets_its_quarter_and_what_cannot_be_is_set_aside(
    app: Flask, db: SQLAlchemy, shop: Shop, made: set[str]
) -> None:
    assert "order_items_2019q2" not in made
    run = load(
        app,
        shop,
        packed(
            placed("today", "2026-03-01T10:00:00+0100"),
            placed("old", "2019-05-06T10:00:00+0200"),
            placed("ahead", "2035-05-06T10:00:00+0200"),
            placed("before", "1999-12-31T10:00:00+0000"),
        ),
    )
    assert books(run) == {"lines": 4, "inserted": 2, "quarantined": 2}
    assert places(db) == {"today": ["order_items_2026q1"], "old": ["order_items_2019q2"]}
    bad = db.session.execute(text("SELECT line, error_code FROM quarantined_records ORDER BY line")).all()
    assert [tuple(row) for row in bad] == [(3, "out_of_range"), (4, "out_of_range")]
    by = db.session.execute(text("SELECT by FROM partition_events WHERE partition = 'order_items_2019q2'")).scalar_one()
    assert by == f"snapshot {run.id}"


def test_an_order_whose_date_is_corrected_keeps_one_copy(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    two = [a_line("SKU-1"), a_line("SKU-2", "242.00")]
    load(
        app,
        shop,
        packed(placed("moves", "2025-11-05T10:00:00+0100", lines=two), placed("stays", "2026-02-02T10:00:00+0100")),
    )
    for step, (at, count) in enumerate([("2026-02-03T10:00:00+0100", 2), ("2024-08-08T10:00:00+0200", 1)], start=1):
        changed = placed("moves", at, lines=two[:count], changed=step)
        run = load(app, shop, packed(changed, placed("stays", "2026-02-02T10:00:00+0100")))
        assert books(run) == {"lines": 2, "updated": 1, "unchanged": 1}
        assert places(db) == {"moves": ["order_items_2025q4"] * count, "stays": ["order_items_2026q1"]}
        order = db.session.scalars(db.select(Order).where(Order.code == "moves")).one()
        assert (order.items_at, order.placed_at.isoformat()) == (
            datetime(2025, 11, 5, 9, tzinfo=UTC),
            datetime.strptime(at, "%Y-%m-%dT%H:%M:%S%z").astimezone(UTC).isoformat(),
        )
        assert broken_invariants(db) == []


def test_a_corrected_date_that_is_undone_keeps_one_copy_as_well(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    load(app, shop, packed(placed("moves", "2025-11-05T10:00:00+0100")))
    later = packed(placed("moves", "2026-02-03T10:00:00+0100", changed=2), placed("new", "2025-02-03T10:00:00+0100"))
    file = waiting(app, db, shop, later)
    replay = replayed(app, db, file)
    assert places(db) == {"moves": ["order_items_2025q4"], "new": ["order_items_2025q1"]}
    undone(app, replay.id)
    assert places(db) == {"moves": ["order_items_2025q4"]}
    assert books(load(app, shop, packed(placed("moves", "2026-02-03T10:00:00+0100", changed=3), placed("new", "2024-02-03T10:00:00+0100", changed=3)))) == {
        "lines": 2, "inserted": 1, "updated": 1,
    }  # fmt: skip
    assert places(db) == {"moves": ["order_items_2025q4"], "new": ["order_items_2024q1"]}
    assert broken_invariants(db) == []


def test_orders_land_although_nobody_looked_after_the_quarters_for_long(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    """As after fifteen months without maintenance: the quarter that it is now was never made."""
    missing = NOW.plus(3)  # what is accepted ends a year ahead
    with raw_connection(autocommit=True) as connection:
        connection.execute(f"DROP TABLE {missing.table}")
    at = missing.starts_at + timedelta(days=1)
    run = load(app, shop, packed(placed("now", at.strftime("%Y-%m-%dT%H:%M:%S%z"))))
    assert books(run) == {"lines": 1, "inserted": 1}
    assert places(db) == {"now": [missing.table]}


@pytest.mark.usefixtures("made")
def test_a_busy_table_lets_the_run_rest_and_nothing_is_lost(
    app: Flask, db: SQLAlchemy, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing_orders, "PATIENCE", 0.2)
    run_id = stored_run(app, shop, packed(placed("old", "2018-05-06T10:00:00+0200")))
    with raw_connection() as writer:
        writer.execute("LOCK TABLE orders IN ROW EXCLUSIVE MODE")
        conduct(run_id, app.extensions["pult"])
        db.session.rollback()
        run = db.session.get_one(Snapshot, run_id, populate_existing=True)
        assert (run.state, run.stumbles) == ("queued", 1)
        assert run.remark is not None
        assert "The table was in use" in run.remark
    db.session.execute(text("UPDATE snapshots SET look_at = NULL"))
    db.session.commit()
    conduct(run_id, app.extensions["pult"])
    assert places(db) == {"old": ["order_items_2018q2"]}


def test_the_page_of_an_order_reads_one_quarter(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    load(app, shop, packed(placed("one", "2025-11-05T10:00:00+0100"), placed("two", "2026-02-02T10:00:00+0100")))
    order = db.session.scalars(db.select(Order).where(Order.code == "one")).one()
    plans: list[str] = []

    def explain(_connection: Any, cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if "order_items" in statement:
            plans.append(
                json.dumps(cursor.connection.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters).fetchone()[0])
            )

    event.listen(db.engine, "before_cursor_execute", explain)
    try:
        assert [line.line for line in lines_of(order)] == [1]
    finally:
        event.remove(db.engine, "before_cursor_execute", explain)
    (plan,) = plans
    assert {word.split('"')[0] for word in plan.split('"Relation Name": "')[1:]} == {"order_items_2025q4"}
