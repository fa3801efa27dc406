"""Takes a copy of the whole installation at one moment, and proves it right away. Nobody who writes has to wait."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import structlog

from shop.backups import books, files
from shop.backups.contents import Contents, at_snapshot, read_contents, sequence_values, table_sizes
from shop.backups.dumping import dump, dump_globals
from shop.backups.holding import Hold, Progress, alone, unwatched
from shop.backups.models import WRITTEN
from shop.backups.proving import prove
from shop.backups.tools import tools_for
from shop.errors import Conflict, ShopError
from shop.fault_points import fault_point
from shop.formatting import size
from shop.languages import gettext as _
from shop.stopping import Stopped

ROOM = 3  # times the size of the last copy that must be free
LEAST_ROOM = 200 << 20  # bytes, where there is no copy yet: beside a third of the tables
MIGRATING = "SELECT pg_try_advisory_lock_shared(hashtext('pult migrations'))"
HIDDEN = """
    SELECT format('%I.%I', relnamespace::regnamespace, relname) FROM pg_class
    WHERE relkind IN ('r', 'p') AND relrowsecurity AND pg_catalog.row_security_active(oid) ORDER BY 1"""
RAW_FILES = "SELECT DISTINCT file_path FROM public.snapshots WHERE file_path IS NOT NULL ORDER BY 1"
log = structlog.get_logger()


@dataclass(frozen=True)
class Moment:
    """The moment that is copied: an exported snapshot, the connection that keeps it, and how large each table is."""

    snapshot: str
    reading: psycopg.Connection[Any]
    sizes: dict[str, int]  # bytes
    sequences: dict[
        str, int
    ]  # read right after the snapshot: at least what its rows have, at most what the dump will read

    @property
    def bytes(self) -> int:
        return sum(self.sizes.values())


def take(by: str, progress: Progress = unwatched) -> tuple[int, list[str]]:
    """Take a copy and prove it; returns its id and what differs after the restore, in sentences: nothing, for a good copy.

    Raises `Conflict` where another one is at it, ShopError where it cannot be done; then nothing is left of it but its
    row, which says why.
    """
    with alone(progress) as hold:
        with one_moment(hold.live) as moment:
            nothing_hidden(moment.reading)
            enough_room(hold, moment.bytes)
            backup_id = books.begin(hold.connection, hold.lease, by, moment.bytes)
            partial = files.backups_folder(hold.data_dir) / f"{files.PARTIAL}{backup_id}"
            try:
                name = write(hold, moment, backup_id, partial)
            except BaseException as error:
                if partial.exists():
                    shutil.rmtree(partial)
                books.fail(hold.connection, backup_id, reason(error))
                raise
        return backup_id, prove(hold, backup_id, name, by)


def reason(error: BaseException) -> str:
    if isinstance(error, Stopped):
        return _("Its worker was told to end. Nothing of it was kept; it is taken again.")
    if isinstance(error, OSError):
        return _(
            "The disk refused: %(error)s. Nothing of it was kept; older copies are untouched.", error=error.strerror
        )
    if isinstance(error, ShopError):
        return error.message
    return _("It broke off: %(name)s. Nothing of it was kept.", name=type(error).__name__)


@contextmanager
def one_moment(live: str) -> Iterator[Moment]:
    """Keep a snapshot for others to read from; no migration begins meanwhile."""
    with psycopg.connect(live, autocommit=True) as gate:
        row = gate.execute(MIGRATING).fetchone()
        if row is None or not row[0]:
            raise Conflict(_("A migration is going on. No copy was begun; try again when it is done."))
        with at_snapshot(live) as reading:
            exported = reading.execute("SELECT pg_catalog.pg_export_snapshot()").fetchone()
            assert exported is not None
            yield Moment(exported[0], reading, table_sizes(reading), sequence_values(reading))


def nothing_hidden(reading: psycopg.Connection[Any]) -> None:
    """Refuse where policies would hide rows from whoever copies: the owner is held to them where they are forced."""
    tables = [name for (name,) in reading.execute(HIDDEN).fetchall()]
    if tables:
        raise ShopError(
            _(
                "Row-level security would hide rows of %(tables)s from the role of DATABASE_URL. No copy was begun and the "
                "older ones are untouched; run `ALTER TABLE %(first)s NO FORCE ROW LEVEL SECURITY`, or let an administrator "
                "give the role BYPASSRLS.",
                tables=", ".join(tables),
                first=tables[0],
            )
        )


def enough_room(hold: Hold, table_bytes: int) -> None:
    """Refuse early where the disk would run full in the midst of it."""
    row = hold.connection.execute(
        "SELECT bytes FROM backups WHERE bytes IS NOT NULL ORDER BY started_at DESC LIMIT 1"
    ).fetchone()
    needed = ROOM * row[0] if row else LEAST_ROOM + table_bytes // 3
    folder = files.backups_folder(hold.data_dir)
    free = files.free_bytes(folder)
    if free < needed:
        raise ShopError(
            _(
                "A copy needs %(needed)s free, and %(free)s are. No copy was begun and the older ones are untouched; free some "
                "space in %(folder)s, or keep fewer copies.",
                needed=size(needed),
                free=size(free),
                folder=folder,
            )
        )


def write(hold: Hold, moment: Moment, backup_id: int, partial: Path) -> str:
    """Write the copy aside and give it its name; returns that."""
    began = time.monotonic()
    tools = tools_for(moment.reading.info.server_version)
    partial.mkdir(mode=0o700)
    dump(
        tools, hold.live, moment.snapshot, partial / files.DATABASE, moment.sizes, noted(hold, backup_id, moment.bytes)
    )
    fault_point("backups.dumped")
    refused = dump_globals(tools, hold.live, partial)
    books.note(hold.connection, hold.lease, backup_id, phase="read", done=moment.bytes)
    hold.progress("read", 0, 0)
    contents = replace(read_contents(hold.live, moment.snapshot), sequences=moment.sequences)
    missing = add_files(moment.reading, hold.data_dir, partial)
    taken_at = datetime.now(UTC)
    manifest = manifest_of(moment.reading, contents) | {
        "backup": backup_id, "taken_at": taken_at.isoformat(), "client_version": tools.version, "no_globals": refused,
        "missing_files": missing,
    }  # fmt: skip
    copied = files.seal(partial, manifest)
    fault_point("backups.sealed")
    with hold.connection.transaction():
        hold.lease.check(hold.connection)
        name = files.publish(partial, f"{taken_at:%Y-%m-%dT%H%M%SZ}-{backup_id}").name
        books.update(hold.connection, backup_id, {
            "state": WRITTEN, "phase": "check", "folder": name, "written_at": "now", "seconds": time.monotonic() - began, "bytes": copied,
            "table_rows": contents.rows, "schema_version": manifest["schema_version"], "server_version": manifest["server_version"],
        })  # fmt: skip
    fault_point("backups.written")
    log.info("backup_written", backup=backup_id, bytes=copied, rows=contents.rows)
    return name


def noted(hold: Hold, backup_id: int, total: int) -> Callable[[int], None]:
    """Return what hears how far the dump is. It is called from a thread, while nothing else uses the connection."""

    def note(done: int) -> None:
        books.note(hold.connection, hold.lease, backup_id, done=done)
        hold.progress("dump", done, total)

    return note


def manifest_of(reading: psycopg.Connection[Any], contents: Contents) -> dict[str, Any]:
    """Return what a restore must know, and what it is compared with."""
    row = reading.execute(
        "SELECT (SELECT version_num FROM public.alembic_version), pg_catalog.current_setting('server_version'),"
        " pg_catalog.current_database(), pg_catalog.current_setting('server_encoding')"
    ).fetchone()
    assert row is not None
    settings = reading.execute(
        "SELECT name, setting FROM pg_settings WHERE source NOT IN ('default', 'override', 'client', 'session') ORDER BY 1"
    ).fetchall()
    return {
        "schema_version": row[0], "server_version": row[1], "database": row[2], "encoding": row[3],
        "server_version_num": reading.info.server_version, "server_settings": dict(settings), "contents": contents.written(),
    }  # fmt: skip


def add_files(reading: psycopg.Connection[Any], data_dir: Path, partial: Path) -> list[str]:
    """Take the raw files that the database names into the copy; returns those that are not there any more."""
    missing = []
    for (name,) in reading.execute(RAW_FILES).fetchall():
        if (data_dir / name).is_file():
            files.add(data_dir / name, partial, name)
        else:
            missing.append(name)
    return missing
