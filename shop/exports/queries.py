"""Manifests by number, by what a file holds, and by what it is called."""

from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from shop.db import db
from shop.exports.models import Export


def exports_by_id(session: Session, ids: Sequence[int]) -> list[Export]:
    """Return the exports with these numbers, in their order."""
    found = {one.id: one for one in session.scalars(select(Export).where(Export.id.in_(ids)))}
    return [found[id_] for id_ in ids if id_ in found]


def readable(staff_id: int | None) -> Select[Export]:
    """Ask for the exports of one person, or of everybody for None."""
    return select(Export) if staff_id is None else select(Export).where(Export.staff_id == staff_id)


def export_numbered(id_: int, staff_id: int | None = None) -> Export | None:
    return db.session.scalar(readable(staff_id).where(Export.id == id_))


def export_of_file(sha256: str, file_name: str, staff_id: int | None = None) -> Export | None:
    """Return the newest export with these very bytes, else the newest with this name."""
    newest = (Export.at.desc(), Export.id.desc())
    same = db.session.scalar(readable(staff_id).where(Export.sha256 == sha256).order_by(*newest).limit(1))
    return same or db.session.scalar(readable(staff_id).where(Export.file_name == file_name).order_by(*newest).limit(1))
