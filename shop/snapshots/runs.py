"""The life of a run: asked for, claimed, carried out, ended. The row is the truth at every step."""

from datetime import UTC, datetime
from typing import Any

import psycopg
from sqlalchemy.exc import IntegrityError

from shop.db import db
from shop.errors import Conflict
from shop.locks import Lease, worker_name
from shop.snapshots.models import LIVE, Snapshot
from shop.snapshots.rawstore import StoredFile


class AlreadyRunning(Conflict):
    """A run of the same shop and kind is live; `snapshot_id` names it."""

    code = "already_running"

    def __init__(self, snapshot_id: int | None) -> None:
        self.snapshot_id = snapshot_id
        number = f"snapshot {snapshot_id}" if snapshot_id else "a snapshot"
        super().__init__(
            f"Another run, {number}, is already loading the same kind of records for this shop. Nothing was started; "
            f"wait for it to finish. If its worker was killed, go on with it: `flask snapshots retry {snapshot_id or 'ID'}`."
        )


def live_run(shop_id: int, kind: str) -> Snapshot | None:
    """Return the run of this shop and kind that is queued or running."""
    query = db.select(Snapshot).where(Snapshot.shop_id == shop_id, Snapshot.kind == kind, Snapshot.state.in_(LIVE))
    return db.session.scalars(query).first()


def request_run(
    shop_id: int,
    kind: str,
    mode: str,
    requested_by: str,
    file: StoredFile,
    *,
    confirmed: bool = False,
    as_of: datetime | None = None,
) -> Snapshot:
    """Add a queued run for a stored file; the database refuses a second live one. The caller commits."""
    snapshot = Snapshot(
        shop_id=shop_id,
        kind=kind,
        mode=mode,
        requested_by=requested_by,
        confirmed=confirmed,
        as_of=as_of or datetime.now(UTC),
        file_path=file.path,
        file_name=file.name,
        file_bytes=file.bytes,
        file_sha256=file.sha256,
    )
    try:
        with db.session.begin_nested():
            db.session.add(snapshot)
    except IntegrityError as error:
        if "uq_snapshots_live" not in str(error.orig):
            raise
        live = live_run(shop_id, kind)
        raise AlreadyRunning(live.id if live else None) from error
    return snapshot


def run_again(snapshot: Snapshot, requested_by: str, *, confirmed: bool = False) -> Snapshot:
    """Add a new run of the same stored file, with everything else as it was. The caller commits."""
    if snapshot.file_path is None:
        raise Conflict("This run has no stored file, so it cannot be run again from one. Take a new snapshot.")
    file = StoredFile(
        snapshot.file_path, snapshot.file_name or "file", snapshot.file_bytes or 0, snapshot.file_sha256 or ""
    )
    return request_run(
        snapshot.shop_id, snapshot.kind, snapshot.mode, requested_by, file, confirmed=confirmed, as_of=snapshot.as_of
    )


def begin_attempt(connection: psycopg.Connection[Any], snapshot_id: int) -> int | None:
    """Take the run up, under its lease: earlier attempts that never ended are lost. None when it is over already."""
    row = connection.execute(
        """UPDATE snapshots SET state = 'running', attempts = attempts + 1, started_at = coalesce(started_at, clock_timestamp()),
                  heartbeat_at = clock_timestamp(), error = NULL, error_code = NULL
           WHERE id = %s AND state IN ('queued', 'running') RETURNING attempts""",
        (snapshot_id,),
    ).fetchone()
    if row is None:
        return None
    connection.execute(
        "UPDATE snapshot_attempts SET ended_at = clock_timestamp(), outcome = 'lost' WHERE snapshot_id = %s AND ended_at IS NULL",
        (snapshot_id,),
    )
    connection.execute(
        "INSERT INTO snapshot_attempts (snapshot_id, number, worker) VALUES (%s, %s, %s)",
        (snapshot_id, row[0], worker_name()),
    )
    return int(row[0])


def enter_phase(connection: psycopg.Connection[Any], lease: Lease, snapshot_id: int, phase: str) -> None:
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
        """UPDATE snapshot_attempts a SET ended_at = clock_timestamp(), outcome = %s, error = %s, error_code = %s, phase = s.phase
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
    connection.execute(
        """UPDATE failed_snapshots f SET resolved_at = clock_timestamp(), resolution = 'a later snapshot succeeded'
           FROM snapshots s WHERE s.id = %s AND f.shop_id = s.shop_id AND f.kind = s.kind AND f.resolved_at IS NULL""",
        (snapshot_id,),
    )


def fail(connection: psycopg.Connection[Any], snapshot_id: int, message: str, code: str) -> None:
    """Record why the run ended; it appears among the failed snapshots until a later one succeeds."""
    with connection.transaction():
        ended = connection.execute(
            """UPDATE snapshots SET state = 'failed', error = %s, error_code = %s, finished_at = clock_timestamp()
               WHERE id = %s AND state IN ('queued', 'running') RETURNING shop_id, kind""",
            (message, code, snapshot_id),
        ).fetchone()
        if ended is None:
            return
        end_attempt(connection, snapshot_id, "failed", message, code)
        connection.execute(
            """INSERT INTO failed_snapshots (shop_id, kind, snapshot_id, error, error_code, fingerprint, permanent)
               VALUES (%s, %s, %s, %s, %s, %s, true) ON CONFLICT (snapshot_id) DO NOTHING""",
            (*ended, snapshot_id, message, code, f"{ended[1]}:{code}"),
        )
