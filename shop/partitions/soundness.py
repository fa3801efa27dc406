"""What is wrong with the quarters, for `flask doctor`, the head of pages and whoever watches from outside."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from shop.findings import Finding, State
from shop.formatting import plural
from shop.languages import gettext as _
from shop.partitions import archives, clock
from shop.partitions.archive_files import archive_folder
from shop.partitions.quarters import PARENT, Quarter
from shop.partitions.queries import Attached, attached, is_partitioned
from shop.partitions.retention import retention_years
from shop.partitions.shape import drift
from shop.partitions.steps import Step, loose, plan

ENOUGH, TOO_FEW = 3, 2  # quarters ahead: fewer than the first is told, fewer than the second is critical
OVERDUE = timedelta(days=3)  # without a maintenance that went well
MAINTAIN = "Run `flask partitions maintain`; the schedule does every night, so see also why it did not."
FINISH = "Its lines are not seen until that is finished: run `flask partitions maintain`."
NO_DEFAULT = (
    "Pult makes every quarter by itself. See what it holds: `SELECT count(*) FROM ONLY {table}`; move such lines away, then "
    "`ALTER TABLE order_items DETACH PARTITION {table}` and `DROP TABLE {table}`. docs/partitions.md goes through it."
)
MENDED = {  # kind of a drift: its mend
    "index": "Make what is missing with CREATE INDEX on that partition, and drop what is its own: docs/partitions.md says how.",
    "constraint": "Add or validate it on that partition with ALTER TABLE: docs/partitions.md says how.",
}
LAST_GOOD = "SELECT max(at) FROM partition_events WHERE event = 'maintained' AND (details->>'well')::bool"
LAST = "SELECT max(at) FROM partition_events WHERE event = 'maintained'"
KNOWN = "SELECT min(at) FROM partition_events"


def critical(connection: psycopg.Connection[Any], now: datetime) -> list[str]:
    """Return what cannot wait, in sentences without names of shops. One look at the catalog."""
    if not is_partitioned(connection):
        return []
    parts = attached(connection)
    found = []
    count = ahead(parts, now)
    if count < TOO_FEW:
        ready = plural(count, "quarter", "quarters")
        found.append(_("Only %(quarters)s for lines of orders is ready ahead of this one.", quarters=ready))
    found.extend(
        _("The partition %(table)s is half off the table, and its lines are not seen.", table=one.table)
        for one in parts
        if one.is_pending
    )
    return found


def ahead(parts: list[Attached], now: datetime) -> int:
    """Return how many quarters without a gap are ready after the one of `now`; -1 where that itself is missing."""
    there = {one.quarter for one in parts if not one.is_pending}
    count = 0
    while Quarter.of(now).plus(count) in there:
        count += 1
    return count - 1


def findings(connection: psycopg.Connection[Any], data_dir: Path) -> Iterator[Finding]:
    """Yield everything that `flask doctor` says of the quarters."""
    if not is_partitioned(connection):
        yield Finding(
            "quarters",
            State.NOTE,
            "the table is not in quarters",
            "Run `flask db upgrade`, or `flask partitions plan`.",
        )
        return
    now = clock.moment(connection, "SELECT clock_timestamp()") or datetime.now(UTC)
    parts = attached(connection)
    yield of_quarters_ahead(ahead(parts, now))
    yield from of_partitions(connection, parts)
    yield from of_drift(connection)
    yield from of_archives(connection, data_dir)
    yield of_maintenance(connection, now)
    yield from of_clock(connection, now)


def of_quarters_ahead(count: int) -> Finding:
    found = f"{plural(max(count, 0), 'quarter', 'quarters')} ahead" if count >= 0 else "not even this quarter is there"
    if count >= ENOUGH:
        return Finding("quarters", State.GOOD, found)
    return Finding("quarters", State.BAD if count < TOO_FEW else State.NOTE, found, MAINTAIN)


def of_partitions(connection: psycopg.Connection[Any], parts: list[Attached]) -> Iterator[Finding]:
    for one in parts:
        if one.is_pending:
            yield Finding("quarters", State.BAD, f"{one.table} is half off the table", FINISH)
        if one.starts_at is None:
            yield Finding(
                "quarters", State.BAD, f"{one.table} is a DEFAULT partition", NO_DEFAULT.format(table=one.table)
            )
    known = {archive.detached for archive in archives.live(connection).values()}
    for table in loose(connection):
        if table not in known:
            mend = f"Bring it back with `flask partitions restore {table}`, or move it away by hand."
            yield Finding("quarters", State.BAD, f"{table} is not part of {PARENT}, and no archive knows it", mend)


def of_drift(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    found = drift(connection)
    for one in found:
        mend = MENDED.get(one.kind, "Make it like the table with ALTER TABLE or REVOKE: docs/partitions.md says how.")
        yield Finding("partition", State.BAD, f"{one.table} {one.words}", mend)
    if not found:
        yield Finding("partitions", State.GOOD, "are made like the table they belong to")


def of_archives(connection: psycopg.Connection[Any], data_dir: Path) -> Iterator[Finding]:
    """See that the files are there, and of their size. Their checksums are looked at before anything is dropped."""
    known = [one for one in archives.live(connection).values() if one.file]
    lost = []
    for archive in known:
        path = archive_folder(data_dir) / str(archive.file)
        if not path.exists() or path.stat().st_size != archive.bytes:
            lost.append(f"{archive.file} is missing or not of its size")
        elif archive.error:
            lost.append(archive.error)
    if lost:
        mend = (
            "Bring the file back from a copy of the data folder; what is still kept aside can be restored without it."
        )
        yield Finding("archives", State.BAD, "; ".join(lost), mend)
    elif known:
        yield Finding("archives", State.GOOD, plural(len(known), "quarter", "quarters"))


def of_maintenance(connection: psycopg.Connection[Any], now: datetime) -> Finding:
    good, last = clock.moment(connection, LAST_GOOD), clock.moment(connection, LAST)
    since = good or clock.moment(connection, KNOWN)
    if since is None or now - since <= OVERDUE:
        return Finding(
            "quarters kept", State.GOOD, f"last looked after at {clock.told(good)}" if good else "not looked after yet"
        )
    how = "it ran and left something undone" if last and last != good else "it did not run"
    return Finding("quarters kept", State.BAD, f"not well since {clock.told(since)}: {how}", MAINTAIN)


def of_clock(connection: psycopg.Connection[Any], now: datetime) -> Iterator[Finding]:
    doubt = clock.objection(connection, now)
    waiting: list[Step] = [step for step in plan(connection, now, retention_years()) if step.kind in ("retire", "drop")]
    if doubt and waiting:
        mend = "Where the clock is right, say so once: `flask partitions maintain --clock-is-right`."
        yield Finding("retention", State.NOTE, f"nothing is retired. {doubt}", mend)
