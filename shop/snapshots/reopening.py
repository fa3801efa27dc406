"""Failed runs taken up again: by a person, or by the hourly sweep. It is the same run, with a new attempt."""

from datetime import timedelta

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from shop.db import db
from shop.shops import problems
from shop.shops.models import Shop
from shop.snapshots.models import FailedSnapshot, Snapshot
from shop.snapshots.runs import AlreadyRunning, Resting, asks_anew, live_run, refuse_resting

BUDGET = 20  # runs that one sweep takes up
WHILE_BUSY = timedelta(seconds=15)  # that one waits for another run of its shop and kind
WHILE_RESTING = timedelta(minutes=10)
RETAKEN = ("failed", "cancelled")
log = structlog.get_logger()


def reopen(snapshot: Snapshot, *, confirmed: bool = False) -> bool:
    """Queue a failed run again, from its stored file or, where that never came or came damaged, from its platform.

    False if somebody else did so a moment ago. Raises AlreadyRunning, or Resting. The caller commits and enqueues.
    """
    anew = asks_anew(snapshot)
    if anew:
        refuse_resting(db.session.get_one(Shop, snapshot.shop_id))
    values = {
        "state": "queued", "phase": "request" if anew else "wait", "confirmed": confirmed or snapshot.confirmed,
        "stumbles": 0, "deaths": 0, "died_at": None, "narrowed_to": None, "narrowed_until": None, "look_at": None,
        "remark": None, "heartbeat_at": func.clock_timestamp(), "finished_at": None,
    }  # fmt: skip
    if anew:
        values |= {"exports": 0, "cursor_line": 0, "cursor_offset": 0, "bytes_read": 0, "feed": None}
        if snapshot.file_path is not None or not passes(snapshot):  # its export is of no use
            values |= {"file_path": None, "file_bytes": None, "file_sha256": None, "ticket": None, "asked_at": None,
                       "received": None, "as_of": None, "job_state": None, "looks": 0}  # fmt: skip
    taken = update(Snapshot).where(Snapshot.id == snapshot.id, Snapshot.state.in_(RETAKEN)).values(**values)
    try:
        with db.session.begin_nested():
            done = db.session.execute(taken.returning(Snapshot.id)).first() is not None
    except IntegrityError as error:
        if "uq_snapshots_live" not in str(error.orig):
            raise
        live = live_run(snapshot.shop_id, snapshot.kind)
        raise AlreadyRunning(live.id if live else None) from error
    kept = update(FailedSnapshot).where(FailedSnapshot.snapshot_id == snapshot.id)
    db.session.execute(kept.values(retry_at=None, retry_by=None))
    db.session.refresh(snapshot)
    return done


def passes(snapshot: Snapshot) -> bool:
    """Whether the failure was one that passes by itself."""
    permanent = select(FailedSnapshot.permanent).where(FailedSnapshot.snapshot_id == snapshot.id)
    return db.session.scalar(permanent) is False


def reopen_due(budget: int = BUDGET) -> list[int]:
    """Take up the newest failure of each shop and kind whose hour has come, oldest first. The caller commits and enqueues.

    Shops that are paused, or whose platform lets them in no more, are left for later; nothing is hammered.
    """
    newest = (
        select(func.max(FailedSnapshot.id).label("id"))
        .where(FailedSnapshot.resolved_at.is_(None), FailedSnapshot.retry_at.is_not(None))
        .where(FailedSnapshot.retry_by.is_(None))
        .group_by(FailedSnapshot.shop_id, FailedSnapshot.kind)
        .subquery()
    )
    query = (
        select(FailedSnapshot, Snapshot, Shop)
        .join(newest, newest.c.id == FailedSnapshot.id)
        .join(Snapshot, Snapshot.id == FailedSnapshot.snapshot_id)
        .join(Shop, Shop.id == FailedSnapshot.shop_id)
        .where(FailedSnapshot.retry_at <= func.clock_timestamp(), Shop.state == "active")
        .order_by(FailedSnapshot.failed_at, FailedSnapshot.id)
    )
    taken: list[int] = []
    for failed, snapshot, shop in db.session.execute(query).all():
        if len(taken) == budget:
            break
        if problems.locks_out(shop) and asks_anew(snapshot):
            continue
        try:
            if not reopen(snapshot):
                continue
        except AlreadyRunning:
            continue
        failed.sweeps += 1
        log.info("run_swept", run=snapshot.id, sweeps=failed.sweeps)
        taken.append(snapshot.id)
    return taken


def reopen_asked(budget: int = BUDGET) -> list[int]:
    """Take up failures whose moment has come in the pace a person set. The caller commits and enqueues.

    One whose shop rests, or is busy with another run, steps back a little and holds nobody up.
    """
    query = (
        select(FailedSnapshot, Snapshot)
        .join(Snapshot, Snapshot.id == FailedSnapshot.snapshot_id)
        .where(FailedSnapshot.resolved_at.is_(None), FailedSnapshot.retry_by.is_not(None))
        .where(FailedSnapshot.retry_at <= func.clock_timestamp())
        .order_by(FailedSnapshot.retry_at, FailedSnapshot.id)
        .limit(budget)
        .with_for_update(of=FailedSnapshot, skip_locked=True)
    )
    taken: list[int] = []
    for failed, snapshot in db.session.execute(query).all():
        try:
            if reopen(snapshot):
                taken.append(snapshot.id)
                log.info("run_taken_up", run=snapshot.id)
        except (AlreadyRunning, Resting) as error:
            failed.retry_at = func.clock_timestamp() + (
                WHILE_BUSY if isinstance(error, AlreadyRunning) else WHILE_RESTING
            )
    return taken


def parked(failed: FailedSnapshot) -> bool:
    """Whether nobody but a person takes it up any more."""
    return failed.resolved_at is None and failed.retry_at is None


def dismiss(failed: FailedSnapshot, by: str, reason: str) -> None:
    """Close a failure without trying it again: its run stays failed, its file stays where it is. The caller commits."""
    failed.resolved_at = func.clock_timestamp()
    failed.resolution, failed.resolved_by, failed.retry_at, failed.retry_by = reason, by, None, None
