"""What a platform reports as deleted: read from its feed into the run, before the file of the run is kept."""

from datetime import datetime
from itertools import islice

import structlog
from psycopg import sql

from shop.db import db
from shop.languages import N_
from shop.platforms.failures import FeedTooOld, ModuleMissing, NoRights
from shop.platforms.records import Kind
from shop.platforms.remote import Change, Remote
from shop.snapshots.coverage import AGAIN, covered_until
from shop.snapshots.export_row import ExportRow
from shop.snapshots.models import Snapshot
from shop.snapshots.staging import table

STEP = 1000  # changes kept in one transaction
TOO_OLD = N_(
    "The platform no longer remembers what was deleted since then. What changed is loaded all the same; "
    "the schedule asks for everything next."
)
REFUSED = N_("The token may not read what was deleted, so that is seen only by complete snapshots.")
log = structlog.get_logger()


def since(snapshot: Snapshot, *, lists: bool) -> datetime | None:
    """Return from when on a run must hear of deletions. None where its file says so itself, or nothing is stored yet.

    Lists can hide a row while they shift, so what a walk through them did not name is not deleted by that.
    """
    if snapshot.mode == "full" and not lists:
        return None
    until = snapshot.changed_since
    if until is None:
        known = covered_until(snapshot.shop_id, snapshot.kind)
        until = known - AGAIN if known else None
    db.session.rollback()
    return until


def report(remote: Remote, row: ExportRow, kind: Kind, since: datetime) -> None:
    """Keep what the feed reports with the run. Safe to be killed and begun again: the same is kept once."""
    try:
        feed = remote.changes(kind, since, deletions_only=True)
    except FeedTooOld as failure:
        log.warning("deletions_unknown", since=since.isoformat(), reason=failure.happened)
        row.feed_is("too_old", TOO_OLD)
        return
    try:
        while changes := list(islice(feed.changes, STEP)):
            row.keep_deletions({change.key: gone_at(change, since) for change in changes if change.deleted})
    except (NoRights, ModuleMissing) as failure:
        log.warning("deletions_not_readable", reason=failure.happened)
        row.feed_is("refused", REFUSED)
        return
    row.feed_is("read", None)


def gone_at(change: Change, since: datetime) -> datetime:
    """Return when it was deleted; where the platform does not say, no earlier than what was asked for."""
    return change.changed_at or since


def copy(from_run: int, to_run: int) -> None:
    """Let a run of the same stored file know what its first run was told. The caller commits."""
    db.session.execute(
        db.text(
            """INSERT INTO reported_deletions (shop_id, snapshot_id, key, deleted_at)
               SELECT shop_id, :to_run, key, deleted_at FROM reported_deletions
               WHERE snapshot_id = :from_run AND shop_id = (SELECT shop_id FROM snapshots WHERE id = :from_run)"""
        ),
        {"from_run": from_run, "to_run": to_run},
    )


def reported_where(snapshot_id: int, key: sql.Identifier) -> sql.Composed:
    """Return the condition for stored rows that were reported as deleted.

    What the file itself holds was there when it was made: if it went after that, the next feed says so again. A row
    that is newer than its deletion came back.
    """
    return sql.SQL(
        "e.shop_id = %(shop)s AND e.deleted_at IS NULL AND EXISTS (SELECT 1 FROM reported_deletions r"
        " WHERE r.shop_id = e.shop_id AND r.snapshot_id = %(snapshot)s AND r.key = e.{key} AND r.deleted_at >="
        " coalesce(e.changed_at, (SELECT s.as_of FROM snapshots s WHERE s.id = e.snapshot_id), '-infinity'))"
        " AND NOT EXISTS (SELECT 1 FROM {main} m WHERE m.{key} = e.{key})"
        " AND NOT EXISTS (SELECT 1 FROM {seen} s WHERE s.key = e.{key})"
    ).format(key=key, main=table(snapshot_id, "main"), seen=table(snapshot_id, "seen"))
