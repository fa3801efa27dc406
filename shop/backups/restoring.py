"""Brings a copy back into a database that a person names, and compares every row before it says that it is done."""

import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import structlog
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from shop import granting
from shop.backups import adopting, files
from shop.backups.contents import NOT_COPIED, Contents, at_snapshot, differences, ours, read_contents, table_sizes
from shop.backups.dumping import dump
from shop.backups.holding import Progress, unwatched
from shop.backups.loading import load
from shop.backups.tools import tools_for
from shop.errors import ShopError
from shop.languages import gettext as _

SAFETY = "safety"
log = structlog.get_logger()


class NotEmpty(ShopError):
    """The database to restore into holds tables."""


@dataclass(frozen=True)
class Restored:
    """What was brought back, and how."""

    database: str
    seconds: float  # that the load alone took
    tables: int
    rows: int
    differences: list[str]
    files: int  # raw files that were put back
    safety: Path | None  # where what was there before lies now


def restore(
    folder: Path, target: str, data_dir: Path, typed: str | None = None, progress: Progress = unwatched
) -> Restored:
    """Load the copy that lies in `folder` into the database of the address `target`.

    Every file is checked first. A database that holds tables is refused, unless `typed` is its name; then it is
    dumped into a folder of its own before it is emptied. Raises ShopError, with the target as it was or, once the
    load has begun, empty.
    """
    progress("check", 0, 0)
    manifest = files.check(folder)
    wanted = Contents.read(manifest["contents"])
    with connected(target) as connection:
        database = connection.info.dbname
        suits(connection, manifest)
        safety = make_empty(connection, target, data_dir, typed, progress)
        tools = tools_for(connection.info.server_version)
    began = time.monotonic()
    rows = {table: held.rows for table, held in wanted.tables.items()}
    load(tools, folder / files.DATABASE, target, rows, lambda done: progress("restore", done, wanted.rows))
    seconds = time.monotonic() - began
    progress("compare", 0, 0)
    found = list(differences(wanted, read_contents(target)))
    put_back = return_files(folder, data_dir)
    if not found:
        with connected(target) as connection:
            granting.renew(connection)
            know_itself(connection, folder, manifest, seconds)
    log.info(
        "backup_restored", folder=folder.name, database=database, seconds=round(seconds, 1), differences=len(found)
    )
    return Restored(database, seconds, len(wanted.tables), wanted.rows, found, put_back, safety)


def connected(target: str) -> psycopg.Connection[Any]:
    try:
        return psycopg.connect(target, autocommit=True, connect_timeout=10)
    except psycopg.Error as error:
        name = conninfo_to_dict(target).get("dbname", "") if "=" in target or "://" in target else ""
        raise ShopError(
            _(
                "The database %(name)s to restore into does not answer (%(error)s). Nothing was changed; create it first "
                "(`createdb`), or correct the address.",
                name=name,
                error=str(error).strip().splitlines()[-1],
            )
        ) from error


def suits(connection: psycopg.Connection[Any], manifest: dict[str, Any]) -> None:
    """Refuse a server that is older than the copy: what a newer one has written it may not read."""
    made, here = int(manifest["server_version_num"]) // 10_000, connection.info.server_version // 10_000
    if here < made:
        raise ShopError(
            _(
                "The copy was written by PostgreSQL %(made)s, and this server is %(here)s. Nothing was changed; restore into "
                "%(made)s or newer.",
                made=made,
                here=here,
            )
        )
    row = connection.execute("SELECT current_setting('server_encoding')").fetchone()
    if row and row[0] != manifest["encoding"]:
        raise ShopError(
            _(
                "The copy is in %(encoding)s, and this database in %(other)s. Nothing was changed; create one with `createdb "
                "--encoding=%(encoding)s --template=template0`.",
                encoding=manifest["encoding"],
                other=row[0],
            )
        )


def make_empty(
    connection: psycopg.Connection[Any], target: str, data_dir: Path, typed: str | None, progress: Progress
) -> Path | None:
    """Leave an empty database behind, or refuse; returns the dump of what was in it."""
    held = table_sizes(connection)
    if not held:
        return None
    database = connection.info.dbname
    if typed != database:
        raise NotEmpty(
            f"The database {database} holds {len(held)} tables. Nothing was changed; restore into an empty database, or, "
            f"to replace what is there, repeat the command with `--replace {database}`: it is dumped before it is emptied."
        )
    safety = safety_dump(target, data_dir, held, progress)
    schemas = connection.execute(
        "SELECT nspname FROM pg_namespace WHERE oid = ANY (%(ours)s) OR nspname = ANY (%(aside)s)",
        {**ours(connection), "aside": list(NOT_COPIED)},
    ).fetchall()
    with connection.transaction():
        for (name,) in schemas:
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(name)))
        connection.execute("CREATE SCHEMA public")
    return safety


def safety_dump(target: str, data_dir: Path, sizes: dict[str, int], progress: Progress) -> Path:
    """Dump what is about to be replaced; it is no copy that counts, and is removed by hand."""
    moment = datetime.now(UTC)
    partial = files.backups_folder(data_dir) / f"{files.PARTIAL}{SAFETY}-{moment:%Y%m%dT%H%M%S%f}"
    partial.mkdir(mode=0o700)
    try:
        with at_snapshot(target) as reading:
            exported = reading.execute("SELECT pg_catalog.pg_export_snapshot()").fetchone()
            assert exported is not None
            total = sum(sizes.values())
            tools = tools_for(reading.info.server_version)
            dump(
                tools,
                target,
                exported[0],
                partial / files.DATABASE,
                sizes,
                lambda done: progress("safety", done, total),
            )
        files.seal(partial, {"safety": True, "taken_at": moment.isoformat()})
    except BaseException:
        shutil.rmtree(partial)
        raise
    return files.publish(partial, f"{SAFETY}-{moment:%Y-%m-%dT%H%M%S.%fZ}")


def return_files(folder: Path, data_dir: Path) -> int:
    """Put back the raw files that are not in the data folder any more; returns how many."""
    count = 0
    for source in files.files_of(folder / files.RAW):
        place = data_dir / source.relative_to(folder / files.RAW)
        if not place.exists():
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            aside = place.with_name(f"{place.name}.part")
            shutil.copyfile(source, aside)
            aside.chmod(0o600)
            files.sync(aside)
            aside.replace(place)
            count += 1
    return count


def know_itself(connection: psycopg.Connection[Any], folder: Path, manifest: dict[str, Any], seconds: float) -> None:
    """Write the copy into the database that came from it, where it was not yet: its moment lies before its row."""
    adopting.adopt(connection, folder, manifest)
    connection.execute(
        """UPDATE backups SET state = 'restorable', error = NULL, proved_at = clock_timestamp(), restore_seconds = %s
           WHERE folder = %s""",
        (seconds, folder.name),
    )
