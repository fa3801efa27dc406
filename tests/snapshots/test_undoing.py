"""A replay undone within a day: rows, lines, folds and metrics are what they were, and nothing newer is lost."""

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from shop import chores
from shop.audit.models import AuditEntry
from shop.errors import Conflict
from shop.orders.models import Order
from shop.platforms.records import Kind
from shop.shops.models import Shop
from shop.snapshots import commands, undoing
from shop.snapshots.conducting import conduct
from shop.snapshots.models import OverwrittenOrder, Snapshot
from shop.snapshots.replaying import request_replay
from shop.snapshots.undoing import Undone
from tests.snapshots.files import a_customer_line, a_line, an_order_line, books, load, packed
from tests.snapshots.invariants import broken_invariants
from tests.snapshots.taken_again import contents, replayed, undone, waiting

FIRST = packed(
    an_order_line("same"),
    an_order_line("changes", status=-1, lines=[a_line("SKU-1"), a_line("SKU-9", "50.00", 2.0)]),
    an_order_line("goes", lines=[a_line("SKU-3", "99.00")]),
    an_order_line("gone"),
)
AGAIN = packed(
    an_order_line("same"),
    an_order_line("changes", changed=5, lines=[a_line("SKU-2", "484.00", 4.0)], email="other@example.com"),
    an_order_line("gone"),
    an_order_line("new", lines=[a_line("SKU-1", "60.50")]),
)


@pytest.fixture
def file(app: Flask, db: SQLAlchemy, shop: Shop) -> int:
    """A stored file that changes, deletes, revives and brings in one order each."""
    load(app, shop, FIRST)
    load(
        app,
        shop,
        packed(
            an_order_line("same"),
            an_order_line("changes", status=-1, lines=[a_line("SKU-1"), a_line("SKU-9", "50.00", 2.0)]),
            an_order_line("goes", lines=[a_line("SKU-3", "99.00")]),
        ),
    )
    return waiting(app, db, shop, AGAIN)


def test_undoing_puts_everything_back(app: Flask, db: SQLAlchemy, file: int) -> None:
    before = contents(db)
    replay = replayed(app, db, file)
    assert books(replay) == {"lines": 4, "inserted": 1, "updated": 2, "unchanged": 1, "deleted": 1}
    assert contents(db) != before
    assert undone(app, replay.id) == Undone(put_back=3, taken_out=1, kept=0)
    after = contents(db)
    assert after[:5] + after[6:] == before[:5] + before[6:]  # a SKU that was sold once keeps its product
    assert broken_invariants(db) == []
    db.session.refresh(replay := db.session.get_one(Snapshot, replay.id))
    assert (replay.undone_by, replay.undone) == (
        "ota@example.com",
        {"put_back": 3, "taken_out": 1, "kept": 0, "archived": 0},
    )
    assert db.session.scalars(select(OverwrittenOrder)).all() == []


def test_what_was_undone_can_be_applied_again(app: Flask, db: SQLAlchemy, file: int) -> None:
    first = books(replayed(app, db, file))
    undone(app, db.session.scalars(select(Snapshot.id).order_by(Snapshot.id.desc())).first() or 0)
    assert books(replayed(app, db, file)) == first
    assert broken_invariants(db) == []


def test_an_order_that_was_changed_since_stays(app: Flask, db: SQLAlchemy, shop: Shop, file: int) -> None:
    replay = replayed(app, db, file)
    load(app, shop, packed(an_order_line("changes", changed=9, status=70)), mode="partial")
    assert undone(app, replay.id) == Undone(put_back=2, taken_out=1, kept=1)
    orders = {order.code: order for order in db.session.scalars(select(Order))}
    assert set(orders) == {"same", "changes", "goes", "gone"}
    assert orders["changes"].status_code == "70"
    assert (orders["goes"].deleted_at is None, orders["gone"].deleted_at is None) == (True, False)
    assert broken_invariants(db) == []


def test_an_undo_that_is_killed_has_changed_nothing(
    app: Flask, db: SQLAlchemy, file: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay = replayed(app, db, file)
    before = contents(db)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(undoing.metrics, "refresh", killed)
        with pytest.raises(KeyboardInterrupt):
            undone(app, replay.id)
    assert contents(db) == before
    assert undone(app, replay.id).put_back == 3


def test_what_is_undone_and_its_entry_are_one(
    app: Flask, db: SQLAlchemy, file: int, runner: FlaskCliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the undoing and its entry in the trail: neither is there, and the lease is free again."""
    replay = replayed(app, db, file)
    before = contents(db)

    def killed(*_: object, **__: object) -> None:
        raise SystemExit(9)

    with monkeypatch.context() as patched:
        patched.setattr(commands, "record", killed)
        assert runner.invoke(args=["snapshots", "undo", str(replay.id)]).exit_code == 9
    assert contents(db) == before
    db.session.rollback()
    assert db.session.get_one(Snapshot, replay.id).undone_at is None
    assert runner.invoke(args=["snapshots", "undo", str(replay.id)]).exit_code == 0


def test_it_is_refused_twice_too_late_and_for_what_is_no_replay(
    app: Flask, db: SQLAlchemy, shop: Shop, file: int
) -> None:
    with pytest.raises(Conflict, match="no replay"):
        undone(app, file)
    replay = replayed(app, db, file).id
    undone(app, replay)
    with pytest.raises(Conflict, match="undone already"):
        undone(app, replay)
    late = replayed(app, db, file).id
    db.session.execute(text("UPDATE snapshots SET finished_at = finished_at - interval '25 hours'"))
    db.session.commit()
    with pytest.raises(Conflict, match="more than 24 hours ago"):
        undone(app, late)
    people = load(app, shop, packed(a_customer_line("c1", "a@example.com")), Kind.CUSTOMERS)
    with pytest.raises(Conflict, match="Only replays of orders"):
        undone(app, replayed(app, db, people.id).id)


def test_it_waits_for_no_replay_that_is_under_way(app: Flask, db: SQLAlchemy, file: int) -> None:
    replay = request_replay(db.session.get_one(Snapshot, file), "test").id
    db.session.commit()
    with pytest.raises(Conflict, match="is queued"):
        undone(app, replay)
    conduct(replay, app.extensions["pult"])
    assert undone(app, replay).put_back == 3


def test_what_was_overwritten_is_kept_for_a_day(app: Flask, db: SQLAlchemy, file: int) -> None:
    replayed(app, db, file)
    chores.keep_house()
    assert len(db.session.scalars(select(OverwrittenOrder)).all()) == 4
    db.session.execute(text("UPDATE overwritten_orders SET kept_at = kept_at - interval '25 hours'"))
    assert "4 overwritten orders" in chores.keep_house().words.replace("\N{NO-BREAK SPACE}", " ")
    assert db.session.scalars(select(OverwrittenOrder)).all() == []


def test_an_ordinary_load_keeps_nothing(app: Flask, db: SQLAlchemy, file: int) -> None:
    assert db.session.scalars(select(OverwrittenOrder)).all() == []


def test_the_command_says_what_was_put_back(app: Flask, db: SQLAlchemy, file: int, runner: FlaskCliRunner) -> None:
    replay = replayed(app, db, file).id
    told = runner.invoke(args=["snapshots", "undo", str(replay)])
    assert "3 orders put back as before, 1 taken out again." in told.output.replace("\N{NO-BREAK SPACE}", " ")
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "snapshot_undone")).one()
    assert (entry.subject, entry.details) == (
        f"snapshot {replay}",
        {"put_back": 3, "taken_out": 1, "kept": 0, "archived": 0},
    )
    again = runner.invoke(args=["snapshots", "undo", str(replay)])
    assert again.exit_code == 1
    assert "undone already" in again.output
