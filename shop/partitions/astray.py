"""Keys of lines whose twin may not be as they are: looked at again, one by one, until none is left before the swap.

A trigger notes a key where the other table had no quarter for the line; and, while lines are copied, where it has taken one
away: a batch that has read the line before may put its twin back.
"""

import time
from functools import partial
from typing import Any

import psycopg
from psycopg import errors, sql

from shop.errors import Conflict
from shop.locks import Lease
from shop.partitions.creating import create
from shop.partitions.patience import BETWEEN, in_moments, in_the_way
from shop.partitions.quarters import PARENT, Quarter
from shop.partitions.record import ASTRAY, Conversion
from shop.partitions.shadow import same_key, sets, shape_of

AT_ONCE = 500  # keys whose twins are locked together, for some tens of milliseconds
BY_KEY = (
    "SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),"
    " set_config('enable_mergejoin', 'off', true)"
)
WITHOUT_QUARTER = """
    SELECT DISTINCT date_trunc('quarter', a.created_at, 'UTC') FROM {astray} a
    WHERE EXISTS (SELECT FROM {live} l WHERE {live_astray})"""
LOOKED_AT = "CREATE TEMP TABLE looked_at ON COMMIT DROP AS SELECT * FROM {astray} ORDER BY id LIMIT {count}"
# The twin is locked first: whoever writes the line meanwhile waits, in its trigger, until this is decided.
LOCK_TWINS = "SELECT FROM {other} t JOIN looked_at a ON {other_looked} FOR UPDATE OF t"
TAKE_AWAY = """
    DELETE FROM {other} t USING looked_at a WHERE {other_looked} AND NOT EXISTS (SELECT FROM {live} l WHERE {live_looked})"""
PUT_RIGHT = """
    INSERT INTO {other} ({columns}) SELECT {columns} FROM {live} l WHERE EXISTS (SELECT FROM looked_at a WHERE {live_looked})
    FOR SHARE ON CONFLICT ({key}) DO UPDATE SET {sets}"""
FORGET = "DELETE FROM {astray} WHERE id = ANY (ARRAY(SELECT id FROM looked_at))"  # by its key: joins only loop here
# A plain table has no tree: PostgreSQL answers without a row, not with the table itself.
WRITERS = """
    SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND granted AND mode = 'RowExclusiveLock'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND pid <> pg_backend_pid()
    AND relation IN (SELECT to_regclass(%(table)s) UNION SELECT relid FROM pg_partition_tree(to_regclass(%(table)s)))"""


def lead_astray_home(connection: psycopg.Connection[Any], lease: Lease, conversion: Conversion, by: str) -> None:
    """Make the twin of every noted key what its line is; quarters that lines lack are made first."""
    shape = shape_of(connection)
    names = {
        "astray": sql.Identifier(ASTRAY),
        "live": sql.Identifier(PARENT),
        "other": sql.Identifier(conversion.target),
        "count": sql.Literal(AT_ONCE),
        "columns": shape.listed(shape.columns),
        "key": shape.listed(shape.key),
        "live_astray": same_key(shape, "l", "a"),
        "live_looked": same_key(shape, "l", "a"),
        "other_looked": same_key(shape, "t", "a"),
        "sets": sets(shape),
    }

    def look() -> int:
        lease.check(connection)
        connection.execute(BY_KEY)
        connection.execute(sql.SQL(LOOKED_AT).format(**names))
        for statement in (LOCK_TWINS, TAKE_AWAY, PUT_RIGHT):
            connection.execute(sql.SQL(statement).format(**names))
        return connection.execute(sql.SQL(FORGET).format(**names)).rowcount

    while not nobody_is_astray(connection):
        if conversion.follower_is_partitioned:
            for (start,) in connection.execute(sql.SQL(WITHOUT_QUARTER).format(**names)).fetchall():
                in_moments(connection, partial(create, connection, Quarter.of(start), by, conversion.target))
        try:
            in_moments(connection, look)
        except (
            errors.CheckViolation,
            errors.SerializationFailure,
        ):  # a line of yet another quarter, or that went to another
            continue


def nobody_is_astray(connection: psycopg.Connection[Any]) -> bool:
    row = connection.execute(sql.SQL("SELECT NOT EXISTS (SELECT FROM {})").format(sql.Identifier(ASTRAY))).fetchone()
    return bool(row and row[0])


def wait_for_writers(connection: psycopg.Connection[Any], budget: float) -> None:
    """Wait until those who write the table now are done: whatever they have taken away is noted then.

    Raises `Conflict` where somebody is not in the budget (seconds).
    """
    ends = time.monotonic() + budget
    waited_for = {one for (one,) in connection.execute(WRITERS, {"table": PARENT}).fetchall()}
    while waited_for & {one for (one,) in connection.execute(WRITERS, {"table": PARENT}).fetchall()}:
        if time.monotonic() > ends:
            raise Conflict(
                "A transaction that has written lines since before the end of the copying is still open, so the tables cannot "
                f"be compared yet. What was copied is kept; {in_the_way(connection)} Try again when that is over."
            )
        time.sleep(BETWEEN[0])
