"""The moment in which two tables trade names, forth and back; whatever is written after it goes to both."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import psycopg
from psycopg import errors, sql

from shop.errors import Conflict
from shop.fault_points import fault_point
from shop.locks import Lease
from shop.partitions import record, synchronising
from shop.partitions.astray import lead_astray_home, nobody_is_astray
from shop.partitions.creating import note
from shop.partitions.patience import BETWEEN, in_moments, in_the_way
from shop.partitions.quarters import PARENT
from shop.partitions.record import BEFORE, NEXT, Conversion, Phase
from shop.partitions.shadow import suffixed

LOCK_TIMEOUT = 50  # milliseconds that a try may keep others waiting
OLD = 0.5  # seconds after which a transaction on the table is waited for without a try
# A snapshot from before the last batch was copied knows rows in the one table that it does not see in the other.
FROM_BEFORE = """
    SELECT a.pid FROM pg_stat_activity a
    WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.backend_type = 'client backend'
        AND a.backend_xmin IS NOT NULL AND age(a.backend_xmin) >= age(xid(%s::xid8)) LIMIT 1"""
LONG_ON_IT = """
    SELECT l.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE l.relation = to_regclass(%s) AND l.granted AND l.pid <> pg_backend_pid() AND a.backend_type = 'client backend'
        AND a.xact_start < clock_timestamp() - make_interval(secs => %s) LIMIT 1"""


class AstrayLines(Exception):
    """Lines were written, since the last look, that found no quarter in the other table."""


def swap(connection: psycopg.Connection[Any], lease: Lease, conversion: Conversion, by: str, budget: float) -> None:
    """Let the new table take the place of the live one. Raises `Conflict` when no moment came in the budget (seconds)."""
    synchronising.make_function(connection, BEFORE, partitioned=conversion.direction == record.JOIN)
    ends = time.monotonic() + budget
    wait_for_old_snapshots(connection, conversion, ends)
    tries = 0

    def trade() -> float:
        nonlocal tries
        tries += 1
        lease.check(connection)
        began = traded(connection, away=BEFORE, here=NEXT, then=[synchronising.following(BEFORE)])
        record.change(connection, conversion, phase=Phase.SWAPPED, swapped_at=now(connection), figures={"tries": tries})
        note(connection, None, "swapped", by, direction=conversion.direction)
        fault_point("partitions.swap.before_commit")
        return began

    held = in_the_end(connection, lease, conversion, by, trade, ends)
    with connection.transaction():
        lease.check(connection)
        record.change(connection, conversion, figures={"held_ms": round(held * 1000, 1)})


def swap_back(
    connection: psycopg.Connection[Any], lease: Lease, conversion: Conversion, by: str, budget: float
) -> None:
    """Let the old table take its place again, with all that was written since."""

    def trade() -> float:
        lease.check(connection)
        began = traded(connection, away=NEXT, here=BEFORE, then=[])
        record.change(connection, conversion, phase=Phase.ROLLED_BACK)
        note(connection, None, "swapped back", by, direction=conversion.direction)
        fault_point("partitions.swap_back.before_commit")
        return began

    in_the_end(connection, lease, conversion, by, trade, time.monotonic() + budget)


def in_the_end(
    connection: psycopg.Connection[Any],
    lease: Lease,
    conversion: Conversion,
    by: str,
    trade: Callable[[], float],
    ends: float,
) -> float:
    """Trade as soon as there is a moment in which no line is astray; returns for how many seconds the lock was held."""
    while True:
        lead_astray_home(connection, lease, conversion, by)
        try:
            began = in_moments(connection, trade, max(ends - time.monotonic(), 0), LOCK_TIMEOUT)
        except AstrayLines:
            continue
        return time.monotonic() - began


def now(connection: psycopg.Connection[Any]) -> datetime:
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row
    return row[0]  # type: ignore[no-any-return]


def traded(connection: psycopg.Connection[Any], away: str, here: str, then: list[sql.Composed]) -> float:
    """Give the live table the name `away` and let `here` be live, both under lock; returns when the lock was had.

    The order is that of a writer, whose triggers come to the other table second. What is done under the lock goes to the
    server in one message: every answer that it had to wait for would be waited for by everybody.
    """
    if connection.execute(LONG_ON_IT, (PARENT, OLD)).fetchone():
        raise errors.LockNotAvailable("A long transaction is on the table.")  # a try would only make others wait
    renames = [*renaming(connection, PARENT, away), *renaming(connection, here, PARENT)]
    work = sql.SQL("; ").join([synchronising.leaving(), *renames, *then])
    locks = sql.SQL("LOCK TABLE ONLY {} IN ACCESS EXCLUSIVE MODE; LOCK TABLE ONLY {} IN ACCESS EXCLUSIVE MODE")
    connection.execute(locks.format(sql.Identifier(PARENT), sql.Identifier(here)))
    began = time.monotonic()
    if not nobody_is_astray(connection):
        raise AstrayLines
    connection.execute(work)
    return began


def renaming(connection: psycopg.Connection[Any], old: str, new: str) -> list[sql.Composed]:
    """Return what renames a table and its indexes, those of its constraints too: one family of names, told apart by the end."""
    ends, begins = old.removeprefix(PARENT), new.removeprefix(PARENT)
    indexes = connection.execute(
        """SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
           WHERE i.indrelid = to_regclass(%s) ORDER BY 1""",
        (old,),
    ).fetchall()
    return [
        sql.SQL("ALTER TABLE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new)),
        *(
            sql.SQL("ALTER INDEX {} RENAME TO {}").format(
                sql.Identifier(index), sql.Identifier(suffixed(index.removesuffix(ends), begins))
            )
            for (index,) in indexes
        ),
    ]


def wait_for_old_snapshots(connection: psycopg.Connection[Any], conversion: Conversion, ends: float) -> None:
    """Wait until nobody looks at the database as it was before the last row was copied."""
    while connection.execute(FROM_BEFORE, (conversion.figures["filled_by"],)).fetchone():
        if time.monotonic() > ends:
            raise Conflict(
                "A transaction from before the end of the copying is still open, and would see too few lines after the swap. "
                f"Nothing was changed; {in_the_way(connection)} Try again when that is over."
            )
        time.sleep(BETWEEN[1])
