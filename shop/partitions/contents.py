"""What a table of lines holds, as two numbers that do not ask for the order of rows: how many, and a sum of hashes."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql

HASH = "sum(hashtextextended(ROW(columns)::text, 0))"  # as it stands in the manifest of an archive
ALIKE = "SELECT set_config('datestyle', 'ISO, YMD', false), set_config('timezone', 'UTC', false)"


@dataclass(frozen=True)
class Content:
    """Equal contents are equal rows, but for a chance of one in 2⁶⁴."""

    lines: int
    hash: Decimal


@dataclass(frozen=True)
class Column:
    name: str
    type: str  # as PostgreSQL writes it: numeric(14,2)


def columns_of(connection: psycopg.Connection[Any], table: str) -> list[Column]:
    """Return the columns of a table in their order; none where there is no such table."""
    found = connection.execute(
        """SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
           WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum""",
        (table,),
    ).fetchall()
    return [Column(*row) for row in found]


def listed(columns: Sequence[Column]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)


def content(connection: psycopg.Connection[Any], table: str, columns: Sequence[Column]) -> Content:
    """Read a whole table; 350,000 lines take about half a second. The columns are hashed in the given order."""
    connection.execute(ALIKE)
    row = connection.execute(
        sql.SQL(
            "SELECT count(*), coalesce(sum(hashtextextended(ROW({columns})::text, 0)::numeric), 0) FROM {table}"
        ).format(columns=listed(columns), table=sql.Identifier(table))
    ).fetchone()
    assert row is not None
    return Content(*row)
