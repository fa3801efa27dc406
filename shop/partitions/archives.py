"""The rows that say which quarters are archived, and how far each has come."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from shop.partitions.contents import Content
from shop.partitions.quarters import Quarter

COLUMNS = (
    "id, partition, starts_at, ends_at, state, lines, content_hash, file, sha256, bytes, retired_at, restored_at, error"
)
OVER = "('restored', 'failed')"
AWAY = ("retiring", "retired", "dropped")  # nothing in these quarters can change
MOMENTS = {"written", "verified", "retired", "dropped", "restored"}  # states whose time is kept


@dataclass(frozen=True)
class Archive:
    """One row of partition_archives."""

    id: int
    partition: str
    starts_at: datetime
    ends_at: datetime
    state: str
    lines: int | None
    content_hash: Decimal | None
    file: str | None
    sha256: str | None
    bytes: int | None
    retired_at: datetime | None
    restored_at: datetime | None
    error: str | None

    @property
    def quarter(self) -> Quarter:
        return Quarter.of(self.starts_at)

    @property
    def content(self) -> Content | None:
        return (
            Content(self.lines, self.content_hash) if self.lines is not None and self.content_hash is not None else None
        )

    @property
    def detached(self) -> str:
        """Return the name under which the quarter is kept aside."""
        return f"{self.partition}_retired"


def live(connection: psycopg.Connection[Any]) -> dict[str, Archive]:
    """Return the archive of each quarter that has one, by the quarter's table."""
    return {one.partition: one for one in chosen(connection, f"state NOT IN {OVER} ORDER BY starts_at")}


def live_of(connection: psycopg.Connection[Any], table: str) -> Archive | None:
    return next(iter(chosen(connection, f"state NOT IN {OVER} AND partition = %s", table)), None)


def restored_lately(connection: psycopg.Connection[Any], since: datetime) -> set[str]:
    """Return the tables of the quarters that were brought back after a moment."""
    found = connection.execute(
        "SELECT partition FROM partition_archives WHERE state = 'restored' AND restored_at > %s", (since,)
    )
    return {table for (table,) in found.fetchall()}


def superseded(connection: psycopg.Connection[Any], archive: Archive) -> list[Archive]:
    """Return older archives of the same quarter whose files nobody needs once this one is verified."""
    return chosen(
        connection,
        f"partition = %s AND id < %s AND state IN {OVER} AND file IS NOT NULL",
        archive.partition,
        archive.id,
    )


def chosen(connection: psycopg.Connection[Any], which: str, *values: object) -> list[Archive]:
    """Return the archives of a condition, which holds names of our own and placeholders alone."""
    with connection.cursor(row_factory=class_row(Archive)) as cursor:
        query = f"SELECT {COLUMNS} FROM partition_archives WHERE {which}"  # noqa: S608 - see above
        return cursor.execute(query.encode(), values).fetchall()


def begin(connection: psycopg.Connection[Any], quarter: Quarter) -> Archive:
    """Open the archive of a quarter. Its file is named after its row, so that no two writers ever meet in one."""
    with connection.cursor(row_factory=class_row(Archive)) as cursor:
        made = cursor.execute(
            f"""INSERT INTO partition_archives (partition, starts_at, ends_at, state) VALUES (%s, %s, %s, 'writing')
                RETURNING {COLUMNS}""".encode(),  # noqa: S608 - names of our own
            (quarter.table, quarter.starts_at, quarter.ends_at),
        ).fetchone()
    assert made is not None
    return made


def advance(connection: psycopg.Connection[Any], archive: Archive, state: str, **values: object) -> Archive:
    """Bring an archive into its next state, in the caller's transaction; what went wrong before is forgotten."""
    values = {"error": None} | values | {"state": state}
    assigned = [sql.SQL("{} = %s").format(sql.Identifier(name)) for name in values]
    if state in MOMENTS:
        assigned.append(sql.SQL("{} = clock_timestamp()").format(sql.Identifier(f"{state}_at")))
    statement = sql.SQL("UPDATE partition_archives SET {} WHERE id = %s RETURNING {}").format(
        sql.SQL(", ").join(assigned), sql.SQL(COLUMNS)
    )
    with connection.cursor(row_factory=class_row(Archive)) as cursor:
        made = cursor.execute(statement, (*values.values(), archive.id)).fetchone()
    assert made is not None
    return made


def complain(connection: psycopg.Connection[Any], archive: Archive, error: str) -> None:
    """Keep why an archive could not go on, without changing where it stands."""
    connection.execute("UPDATE partition_archives SET error = %s WHERE id = %s", (error, archive.id))
