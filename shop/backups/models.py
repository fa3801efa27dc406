"""What is known of each copy, and of each time that it was tried."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Text,
    func,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shop.db import Model

RUNNING, WRITTEN, VERIFIED, RESTORABLE, FAILED = "running", "written", "verified", "restorable", "failed"
REMOVED = "removed"
STATES = (RUNNING, WRITTEN, VERIFIED, RESTORABLE, FAILED)
QUEUED, READY, CANCELLED, DISCARDED, SWITCHED = "queued", "ready", "cancelled", "discarded", "switched"
UNDER_WAY = (QUEUED, RUNNING, READY)  # of a restoration: there is, or will be, a database beside the live one


class Backup(Model):
    """One copy. Only `restorable` counts: it was restored from these very files, and every row was equal."""

    __tablename__ = "backups"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    state: Mapped[str] = mapped_column(Text)
    requested_by: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    phase: Mapped[str | None] = mapped_column(Text)
    done: Mapped[int] = mapped_column(BigInteger, server_default="0")  # bytes of tables, of `out_of`
    out_of: Mapped[int] = mapped_column(BigInteger, server_default="0")
    folder: Mapped[str | None] = mapped_column(Text)  # under the folder of backups; null until it is written
    written_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    seconds: Mapped[float | None] = mapped_column(Double)  # that writing took
    bytes: Mapped[int | None] = mapped_column(BigInteger)
    table_rows: Mapped[int | None] = mapped_column(BigInteger)
    schema_version: Mapped[str | None] = mapped_column(Text)
    server_version: Mapped[str | None] = mapped_column(Text)
    proved_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # last found restorable
    restore_seconds: Mapped[float | None] = mapped_column(Double)  # measured at that time
    error: Mapped[str | None] = mapped_column(Text)  # why it failed, in a sentence
    pruned_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # its files are gone since

    @property
    def is_there(self) -> bool:
        """Whether it has files that could be restored."""
        return self.folder is not None and self.pruned_at is None

    __table_args__ = (
        CheckConstraint("state IN ('running', 'written', 'verified', 'restorable', 'failed')", name="state"),
        Index("ix_backups_started_at", "started_at", "id"),
        Index("uq_backups_folder", "folder", unique=True),
        Index("uq_backups_running", "state", unique=True, postgresql_where="state = 'running'"),
    )


class Restoration(Model):
    """One time that a copy was restored beside the live database, to be looked at and perhaps switched to.

    queued → running → ready (its difference is known), and then discarded or switched; failed and cancelled leave nothing.
    """

    __tablename__ = "restorations"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    backup_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("backups.id"))
    state: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(Text)
    requested_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    database: Mapped[str] = mapped_column(Text)  # the one beside, on the live one's server
    phase: Mapped[str | None] = mapped_column(Text)
    done: Mapped[int] = mapped_column(BigInteger, server_default="0")  # rows, of `out_of`
    out_of: Mapped[int] = mapped_column(BigInteger, server_default="0")
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    heartbeat_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    restore_seconds: Mapped[float | None] = mapped_column(Double)
    bytes: Mapped[int | None] = mapped_column(BigInteger)  # of the database beside
    ready_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    difference: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # as shop/backups/differing.py writes it
    approved_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # the switch, with a password
    approved_by: Mapped[str | None] = mapped_column(Text)
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_by: Mapped[str | None] = mapped_column(Text)
    kept: Mapped[str | None] = mapped_column(Text)  # the database that was live until the switch
    error: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        CheckConstraint(
            "state IN ('queued', 'running', 'ready', 'failed', 'cancelled', 'discarded', 'switched')", name="state"
        ),
        Index("ix_restorations_backup_id", "backup_id", "id"),
        Index(
            "uq_restorations_under_way",
            "database",
            unique=True,
            postgresql_where="state IN ('queued', 'running', 'ready')",
        ),
    )


class BackupCheck(Model):
    """One time that a copy was restored and compared, or could not be."""

    __tablename__ = "backup_checks"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    backup_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("backups.id"))
    by: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    outcome: Mapped[str | None] = mapped_column(Text)  # equal, different, unreadable; null while it goes on
    restore_seconds: Mapped[float | None] = mapped_column(Double)
    tables: Mapped[int | None] = mapped_column(BigInteger)
    table_rows: Mapped[int | None] = mapped_column(BigInteger)
    differences: Mapped[list[Any]] = mapped_column(JSONB, server_default="[]")  # sentences

    __table_args__ = (Index("ix_backup_checks_backup_id", "backup_id", "id"),)


class BackupDuplicate(Model):
    """A copy as it lies on a target, or was to. Only `verified` counts: every byte was read back from there, and equal."""

    __tablename__ = "backup_duplicates"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    backup_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("backups.id"))
    target: Mapped[str] = mapped_column(Text)  # its name in the configuration
    place: Mapped[str] = mapped_column(Text)  # where that was at the time, without secrets
    state: Mapped[str] = mapped_column(Text)  # running, verified, failed, removed
    leftover: Mapped[bool] = mapped_column(
        Boolean, server_default="true"
    )  # something may lie there that shall not stay
    tries: Mapped[int] = mapped_column(Integer, server_default="0")
    first_tried_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    tried_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    bytes: Mapped[int | None] = mapped_column(BigInteger)  # of the archive, as it lies there
    sha256: Mapped[str | None] = mapped_column(Text)
    encrypted: Mapped[bool | None] = mapped_column(Boolean)
    verified_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # last read back, and equal
    opened_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # last decrypted, every file equal
    error: Mapped[str | None] = mapped_column(Text)  # why it failed, in a sentence
    removed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        CheckConstraint("state IN ('running', 'verified', 'failed', 'removed')", name="state"),
        Index("uq_backup_duplicates_backup_id", "backup_id", "target", "place", unique=True),
        Index("ix_backup_duplicates_target", "target", "state"),
    )
