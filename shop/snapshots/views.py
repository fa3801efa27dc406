"""The pages of runs: what arrived, what is arriving now, and a file handed in by a person."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus

from flask import Blueprint, current_app, flash, jsonify, make_response, redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from shop.audit.recording import Action, record
from shop.config import Config
from shop.db import db
from shop.errors import Conflict
from shop.languages import gettext as _
from shop.languages import said
from shop.listing.answers import json_page, overall
from shop.listing.asked import asked, root, secret, tidied
from shop.listing.cells import Fields
from shop.listing.links import Links
from shop.listing.page import page_of
from shop.listing.scopes import scopes
from shop.listing.streaming import csv_response
from shop.listing.window import Key
from shop.personal import all_shown, is_seen, shown
from shop.shops.queries import shop_numbers
from shop.snapshots import jobs, runs
from shop.snapshots.addressed import busy, run_or_404, shop_of
from shop.snapshots.advice import advice, can_be_accepted, can_run_again
from shop.snapshots.calendar import calendar
from shop.snapshots.cancelling import cancel
from shop.snapshots.forms import FetchForm, UploadForm
from shop.snapshots.lists import HEADER, KINDS, SNAPSHOTS, snapshot_fields
from shop.snapshots.models import Snapshot
from shop.snapshots.page_parts import (
    difference_parts,
    form_parts,
    only_slug,
    quarantine_parts,
    segments,
    take_parts,
    taken_again_parts,
)
from shop.snapshots.progress import progress
from shop.snapshots.queries import attempts_of, freshness, live_snapshots, snapshots_by_id
from shop.snapshots.rawstore import store_file
from shop.snapshots.reopening import reopen
from shop.staff.access import chosen_shops, may, person, requires, shop_or_404, visible_shops
from shop.staff.permissions import Permission

bp = Blueprint("snapshots", __name__)

HIGHEST_LINE = 2**31 - 1


@bp.get("/snapshots/")
@requires(Permission.READ_OPERATIONS)
def index() -> str | Response:
    listing, shops, now = asked(SNAPSHOTS), chosen_shops(), datetime.now(UTC)
    elsewhere = tidied(listing)
    if elsewhere is not None:
        return elsewhere
    page = page_of(db.session(), listing, scopes(listing, shops))
    lines, days = calendar(shops, now)
    return render_template(
        "snapshots/index.html",
        lines=lines,
        days=days,
        listing=listing,
        links=Links(listing, page, secret()),
        segments=partial(segments, listing),
        rows=snapshots_by_id(db.session(), [key.row for key in page.keys]),
        live=[
            (run, progress(shown("snapshots", run), attempt, now))
            for run, attempt in live_snapshots([shop.id for shop in shops])
        ],
        shops={shop.id: shop for shop in shops},
        numbers=shop_numbers(),
        fresh=overall(freshness([shop.id for shop in shops]), shops, now),
        **form_parts(UploadForm(shop=only_slug(shops))),
        take=FetchForm(shop=only_slug(shops)),
    )


@bp.get("/snapshots.json")
@requires(Permission.READ_OPERATIONS)
def rows() -> Response:
    listing, shops = asked(SNAPSHOTS), chosen_shops()
    page = page_of(db.session(), listing, scopes(listing, shops))
    by_id = {shop.id: shop for shop in shops}
    found = [
        snapshot_fields(run, by_id, root())
        for run in all_shown("snapshots", snapshots_by_id(db.session(), [key.row for key in page.keys]))
    ]
    fresh = overall(freshness(list(by_id)), shops, datetime.now(UTC))
    return jsonify(json_page(Links(listing, page, secret()), found, fresh, root()))


@bp.get("/snapshots.csv")
@requires(Permission.READ_OPERATIONS)
def download() -> Response:
    listing, shops = asked(SNAPSHOTS), chosen_shops()
    by_id, address, plainly = {shop.id: shop for shop in shops}, root(), is_seen()

    def batch(session: Session, keys: Sequence[Key]) -> Iterable[Fields]:
        found = all_shown("snapshots", snapshots_by_id(session, [key.row for key in keys]), plainly=plainly)
        return [snapshot_fields(run, by_id, address) for run in found]

    record(Action.EXPORTED, "/snapshots.csv", query=listing.address(suffix=""), rows=None)
    db.session.commit()
    return csv_response(db.engine, listing, scopes(listing, shops), HEADER, batch)


@bp.get("/snapshots/new")
@requires(Permission.RUN_SNAPSHOTS)
def new() -> str:
    return render_template("snapshots/new.html", **form_parts(UploadForm()))


@bp.post("/snapshots/")
@requires(Permission.RUN_SNAPSHOTS)
def create() -> Response:
    """Store the file, add a queued run for it, and wake a worker once that is committed."""
    form = UploadForm.of(request.form, request.files)
    errors = form.errors([shop.slug for shop in visible_shops()])
    if errors:
        return make_response(
            render_template("snapshots/new.html", **form_parts(form, errors)), HTTPStatus.UNPROCESSABLE_ENTITY
        )
    shop = shop_or_404(form.shop)
    config: Config = current_app.extensions["pult"]
    live = runs.live_run(shop.id, form.kind)
    if live is not None:
        return busy(runs.AlreadyRunning(live.id))
    file = store_file(form.stream, form.file_name, config.data_dir)
    try:
        run = runs.request_run(shop.id, form.kind, form.mode, person().email, file)
    except runs.AlreadyRunning as error:
        return busy(error)
    subject, size = f"snapshot {run.id}", file.bytes
    record(
        Action.SNAPSHOT_UPLOADED, subject, shop=shop, kind=run.kind, mode=run.mode, file_name=file.name, file_bytes=size
    )
    return started(run)


@bp.get("/snapshots/take")
@requires(Permission.RUN_SNAPSHOTS)
def take_form() -> str:
    return render_template("snapshots/take.html", **take_parts(FetchForm(shop=only_slug(visible_shops()))))


@bp.post("/snapshots/take")
@requires(Permission.RUN_SNAPSHOTS)
def take() -> Response:
    """Add a queued run that asks the platform, and wake a worker. A second click leads to the run of the first."""
    form = FetchForm.of(request.form)
    errors = form.errors(visible_shops())
    if errors:
        page = render_template("snapshots/take.html", **take_parts(form, errors))
        return make_response(page, HTTPStatus.UNPROCESSABLE_ENTITY)
    shop = shop_or_404(form.shop)
    try:
        run = runs.request_fetch(shop, form.kind, person().email, form.changed_since(shop))
    except runs.AlreadyRunning as error:
        same = runs.live_run(shop.id, form.kind)
        if same is not None and runs.is_second_click(same, person().email, form.mode):
            return redirect(f"/snapshots/{same.id}", HTTPStatus.SEE_OTHER)
        return busy(error)
    record(Action.SNAPSHOT_REQUESTED, f"snapshot {run.id}", shop=shop, kind=run.kind, mode=run.mode)
    return started(run)


@bp.get("/snapshots/<int:snapshot_id>")
@requires(Permission.READ_OPERATIONS)
def show(snapshot_id: int) -> str:
    return show_page(run_or_404(snapshot_id))


@bp.get("/snapshots/<int:snapshot_id>/progress")
@requires(Permission.READ_OPERATIONS)
def progress_fragment(snapshot_id: int) -> str:
    run = shown("snapshots", run_or_404(snapshot_id))
    attempts = all_shown("snapshot_attempts", attempts_of(run.id))
    return render_template(
        "snapshots/_progress.html", progress=progress(run, attempts[0] if attempts else None, datetime.now(UTC))
    )


@bp.post("/snapshots/<int:snapshot_id>/retry")
@requires(Permission.RUN_SNAPSHOTS)
def retry(snapshot_id: int) -> Response:
    """Take a failed run up again; whoever presses twice, or at the same time as another, does it once."""
    earlier = run_or_404(snapshot_id)
    if earlier.is_live:
        return redirect(f"/snapshots/{earlier.id}", HTTPStatus.SEE_OTHER)
    if not can_run_again(earlier):
        raise Conflict(
            _(
                "Snapshot %(id)s is %(state)s, not failed. Nothing was started.",
                id=earlier.id,
                state=said(earlier.state),
            )
        )
    return again(earlier, confirmed=False)


@bp.post("/snapshots/<int:snapshot_id>/confirmation")
@requires(Permission.RUN_SNAPSHOTS)
def confirmation(snapshot_id: int) -> str | Response:
    """Accept a file that stopped because it is empty or has shrunk; whoever does types the shop's name in addresses."""
    earlier = run_or_404(snapshot_id)
    if not can_be_accepted(earlier):
        raise Conflict(_("Snapshot %(id)s does not wait for anybody's word. Nothing was started.", id=earlier.id))
    if request.form.get("word", "").strip() != shop_of(earlier).slug:
        page = show_page(earlier, word_error=_("This is not the shop’s name. Nothing was started."))
        return make_response(page, HTTPStatus.UNPROCESSABLE_ENTITY)
    return again(earlier, confirmed=True)


@bp.post("/snapshots/<int:snapshot_id>/cancellation")
@requires(Permission.RUN_SNAPSHOTS)
def cancellation(snapshot_id: int) -> Response:
    """Stop a run that waits or runs, before its publish or not at all; pressed twice, it is stopped once."""
    run = run_or_404(snapshot_id)
    phase = run.phase
    if run.state == "cancelled":
        return redirect(f"/snapshots/{snapshot_id}", HTTPStatus.SEE_OTHER)
    cancel(run, person().email)
    record(Action.SNAPSHOT_CANCELLED, f"snapshot {snapshot_id}", shop=shop_of(run), kind=run.kind, phase=phase)
    db.session.commit()
    flash(_("Snapshot %(id)s is stopped.", id=snapshot_id))
    return redirect(f"/snapshots/{snapshot_id}", HTTPStatus.SEE_OTHER)


@bp.get("/snapshots/<int:snapshot_id>/difference")
@requires(Permission.READ_OPERATIONS)
def difference(snapshot_id: int) -> str:
    """Show what a preview has found, and what came of the file since."""
    preview = run_or_404(snapshot_id)
    return render_template(
        "snapshots/difference.html", **difference_parts(preview, shop_of(preview), datetime.now(UTC))
    )


def again(run: Snapshot, *, confirmed: bool) -> Response:
    try:
        taken = reopen(run, confirmed=confirmed)
    except runs.AlreadyRunning as error:
        return busy(error)
    except runs.Resting as error:
        db.session.rollback()
        flash(error.message, "warn")
        return redirect(f"/snapshots/{run.id}", HTTPStatus.SEE_OTHER)
    if not taken:
        db.session.rollback()
        return redirect(f"/snapshots/{run.id}", HTTPStatus.SEE_OTHER)
    record(Action.SNAPSHOT_REQUESTED, f"snapshot {run.id}", shop=shop_of(run), kind=run.kind, mode=run.mode)
    return started(run)


def started(run: Snapshot) -> Response:
    """Commit the run, wake a worker, and go to its page."""
    db.session.commit()
    if jobs.enqueue(run.id):
        flash(_("Snapshot %(id)s is on its way.", id=run.id))
    else:
        told = _(
            "Snapshot %(id)s is waiting: the queue cannot be reached. A worker takes it up when it is back.", id=run.id
        )
        flash(told, "warn")
    return redirect(f"/snapshots/{run.id}", HTTPStatus.SEE_OTHER)


def show_page(run: Snapshot, word_error: str = "") -> str:
    run, attempts = shown("snapshots", run), all_shown("snapshot_attempts", attempts_of(run.id))
    return render_template(
        "snapshots/show.html",
        run=run,
        shop=shop_of(run),
        number=shop_numbers()[run.shop_id],
        kinds=KINDS,
        progress=progress(run, attempts[0] if attempts else None, datetime.now(UTC)),
        attempts=attempts,
        **quarantine_parts(run, asked_line()),
        **taken_again_parts(run, datetime.now(UTC)),
        advice=advice(run),
        word_error=word_error,
        asks_anew=runs.asks_anew(run),
        can_be_stopped=may(Permission.RUN_SNAPSHOTS) and run.is_live,
        can_run_again=may(Permission.RUN_SNAPSHOTS) and can_run_again(run),
        can_be_accepted=may(Permission.RUN_SNAPSHOTS) and can_be_accepted(run),
    )


def asked_line() -> int:
    """Return the line behind which the quarantined records are shown."""
    text = request.args.get("after_line", "0")
    return min(int(text), HIGHEST_LINE) if text.isascii() and text.isdigit() and len(text) < 20 else 0
