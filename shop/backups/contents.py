"""What a database holds: rows and a content hash of every table, and everything that is defined on them."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import psycopg
from psycopg import sql

from shop.backups.definitions import definitions
from shop.languages import gettext as _
from shop.making_way import make_way_here

NOT_COPIED = ("staging",)  # what a run that is going on has put aside; it begins again from its file
AT_ONCE = 2  # tables that are read at the same time
ALONE = (
    "SET LOCAL max_parallel_workers_per_gather = 0"  # more processes would be in the way of whoever waits for a page
)
AS_TEXT = {  # how a row is written as text, and so what its hash is
    "TimeZone": "UTC", "DateStyle": "ISO, YMD", "IntervalStyle": "postgres", "extra_float_digits": "1", "bytea_output": "hex",
    "row_security": "off", "statement_timeout": "0", "idle_in_transaction_session_timeout": "0", "jit": "off",
    "search_path": "pg_catalog",
}  # fmt: skip
OURS = """
    SELECT array_agg(oid::bigint) FROM pg_namespace
    WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND nspname !~ '^pg_' AND nspname <> ALL (%s)"""
TABLES = """
    SELECT n.nspname, c.relname, pg_relation_size(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.oid = ANY (%(ours)s) ORDER BY 3 DESC, 1, 2"""
SEQUENCES = """
    SELECT s.schemaname || '.' || s.sequencename, coalesce(s.last_value, 0)
    FROM pg_sequences s JOIN pg_namespace n ON n.nspname = s.schemaname WHERE n.oid = ANY (%(ours)s)"""


@dataclass(frozen=True)
class Table:
    """The rows of a table: how many, and the sum of a 64-bit hash of each, which no order of rows changes."""

    rows: int
    hash: str


@dataclass
class Contents:
    """A database at one moment, small enough to be written into a file."""

    tables: dict[str, Table] = field(default_factory=dict)
    defined: dict[str, str] = field(default_factory=dict)  # "index public.pk_orders": its definition
    sequences: dict[str, int] = field(default_factory=dict)  # the last value given out

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())

    def written(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Self:
        return cls(
            {name: Table(**table) for name, table in written["tables"].items()},
            dict(written["defined"]),
            dict(written["sequences"]),
        )


def ours(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    """Return the schemas that are copied, as the parameter that every question here takes."""
    row = connection.execute(OURS, (list(NOT_COPIED),)).fetchone()
    return {"ours": row[0] if row else []}


def table_sizes(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """Return the bytes of every table's rows, the largest first."""
    rows = connection.execute(TABLES, ours(connection)).fetchall()
    return {f"{schema}.{name}": size for schema, name, size in rows}


def sequence_values(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """Return the last value that each sequence gave out, by now: no snapshot holds a sequence still."""
    return dict(connection.execute(SEQUENCES, ours(connection)).fetchall())


def read_contents(conninfo: str, snapshot: str | None = None) -> Contents:
    """Read every row of the database, at an exported snapshot if one is given.

    Takes as long as the disks need; changes nothing, and locks nothing but against DROP. A row that a policy would
    hide is an error, never a row less.
    """
    with at_snapshot(conninfo, snapshot) as connection:
        wanted = ours(connection)
        names = [(schema, name) for schema, name, _size in connection.execute(TABLES, wanted).fetchall()]
        defined = definitions(connection, wanted)
        sequences = sequence_values(connection)
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="contents") as beside:
        tables = beside.map(lambda name: read_table(conninfo, snapshot, *name), names)
        return Contents(
            {f"{schema}.{name}": table for (schema, name), table in zip(names, tables, strict=True)}, defined, sequences
        )


def read_table(conninfo: str, snapshot: str | None, schema: str, name: str) -> Table:
    query = sql.SQL("SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text FROM ONLY {} t")
    with at_snapshot(conninfo, snapshot) as connection:
        row = connection.execute(query.format(sql.Identifier(schema, name))).fetchone()
        assert row is not None
        return Table(*row)


@contextmanager
def at_snapshot(conninfo: str, snapshot: str | None = None) -> Iterator[psycopg.Connection[Any]]:
    """Yield a connection inside one read-only transaction, at an exported snapshot if one is given."""
    with psycopg.connect(conninfo, autocommit=True, application_name="pult backup") as connection:
        make_way_here(connection, [connection.info.backend_pid])
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        if snapshot:
            connection.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(snapshot)))
        for name, value in AS_TEXT.items():
            connection.execute("SELECT pg_catalog.set_config(%s, %s, true)", (name, value))
        connection.execute(ALONE)
        yield connection


def differences(wanted: Contents, found: Contents) -> Iterator[str]:
    """Yield a sentence for everything in which a restored database is not what was copied."""
    yield from in_tables(wanted.tables, found.tables)
    yield from in_definitions(wanted.defined, found.defined)
    for name, last in wanted.sequences.items():
        if found.sequences.get(name, -1) < last:
            yield _(
                "The sequence %(name)s stands at %(now)s; it had given out %(last)s.",
                name=name,
                now=found.sequences.get(name),
                last=last,
            )


def in_tables(wanted: Mapping[str, Table], found: Mapping[str, Table]) -> Iterator[str]:
    for name, table in wanted.items():
        there = found.get(name)
        if there is None:
            yield _("The table %(name)s is missing (%(rows)s rows).", name=name, rows=table.rows)
        elif there.rows != table.rows:
            yield _(
                "The table %(name)s has %(rows)s rows; it had %(before)s.",
                name=name,
                rows=there.rows,
                before=table.rows,
            )
        elif there.hash != table.hash:
            yield _("The table %(name)s has as many rows as before, and not the same ones.", name=name)
    for name in found.keys() - wanted.keys():
        yield _("The table %(name)s was not there before.", name=name)


def in_definitions(wanted: Mapping[str, str], found: Mapping[str, str]) -> Iterator[str]:
    for name, text in wanted.items():
        if name not in found:
            yield _("The %(name)s is missing.", name=name)
        elif found[name] != text:
            yield _(
                "The %(name)s is defined differently: %(found)s instead of %(wanted)s.",
                name=name,
                found=found[name],
                wanted=text,
            )
    for name in found.keys() - wanted.keys():
        yield _("The %(name)s was not there before.", name=name)
