"""A run stopped by a person: before its publish or not at all."""

import threading

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from shop.audit.models import AuditEntry
from shop.errors import Conflict
from shop.locks import LostLease
from shop.orders.models import Order
from shop.shops.models import Shop
from shop.snapshots import cancelling, conducting
from shop.snapshots.cancelling import cancel
from shop.snapshots.conducting import conduct
from shop.snapshots.models import Snapshot, SnapshotAttempt
from shop.snapshots.reopening import reopen
from tests.snapshots.files import an_order_line, books, packed, stored_run
from tests.snapshots.invariants import broken_invariants

FILE = packed(*(an_order_line(str(number)) for number in range(5)))


def stopped_at(app: Flask, run_id: int, point: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let another person press stop while the run passes a point; return what that person was told."""
    told: list[str] = []

    def press() -> None:
        with app.app_context():
            try:
                cancel(conducting.db.session.get_one(Snapshot, run_id), "ota@example.com")
                conducting.db.session.commit()
                told.append("stopped")
            except Conflict as error:
                told.append(error.message)

    def passing(name: str) -> None:
        if name == point and not told:
            presser = threading.Thread(target=press)
            presser.start()
            presser.join(timeout=20)

    monkeypatch.setattr(conducting, "fault_point", passing)
    return told


@pytest.mark.parametrize("point", ["stage.before_chunk", "stage.done", "publish.before"])
def test_before_the_publish_nothing_is_left_of_it(
    app: Flask, db: SQLAlchemy, shop: Shop, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """U2. Stopped in time: not a row of it is there, and it can be taken up again."""
    run = stored_run(app, shop, FILE)
    told = stopped_at(app, run, point, monkeypatch)
    with pytest.raises(LostLease):
        conduct(run, app.extensions["pult"])
    assert told == ["stopped"]
    db.session.rollback()
    assert db.session.get_one(Snapshot, run).state == "cancelled"
    assert db.session.scalars(select(SnapshotAttempt.outcome)).all() == ["cancelled"]
    assert db.session.scalars(select(Order)).all() == []
    assert db.session.execute(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'staging'")).scalar_one() == 0
    assert reopen(db.session.get_one(Snapshot, run))
    db.session.commit()
    conduct(run, app.extensions["pult"])
    assert books(db.session.get_one(Snapshot, run)) == {"lines": 5, "inserted": 5}
    assert broken_invariants(db) == []


def test_during_the_publish_it_is_too_late(
    app: Flask, db: SQLAlchemy, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """U2. Pressed while everything is being written: the publish goes through whole, and the person is told."""
    monkeypatch.setattr(cancelling, "WAITS", "200ms")
    run = stored_run(app, shop, FILE)
    told = stopped_at(app, run, "publish.before_commit", monkeypatch)
    conduct(run, app.extensions["pult"])
    assert len(told) == 1
    assert "cannot be stopped any more" in told[0]
    db.session.rollback()
    assert books(db.session.get_one(Snapshot, run)) == {"lines": 5, "inserted": 5}
    assert len(db.session.scalars(select(Order)).all()) == 5
    assert broken_invariants(db) == []


def test_a_waiting_run_is_stopped_by_command_once(
    app: Flask, db: SQLAlchemy, shop: Shop, runner: FlaskCliRunner
) -> None:
    run = stored_run(app, shop, FILE)
    told = runner.invoke(args=["snapshots", "cancel", str(run)])
    assert (told.exit_code, "is stopped" in told.output) == (0, True)
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "snapshot_cancelled")).one()
    assert entry.details == {"kind": "orders", "phase": "wait"}
    again = runner.invoke(args=["snapshots", "cancel", str(run)])
    assert (again.exit_code, "is cancelled already" in again.output) == (1, True)
    conduct(run, app.extensions["pult"])
    assert db.session.scalars(select(Order)).all() == []
