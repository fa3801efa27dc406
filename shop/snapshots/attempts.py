"""A worker's go at a run, from taking it up to letting go of it. Written under the fence, by the worker that holds it."""

from typing import Any

import psycopg

from shop.languages import N_
from shop.locks import Lease, worker_name
from shop.shops import problems
from shop.snapshots.deaths import refuse_poisoned

ENDINGS = N_("it succeeded when it was tried again"), N_("a later snapshot succeeded")  # as the query below writes them

COVER = """
    UPDATE failed_snapshots f
    SET resolved_at = clock_timestamp(), retry_at = NULL, retry_by = NULL,
        resolution = CASE WHEN e.id = s.id THEN 'it succeeded when it was tried again' ELSE 'a later snapshot succeeded' END
    FROM snapshots s, snapshots e
    WHERE s.id = %(id)s AND f.shop_id = s.shop_id AND f.kind = s.kind AND f.resolved_at IS NULL AND e.id = f.snapshot_id
    AND (e.id = s.id
         OR (s.mode = 'full' AND (e.as_of IS NULL OR e.as_of <= s.as_of))
         OR (s.way IS NOT NULL AND e.way IS NOT NULL
             AND (s.changed_since IS NULL OR (e.mode = 'partial' AND s.changed_since <= e.changed_since))))"""


def begin_attempt(connection: psycopg.Connection[Any], snapshot_id: int) -> int | None:
    """Take the run up, under its lease: an attempt that never ended is lost. None when the run is over already.

    A run that was given back to wait for its platform goes on with the attempt that gave it back.
    """
    found = connection.execute(
        "SELECT state, attempts FROM snapshots WHERE id = %s AND state IN ('queued', 'running') FOR UPDATE",
        (snapshot_id,),
    ).fetchone()
    if found is None:
        return None
    going = connection.execute(
        "SELECT 1 FROM snapshot_attempts WHERE snapshot_id = %s AND number = %s AND ended_at IS NULL",
        (snapshot_id, found[1]),
    ).fetchone()
    waited = found[0] == "queued" and going is not None
    number = int(found[1]) + (0 if waited else 1)
    connection.execute(
        """UPDATE snapshots SET state = 'running', attempts = %s, started_at = coalesce(started_at, clock_timestamp()),
                  heartbeat_at = clock_timestamp(), error = NULL, error_code = NULL WHERE id = %s""",
        (number, snapshot_id),
    )
    connection.execute(
        """UPDATE snapshot_attempts SET ended_at = clock_timestamp(), outcome = 'lost'
           WHERE snapshot_id = %s AND number < %s AND ended_at IS NULL""",
        (snapshot_id, number),
    )
    connection.execute(
        """INSERT INTO snapshot_attempts (snapshot_id, number, worker) VALUES (%s, %s, %s)
           ON CONFLICT (snapshot_id, number) DO UPDATE SET worker = EXCLUDED.worker""",
        (snapshot_id, number, worker_name()),
    )
    return number


def give_back(connection: psycopg.Connection[Any], lease: Lease, snapshot_id: int) -> None:
    """Let go of a run that waits for the platform; it stays live, and `look_at` says when to take it up again."""
    with connection.transaction():
        lease.check(connection)
        connection.execute(
            "UPDATE snapshots SET state = 'queued', heartbeat_at = clock_timestamp() WHERE id = %s AND state = 'running'",
            (snapshot_id,),
        )


def stop(connection: psycopg.Connection[Any], lease: Lease, snapshot_id: int) -> None:
    """Let go of a run because its worker ends in good order; it is due at once, and no try of it is used up."""
    with connection.transaction():
        lease.check(connection)
        end_attempt(connection, snapshot_id, "stopped")
        connection.execute(
            """UPDATE snapshots SET state = 'queued', heartbeat_at = clock_timestamp(), look_at = clock_timestamp()
               WHERE id = %s AND state = 'running'""",
            (snapshot_id,),
        )


def enter_phase(connection: psycopg.Connection[Any], lease: Lease, snapshot_id: int, phase: str) -> None:
    refuse_poisoned(connection, snapshot_id, phase)
    with connection.transaction():
        lease.check(connection)
        connection.execute(
            "UPDATE snapshots SET phase = %s, heartbeat_at = clock_timestamp() WHERE id = %s AND phase <> %s",
            (phase, snapshot_id, phase),
        )


def end_attempt(
    connection: psycopg.Connection[Any],
    snapshot_id: int,
    outcome: str,
    error: str | None = None,
    code: str | None = None,
) -> None:
    connection.execute(
        """UPDATE snapshot_attempts a SET ended_at = clock_timestamp(), outcome = %s, error = %s, error_code = %s, phase = s.phase, line = s.cursor_line
           FROM snapshots s WHERE a.snapshot_id = %s AND a.ended_at IS NULL AND s.id = a.snapshot_id""",
        (outcome, error, code, snapshot_id),
    )


def finish(connection: psycopg.Connection[Any], snapshot_id: int, counts: dict[str, int]) -> None:
    """Close the books, inside the publish: the row's own check refuses books that do not balance."""
    connection.execute(
        """UPDATE snapshots SET state = 'done', phase = 'done', inserted = %(inserted)s, updated = %(updated)s,
                  unchanged = %(unchanged)s, superseded = %(superseded)s, deleted = %(deleted)s, published_lines = lines,
                  finished_at = clock_timestamp(), heartbeat_at = clock_timestamp()
           WHERE id = %(id)s""",
        counts | {"id": snapshot_id},
    )
    end_attempt(connection, snapshot_id, "done")
    problems.disprove(connection, snapshot_id)
    connection.execute(COVER, {"id": snapshot_id})
