"""The page of backups: what each copy is worth, what is going on, and what would be removed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Flask, abort, jsonify, render_template
from sqlalchemy import select
from werkzeug.wrappers import Response

from shop import schedule, task_runs
from shop.backups import restorability
from shop.backups.beside import Beside, databases
from shop.backups.models import RUNNING, UNDER_WAY, Backup, BackupCheck, Restoration
from shop.backups.queries import all_backups, checks_of, duplicates_of, newest_restorable
from shop.backups.retention import Plan, counts, plan
from shop.backups.target_lines import as_fields as target_fields
from shop.backups.target_lines import target_lines
from shop.boundaries import lifted
from shop.db import db, session_connection
from shop.languages import AT_WORK, spoken
from shop.shops.queries import home_zone
from shop.staff.access import chosen_shops, may, requires
from shop.staff.permissions import Permission
from shop.task_runs import LIVE, TaskRun

bp = Blueprint("backups", __name__)
LARGEST_ID = 2**63 - 1


@bp.get("/backups/")
@requires(Permission.READ_OPERATIONS)
def index() -> str:
    chosen_shops()  # a copy is of all of them; the switch stands at a shop of theirs all the same
    copies, now = all_backups(), task_runs.now()
    wanted = counts()
    planned = plan(copies, now, wanted)
    newest = newest_restorable()
    with spoken(AT_WORK.code):  # as the frame has it, which says the same, and is said anew where it is shown
        worry = restorability.worry(newest, now, restorability.too_old())
    return render_template(
        "backups/index.html",
        copies=[one for one in copies if one.state != RUNNING],
        newest=newest,
        worry=worry,
        planned=planned,
        gone=[one for one in copies if one.id in planned.removed],
        tiers=tier_lines(copies, planned, wanted),
        next_run=schedule.next_moment(schedule.BACKUP, now),
        beside=standing_beside() if may(Permission.RESTORE) else [],
        restoration=restoration_under_way(),
        targets=target_lines(copies, now),
        may_act=may(Permission.RUN_SNAPSHOTS),
        may_restore=may(Permission.RESTORE),
        **at_work(now),
    )


@bp.get("/backups/progress")
@requires(Permission.READ_OPERATIONS)
def progress_fragment() -> str:
    chosen_shops()
    return render_template("backups/_running.html", **at_work(task_runs.now()))


def at_work(now: datetime) -> dict[str, Any]:
    """Return what goes on with copies at this moment, for the page and its part that is fetched again."""
    key = (schedule.BACKUP, None)
    waiting: TaskRun | None = task_runs.newest([key], LIVE).get(key)
    return {
        "running": db.session.scalars(select(Backup).where(Backup.state == RUNNING).limit(1)).first(),
        "checking": db.session.scalars(select(BackupCheck).where(BackupCheck.finished_at.is_(None)).limit(1)).first(),
        "waiting": waiting,
        "zone": home_zone(),
        "now": now,
    }


def standing_beside() -> list[Beside]:
    """Return the databases beside the live one that no restoration under way speaks for, and those kept from before a switch."""
    connection = session_connection()
    row = restoration_under_way()
    with lifted():
        found = databases(connection, connection.info.dbname)
    return [one for one in found if one.is_before or row is None or one.name != row.database]


def restoration_under_way() -> Restoration | None:
    return db.session.scalars(select(Restoration).where(Restoration.state.in_(UNDER_WAY)).limit(1)).first()


@bp.get("/backups/<int:backup_id>")
@requires(Permission.READ_OPERATIONS)
def show(backup_id: int) -> str:
    backup = db.session.get(Backup, backup_id) if backup_id <= LARGEST_ID else None
    if backup is None:
        abort(HTTPStatus.NOT_FOUND)
    return render_template(
        "backups/show.html",
        copy=backup,
        checks=checks_of(backup_id),
        restoration=restoration_under_way(),
        may_restore=may(Permission.RESTORE),
        zone=home_zone(),
        now=task_runs.now(),
        duplicates=duplicates_of(backup_id),
    )


@bp.get("/backups.json")
@requires(Permission.READ_OPERATIONS)
def rows() -> Response:
    chosen_shops()
    with spoken(AT_WORK.code):  # programs read it
        return jsonify(**standing_now(all_backups(), task_runs.now()))


def standing_now(copies: Sequence[Backup], now: datetime) -> dict[str, Any]:
    planned, newest = plan(copies, now, counts()), newest_restorable()
    return {
        "backups": [as_fields(one, planned) for one in copies],
        "newest_restorable": newest.started_at.isoformat() if newest else None,
        "worry": restorability.worry(newest, now, restorability.too_old()) or None,
        "next_run": schedule.next_moment(schedule.BACKUP, now).isoformat(),
        "pruning": {"refused": planned.refused, "removed": {str(key): why for key, why in planned.removed.items()}},
        "targets": [target_fields(line) for line in target_lines(copies, now).lines],
    }


def as_fields(one: Backup, planned: Plan) -> dict[str, Any]:
    return {
        "id": one.id,
        "state": one.state,
        "started_at": one.started_at.isoformat(),
        "bytes": one.bytes,
        "rows": one.table_rows,
        "seconds": one.seconds,
        "proved_at": one.proved_at.isoformat() if one.proved_at else None,
        "restore_seconds": one.restore_seconds,
        "tiers": planned.tiers.get(one.id, []),
        "has_files": one.is_there,
        "error": one.error,
    }


def tier_lines(
    copies: Sequence[Backup], planned: Plan, wanted: Mapping[str, int]
) -> list[tuple[str, int, list[Backup]]]:
    """Return each tier, how many it wants, and the proven copies that stand for it, the newest first."""
    return [
        (name, most, [one for one in copies if name in planned.tiers.get(one.id, [])]) for name, most in wanted.items()
    ]


def register(app: Flask) -> None:
    app.register_blueprint(bp)
