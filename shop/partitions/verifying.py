"""Proves on one snapshot that both tables hold the same rows, and that the new one is made as it should be."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from typing import Any

import psycopg
from psycopg import IsolationLevel, sql
from psycopg.conninfo import make_conninfo

from shop.errors import ShopError
from shop.locks import Lease
from shop.making_way import make_way_here
from shop.partitions.contents import columns_of, listed
from shop.partitions.quarters import PARENT, Quarter
from shop.partitions.record import NEXT, SPLIT, Conversion
from shop.partitions.shadow import CONSTRAINTS, GRANTS, INDEXES, OWNER, suffixed, wanted_indexes

WORD = 2**64
# Rows of two tables with the same columns are compared, so they need not become text for it: that takes twice as long. PostgreSQL
# hashes a record as a sum over its columns, so a sum over rows would not see values that two rows have traded: hashed once more
# it does. It leaves the sign of a numeric out, as equal hashes need not mean equal values: that stands beside.
SUMS = """
    SELECT quarter, count(*), sum(hash), sum(hashint8extended(hash, 0)) FROM (
        SELECT date_trunc('quarter', created_at::timestamp) AS quarter, hash_record_extended(ROW({columns}, {signs}), 0) AS hash
        FROM {table} OFFSET 0
    ) AS hashed GROUP BY 1"""
FIRST = 20  # differences that are named
Sums = dict[str, tuple[int, str]]  # by quarter: lines, and two hashes of 64 bits that do not ask for their order


class NotTheSame(ShopError):
    """The two tables differ."""


def verify(connection: psycopg.Connection[Any], lease: Lease, conversion: Conversion) -> dict[str, Any]:
    """Compare rows and form; returns what was found, raises `NotTheSame` with what differs. Changes nothing but statistics."""
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    try:
        with connection.transaction(), ThreadPoolExecutor(1) as pool:
            connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")  # it may wait for the other side
            row = connection.execute("SELECT pg_export_snapshot()").fetchone()
            snapshot = row[0] if row else ""
            reading = pool.submit(as_of, snapshot, connection.info, PARENT)
            next_, orphans = as_of(snapshot, connection.info, NEXT)
            live, _ = reading.result()
    finally:
        connection.isolation_level = None
    gather_statistics(connection.info)
    with connection.transaction():
        lease.check(connection)
    differences = [*differing(live, next_), *differences_of_form(connection, conversion.direction == SPLIT)]
    if orphans:
        differences.append(f"{orphans} lines belong to no order")
    if differences:
        raise NotTheSame(
            f"The new table is not the same as {PARENT}: {'; '.join(differences[:FIRST])}. Nothing was changed, everybody "
            "works on the old one. `flask partitions rollback` takes the new one away; report this before you begin again."
        )
    return {
        "quarters": {quarter: {"rows": rows, "hash": value} for quarter, (rows, value) in sorted(live.items())},
        "rows": sum(rows for rows, _ in live.values()),
        "orphans": orphans,
    }


def gather_statistics(info: psycopg.ConnectionInfo) -> None:
    """Let the planner know the new table, once it was read as a whole.

    Whoever reads a page first marks its rows as committed, and so writes to the log; the comparison does that more gently.
    """
    with own_connection(info) as connection:
        connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(NEXT)))


def own_connection(info: psycopg.ConnectionInfo) -> psycopg.Connection[Any]:
    """Connect once more, for work that keeps a core busy: whoever writes meanwhile goes first."""
    connection = psycopg.connect(
        make_conninfo(**info.get_parameters(), password=info.password or None), autocommit=True
    )
    make_way_here(connection, [connection.info.backend_pid])
    connection.execute("SET max_parallel_workers_per_gather = 0")  # more processes would not give way
    return connection


def as_of(snapshot: str, info: psycopg.ConnectionInfo, table: str) -> tuple[Sums, int]:
    """Read a table, and count the orphans in the new one, over a connection of its own that sees what the first sees."""
    with own_connection(info) as connection:
        connection.autocommit = False
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(snapshot)))
        connection.execute("SET LOCAL timezone = 'UTC'")
        return sums(connection, table), count_orphans(connection) if table == NEXT else 0


def sums(connection: psycopg.Connection[Any], table: str) -> Sums:
    """Return count and hash of each quarter's lines."""
    columns = columns_of(connection, PARENT)
    signs = [sql.SQL("{} < 0").format(sql.Identifier(one.name)) for one in columns if one.type.startswith("numeric")]
    rows = connection.execute(
        sql.SQL(SUMS).format(columns=listed(columns), signs=sql.SQL(", ").join(signs), table=sql.Identifier(table))
    )
    return {
        str(Quarter.of(start.replace(tzinfo=UTC))): (count, "".join(f"{int(total) % WORD:016x}" for total in totals))
        for start, count, *totals in rows
    }


def differing(live: Sums, next_: Sums) -> list[str]:
    return [
        f"{quarter} has {live.get(quarter, (0, ''))[0]} lines there and {next_.get(quarter, (0, ''))[0]} here, or other contents"
        for quarter in sorted(live.keys() | next_.keys())
        if live.get(quarter) != next_.get(quarter)
    ]


def count_orphans(connection: psycopg.Connection[Any]) -> int:
    """Count the lines whose order is missing: neither a publish nor the copying has asked for each of them."""
    row = connection.execute(
        sql.SQL("""SELECT count(*) FROM {} n
                   WHERE NOT EXISTS (SELECT FROM orders o WHERE o.shop_id = n.shop_id AND o.id = n.order_id)""").format(
            sql.Identifier(NEXT)
        )
    ).fetchone()
    return int(row[0]) if row else 0


def differences_of_form(connection: psycopg.Connection[Any], partitioned: bool) -> list[str]:
    """Compare constraints, indexes, grants and owner; look whether a quarter's lines are read from that quarter alone."""
    found = []
    if constraints(connection, PARENT) != constraints(connection, NEXT):
        found.append("its constraints differ")
    indexes = {
        name: (definition[definition.index(" USING ") + 1 :], valid)
        for name, definition, valid in connection.execute(INDEXES, (NEXT,)).fetchall()
    }
    wanted = {
        suffixed(name, "_next"): (definition, True)
        for name, definition in wanted_indexes(connection, partitioned).items()
    }
    if indexes != wanted:
        found.append("its indexes differ")
    for what, statement in (("grants", GRANTS), ("owner", OWNER)):
        if len({tuple(connection.execute(statement, (table,)).fetchall()) for table in (PARENT, NEXT)}) > 1:
            found.append(f"its {what} differ")
    if partitioned and not prunes(connection):
        found.append("a question about one quarter would read the others")
    return found


def constraints(connection: psycopg.Connection[Any], table: str) -> set[tuple[str, str, bool]]:
    return {
        (kind, definition.removesuffix(" NOT VALID"), valid or table == PARENT)
        for _name, kind, definition, valid in connection.execute(CONSTRAINTS, (table,)).fetchall()
    }


def prunes(connection: psycopg.Connection[Any]) -> bool:
    """Ask the planner for the lines of one quarter, and see that it would open no other."""
    tables = connection.execute(
        "SELECT relid::regclass::text FROM pg_partition_tree(to_regclass(%s)) WHERE isleaf ORDER BY 1", (NEXT,)
    ).fetchall()
    quarter = Quarter.named(tables[0][0]) if tables else None
    if quarter is None:
        return False
    plan = connection.execute(
        sql.SQL("EXPLAIN SELECT * FROM {} WHERE shop_id = 1 AND created_at >= {} AND created_at < {}").format(
            sql.Identifier(NEXT), sql.Literal(quarter.starts_at), sql.Literal(quarter.ends_at)
        )
    ).fetchall()
    opened = {word for (line,) in plan for word in line.split() if Quarter.named(word)}
    return opened == {quarter.table}
