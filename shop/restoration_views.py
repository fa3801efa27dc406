"""The pages of a restore beside the live database: asked for, watched, looked at, approved, thrown away."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
)
from werkzeug.wrappers import Response as Answer

from shop import task_runs
from shop.audit.recording import Action, address, record
from shop.backups import beside, jobs, restorations
from shop.backups.differing import as_values
from shop.backups.models import CANCELLED, DISCARDED, QUEUED, READY, RESTORABLE, RUNNING, UNDER_WAY, Backup, Restoration
from shop.backups.restorations import LEASE
from shop.boundaries import lifted
from shop.config import Config
from shop.db import db, raw_connection, session_connection
from shop.errors import Conflict, ShopError
from shop.languages import gettext as _
from shop.locks import held
from shop.shops.queries import home_zone
from shop.staff.access import person, requires
from shop.staff.permissions import Permission
from shop.staff.reauthentication import WrongPassword, confirm
from shop.staff.signing_in import TooManyTries

bp = Blueprint("restorations", __name__)
LARGEST_ID = 2**63 - 1


@bp.post("/backups/<int:backup_id>/restorations")
@requires(Permission.RESTORE)
def create(backup_id: int) -> Answer:
    """Ask for the copy beside the live database. Whoever presses twice, or second, is led to what is on its way."""
    backup = db.session.get(Backup, backup_id) if backup_id <= LARGEST_ID else None
    if backup is None:
        abort(HTTPStatus.NOT_FOUND)
    if backup.state != RESTORABLE or not backup.is_there:
        raise Conflict(
            _(
                "Copy %(id)s is not proven, or has no files any more. Nothing was begun; choose another copy.",
                id=backup_id,
            )
        )
    connection = session_connection()
    asked = restorations.request(connection, backup_id, beside.beside_name(connection.info.dbname), person().email)
    if asked is None:
        db.session.rollback()
        return led_to_the_one_there()
    record(Action.BACKUP_RESTORE_REQUESTED, str(backup_id), restoration=asked)
    db.session.commit()
    if jobs.enqueue(asked):
        flash(_("Copy %(id)s is on its way beside the live database. Nothing of that one is touched.", id=backup_id))
    else:
        flash(_("It waits: the queue cannot be reached. A worker takes it up when it is back."), "warn")
    return to_page(asked)


@bp.get("/backups/restorations/<int:restoration_id>")
@requires(Permission.RESTORE)
def show(restoration_id: int) -> str:
    return page(restoration_or_404(restoration_id))


@bp.get("/backups/restorations/<int:restoration_id>/progress")
@requires(Permission.RESTORE)
def progress_fragment(restoration_id: int) -> str:
    return render_template(
        "restorations/_progress.html", one=restoration_or_404(restoration_id), zone=home_zone(), now=task_runs.now()
    )


@bp.post("/backups/restorations/<int:restoration_id>/cancellation")
@requires(Permission.RESTORE)
def cancellation(restoration_id: int) -> Answer:
    """Stop it: its row says so, and what it is in the midst of loses its connection. The worker clears away."""
    one = restoration_or_404(restoration_id)
    if not restorations.end(session_connection(), one.id, (QUEUED, RUNNING), CANCELLED, person().email):
        db.session.rollback()
        flash(_("It was over already. Nothing was changed."))
        return to_page(one.id)
    record(Action.BACKUP_RESTORE_CANCELLED, f"restoration {one.id}", backup=one.backup_id)
    name = one.database
    db.session.commit()
    with raw_connection(autocommit=True) as connection:
        beside.end_connections(connection, name)
    flash(_("It is stopped. What was restored is dropped; the live database was never touched."))
    return to_page(restoration_id)


@bp.post("/backups/restorations/<int:restoration_id>/approval")
@requires(Permission.RESTORE)
def approval(restoration_id: int) -> Answer:
    """Let the switch be made within an hour, by whoever can reach the server's command line."""
    one = restoration_or_404(restoration_id)
    if one.state != READY:
        raise Conflict(_("There is nothing to switch to. Nothing was changed."))
    try:
        confirm(person(), request.form.get("password", ""), address() or "this machine")
    except (WrongPassword, TooManyTries) as refusal:
        tries = refusal.tries_left if isinstance(refusal, WrongPassword) else 0
        record(Action.BACKUP_SWITCH_REFUSED, f"restoration {one.id}", tries_left=tries)
        db.session.commit()
        return answered(page(one, refusal.message), refusal)
    if not restorations.approve(session_connection(), one.id, person().email):
        raise Conflict(_("It was thrown away in this very moment. Nothing was changed."))
    record(Action.BACKUP_SWITCH_APPROVED, f"restoration {one.id}", backup=one.backup_id)
    db.session.commit()
    return to_page(restoration_id)


@bp.post("/backups/restorations/<int:restoration_id>/discarding")
@requires(Permission.RESTORE)
def discarding(restoration_id: int) -> Answer:
    one = restoration_or_404(restoration_id)
    with at_the_databases():
        if not restorations.end(session_connection(), one.id, (READY,), DISCARDED, person().email):
            db.session.rollback()
            flash(_("It was over already. Nothing was changed."))
            return to_page(restoration_id)
        record(Action.BESIDE_DISCARDED, one.database, what=f"restoration {one.id}")
        name = one.database
        db.session.commit()
        dropped(name)
    flash(_("The database beside is dropped. The copy that it came from is where it was."))
    return to_page(restoration_id)


@bp.post("/backups/databases/removal")
@requires(Permission.RESTORE)
def removal() -> Answer:
    """Drop what was left beside, or kept from before a switch; never what a restoration under way speaks for."""
    name = request.form.get("database", "")
    with at_the_databases():
        connection = session_connection()
        with lifted():
            known = {one.name for one in beside.databases(connection, connection.info.dbname)}
        taken = db.session.scalars(db.select(Restoration.database).where(Restoration.state.in_(UNDER_WAY))).all()
        if name not in known or name in taken:
            abort(HTTPStatus.NOT_FOUND)
        record(
            Action.BESIDE_DISCARDED, name, what="kept from before a switch" if beside.BEFORE in name else "left behind"
        )
        db.session.commit()
        dropped(name)
    flash(_("%(name)s is dropped.", name=name))
    return redirect("/backups/", HTTPStatus.SEE_OTHER)


@contextmanager
def at_the_databases() -> Iterator[None]:
    """Keep restores and switches away for the length of the block. Raises Conflict while one goes on."""
    config: Config = current_app.extensions["pult"]
    with held(LEASE, config.redis_url):
        yield


def dropped(name: str) -> None:
    with raw_connection(autocommit=True) as connection:
        beside.drop(connection, name)


def restoration_or_404(restoration_id: int) -> Restoration:
    one = db.session.get(Restoration, restoration_id) if restoration_id <= LARGEST_ID else None
    if one is None:
        abort(HTTPStatus.NOT_FOUND)
    return one


def led_to_the_one_there() -> Answer:
    """Lead whoever asks for a second one to the first."""
    there = db.session.scalar(db.select(Restoration.id).where(Restoration.state.in_(UNDER_WAY)))
    if there is None:
        raise Conflict(_("Somebody has just ended the one that was there. Nothing was begun; ask again."))
    flash(_("A copy stands beside the live database already, or is on its way. Nothing was added: one at a time."))
    return to_page(there)


def page(one: Restoration, error: str = "") -> str:
    now = task_runs.now()
    return render_template(
        "restorations/show.html",
        one=one,
        found=as_values(one.difference),
        live=session_connection().info.dbname,
        approved=one.approved_at is not None and now - one.approved_at < restorations.APPROVED,
        error=error,
        zone=home_zone(),
        now=now,
    )


def answered(html: str, refusal: ShopError) -> Response:
    answer = make_response(html)
    answer.status_code = refusal.status
    if isinstance(refusal, TooManyTries):
        answer.headers["Retry-After"] = str(refusal.pause)
    return answer


def to_page(restoration_id: int) -> Answer:
    return redirect(f"/backups/restorations/{restoration_id}", HTTPStatus.SEE_OTHER)


def register(app: Flask) -> None:
    app.register_blueprint(bp)
