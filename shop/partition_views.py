"""The page of partitions: the map of quarters, what maintenance would do, running it now, bringing a quarter back."""

from http import HTTPStatus
from typing import Any

import psycopg
from flask import Blueprint, Flask, abort, flash, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response

from shop import task_runs
from shop.audit.recording import Action, record
from shop.db import db, raw_connection
from shop.job_lines import ScheduleLine, schedule_lines
from shop.languages import gettext as _
from shop.partitions import jobs, survey
from shop.partitions.bar_chart import bars
from shop.partitions.maintenance_commands import quarter_of
from shop.partitions.requesting import is_on_its_way, request_back
from shop.partitions.survey import Standing
from shop.shops.queries import home_zone
from shop.staff.access import chosen_shops, may, person, requires
from shop.staff.permissions import Permission

bp = Blueprint("partitions", __name__)

CHECK = "partitions.check"  # the entry of the schedule that the button runs


@bp.get("/partitions/")
@requires(Permission.READ_OPERATIONS)
def index() -> str:
    chosen_shops()  # a quarter is of all of them; the switch stands at a shop of theirs all the same
    with raw_connection(autocommit=True) as connection:
        found = survey.survey(connection)
        chosen = chosen_quarter(found)
        counted = survey.counted(connection, chosen) if chosen and not chosen.is_away else None
        waits = chosen is not None and chosen.is_away and is_on_its_way(connection, chosen.quarter)
    return render_template(
        "partitions/index.html",
        survey=found,
        bars=bars(found.quarters),
        chosen=chosen,
        counted=counted,
        waits=waits,
        schedule=maintenance_lines(),
        zone=home_zone(),
        now=found.at,
        may_act=may(Permission.RUN_SNAPSHOTS),
    )


@bp.get("/partitions.json")
@requires(Permission.READ_OPERATIONS)
def rows() -> Response:
    chosen_shops()
    with raw_connection(autocommit=True) as connection:
        return jsonify(survey.as_json(connection))


@bp.post("/partitions/restorations")
@requires(Permission.RUN_SNAPSHOTS)
def restore() -> Response:
    """Ask for an archived quarter. A second click finds the wish of the first."""
    quarter = quarter_of(request.form.get("quarter", ""))
    asked = request_back(database(), quarter, person().email)
    if asked is None:
        db.session.rollback()
        flash(_("%(quarter)s is part of the table, or on its way back already. Nothing was added.", quarter=quarter))
        return redirect(f"/partitions/?quarter={quarter}", HTTPStatus.SEE_OTHER)
    record(Action.PARTITION_RESTORE_REQUESTED, quarter.table)
    db.session.commit()
    if jobs.enqueue(asked):
        flash(
            _("%(quarter)s is on its way back. Its lines are there once this page shows it as past.", quarter=quarter)
        )
    else:
        words = _(
            "%(quarter)s could not be asked for: the queue does not answer. Ask again in ten minutes.", quarter=quarter
        )
        flash(words, "warn")
    return redirect(f"/partitions/?quarter={quarter}", HTTPStatus.SEE_OTHER)


def chosen_quarter(found: survey.Survey) -> Standing | None:
    """Return the quarter that the address names; 404 where there is none of that name."""
    name = request.args.get("quarter", "")
    standing = found.of(name)
    if name and standing is None:
        abort(HTTPStatus.NOT_FOUND)
    return standing


def maintenance_lines() -> list[ScheduleLine]:
    return [line for line in schedule_lines(set(), task_runs.now()) if line.entry.key.startswith("partitions.")]


def database() -> psycopg.Connection[Any]:
    """Return the session's own connection, so that what is written is committed with the audit."""
    connection = db.session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    return connection


def register(app: Flask) -> None:
    app.register_blueprint(bp)
