"""The page of jobs: what waits, who works, what is due, who holds which lock; running now, and breaking a lock."""

from collections.abc import Collection
from datetime import datetime
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Flask, abort, flash, jsonify, redirect, render_template, request
from sqlalchemy import text
from werkzeug.wrappers import Response

from shop import lock_lines, schedule, task_runs, ticking
from shop.audit.recording import Action, record
from shop.db import db
from shop.errors import Conflict
from shop.job_lines import as_fields, queue_lines, schedule_lines, worker_lines
from shop.languages import AT_WORK, spoken
from shop.languages import gettext as _
from shop.lock_lines import LockLine
from shop.locks import JobLease
from shop.schedule import Entry, titled
from shop.shops.models import Shop
from shop.shops.queries import home_zone, shop_numbers
from shop.staff.access import chosen_shops, may, person, requires, shop_or_404, visible_shops
from shop.staff.permissions import Permission
from shop.task_runs import LIVE, Due

bp = Blueprint("jobs", __name__)

PAGES = {"partitions": "/partitions/", "backups": "/backups/"}  # that have a button of their own
HIGHEST_FENCE = 2**63 - 1
ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")


@bp.get("/jobs/")
@requires(Permission.READ_OPERATIONS)
def index() -> str:
    shops, now = chosen_shops(), task_runs.now()
    locks = lock_lines.lock_lines(shops, now)
    asked = request.args.get("lock", "")
    chosen = next((line for line in locks if line.key == asked), None)
    if asked and chosen is None and lock_is_anothers(asked):
        abort(HTTPStatus.NOT_FOUND)
    return render_template(
        "jobs/index.html",
        queues=queue_lines(now),
        workers=worker_lines(now),
        entries=schedule_lines({shop.id for shop in shops}, now),
        locks=locks,
        chosen=chosen,
        is_free=bool(asked) and chosen is None,
        is_writing=chosen is not None and lock_lines.is_writing(chosen.key),
        numbers=shop_numbers(),
        zone=home_zone(),
        now=now,
        may_act=may(Permission.RUN_SNAPSHOTS),
    )


@bp.get("/jobs.json")
@requires(Permission.READ_OPERATIONS)
def rows() -> Response:
    """The same for programs, in one language whoever asks."""
    with spoken(AT_WORK.code):
        return jsonify(**for_programs(chosen_shops(), task_runs.now()))


def for_programs(shops: Collection[Shop], now: datetime) -> dict[str, Any]:
    return {
        "queues": [
            {
                "name": line.name,
                "waiting": line.waiting,
                "running": line.running,
                "waits_for": line.waits_for.total_seconds() if line.waits_for else None,
                "calls": line.calls,
                "refused": line.refused,
            }
            for line in queue_lines(now)
        ],
        "workers": [
            {
                "process": line.process,
                "parts": line.parts,
                "heard_at": line.heard_at.isoformat(),
                "alive": line.is_alive,
                "ended": line.has_ended,
            }
            for line in worker_lines(now)
        ],
        "schedule": [as_fields(line) for line in schedule_lines({shop.id for shop in shops}, now)],
        "locks": [
            {
                "key": line.key,
                "holder": line.holder,
                "token": line.token,
                "taken_at": line.taken_at.isoformat(),
                "expires_at": line.expires_at.isoformat(),
                "alive": line.is_alive,
            }
            for line in lock_lines.lock_lines(shops, now)
        ],
    }


@bp.post("/jobs/runs")
@requires(Permission.RUN_SNAPSHOTS)
def run_now() -> Response:
    """Add a run of an entry for this moment and wake a worker. A second click finds the run of the first."""
    entry, shop = asked_entry()
    key = schedule.key_of(entry, shop)
    db.session.execute(ONE_AT_A_TIME, {"name": f"run now {key}"})
    if key in task_runs.newest([key], LIVE):
        db.session.rollback()
        flash(_("%(task)s is under way already. Nothing was added.", task=titled(entry, shop)))
        return back()
    run_id = task_runs.add(Due(*key, task_runs.now(), requested_by=person().email))
    if run_id is None:
        raise Conflict(
            _("%(task)s was begun by the schedule in this very moment. Nothing was added.", task=titled(entry, shop))
        )
    record(Action.TASK_REQUESTED, f"task {entry.key}", shop=shop)
    db.session.commit()
    if ticking.wake(run_id, entry.key):
        flash(_("%(task)s is on its way.", task=titled(entry, shop)))
    else:
        told = _(
            "%(task)s waits: the queue cannot be reached. A worker takes it up when it is back.",
            task=titled(entry, shop),
        )
        flash(told, "warn")
    return back()


@bp.post("/jobs/breaks")
@requires(Permission.RUN_SNAPSHOTS)
def break_lock() -> Response:
    """Break the holding that was looked at, and no later one; whoever presses twice does it once."""
    key, fence = request.form.get("key", ""), asked_fence()
    line = lock_lines.lock_line(key, visible_shops(), task_runs.now())
    if line is None and lock_is_anothers(key):
        abort(HTTPStatus.NOT_FOUND)
    if line is None or line.token != fence or not lock_lines.break_lock(line):
        db.session.rollback()
        flash(_("The lock was free or had a new holder already. Nothing was changed."))
        return back()
    record(Action.LOCK_BROKEN, f"lock {key}", shop=shop_of(line), holder=line.holder, token=line.token)
    db.session.commit()
    lock_lines.open_gate(key)
    called = lock_lines.take_up_again(line.work)
    told = _(
        "The lock is broken: what %(holder)s writes under token %(token)s is refused.",
        holder=line.holder,
        token=line.token,
    )
    then = _("A worker is called for its work.") if called else _("A worker takes its work up when the queue is back.")
    flash(f"{told} {then}")
    return back()


def asked_entry() -> tuple[Entry, Shop | None]:
    """Return the entry and the shop that the form names, if the entry is for that shop."""
    entry = schedule.entry_of(request.form.get("task", ""))
    if entry is None:
        abort(HTTPStatus.NOT_FOUND)
    if entry.shops is None:
        return entry, None
    shop = shop_or_404(request.form.get("shop", ""))
    if not entry.shops(shop):
        raise Conflict(
            _("%(shop)s is paused, or its connection waits to be mended. Nothing was begun.", shop=shop.name)
        )
    return entry, shop


def asked_fence() -> int:
    given = request.form.get("token", "")
    if not given.isascii() or not given.isdigit() or int(given[:20]) > HIGHEST_FENCE:
        abort(HTTPStatus.BAD_REQUEST, _("`token` must be the number that the page showed beside the lock."))
    return int(given)


def lock_is_anothers(key: str) -> bool:
    """Whether the lock belongs to a shop that this person does not see, or was never heard of."""
    return db.session.get(JobLease, key[:200].replace("\x00", "")) is None or (
        lock_lines.work_of(key, visible_shops()) is None
    )


def shop_of(line: LockLine) -> Shop | None:
    return next((shop for shop in visible_shops() if shop.id == line.work.shop_id), None)


def back() -> Response:
    """Return to the page whose button it was."""
    return redirect(PAGES.get(request.form.get("from", ""), "/jobs/"), HTTPStatus.SEE_OTHER)


def register(app: Flask) -> None:
    app.register_blueprint(bp)
