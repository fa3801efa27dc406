"""Who is alive: each process writes into PostgreSQL now and then what it serves, so that silence shows without Redis."""

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
import structlog
from sqlalchemy import DateTime, Text, func, select
from sqlalchemy.orm import Mapped, mapped_column

from shop.db import Model, db, raw_connection

SCHEDULER = "scheduler"  # the process that fires the tick
TICKED = "ticked"  # served by nobody: its last word is the last tick that was carried out, whoever did it
log = structlog.get_logger()


class Heartbeat(Model):
    """When a process last said that it serves a part: a queue, or the scheduler. And when the last tick was carried out."""

    __tablename__ = "heartbeats"

    part: Mapped[str] = mapped_column(Text, primary_key=True)
    process: Mapped[str] = mapped_column(Text, primary_key=True)
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    heard_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # in order; null for one that was killed


@dataclass(frozen=True)
class Heard:
    """What is known of a part: the last word of anybody who serves it."""

    part: str
    heard_at: datetime


def beat(parts: Sequence[str]) -> None:
    """Write down that this process serves the parts. On a connection of its own: a worker must hold none when it forks."""
    write(parts, this_process())


def note_tick() -> None:
    """Write down that a tick was carried out. That somebody waits for ticks says nothing: they may have stopped coming."""
    write([TICKED], "")


def end() -> None:
    """Write down that this process ends in order: nobody need look for it."""
    try:
        with raw_connection(autocommit=True) as connection:
            connection.execute(
                "UPDATE heartbeats SET ended_at = clock_timestamp() WHERE process = %s", (this_process(),)
            )
    except psycopg.Error as error:
        log.warning("heartbeat_unwritten", parts=[], error=str(error))


def this_process() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def write(parts: Sequence[str], process: str) -> None:
    try:
        with raw_connection(autocommit=True) as connection, connection.cursor() as cursor:
            cursor.executemany(
                """INSERT INTO heartbeats (part, process) VALUES (%s, %s)
                   ON CONFLICT (part, process) DO UPDATE SET heard_at = clock_timestamp(), ended_at = NULL""",
                [(part, process) for part in parts],
            )
    except psycopg.Error as error:
        log.warning("heartbeat_unwritten", parts=list(parts), error=str(error))


def last_heard() -> list[Heard]:
    """Return the last word from each part that was ever heard of."""
    query = select(Heartbeat.part, func.max(Heartbeat.heard_at)).group_by(Heartbeat.part).order_by(Heartbeat.part)
    return [Heard(*found) for found in db.session.execute(query)]


def first_heard() -> datetime | None:
    """Return since when anything was heard of that is still on record."""
    return db.session.scalar(select(func.min(Heartbeat.since)))


def forget(silent: timedelta) -> int:
    """Drop processes that were not heard of for so long, but never the last word from a part. The caller commits."""
    gone = db.session.execute(
        db.text(
            """DELETE FROM heartbeats h WHERE heard_at < clock_timestamp() - :silent
               AND EXISTS (SELECT 1 FROM heartbeats later WHERE later.part = h.part AND later.heard_at > h.heard_at)
               RETURNING 1"""
        ),
        {"silent": silent},
    )
    return len(gone.all())
