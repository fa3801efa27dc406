"""How fresh each shop's records are, and what there is to know about runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ARRAY, Integer, Text, bindparam, func, select, text
from sqlalchemy.orm import Session

from shop.db import db, found_by
from shop.languages import N_
from shop.snapshots.models import LIVE, FailedSnapshot, QuarantinedRecord, Snapshot, SnapshotAttempt

MOST_REASONS = 5
KINDS = (N_("orders"), N_("customers"), N_("products"))


@dataclass(frozen=True)
class Freshness:
    """Up to when one kind of a shop's records is known, and by which run. Both are None before the first one is done."""

    shop_id: int
    kind: str
    as_of: datetime | None
    snapshot_id: int | None


class SnapshotFile(NamedTuple):
    """What a page says of the file of a run."""

    file_name: str | None
    file_sha256: str | None


@dataclass(frozen=True)
class Reason:
    """Why records of a run were set aside, where in them, and how many."""

    reason: str
    path: str
    records: int


# As text, because every page asks for it: a query over VALUES is compiled anew each time. What is taken again is older than a load.
NEWEST = text("""
    SELECT s.id, k.kind, newest.as_of, newest.id
    FROM unnest(:shops) AS s(id) CROSS JOIN unnest(:kinds) WITH ORDINALITY AS k(kind, place)
         LEFT JOIN LATERAL (
             SELECT id, coalesce(as_of, finished_at) AS as_of FROM snapshots
             WHERE shop_id = s.id AND kind = k.kind AND state = 'done' AND purpose = 'load' ORDER BY id DESC LIMIT 1
         ) AS newest ON true
    ORDER BY s.id, k.place""").bindparams(
    bindparam("shops", type_=ARRAY(Integer)), bindparam("kinds", type_=ARRAY(Text))
)


FILE = text("SELECT file_name, file_sha256 FROM snapshots WHERE id = :id")


def freshness(shop_ids: Sequence[int], kinds: Sequence[str] = KINDS) -> list[Freshness]:
    """Return the newest done run of every shop and kind, by shop and in the order of the kinds."""
    asked = {"shops": list(shop_ids), "kinds": list(kinds)}
    return [Freshness(*found) for found in found_by(db.session(), NEWEST, asked)] if shop_ids and kinds else []


def file_of(snapshot_id: int) -> SnapshotFile | None:
    """Return the stored file of a run; None for a run that is gone."""
    found = db.session.execute(FILE, {"id": snapshot_id}).one_or_none()
    return SnapshotFile(*found) if found else None


def snapshots_by_id(session: Session, ids: Sequence[int]) -> list[Snapshot]:
    """Return the runs in the order of the numbers; one that is gone is left out."""
    found = {run.id: run for run in session.scalars(select(Snapshot).where(Snapshot.id.in_(ids)))}
    return [found[id_] for id_ in ids if id_ in found]


def live_snapshots(shop_ids: Sequence[int]) -> list[tuple[Snapshot, SnapshotAttempt | None]]:
    """Return the runs that wait or run, oldest first, each with its latest attempt."""
    latest = (SnapshotAttempt.snapshot_id == Snapshot.id) & (SnapshotAttempt.number == Snapshot.attempts)
    query = (
        select(Snapshot, SnapshotAttempt)
        .outerjoin(SnapshotAttempt, latest)
        .where(Snapshot.state.in_(LIVE), Snapshot.shop_id.in_(shop_ids))
        .order_by(Snapshot.id)
    )
    return [(run, attempt) for run, attempt in db.session.execute(query)]


def late_runs(by: timedelta) -> int:
    """Return how many runs that were given back should have been looked at that long ago, and were not."""
    late = Snapshot.look_at < func.clock_timestamp() - by
    query = select(func.count()).where(Snapshot.state == "queued", late)
    return db.session.scalar(query) or 0


def attempts_of(snapshot_id: int) -> Sequence[SnapshotAttempt]:
    """Return every go at a run, the latest first."""
    query = select(SnapshotAttempt).where(SnapshotAttempt.snapshot_id == snapshot_id)
    return db.session.scalars(query.order_by(SnapshotAttempt.number.desc())).all()


def quarantined_of(snapshot_id: int, after_line: int, limit: int) -> Sequence[QuarantinedRecord]:
    """Return the records of a run that were set aside, from behind a line on, in the order of the file."""
    query = select(QuarantinedRecord).where(
        QuarantinedRecord.snapshot_id == snapshot_id, QuarantinedRecord.line > after_line
    )
    return db.session.scalars(query.order_by(QuarantinedRecord.line).limit(limit)).all()


def reasons_of(snapshot_id: int) -> list[Reason]:
    """Return the most frequent reasons; records that differ only in their values share the code and the place."""
    records = func.count()
    query = (
        select(func.min(QuarantinedRecord.reason), QuarantinedRecord.path, records)
        .where(QuarantinedRecord.snapshot_id == snapshot_id)
        .group_by(QuarantinedRecord.error_code, QuarantinedRecord.path)
        .order_by(records.desc(), QuarantinedRecord.path)
        .limit(MOST_REASONS)
    )
    return [Reason(*found) for found in db.session.execute(query)]


def open_failures() -> tuple[int, int]:
    """Count the open failures that are tried again by themselves, and those that wait for a person."""
    parked = FailedSnapshot.retry_at.is_(None) & Snapshot.state.in_(("failed", "cancelled"))
    query = (
        db.select(func.count(), func.count().filter(parked))
        .select_from(FailedSnapshot)
        .join(Snapshot, Snapshot.id == FailedSnapshot.snapshot_id)
        .where(FailedSnapshot.resolved_at.is_(None))
    )
    every, waiting = db.session.execute(query).one()
    return every - waiting, waiting
