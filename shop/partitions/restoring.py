"""Brings a retired quarter back into the table: from the table kept aside, or from its archive file."""

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import errors, sql

from shop.errors import Conflict, ShopError
from shop.fault_points import fault_point
from shop.languages import gettext as _
from shop.partitions import archives
from shop.partitions.archive_files import Damaged, check, columns_in, load
from shop.partitions.archives import Archive
from shop.partitions.contents import columns_of, content, listed
from shop.partitions.detaching import finish, is_pending
from shop.partitions.quarters import PARENT, Quarter
from shop.partitions.queries import attached, exists
from shop.partitions.shape import index_shapes, index_statements
from shop.partitions.steps import RESTORING, only
from shop.partitions.upkeep import Upkeep

OF_ITS_QUARTER = "of_its_quarter"
FOREIGN_KEYS = """
    SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE conrelid = to_regclass(%s) AND contype = 'f' AND conparentid = 0"""
BOUNDS = """
    SELECT conname FROM pg_constraint
    WHERE conrelid = to_regclass(%s) AND contype = 'c' AND coninhcount = 0 AND conkey = (
        SELECT ARRAY[attnum] FROM pg_attribute WHERE attrelid = conrelid AND attname = 'created_at')"""


@dataclass(frozen=True)
class Restored:
    quarter: Quarter
    lines: int
    source: str  # the table's or the file's name

    def __str__(self) -> str:
        return f"{self.quarter} is part of the table again: {self.lines} lines, from {self.source}."


def restore(upkeep: Upkeep, quarter: Quarter) -> Restored:
    """Bring a quarter back. Idempotent: an interrupted one begins anew, and changes nothing until it is whole.

    Raises ShopError where there is nothing to bring it back from, `Damaged` where its archive does not verify.
    """
    archive = archives.live_of(upkeep.connection, quarter.table)
    if is_pending(upkeep.connection, quarter.table):
        finish(upkeep, quarter.table)
    if any(one.quarter == quarter for one in attached(upkeep.connection)):
        return reopened(upkeep, quarter, archive)
    aside = next((name for name in names_of(quarter, archive) if exists(upkeep.connection, name)), None)
    if aside is None and (archive is None or archive.sha256 is None):
        raise ShopError(
            _(
                "There is neither a table nor an archive of %(quarter)s. `flask partitions status` shows what there is.",
                quarter=quarter,
            )
        )
    if aside is None or not fits(upkeep.connection, aside):
        source, table = from_elsewhere(upkeep, quarter, archive, aside)
    else:
        source = table = aside
    prepare(upkeep, quarter, table)
    fault_point("restore.prepared")
    lines = only(upkeep.connection, sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))[0]
    upkeep.in_moments(lambda: attach(upkeep, quarter, table, archive, source))
    if aside and aside != table:
        upkeep.in_moments(lambda: upkeep.connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(aside))))
    return Restored(quarter, lines, source)


def reopened(upkeep: Upkeep, quarter: Quarter, archive: Archive | None) -> Restored:
    """Let a quarter that was closed but never taken off change again."""
    if archive is None or archive.state != "retiring":
        raise Conflict(_("%(quarter)s is part of the table. Nothing was changed.", quarter=quarter))
    with upkeep.transaction() as connection:
        archives.advance(connection, archive, "restored")
        upkeep.note(quarter.table, "restored", source=quarter.table)
    return Restored(quarter, archive.lines or 0, quarter.table)


def names_of(quarter: Quarter, archive: Archive | None) -> tuple[str, ...]:
    return (archive.detached if archive else f"{quarter.table}_retired", quarter.table)


def fits(connection: psycopg.Connection[Any], table: str) -> bool:
    """Whether a table kept aside still has the columns of the parent."""
    return set(columns_of(connection, table)) == set(columns_of(connection, PARENT))


def from_elsewhere(upkeep: Upkeep, quarter: Quarter, archive: Archive | None, aside: str | None) -> tuple[str, str]:
    """Fill a new table from the file, or from a table of older columns; returns the source and the table."""
    table, connection = f"{quarter.table}{RESTORING}", upkeep.connection
    with upkeep.transaction():
        connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(table)))
        connection.execute(
            sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(sql.Identifier(table), sql.Identifier(PARENT))
        )
        if aside is not None:
            names = listed(columns_of(connection, aside))
            connection.execute(
                sql.SQL("INSERT INTO {} ({names}) SELECT {names} FROM {}").format(
                    sql.Identifier(table), sql.Identifier(aside), names=names
                )
            )
            return aside, table
        assert archive is not None
        path = upkeep.path(archive)
        check(path, archive.sha256)
        load(connection, path, table, columns_in(path))
        fault_point("restore.loaded")
        if content(connection, table, columns_in(path)) != archive.content:
            raise Damaged(
                _("The archive %(file)s holds other lines than were written. Nothing was changed.", file=path.name)
            )
    return path.name, table


def prepare(upkeep: Upkeep, quarter: Quarter, table: str) -> None:
    """Give a table everything that its attachment would otherwise look for under a lock: indexes, keys, its bounds."""
    connection = upkeep.connection
    there = set(index_shapes(connection, table))
    for shape, statement in index_statements(connection, table).items():
        if shape not in there:
            upkeep.in_moments(lambda statement=statement: connection.execute(statement))  # type: ignore[misc]
    own = {definition.removesuffix(" NOT VALID") for _name, definition in constraints(connection, table)}
    for _name, definition in constraints(connection, PARENT):
        if definition not in own:
            add(upkeep, table, sql.SQL("ADD {} NOT VALID").format(sql.SQL(definition)))
    if connection.execute(
        "SELECT NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = to_regclass(%s) AND conname = %s)",
        (table, OF_ITS_QUARTER),
    ).fetchone() == (True,):
        bounds = "ADD CONSTRAINT {} CHECK (created_at >= {} AND created_at < {}) NOT VALID"
        moments = sql.Literal(quarter.starts_at), sql.Literal(quarter.ends_at)
        add(upkeep, table, sql.SQL(bounds).format(sql.Identifier(OF_ITS_QUARTER), *moments))
    validate(upkeep, quarter, table)


def constraints(connection: psycopg.Connection[Any], table: str) -> list[tuple[str, str]]:
    return connection.execute(FOREIGN_KEYS, (table,)).fetchall()


def add(upkeep: Upkeep, table: str, what: sql.Composed) -> None:
    statement = sql.SQL("ALTER TABLE {} {}").format(sql.Identifier(table), what)
    upkeep.in_moments(lambda: upkeep.connection.execute(statement))


def validate(upkeep: Upkeep, quarter: Quarter, table: str) -> None:
    """Prove the constraints beside readers and writers, so that the attachment need not look at a single row."""
    found = upkeep.connection.execute(
        "SELECT conname FROM pg_constraint WHERE conrelid = to_regclass(%s) AND NOT convalidated", (table,)
    ).fetchall()
    try:
        for (name,) in found:
            add(upkeep, table, sql.SQL("VALIDATE CONSTRAINT {}").format(sql.Identifier(name)))
    except errors.ForeignKeyViolation as error:
        raise ShopError(
            _(
                "%(quarter)s is not brought back: some of its lines belong to orders that are gone. %(detail)s "
                "Nothing was changed; its lines are where they were.",
                quarter=quarter,
                detail=error.diag.message_detail,
            )
        ) from error
    except errors.CheckViolation as error:
        raise ShopError(
            _(
                "%(quarter)s is not brought back: %(table)s holds lines of another time. Nothing was changed; "
                "move them away first.",
                quarter=quarter,
                table=table,
            )
        ) from error


def attach(upkeep: Upkeep, quarter: Quarter, table: str, archive: Archive | None, source: str) -> None:
    """Make the table the quarter's partition, in one transaction with the word that it is."""
    connection = upkeep.connection
    names = {"table": sql.Identifier(quarter.table), "parent": sql.Identifier(PARENT)}
    bounds = {"first": sql.Literal(quarter.starts_at), "last": sql.Literal(quarter.ends_at)}
    if table != quarter.table:
        connection.execute(sql.SQL("ALTER TABLE {} RENAME TO {table}").format(sql.Identifier(table), **names))
    statement = sql.SQL("ALTER TABLE {parent} ATTACH PARTITION {table} FOR VALUES FROM ({first}) TO ({last})")
    connection.execute(statement.format(**names, **bounds))
    for (name,) in connection.execute(BOUNDS, (quarter.table,)).fetchall():
        connection.execute(sql.SQL("ALTER TABLE {table} DROP CONSTRAINT {}").format(sql.Identifier(name), **names))
    if archive:
        archives.advance(connection, archive, "restored")
    upkeep.note(quarter.table, "restored", source=source)
