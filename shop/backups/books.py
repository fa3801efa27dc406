"""The row of a copy, written as things happen, each step under the fence of whoever takes the copy."""

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from shop.backups.models import FAILED
from shop.errors import Conflict
from shop.locks import Lease

KEPT_DIFFERENCES = 50


def begin(connection: psycopg.Connection[Any], lease: Lease, by: str, out_of: int) -> int:
    """Write down that a copy is being taken; returns its id."""
    with connection.transaction():
        lease.check(connection)
        row = connection.execute(
            "INSERT INTO backups (state, requested_by, phase, out_of) VALUES ('running', %s, 'dump', %s)"
            " ON CONFLICT DO NOTHING RETURNING id",
            (by, out_of),
        ).fetchone()
    if row is None:
        raise Conflict(
            "Another copy is being taken right now. Nothing was begun; its progress is on the page of backups."
        )
    return int(row[0])


def note(connection: psycopg.Connection[Any], lease: Lease, backup_id: int, **values: Any) -> None:
    """Set columns of the copy, where `now` as a value is the database's time."""
    with connection.transaction():
        lease.check(connection)
        update(connection, backup_id, values)


def update(connection: psycopg.Connection[Any], backup_id: int, values: dict[str, Any]) -> None:
    columns = psycopg.sql.SQL(", ").join(
        psycopg.sql.SQL("{} = {}").format(
            psycopg.sql.Identifier(name),
            psycopg.sql.SQL("clock_timestamp()") if value == "now" else psycopg.sql.Literal(value),
        )
        for name, value in values.items()
    )
    connection.execute(
        psycopg.sql.SQL("UPDATE backups SET {} WHERE id = {}").format(columns, psycopg.sql.Literal(backup_id))
    )


def fail(connection: psycopg.Connection[Any], backup_id: int, why: str, **values: Any) -> None:
    """Close a copy as failed. Under no fence: a copy that lost its lease has failed as well."""
    update(connection, backup_id, {"state": FAILED, "error": why, "phase": None, **values})


def fail_unproven(connection: psycopg.Connection[Any], backup_id: int, why: str) -> None:
    """Close a copy as failed, unless it was proven before."""
    connection.execute(
        "UPDATE backups SET state = 'failed', error = %s, phase = NULL WHERE id = %s AND state <> 'restorable'",
        (why, backup_id),
    )


def files_are_right(connection: psycopg.Connection[Any], lease: Lease, backup_id: int) -> None:
    """Write down that every byte is the one that was written; what is proven already stays so while it is proven again."""
    with connection.transaction():
        lease.check(connection)
        connection.execute(
            "UPDATE backups SET state = CASE state WHEN 'written' THEN 'verified' ELSE state END, phase = 'restore' WHERE id = %s",
            (backup_id,),
        )


def begin_check(connection: psycopg.Connection[Any], lease: Lease, backup_id: int, by: str) -> int:
    with connection.transaction():
        lease.check(connection)
        row = connection.execute(
            "INSERT INTO backup_checks (backup_id, by) VALUES (%s, %s) RETURNING id", (backup_id, by)
        ).fetchone()
    assert row is not None
    return int(row[0])


def end_check(
    connection: psycopg.Connection[Any],
    check_id: int,
    outcome: str,
    differences: Sequence[str] = (),
    seconds: float | None = None,
    tables: int | None = None,
    rows: int | None = None,
) -> None:
    """Close a check. `seconds` is how long the restore alone took: the time that a disaster would cost."""
    connection.execute(
        """UPDATE backup_checks SET finished_at = clock_timestamp(), outcome = %s, differences = %s, restore_seconds = %s,
                  tables = %s, table_rows = %s WHERE id = %s""",
        (outcome, Jsonb(list(differences)[:KEPT_DIFFERENCES]), seconds, tables, rows, check_id),
    )
