"""The life of a run: asked for, claimed, carried out, ended. The row is the truth at every step."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import psycopg
from sqlalchemy.exc import IntegrityError

from shop.db import db
from shop.errors import Conflict, ShopError
from shop.locks import Lease, worker_name
from shop.shops import problems
from shop.shops.models import Shop
from shop.snapshots import deletions
from shop.snapshots.deaths import refuse_poisoned
from shop.snapshots.models import LIVE, Snapshot
from shop.snapshots.rawstore import StoredFile

SECOND_CLICK = timedelta(seconds=10)
COVER = """
    UPDATE failed_snapshots f
    SET resolved_at = clock_timestamp(), retry_at = NULL,
        resolution = CASE WHEN e.id = s.id THEN 'it succeeded when it was tried again' ELSE 'a later snapshot succeeded' END
    FROM snapshots s, snapshots e
    WHERE s.id = %(id)s AND f.shop_id = s.shop_id AND f.kind = s.kind AND f.resolved_at IS NULL AND e.id = f.snapshot_id
    AND (e.id = s.id
         OR (s.mode = 'full' AND (e.as_of IS NULL OR e.as_of <= s.as_of))
         OR (s.way IS NOT NULL AND e.way IS NOT NULL
             AND (s.changed_since IS NULL OR (e.mode = 'partial' AND s.changed_since <= e.changed_since))))"""


class Resting(ShopError):
    """The shop is not asked for anything at present; the sentence says why."""

    status = HTTPStatus.CONFLICT
    code = "resting"


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
    return added(
        Snapshot(
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
    )


def request_fetch(
    shop: Shop, kind: str, requested_by: str, changed_since: datetime | None = None, *, confirmed: bool = False
) -> Snapshot:
    """Add a queued run that asks the platform: for everything, or for what changed since. The caller commits."""
    refuse_resting(shop)
    return added(
        Snapshot(
            shop_id=shop.id,
            kind=kind,
            mode="partial" if changed_since else "full",
            changed_since=changed_since,
            requested_by=requested_by,
            confirmed=confirmed,
            way="export",
            phase="request",
        )
    )


def refuse_resting(shop: Shop) -> None:
    """Refuse to ask the platform for a shop that is paused, or that the platform lets in no more."""
    if shop.state == "paused":
        raise Resting(
            f"{shop.name} is paused, so {shop.platform} is not asked. Nothing was changed; "
            f"take it up again with `flask shops resume {shop.slug}`, or load a stored file."
        )
    if problems.locks_out(shop):
        raise Resting(
            f"{shop.name} cannot be fetched until its connection is mended: {shop.problem} Then look whether it is: "
            f"`flask shops check {shop.slug}`."
        )


def added(snapshot: Snapshot) -> Snapshot:
    try:
        with db.session.begin_nested():
            db.session.add(snapshot)
    except IntegrityError as error:
        if "uq_snapshots_live" not in str(error.orig):
            raise
        live = live_run(snapshot.shop_id, snapshot.kind)
        raise AlreadyRunning(live.id if live else None) from error
    return snapshot


def run_again(snapshot: Snapshot, requested_by: str, *, confirmed: bool = False) -> Snapshot:
    """Add a new run of the same stored file, or of a new export where there is none of use. The caller commits."""
    if asks_anew(snapshot):
        shop = db.session.get_one(Shop, snapshot.shop_id)
        return request_fetch(shop, snapshot.kind, requested_by, snapshot.changed_since, confirmed=confirmed)
    if snapshot.file_path is None:
        raise Conflict("This run has no stored file, so it cannot be run again from one. Take a new snapshot.")
    file = StoredFile(
        snapshot.file_path, snapshot.file_name or "file", snapshot.file_bytes or 0, snapshot.file_sha256 or ""
    )
    again = request_run(
        snapshot.shop_id, snapshot.kind, snapshot.mode, requested_by, file, confirmed=confirmed, as_of=snapshot.as_of
    )
    deletions.copy(snapshot.id, again.id)
    return again


def asks_anew(snapshot: Snapshot) -> bool:
    """Tell whether a run of this kind begins at the platform again: its file never came, or came damaged."""
    return snapshot.way is not None and (snapshot.file_path is None or snapshot.error_code == "damaged_file")


def is_second_click(live: Snapshot, requested_by: str, mode: str) -> bool:
    """Tell whether a live run is what the same person asked the platform for a moment ago."""
    asked = (live.requested_by, live.mode, live.way is not None)
    return asked == (requested_by, mode, True) and datetime.now(UTC) - live.requested_at < SECOND_CLICK


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
