"""Makes the database beside the live one, and keeps the one that was: two renames in one transaction, or none."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import structlog
from psycopg import errors, sql

from shop.backups import beside, files
from shop.backups.beside import Beside, address, before_name, beside_name, databases, third
from shop.backups.restorations import APPROVED
from shop.backups.restoring import know_itself, return_files
from shop.errors import Conflict, ShopError
from shop.fault_points import fault_point
from shop.formatting import plural
from shop.languages import N_

STILL = 0.1  # seconds between two looks for connections that came back
OURS = "SELECT version_num FROM alembic_version"
READY = """
    SELECT r.id, r.approved_by, r.approved_at > clock_timestamp() - %s, b.folder, r.restore_seconds, b.id
    FROM restorations r JOIN backups b ON b.id = r.backup_id WHERE r.state = 'ready' AND r.database = %s"""
OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'"
WORDS = N_("live until the switch of restoration %(number)s")
SWITCHED = re.compile(WORDS % {"number": r"(\d+)"})
NOT_OF_THIS_TIME = N_("It belonged to the time before the copy was restored, and its database is not there any more.")
log = structlog.get_logger()


@dataclass(frozen=True)
class Choice:
    """What is about to be switched to: the restoration of a copy, approved on the page."""

    restoration_id: int
    backup_id: int
    approved_by: str


def chosen(connection: psycopg.Connection[Any], live: str) -> Choice:
    """Return what the switch is to, or refuse it with the reason."""
    name = beside_name(live)
    row = connection.execute(READY, (APPROVED, name)).fetchone()
    if row is None or not beside.is_there(connection, name):
        raise ShopError(
            "No restored database stands beside the live one. Nothing was changed; open a copy under /backups/ and restore it beside first."
        )
    if not row[2]:
        raise ShopError(
            f"The switch to restoration {row[0]} was not approved within the last hour. Nothing was changed; an owner approves it "
            f"with their password at /backups/restorations/{row[0]}."
        )
    return Choice(row[0], row[5], row[1])


def confirmed(live: str, typed: str | None) -> None:
    if typed != live:
        raise ShopError(f"Nothing was changed. To replace the live database, type its name: `--replace {live}`.")


def alone(live_url: str) -> None:
    """Refuse while anybody is connected to the live database; the caller has closed its own connections."""
    with third(live_url) as connection:
        row = connection.execute(OTHERS, (beside.name_of(live_url),)).fetchone()
    if row and row[0]:
        raise Conflict(
            f"{plural(row[0], 'connection is', 'connections are')} open to the live database. Nothing was changed; stop web, workers "
            "and scheduler first, or let the switch end whatever is connected: `--end-connections`."
        )


def same_version(live: str, incoming: str) -> None:
    """Refuse a database whose tables are of another version than the live one's."""
    with psycopg.connect(live) as ours, psycopg.connect(address(live, incoming)) as theirs:
        here, there = (one.execute(OURS.encode()).fetchone() for one in (ours, theirs))
    if here != there:
        raise ShopError(
            f"The tables of {incoming} are of version {there and there[0]}, those of the live database of {here and here[0]}. Nothing was "
            "changed; discard it and restore the copy beside once more: it is migrated then."
        )


def swap(live_url: str, incoming: str, words: str) -> str:
    """Give `incoming` the live database's name, and that one a dated name, which is returned.

    Both renames are one transaction: killed at any moment, the live name leads to the one or to the other. Whoever
    comes while they are under way waits at the server's door; whoever is connected is thrown out.
    """
    live, moment = beside.name_of(live_url), datetime.now(UTC)
    kept = before_name(live, moment)
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    with third(live_url) as renaming, third(live_url) as ending, thrown_out(ending, live, incoming):
        try:
            with renaming.transaction():
                renaming.execute(rename.format(sql.Identifier(live), sql.Identifier(kept)))
                renaming.execute(rename.format(sql.Identifier(incoming), sql.Identifier(live)))
                renaming.execute(sql.SQL("ALTER DATABASE {} CONNECTION LIMIT -1").format(sql.Identifier(live)))
                renaming.execute(sql.SQL("COMMENT ON DATABASE {} IS NULL").format(sql.Identifier(live)))
                beside.say(renaming, kept, words)
        except errors.ObjectInUse as error:
            raise Conflict(
                f"Somebody stays connected who may not be sent away ({error.diag.message_detail}). Nothing was changed; end that "
                "connection, and run the same again."
            ) from error
        except errors.InsufficientPrivilege as error:
            raise ShopError(
                "The role of DATABASE_URL may not rename databases. Nothing was changed; `ALTER ROLE … CREATEDB` allows it."
            ) from error
    log.info("database_switched", live=live, kept=kept)
    return kept


@contextmanager
def thrown_out(connection: psycopg.Connection[Any], *names: str) -> Iterator[None]:
    """End the connections to these databases as long as the block lasts; the rename itself keeps new ones out."""
    over = threading.Event()

    def keep_ending() -> None:
        while True:
            try:
                beside.end_connections(connection, *names)
            except psycopg.Error as error:  # the rename then says who is in its way
                log.warning("connection_not_ended", error=str(error))
            if over.wait(STILL):
                return

    thread = threading.Thread(target=keep_ending, name="door", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def unsettled(connection: psycopg.Connection[Any], live_url: str) -> Iterator[tuple[str, int]]:
    """Yield the databases that were live until a switch which was killed before it was written down.

    Each comes with the number of its restoration.
    """
    for one in databases(connection, beside.name_of(live_url)):
        if switched := SWITCHED.fullmatch(one.what):
            with psycopg.connect(address(live_url, one.name), autocommit=True) as before:
                row = before.execute(
                    "SELECT 1 FROM restorations WHERE id = %s AND state = 'ready'", (int(switched[1]),)
                ).fetchone()
            if row:
                yield one.name, int(switched[1])


def settle(live_url: str, kept: str, restoration_id: int, data_dir: Path) -> tuple[int, str]:
    """Write into both databases what has become of them; returns the number of the copy and who approved.

    The one that is live now knows nothing of its restoration: that is younger than its copy. Idempotent.
    """
    with psycopg.connect(address(live_url, kept)) as before, psycopg.connect(live_url) as now:
        row = before.execute(
            """SELECT r.approved_by, b.folder, r.restore_seconds, r.by, r.requested_at, r.database FROM restorations r
               JOIN backups b ON b.id = r.backup_id WHERE r.id = %s""",
            (restoration_id,),
        ).fetchone()
        assert row is not None
        approved_by, name, seconds, by, requested_at, database = row
        folder = files.backups_folder(data_dir) / name
        know_itself(now, folder, files.check(folder), seconds)
        now.execute(
            "UPDATE restorations SET state = 'failed', error = %s, ended_at = clock_timestamp() WHERE state IN ('queued', 'running', 'ready')",
            (NOT_OF_THIS_TIME,),
        )
        now.execute(
            """INSERT INTO restorations (backup_id, state, by, requested_at, database, kept, approved_by, ended_at, restore_seconds)
               SELECT id, 'switched', %s, %s, %s, %s, %s, clock_timestamp(), %s FROM backups WHERE folder = %s
               AND NOT EXISTS (SELECT FROM restorations WHERE kept = %s)""",
            (by, requested_at, database, kept, approved_by, seconds, name, kept),
        )
        now.commit()
        return_files(folder, data_dir)
        fault_point("switch.noted")
        before.execute(
            "UPDATE restorations SET state = 'switched', kept = %s, ended_at = clock_timestamp() WHERE id = %s",
            (kept, restoration_id),
        )
        found = now.execute("SELECT id FROM backups WHERE folder = %s", (name,)).fetchone()
    assert found is not None
    return found[0], approved_by


def newest_before(connection: psycopg.Connection[Any], live: str) -> Beside:
    """Return the database that was live until the last switch."""
    found = [one for one in databases(connection, live) if one.is_before]
    if not found:
        raise ShopError("No database was kept from before a switch. Nothing was changed.")
    return max(found, key=lambda one: one.name)
