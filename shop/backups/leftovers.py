"""What a killed process has left: half-written copies, scratch servers, rows that say that something goes on."""

import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import structlog

from shop.backups.files import PARTIAL, SCRATCH, backups_folder
from shop.languages import N_
from shop.local.launching import socket_folder
from shop.local.postgres import first_number, is_postgres
from shop.locks import Lease

ENDED = N_(
    "The process that took this copy ended in the midst of it. Nothing of it was kept; the next one is taken as planned."
)
PROGRAMS = {b"pg_dump", b"pg_restore", b"initdb", b"postgres"}
PATIENCE = 10.0  # seconds that a scratch server has to end
log = structlog.get_logger()


def clear(connection: psycopg.Connection[Any], lease: Lease, data_dir: Path) -> int:
    """Remove it all, and close the rows; returns how many things were found. Only who holds the lease may call it."""
    found = 0
    for path in sorted(backups_folder(data_dir).iterdir()):
        if path.name.startswith(SCRATCH):
            remove_scratch(path)
        elif path.name.startswith(PARTIAL):
            end_orphans(path)
            shutil.rmtree(path)
        else:
            continue
        found += 1
        log.info("backup_leftover_removed", name=path.name)
    with connection.transaction():
        lease.check(connection)
        rows = connection.execute(
            "UPDATE backups SET state = 'failed', error = %s, phase = NULL WHERE state = 'running'",
            (ENDED,),
        )
        checks = connection.execute(
            "UPDATE backup_checks SET finished_at = clock_timestamp(), outcome = 'interrupted' WHERE finished_at IS NULL"
        )
    drop_scratch_databases(connection)
    return found + rows.rowcount + checks.rowcount


def remove_scratch(folder: Path) -> None:
    """End the server whose data lie there, if it still runs, and remove them."""
    end_orphans(folder)
    pid = first_number(folder / "cluster" / "postmaster.pid")
    if pid is not None and is_postgres(pid):
        os.kill(pid, signal.SIGQUIT)
        ends = time.monotonic() + PATIENCE
        while is_postgres(pid) and time.monotonic() < ends:
            time.sleep(0.05)
        if is_postgres(pid):
            os.kill(pid, signal.SIGKILL)
    sockets = socket_folder(folder)
    shutil.rmtree(sockets, ignore_errors=True)
    shutil.rmtree(folder)


def end_orphans(folder: Path) -> None:
    """End programs of PostgreSQL that a killed process left at work in the folder: they would go on writing into it."""
    ends = time.monotonic() + PATIENCE
    word = signal.SIGQUIT
    while orphans := working_in(folder):
        for pid in orphans:
            with suppress(ProcessLookupError):
                os.kill(pid, word)
        word = signal.SIGKILL if time.monotonic() > ends else signal.SIGQUIT
        time.sleep(0.05)


def working_in(folder: Path) -> list[int]:
    """Return the processes of PostgreSQL's programs that name the folder; none where the system does not tell."""
    named, found = os.fsencode(folder), []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = place.read_bytes().split(b"\0")
        except OSError:  # it has ended, or is somebody else's
            continue
        if words[0].rpartition(b"/")[2] in PROGRAMS and any(named in word for word in words[1:]):
            found.append(int(place.parent.name))
    return found


def drop_scratch_databases(connection: psycopg.Connection[Any]) -> None:
    """Drop the databases that checks have made on the server itself, where there was no place for a cluster."""
    named = connection.execute("SELECT datname FROM pg_database WHERE datname ~ '^pult_scratch_[0-9]+$'").fetchall()
    for (name,) in named:
        connection.execute(
            psycopg.sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(psycopg.sql.Identifier(name))
        )
