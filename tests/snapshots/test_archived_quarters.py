"""Orders whose quarter is archived: set aside and told, never half written, and taken in once the quarter is back."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from shop.db import raw_connection
from shop.partitions.creating import ensure
from shop.partitions.quarters import Quarter
from shop.shops.models import Shop
from shop.snapshots import setting_aside
from shop.snapshots.conducting import Conductor, conduct
from shop.snapshots.models import Snapshot
from shop.snapshots.redriving import request_redrive
from shop.snapshots.replaying import request_preview
from shop.snapshots.undoing import Undone
from tests.partitions.put_away import bring_back, put_away, retire
from tests.snapshots.files import a_line, an_order_line, books, load, packed
from tests.snapshots.invariants import broken_invariants
from tests.snapshots.taken_again import replayed, undone, waiting

AWAY = Quarter(2024, 2)


def old(code: str, *, day: str = "2024-05-06", **more: Any) -> dict[str, Any]:
    return an_order_line(code, **{"creationTime": f"{day}T10:00:00+0000", **more})


OLD = [old("same"), old("changes"), old("goes"), old("gone")]
FIRST = packed(*OLD, an_order_line("today"))
NEXT = (  # a bad line keeps every deletion back, a line of an archived quarter none
    old("same"),
    old("changes", changed=9, lines=[a_line("SKU-2", "484.00", 4.0)]),
    old("gone"),
    old("late"),
    an_order_line("today", changed=9, status=70),
)


@pytest.fixture
def archived(app: Flask, db: SQLAlchemy, shop: Shop) -> Iterator[None]:
    """Four orders whose lines are archived, one of them deleted before, and one of today."""
    load(app, shop, FIRST)
    load(app, shop, packed(*OLD[:3], an_order_line("today")))
    with put_away(AWAY):
        yield
        db.session.rollback()


def told(db: SQLAlchemy, run: Snapshot) -> dict[int, str]:
    query = "SELECT line, error_code || ': ' || reason FROM quarantined_records WHERE snapshot_id = :run ORDER BY line"
    return {row.line: row[1] for row in db.session.execute(text(query), {"run": run.id})}


@pytest.mark.usefixtures("archived")
def test_m14_what_needs_an_archived_quarter_is_set_aside_and_the_rest_is_published(
    app: Flask, db: SQLAlchemy, shop: Shop
) -> None:
    before = people(db)
    run = load(app, shop, packed(*NEXT))
    assert books(run) == {"lines": 5, "updated": 1, "unchanged": 1, "quarantined": 3}
    found = told(db, run)
    assert set(found) == {2, 3, 4}
    assert all(
        words.startswith("retired_range: ") and "flask partitions restore 2024-Q2" in words for words in found.values()
    )
    assert ["stays as it was" in found[2], "stays marked as deleted" in found[3], "was not taken in" in found[4]] == [
        True
    ] * 3
    assert run.remark is not None
    assert "order that the shop no longer has stays as before" in run.remark
    assert "2024-Q2" in run.remark
    assert broken_invariants(db) == []
    assert people(db) == before
    sold = "SELECT sku, orders, units, sales FROM product_metrics WHERE shop_id = :shop"
    assert [tuple(row) for row in db.session.execute(text(sold), {"shop": shop.id})] == [("SKU-1", 4, 4, 400)]


def people(db: SQLAlchemy) -> list[tuple[Any, ...]]:
    query = "SELECT o.code, o.email, o.total, o.deleted_at FROM orders o ORDER BY 1"
    return [tuple(row) for row in db.session.execute(text(query))]


@pytest.mark.usefixtures("archived")
def test_the_same_again_sets_the_same_aside_and_bytes_are_kept_whole(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    load(app, shop, packed(*NEXT))
    run = load(app, shop, packed(*NEXT))
    assert books(run) == {"lines": 5, "unchanged": 2, "quarantined": 3}
    raw = db.session.execute(
        text("SELECT raw, raw_bytes, byte_offset FROM quarantined_records WHERE snapshot_id = :run AND line = 4"),
        {"run": run.id},
    ).one()
    assert json.loads(raw.raw) == NEXT[3]
    assert raw.raw_bytes == len(raw.raw)
    assert raw.byte_offset == sum(len(json.dumps(line, ensure_ascii=False).encode()) + 1 for line in NEXT[:3])


@pytest.mark.usefixtures("archived")
def test_many_of_them_do_not_condemn_the_file(
    app: Flask, db: SQLAlchemy, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setting_aside, "STEP", 50)
    run = load(app, shop, packed(*(old(f"late-{number}") for number in range(120))), mode="partial")
    assert books(run) == {"lines": 120, "quarantined": 120}
    assert len(told(db, run)) == 120
    assert broken_invariants(db) == []


@pytest.mark.usefixtures("archived")
def test_m14_once_the_quarter_is_back_the_records_are_taken_in(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    run = load(app, shop, packed(*NEXT))
    assert books(redriven(app, db, run)) == {"lines": 3, "quarantined": 3}, "it is still away"
    assert waiting_of(db, run) == 3
    bring_back(AWAY)
    assert books(redriven(app, db, run)) == {"lines": 3, "inserted": 1, "updated": 2}
    assert waiting_of(db, run) == 0
    assert broken_invariants(db) == []
    last = load(app, shop, packed(*NEXT))
    assert books(last) == {"lines": 5, "unchanged": 5, "deleted": 1}
    assert last.remark is None
    assert broken_invariants(db) == []


def redriven(app: Flask, db: SQLAlchemy, run: Snapshot) -> Snapshot:
    again = request_redrive(db.session.get_one(Snapshot, run.id), "test").id
    db.session.commit()
    conduct(again, app.extensions["pult"])
    return db.session.get_one(Snapshot, again)


def waiting_of(db: SQLAlchemy, run: Snapshot) -> int:
    query = "SELECT count(*) FROM quarantined_records WHERE snapshot_id = :run AND accepted_at IS NULL"
    return int(db.session.execute(text(query), {"run": run.id}).scalar_one())


@pytest.mark.usefixtures("archived")
def test_a_preview_tells_it_and_a_replay_does_it(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    file = waiting(app, db, shop, packed(*NEXT))
    preview = request_preview(db.session.get_one(Snapshot, file), "test").id
    db.session.commit()
    conduct(preview, app.extensions["pult"])
    looked = db.session.get_one(Snapshot, preview)
    assert looked.difference is not None
    counts = {name: count for name, count in looked.difference["counts"].items() if count}
    assert counts == {"lines": 5, "updated": 1, "unchanged": 1, "quarantined": 3}
    assert (looked.quarantined, len(told(db, looked))) == (3, 3)
    assert looked.remark is not None
    assert "stays as before" in looked.remark
    assert books(replayed(app, db, file)) == {"lines": 5, "updated": 1, "unchanged": 1, "quarantined": 3}
    assert broken_invariants(db) == []


def test_an_undo_leaves_what_was_archived_since(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    load(app, shop, FIRST)
    replay = replayed(app, db, waiting(app, db, shop, packed(*NEXT)))
    assert books(replay) == {"lines": 5, "inserted": 1, "updated": 2, "unchanged": 2, "deleted": 1}
    with put_away(AWAY):
        found = undone(app, replay.id)
        assert found == Undone(put_back=1, taken_out=0, kept=0, archived=3)
        assert "orders stayed because their lines were archived since" in str(found)
        assert broken_invariants(db) == []
        db.session.rollback()


def test_a_quarter_that_is_archived_between_plan_and_publish_is_noticed(
    app: Flask, db: SQLAlchemy, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(app, shop, FIRST)
    publish, tries = Conductor.publish, []

    def archived_first(conductor: Conductor, *given: Any) -> None:
        tries.append(given)
        if len(tries) == 1:
            retire(AWAY)
        publish(conductor, *given)

    monkeypatch.setattr(Conductor, "publish", archived_first)
    with cleared_away():
        run = load(app, shop, packed(*NEXT))
        assert len(tries) == 2
        assert books(run) == {"lines": 5, "updated": 1, "unchanged": 2, "quarantined": 2}
        assert broken_invariants(db) == []
        db.session.rollback()


@contextmanager
def cleared_away() -> Iterator[None]:
    """Make the quarter anew behind a test that archives it itself."""
    try:
        yield
    finally:
        with raw_connection(autocommit=True) as connection:
            connection.execute("DELETE FROM partition_archives")
            connection.execute(f"DROP TABLE IF EXISTS {AWAY.table}_retired")
            ensure([AWAY], "test")
