"""Runs: the row is the run, whoever carries it out and however often it is taken up again."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shop.db import Model

LIVE = ("queued", "running")


class Snapshot(Model):
    """One fetch of one kind of record from one shop, from the request to the folds."""

    __tablename__ = "snapshots"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    shop_id: Mapped[int] = mapped_column(Integer, ForeignKey("shops.id"))
    kind: Mapped[str] = mapped_column(Text)  # orders, customers, products
    mode: Mapped[str] = mapped_column(Text)  # full: what is missing was deleted; partial: nothing follows from absence
    purpose: Mapped[str] = mapped_column(Text, server_default="load")  # load, preview, replay, redrive
    origin_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("snapshots.id"))  # whose file it takes again
    state: Mapped[str] = mapped_column(Text, server_default="queued")
    phase: Mapped[str] = mapped_column(
        Text, server_default="wait"
    )  # [request,] wait, [download,] stage, prove, publish, done
    confirmed: Mapped[bool] = mapped_column(
        Boolean, server_default="false"
    )  # a person accepted an empty or shrunken file
    requested_by: Mapped[str] = mapped_column(Text)
    requested_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    heartbeat_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    as_of: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    changed_since: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # asked of the platform; null: all
    # The platform's export, from the request until its file is stored.
    way: Mapped[str | None] = mapped_column(
        Text
    )  # how the platform is read: export or lists; null: a file was handed in
    asked_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True)
    )  # by the platform's clock, kept just before an export is asked for
    ticket: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # of the export asked for last
    exports: Mapped[int] = mapped_column(Integer, server_default="0")  # asked for by this run
    job_state: Mapped[str | None] = mapped_column(Text)  # of the export, as the platform said last
    looks: Mapped[int] = mapped_column(Integer, server_default="0")  # at this export, so far
    look_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # when to look at the platform again
    stumbles: Mapped[int] = mapped_column(Integer, server_default="0")  # failures in a row without progress
    remark: Mapped[str | None] = mapped_column(Text)  # why it waits longer, or goes another way; for the run's page
    received: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # of its file: job, bytes, mark, total
    feed: Mapped[str | None] = mapped_column(Text)  # of deletions: read, refused, too_old; null: not needed
    file_path: Mapped[str | None] = mapped_column(Text)  # inside the raw store
    file_name: Mapped[str | None] = mapped_column(Text)  # as it was handed in
    file_bytes: Mapped[int | None] = mapped_column(BigInteger)
    file_sha256: Mapped[str | None] = mapped_column(Text)
    # The cursor: everything up to here is staged.
    cursor_line: Mapped[int] = mapped_column(Integer, server_default="0")
    cursor_offset: Mapped[int] = mapped_column(BigInteger, server_default="0")  # in the unpacked text
    bytes_read: Mapped[int] = mapped_column(BigInteger, server_default="0")  # of the packed file, for progress
    published_lines: Mapped[int] = mapped_column(Integer, server_default="0")  # progress of the publish
    # The books: lines = inserted + updated + unchanged + superseded + quarantined
    lines: Mapped[int] = mapped_column(Integer, server_default="0")
    inserted: Mapped[int] = mapped_column(Integer, server_default="0")
    updated: Mapped[int] = mapped_column(Integer, server_default="0")
    unchanged: Mapped[int] = mapped_column(Integer, server_default="0")
    superseded: Mapped[int] = mapped_column(Integer, server_default="0")
    quarantined: Mapped[int] = mapped_column(Integer, server_default="0")
    deleted: Mapped[int] = mapped_column(Integer, server_default="0")
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    # Workers that this run has killed: how many in a row at one place, and how few lines are staged at once since.
    deaths: Mapped[int] = mapped_column(Integer, server_default="0")
    died_at: Mapped[str | None] = mapped_column(Text)  # the phase; while staging with the line after which it was
    narrowed_to: Mapped[int | None] = mapped_column(Integer)
    narrowed_until: Mapped[int | None] = mapped_column(Integer)  # the line from which the file is read at full width
    error: Mapped[str | None] = mapped_column(Text)
    error_code: Mapped[str | None] = mapped_column(Text)
    notes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    difference: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # what a preview has found
    # A replay that was undone: when, by whom, and how many orders were put back, taken out, kept.
    undone_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    undone_by: Mapped[str | None] = mapped_column(Text)
    undone: Mapped[dict[str, int] | None] = mapped_column(JSONB)

    __table_args__ = (
        CheckConstraint("state IN ('queued', 'running', 'done', 'previewed', 'failed', 'cancelled')", name="state"),
        CheckConstraint("purpose IN ('load', 'preview', 'replay', 'redrive')", name="purpose"),
        CheckConstraint("kind IN ('orders', 'customers', 'products')", name="kind"),
        CheckConstraint("mode IN ('full', 'partial')", name="mode"),
        CheckConstraint(
            "state <> 'done' OR lines = inserted + updated + unchanged + superseded + quarantined", name="books"
        ),
        Index(
            "uq_snapshots_live",
            "shop_id",
            "kind",
            unique=True,
            postgresql_where="state IN ('queued', 'running') AND purpose <> 'preview'",
        ),
        Index("ix_snapshots_origin_id", "origin_id", "id", postgresql_where="origin_id IS NOT NULL"),
        Index("ix_snapshots_shop_id_kind_id", "shop_id", "kind", "id"),
        Index("ix_snapshots_state", "state", "id"),
    )

    @property
    def is_live(self) -> bool:
        return self.state in LIVE


def lease_key(snapshot: Snapshot) -> str:
    """Return what a worker of the run holds: its shop's kind, or only the run where it changes nothing."""
    return f"preview:{snapshot.id}" if snapshot.purpose == "preview" else f"snapshot:{snapshot.shop_id}:{snapshot.kind}"


class SnapshotAttempt(Model):
    """One worker's go at a run, and how it ended."""

    __tablename__ = "snapshot_attempts"

    snapshot_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("snapshots.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    worker: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    outcome: Mapped[str | None] = mapped_column(Text)  # done, failed, stopped, killed, lost
    phase: Mapped[str | None] = mapped_column(Text)
    line: Mapped[int | None] = mapped_column(Integer)  # up to which the file was staged by then
    error: Mapped[str | None] = mapped_column(Text)
    error_code: Mapped[str | None] = mapped_column(Text)


class ReportedDeletion(Model):
    """An entity that the platform's feed reported as deleted, kept with the run that is to mark it."""

    __tablename__ = "reported_deletions"

    shop_id: Mapped[int] = mapped_column(Integer, ForeignKey("shops.id"), primary_key=True)
    snapshot_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("snapshots.id"), primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    deleted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class WebhookNotice(Model):
    """What a platform told us once, verified. A hint to look, kept so that the same one does nothing twice."""

    __tablename__ = "webhook_notices"

    shop_id: Mapped[int] = mapped_column(Integer, ForeignKey("shops.id"), primary_key=True)
    event: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    happened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    kind: Mapped[str | None] = mapped_column(Text)  # of the records it is about; null: it is about an export
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class FailedSnapshot(Model):
    """A run that needs a person or a later try; what the recovery page shows."""

    __tablename__ = "failed_snapshots"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    shop_id: Mapped[int] = mapped_column(Integer, ForeignKey("shops.id"))
    kind: Mapped[str] = mapped_column(Text)
    snapshot_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("snapshots.id"), unique=True)
    error: Mapped[str] = mapped_column(Text)
    error_code: Mapped[str] = mapped_column(Text)
    fingerprint: Mapped[str] = mapped_column(Text)
    permanent: Mapped[bool] = mapped_column(Boolean)
    failed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    resolved_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    resolution: Mapped[str | None] = mapped_column(Text)  # how it was closed, in words; a person's reason
    resolved_by: Mapped[str | None] = mapped_column(Text)  # who dismissed it; null: it closed by itself
    sweeps: Mapped[int] = mapped_column(Integer, server_default="0")  # hourly tries so far
    retry_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # the next one; null: there is none
    retry_by: Mapped[str | None] = mapped_column(Text)  # who asked for it at a set pace; null: it is the hourly one
    trace: Mapped[str | None] = mapped_column(Text)  # places in the code, without values

    __table_args__ = (
        Index("ix_failed_snapshots_open", "shop_id", "kind", "id", postgresql_where="resolved_at IS NULL"),
        Index(
            "ix_failed_snapshots_fingerprint",
            "shop_id",
            "fingerprint",
            "kind",
            "id",
            postgresql_include=["failed_at", "retry_at", "retry_by"],
            postgresql_where="resolved_at IS NULL",
        ),
        Index("ix_failed_snapshots_newest", "shop_id", "id", postgresql_where="resolved_at IS NULL"),
        Index("ix_failed_snapshots_resolved", "shop_id", "resolved_at", postgresql_where="resolved_at IS NOT NULL"),
        Index(
            "ix_failed_snapshots_passed",
            "fingerprint",
            "resolved_at",
            postgresql_where="resolved_at IS NOT NULL AND resolved_by IS NULL",
        ),
        Index(
            "ix_failed_snapshots_asked",
            "retry_at",
            "id",
            postgresql_where="resolved_at IS NULL AND retry_by IS NOT NULL",
        ),
        Index(
            "ix_failed_snapshots_due",
            "shop_id",
            "kind",
            "id",
            postgresql_where="resolved_at IS NULL AND retry_at IS NOT NULL",
        ),
    )


class QuarantinedRecord(Model):
    """One line that could not become a record: where it stood, what was wrong, and the bytes themselves."""

    __tablename__ = "quarantined_records"

    snapshot_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("snapshots.id"), primary_key=True)
    line: Mapped[int] = mapped_column(Integer, primary_key=True)
    shop_id: Mapped[int] = mapped_column(Integer, ForeignKey("shops.id"))
    byte_offset: Mapped[int] = mapped_column(BigInteger)
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    raw_bytes: Mapped[int] = mapped_column(BigInteger)  # the line's whole length; `raw` keeps its first 64 KiB
    error_code: Mapped[str] = mapped_column(Text)
    path: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    # Put through the pipeline again: by which run, as which line of its file, and when it was accepted at last.
    redriven_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("snapshots.id"))
    redriven_line: Mapped[int | None] = mapped_column(Integer)
    accepted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        Index("ix_quarantined_records_shop_id", "shop_id", "snapshot_id", "line"),
        Index("ix_quarantined_records_redriven_by", "redriven_by", postgresql_where="redriven_by IS NOT NULL"),
    )


class OverwrittenOrder(Model):
    """An order as it stood before a replay, kept for a day so that the replay can be undone."""

    __tablename__ = "overwritten_orders"

    shop_id: Mapped[int] = mapped_column(Integer, ForeignKey("shops.id"), primary_key=True)
    snapshot_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("snapshots.id"), primary_key=True)
    order_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    action: Mapped[str] = mapped_column(Text)  # of the plan: i inserted, u updated, r revived, d deleted
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # the row; null: there was none
    lines: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)  # null: they stayed as they were
    left_as: Mapped[str | None] = mapped_column(Text)  # a digest of the row as the replay left it
    kept_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())

    __table_args__ = (Index("ix_overwritten_orders_kept_at", "kept_at"),)


class RawRewrite(Model):
    """A stored file that may name somebody who was erased, until it is written anew without them and removed."""

    __tablename__ = "raw_rewrites"

    path: Mapped[str] = mapped_column(Text, primary_key=True)
    shop_id: Mapped[int] = mapped_column(Integer, ForeignKey("shops.id"))
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
