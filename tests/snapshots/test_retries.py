"""What becomes of a run that fails: tried again by itself, then hourly, then left to a person; closed by success."""

from datetime import timedelta

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from shop.errors import ShopError
from shop.shops.models import Shop
from shop.snapshots import conducting, retries
from shop.snapshots.conducting import conduct
from shop.snapshots.failing import Failed, failure_of, trace_of
from shop.snapshots.models import FailedSnapshot, Snapshot, SnapshotAttempt
from shop.snapshots.reopening import BUDGET, dismiss, reopen, reopen_due
from tests.builders import a_shop
from tests.snapshots.files import an_order_line, books, load, packed, stored_run
from tests.snapshots.invariants import broken_invariants

FILE = packed(*(an_order_line(str(number)) for number in range(5)))


def break_at(monkeypatch: pytest.MonkeyPatch, point: str, error: BaseException, times: int) -> None:
    """Let the first `times` passes of a point fail."""
    left = iter(range(times))

    def broken(name: str) -> None:
        if name == point and next(left, None) is not None:
            raise error

    monkeypatch.setattr(conducting, "fault_point", broken)


def carried_on(app: Flask, db: SQLAlchemy, run_id: int) -> Snapshot:
    """Let a worker take the run up, its rest being over."""
    db.session.rollback()
    db.session.execute(text("UPDATE snapshots SET look_at = clock_timestamp() WHERE look_at IS NOT NULL"))
    db.session.commit()
    conduct(run_id, app.extensions["pult"])
    db.session.rollback()
    return db.session.get_one(Snapshot, run_id)


def outcomes(db: SQLAlchemy) -> list[str | None]:
    return list(db.session.scalars(select(SnapshotAttempt.outcome).order_by(SnapshotAttempt.number)))


@pytest.mark.parametrize(
    "error", [psycopg.errors.DeadlockDetected("a victim"), psycopg.errors.SerializationFailure("two at once")]
)
def test_d6_d7_a_run_that_met_a_deadlock_is_tried_again_by_itself(
    app: Flask, db: SQLAlchemy, shop: Shop, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """D6, D7. The database chose this run as the victim; three times it is tried again, each after a longer rest."""
    break_at(monkeypatch, "publish.before_commit", error, times=3)
    run = stored_run(app, shop, FILE)
    for tries in (1, 2, 3):
        rests = carried_on(app, db, run)
        assert (rests.state, rests.stumbles, rests.error) == ("queued", tries, None)
        assert rests.look_at is not None
        wait = (rests.look_at - db.session.execute(text("SELECT clock_timestamp()")).scalar_one()).total_seconds()
        assert retries.RESTS[tries - 1] * 0.7 < wait < retries.RESTS[tries - 1] * 1.3
    assert books(carried_on(app, db, run)) == {"lines": 5, "inserted": 5}
    assert outcomes(db) == ["failed", "failed", "failed", "done"]
    assert db.session.scalars(select(FailedSnapshot)).all() == []
    assert broken_invariants(db) == []


def test_f28_after_three_retries_the_failure_waits_for_the_hour(
    app: Flask, db: SQLAlchemy, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F28, from the fourth failure on: the hourly sweep takes it up, and success closes it."""
    break_at(monkeypatch, "publish.before_commit", psycopg.errors.DeadlockDetected("a victim"), times=5)
    run = stored_run(app, shop, FILE)
    for _try in range(3):
        carried_on(app, db, run)
    with pytest.raises(Failed, match="busy with other work"):
        carried_on(app, db, run)
    failed = db.session.scalars(select(FailedSnapshot)).one()
    assert (failed.permanent, failed.sweeps, failed.resolved_at) == (False, 0, None)
    assert failed.retry_at is not None
    assert abs(failed.retry_at - failed.failed_at - retries.BETWEEN_SWEEPS) < timedelta(seconds=1)
    assert reopen_due() == [], "an hour has not passed"
    an_hour_passes(db)
    assert reopen_due() == [run]
    db.session.commit()
    assert reopen_due() == [], "it is being tried"
    assert carried_on(app, db, run).state == "queued", "the fifth failure rests like a first one"
    assert carried_on(app, db, run).state == "done"
    closed = db.session.scalars(select(FailedSnapshot)).one()
    assert (closed.sweeps, closed.resolution) == (1, "it succeeded when it was tried again")


def an_hour_passes(db: SQLAlchemy) -> None:
    db.session.execute(text("UPDATE failed_snapshots SET retry_at = retry_at - interval '61 minutes'"))
    db.session.commit()


def test_a_failure_that_does_not_pass_is_not_hammered(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    with pytest.raises(ShopError):
        load(app, shop, packed(an_order_line("1"))[:-5])
    failed = db.session.scalars(select(FailedSnapshot)).one()
    assert (failed.permanent, failed.retry_at, failed.fingerprint) == (True, None, "orders:damaged_file")
    an_hour_passes(db)
    assert reopen_due() == []


def test_the_sweep_has_a_budget_and_gives_up_after_a_day(app: Flask, db: SQLAlchemy) -> None:
    shops = [a_shop(f"shop-{number}") for number in range(BUDGET + 3)]
    runs = [a_failure(db, shop) for shop in shops]
    an_hour_passes(db)
    first = reopen_due()
    db.session.commit()
    assert first == runs[:BUDGET], "the oldest first"
    assert reopen_due() == runs[BUDGET:]
    db.session.commit()
    worn = db.session.scalars(select(FailedSnapshot).where(FailedSnapshot.snapshot_id == runs[0])).one()
    worn.sweeps = retries.most_sweeps()
    db.session.commit()
    with pytest.raises(ShopError):  # its file is not there
        conduct(runs[0], app.extensions["pult"])
    db.session.rollback()
    db.session.refresh(worn)
    assert worn.retry_at is None, "only a person takes it up now"


def a_failure(db: SQLAlchemy, shop: Shop, kind: str = "orders", **more: object) -> int:
    values = {"mode": "partial", "state": "failed", "requested_by": "schedule", "file_path": "none.gz"} | more
    run = Snapshot(shop_id=shop.id, kind=kind, **values)
    db.session.add(run)
    db.session.flush()
    now = db.session.execute(text("SELECT clock_timestamp()")).scalar_one()
    words = {"error": "Away.", "error_code": "unreachable", "fingerprint": "unreachable", "permanent": False}
    retry_at = now + timedelta(hours=1)
    db.session.add(FailedSnapshot(shop_id=shop.id, kind=kind, snapshot_id=run.id, retry_at=retry_at, **words))
    db.session.commit()
    return run.id


def test_only_the_newest_failure_of_a_shop_and_kind_is_tried(db: SQLAlchemy, shop: Shop) -> None:
    a_failure(db, shop)
    newest = a_failure(db, shop)
    customers = a_failure(db, shop, "customers")
    an_hour_passes(db)
    assert sorted(reopen_due()) == [newest, customers]


@pytest.mark.parametrize("values", [{"state": "paused"}, {"problem": "No token.", "problem_code": "bad_credentials"}])
def test_a_shop_that_rests_is_left_alone(db: SQLAlchemy, shop: Shop, values: dict[str, str]) -> None:
    a_failure(db, shop, file_path=None, way="export")
    for name, value in values.items():
        setattr(shop, name, value)
    db.session.commit()
    an_hour_passes(db)
    assert reopen_due() == []


@pytest.mark.parametrize(
    ("failed", "later", "covers"),
    [
        ({"mode": "partial"}, "full", True),  # everything is in a later complete file
        ({"mode": "full"}, "partial", False),  # what it would have deleted is still there
        ({"mode": "partial"}, "partial", False),  # handed-in parts have nothing to do with each other
    ],
)
def test_a_later_success_closes_what_it_covers(
    app: Flask, db: SQLAlchemy, shop: Shop, failed: dict[str, str], later: str, covers: bool
) -> None:
    a_failure(db, shop, **failed)
    load(app, shop, FILE, mode=later)
    resolution = db.session.scalars(select(FailedSnapshot.resolution)).one()
    assert (resolution == "a later snapshot succeeded") is covers


def test_taking_up_a_run_that_was_just_taken_up_does_nothing(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    run = db.session.get_one(Snapshot, a_failure(db, shop))
    assert reopen(run)
    db.session.commit()
    assert not reopen(run)


def test_a_dismissed_failure_is_closed_with_its_reason(db: SQLAlchemy, shop: Shop) -> None:
    run = a_failure(db, shop)
    failed = db.session.scalars(select(FailedSnapshot)).one()
    dismiss(failed, "jana@example.com", "The shop was closed.")
    db.session.commit()
    an_hour_passes(db)
    assert reopen_due() == []
    assert (failed.resolved_by, failed.resolution) == ("jana@example.com", "The shop was closed.")
    assert db.session.get_one(Snapshot, run).state == "failed"


def test_a_crash_is_grouped_by_its_place_and_its_trace_holds_no_values() -> None:
    def crash() -> BaseException:
        try:
            trace_of(None)  # type: ignore[arg-type]
        except AttributeError as error:
            return error
        raise AssertionError

    first, second = crash(), ValueError("token tok_123 of jana@example.com")
    assert failure_of(first, "orders").fingerprint.startswith("orders:crashed:AttributeError:")
    assert failure_of(second, "orders").fingerprint == "orders:crashed:ValueError:"
    assert "tok_123" not in trace_of(second) + failure_of(second, "orders").message


def test_the_doctor_tells_who_waits_for_a_person(db: SQLAlchemy, shop: Shop, runner: FlaskCliRunner) -> None:
    def told() -> str:
        return " ".join(runner.invoke(args=["doctor"]).output.split())

    assert "failed snapshots: none" in told()
    a_failure(db, shop)
    assert "failed snapshots: 1 are tried again by themselves" in told()
    parked = db.session.get_one(Snapshot, a_failure(db, shop, "customers"))
    db.session.execute(text("UPDATE failed_snapshots SET retry_at = NULL WHERE kind = 'customers'"))
    db.session.commit()
    assert "failed snapshots: 1 wait for a person, 1 are tried again" in told()
    assert reopen(parked)
    db.session.commit()
    assert "wait for a person" not in told(), "it is being tried"
