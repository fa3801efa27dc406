"""A run as it is followed from outside, while other processes work on it."""

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from shop.snapshots.models import Snapshot, SnapshotAttempt
from tests.workers import until


def row(db: SQLAlchemy, run: int) -> Snapshot:
    db.session.rollback()
    return db.session.get_one(Snapshot, run, populate_existing=True)


def ended(db: SQLAlchemy, run: int, within: float = 60) -> Snapshot:
    until(lambda: not row(db, run).is_live, within)
    return row(db, run)


def outcomes(db: SQLAlchemy, run: int) -> list[str | None]:
    db.session.rollback()
    query = select(SnapshotAttempt.outcome).where(SnapshotAttempt.snapshot_id == run).order_by(SnapshotAttempt.number)
    return list(db.session.scalars(query))
