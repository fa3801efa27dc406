"""What maintenance would do at a moment, in order, and how much each step touches. Reads alone."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

from shop.languages import N_, said
from shop.partitions import archives, clock
from shop.partitions.archives import Archive
from shop.partitions.quarters import PARENT, Quarter
from shop.partitions.queries import Attached, attached, exists, is_partitioned
from shop.partitions.retention import LEFT_ALONE, desired, is_past, kept_aside

SMALL = 16 << 20  # bytes
RESTORING = "_restoring"  # the end of a table's name into which a quarter is being brought back
LOOSE = """
    SELECT relname FROM pg_class WHERE relkind = 'r' AND NOT relispartition AND relnamespace = 'public'::regnamespace
    AND relname ~ %s ORDER BY 1"""
EXTENT = """
    SELECT min(oldest.created_at), max(newest.created_at) FROM shops s
    LEFT JOIN LATERAL (SELECT created_at FROM {table} WHERE shop_id = s.id ORDER BY created_at LIMIT 1) oldest ON true
    LEFT JOIN LATERAL (SELECT created_at FROM {table} WHERE shop_id = s.id ORDER BY created_at DESC LIMIT 1) newest ON true"""
DEFAULT = N_("The table has a DEFAULT partition, so that none can be taken off without stopping everybody.")
CONVERTING = (f"{PARENT}_next", f"{PARENT}_before")  # a conversion is under way while either is there
NOT_ALONE = N_(
    "The table is being converted, or the one before it is still there to go back to. "
    "`flask partitions status` shows how far it is; `flask partitions finish` ends it."
)
ORDER = ("finish", "clear", "create", "retire", "drop")  # what is interrupted comes first


@dataclass(frozen=True)
class Step:
    """One thing to be done with one quarter.

    `kind` is finish (what was interrupted), clear (an empty leftover), create, retire, or drop. `lines` is an estimate
    where the table is large. `oldest` and `newest` are moments of lines. `refusal` says why it would not be done.
    """

    kind: str
    table: str
    words: str
    lines: int = 0
    bytes: int = 0
    oldest: datetime | None = None
    newest: datetime | None = None
    refusal: str = ""

    @property
    def quarter(self) -> Quarter | None:
        return Quarter.named(self.table.removesuffix(RESTORING).removesuffix("_retired"))

    def as_dict(self) -> dict[str, Any]:
        moments = {name: at.isoformat() if (at := getattr(self, name)) else None for name in ("oldest", "newest")}
        return asdict(self) | moments


@dataclass(frozen=True)
class Standing:
    """What there is: the partitions, the archives by quarter, and tables of quarters that are not part of the table."""

    attached: list[Attached]
    archives: dict[str, Archive]
    loose: list[str]


def plan(
    connection: psycopg.Connection[Any],
    now: datetime,
    years: int | None,
    *,
    clock_is_right: bool = False,
    restored_too: bool = False,
) -> list[Step]:
    """Return what maintenance would do at `now`, the database's time, with a retention of that many years (None: never).

    Asks the catalog, and for what would be taken away the edges of an index. A table that is not in quarters needs none.
    """
    if not is_partitioned(connection):
        return []
    there = Standing(attached(connection), archives.live(connection), loose(connection))
    doubt = "" if clock_is_right else clock.objection(connection, now)
    if any(one.starts_at is None for one in there.attached):
        doubt = doubt or said(DEFAULT)
    if any(exists(connection, table) for table in CONVERTING):
        doubt = doubt or said(NOT_ALONE)
    left_alone = set() if restored_too else archives.restored_lately(connection, now - LEFT_ALONE)
    return [
        *interrupted(connection, there),
        *empty_leftovers(connection, there),
        *missing(there, now, years),
        *past(connection, there, now, years, left_alone, doubt),
        *kept_long_enough(connection, there, now, doubt),
    ]


def loose(connection: psycopg.Connection[Any]) -> list[str]:
    """Return the tables of quarters that are part of no table."""
    found = connection.execute(LOOSE, (rf"^{PARENT}_\d{{4}}q[1-4](_retired|{RESTORING})?$",)).fetchall()
    return [name for (name,) in found]


def interrupted(connection: psycopg.Connection[Any], there: Standing) -> Iterator[Step]:
    pending = {one.table for one in there.attached if one.is_pending}
    closed = {table for table, archive in there.archives.items() if archive.state == "retiring"}
    for table in sorted(pending | closed):
        words = "finish taking it off the table" if table in pending else "finish retiring it"
        yield touching(connection, "finish", table, words)
    for table, archive in there.archives.items():
        if archive.state == "writing":
            yield Step("clear", table, "give up an archive whose writer ended")


def empty_leftovers(connection: psycopg.Connection[Any], there: Standing) -> Iterator[Step]:
    """Tables that a killed process has left: whatever was being brought back is still archived."""
    for table in there.loose:
        named = Quarter.named(table)
        if table.endswith(RESTORING) or (named and named.table not in there.archives and is_empty(connection, table)):
            yield touching(connection, "clear", table, "drop what an interrupted change has left")


def missing(there: Standing, now: datetime, years: int | None) -> Iterator[Step]:
    known = {one.quarter for one in there.attached} | {
        archive.quarter for archive in there.archives.values() if archive.state in archives.AWAY
    }
    for quarter in sorted(desired(now, years) - known):
        yield Step("create", quarter.table, "make it")


def past(
    connection: psycopg.Connection[Any],
    there: Standing,
    now: datetime,
    years: int | None,
    left_alone: set[str],
    doubt: str,
) -> Iterator[Step]:
    """Quarters past retention that hold lines. An empty one costs nothing, and is left where late lines find it."""
    for one in there.attached:
        archive = there.archives.get(one.table)
        settled = one.is_pending or one.table in left_alone or (archive and archive.state == "retiring")
        if one.quarter is None or settled or not is_past(one.quarter, now, years):
            continue
        if not is_empty(connection, one.table):
            yield touching(connection, "retire", one.table, "archive it and take it off the table", doubt)


def kept_long_enough(connection: psycopg.Connection[Any], there: Standing, now: datetime, doubt: str) -> Iterator[Step]:
    since = now - kept_aside()
    for archive in there.archives.values():
        if archive.state == "retired" and archive.retired_at and archive.retired_at <= since:
            yield touching(connection, "drop", archive.detached, "drop what is kept aside", doubt)


def touching(connection: psycopg.Connection[Any], kind: str, table: str, words: str, refusal: str = "") -> Step:
    """Measure what a step touches: lines, of a large table as the statistics know them, bytes on the disk, the edges of its time."""
    row = connection.execute(
        "SELECT reltuples::bigint, pg_total_relation_size(oid) FROM pg_class WHERE oid = to_regclass(%s)", (table,)
    ).fetchone()
    if row is None:
        return Step(kind, table, words, refusal=refusal)
    lines, size = row
    name = sql.Identifier(table)
    if lines < 0 or size < SMALL:  # nobody has counted yet, or counting is quicker than being wrong
        lines = only(connection, sql.SQL("SELECT count(*) FROM {}").format(name))[0]
    oldest, newest = only(connection, sql.SQL(EXTENT).format(table=name))
    return Step(kind, table, words, lines, size, oldest, newest, refusal)


def is_empty(connection: psycopg.Connection[Any], table: str) -> bool:
    return not only(connection, sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(table)))[0]


def only(connection: psycopg.Connection[Any], query: sql.Composed) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = connection.execute(query).fetchone()
    assert row is not None
    return row
