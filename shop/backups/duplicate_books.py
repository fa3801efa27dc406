"""The row of a copy on a target, written as things happen, each step under the fence of whoever sends copies."""

from typing import Any

import psycopg

from shop.backup_settings import Target
from shop.backups.reading_back import Stored
from shop.languages import N_
from shop.locks import Lease

ENDED = N_(
    "The process that sent this copy ended in the midst of it. What it had sent does not count, and is removed; it is sent again."
)


def begin(connection: psycopg.Connection[Any], lease: Lease, backup_id: int, target: Target) -> int:
    """Write down that a copy is being sent; returns the id of the row."""
    with connection.transaction():
        lease.check(connection)
        row = connection.execute(
            """INSERT INTO backup_duplicates (backup_id, target, place, state, tries) VALUES (%s, %s, %s, 'running', 1)
               ON CONFLICT (backup_id, target, place) DO UPDATE SET state = 'running', leftover = true, error = NULL,
                   tries = backup_duplicates.tries + 1, tried_at = clock_timestamp(), verified_at = NULL, opened_at = NULL, removed_at = NULL
               RETURNING id""",
            (backup_id, target.name, target.place),
        ).fetchone()
    assert row is not None
    return int(row[0])


def arrived(
    connection: psycopg.Connection[Any], lease: Lease, duplicate_id: int, stored: Stored, *, opened: bool
) -> None:
    """Write down that it lies there, and that every byte was read back."""
    with connection.transaction():
        lease.check(connection)
        connection.execute(
            """UPDATE backup_duplicates SET state = 'verified', leftover = false, bytes = %s, sha256 = %s, encrypted = %s,
                   verified_at = clock_timestamp(), opened_at = CASE WHEN %s THEN clock_timestamp() END WHERE id = %s""",
            (stored.bytes, stored.sha256, bool(stored.encrypted_to), opened, duplicate_id),
        )


def seen_again(connection: psycopg.Connection[Any], lease: Lease, duplicate_id: int, *, opened: bool) -> None:
    """Write down that it was read back once more, and equal."""
    with connection.transaction():
        lease.check(connection)
        connection.execute(
            """UPDATE backup_duplicates SET verified_at = clock_timestamp(),
                   opened_at = CASE WHEN %s THEN clock_timestamp() ELSE opened_at END WHERE id = %s""",
            (opened, duplicate_id),
        )


def fail(connection: psycopg.Connection[Any], duplicate_id: int, why: str, *, counts: bool = True) -> None:
    """Close it as failed. Under no fence: who lost the lease has failed as well. With `counts` off, the try is forgotten."""
    connection.execute(
        """UPDATE backup_duplicates SET state = 'failed', error = %s, tries = tries - CASE WHEN %s THEN 0 ELSE 1 END
           WHERE id = %s AND state IN ('running', 'verified')""",
        (why, counts, duplicate_id),
    )


def remove(connection: psycopg.Connection[Any], lease: Lease, backup_id: int, target: Target) -> None:
    """Write down that it counts no more; what lies there is removed after."""
    with connection.transaction():
        lease.check(connection)
        connection.execute(
            """UPDATE backup_duplicates SET state = 'removed', leftover = true, removed_at = clock_timestamp()
               WHERE backup_id = %s AND target = %s AND place = %s""",
            (backup_id, target.name, target.place),
        )


def close_killed(connection: psycopg.Connection[Any], lease: Lease) -> None:
    """Close what a killed process has left open. Only who holds the lease may call it."""
    with connection.transaction():
        lease.check(connection)
        connection.execute(
            "UPDATE backup_duplicates SET state = 'failed', error = %s WHERE state = 'running'", (ENDED,)
        )


def leftovers(connection: psycopg.Connection[Any], target: Target) -> list[tuple[int, str]]:
    """Return id and name of what may still lie on a target though it does not count."""
    return connection.execute(
        """SELECT d.id, b.folder FROM backup_duplicates d JOIN backups b ON b.id = d.backup_id
           WHERE d.leftover AND d.state IN ('failed', 'removed') AND d.target = %s AND d.place = %s ORDER BY d.id""",
        (target.name, target.place),
    ).fetchall()


def cleared(connection: psycopg.Connection[Any], duplicate_id: int) -> None:
    connection.execute(
        "UPDATE backup_duplicates SET leftover = false WHERE id = %s AND state <> 'verified'", (duplicate_id,)
    )
