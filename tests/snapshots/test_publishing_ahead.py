"""A first load that is published while it is staged ends like any other load, whatever happens to the advance."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from shop.platforms.records import Kind
from shop.shops.models import Shop
from shop.simulator.generator import PROFILES, generate
from shop.snapshots import conducting, publishing_ahead, reading
from shop.snapshots.models import Snapshot
from shop.snapshots.publishing_ahead import Ahead
from tests.builders import a_shop
from tests.snapshots.files import a_line, an_order_line, books, load, packed
from tests.snapshots.invariants import broken_invariants
from tests.snapshots.test_killed import let_locks_run_out

ROOT = Path(__file__).parents[2]
CONTENT = {  # of one shop, without the numbers that are given out in the order of writing
    "orders": """SELECT md5(string_agg(concat_ws('|', o.code, o.status_code, o.counted, o.total, o.placed_at, o.search, o.snapshot_line,
                        c.email, c.name, (SELECT count(*) FROM order_revisions r WHERE r.shop_id = o.shop_id AND r.order_id = o.id)), ',' ORDER BY o.code))
                 FROM orders o LEFT JOIN customers c ON c.shop_id = o.shop_id AND c.id = o.customer_id WHERE o.shop_id = :shop""",
    "items": """SELECT md5(string_agg(concat_ws('|', o.code, i.line, i.sku, i.name, i.quantity, i.total, i.parent_line), ',' ORDER BY o.code, i.line))
                FROM orders o JOIN order_items i ON i.shop_id = o.shop_id AND i.order_id = o.id WHERE o.shop_id = :shop""",
    "customers": """SELECT md5(string_agg(concat_ws('|', c.email, c.name, c.company, c.phone, c.search, m.orders_count, m.total_spent), ',' ORDER BY c.email, c.name, m.total_spent))
                    FROM customers c LEFT JOIN customer_metrics m ON m.shop_id = c.shop_id AND m.customer_id = c.id WHERE c.shop_id = :shop""",
    "accounts": "SELECT md5(string_agg(guid, ',' ORDER BY guid)) FROM customer_accounts WHERE shop_id = :shop",
    "days": "SELECT md5(string_agg(concat_ws('|', day, sku, orders, units, sales), ',' ORDER BY day, sku)) FROM daily_product_sales WHERE shop_id = :shop",
}  # fmt: skip


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Write ahead whatever the size of the file, in steps of 20 lines; yields how many lines each step wrote."""
    monkeypatch.setattr(conducting, "AHEAD", 0)
    monkeypatch.setattr(publishing_ahead, "STEP", 20)
    monkeypatch.setattr(reading, "BLOCK", 4096)
    monkeypatch.setattr(reading, "BATCH_BYTES", 4096)
    steps: list[int] = []
    write, reached = Ahead.write, Ahead.reached

    def noted(self: Ahead, start: int, end: int) -> None:
        write(self, start, end)
        steps.append(end - start)

    def patiently(self: Ahead, line: int) -> None:
        """Let each step end before the next chunk, so that the steps are the same every time."""
        reached(self, line)
        if self.under_way:
            self.under_way.result()

    monkeypatch.setattr(Ahead, "write", noted)
    monkeypatch.setattr(Ahead, "reached", patiently)
    return iter([steps])


def content(db: SQLAlchemy, shop: Shop) -> dict[str, Any]:
    db.session.rollback()
    return {name: db.session.execute(text(query), {"shop": shop.id}).scalar_one() for name, query in CONTENT.items()}


def loaded_plainly(app: Flask, db: SQLAlchemy, file: bytes | Path) -> dict[str, Any]:
    """Load the file into another shop with nothing ahead of the plan; return what it holds."""
    other = a_shop("plain")
    load(app, other, file)
    return content(db, other)


def a_hundred_orders() -> list[dict[str, Any]]:
    """Orders of forty guests, some of whom change their name, and of customers with and without an e-mail."""
    return [
        an_order_line(
            f"{number:03d}",
            lines=[a_line(f"SKU-{number % 7}", f"{10 + number}.00"), a_line(f"SKU-{number % 3}", "5.00", quantity=2.0)],
            status=-4 if number % 9 == 0 else -3,
            creationTime=f"2026-03-{1 + (number * 7) % 28:02d}T10:00:00+0100",
            email=None if number % 10 == 4 else f"guest{number % 40}@example.com",
            customerGuid=f"guid-{number % 6}" if number % 5 == 0 else None,
            billingAddress={"company": None, "fullName": f"Name {number // 30} of {number % 40}", "countryCode": "CZ"},
        )
        for number in range(100)
    ]


def test_it_ends_like_a_load_that_was_not(
    app: Flask, db: SQLAlchemy, shop: Shop, small_steps: Iterator[list[int]]
) -> None:
    file = packed(*a_hundred_orders())
    run = load(app, shop, file)
    steps = next(small_steps)
    assert len(steps) >= 3, "it was published in steps"
    assert books(run) == {"lines": 100, "inserted": 100}
    assert broken_invariants(db) == []
    assert content(db, shop) == {**loaded_plainly(app, db, file)}


def test_lines_that_give_way_within_a_step_are_not_written(
    app: Flask, db: SQLAlchemy, shop: Shop, small_steps: Iterator[list[int]]
) -> None:
    orders = a_hundred_orders()
    twice = [
        line for order in orders for line in (order, order | {"changeTime": "2026-03-02T09:00:00+0000", "phone": "1"})
    ]
    run = load(app, shop, packed(*twice))
    assert len(next(small_steps)) >= 3
    assert books(run) == {"lines": 200, "inserted": 100, "superseded": 100}
    assert broken_invariants(db) == []
    assert content(db, shop) == loaded_plainly(app, db, packed(*twice))


def test_a_line_that_gives_way_to_a_much_later_one_takes_the_advance_back(
    app: Flask, db: SQLAlchemy, shop: Shop, small_steps: Iterator[list[int]]
) -> None:
    orders = a_hundred_orders()
    newer = an_order_line("001", status=-1, changed=9, email="another@example.com")
    run = load(app, shop, packed(*orders, newer))
    assert len(next(small_steps)) >= 3
    assert books(run) == {"lines": 101, "inserted": 100, "superseded": 1}
    assert broken_invariants(db) == []
    assert content(db, shop) == loaded_plainly(app, db, packed(*orders, newer))


def test_when_a_step_fails_the_publish_does_it_all(
    app: Flask, db: SQLAlchemy, shop: Shop, small_steps: Iterator[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = next(small_steps)
    write = Ahead.write

    def fail_the_third(self: Ahead, start: int, end: int) -> None:
        write(self, start, end)
        if len(steps) == 3:
            raise psycopg.errors.LockNotAvailable("somebody else is writing the same person")

    monkeypatch.setattr(Ahead, "write", fail_the_third)
    run = load(app, shop, packed(*a_hundred_orders()))
    assert len(steps) == 3, "no step follows one that failed"
    assert books(run) == {"lines": 100, "inserted": 100}
    assert broken_invariants(db) == []


def test_a_file_refused_in_the_end_leaves_nothing_of_the_advance(
    app: Flask, db: SQLAlchemy, shop: Shop, small_steps: Iterator[list[int]]
) -> None:
    whole = packed(*a_hundred_orders())
    with pytest.raises(reading.DamagedFile):
        load(app, shop, whole[:-20])
    assert next(small_steps), "some of it was written before the end was seen"
    db.session.rollback()
    for table in ("orders", "order_items", "customers", "daily_sales"):
        assert db.session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0


def test_a_second_load_is_an_ordinary_one(
    app: Flask, db: SQLAlchemy, shop: Shop, small_steps: Iterator[list[int]]
) -> None:
    steps = next(small_steps)
    load(app, shop, packed(*a_hundred_orders()))
    before = len(steps)
    again = load(app, shop, packed(*a_hundred_orders()))
    assert (books(again), len(steps)) == ({"lines": 100, "unchanged": 100}, before)


@pytest.mark.chaos
@pytest.mark.parametrize("point", ["stage.before_chunk", "stage.done", "publish.before", "publish.before_commit"])
def test_a_killed_first_load_goes_on_and_ends_like_a_clean_one(
    app: Flask, db: SQLAlchemy, shop: Shop, environment: dict[str, str], tmp_path: Path, point: str
) -> None:
    made = generate(PROFILES["cz"], orders=7_000, seed=3, start=date(2026, 1, 1), end=date(2026, 6, 30))
    path = made.write(tmp_path)[Kind.ORDERS]
    assert path.stat().st_size > conducting.AHEAD
    command = [sys.executable, "-m", "flask", "snapshots"]

    def flask(*words: str, fault: str = "") -> int:
        environs = environment | {"PULT_FAULT_AT": fault}
        return subprocess.run([*command, *words], cwd=ROOT, env=environs, capture_output=True, check=False).returncode

    assert flask("run", "dilna", "--kind", "orders", "--file", str(path), fault=point) == -9
    db.session.rollback()
    run = db.session.scalars(select(Snapshot)).one()
    assert db.session.execute(text("SELECT count(*) FROM orders")).scalar_one() == 0
    let_locks_run_out(app, db)
    assert flask("retry", str(run.id)) == 0
    db.session.rollback()
    assert books(db.session.get_one(Snapshot, run.id)) == {"lines": 7_000, "inserted": 7_000}
    assert broken_invariants(db) == []
    assert content(db, shop) == loaded_plainly(app, db, path)
