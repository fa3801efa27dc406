"""The partitions as tables: how large, how many rows by their statistics, and counted where that takes a moment."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import errors, sql

from shop.partitions.quarters import PARENT, Quarter
from shop.partitions.queries import bounds_of

LONGEST_COUNT = 2_000  # milliseconds
SIZES = """
    SELECT c.relname, pg_get_expr(c.relpartbound, c.oid), i.inhdetachpending, c.reltuples::bigint, pg_relation_size(c.oid) = 0,
           pg_total_relation_size(c.oid), pg_indexes_size(c.oid),
           (SELECT s.histogram_bounds::text::timestamptz[] FROM pg_stats s
            WHERE s.schemaname = 'public' AND s.tablename = c.relname AND s.attname = 'created_at')
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = to_regclass(%s) ORDER BY 1"""
COUNT = "SELECT count(*), min(created_at), max(created_at) FROM {}"


@dataclass(frozen=True)
class Extent:
    """The moments of the oldest and the newest line of a table."""

    oldest: datetime | None = None
    newest: datetime | None = None


@dataclass(frozen=True)
class Table:
    """One partition. `rows` and `extent` are what its statistics say; None: nobody has looked yet."""

    name: str
    starts_at: datetime | None  # None: a DEFAULT one
    is_pending: bool
    rows: int | None
    bytes: int  # with indexes
    index_bytes: int
    extent: Extent

    @property
    def quarter(self) -> Quarter | None:
        return Quarter.of(self.starts_at) if self.starts_at else None


def tables(connection: psycopg.Connection[Any]) -> list[Table]:
    """Return the partitions, by name. One query of the catalog."""
    made = []
    for name, bound, pending, rows, empty, size, indexes, edges in connection.execute(SIZES, (PARENT,)):
        known = 0 if empty else None if rows < 0 else rows
        extent = Extent(edges[0], edges[-1]) if edges and known else Extent()
        made.append(Table(name, bounds_of(bound)[0], pending, known, size, indexes, extent))
    return made


def exact(connection: psycopg.Connection[Any], table: str) -> tuple[int, Extent] | None:
    """Count one table, unless that takes longer than a page may."""
    try:
        with connection.transaction():
            connection.execute("SELECT set_config('statement_timeout', %s, true)", (str(LONGEST_COUNT),))
            row = connection.execute(sql.SQL(COUNT).format(sql.Identifier(table))).fetchone()
    except errors.QueryCanceled:
        return None
    assert row is not None
    return row[0], Extent(row[1], row[2])
