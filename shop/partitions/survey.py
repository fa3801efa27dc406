"""How the big table stands, quarter by quarter: sizes, states, what is out of order, what maintenance would do."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg

from shop.languages import gettext as _
from shop.partitions import archives, record, status
from shop.partitions.archives import Archive
from shop.partitions.quarters import PARENT, Quarter
from shop.partitions.queries import is_partitioned
from shop.partitions.record import Conversion
from shop.partitions.retention import retention_years
from shop.partitions.soundness import TOO_FEW
from shop.partitions.steps import Step, loose, plan
from shop.partitions.suspicion import differing
from shop.partitions.tables import Extent, Table, exact, tables

AWAY = {"retiring": "retiring", "retired": "retired", "dropped": "archived"}  # state of an archive: of its quarter
EVENTS = """
    SELECT at, partition, event, by, details FROM partition_events
    WHERE event <> 'maintained' OR details->'done' <> '[]' OR details->'refused' <> '[]' ORDER BY id DESC LIMIT %s"""
MOST_EVENTS = 12


@dataclass(frozen=True)
class Standing:
    """One quarter. `state`: ahead, current, past, due (to be retired), retiring, retired (kept aside), archived (in its file alone).

    `rows`, `oldest` and `newest` are from the table's statistics, or from its archive; None: nobody has looked yet.
    """

    quarter: Quarter
    state: str
    rows: int | None
    bytes: int
    index_bytes: int
    share: float  # of the bytes of all quarters in the table
    oldest: datetime | None = None
    newest: datetime | None = None
    is_pending: bool = False
    archive: Archive | None = None

    @property
    def is_away(self) -> bool:
        return self.archive is not None and self.archive.state in AWAY

    def as_dict(self) -> dict[str, Any]:
        kept = self.archive
        return {
            "quarter": str(self.quarter),
            "table": self.quarter.table,
            "state": self.state,
            "rows": self.rows,
            "rows_are_estimated": not self.is_away,
            "bytes": self.bytes,
            "index_bytes": self.index_bytes,
            "share": round(self.share, 4),
            "oldest": self.oldest.isoformat() if self.oldest else None,
            "newest": self.newest.isoformat() if self.newest else None,
            "detach_pending": self.is_pending,
            "archive": None
            if kept is None
            else {
                "state": kept.state,
                "file": kept.file,
                "bytes": kept.bytes,
                "sha256": kept.sha256,
                "retired_at": kept.retired_at.isoformat() if kept.retired_at else None,
            },
        }


@dataclass(frozen=True)
class Event:
    """One thing that happened to a quarter, or to the table."""

    at: datetime
    table: str | None
    event: str
    by: str
    details: dict[str, Any]

    @property
    def quarter(self) -> Quarter | None:
        return Quarter.named(self.table.removesuffix("_retired")) if self.table else None


@dataclass(frozen=True)
class Survey:
    """All of it, at one moment of the database."""

    at: datetime
    is_partitioned: bool
    retention: int | None  # years; None: lines are kept for good
    quarters: list[Standing] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    conversion: Conversion | None = None
    events: list[Event] = field(default_factory=list)

    @property
    def attached(self) -> list[Standing]:
        return [one for one in self.quarters if not one.is_away]

    @property
    def away(self) -> list[Standing]:
        return [one for one in self.quarters if one.is_away]

    @property
    def ahead(self) -> int:
        return sum(one.state == "ahead" for one in self.quarters)

    def of(self, name: str) -> Standing | None:
        """Return the quarter of a name as a person writes it, None where there is none."""
        return next((one for one in self.quarters if name in (str(one.quarter), one.quarter.table)), None)

    def as_dict(self) -> dict[str, Any]:
        """Return the quarters, what is out of order and what maintenance would do, as plain values."""
        return {
            "table": PARENT,
            "at": self.at.isoformat(),
            "partitioned": self.is_partitioned,
            "retention_years": self.retention,
            "rows": sum(one.rows or 0 for one in self.attached),
            "bytes": sum(one.bytes for one in self.attached),
            "quarters_ahead": self.ahead,
            "quarters": [one.as_dict() for one in self.quarters],
            "plan": [step.as_dict() for step in self.steps],
            "warnings": self.warnings,
        }


def survey(connection: psycopg.Connection[Any]) -> Survey:
    """Look at the catalog, the archives and what is on record. Nothing is counted; a few queries, however many quarters."""
    now = connection.execute("SELECT clock_timestamp()").fetchone()
    assert now is not None
    at: datetime = now[0]
    conversion, events = record.newest(connection), [Event(*row) for row in connection.execute(EVENTS, (MOST_EVENTS,))]
    if not is_partitioned(connection):
        return Survey(at, is_partitioned=False, retention=retention_years(), conversion=conversion, events=events)
    found, kept = tables(connection), archives.live(connection)
    steps = plan(connection, at, retention_years())
    due = {step.table for step in steps if step.kind == "retire"}
    return Survey(
        at,
        is_partitioned=True,
        retention=retention_years(),
        quarters=standings(found, kept, due, Quarter.of(at)),
        steps=steps,
        warnings=[*warnings(connection, found, kept, Quarter.of(at))],
        conversion=conversion,
        events=events,
    )


def standings(found: Iterable[Table], kept: dict[str, Archive], due: set[str], current: Quarter) -> list[Standing]:
    """Return every quarter that is part of the table or archived, by time."""
    attached = {table.quarter: table for table in found if table.quarter}
    away = {archive.quarter: archive for archive in kept.values() if archive.state in AWAY}
    whole = sum(table.bytes for table in attached.values()) or 1
    made = []
    for quarter in sorted(attached.keys() | away.keys()):
        table, archive = attached.get(quarter), away.get(quarter)
        if archive:
            rows, size = archive.lines, archive.bytes or 0
            made.append(Standing(quarter, AWAY[archive.state], rows, size, 0, 0.0, archive=archive))
        elif table:
            state = "ahead" if quarter > current else "current" if quarter == current else "past"
            if quarter.table in due:
                state = "due"
            extent = table.extent
            made.append(
                Standing(
                    quarter, state, table.rows, table.bytes, table.index_bytes, table.bytes / whole,
                    extent.oldest, extent.newest, table.is_pending, kept.get(quarter.table),
                )
            )  # fmt: skip
    return made


def warnings(
    connection: psycopg.Connection[Any], found: Iterable[Table], kept: dict[str, Archive], current: Quarter
) -> Iterable[str]:
    """Yield what is out of order, in sentences that say what to do."""
    there = {table.quarter for table in found}
    ready = next(count for count in range(1000) if current.plus(count + 1) not in there)
    if ready <= TOO_FEW:
        yield _(
            "Only %(ready)s of 4 quarters stand ready ahead of this one. Run maintenance now; the schedule does so every night.",
            ready=ready,
        )
    for table in found:
        if table.is_pending:
            yield _(
                "The lines of %(table)s are not seen: somebody began to take it off the table, and was interrupted. "
                "Run maintenance now, which finishes it first.",
                table=table.name,
            )
        if table.starts_at is None:
            yield _(
                "%(table)s is a DEFAULT partition, with which no quarter can leave the table. "
                "Move its lines away and drop it; `flask doctor` says how.",
                table=table.name,
            )
    known = {archive.detached for archive in kept.values()}
    for name in loose(connection):
        if name not in known:
            yield _(
                "%(table)s is not part of the table, and no archive knows it. "
                "Bring it back with `flask partitions restore %(table)s`.",
                table=name,
            )
    for one in differing(connection):
        yield _(
            "%(table)s is not made like the table: it %(difference)s. `flask doctor` says how to mend it.",
            table=one.table,
            difference=one.words,
        )


def counted(connection: psycopg.Connection[Any], standing: Standing) -> tuple[int, Extent] | None:
    """Count the lines of one quarter and see its oldest and newest; None where that takes more than a moment."""
    return exact(connection, standing.quarter.table)


def as_json(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    """Return everything as plain values, as `/partitions.json` and `flask partitions status --json` give it."""
    return survey(connection).as_dict() | status.as_json(connection)
