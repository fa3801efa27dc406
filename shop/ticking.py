"""The tick: decides in PostgreSQL what is due, wakes workers for it, and carries a run out. Anybody may tick."""

from datetime import datetime, timedelta

import structlog
from flask import current_app
from sqlalchemy.exc import OperationalError

from shop import chores, heartbeats, queues, schedule, task_runs
from shop.audit.recording import WORKER, act_as
from shop.backups import jobs as restorations
from shop.config import Config
from shop.db import db
from shop.errors import Conflict, ShopError
from shop.languages import gettext as _
from shop.locks import Lease, LostLease, held
from shop.schedule import Entry
from shop.scheduler import assert_tick
from shop.shops.models import Shop
from shop.snapshots import jobs
from shop.stopping import Stopped
from shop.task_runs import TaskRun

WORK = "shop.ticking.run_task"
OVERDUE = timedelta(seconds=75)  # without a tick, after which whoever stands by ticks
log = structlog.get_logger()


def tick() -> int:
    """Do what a minute brings. Idempotent, takes moments: any number of processes may do it at once, or miss it."""
    made = decide()
    heartbeats.note_tick()
    assert_tick(current_app)
    return made


def decide(now: datetime | None = None) -> int:
    """Write down what is due at `now`, by the database's time, and wake workers once it is committed."""
    asked = list(schedule.pairs())
    known = task_runs.newest(schedule.key_of(entry, shop) for entry, shop in asked)
    queued = [
        (run_id, due.task)
        for due in schedule.due(asked, known, now or task_runs.now())
        if (run_id := task_runs.add(due)) is not None
    ]
    db.session.commit()
    for run_id, task in queued:
        wake(run_id, task)
    return len(queued)


def wake(run_id: int, task: str) -> bool:
    """Put a committed run into the queue of its entry; a task that this version does not know is closed by a worker."""
    entry = schedule.entry_of(task)
    name, timeout = (entry.queue, entry.timeout) if entry else (queues.OPS, 60)
    return queues.enqueue(current_app, name, WORK, run_id, timeout)


def look_after() -> None:
    """What a worker does between jobs: wake for rows that nobody works on, and tick if nobody else does."""
    jobs.take_up_hints()
    jobs.take_up_asked()
    jobs.enqueue_waiting()
    wake_left_behind()
    restorations.wake_left_behind()
    heard = {part.part: part.heard_at for part in heartbeats.last_heard()}
    if task_runs.now() - heard.get(heartbeats.TICKED, schedule.LONG_AGO) > OVERDUE:
        log.info("tick_stood_in")
        tick()


def wake_left_behind() -> int:
    """Wake workers for runs that Redis has forgotten, that rested enough, or whose worker died."""
    left = [(run.id, run.task) for run in task_runs.left_behind()]
    db.session.commit()
    woken = 0
    for run_id, task in left:
        entry = schedule.entry_of(task)
        known = queues.waiting_rows(current_app, entry.queue if entry else queues.OPS, WORK)
        woken += run_id not in known and wake(run_id, task)
    return woken


def left_by_dead(work: str, row_id: int, process: int) -> None:
    """Take over what a child of this machine was at when it died. A task waits for its watchdog: it may be the cause."""
    if work == jobs.WORK:
        jobs.left_by_dead(row_id, process)


def run_task(run_id: int) -> None:
    """Carry one run out. Idempotent: what it does is committed with its end, or may be done twice. Its entry says how long."""
    act_as(WORKER)
    config: Config = current_app.extensions["pult"]

    def beat(connection: object) -> None:
        statement = "UPDATE task_runs SET heartbeat_at = clock_timestamp() WHERE id = %s AND state = 'running'"
        connection.execute(statement, (run_id,))  # type: ignore[attr-defined]  # a psycopg connection of the heart

    try:
        with held(f"task:{run_id}", config.redis_url, beat) as lease:
            if task_runs.begin(run_id):
                db.session.commit()
                carry_out(run_id, lease)
    except Conflict as error:
        log.info("task_held_elsewhere", task_run=run_id, reason=error.message)
    except LostLease as error:
        log.warning("task_taken_over", task_run=run_id, reason=str(error))


def carry_out(run_id: int, lease: Lease) -> None:
    """Do the chore and close its run in one transaction, under the fence. A lost database leaves it to the next worker."""
    run = db.session.get_one(TaskRun, run_id)
    entry = schedule.entry_of(run.task)
    shop = db.session.get_one(Shop, run.shop_id) if run.shop_id else None
    outcome = None
    try:
        with chores.asked_for_by(run.requested_by):
            outcome = chore(entry, shop)
    except chores.Later as error:
        db.session.rollback()
        task_runs.give_back(run_id, error.wait, error.message)
    except Stopped:
        db.session.rollback()
        task_runs.give_back(run_id, timedelta(0), _("Its worker was told to end; the next one begins it again."))
    except ShopError as error:
        db.session.rollback()
        outcome = chores.Outcome(error.message, "failed")
    except (OperationalError, LostLease):
        db.session.rollback()
        raise
    except BaseException as error:
        db.session.rollback()
        words = _("It broke: %(error)s. The log has the trace.", error=type(error).__name__)
        close(run_id, lease, chores.Outcome(words, "failed"))
        raise
    if outcome:
        close(run_id, lease, outcome)
    else:
        db.session.commit()


def chore(entry: Entry | None, shop: Shop | None) -> chores.Outcome:
    if entry is None:
        return chores.Outcome(_("This version of Pult has no such task."), "skipped")
    if shop and entry.shops and not entry.shops(shop):
        return chores.Outcome(_("The shop is paused, or its connection waits to be mended."), "skipped")
    return entry.job(*([shop] if shop else []))


def close(run_id: int, lease: Lease, outcome: chores.Outcome) -> None:
    task_runs.end(run_id, outcome.state, outcome.words, outcome.details)
    connection = db.session.connection().connection.driver_connection
    assert connection is not None
    lease.check(connection)
    db.session.commit()
    log.info("task_ended", task_run=run_id, state=outcome.state, outcome=outcome.words)
    if outcome.then:
        outcome.then()
