"""Changes of a table that others write to: a short try for the lock, and again after they had their turn."""

import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
import structlog
from psycopg import errors

from shop.errors import Conflict
from shop.languages import gettext as _

Made = TypeVar("Made")
LOCK_TIMEOUT = 100  # milliseconds that a try may make others queue behind it
DEADLOCK_TIMEOUT = 20  # milliseconds; below the lock's, else an autovacuum is never asked to make way
BUDGET = 600.0  # seconds of tries
BETWEEN = (0.05, 0.25)  # seconds, at random
AGAIN = (errors.LockNotAvailable, errors.DeadlockDetected)
log = structlog.get_logger()


def in_moments(
    connection: psycopg.Connection[Any],
    work: Callable[[], Made],
    budget: float = BUDGET,
    lock_timeout: int = LOCK_TIMEOUT,
) -> Made:
    """Carry `work` out in one transaction of `connection`, which must be in none; again whenever a lock is not free at once.

    Nobody queues behind a try for longer than `lock_timeout` milliseconds. Raises `Conflict` when the budget
    (seconds) is used up; nothing was changed then.
    """
    ends = time.monotonic() + budget
    tries = 0
    while True:
        tries += 1
        try:
            with connection.transaction():
                be_brief(connection, lock_timeout)
                return work()
        except AGAIN as error:
            if time.monotonic() > ends:
                raise Conflict(
                    _(
                        "The table was in use at each of %(tries)s tries in %(seconds)s seconds. Nothing was changed; "
                        "%(holder)s Try again when that is over.",
                        tries=tries,
                        seconds=f"{budget:.0f}",
                        holder=in_the_way(connection),
                    )
                ) from error
        time.sleep(random.uniform(*BETWEEN))  # noqa: S311  # spreads tries, keeps no secret


def be_brief(connection: psycopg.Connection[Any], lock_timeout: int) -> None:
    """Bound how long this transaction waits for a lock; make an autovacuum give way where the role may ask for that."""
    connection.execute("SELECT set_config('lock_timeout', %s, true)", (f"{lock_timeout}ms",))
    try:
        with connection.transaction():
            connection.execute("SELECT set_config('deadlock_timeout', %s, true)", (f"{DEADLOCK_TIMEOUT}ms",))
    except errors.InsufficientPrivilege:
        log.info(
            "deadlock_timeout_not_ours", mend="GRANT SET ON PARAMETER deadlock_timeout TO the role of DATABASE_URL"
        )


def in_the_way(connection: psycopg.Connection[Any]) -> str:
    """Name the transaction that has been open for longest, for the person who has to find it."""
    row = connection.execute(
        """SELECT pid, usename, application_name, extract(epoch FROM clock_timestamp() - xact_start)::int
           FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
           ORDER BY xact_start LIMIT 1"""
    ).fetchone()
    if row is None:
        return _("nobody has a transaction open any more.")
    pid, user, name, seconds = row
    return _(
        "the longest open transaction is process %(pid)s of %(user)s (%(name)s), for %(seconds)s seconds.",
        pid=pid,
        user=user,
        name=name,
        seconds=seconds,
    )
