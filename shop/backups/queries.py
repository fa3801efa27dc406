"""Reading the copies and their checks."""

from collections.abc import Sequence

from sqlalchemy import select

from shop.backups.models import RESTORABLE, Backup, BackupCheck, BackupDuplicate
from shop.db import db


def all_backups(most: int = 500) -> Sequence[Backup]:
    """Return the copies, the newest first, the pruned ones included."""
    return db.session.scalars(select(Backup).order_by(Backup.started_at.desc(), Backup.id.desc()).limit(most)).all()


def checks_of(backup_id: int) -> Sequence[BackupCheck]:
    return db.session.scalars(
        select(BackupCheck).where(BackupCheck.backup_id == backup_id).order_by(BackupCheck.id.desc())
    ).all()


def newest_restorable() -> Backup | None:
    """Return the copy that a person would restore: the newest that was proven and is still there."""
    return db.session.scalars(
        select(Backup)
        .where(Backup.state == RESTORABLE, Backup.pruned_at.is_(None))
        .order_by(Backup.started_at.desc())
        .limit(1)
    ).first()


def all_duplicates(most: int = 5000) -> Sequence[BackupDuplicate]:
    """Return what is known of copies on targets, those of the newest copies first, the removed ones included."""
    return db.session.scalars(
        select(BackupDuplicate)
        .join(Backup, Backup.id == BackupDuplicate.backup_id)
        .order_by(Backup.started_at.desc(), Backup.id.desc(), BackupDuplicate.target)
        .limit(most)
    ).all()


def duplicates_of(backup_id: int) -> Sequence[BackupDuplicate]:
    return db.session.scalars(
        select(BackupDuplicate)
        .where(BackupDuplicate.backup_id == backup_id)
        .order_by(BackupDuplicate.target, BackupDuplicate.id.desc())
    ).all()
