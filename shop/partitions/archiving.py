"""Writes a quarter to a file and proves the file: it is read back into a table aside, and that table compared with it."""

from datetime import UTC, datetime
from typing import Any

from psycopg import sql

from shop.errors import ShopError
from shop.fault_points import fault_point
from shop.languages import N_
from shop.languages import gettext as _
from shop.partitions import archives
from shop.partitions.archive_files import Damaged, check, columns_in, load, remove, write, write_manifest
from shop.partitions.archives import Archive
from shop.partitions.contents import HASH, Column, Content, columns_of, content
from shop.partitions.quarters import PARENT, Quarter
from shop.partitions.upkeep import Upkeep, file_of

FORMAT = "pult-archive-1"
CHECKED = "archive_check"  # a temporary table: a schema of its own, without a trace in the log of the database or after a crash
UNFINISHED = N_("Its writer ended before the file was whole.")


def archived(upkeep: Upkeep, quarter: Quarter) -> Archive:
    """Return the verified archive of an attached quarter, made or finished if need be. Idempotent."""
    archive = archives.live_of(upkeep.connection, quarter.table)
    if archive and archive.state == "writing":
        give_up(upkeep, archive, UNFINISHED)
        archive = None
    archive = archive or written(upkeep, quarter)
    return verified(upkeep, archive) if archive.state == "written" else archive


def written(upkeep: Upkeep, quarter: Quarter) -> Archive:
    with upkeep.transaction() as connection:
        archive = archives.begin(connection, quarter)
    fault_point("archive.begun")
    path = upkeep.path(archive)
    try:
        with upkeep.connection.transaction():  # reads alone, of one moment: a lease that is lost meanwhile does no harm
            upkeep.connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            columns = columns_of(upkeep.connection, PARENT)
            found = content(upkeep.connection, quarter.table, columns)
            file = write(upkeep.connection, quarter.table, columns, path)
            manifest = manifest_for(upkeep, quarter, columns, found)
        write_manifest(path, manifest | {"file": path.name, "sha256": file.sha256, "bytes": file.bytes})
    except ShopError as error:
        give_up(upkeep, archive, error.message)
        raise
    fault_point("archive.before_written")
    with upkeep.transaction() as connection:
        values = {"lines": found.lines, "content_hash": found.hash, "sha256": file.sha256, "bytes": file.bytes}
        archive = archives.advance(connection, archive, "written", file=file_of(archive), **values)
        upkeep.note(quarter.table, "archived", file=file_of(archive), lines=found.lines, bytes=file.bytes)
    return archive


def manifest_for(upkeep: Upkeep, quarter: Quarter, columns: list[Column], found: Content) -> dict[str, Any]:
    row = upkeep.connection.execute(
        "SELECT (SELECT version_num FROM alembic_version), current_setting('server_version')"
    ).fetchone()
    assert row is not None
    return {
        "format": FORMAT,
        "name": quarter.table,
        "quarter": str(quarter),
        "from": quarter.starts_at.isoformat(),
        "to": quarter.ends_at.isoformat(),
        "columns": [{"name": column.name, "type": column.type} for column in columns],
        "rows": found.lines,
        "content_hash": str(found.hash),
        "hash": HASH,
        "schema_version": row[0],
        "postgresql": row[1],
        "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def verified(upkeep: Upkeep, archive: Archive) -> Archive:
    """Read a file back and compare what it holds. Raises `Damaged`, after which the archive is given up."""
    fault_point("archive.before_check")
    try:
        prove(upkeep, archive)
    except Damaged as error:
        give_up(upkeep, archive, error.message)
        raise
    with upkeep.transaction() as connection:
        archive = archives.advance(connection, archive, "verified")
        upkeep.note(archive.partition, "verified", file=archive.file)
    for older in archives.superseded(upkeep.connection, archive):
        forget(upkeep, older)
    return archive


def prove(upkeep: Upkeep, archive: Archive) -> None:
    """Restore a file into a table aside and compare its rows, by count and hash. Leaves nothing behind, whatever happens."""
    path, connection = upkeep.path(archive), upkeep.connection
    check(path, archive.sha256)
    with upkeep.transaction():
        columns = columns_in(path)
        connection.execute(
            sql.SQL(
                "CREATE TEMP TABLE {} (LIKE {} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED) ON COMMIT DROP"
            ).format(sql.Identifier(CHECKED), sql.Identifier(PARENT))
        )
        load(connection, path, CHECKED, columns)
        fault_point("archive.in_check")
        found = content(connection, CHECKED, columns)
    if found != archive.content:
        raise Damaged(
            _(
                "The archive %(file)s holds %(count)s lines that are not those of %(table)s. "
                "Nothing was changed; the quarter stays in the table, and the next maintenance archives it anew.",
                file=path.name,
                count=found.lines,
                table=archive.partition,
            )
        )


def give_up(upkeep: Upkeep, archive: Archive, reason: str) -> None:
    """Rely on this archive no more. The quarter itself is where it was."""
    with upkeep.transaction() as connection:
        archives.advance(connection, archive, "failed", error=reason)
        upkeep.note(archive.partition, "archive failed", reason=reason)
    forget(upkeep, archive)


def forget(upkeep: Upkeep, archive: Archive) -> None:
    """Take away the file of an archive that nobody relies on. Its row stays, as what happened."""
    remove(upkeep.path(archive))
    with upkeep.transaction() as connection:
        connection.execute("UPDATE partition_archives SET file = NULL WHERE id = %s", (archive.id,))
