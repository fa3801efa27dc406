"""What is remembered about the quarters of the big table."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Identity, Index, Numeric, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shop.db import Model
from shop.languages import N_

EVENTS = (  # as a page says them behind what they happened to
    N_("created"), N_("archived"), N_("verified"), N_("archive failed"), N_("retired"), N_("drop refused"), N_("dropped"),
    N_("restored"), N_("restore requested"), N_("restore refused"), N_("detachment finished"), N_("cleared away"),
    N_("maintained"), N_("conversion planned"), N_("swapped"), N_("swapped back"), N_("rolled back"), N_("finished"),
)  # fmt: skip
PHASES = N_("planned"), N_("prepared"), N_("backfilling")  # of a conversion; the others are events as well


class PartitionEvent(Model):
    """One thing that happened to a quarter, or to the table as a whole. Events are only ever added."""

    __tablename__ = "partition_events"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    partition: Mapped[str | None] = mapped_column(Text)  # the table's name
    event: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(Text)  # who or what: a worker, a snapshot, a person
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")

    __table_args__ = (Index("ix_partition_events_partition", "partition", "id"),)


class PartitionArchive(Model):
    """One quarter written to a file, and what became of it.

    writing → written (the file is whole) → verified (it was read back and is equal) → retiring (nothing in it may change
    any more) → retired (detached, kept aside) → dropped (the file alone holds it). `restored`: it is part of the table
    again; `failed`: the file is not to be relied on.
    """

    __tablename__ = "partition_archives"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    partition: Mapped[str] = mapped_column(Text)  # the table's name as a quarter
    starts_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    state: Mapped[str] = mapped_column(Text)
    lines: Mapped[int | None] = mapped_column(BigInteger)
    content_hash: Mapped[Decimal | None] = mapped_column(Numeric)  # the sum of all rows' hashes, in whatever order
    file: Mapped[str | None] = mapped_column(Text)  # its name in the folder archives/
    sha256: Mapped[str | None] = mapped_column(Text)  # of the file
    bytes: Mapped[int | None] = mapped_column(BigInteger)  # of the file
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    written_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    verified_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    retired_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # detached
    dropped_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    restored_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    error: Mapped[str | None] = mapped_column(Text)  # the last one, in a sentence

    __table_args__ = (
        CheckConstraint(
            "state IN ('writing', 'written', 'verified', 'retiring', 'retired', 'dropped', 'restored', 'failed')",
            name="state",
        ),
        Index(
            "uq_partition_archives_live",
            "partition",
            unique=True,
            postgresql_where=text("state NOT IN ('restored', 'failed')"),
        ),
    )


class TableConversion(Model):
    """One conversion of a table, from its plan to its end. At most one of a table is under way."""

    __tablename__ = "table_conversions"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    table_name: Mapped[str] = mapped_column(Text)
    direction: Mapped[str] = mapped_column(Text)  # split: plain to quarters; join: quarters to plain
    phase: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(Text)  # who began it
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    swapped_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    rows_total: Mapped[int] = mapped_column(BigInteger, server_default="0")  # when it was prepared
    rows_done: Mapped[int] = mapped_column(BigInteger, server_default="0")
    todo: Mapped[list[Any]] = mapped_column(JSONB, server_default="[]")  # ranges of keys: above, up to
    again: Mapped[list[Any]] = mapped_column(JSONB, server_default="[]")  # ranges in which a row was locked
    paused: Mapped[str | None] = mapped_column(Text)  # why it waits, in words
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")  # what was measured on the way

    __table_args__ = (
        CheckConstraint("direction IN ('split', 'join')", name="direction"),
        CheckConstraint(
            "phase IN ('planned', 'prepared', 'backfilling', 'verified', 'swapped', 'finished', 'rolled_back')",
            name="phase",
        ),
        Index("uq_table_conversions_live", "table_name", unique=True, postgresql_where=text("ended_at IS NULL")),
    )
