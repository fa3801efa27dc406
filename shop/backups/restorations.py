"""The row of a restoration, written as things happen: who asked, how far it is, what became of it."""

from datetime import timedelta
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from shop.locks import Lease

LEASE = "backups:beside"
ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('pult restorations'))"
APPROVED = timedelta(hours=1)  # that an approval on the page is good for
MOST_DEATHS = 3  # workers that a restoration may cost
LEFT = """
    SELECT id FROM restorations WHERE state IN ('queued', 'running')
    AND coalesce(heartbeat_at, requested_at) < clock_timestamp() - interval '60 seconds'"""


class NotWanted(Exception):
    """The restoration was cancelled, or is over for another reason; whoever is at it lets go."""


def request(connection: psycopg.Connection[Any], backup_id: int, database: str, by: str) -> int | None:
    """Write down that a copy shall be restored beside; None where one stands there, or is on its way."""
    connection.execute(ONE_AT_A_TIME)
    row = connection.execute(
        """INSERT INTO restorations (backup_id, state, by, database) VALUES (%s, 'queued', %s, %s)
           ON CONFLICT DO NOTHING RETURNING id""",
        (backup_id, by, database),
    ).fetchone()
    return int(row[0]) if row else None


def begin(connection: psycopg.Connection[Any], lease: Lease, restoration_id: int) -> tuple[int, str, int]:
    """Take it up, also after a worker that died over it; returns the copy, the database's name, and the attempt."""
    with connection.transaction():
        lease.check(connection)
        row = connection.execute(
            """UPDATE restorations SET state = 'running', attempts = attempts + 1, heartbeat_at = clock_timestamp(),
                      phase = 'check', done = 0, out_of = 0, error = NULL
               WHERE id = %s AND state IN ('queued', 'running') RETURNING backup_id, database, attempts""",
            (restoration_id,),
        ).fetchone()
    if row is None:
        raise NotWanted
    return row[0], row[1], row[2]


def note(connection: psycopg.Connection[Any], lease: Lease, restoration_id: int, **values: Any) -> None:
    """Set columns while it runs, where `now` as a value is the database's time. Raises `NotWanted` once it does not."""
    columns = sql.SQL(", ").join(
        sql.SQL("{} = {}").format(
            sql.Identifier(name),
            sql.SQL("clock_timestamp()")
            if value == "now"
            else sql.Literal(value if name != "difference" else Jsonb(value)),
        )
        for name, value in values.items()
    )
    with connection.transaction():
        lease.check(connection)
        done = connection.execute(
            sql.SQL("UPDATE restorations SET {} WHERE id = {} AND state = 'running'").format(
                columns, sql.Literal(restoration_id)
            )
        )
        if done.rowcount == 0:
            raise NotWanted


def beat(connection: psycopg.Connection[Any], restoration_id: int) -> None:
    connection.execute(
        "UPDATE restorations SET heartbeat_at = clock_timestamp() WHERE id = %s AND state = 'running'",
        (restoration_id,),
    )


def is_wanted(connection: psycopg.Connection[Any], restoration_id: int) -> bool:
    row = connection.execute("SELECT state = 'running' FROM restorations WHERE id = %s", (restoration_id,)).fetchone()
    return bool(row and row[0])


def give_back(connection: psycopg.Connection[Any], restoration_id: int) -> None:
    """Let another worker begin it again; it costs no attempt."""
    connection.execute(
        """UPDATE restorations SET state = 'queued', attempts = attempts - 1, phase = NULL, heartbeat_at = NULL
           WHERE id = %s AND state = 'running'""",
        (restoration_id,),
    )


def fail(connection: psycopg.Connection[Any], restoration_id: int, why: str) -> None:
    connection.execute(
        """UPDATE restorations SET state = 'failed', error = %s, phase = NULL, ended_at = clock_timestamp()
           WHERE id = %s AND state IN ('queued', 'running')""",
        (why, restoration_id),
    )


def end(connection: psycopg.Connection[Any], restoration_id: int, before: tuple[str, ...], after: str, by: str) -> bool:
    """Move it from one of the states `before` to `after`; False where somebody else was faster."""
    done = connection.execute(
        """UPDATE restorations SET state = %s, ended_by = %s, ended_at = clock_timestamp(), phase = NULL
           WHERE id = %s AND state = ANY (%s)""",
        (after, by, restoration_id, list(before)),
    )
    return done.rowcount == 1


def approve(connection: psycopg.Connection[Any], restoration_id: int, by: str) -> bool:
    done = connection.execute(
        "UPDATE restorations SET approved_at = clock_timestamp(), approved_by = %s WHERE id = %s AND state = 'ready'",
        (by, restoration_id),
    )
    return done.rowcount == 1


def left_behind(connection: psycopg.Connection[Any]) -> list[int]:
    """Return those that nobody works on: forgotten by the queue, or left by a worker that died."""
    return [row[0] for row in connection.execute(LEFT).fetchall()]
