"""Open failures in groups that one mend would end, and what a group's page has to know besides."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, column, func, select, true, values
from sqlalchemy.orm import Session

from shop.db import db
from shop.personal import shown
from shop.snapshots.models import LIVE, FailedSnapshot, Snapshot

MOST_GROUPS = 25
MOST_COUNTED = 99  # failures that the side bar counts
RECENT = timedelta(days=1)  # for which a success speaks for the rest of its group
OPEN: ColumnElement[bool] = FailedSnapshot.resolved_at.is_(None)


@dataclass(frozen=True)
class Part:
    """What one cause holds back of one kind of record of one shop."""

    shop_id: int
    kind: str
    failures: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class Group:
    """Open failures with one cause, as far as the shops that were asked for go; `newest` is the number of the last one."""

    cause: str
    failures: int
    first_at: datetime
    last_at: datetime
    newest: int
    by_itself: int  # that the hourly sweep tries
    next_by_itself: datetime | None
    paced: int  # that a person wants tried at a pace
    next_paced: datetime | None
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Overview:
    """The largest groups, and how many groups and failures there are in all."""

    groups: tuple[Group, ...]
    causes: int
    failures: int

    @property
    def left_out(self) -> tuple[int, int]:
        """Return how many causes, with how many failures, are not among the largest."""
        return self.causes - len(self.groups), self.failures - sum(group.failures for group in self.groups)


def overview(shop_ids: Collection[int], cause: str | None = None, most: int = MOST_GROUPS) -> Overview:
    """Return the groups with the most failures, or only that of one cause."""
    if not shop_ids:
        return Overview((), 0, 0)
    rows = db.session.execute(overview_statement(shop_ids, cause, most)).all()
    by_cause: dict[str, list[Any]] = {}
    for row in rows:
        by_cause.setdefault(row.cause, []).append(row)
    groups = tuple(group_of(name, parts) for name, parts in by_cause.items())
    return Overview(groups, rows[0].causes, int(rows[0].in_all)) if rows else Overview((), 0, 0)


def overview_statement(shop_ids: Collection[int], cause: str | None = None, most: int = MOST_GROUPS) -> Select[Any]:
    """One pass over the index of open failures, however many there are."""
    failure, by_itself = FailedSnapshot, FailedSnapshot.retry_by.is_(None)
    parts = (
        select(
            failure.fingerprint.label("cause"), failure.shop_id, failure.kind,
            func.count().label("failures"), func.max(failure.id).label("newest"),
            func.min(failure.failed_at).label("first_at"), func.max(failure.failed_at).label("last_at"),
            func.count(failure.retry_at).filter(by_itself).label("by_itself"),
            func.min(failure.retry_at).filter(by_itself).label("next_by_itself"),
            func.count(failure.retry_by).label("paced"),
            func.min(failure.retry_at).filter(~by_itself).label("next_paced"),
        )
        .where(OPEN, failure.shop_id.in_(shop_ids), *([] if cause is None else [failure.fingerprint == cause]))
        .group_by(failure.fingerprint, failure.shop_id, failure.kind)
        .cte("parts").prefix_with("MATERIALIZED")
    )  # fmt: skip
    size = func.sum(parts.c.failures).label("size")
    largest = select(parts.c.cause, size).group_by(parts.c.cause).order_by(size.desc(), parts.c.cause).limit(most).cte()
    causes = select(func.count(func.distinct(parts.c.cause))).scalar_subquery()
    in_all = select(func.sum(parts.c.failures)).scalar_subquery()
    return (
        select(parts, causes.label("causes"), in_all.label("in_all"))
        .join(largest, largest.c.cause == parts.c.cause)
        .order_by(largest.c.size.desc(), parts.c.cause, parts.c.failures.desc(), parts.c.shop_id, parts.c.kind)
    )


def group_of(cause: str, rows: Sequence[Any]) -> Group:
    return Group(
        cause,
        failures=sum(row.failures for row in rows),
        first_at=min(row.first_at for row in rows),
        last_at=max(row.last_at for row in rows),
        newest=max(row.newest for row in rows),
        by_itself=sum(row.by_itself for row in rows),
        next_by_itself=earliest(row.next_by_itself for row in rows),
        paced=sum(row.paced for row in rows),
        next_paced=earliest(row.next_paced for row in rows),
        parts=tuple(Part(row.shop_id, row.kind, row.failures, row.first_at, row.last_at) for row in rows),
    )


def earliest(moments: Iterable[datetime | None]) -> datetime | None:
    return min((at for at in moments if at), default=None)


def with_runs(session: Session, ids: Sequence[int]) -> list[tuple[FailedSnapshot, Snapshot]]:
    """Return failures with their runs, in the order of the numbers; one that is gone is left out."""
    query = select(FailedSnapshot, Snapshot).join(Snapshot, Snapshot.id == FailedSnapshot.snapshot_id)
    found = {
        row[0].id: (shown("failed_snapshots", row[0]), shown("snapshots", row[1]))
        for row in session.execute(query.where(FailedSnapshot.id.in_(ids)))
    }
    return [found[id_] for id_ in ids if id_ in found]


def being_tried(shop_ids: Collection[int]) -> dict[str, list[int]]:
    """Return the runs of open failures that wait for a worker or have one, by cause."""
    query = (
        select(FailedSnapshot.fingerprint, Snapshot.id)
        .join(Snapshot, Snapshot.id == FailedSnapshot.snapshot_id)
        .where(Snapshot.state.in_(LIVE), OPEN, FailedSnapshot.shop_id.in_(shop_ids))
        .order_by(Snapshot.id)
    )
    found: dict[str, list[int]] = {}
    for cause, run in db.session.execute(query):
        found.setdefault(cause, []).append(run)
    return found


def passed_at(causes: Collection[str], shop_ids: Collection[int]) -> dict[str, datetime]:
    """Return when a failure of each cause was last ended by a success, within a day; a cause without one is left out."""
    asked = values(column("cause", Text), name="asked").data([(cause,) for cause in causes])
    last = (
        select(FailedSnapshot.resolved_at)
        .where(FailedSnapshot.fingerprint == asked.c.cause, FailedSnapshot.resolved_by.is_(None))
        .where(FailedSnapshot.resolved_at > func.clock_timestamp() - RECENT, FailedSnapshot.shop_id.in_(shop_ids))
        .order_by(FailedSnapshot.resolved_at.desc())
        .limit(1)
        .lateral("last")
    )
    query = select(asked.c.cause, last.c.resolved_at).select_from(asked.join(last, true()))
    return {row.cause: row.resolved_at for row in db.session.execute(query)} if causes else {}


def waiting(shop_ids: Collection[int]) -> int:
    """Return how many failures are open, counted no further than the side bar tells."""
    some = select(FailedSnapshot.id).where(OPEN, FailedSnapshot.shop_id.in_(shop_ids)).limit(MOST_COUNTED + 1)
    return db.session.scalar(select(func.count()).select_from(some.subquery())) or 0
