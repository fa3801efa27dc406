"""Proves a copy: its files byte by byte, then a real restore, then every row and every definition compared."""

import time
from pathlib import Path

import psycopg
import structlog

from shop.backups import books, files, smoke
from shop.backups.contents import Contents, differences, read_contents
from shop.backups.holding import Hold
from shop.backups.loading import load
from shop.backups.models import RESTORABLE, Backup
from shop.backups.scratch import scratch
from shop.backups.tools import ToolFailed, tools_for
from shop.errors import ShopError
from shop.fault_points import fault_point
from shop.languages import gettext as _

EQUAL, DIFFERENT, UNREADABLE, INTERRUPTED = "equal", "different", "unreadable", "interrupted"
log = structlog.get_logger()


def prove(hold: Hold, backup_id: int, name: str, by: str) -> list[str]:
    """Restore the copy into a scratch database and compare; returns what differs, in sentences: nothing, for a good copy.

    The copy becomes `restorable` or `failed`, and the check is written down with the time that the restore took. What
    is interrupted leaves the copy as it was, and so does a restore that breaks off where the same bytes were proven
    before: that is the machine's fault, and a copy that counts no more may be removed.
    """
    check_id = books.begin_check(hold.connection, hold.lease, backup_id, by)
    try:
        found, seconds, contents = compared(hold, backup_id, name)
    except files.Damaged as error:
        books.end_check(hold.connection, check_id, UNREADABLE, [error.message])
        books.fail(hold.connection, backup_id, error.message)
        return [error.message]
    except ToolFailed as error:
        books.end_check(hold.connection, check_id, UNREADABLE, [error.message])
        books.fail_unproven(hold.connection, backup_id, error.message)
        return [error.message]
    except BaseException:
        books.end_check(hold.connection, check_id, INTERRUPTED)
        raise
    outcome = DIFFERENT if found else EQUAL
    with hold.connection.transaction():
        hold.lease.check(hold.connection)
        books.end_check(hold.connection, check_id, outcome, found, seconds, len(contents.tables), contents.rows)
        if found:
            books.fail(
                hold.connection,
                backup_id,
                _("It was restored, and is not what was copied: %(difference)s", difference=found[0]),
            )
        else:
            done = {"state": RESTORABLE, "phase": None, "error": None, "proved_at": "now", "restore_seconds": seconds}
            books.update(hold.connection, backup_id, done)
    log.info("backup_proved", backup=backup_id, outcome=outcome, seconds=round(seconds, 1), differences=len(found))
    return found


def compared(hold: Hold, backup_id: int, name: str) -> tuple[list[str], float, Contents]:
    """Return what differs, the seconds that the restore alone took, and what was to be there."""
    folder = files.backups_folder(hold.data_dir) / name
    hold.progress("check", 0, 0)
    manifest = files.check(folder)
    wanted = Contents.read(manifest["contents"])
    books.files_are_right(hold.connection, hold.lease, backup_id)
    tools = tools_for(int(manifest["server_version_num"]))
    with scratch(hold.data_dir, backup_id, tools, hold.live) as conninfo:
        fault_point("backups.scratch_made")
        began = time.monotonic()
        rows = {table: held.rows for table, held in wanted.tables.items()}
        load(tools, folder / files.DATABASE, conninfo, rows, lambda done: hold.progress("restore", done, wanted.rows))
        seconds = time.monotonic() - began
        fault_point("backups.restored")
        books.note(hold.connection, hold.lease, backup_id, phase="compare")
        hold.progress("compare", 0, 0)
        found = list(differences(wanted, read_contents(conninfo)))
        if not found:
            with psycopg.connect(conninfo) as restored:
                found = list(smoke.complaints(restored))
    return found, seconds, wanted


def folder_of(data_dir: Path, backup: Backup) -> Path:
    """Return where a copy lies. Raises ShopError where it is gone, or was never written."""
    place = files.backups_folder(data_dir) / str(backup.folder)
    if not backup.is_there or not place.is_dir():
        raise ShopError(
            _(
                "Copy %(id)s has no files any more, or never had. Its row stays as a record; choose another copy.",
                id=backup.id,
            )
        )
    return place
