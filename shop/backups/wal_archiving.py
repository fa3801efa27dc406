"""How the server’s own archiving of its WAL stands: where it stops, nobody would see what a disaster takes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import class_row

from shop.findings import Finding, State
from shop.formatting import duration, plural
from shop.languages import gettext as _

GRACE = timedelta(
    minutes=10
)  # beyond archive_timeout, after which silence is a fault: heartbeats are written all the time
LOSS = timedelta(seconds=60)  # that docs/restore.md promises
OFTEN = "30s"  # archive_timeout for that: the other half is for the way to the archive
# A standby archives nothing unless it is told to; what it would say is not about this installation's writes.
ARCHIVING = """
    SELECT extract(epoch FROM current_setting('archive_timeout')::interval)::float8 AS timeout, a.last_archived_wal, a.last_archived_time,
           a.last_failed_wal, a.last_failed_time, a.failed_count, pg_postmaster_start_time() AS started_at, clock_timestamp() AS now
    FROM pg_stat_archiver a WHERE current_setting('archive_mode') <> 'off' AND NOT pg_is_in_recovery()"""
NAME = "WAL archive"
MEND = "See the log of PostgreSQL and `pgbackrest --stanza=pult check`; docs/restore.md says how it is set up."


@dataclass(frozen=True)
class Archiving:
    """What the server says of its archiver. `timeout` is in seconds: after it a file that is not full is archived too; 0: never."""

    timeout: float
    last_archived_wal: str | None
    last_archived_time: datetime | None
    last_failed_wal: str | None
    last_failed_time: datetime | None
    failed_count: int
    started_at: datetime  # the server
    now: datetime

    @property
    def age(self) -> timedelta:
        """Return how long ago a file was archived last; since the server's start, where none was."""
        return self.now - (self.last_archived_time or self.started_at)

    @property
    def is_failing(self) -> bool:
        """Whether the last try failed. The server tries the same file again until it succeeds, and keeps all that follow."""
        failed, archived = self.last_failed_time, self.last_archived_time
        return failed is not None and (archived is None or failed > archived)

    @property
    def worry(self) -> str:
        """Return what is wrong, in a sentence; nothing where it works."""
        if self.is_failing:
            return _(
                "PostgreSQL cannot archive its WAL: %(last_failed_wal)s failed, and none was archived for %(age)s. What was "
                "written since would be lost with this server, and its disk fills up meanwhile.",
                last_failed_wal=self.last_failed_wal,
                age=duration(self.age),
            )
        if self.timeout and self.age > GRACE + timedelta(seconds=self.timeout):
            return _(
                "PostgreSQL has archived no WAL for %(age)s; what was written since would be lost with this server.",
                age=duration(self.age),
            )
        return ""


def archiving(connection: psycopg.Connection[Any]) -> Archiving | None:
    """Return how archiving stands; None where `archive_mode` is off, or the server is a standby."""
    with connection.cursor(row_factory=class_row(Archiving)) as cursor:
        return cursor.execute(ARCHIVING).fetchone()


def findings(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    found = archiving(connection)
    if found:
        yield standing(found)


def standing(found: Archiving) -> Finding:
    if found.worry:
        return Finding(NAME, State.BAD, found.worry, MEND)
    if not 0 < found.timeout <= LOSS.total_seconds():
        wait = f"after {duration(timedelta(seconds=found.timeout))}" if found.timeout else "only when it is full"
        mend = f"ALTER SYSTEM SET archive_timeout = '{OFTEN}'; SELECT pg_reload_conf();"
        return Finding(NAME, State.NOTE, f"works, but a file that is not full is archived {wait}", mend)
    if found.last_archived_wal is None:
        return Finding(NAME, State.GOOD, "on; nothing was archived yet")
    failed = f"; {plural(found.failed_count, 'try', 'tries')} failed before" if found.failed_count else ""
    return Finding(NAME, State.GOOD, f"{found.last_archived_wal}, {duration(found.age)} ago{failed}")
