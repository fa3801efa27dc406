"""Retires a quarter: proven in a file, closed for changes, taken off the table, kept aside, and dropped a month later."""

from psycopg import sql

from shop.errors import ShopError
from shop.fault_points import fault_point
from shop.formatting import plural
from shop.languages import gettext as _
from shop.partitions import archives
from shop.partitions.archive_files import check, columns_in
from shop.partitions.archives import Archive
from shop.partitions.archiving import archived, give_up
from shop.partitions.contents import columns_of, content
from shop.partitions.detaching import detach
from shop.partitions.quarters import PARENT, Quarter
from shop.partitions.queries import attached, exists
from shop.partitions.retention import kept_aside
from shop.partitions.upkeep import Upkeep

CLOSE = "SELECT pg_advisory_xact_lock(hashtext('pult retiring'))"  # waits for everybody who changes lines


class Refused(ShopError):
    """A quarter is not retired, or not dropped; it is where it was."""


def retire(upkeep: Upkeep, quarter: Quarter) -> str:
    """Carry a quarter as far as it will go; returns what was done, in a sentence. Idempotent after any interruption."""
    archive = archives.live_of(upkeep.connection, quarter.table)
    if archive is None or archive.state not in archives.AWAY:
        archive = archived(upkeep, quarter)
        fault_point("retire.verified")
        archive = close(upkeep, archive)
    fault_point("retire.closed")
    if any(one.table == quarter.table for one in attached(upkeep.connection)):
        compare(upkeep, archive)
        fault_point("retire.before_detach")
        detach(upkeep, quarter.table)
    fault_point("retire.detached")
    set_aside(upkeep, archive)
    return _(
        "%(quarter)s is retired: %(lines)s in %(file)s, kept aside for %(days)s.",
        quarter=quarter,
        lines=plural(archive.lines or 0, "line", "lines"),
        file=archive.file,
        days=plural(kept_aside().days, "day", "days"),
    )


def close(upkeep: Upkeep, archive: Archive) -> Archive:
    """Let nothing in the quarter change any more. Waits for those who are changing lines now, and keeps nobody waiting."""

    def closed() -> Archive:
        upkeep.connection.execute(CLOSE)
        return archives.advance(upkeep.connection, archive, "retiring")

    return upkeep.in_moments(closed)


def compare(upkeep: Upkeep, archive: Archive) -> None:
    """See that the file is whole and says what the table says, now that nothing changes. Else the archive is given up."""
    reason = difference(upkeep, archive, archive.partition)
    if not reason and columns_in(upkeep.path(archive)) != columns_of(upkeep.connection, PARENT):
        reason = _("Since the archive %(file)s was written, the columns of the table have changed.", file=archive.file)
    if reason:
        give_up(upkeep, archive, reason)
        raise Refused(
            _(
                "%(quarter)s is not retired. %(reason)s It stays in the table, and is archived anew next time.",
                quarter=archive.quarter,
                reason=reason,
            )
        )


def difference(upkeep: Upkeep, archive: Archive, table: str) -> str:
    """Say why an archive does not stand for a table; nothing when it does."""
    try:
        check(upkeep.path(archive), archive.sha256)
        found = content(upkeep.connection, table, columns_in(upkeep.path(archive)))
    except ShopError as error:
        return error.message
    if found == archive.content:
        return ""
    arrived = found.lines - (archive.lines or 0)
    told = _("%(count)s lines", count=f"{arrived:+}") if arrived else _("the same number of lines, with other values")
    return _(
        "Since the archive %(file)s was written, lines have changed in %(table)s: %(told)s.",
        file=archive.file,
        table=table,
        told=told,
    )


def set_aside(upkeep: Upkeep, archive: Archive) -> None:
    """Keep the detached table under a name that says what it is."""

    def moved() -> None:
        if exists(upkeep.connection, archive.partition) and not exists(upkeep.connection, archive.detached):
            upkeep.connection.execute(
                sql.SQL("ALTER TABLE {} RENAME TO {}").format(
                    sql.Identifier(archive.partition), sql.Identifier(archive.detached)
                )
            )
        archives.advance(upkeep.connection, archive, "retired")
        upkeep.note(archive.partition, "retired", lines=archive.lines, file=archive.file, kept_as=archive.detached)

    upkeep.in_moments(moved)


def drop(upkeep: Upkeep, archive: Archive) -> str:
    """Drop what was kept aside for long enough, after a second look at file and table. Idempotent."""
    if exists(upkeep.connection, archive.detached):
        reason = difference(upkeep, archive, archive.detached)
    else:
        reason = difference_of_file(upkeep, archive)
    if reason:
        with upkeep.transaction() as connection:
            archives.complain(connection, archive, reason)
            upkeep.note(archive.partition, "drop refused", reason=reason)
        raise Refused(
            _(
                "%(table)s is not dropped. %(reason)s Bring it back with `flask partitions restore %(quarter)s`; "
                "it is archived anew when it is past retention.",
                table=archive.detached,
                reason=reason,
                quarter=archive.quarter,
            )
        )
    fault_point("drop.checked")

    def dropped() -> None:
        upkeep.connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(archive.detached)))
        archives.advance(upkeep.connection, archive, "dropped")
        upkeep.note(archive.partition, "dropped", file=archive.file, lines=archive.lines)

    upkeep.in_moments(dropped)
    return f"{archive.quarter} is dropped; {archive.file} holds its {plural(archive.lines or 0, 'line', 'lines')}."


def difference_of_file(upkeep: Upkeep, archive: Archive) -> str:
    try:
        check(upkeep.path(archive), archive.sha256)
    except ShopError as error:
        return error.message
    return ""
