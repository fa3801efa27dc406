"""Failures as the recovery page's tests need them, and how they stand now."""

from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from shop.snapshots.models import FailedSnapshot, Snapshot

CRASH = {
    "fingerprint": "orders:crashed:KeyError:staging.stage",
    "error": "Pult itself failed.",
    "error_code": "crashed",
}
FOR_GOOD: dict[str, Any] = {"permanent": True, "retry_at": None}


def fresh(db: SQLAlchemy, failed: FailedSnapshot) -> FailedSnapshot:
    db.session.rollback()
    db.session.refresh(failed)
    return failed


def state_of(db: SQLAlchemy, failed: FailedSnapshot) -> str:
    return db.session.scalars(select(Snapshot.state).where(Snapshot.id == failed.snapshot_id)).one()
