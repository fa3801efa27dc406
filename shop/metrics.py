"""How the installation stands, in numbers for Prometheus: read from PostgreSQL and Redis when they are asked for."""

import hmac
from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, Response, abort, current_app, request
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shop import health, heartbeats, task_runs
from shop.backups.target_lines import current_lines
from shop.backups.wal_archiving import archiving
from shop.config import Config
from shop.db import db, session_connection
from shop.job_lines import queue_lines
from shop.lateness import most_late
from shop.partitions import soundness
from shop.partitions.queries import attached, is_partitioned
from shop.snapshots.queries import open_failures
from shop.staff.access import public

if TYPE_CHECKING:
    from prometheus_client.core import Metric

bp = Blueprint("metrics", __name__)

PATIENCE = text("SET LOCAL statement_timeout = '2s'")
COPIES = text("""
    SELECT state, count(*) FILTER (WHERE folder IS NOT NULL AND pruned_at IS NULL OR state = 'running') FROM (
        SELECT state, folder, pruned_at FROM backups ORDER BY started_at DESC, id DESC LIMIT 500) b GROUP BY state""")
NEWEST = text("""
    SELECT extract(epoch FROM clock_timestamp() - started_at)::float8 AS age, restore_seconds, bytes FROM backups
    WHERE state = 'restorable' AND pruned_at IS NULL ORDER BY started_at DESC LIMIT 1""")
RUNS = text("""
    SELECT states.state, (SELECT count(*) FROM (SELECT 1 FROM snapshots s WHERE s.state = states.state
                          AND (s.finished_at IS NULL OR s.finished_at > clock_timestamp() - interval '1 day')
                          AND s.id > (SELECT coalesce(max(id), 0) - 20000 FROM snapshots)) few)
    FROM unnest(ARRAY['queued', 'running', 'done', 'failed', 'cancelled', 'previewed']) AS states (state)""")
TASKS = text("""
    SELECT state, count(*) FROM (SELECT state FROM task_runs WHERE id > (SELECT coalesce(max(id), 0) - 20000 FROM task_runs)
        AND decided_at > clock_timestamp() - interval '1 day') few GROUP BY state""")
BESIDE = text("""
    SELECT count(*) FROM pg_database WHERE starts_with(datname, left(current_database(), 40))
    AND datname <> current_database() AND shobj_description(oid, 'pg_database') LIKE 'Pult: %'""")
COPY_STATES = ("running", "written", "verified", "restorable", "failed")
TASK_STATES = ("queued", "running", "done", "failed", "skipped")


@bp.get("/metrics")
@public
def show() -> Response:
    """Answer the loopback, or whoever has the token; for everybody else there is nothing here."""
    if not is_admitted():
        abort(HTTPStatus.NOT_FOUND)
    # Loaded by the first who asks: most processes never do, and each pays for every module at its start.
    from prometheus_client import CollectorRegistry  # noqa: PLC0415
    from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest  # noqa: PLC0415

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Installation())
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def is_admitted() -> bool:
    """Whether the asker carries the token, or is this machine itself and nobody's proxy."""
    config: Config = current_app.extensions["pult"]
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if config.metrics_token and scheme == "Bearer":
        return hmac.compare_digest(given.strip().encode(), config.metrics_token.encode())
    if any(
        name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Forwarded-Host", "X-Real-IP", "Via")
    ):
        return False
    try:
        return ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


class Installation:
    """Everything that is told, as Prometheus' registry collects it. Each scrape costs a dozen bounded questions."""

    def collect(self) -> "Iterator[Metric]":
        parts = health.standing()
        yield gauge("pult_up", "Whether a part is as it must be, as in /health/ready.", "part", {
            part: float(found == health.OK) for part, found in sorted(parts.items())
        })  # fmt: skip
        if parts["migrations"] != health.OK:
            return
        try:
            db.session.rollback()
            db.session.execute(PATIENCE)
            yield from told()
        except SQLAlchemyError:
            yield gauge(
                "pult_metrics_incomplete", "PostgreSQL did not answer one of the questions in time.", "", {"": 1.0}
            )
        finally:
            db.session.rollback()


def told() -> "Iterator[Metric]":
    now = task_runs.now()
    yield from copies()
    yield from targets(now)
    yield from wal()
    lines = queue_lines(now)
    yield gauge("pult_queue_waiting", "Runs that wait for a worker, by our own rows.", "queue", {
        line.name: line.waiting for line in lines
    })  # fmt: skip
    yield gauge("pult_queue_oldest_seconds", "How long the oldest of them has waited.", "queue", {
        line.name: line.waits_for.total_seconds() if line.waits_for else 0.0 for line in lines
    })  # fmt: skip
    yield gauge("pult_queue_calls", "Calls that stand in Redis; missing where it does not answer.", "queue", {
        line.name: line.calls for line in lines if line.calls is not None
    })  # fmt: skip
    yield gauge("pult_snapshot_runs", "Runs under way, and those that ended within a day.", "state", counted(RUNS))
    runs = dict.fromkeys(TASK_STATES, 0.0) | counted(TASKS)
    yield gauge("pult_task_runs", "Runs of the schedule that were decided within a day.", "state", runs)
    tried, parked = open_failures()
    yield gauge(
        "pult_failed_snapshots", "Open failures, by who is to try again.", "by", {"itself": tried, "person": parked}
    )
    yield gauge("pult_task_late_seconds", "How far a task of the schedule is behind, of all shops the most.", "task", {
        key: behind.total_seconds() for key, behind in most_late(now).items()
    })  # fmt: skip
    yield gauge("pult_silent_seconds", "Since the last word of anybody who serves a part.", "part", {
        one.part: (now - one.heard_at).total_seconds() for one in heartbeats.last_heard()
    })  # fmt: skip
    connection = session_connection()
    if is_partitioned(connection):
        ahead = soundness.ahead(attached(connection), now)
        yield gauge("pult_partitions_ahead", "Quarters that are ready after this one.", "", {"": ahead})


def copies() -> "Iterator[Metric]":
    states = dict.fromkeys(COPY_STATES, 0.0) | counted(COPIES)
    yield gauge("pult_backups", "Copies whose files are there, by what they are worth.", "state", states)
    newest = db.session.execute(NEWEST).one_or_none()
    if newest:
        yield gauge(
            "pult_backup_newest_age_seconds", "Age of the newest copy that could be restored.", "", {"": newest.age}
        )
        yield gauge(
            "pult_backup_restore_seconds",
            "What restoring it took when it was proven.",
            "",
            {"": newest.restore_seconds},
        )
        yield gauge("pult_backup_bytes", "Its size.", "", {"": newest.bytes})
    beside = db.session.execute(BESIDE).scalar_one()
    yield gauge("pult_databases_beside", "Databases of a restore, or from before a switch.", "", {"": beside})


def targets(now: datetime) -> "Iterator[Metric]":
    lines = current_lines(now).lines
    if not lines:
        return
    found = {line.name: line.standing for line in lines}
    yield gauge("pult_target_copies", "Copies that were read back from a target, equal.", "target", {
        name: one.there for name, one in found.items()
    })  # fmt: skip
    yield gauge("pult_target_newest_age_seconds", "Age of what the newest of them holds.", "target", {
        name: (now - one.newest).total_seconds() if one.newest else None for name, one in found.items()
    })  # fmt: skip
    yield gauge("pult_target_late", "Whether a target has no copy, or none that is new enough.", "target", {
        name: bool(one.worry) for name, one in found.items()
    })  # fmt: skip


def wal() -> "Iterator[Metric]":
    """Tell how the server archives its WAL; nothing where it does not, or is a standby."""
    found = archiving(session_connection())
    if found is None:
        return
    yield gauge("pult_wal_archived_age_seconds", "Since a file of the WAL was archived last.", "", {
        "": found.age.total_seconds()
    })  # fmt: skip
    yield gauge("pult_wal_archive_failing", "Whether the last try to archive one failed.", "", {"": found.is_failing})
    yield gauge(
        "pult_wal_archive_failures", "Tries that failed since the statistics began.", "", {"": found.failed_count}
    )


def counted(query: Any) -> dict[str, float]:
    return {state: float(count) for state, count in db.session.execute(query)}


def gauge(name: str, words: str, label: str, values: dict[str, Any]) -> "Metric":
    """Return one metric; without a label it has the one value of the empty key. What is not known is left out."""
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - as above

    family = GaugeMetricFamily(name, words, labels=[label] if label else [])
    for key, value in values.items():
        if value is not None:
            family.add_metric([key] if label else [], float(value))
    return family


def register(app: Flask) -> None:
    app.register_blueprint(bp)
