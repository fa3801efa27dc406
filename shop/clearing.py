"""What housekeeping clears away that belongs to no other module: old files, sessions, links, notices, reported deletions."""

from datetime import timedelta

from sqlalchemy import delete, func, or_, select

from shop.db import db
from shop.settings.options import RAW_FILE_DAYS
from shop.settings.values import value
from shop.snapshots import raw_files
from shop.snapshots.models import ReportedDeletion, Snapshot, WebhookNotice
from shop.staff.models import OneTimeLink, SignIn
from shop.staff.sessions import KEPT as SESSIONS_KEPT


def old_files() -> list[str]:
    days = value(RAW_FILE_DAYS)
    return [] if days is None else raw_files.let_go(timedelta(days=days))


def old_sessions() -> int:
    old = func.now() - SESSIONS_KEPT
    gone = delete(SignIn).where(or_(SignIn.expires_at < old, SignIn.ended_at < old)).returning(SignIn.token_hash)
    return len(db.session.execute(gone).all())


def old_links() -> int:
    gone = delete(OneTimeLink).where(OneTimeLink.expires_at < func.now() - SESSIONS_KEPT).returning(OneTimeLink.id)
    return len(db.session.execute(gone).all())


def old_notices(kept: timedelta) -> int:
    gone = delete(WebhookNotice).where(WebhookNotice.received_at < func.now() - kept)
    return len(db.session.execute(gone.returning(WebhookNotice.key)).all())


def old_deletions(kept: timedelta) -> int:
    """Forget what runs were told that ended long ago; what they marked as deleted stays marked."""
    old = select(Snapshot.id).where(Snapshot.finished_at < func.now() - kept)
    gone = delete(ReportedDeletion).where(ReportedDeletion.snapshot_id.in_(old))
    return len(db.session.execute(gone.returning(ReportedDeletion.key)).all())
