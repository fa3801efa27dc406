"""One at a time works on the form of the table; whoever comes second hears how far the first one is."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg
from psycopg import errors

from shop.db import raw_connection
from shop.errors import Conflict
from shop.locks import LASTS, Lease, held
from shop.partitions.record import under_way

KEY = "partitions"
LOOK = 0.25  # seconds between two looks at a lease that somebody holds
SAY = 5.0  # seconds between two words about somebody else's progress
HOLDER = "SELECT holder, expires_at, expires_at < clock_timestamp() FROM job_leases WHERE key = %s"


@contextmanager
def turn(
    redis_url: str, say: Callable[[str], None], *, wait: bool = False
) -> Iterator[tuple[psycopg.Connection[Any], Lease]]:
    """Hold the lease `partitions`, with a connection for the work.

    A lease that is not renewed belonged to a killed process, and is waited for. One that is renewed raises `Conflict` with
    its holder's progress, or is waited for as well, with words on the way, where `wait` says so.
    """
    with ExitStack() as stack:
        connection = stack.enter_context(raw_connection(autocommit=True))
        yield connection, taken(stack, connection, redis_url, say, wait)


def taken(
    stack: ExitStack, connection: psycopg.Connection[Any], redis_url: str, say: Callable[[str], None], wait: bool
) -> Lease:
    first: Any = None
    said, ends = 0.0, time.monotonic() + 2 * LASTS
    while True:
        try:
            return stack.enter_context(held(KEY, redis_url))
        except (Conflict, errors.LockNotAvailable) as error:  # the latter: its holder is in a transaction just now
            row = connection.execute(HOLDER, (KEY,)).fetchone()
            holder, expires_at, is_over = row or (None, None, True)
            first = first or expires_at
            is_alive = holder is not None and not is_over and expires_at != first
            if not wait and (is_alive or time.monotonic() > ends):
                raise Conflict(f"{in_the_meantime(connection, holder)} Nothing was changed by this one.") from error
            if is_alive and time.monotonic() > said + SAY:
                said = time.monotonic()
                say(in_the_meantime(connection, holder))
        time.sleep(LOOK)


def in_the_meantime(connection: psycopg.Connection[Any], holder: str | None) -> str:
    """Say who is at work, and how far that is."""
    conversion = under_way(connection)
    what = f"The conversion is {conversion}." if conversion else "No conversion is under way; it is about quarters."
    return f"Somebody else ({holder or 'who is just leaving'}) works on the form of the table. {what}"
