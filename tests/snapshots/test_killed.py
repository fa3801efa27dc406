"""A run whose process is killed -9 at any named point goes on where it stood; the result is that of one clean run."""

import subprocess
from pathlib import Path

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from shop.db import db as handle
from shop.platforms.records import Kind
from shop.shops.models import Shop
from shop.snapshots import conducting, reading
from shop.snapshots.conducting import conduct
from shop.snapshots.models import Snapshot, SnapshotAttempt
from tests import warm
from tests.snapshots.files import an_order_line, books, load, packed
from tests.snapshots.invariants import broken_invariants

POINTS = ("stage.before_chunk", "stage.done", "publish.before", "publish.before_commit", "publish.after")
CONTENT = """SELECT md5(string_agg(concat_ws('|', o.code, o.status_code, o.total, o.placed_at, o.search, i.line, i.sku, i.total), ',' ORDER BY o.code, i.line))
             FROM orders o JOIN order_items i ON i.shop_id = o.shop_id AND i.order_id = o.id"""


def flask(environment: dict[str, str], *words: str, fault: str = "") -> subprocess.CompletedProcess[str]:
    handle.session.rollback()  # a transaction of ours would idle until the server ends it, where processes start slowly
    return warm.run(["-m", "flask", *words], environment | {"PULT_FAULT_AT": fault})


@pytest.mark.chaos
@pytest.mark.parametrize("point", POINTS)
def test_a_killed_run_goes_on_and_ends_like_a_clean_one(
    app: Flask, db: SQLAlchemy, shop: Shop, environment: dict[str, str], tmp_path: Path, point: str
) -> None:
    first = packed(*(an_order_line(str(number), status=-1) for number in range(300)))
    second = packed(*(an_order_line(str(number), changed=number % 3) for number in range(10, 330)))
    load(app, shop, first)
    path = tmp_path / "second.jsonl.gz"
    path.write_bytes(second)
    killed = flask(
        environment,
        "snapshots",
        "run",
        "dilna",
        "--kind",
        "orders",
        "--file",
        str(path),
        "--since",
        "2026-03-01",
        fault=point,
    )
    assert killed.returncode == -9
    db.session.rollback()
    run = db.session.scalars(select(Snapshot).order_by(Snapshot.id.desc())).first()
    assert run is not None
    let_locks_run_out(app, db)
    if point == "publish.after":
        assert run.state == "done"
    else:
        assert run.state == "running"
        resumed = flask(environment, "snapshots", "retry", str(run.id))
        assert resumed.returncode == 0, resumed.stderr
    db.session.rollback()
    assert books(db.session.get_one(Snapshot, run.id)) == {"lines": 320, "inserted": 30, "updated": 290}
    assert broken_invariants(db) == []
    survived = db.session.execute(text(CONTENT)).scalar_one()

    db.session.execute(
        text("TRUNCATE order_items, order_revisions, orders, daily_sales, daily_product_sales, product_metrics CASCADE")
    )
    db.session.execute(
        text(
            "UPDATE customer_metrics SET orders_count = 0, total_spent = 0, first_order_at = NULL, last_order_at = NULL"
        )
    )
    db.session.commit()
    load(app, shop, first)
    load(app, shop, second, mode="partial")
    assert db.session.execute(text(CONTENT)).scalar_one() == survived


def let_locks_run_out(app: Flask, db: SQLAlchemy) -> None:
    """What twenty seconds would do: the killed process's lock and lease run out."""
    db.session.execute(text("UPDATE job_leases SET expires_at = now() - interval '1 second'"))
    db.session.commit()
    connection = app.extensions["redis"]
    for key in connection.scan_iter("pult:lock:*"):
        connection.delete(key)


def test_staging_resumes_at_the_cursor_and_repeats_no_chunk(
    app: Flask, db: SQLAlchemy, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BLOCK", 4096)
    monkeypatch.setattr(reading, "BATCH_BYTES", 4096)
    points = iter(range(10_000))

    def stop_at_the_fifth(name: str) -> None:
        if name == "stage.before_chunk" and next(points) == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(conducting, "fault_point", stop_at_the_fifth)
    with pytest.raises(KeyboardInterrupt):
        load(app, shop, packed(*(an_order_line(str(number)) for number in range(100))))
    db.session.rollback()
    run = db.session.scalars(select(Snapshot)).one()
    assert (run.state, run.phase) == ("running", "stage")
    assert 0 < run.cursor_line < 100
    at = run.cursor_line
    conduct(run.id, app.extensions["pult"])
    db.session.rollback()
    assert books(db.session.get_one(Snapshot, run.id)) == {"lines": 100, "inserted": 100}
    assert next(points) - 6 <= 100 - at + 1
    assert [row.outcome for row in db.session.scalars(select(SnapshotAttempt).order_by(SnapshotAttempt.number))] == [
        "lost",
        "done",
    ]
    assert broken_invariants(db) == []


def test_a_server_crash_that_empties_staging_starts_the_file_over(
    app: Flask, db: SQLAlchemy, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(name: str) -> None:
        if name == "stage.done":
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(conducting, "fault_point", stop)
        with pytest.raises(KeyboardInterrupt):
            load(app, shop, packed(*(an_order_line(str(number)) for number in range(20)), b"{broken"))
    db.session.rollback()
    run = db.session.scalars(select(Snapshot)).one()
    for name in ("main", "parts", "seen"):
        db.session.execute(text(f"TRUNCATE staging.s{run.id}_{name}"))  # what recovery does to unlogged tables
    db.session.commit()
    conduct(run.id, app.extensions["pult"])
    db.session.rollback()
    assert books(db.session.get_one(Snapshot, run.id)) == {"lines": 21, "inserted": 20, "quarantined": 1}
    assert broken_invariants(db) == []


def test_a_run_that_lost_its_lease_cannot_write(
    app: Flask, db: SQLAlchemy, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shop.locks import LostLease

    def steal(name: str) -> None:
        if name == "publish.before":
            db.session.execute(text("UPDATE job_leases SET fence = fence + 1, holder = 'another'"))
            db.session.commit()

    monkeypatch.setattr(conducting, "fault_point", steal)
    with pytest.raises(LostLease):
        load(app, shop, packed(an_order_line("1")))
    db.session.rollback()
    assert db.session.execute(text("SELECT count(*) FROM orders")).scalar_one() == 0
    assert db.session.scalars(select(Snapshot.state)).one() == "running"


def test_kinds_do_not_wait_for_each_other(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    from shop.locks import held

    with held(f"snapshot:{shop.id}:orders", app.extensions["pult"].redis_url):
        from tests.snapshots.files import a_product_line

        assert load(app, shop, packed(a_product_line("p", "A")), Kind.PRODUCTS).state == "done"
