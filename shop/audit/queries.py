"""Entries of the trail by their numbers."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.audit.models import AuditEntry


def entries(session: Session, ids: Sequence[int]) -> list[AuditEntry]:
    """Return the entries with these numbers, in their order."""
    found = {entry.id: entry for entry in session.scalars(select(AuditEntry).where(AuditEntry.id.in_(ids)))}
    return [found[id_] for id_ in ids if id_ in found]
