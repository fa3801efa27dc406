"""The stored file of an earlier run taken again: as a preview of what that would change, or for good."""

from collections.abc import Sequence

from sqlalchemy import func, select

from shop.db import db
from shop.errors import Conflict
from shop.languages import gettext as _
from shop.languages import said
from shop.snapshots import deletions, runs
from shop.snapshots.models import LIVE, Snapshot
from shop.snapshots.rawstore import StoredFile


def request_replay(snapshot: Snapshot, requested_by: str, *, confirmed: bool = False) -> Snapshot:
    """Add a queued run of the same stored file; what is newer than the file stays. The caller commits and enqueues."""
    return taken_again(snapshot, requested_by, "replay", confirmed=confirmed)


def request_preview(snapshot: Snapshot, requested_by: str) -> Snapshot:
    """Add a queued run that only finds out what a replay would change; a second click leads to the first one's.

    The caller commits and enqueues.
    """
    return live_preview(snapshot) or taken_again(snapshot, requested_by, "preview")


def live_preview(snapshot: Snapshot) -> Snapshot | None:
    """Return the preview of the same file that is under way. Whoever asks at the same time waits for the transaction to end."""
    origin = origin_of(snapshot)
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"preview:{origin}", 0))))
    earlier = select(Snapshot).where(
        Snapshot.origin_id == origin, Snapshot.purpose == "preview", Snapshot.state.in_(LIVE)
    )
    return db.session.scalars(earlier).first()


def taken_again(snapshot: Snapshot, requested_by: str, purpose: str, *, confirmed: bool = False) -> Snapshot:
    if snapshot.is_live and snapshot.purpose != "preview":
        raise Conflict(
            _(
                "Snapshot %(id)s is still %(state)s. Nothing was started; wait for it to end.",
                id=snapshot.id,
                state=said(snapshot.state),
            )
        )
    if snapshot.file_path is None:
        raise Conflict(
            _(
                "Snapshot %(id)s has no stored file. Nothing was started; `flask snapshots retry %(id)s` asks the "
                "platform anew.",
                id=snapshot.id,
            )
        )
    file = StoredFile(
        snapshot.file_path, snapshot.file_name or "file", snapshot.file_bytes or 0, snapshot.file_sha256 or ""
    )
    again = runs.request_run(
        snapshot.shop_id,
        snapshot.kind,
        snapshot.mode,
        requested_by,
        file,
        confirmed=confirmed,
        as_of=snapshot.as_of or snapshot.requested_at,
        purpose=purpose,
        origin_id=origin_of(snapshot),
    )
    deletions.copy(snapshot.id, again.id)
    return again


def origin_of(snapshot: Snapshot) -> int:
    """Return the run that brought the file, however often it was taken since. A file of redriven records is its own."""
    return snapshot.origin_id if snapshot.origin_id and snapshot.purpose != "redrive" else snapshot.id


def replays_since(preview: Snapshot) -> Sequence[Snapshot]:
    """Return the replays of the same file that were asked for after the preview, oldest first."""
    query = select(Snapshot).where(
        Snapshot.origin_id == preview.origin_id, Snapshot.purpose == "replay", Snapshot.id > preview.id
    )
    return db.session.scalars(query.order_by(Snapshot.id)).all()
