"""Takes a quarter off the table while others read and write it."""

import random
import time
from typing import Any

import psycopg
from psycopg import errors, sql

from shop.errors import Conflict
from shop.fault_points import fault_point
from shop.languages import gettext as _
from shop.partitions.patience import AGAIN, BETWEEN, DEADLOCK_TIMEOUT, LOCK_TIMEOUT, in_the_way
from shop.partitions.quarters import PARENT
from shop.partitions.queries import attached
from shop.partitions.upkeep import Upkeep

DETACH = "ALTER TABLE {} DETACH PARTITION {} {}"


def detach(upkeep: Upkeep, table: str) -> None:
    """Take a partition off. Idempotent: what was interrupted on the way is finished.

    PostgreSQL does it in two transactions of its own. Between them the rows are not seen any more, and the partition is
    pending: it stays so where the second one found no lock in time, until `finish` is called again.
    """
    if not is_pending(upkeep.connection, table):
        begin(upkeep, table)
    if is_pending(upkeep.connection, table):
        fault_point("retire.pending")
        finish(upkeep, table)


def begin(upkeep: Upkeep, table: str) -> None:
    """Try until the first half is done. Each try waits for a tenth of a second, in which nobody queues behind it."""
    ends = time.monotonic() + upkeep.budget
    with patient(upkeep.connection):
        while not taken_off(upkeep, table):
            if time.monotonic() > ends:
                raise Conflict(
                    _(
                        "The table was in use whenever %(table)s was to be taken off. Nothing was changed; "
                        "%(holder)s The next maintenance tries again.",
                        table=table,
                        holder=in_the_way(upkeep.connection),
                    )
                )
            time.sleep(random.uniform(*BETWEEN))  # noqa: S311  # spreads tries, keeps no secret


def taken_off(upkeep: Upkeep, table: str) -> bool:
    """Try once. A try that found no lock may have done the first half all the same; the second one is then left."""
    with upkeep.transaction():
        pass  # the statement itself runs in no transaction of ours: the lease is checked right before it
    try:
        upkeep.connection.execute(statement(table, "CONCURRENTLY"))
    except AGAIN:
        return is_pending(upkeep.connection, table)
    return True


def finish(upkeep: Upkeep, table: str) -> None:
    """Do the second half of a detachment. Raises `Conflict` where somebody still reads what was there before."""
    upkeep.in_moments(lambda: upkeep.connection.execute(statement(table, "FINALIZE")))


def statement(table: str, how: str) -> sql.Composed:
    return sql.SQL(DETACH).format(sql.Identifier(PARENT), sql.Identifier(table), sql.SQL(how))


def is_pending(connection: psycopg.Connection[Any], table: str) -> bool:
    return any(one.is_pending for one in attached(connection) if one.table == table)


class patient:  # noqa: N801 - reads as what it is: with patient(connection)
    """Bounds how long a statement outside of any transaction waits for a lock."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection

    def __enter__(self) -> None:
        self.connection.execute("SELECT set_config('lock_timeout', %s, false)", (f"{LOCK_TIMEOUT}ms",))
        try:
            self.connection.execute("SELECT set_config('deadlock_timeout', %s, false)", (f"{DEADLOCK_TIMEOUT}ms",))
        except errors.InsufficientPrivilege:
            return

    def __exit__(self, *_raised: object) -> None:
        if self.connection.broken or self.connection.closed:
            return
        self.connection.execute("RESET lock_timeout")
        try:
            self.connection.execute("RESET deadlock_timeout")
        except errors.InsufficientPrivilege:
            return
