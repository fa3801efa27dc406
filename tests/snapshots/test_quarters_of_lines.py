"""A load, a replay and an undo open only the quarters whose orders they touch; both forms of the table hold the same."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from shop.shops.models import Shop
from tests.snapshots.files import a_line, an_order_line, books, load, packed
from tests.snapshots.invariants import broken_invariants
from tests.snapshots.taken_again import contents, replayed, undone, waiting

Statement = tuple[str, set[str]]  # what it does with lines, and the tables it opens for it
QUARTERS = [(year, quarter) for year in (2024, 2025, 2026) for quarter in (1, 2, 3, 4)]
TOUCHED = {"items_2025q4", "items_2026q1"}


def placed(code: str, day: str, *, lines: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    return an_order_line(code, lines=lines, creationTime=f"{day}T10:00:00+0000", **more)


OLD = [placed("old", "2024-02-03"), placed("older", "2024-05-06", lines=[a_line("SKU-4", "18.00")])]
FIRST = packed(
    *OLD,
    placed("changes", "2026-01-02", lines=[a_line("SKU-1"), a_line("SKU-9", "50.00", 2.0)]),
    placed("goes", "2025-11-12", lines=[a_line("SKU-3", "99.00")]),
)
AGAIN = packed(*OLD, placed("changes", "2026-01-02", changed=5, lines=[a_line("SKU-2", "484.00", 4.0)]))
EMPTY = "TRUNCATE order_items, orders, customers, products, daily_sales, daily_product_sales, product_metrics CASCADE"
STORED = (
    """SELECT o.code, o.total_shop, i.line, i.sku, i.total, i.quantity
       FROM orders o JOIN order_items i ON i.order_id = o.id AND i.created_at = o.items_at""",
    "SELECT day::text, sku, orders, units, sales FROM daily_product_sales",
    "SELECT day::text, status_code, orders, items, total_sales FROM daily_sales",
)


@contextmanager
def kept_as(db: SQLAlchemy, form: str) -> Iterator[None]:
    """Let the lines stand for a while in a table of this form, whatever form it really has."""
    run = db.session.execute
    run(text("ALTER TABLE order_items RENAME TO order_items_aside"))
    made = "CREATE TABLE order_items (LIKE order_items_aside INCLUDING ALL)"
    run(text(made if form == "plain" else f"{made} PARTITION BY RANGE (created_at)"))
    for year, quarter in QUARTERS if form == "by quarter" else ():
        start, end = f"{year}-{quarter * 3 - 2}-1", f"{year + quarter // 4}-{quarter % 4 * 3 + 1}-1"
        run(
            text(
                f"CREATE TABLE items_{year}q{quarter} PARTITION OF order_items FOR VALUES FROM ('{start}') TO ('{end}')"
            )
        )
    db.session.commit()
    try:
        yield
    finally:
        db.session.rollback()
        run(text("DROP TABLE order_items"))
        run(text("ALTER TABLE order_items_aside RENAME TO order_items"))
        db.session.commit()


@contextmanager
def explained(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Statement]]:
    """Note which tables each statement over stored lines would open, before it is carried out."""
    seen: list[Statement] = []
    carry_out = psycopg.Connection.execute

    def execute(connection: Any, query: Any, parameters: Any = None, **options: Any) -> Any:
        words = query if isinstance(query, str) else query.as_string(connection)
        if "order_items i" in words:
            plan = carry_out(connection, f"EXPLAIN (FORMAT JSON) {words}", parameters).fetchone()[0]
            seen.append((" ".join(words.split()), tables_of(plan[0]["Plan"])))
        return carry_out(connection, query, parameters, **options)

    with monkeypatch.context() as patched:
        patched.setattr(psycopg.Connection, "execute", execute)
        yield seen


def tables_of(plan: dict[str, Any]) -> set[str]:
    """The tables of lines that are read or emptied."""
    names = set(json.dumps(plan).split('"Relation Name": "')[1:])
    return {name for each in names if (name := each.partition('"')[0]).startswith(("items_", "order_items"))} - {
        "order_items"
    }


def story(app: Flask, db: SQLAlchemy, shop: Shop) -> list[list[Any]]:
    """Change one order and lose one by a replay, then undo it; return what is stored after each."""
    load(app, shop, FIRST)
    before = contents(db)
    replay = replayed(app, db, waiting(app, db, shop, AGAIN))
    assert books(replay) == {"lines": 3, "updated": 1, "unchanged": 2, "deleted": 1}
    assert broken_invariants(db) == []
    after = stored(db)
    undone(app, replay.id)
    assert broken_invariants(db) == []
    assert contents(db)[:5] == before[:5]
    return [*after, *stored(db)]


def stored(db: SQLAlchemy) -> list[list[Any]]:
    return [sorted(map(tuple, db.session.execute(text(query)))) for query in STORED]


def test_only_the_quarters_of_touched_orders_are_opened_and_both_forms_hold_the_same(
    app: Flask, db: SQLAlchemy, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with kept_as(db, "plain"):
        as_plain = story(app, db, shop)
        db.session.execute(text(EMPTY))
        db.session.commit()
    with kept_as(db, "by quarter"), explained(monkeypatch) as seen:
        assert story(app, db, shop) == as_plain
    looked = [(words, tables) for words, tables in seen if "created_at = " in words]
    assert {words.split()[0] for words, _ in looked} == {"INSERT", "DELETE"}
    assert len(looked) == 7, (
        "a load takes nothing off; a replay keeps, takes off and replaces; its undo takes off, replaces and revives"
    )
    for words, tables in looked:
        assert tables <= TOUCHED, f"{sorted(tables)} are opened by: {words}"
    assert set().union(*(tables for _, tables in looked)) == TOUCHED
