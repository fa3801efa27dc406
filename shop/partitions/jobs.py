"""What a worker does about quarters when a person has asked for it."""

import time
from typing import Any

import structlog
from flask import current_app

from shop import queues, stopping
from shop.audit.recording import WORKER, Action, act_as, record
from shop.config import Config
from shop.db import db, raw_connection
from shop.errors import Conflict, ShopError
from shop.partitions.creating import note
from shop.partitions.quarters import Quarter
from shop.partitions.restoring import Restored, restore
from shop.partitions.upkeep import looking_after

WORK = "shop.partitions.jobs.restore_quarter"
TIMEOUT = 7200  # seconds
PATIENCE = 300.0  # seconds that it waits for a maintenance under way
LOOKS = 2.0  # seconds between two tries
REFUSED = "restore refused"
log = structlog.get_logger()


def enqueue(archive_id: int) -> bool:
    """Wake a worker for an archive that shall be brought back; call it once the request is committed."""
    return queues.enqueue(current_app, queues.OPS, WORK, archive_id, TIMEOUT)


def restore_quarter(archive_id: int) -> None:
    """Bring the quarter of an archive back. Idempotent: one that is back already stays. At most two hours."""
    act_as(WORKER)
    config: Config = current_app.extensions["pult"]
    found = asked(archive_id)
    if found is None:
        log.info("restore_not_needed", archive=archive_id)
        return
    quarter, by = found
    try:
        restored = once_free(config, quarter, by)
    except ShopError as error:
        log.warning("restore_refused", quarter=str(quarter), reason=error.message)
        with raw_connection() as connection, connection.transaction():
            note(connection, quarter.table, REFUSED, by, reason=error.message)
        return
    record(Action.PARTITION_RESTORED, quarter.table, lines=restored.lines, source=restored.source)
    db.session.commit()


def asked(archive_id: int) -> tuple[Quarter, str] | None:
    """Return the quarter of an archive and who asked for it, None where it is in the table already."""
    with raw_connection() as connection:
        row: tuple[Any, ...] | None = connection.execute(
            """SELECT a.starts_at, (SELECT e.by FROM partition_events e
                                    WHERE e.partition = a.partition AND e.event = 'restore requested' ORDER BY e.id DESC LIMIT 1)
               FROM partition_archives a WHERE a.id = %s AND a.state IN ('retiring', 'retired', 'dropped')""",
            (archive_id,),
        ).fetchone()
    return (Quarter.of(row[0]), row[1] or "worker") if row else None


def once_free(config: Config, quarter: Quarter, by: str) -> Restored:
    """Bring it back as soon as nobody else looks after the quarters. Raises Conflict where that takes too long."""
    ends = time.monotonic() + PATIENCE
    while True:
        try:
            with looking_after(config, by) as upkeep:
                return restore(upkeep, quarter)
        except Conflict:
            if time.monotonic() > ends:
                raise
        stopping.check()
        time.sleep(LOOKS)
