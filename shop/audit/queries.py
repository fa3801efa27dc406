"""The trail, newest first, one page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from shop.audit.models import AuditEntry
from shop.db import db


@dataclass(frozen=True)
class Trail:
    """One page of entries, newest first, and the ids to go on from where there is more."""

    entries: Sequence[AuditEntry]
    older: int | None  # entries before this id
    newer: int | None  # entries after this id


def trail(before: int | None = None, after: int | None = None, size: int = 50) -> Trail:
    """Return the page before or after an id; without either, the newest. Ids grow with time."""
    query = select(AuditEntry).limit(size + 1)
    if after is not None:
        rows = db.session.scalars(query.where(AuditEntry.id > after).order_by(AuditEntry.id)).all()
        page = list(reversed(rows[:size]))
        return Trail(page, older=page[-1].id if page else None, newer=page[0].id if len(rows) > size else None)
    if before is not None:
        query = query.where(AuditEntry.id < before)
    rows = db.session.scalars(query.order_by(AuditEntry.id.desc())).all()
    page = list(rows[:size])
    return Trail(
        page,
        older=page[-1].id if len(rows) > size else None,
        newer=page[0].id if before is not None and page else None,
    )
