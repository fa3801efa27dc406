"""Removes what the plan of retention names: the row first, the files after, so that no row promises what is gone."""

import shutil

import structlog

from shop import task_runs
from shop.backups import books, files
from shop.backups.holding import Hold, alone
from shop.backups.queries import all_backups
from shop.backups.retention import Plan, counts, plan
from shop.db import db

log = structlog.get_logger()


def planned() -> Plan:
    return plan(all_backups(), task_runs.now(), counts())


def prune() -> Plan:
    """Carry the plan of this moment out and return it. Idempotent; killed in between, the files are removed the next time."""
    with alone() as hold:
        db.session.rollback()  # what was read before the lease was held may be old
        found = planned()
        for backup_id in restored_now(hold):
            found.removed.pop(backup_id, None)
        for backup_id, why in found.removed.items():
            remove(hold, backup_id, why)
        clear_files(hold)
    db.session.rollback()
    return found


def restored_now(hold: Hold) -> list[int]:
    """Return the copies that are read at this moment: the next pruning may have them."""
    rows = hold.connection.execute("SELECT backup_id FROM restorations WHERE state IN ('queued', 'running')")
    return [row[0] for row in rows.fetchall()]


def remove(hold: Hold, backup_id: int, why: str) -> None:
    books.note(hold.connection, hold.lease, backup_id, pruned_at="now")
    log.info("backup_removed", backup=backup_id, why=why)


def clear_files(hold: Hold) -> None:
    """Remove the files of every copy whose row says that they are removed, those that a killed pruning left as well."""
    rows = hold.connection.execute("SELECT folder FROM backups WHERE folder IS NOT NULL AND pruned_at IS NOT NULL")
    for (name,) in rows.fetchall():
        place = files.backups_folder(hold.data_dir) / name
        if place.is_dir():
            shutil.rmtree(place)
