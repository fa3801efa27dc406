"""Which stored files have been kept for long enough: of runs that ended long ago, and that nobody will want again."""

import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import structlog
from sqlalchemy import select, text

from shop import task_runs
from shop.db import db
from shop.snapshots.models import LIVE, Snapshot
from shop.snapshots.rawstore import raw_folder

# Of each shop and kind the newest complete file stays, and whatever a live run or an open failure still needs.
OLD = """
    SELECT file_path, max(file_bytes) AS bytes, max(coalesce(finished_at, requested_at)) AS last
    FROM snapshots s WHERE file_path IS NOT NULL GROUP BY file_path
    HAVING max(coalesce(finished_at, requested_at)) < clock_timestamp() - CAST(:kept AS interval)
    AND bool_and(s.state NOT IN ('queued', 'running'))
    AND NOT EXISTS (SELECT 1 FROM failed_snapshots f JOIN snapshots e ON e.id = f.snapshot_id
                    WHERE f.resolved_at IS NULL AND e.file_path = s.file_path)
    AND NOT s.file_path = ANY (ARRAY(
        SELECT DISTINCT ON (n.shop_id, n.kind) n.file_path FROM snapshots n
        WHERE n.state = 'done' AND n.mode = 'full' AND n.file_path IS NOT NULL ORDER BY n.shop_id, n.kind, n.id DESC))
    ORDER BY last, file_path"""
PARTS_KEPT = 24 * 3600  # seconds since a file that was never finished was last written to
OF_A_RUN = re.compile(r"run-(\d+)\.")
log = structlog.get_logger()


def old_files(kept: timedelta) -> list[tuple[str, int]]:
    """Return the path inside the data folder, and the bytes, of each file that has been kept for longer."""
    return [(row.file_path, row.bytes or 0) for row in db.session.execute(text(OLD), {"kept": kept})]


def let_go(kept: timedelta) -> list[str]:
    """Let no run name the old files any more, and return their paths. The caller commits, then removes them."""
    paths = [path for path, _ in old_files(kept)]
    db.session.execute(text("UPDATE snapshots SET file_path = NULL WHERE file_path = ANY(:paths)"), {"paths": paths})
    return paths


def remove(paths: Sequence[str], data_dir: Path) -> None:
    """Remove files that no run names. One that the same bytes have brought back meanwhile is needed again, and stays."""
    needed = set(
        db.session.scalars(
            text("SELECT file_path FROM snapshots WHERE file_path = ANY(:paths)"), {"paths": list(paths)}
        )
    )
    db.session.rollback()
    for path in paths:
        if path not in needed:
            (data_dir / path).unlink(missing_ok=True)
    log.info("raw_files_removed", files=len(set(paths) - needed))


def drop_unfinished(data_dir: Path) -> int:
    """Remove parts and peelings that nothing was written to for a day, and that belong to no live run."""
    live = set(db.session.scalars(select(Snapshot.id).where(Snapshot.state.in_(LIVE))))
    oldest = task_runs.now().timestamp() - PARTS_KEPT  # this machine's clock may be wrong
    count = 0
    for path in raw_folder(data_dir).iterdir():
        named = OF_A_RUN.match(path.name)
        if path.suffix not in (".part", ".peeled") or (named and int(named[1]) in live):
            continue
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
            count += 1
    return count
