"""Clocks that are wrong, and moments at the very edge of a day, a month and a year."""

from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import text

from shop.shops.models import Shop
from shop.snapshots.jobs import enqueue
from tests.snapshots.files import an_order_line, books, load, packed, stored_run
from tests.snapshots.following import ended, outcomes, row
from tests.snapshots.invariants import broken_invariants
from tests.workers import until, working

HASTY = "tests/chaos/chaos_worker.py"  # with leases of four seconds
SKEWED = "tests/snapshots/skewed_worker.py"
ORDERS = 100
FILE = packed(*(an_order_line(str(number)) for number in range(ORDERS)))


@pytest.mark.chaos
def test_t3_workers_with_wrong_clocks_steal_nothing(
    app: Flask, db: SQLAlchemy, shop: Shop, redis: Redis, environment: dict[str, str], tmp_path: Path
) -> None:
    """T3. An hour ahead, a lease seems long over; but the database's clock decides, and its holder is left alone."""
    (tmp_path / "publish.before").write_text("8")  # seconds, beyond the lease
    run = stored_run(app, shop, FILE)
    with working(environment | {"PULT_FAULTS": str(tmp_path)}, "imports", script=HASTY):
        assert enqueue(run)
        until(lambda: not (tmp_path / "publish.before").exists())
        ahead, behind = (environment | {"PULT_TEST_SKEW": skew} for skew in ("3600", "-3600"))
        with working(ahead, "imports", script=SKEWED), working(behind, "imports", script=SKEWED):
            for _worker in range(3):
                assert enqueue(run), "each is asked to try"
            assert ended(db, run).state == "done"
            until(lambda: redis.llen("rq:queue:imports") == 0)
    assert outcomes(db, run) == ["done"]
    check_all_there(db, run)


@pytest.mark.chaos
@pytest.mark.parametrize("skew", ["3600", "-3600"], ids=["an hour ahead", "an hour behind"])
def test_t3_a_worker_with_a_wrong_clock_takes_over_in_time(
    app: Flask, db: SQLAlchemy, shop: Shop, redis: Redis, environment: dict[str, str], tmp_path: Path, skew: str
) -> None:
    """T3. An hour behind, a dead worker's lease seems good for another hour; it is not."""
    (tmp_path / "publish.before").write_text("60")
    run = stored_run(app, shop, FILE)
    with working(environment | {"PULT_FAULTS": str(tmp_path)}, "imports", script=HASTY) as right:
        assert enqueue(run)
        until(lambda: not (tmp_path / "publish.before").exists())
        right.end()
    with working(environment | {"PULT_TEST_SKEW": skew}, "imports", script=SKEWED):
        assert ended(db, run, 30).state == "done"
    assert outcomes(db, run) == ["lost", "done"]
    check_all_there(db, run)


def check_all_there(db: SQLAlchemy, run: int) -> None:
    assert books(row(db, run)) == {"lines": ORDERS, "inserted": ORDERS}
    assert broken_invariants(db) == []


@pytest.mark.parametrize(
    ("placed", "day"),
    [
        ("2025-12-31T23:59:59+0100", date(2025, 12, 31)),
        ("2026-01-01T00:00:00+0100", date(2026, 1, 1)),  # in UTC it is still the old year
        ("2026-01-01T00:59:59+0100", date(2026, 1, 1)),
        ("2026-01-01T01:00:00+0100", date(2026, 1, 1)),
        ("2024-02-29T23:59:59+0100", date(2024, 2, 29)),
        ("2024-02-29T22:59:59+0000", date(2024, 2, 29)),
        ("2024-02-29T23:00:00+0000", date(2024, 3, 1)),
        ("2026-04-01T01:59:59+0200", date(2026, 4, 1)),
        ("2026-04-01T02:00:00+0200", date(2026, 4, 1)),
        ("2025-10-26T02:30:00+0200", date(2025, 10, 26)),
        ("2025-10-26T02:30:00+0100", date(2025, 10, 26)),
    ],
)
def test_t6_an_order_at_the_edge_of_a_day_lies_on_the_right_side(
    app: Flask, db: SQLAlchemy, shop: Shop, placed: str, day: date
) -> None:
    """T6. Its day is the shop's own, in leap years and in the hour that comes twice, and the sums follow."""
    load(app, shop, packed(an_order_line("1", creationTime=placed, changeTime=placed)))
    assert db.session.execute(text("SELECT local_day FROM orders")).scalar_one() == day
    assert db.session.execute(text("SELECT day FROM daily_sales")).scalars().all() == [day]
    assert broken_invariants(db) == []
