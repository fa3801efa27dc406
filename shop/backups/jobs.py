"""What a worker does about copies when a person has asked for it."""

import time
from typing import Any

import structlog
from flask import current_app

from shop import queues, stopping
from shop.audit.recording import WORKER, Action, act_as, record
from shop.backups import restorations
from shop.backups.models import QUEUED
from shop.backups.restorations import LEASE, NotWanted
from shop.backups.restoring_beside import Work
from shop.backups.restoring_beside import restore_beside as bring
from shop.config import Config
from shop.db import db, raw_connection
from shop.errors import Conflict
from shop.locks import LostLease, held

WORK = "shop.backups.jobs.restore_beside"
TIMEOUT = 4 * 3600  # seconds
PATIENCE = 30.0  # seconds that it waits for the lease of one before that was cancelled or killed
LOOKS = 1.0
log = structlog.get_logger()


def enqueue(restoration_id: int) -> bool:
    """Wake a worker for a restoration; call it once the request is committed."""
    return queues.enqueue(current_app, queues.OPS, WORK, restoration_id, TIMEOUT)


def restore_beside(restoration_id: int) -> None:
    """Restore a copy beside the live database. Idempotent: what a killed worker began is begun anew. At most four hours."""
    act_as(WORKER)
    db.session.rollback()
    try:
        state = once_free(restoration_id)
    except NotWanted:
        log.info("restoration_not_needed", restoration=restoration_id)
        return
    except (Conflict, LostLease) as error:
        log.info("restoration_held_elsewhere", restoration=restoration_id, reason=str(error))
        return
    if state == QUEUED:
        return
    record(Action.BACKUP_RESTORED_BESIDE, f"restoration {restoration_id}", state=state)
    db.session.commit()


def once_free(restoration_id: int) -> str:
    config: Config = current_app.extensions["pult"]
    live = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    ends = time.monotonic() + PATIENCE

    def beat(connection: Any) -> None:
        restorations.beat(connection, restoration_id)

    while True:
        try:
            with held(LEASE, config.redis_url, beat) as lease, raw_connection(autocommit=True) as connection:
                return bring(Work(connection, lease, restoration_id, live, config))
        except Conflict:
            if time.monotonic() > ends:
                raise
        stopping.check()
        time.sleep(LOOKS)


def wake_left_behind() -> int:
    """Call workers for restorations that nobody works on; returns how many there were."""
    with raw_connection(autocommit=True) as connection:
        left = restorations.left_behind(connection)
    if not left:
        return 0
    called = queues.waiting_rows(current_app, queues.OPS, WORK)
    return sum(enqueue(restoration_id) for restoration_id in left if restoration_id not in called)
