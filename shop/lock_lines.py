"""The locks as an operator sees them: what each is for, who holds it, whether the holder lives, and how it is broken."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from flask import current_app
from redis.exceptions import RedisError
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from shop import queues, schedule, ticking
from shop.db import db
from shop.errors import Conflict
from shop.languages import N_, said
from shop.languages import gettext as _
from shop.locks import LASTS, JobLease, gate_name
from shop.shops.models import Shop
from shop.snapshots import jobs
from shop.snapshots.models import LIVE, Snapshot
from shop.task_runs import TaskRun

OF_SNAPSHOT = re.compile(r"snapshot:(\d{1,9}):(\w+)")
OF_PREVIEW = re.compile(r"preview:(\d{1,18})")
OF_TASK = re.compile(r"task:(\d{1,18})")
KINDS = {"orders": N_("orders"), "customers": N_("customers"), "products": N_("products")}
PREVIEWS = {
    "orders": N_("preview of orders"),
    "customers": N_("preview of customers"),
    "products": N_("preview of products"),
}
PATIENCE = "2s"  # for a holder that is in the midst of a transaction
BREAK = text(
    """UPDATE job_leases SET fence = fence + 1, holder = NULL, expires_at = clock_timestamp()
       WHERE key = :key AND fence = :fence AND holder IS NOT NULL RETURNING fence"""
)
IS_WRITING = text(
    """SELECT NOT EXISTS (SELECT 1 FROM (SELECT 1 FROM job_leases WHERE key = :key FOR UPDATE SKIP LOCKED) AS free)"""
)
log = structlog.get_logger()


@dataclass(frozen=True)
class Work:
    """What a lock guards, in words, and the row that is worked on; a lock of no shop is the installation's."""

    words: str
    href: str = ""
    shop_id: int | None = None
    snapshot_id: int | None = None
    task_run: TaskRun | None = None


@dataclass(frozen=True)
class LockLine:
    """One lock that is held, or was and has run out. `token` is its fence: a write with an older one is refused."""

    key: str
    work: Work
    holder: str
    token: int
    taken_at: datetime
    expires_at: datetime
    is_alive: bool
    waiting: int | None  # calls in the queue for the same row; None where Redis does not tell

    @property
    def beaten_at(self) -> datetime:
        return self.expires_at - timedelta(seconds=LASTS)


def lock_lines(shops: Collection[Shop], now: datetime) -> list[LockLine]:
    """Return every lock that somebody holds and these shops, or none, are concerned by; the oldest first."""
    held = select(JobLease).where(JobLease.holder.is_not(None)).order_by(JobLease.taken_at)
    leases = db.session.scalars(held.execution_options(populate_existing=True)).all()
    works, called = works_of([lease.key for lease in leases], shops), Calls()
    lines = [as_line(lease, works[lease.key], called, now) for lease in leases]
    return [line for line in lines if line]


def lock_line(key: str, shops: Collection[Shop], now: datetime) -> LockLine | None:
    return next((line for line in lock_lines(shops, now) if line.key == key), None)


class Calls:
    """How often workers are called for a row; each queue is looked through once, however many rows are asked for."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], set[int] | None] = {}

    def for_work(self, work: Work) -> int | None:
        if work.snapshot_id is not None:
            return self.called(queues.IMPORTS, jobs.WORK, work.snapshot_id)
        if work.task_run is not None:
            entry = schedule.entry_of(work.task_run.task)
            return self.called(entry.queue if entry else queues.OPS, ticking.WORK, work.task_run.id)
        return 0

    def called(self, queue: str, work: str, row_id: int) -> int | None:
        if (queue, work) not in self.known:
            self.known[queue, work] = queues.known_rows(current_app, queue, work)
        known = self.known[queue, work]
        return None if known is None else int(row_id in known)


def as_line(lease: JobLease, work: Work | None, calls: Calls, now: datetime) -> LockLine | None:
    if work is None or lease.holder is None or lease.taken_at is None or lease.expires_at is None:
        return None
    alive, waiting = lease.expires_at >= now, calls.for_work(work)
    return LockLine(lease.key, work, lease.holder, lease.fence, lease.taken_at, lease.expires_at, alive, waiting)


def work_of(key: str, shops: Collection[Shop]) -> Work | None:
    return works_of([key], shops)[key]


def works_of(keys: Collection[str], shops: Collection[Shop]) -> dict[str, Work | None]:
    """Return what each lock guards; None where it is another's shop."""
    names = {shop.id: shop.name for shop in shops}
    tasks = {key: int(found[1]) for key in keys if (found := OF_TASK.fullmatch(key))}
    task_runs = {run.id: run for run in db.session.scalars(select(TaskRun).where(TaskRun.id.in_(tasks.values())))}
    previews = {key: int(found[1]) for key in keys if (found := OF_PREVIEW.fullmatch(key))}
    looks = {run.id: run for run in db.session.scalars(select(Snapshot).where(Snapshot.id.in_(previews.values())))}
    live = live_runs(names)
    works: dict[str, Work | None] = {}
    for key in keys:
        if found := OF_SNAPSHOT.fullmatch(key):
            works[key] = snapshot_work(int(found[1]), found[2], names, live)
        elif key in tasks:
            works[key] = task_work(task_runs.get(tasks[key]), key, names)
        elif key in previews:
            works[key] = preview_work(looks.get(previews[key]), key, names)
        else:
            works[key] = Work(key)
    return works


def live_runs(shop_ids: Collection[int]) -> dict[tuple[int, str], int]:
    """Return the live run of each of these shops and kinds; previews hold locks of their own."""
    live = select(Snapshot.shop_id, Snapshot.kind, Snapshot.id).where(
        Snapshot.shop_id.in_(shop_ids), Snapshot.state.in_(LIVE), Snapshot.purpose != "preview"
    )
    return {(row.shop_id, row.kind): row.id for row in db.session.execute(live)}


def snapshot_work(shop_id: int, kind: str, names: dict[int, str], live: dict[tuple[int, str], int]) -> Work | None:
    if shop_id not in names:
        return None
    run = live.get((shop_id, kind))
    return Work(f"{names[shop_id]}: {said(KINDS.get(kind, kind))}", f"/snapshots/{run}" if run else "", shop_id, run)


def preview_work(run: Snapshot | None, key: str, names: dict[int, str]) -> Work | None:
    if run is None:
        return Work(key)
    if run.shop_id not in names:
        return None
    what = said(PREVIEWS[run.kind])
    return Work(f"{names[run.shop_id]}: {what}", f"/snapshots/{run.id}", run.shop_id, run.id)


def task_work(run: TaskRun | None, key: str, names: dict[int, str]) -> Work | None:
    if run is None:
        return Work(key)
    if run.shop_id is not None and run.shop_id not in names:
        return None
    entry = schedule.entry_of(run.task)
    title = schedule.titled(entry) if entry else run.task[:1].upper() + run.task[1:]
    if run.shop_id is None:
        return Work(title, task_run=run)
    words = f"{names[run.shop_id]}: {schedule.within(title)}"
    return Work(words[:1].upper() + words[1:], shop_id=run.shop_id, task_run=run)


def is_writing(key: str) -> bool:
    """Whether the holder is in the midst of a transaction at this moment."""
    return bool(db.session.scalar(IS_WRITING, {"key": key}))


def break_lock(line: LockLine) -> bool:
    """Raise the fence and free the lock if it is still the holding that was looked at. The caller commits.

    The holder's next write is refused. A transaction that it has open is waited for, a moment only.
    """
    db.session.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE}'"))
    try:
        broken = db.session.execute(BREAK, {"key": line.key, "fence": line.token}).first()
    except OperationalError as error:
        db.session.rollback()
        raise Conflict(
            _(
                "%(holder)s is in the midst of writing, and what it writes is whole or not there. Nothing was changed; "
                "look again in a moment: the lock may be free by then.",
                holder=line.holder,
            )
        ) from error
    return broken is not None


def take_up_again(work: Work) -> bool:
    """Call a worker for what the broken lock guarded, once the breaking is committed; whether one could be called."""
    if work.snapshot_id is not None:
        return jobs.enqueue(work.snapshot_id)
    if work.task_run is not None:
        return ticking.wake(work.task_run.id, work.task_run.task)
    return True


def open_gate(key: str) -> None:
    """Take the cheap lock in Redis away as well, so that the next holder need not wait for it to run out."""
    try:
        current_app.extensions["redis"].delete(gate_name(key))
    except RedisError as error:
        log.warning("redis_lock_unavailable", lease=key, error=str(error))
