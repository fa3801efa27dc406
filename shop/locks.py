"""Who may work on what: a Redis lock keeps others from trying, a lease in PostgreSQL decides."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg
import redis
import structlog
from redis.exceptions import LockError, RedisError
from sqlalchemy import BigInteger, DateTime, Text
from sqlalchemy.orm import Mapped, mapped_column

from shop.db import Model, connector, raw_connection
from shop.errors import Conflict
from shop.languages import gettext as _

LASTS = 15  # seconds a lease is good for without a heartbeat
BEAT = 5  # seconds between heartbeats
log = structlog.get_logger()


class JobLease(Model):
    """The right to work on `key`. Each taking raises the fence; a write with an older fence is refused."""

    __tablename__ = "job_leases"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    fence: Mapped[int] = mapped_column(BigInteger)
    holder: Mapped[str | None] = mapped_column(Text)
    taken_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class LostLease(Exception):
    """Somebody else works on this now; whatever this worker had in hand is rolled back."""


class Lease:
    """A held lease. `check` it first in every transaction; the server then makes the next holder wait for the commit."""

    def __init__(self, key: str, fence: int) -> None:
        self.key, self.fence = key, fence

    def check(self, connection: psycopg.Connection[Any]) -> None:
        """Refuse to go on under an older fence. FOR SHARE keeps the next holder out until this transaction ends."""
        held = connection.execute(
            "SELECT 1 FROM job_leases WHERE key = %s AND fence = %s FOR SHARE", (self.key, self.fence)
        )
        if held.fetchone() is None:
            raise LostLease(f"The lease {self.key} was taken over after fence {self.fence}.")

    def extend(self, connection: psycopg.Connection[Any]) -> None:
        """Push the expiry out. Skipped while our own transaction holds the row: that lock protects as well."""
        connection.execute(
            """UPDATE job_leases SET expires_at = clock_timestamp() + make_interval(secs => %s)
               WHERE key = (SELECT key FROM job_leases WHERE key = %s AND fence = %s FOR UPDATE SKIP LOCKED)""",
            (LASTS, self.key, self.fence),
        )

    def release(self, connection: psycopg.Connection[Any]) -> None:
        connection.execute(
            "UPDATE job_leases SET holder = NULL, expires_at = clock_timestamp() WHERE key = %s AND fence = %s",
            (self.key, self.fence),
        )


def worker_name(process: int | None = None) -> str:
    return f"{socket.gethostname()}:{process or os.getpid()}"


def gate_name(key: str) -> str:
    return f"pult:lock:{key}"


def take(connection: psycopg.Connection[Any], key: str) -> Lease:
    """Take the lease if it is free or has expired, on the database's clock; raise `Conflict` otherwise."""
    row = connection.execute(
        """INSERT INTO job_leases (key, fence, holder, taken_at, expires_at)
           VALUES (%(key)s, 1, %(holder)s, clock_timestamp(), clock_timestamp() + make_interval(secs => %(lasts)s))
           ON CONFLICT (key) DO UPDATE SET fence = job_leases.fence + 1, holder = EXCLUDED.holder,
               taken_at = EXCLUDED.taken_at, expires_at = EXCLUDED.expires_at
           WHERE job_leases.holder IS NULL OR job_leases.expires_at < clock_timestamp()
           RETURNING fence""",
        {"key": key, "holder": worker_name(), "lasts": LASTS},
    ).fetchone()
    if row is None:
        raise Conflict(
            _(
                "Another worker holds the lease %(key)s right now. Nothing was changed; try again when it is done.",
                key=key,
            )
        )
    return Lease(key, row[0])


def take_from_dead(connection: psycopg.Connection[Any], holder: str, cache: redis.Redis) -> None:
    """Free what a process held that is known to have ended. Its unfinished transactions keep the next holder waiting."""
    freed = connection.execute(
        "UPDATE job_leases SET holder = NULL, expires_at = clock_timestamp() WHERE holder = %s RETURNING key", (holder,)
    ).fetchall()
    try:
        for (key,) in freed:
            cache.delete(gate_name(key))
    except RedisError as error:
        log.warning("redis_lock_unavailable", holder=holder, error=str(error))


@contextmanager
def held(key: str, redis_url: str, beat: Any = None) -> Iterator[Lease]:
    """Hold `key` for the length of the block, with a heartbeat. `beat(connection)` runs along with each one."""
    with gate(key, redis_url) as lock, raw_connection(autocommit=True) as connection:
        lease = take(connection, key)
        stop = threading.Event()
        heart = threading.Thread(
            target=heartbeat, args=(connector(), lease, lock, stop, beat), name="heartbeat", daemon=True
        )
        heart.start()
        try:
            yield lease
        finally:
            stop.set()
            heart.join(timeout=BEAT)
            if not connection.closed:
                lease.release(connection)


def heartbeat(
    connect: Callable[..., psycopg.Connection[Any]], lease: Lease, lock: Any, stop: threading.Event, beat: Any
) -> None:
    """Beat until told to stop. A beat that fails is only noted: the fence decides, not the heart."""
    while not stop.wait(BEAT):
        try:
            with connect(autocommit=True) as connection:
                while True:
                    lease.extend(connection)
                    if beat:
                        beat(connection)
                    if lock is not None:
                        extend_gate(lock)
                    if stop.wait(BEAT):
                        return
        except psycopg.Error as error:
            log.warning("heartbeat_missed", lease=lease.key, error=str(error))


def extend_gate(lock: Any) -> None:
    try:
        lock.reacquire()
    except (LockError, RedisError) as error:
        log.warning("redis_lock_lost", error=str(error))


@contextmanager
def gate(key: str, redis_url: str) -> Iterator[Any]:
    """The cheap lock in front. Without Redis, work goes on: the lease in PostgreSQL is the truth."""
    connection = redis.Redis.from_url(redis_url, socket_timeout=5, socket_connect_timeout=2)
    lock = connection.lock(gate_name(key), timeout=LASTS, thread_local=False)
    try:
        taken = lock.acquire(blocking=False)
    except RedisError as error:
        log.warning("redis_lock_unavailable", lease=key, error=str(error))
        yield None
        return
    if not taken:
        raise Conflict(
            _(
                "Another worker holds the lock %(key)s right now. Nothing was changed; try again when it is done.",
                key=key,
            )
        )
    try:
        yield lock
    finally:
        try:
            lock.release()
        except (LockError, RedisError) as error:
            log.warning("redis_lock_lost", lease=key, error=str(error))
        connection.close()
