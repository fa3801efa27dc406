"""The recovery page: failed snapshots in groups that one mend would end, one failure in full, and what can be done."""

from datetime import UTC, datetime
from http import HTTPStatus

from flask import Blueprint, current_app, flash, jsonify, make_response, redirect, render_template, request
from sqlalchemy import select
from werkzeug.wrappers import Response

from shop import personal
from shop.audit.recording import Action, record
from shop.config import Config
from shop.db import db
from shop.errors import Conflict
from shop.languages import gettext as _
from shop.listing.answers import json_page, overall
from shop.listing.asked import asked, root, secret, tidied
from shop.listing.limits import say, settle
from shop.listing.links import Links
from shop.listing.page import page_of
from shop.listing.reading import read
from shop.listing.scopes import scopes
from shop.recovery import groups, wording
from shop.recovery.addressed import asked_ids, failure_or_404, only_shop, query, shop_of
from shop.recovery.answers import to_groups, turned_away
from shop.recovery.forms import PACES, DismissalForm, cause_of, pace_of
from shop.recovery.lists import FAILURES, failure_fields
from shop.recovery.page_parts import file_note, held_back_by, mend_of, shown
from shop.recovery.queries import overview, with_runs
from shop.shops.queries import shop_numbers
from shop.snapshots import jobs, runs
from shop.snapshots.addressed import busy
from shop.snapshots.advice import advice, can_be_accepted, can_run_again
from shop.snapshots.lists import KINDS
from shop.snapshots.models import FailedSnapshot, Snapshot
from shop.snapshots.page_parts import quarantine_parts, taken_again_parts
from shop.snapshots.progress import progress
from shop.snapshots.queries import attempts_of, freshness
from shop.snapshots.reopening import dismiss, reopen
from shop.staff.access import chosen_shops, may, person, requires
from shop.staff.permissions import Permission

bp = Blueprint("recovery", __name__)

Refused = tuple[str, DismissalForm, dict[str, str]]


@bp.get("/recovery/")
@requires(Permission.READ_OPERATIONS)
def index() -> str | Response:
    """The groups; with a filter, or behind the first page, the list of failures itself."""
    listing = asked(FAILURES)
    elsewhere = tidied(listing)
    if elsewhere is not None:
        return elsewhere
    if not request.args.keys() - {"shop"}:
        return groups_page()
    shops, now = chosen_shops(), datetime.now(UTC)
    page = page_of(db.session(), listing, scopes(listing, shops))
    return render_template(
        "recovery/list.html",
        listing=listing,
        links=Links(listing, page, secret()),
        tabs=tabs(resolved="resolved" in listing.chosen.get("state", ())),
        rows=with_runs(db.session(), [key.row for key in page.keys]),
        shops={shop.id: shop for shop in shops},
        numbers=shop_numbers(),
        kinds=KINDS,
        title=wording.title,
        of_shop=wording.of_shop,
        outlook=wording.outlook,
        now=now,
    )


@bp.get("/recovery.json")
@requires(Permission.READ_OPERATIONS)
def rows() -> Response:
    listing, shops = asked(FAILURES), chosen_shops()
    page = page_of(db.session(), listing, scopes(listing, shops))
    by_id = {shop.id: shop for shop in shops}
    found = [
        failure_fields(failed, run, by_id, root())
        for failed, run in with_runs(db.session(), [key.row for key in page.keys])
    ]
    fresh = overall(freshness(list(by_id)), shops, datetime.now(UTC))
    return jsonify(json_page(Links(listing, page, secret()), found, fresh, root()))


@bp.post("/recovery/probe")
@requires(Permission.RUN_SNAPSHOTS)
def probe() -> Response:
    """Try one of a group. Pressed twice, or by two at once, one is tried."""
    try:
        run = groups.probe(cause_of(request.form), asked_ids())
    except Conflict as error:
        return turned_away(error, f"/recovery/{query()}")
    if run is None:
        db.session.rollback()
        flash(_("One of these is being tried already. Nothing more was started."))
        return to_groups()
    record(Action.SNAPSHOT_REQUESTED, f"snapshot {run.id}", shop=shop_of(run), kind=run.kind, mode=run.mode)
    return woken(run, _("Its page tells how it ends; a failure that succeeds leaves this page."))


@bp.post("/recovery/pace")
@requires(Permission.RUN_SNAPSHOTS)
def pace() -> Response:
    """Let the rest of a group follow at a pace, once one of them has succeeded."""
    cause, each_minute = cause_of(request.form), pace_of(request.form)
    count = groups.spread(cause, asked_ids(), each_minute, person().email)
    if count:
        record(Action.FAILURES_PACED, cause, failures=count, pace=each_minute, shop=only_shop())
        db.session.commit()
        flash(wording.paced(count, each_minute))
    else:
        db.session.rollback()
        flash(_("They are on their way already. Nothing was changed."))
    return to_groups()


@bp.post("/recovery/halt")
@requires(Permission.RUN_SNAPSHOTS)
def halt() -> Response:
    """Stop trying the rest of a group; what is under way goes on."""
    cause = cause_of(request.form)
    count = groups.halt(cause, asked_ids())
    if count:
        record(Action.FAILURES_HALTED, cause, failures=count, shop=only_shop())
    db.session.commit()
    flash(wording.halted(count))
    return to_groups()


@bp.post("/recovery/dismissal")
@requires(Permission.RUN_SNAPSHOTS)
def dismissal_of_group() -> Response:
    """Close a whole group; whoever does types how many they are, and that many are closed or none."""
    cause, form = cause_of(request.form), DismissalForm.of(request.form)
    count = groups.dismiss_all(cause, asked_ids(), person().email, form.reason)
    if count == 0:
        db.session.rollback()
        flash(_("They were closed a moment ago. Nothing was changed."))
        return to_groups()
    errors = form.errors_of_group(count)
    if errors:
        db.session.rollback()
        return make_response(groups_page((cause, form, errors)), HTTPStatus.UNPROCESSABLE_ENTITY)
    record(Action.FAILURES_DISMISSED, cause, failures=count, reason=form.reason, shop=only_shop())
    db.session.commit()
    flash(wording.dismissed(count))
    return to_groups()


@bp.get("/recovery/<int:failure_id>")
@requires(Permission.READ_OPERATIONS)
def show(failure_id: int) -> str:
    return failure_page(failure_or_404(failure_id))


@bp.post("/recovery/<int:failure_id>/retry")
@requires(Permission.RUN_SNAPSHOTS)
def retry(failure_id: int) -> Response:
    """Take one failed run up again; whoever presses twice, or at the same time as another, does it once."""
    failed = failure_or_404(failure_id)
    run = db.session.get_one(Snapshot, failed.snapshot_id)
    if failed.resolved_at is not None and not run.is_live:
        raise Conflict(_("This failure is settled. Nothing was started."))
    if run.is_live:
        return redirect(f"/recovery/{failed.id}", HTTPStatus.SEE_OTHER)
    if not can_run_again(run):
        raise Conflict(
            _(
                "Snapshot %(num)s has no stored file to go on from. Nothing was started; take a new snapshot.",
                num=run.id,
            )
        )
    try:
        taken = reopen(run)
    except runs.AlreadyRunning as error:
        return busy(error)
    except runs.Resting as error:
        return turned_away(error, f"/recovery/{failure_id}")
    if not taken:
        db.session.rollback()
        return redirect(f"/recovery/{failure_id}", HTTPStatus.SEE_OTHER)
    record(Action.SNAPSHOT_REQUESTED, f"snapshot {run.id}", shop=shop_of(run), kind=run.kind, mode=run.mode)
    return woken(run, to=f"/recovery/{failed.id}")


@bp.post("/recovery/<int:failure_id>/dismissal")
@requires(Permission.RUN_SNAPSHOTS)
def dismissal(failure_id: int) -> Response:
    """Close one failure with a reason; closed already, it stays as it is."""
    failure_or_404(failure_id)
    form = DismissalForm.of(request.form)
    failed = db.session.scalars(
        select(FailedSnapshot).where(FailedSnapshot.id == failure_id).with_for_update(), execution_options=FRESH
    ).one()
    if failed.resolved_at is not None:
        db.session.rollback()
        return redirect(f"/recovery/{failure_id}", HTTPStatus.SEE_OTHER)
    if db.session.get_one(Snapshot, failed.snapshot_id).is_live:
        raise Conflict(_("This snapshot is being tried right now. Nothing was closed; wait until it is over."))
    errors = form.errors()
    if errors:
        return make_response(failure_page(failed, form, errors), HTTPStatus.UNPROCESSABLE_ENTITY)
    dismiss(failed, person().email, form.reason)
    subject, cause = f"snapshot {failed.snapshot_id}", failed.fingerprint
    record(Action.FAILURE_DISMISSED, subject, shop=shop_of(failed), cause=cause, reason=form.reason)
    db.session.commit()
    flash(_("The failure of snapshot %(num)s is dismissed. Its file stays where it is.", num=failed.snapshot_id))
    return redirect(f"/recovery/{failure_id}", HTTPStatus.SEE_OTHER)


FRESH = {"populate_existing": True}  # what was read before the lock may have changed


def groups_page(refused: Refused | None = None) -> str:
    shops, now = chosen_shops(), datetime.now(UTC)
    settle(db.session())
    say(db.session())
    found = overview([shop.id for shop in shops])
    listing = read(FAILURES, {"shop": request.args.getlist("shop")}, secret())
    return render_template(
        "recovery/index.html",
        overview=found,
        groups=shown(found, shops, listing, now, refused),
        tabs=tabs(resolved=False),
        everything=listing.with_filter("state", ("open",)).address(),
        query=query(),
        numbers=shop_numbers(),
        kinds=KINDS,
        paces=PACES,
        may_run=may(Permission.RUN_SNAPSHOTS),
    )


def failure_page(
    failed: FailedSnapshot, form: DismissalForm | None = None, errors: dict[str, str] | None = None
) -> str:
    run, shop, now = db.session.get_one(Snapshot, failed.snapshot_id), shop_of(failed), datetime.now(UTC)
    config: Config = current_app.extensions["pult"]
    is_open = failed.resolved_at is None and not run.is_live
    attempts, seen = personal.all_shown("snapshot_attempts", attempts_of(run.id)), personal.shown("snapshots", run)
    return render_template(
        "recovery/show.html",
        failed=personal.shown("failed_snapshots", failed),
        run=seen,
        shop=shop,
        number=shop_numbers()[shop.id],
        kinds=KINDS,
        title=wording.title(failed.error_code),
        outlook=wording.outlook(failed, run, shop.timezone, now),
        advice=advice(run),
        held=held_back_by(failed, shop, now),
        attempts=attempts,
        progress=progress(seen, next(iter(attempts), None), now) if run.is_live else None,
        file_note=file_note(run, config.data_dir),
        may_dismiss=may(Permission.RUN_SNAPSHOTS) and is_open,
        can_run_again=may(Permission.RUN_SNAPSHOTS) and is_open and can_run_again(run),
        mend=mend_of(run) if is_open else "",
        can_be_accepted=may(Permission.RUN_SNAPSHOTS) and is_open and can_be_accepted(run),
        word_error="",
        form=form or DismissalForm(),
        errors=errors or {},
        **quarantine_parts(run, 0),
        **taken_again_parts(run, now),
    )


def tabs(*, resolved: bool) -> list[tuple[str, str, str, bool]]:
    listing = read(FAILURES, {"shop": request.args.getlist("shop")}, secret())
    settled = listing.with_filter("state", ("resolved",)).address()
    return [(_("Open"), "", listing.address(), not resolved), (_("Settled"), "", settled, resolved)]


def woken(run: Snapshot, more: str = "", to: str = "") -> Response:
    """Commit the run, wake a worker, and go back."""
    number = run.id
    db.session.commit()
    if jobs.enqueue(number):
        flash(f"{_('Snapshot %(num)s is being tried.', num=number)} {more}".strip())
    else:
        told = _(
            "Snapshot %(num)s waits: the queue cannot be reached. A worker takes it up when it is back.", num=number
        )
        flash(told, "warn")
    return redirect(to, HTTPStatus.SEE_OTHER) if to else to_groups()
