"""A run's file taken again from its page: looked at first, applied, put through record by record, undone."""

from dataclasses import asdict
from http import HTTPStatus

from flask import Blueprint, current_app, flash, redirect
from werkzeug.wrappers import Response

from shop.audit.recording import Action, record
from shop.boundaries import lifted
from shop.db import db
from shop.languages import gettext as _
from shop.snapshots import jobs, runs
from shop.snapshots.addressed import busy, run_or_404, shop_of
from shop.snapshots.models import Snapshot
from shop.snapshots.redriving import request_redrive
from shop.snapshots.replaying import live_preview, origin_of, request_preview, request_replay
from shop.snapshots.undoing import undo
from shop.staff.access import person, requires
from shop.staff.permissions import Permission

bp = Blueprint("replays", __name__)


@bp.post("/snapshots/<int:snapshot_id>/preview")
@requires(Permission.RUN_SNAPSHOTS)
def preview(snapshot_id: int) -> Response:
    """Find out what a replay would change. Pressed twice, or by two at once, it is found out once."""
    run = run_or_404(snapshot_id)
    live = live_preview(run)
    if live is not None:
        return to_page(live, "/difference")
    return begun(request_preview(run, person().email), "/difference")


@bp.post("/snapshots/<int:snapshot_id>/replay")
@requires(Permission.RUN_SNAPSHOTS)
def replay(snapshot_id: int) -> Response:
    """Load the file again. A second press leads to the run of the first."""
    run = run_or_404(snapshot_id)
    live = under_way(run, "replay", origin_of(run))
    if live is not None:
        return to_page(live)
    try:
        return begun(request_replay(run, person().email))
    except runs.AlreadyRunning as error:
        same = under_way(run, "replay", origin_of(run))
        return to_page(same) if same else busy(error)


@bp.post("/snapshots/<int:snapshot_id>/redrive")
@requires(Permission.RUN_SNAPSHOTS)
def redrive(snapshot_id: int) -> Response:
    """Put the quarantined records through again. A second press leads to the run of the first."""
    run = run_or_404(snapshot_id)
    live = under_way(run, "redrive", run.id)
    if live is not None:
        return to_page(live)
    try:
        return begun(request_redrive(run, person().email))
    except runs.AlreadyRunning as error:
        same = under_way(run, "redrive", run.id)
        return to_page(same) if same else busy(error)


@bp.post("/snapshots/<int:snapshot_id>/undo")
@requires(Permission.RUN_SNAPSHOTS)
def undoing(snapshot_id: int) -> Response:
    """Put back what a replay has changed; what was undone already stays undone."""
    run = run_or_404(snapshot_id)
    if run.undone_at is not None:
        return to_page(run)
    with lifted(), undo(snapshot_id, person().email, current_app.extensions["pult"]) as undone:
        record(Action.SNAPSHOT_UNDONE, f"snapshot {snapshot_id}", shop=shop_of(run), **asdict(undone))
        db.session.commit()
    flash(_("Snapshot %(id)s is undone: %(undone)s", id=snapshot_id, undone=undone))
    return to_page(run)


def under_way(run: Snapshot, purpose: str, origin_id: int) -> Snapshot | None:
    """Return the live run of the shop and kind, if it does just this already."""
    live = runs.live_run(run.shop_id, run.kind)
    return live if live is not None and (live.purpose, live.origin_id) == (purpose, origin_id) else None


def begun(run: Snapshot, page: str = "") -> Response:
    """Commit the run, wake a worker, and go to its page."""
    record(Action.SNAPSHOT_REQUESTED, f"snapshot {run.id}", shop=shop_of(run), kind=run.kind, mode=run.mode)
    db.session.commit()
    if not jobs.enqueue(run.id):
        told = _("Snapshot %(id)s waits: the queue cannot be reached. A worker takes it up when it is back.", id=run.id)
        flash(told, "warn")
    return to_page(run, page)


def to_page(run: Snapshot, page: str = "") -> Response:
    return redirect(f"/snapshots/{run.id}{page}", HTTPStatus.SEE_OTHER)
