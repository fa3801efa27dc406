"""Restores a copy into a database beside the live one, compares every row, and finds out what differs from today."""

import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import structlog

from shop import granting
from shop.backups import beside, files, restorations
from shop.backups.contents import Contents, differences, read_contents
from shop.backups.differing import difference
from shop.backups.loading import load
from shop.backups.models import CANCELLED, FAILED, QUEUED, READY
from shop.backups.restorations import NotWanted
from shop.backups.restoring import suits
from shop.backups.tools import tools_for
from shop.config import Config
from shop.db import MIGRATIONS
from shop.errors import ShopError
from shop.fault_points import fault_point
from shop.formatting import size
from shop.languages import N_
from shop.languages import gettext as _
from shop.local.launching import clean_environment
from shop.locks import Lease, LostLease
from shop.partitions.disk import free_bytes
from shop.stopping import Stopped

LEAST = 64 << 20  # bytes that the server's disk keeps free beside what is restored
TIMES = 1.2  # the live database: a restored one is no larger, but what is written ahead of it takes room as well
GIVEN_UP = N_(
    "Its workers died %(count)s times over it. Nothing of it was kept; see the log of the worker, and ask again."
)
UNTOUCHED = N_("The live database is as it was.")
FOLDER = "SELECT folder, pruned_at IS NULL FROM backups WHERE id = %s"
log = structlog.get_logger()


@dataclass(frozen=True)
class Work:
    """One restoration under its lease. `connection` writes its row, on the live database."""

    connection: psycopg.Connection[Any]
    lease: Lease
    restoration_id: int
    live: str
    config: Config

    def note(self, **values: Any) -> None:
        restorations.note(self.connection, self.lease, self.restoration_id, **values)

    def hear(self, done: int) -> None:
        """Write down how far it is; called from a thread that listens to a program."""
        try:
            self.note(done=done)
        except (NotWanted, LostLease) as reason:  # the program loses its connection, and its end says so
            log.info("progress_not_wanted", restoration=self.restoration_id, reason=type(reason).__name__)


def restore_beside(work: Work) -> str:
    """Bring it as far as it goes and return the state that it ended in. Whatever was begun before is begun anew.

    The database beside is there afterwards only if the restoration is ready, or another worker has taken it over.
    """
    backup_id, name, attempts = restorations.begin(work.connection, work.lease, work.restoration_id)
    try:
        if attempts > restorations.MOST_DEATHS:
            raise ShopError(GIVEN_UP % {"count": attempts - 1})
        brought(work, folder_of(work, backup_id), name)
    except BaseException as error:
        work.lease.check(work.connection)  # whoever has taken it over has a database of that name by now
        beside.drop(work.connection, name)
        if state := after(work, error):
            return state
        raise
    log.info("restored_beside", restoration=work.restoration_id, database=name)
    return READY


def after(work: Work, error: BaseException) -> str | None:
    """Write down why it ended and return its state; None for what nobody expects, which is tried again by another worker."""
    if isinstance(error, NotWanted) or not restorations.is_wanted(work.connection, work.restoration_id):
        return CANCELLED  # also where the end of its connections is what has broken it
    if isinstance(error, Stopped):
        restorations.give_back(work.connection, work.restoration_id)
        return QUEUED
    if not isinstance(error, ShopError | OSError):
        return None
    why = error.message if isinstance(error, ShopError) else _("The disk refused: %(error)s.", error=error.strerror)
    restorations.fail(work.connection, work.restoration_id, f"{why} {UNTOUCHED}")
    log.warning("not_restored_beside", restoration=work.restoration_id, reason=why)
    return FAILED


def folder_of(work: Work, backup_id: int) -> Path:
    row = work.connection.execute(FOLDER, (backup_id,)).fetchone()
    place = files.backups_folder(work.config.data_dir) / str(row[0] if row else None)
    if row is None or row[0] is None or not row[1] or not place.is_dir():
        raise ShopError(_("Copy %(id)s has no files any more. Choose another copy.", id=backup_id))
    return place


def brought(work: Work, folder: Path, name: str) -> None:
    manifest = files.check(folder)
    wanted = Contents.read(manifest["contents"])
    enough_room(work.connection)
    beside.create(work.connection, name, _("restored beside as number %(number)s", number=work.restoration_id))
    target = beside.address(work.live, name)
    with psycopg.connect(target, autocommit=True) as connection:
        suits(connection, manifest)
        tools = tools_for(connection.info.server_version)
    work.note(phase="restore", out_of=wanted.rows)
    fault_point("beside.made")
    began = time.monotonic()
    rows = {table: held.rows for table, held in wanted.tables.items()}
    load(tools, folder / files.DATABASE, target, rows, work.hear)
    work.note(phase="compare", done=wanted.rows, restore_seconds=time.monotonic() - began)
    fault_point("beside.loaded")
    equal_or_refused(wanted, read_contents(target))
    contents = brought_up_to_date(work, target, manifest) or wanted
    with psycopg.connect(target, autocommit=True) as connection:
        granting.renew(connection)
    work.note(phase="difference")
    found = difference(work.live, target, contents, datetime.fromisoformat(manifest["taken_at"]))
    fault_point("beside.compared")
    bytes_held = next(
        one.bytes for one in beside.databases(work.connection, work.connection.info.dbname) if one.name == name
    )
    work.note(state="ready", phase=None, difference=found, ready_at="now", bytes=bytes_held)


def equal_or_refused(wanted: Contents, found: Contents) -> None:
    lines = list(differences(wanted, found))
    if lines:
        raise ShopError(_("What was restored is not what was copied: %(difference)s", difference=lines[0]))


def enough_room(connection: psycopg.Connection[Any]) -> None:
    """Refuse before the server's disk would run full; where it cannot be looked at from here, the server says so itself."""
    row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    needed = int((row[0] if row else 0) * TIMES) + LEAST
    free = free_bytes(connection)
    if free is not None and free < needed:
        raise ShopError(
            _(
                "The disk of the database has %(free)s free, and a second database beside the live one needs %(needed)s. "
                "Nothing was begun; make room, and ask again.",
                free=size(free),
                needed=size(needed),
            )
        )


def brought_up_to_date(work: Work, target: str, manifest: dict[str, Any]) -> Contents | None:
    """Give an older copy the tables of this version, so that it can be compared and switched to; None where it has them."""
    row = work.connection.execute("SELECT version_num FROM alembic_version").fetchone()
    if row and row[0] == manifest["schema_version"]:
        return None
    work.note(phase="migrate")
    migrate(work.config, target)
    return read_contents(target)


def migrate(config: Config, target: str) -> None:
    """Run the migrations on the database beside, in a process of its own that knows no other database."""
    environ = clean_environment() | {
        "DATABASE_URL": target, "REDIS_URL": config.redis_url, "SECRET_KEY": config.secret_key,
        "PULT_DATA_DIR": str(config.data_dir),
    }  # fmt: skip
    command = [sys.executable, "-m", "flask", "db", "upgrade"]
    ran = subprocess.run(command, cwd=MIGRATIONS.parent, env=environ, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise ShopError(_("The migrations failed on the restored database: %(error)s", error=ran.stderr.strip()[-300:]))
