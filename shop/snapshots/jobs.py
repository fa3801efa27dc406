"""Background work of snapshots. The row is the run; a job carries only its number."""

from datetime import timedelta

from flask import current_app
from sqlalchemy import ColumnElement, case, func, select

from shop import queues
from shop.audit.recording import WORKER, act_as
from shop.config import Config
from shop.db import db, raw_connection
from shop.errors import Conflict, ShopError
from shop.locks import LostLease, take_from_dead, worker_name
from shop.snapshots import deaths, hinting
from shop.snapshots.conducting import conduct, log
from shop.snapshots.models import LIVE, Snapshot
from shop.snapshots.reopening import reopen_asked

SILENT = 15  # seconds without a heartbeat, after which a run counts as left behind
WORK = "shop.snapshots.jobs.take_snapshot"
LONGEST = 6 * 3600  # seconds; a first load of eight million lines takes minutes


def take_snapshot(snapshot_id: int) -> None:
    """Carry one run out. Idempotent: begun again after any death, it goes on from the last staged chunk. May take hours."""
    act_as(WORKER)
    config: Config = current_app.extensions["pult"]
    if rests(snapshot_id):
        return  # an older call for a run that was given back since
    try:
        conduct(snapshot_id, config)
    except Conflict as error:
        log.info("run_held_elsewhere", run=snapshot_id, reason=error.message)
    except LostLease as error:
        log.warning("run_taken_over", run=snapshot_id, reason=str(error))
    except ShopError as error:
        log.info("run_refused", run=snapshot_id, reason=error.message)  # the row says so already
    if was_told(snapshot_id):
        enqueue(snapshot_id)


def left_by_dead(snapshot_id: int, process: int) -> None:
    """Take a run over from a child of this machine that has just died over it, and put it back into the queue."""
    with raw_connection(autocommit=True) as connection:
        deaths.note(connection, snapshot_id)
        take_from_dead(connection, worker_name(process), current_app.extensions["redis"])
    enqueue(snapshot_id)


def rests(snapshot_id: int) -> bool:
    """Whether the run was given back until a moment that has not come."""
    return given_back(snapshot_id, Snapshot.look_at > func.clock_timestamp())


def was_told(snapshot_id: int) -> bool:
    """Whether word came from the platform in the very moment in which the run was given back."""
    return given_back(snapshot_id, Snapshot.look_at <= func.clock_timestamp())


def given_back(snapshot_id: int, when: ColumnElement[bool]) -> bool:
    db.session.rollback()
    found = select(Snapshot.id).where(Snapshot.id == snapshot_id, Snapshot.state == "queued", when)
    return db.session.scalar(found) is not None


def enqueue(snapshot_id: int) -> bool:
    """Wake a worker for a committed run."""
    return queues.enqueue(current_app, queues.IMPORTS, WORK, snapshot_id, LONGEST)


def take_up_hints() -> int:
    """Ask for the changes that platforms hinted at while a run was live, or just over."""
    asked = hinting.take_up_all()
    db.session.commit()
    return sum(map(enqueue, asked))


def take_up_asked() -> int:
    """Take failed runs up again whose moment has come in the pace that a person set."""
    taken = reopen_asked()
    db.session.commit()
    return sum(map(enqueue, taken))


def enqueue_waiting() -> int:
    """Wake workers for runs that nobody works on.

    They are queued and forgotten by Redis, left behind by a killed worker, or given back until a moment that has come.
    """
    now = func.clock_timestamp()
    resting = (Snapshot.state == "queued") & Snapshot.look_at.is_not(None)  # given back until then
    heard = func.coalesce(Snapshot.heartbeat_at, Snapshot.requested_at)
    due = case((resting, Snapshot.look_at <= now), else_=heard < now - timedelta(seconds=SILENT))
    query = select(Snapshot.id).where(Snapshot.state.in_(LIVE), due)
    forgotten = db.session.scalars(query.order_by(Snapshot.id)).all()
    known = queues.waiting_rows(current_app, queues.IMPORTS, WORK) if forgotten else set()
    return sum(enqueue(snapshot_id) for snapshot_id in forgotten if snapshot_id not in known)
