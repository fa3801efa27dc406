"""What the catalog knows of the big table: whether it is partitioned, and into what."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from sqlalchemy import select

from shop.db import db
from shop.partitions.models import PartitionArchive
from shop.partitions.quarters import PARENT, Quarter

BOUND = re.compile(r"FOR VALUES FROM \('([^']+)'\) TO \('([^']+)'\)")
ATTACHED = """
    SELECT c.relname, pg_get_expr(c.relpartbound, c.oid), i.inhdetachpending, c.oid::bigint
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = to_regclass(%s) ORDER BY 1"""

RETIRED = """
    SELECT partition, starts_at, ends_at, state FROM partition_archives
    WHERE state IN ('retiring', 'retired', 'dropped') ORDER BY starts_at"""
NOT_MEANWHILE = "SELECT pg_advisory_xact_lock_shared(hashtext('pult retiring'))"


@dataclass(frozen=True)
class Attached:
    """One partition as it hangs on the table. `starts_at` is None where its bounds are not two moments: a DEFAULT one."""

    table: str
    starts_at: datetime | None
    ends_at: datetime | None
    is_pending: bool  # an interrupted DETACH: its rows are not seen until that is finished
    oid: int

    @property
    def quarter(self) -> Quarter | None:
        """Return the quarter it holds, None where its bounds are not exactly a quarter's."""
        if self.starts_at is None:
            return None
        quarter = Quarter.of(self.starts_at)
        return quarter if (quarter.starts_at, quarter.ends_at) == (self.starts_at, self.ends_at) else None


def is_partitioned(connection: psycopg.Connection[Any], table: str = PARENT) -> bool:
    row = connection.execute("SELECT relkind = 'p' FROM pg_class WHERE oid = to_regclass(%s)", (table,)).fetchone()
    return row is not None and bool(row[0])


def attached(connection: psycopg.Connection[Any], table: str = PARENT) -> list[Attached]:
    """Return the partitions of the table, pending ones included, by name. Asks the catalog alone."""
    return [
        Attached(name, *bounds_of(bound), is_pending=pending, oid=oid)
        for name, bound, pending, oid in connection.execute(ATTACHED, (table,)).fetchall()
    ]


@dataclass(frozen=True)
class Retired:
    """A quarter whose lines are archived. `table` is the quarter's name; `ends_at` is not part of it."""

    table: str
    starts_at: datetime
    ends_at: datetime
    state: str  # retiring: on its way out; retired: detached, kept aside; dropped: the file alone holds it

    def __contains__(self, moment: datetime) -> bool:
        return self.starts_at <= moment < self.ends_at


def retired(connection: psycopg.Connection[Any], *, until_commit: bool = False) -> list[Retired]:
    """Return the quarters whose lines are archived, by time.

    With `until_commit` no quarter is retired before this transaction ends: whoever changes lines asks like that, first
    thing, in the transaction that changes them. In READ COMMITTED the answer is then true until the commit.
    """
    if until_commit:
        connection.execute(NOT_MEANWHILE)
    return [Retired(*row) for row in connection.execute(RETIRED).fetchall()]


def bounds_of(bound: str) -> tuple[datetime | None, datetime | None]:
    """Read what PostgreSQL says of a range. Every connection of ours speaks UTC, so that the text does."""
    found = BOUND.fullmatch(bound)
    if not found:
        return None, None
    first, last = (datetime.fromisoformat(text).astimezone(UTC) for text in found.groups())
    return first, last


def exists(connection: psycopg.Connection[Any], table: str) -> bool:
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (table,)).fetchone()
    return row is not None and bool(row[0])


def archive_over(moment: datetime) -> PartitionArchive | None:
    """Return the archive that holds the lines of an order made at a moment, None where they are in the table."""
    its = (PartitionArchive.starts_at <= moment, PartitionArchive.ends_at > moment)
    query = select(PartitionArchive).where(PartitionArchive.state.in_(("retiring", "retired", "dropped")), *its)
    return db.session.scalar(query)
