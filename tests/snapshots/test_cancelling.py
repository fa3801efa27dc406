"""A run stopped by a person: before its publish or not at all."""

import threading
from contextlib import suppress

import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
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
from tests.builders import a_manager, a_shop, posted, signed_in
from tests.snapshots.files import an_order_line, books, packed, stored_run
from tests.snapshots.invariants import broken_invariants
from tests.snapshots.page_parts import opened, operated, trail

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
def test_u2_before_the_publish_nothing_is_left_of_it(
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


def test_u2_during_the_publish_it_is_too_late(
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


def test_u2_pressed_on_the_page_it_is_stopped_once_and_told(app: Flask, db: SQLAlchemy, client: FlaskClient) -> None:
    """U2. The button of a run that waits, and of one that is being read; a second press changes nothing."""
    shop = operated(client)
    run = stored_run(app, shop, FILE)
    page = opened(client, f"/snapshots/{run}")
    assert page.form(f"/snapshots/{run}/cancellation")
    for _ in range(2):
        assert posted(client, f"/snapshots/{run}/cancellation").location == f"/snapshots/{run}"
    assert opened(client, f"/snapshots/{run}").has("Stopped by ota@example.com. Nothing of it was published")
    assert trail(db) == [("snapshot_cancelled", f"snapshot {run}")]
    conduct(run, app.extensions["pult"])
    assert db.session.scalars(select(Order)).all() == []
    assert posted(client, f"/snapshots/{run}/retry").status_code == 303
    conduct(run, app.extensions["pult"])
    assert posted(client, f"/snapshots/{run}/cancellation").status_code == 409, "what is done cannot be stopped"
    assert books(db.session.get_one(Snapshot, run)) == {"lines": 5, "inserted": 5}
    assert not opened(client, f"/snapshots/{run}").has("Stop…")


@pytest.mark.parametrize(
    ("point", "told", "state"),
    [("stage.done", "is stopped", "cancelled"), ("publish.before_commit", "cannot be stopped any more", "done")],
)
def test_u2_the_button_stops_a_run_before_its_publish_or_not_at_all(
    app: Flask, db: SQLAlchemy, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, point: str, told: str, state: str
) -> None:
    """U2. Pressed while a worker has the run: what is stopped leaves nothing, what is being published goes through."""
    monkeypatch.setattr(cancelling, "WAITS", "200ms")
    run = stored_run(app, operated(client), FILE)
    answers: list[str] = []

    def passing(name: str) -> None:
        if name == point and not answers:
            answers.append("")
            answers[0] = pressed_elsewhere(client, f"/snapshots/{run}/cancellation")

    monkeypatch.setattr(conducting, "fault_point", passing)
    with suppress(LostLease):
        conduct(run, app.extensions["pult"])
    assert told in answers[0]
    db.session.rollback()
    assert db.session.get_one(Snapshot, run).state == state
    assert len(db.session.scalars(select(Order)).all()) == (5 if state == "done" else 0)
    assert broken_invariants(db) == []


def pressed_elsewhere(client: FlaskClient, path: str) -> str:
    """Press a button in a thread of its own, beside the run; return the page that it leads to."""
    found: list[str] = []

    def press() -> None:
        answer = posted(client, path)
        found.append(client.get(answer.location).text if answer.location else answer.text)

    presser = threading.Thread(target=press)
    presser.start()
    presser.join(timeout=20)
    return found[0]


def test_only_who_runs_snapshots_of_the_shop_may_stop_one(app: Flask, client: FlaskClient) -> None:
    """Boundary: another shop's run does not exist; a manager sees no button and may not press."""
    shop = operated(client)
    foreign, own = stored_run(app, a_shop("brno"), FILE), stored_run(app, shop, FILE)
    assert posted(client, f"/snapshots/{foreign}/cancellation").status_code == 404
    assert client.post(f"/snapshots/{own}/cancellation").status_code == 400, "without its token"
    signed_in(client, a_manager([shop]))
    assert posted(client, f"/snapshots/{own}/cancellation").status_code == 403
