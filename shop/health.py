"""Is the process alive, is the installation ready: two public addresses for whoever watches from outside."""

from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus

import structlog
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint, Flask, Response, current_app, jsonify
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from shop.backups.target_lines import current_lines
from shop.config import Config
from shop.db import MIGRATIONS, db
from shop.formatting import plural
from shop.languages import AT_WORK, spoken
from shop.lateness import troubles
from shop.staff.access import public

PATIENCE = 2  # seconds for each part
WRITE = text(
    "INSERT INTO job_leases (key, fence) VALUES ('health', 0) ON CONFLICT (key) DO UPDATE SET taken_at = clock_timestamp()"
)
OK = "ok"

bp = Blueprint("health", __name__, url_prefix="/health")
log = structlog.get_logger()


@bp.get("/live")
@public
def live() -> Response:
    return jsonify(alive=True)


@bp.get("/ready")
@public
def ready() -> Response:
    """Answer 200 where all that Pult promises is there, by request or by itself, else 503 with the failing parts."""
    with spoken(AT_WORK.code):  # it is programs that ask
        parts = standing()
    failing = sorted(name for name, found in parts.items() if found != OK)
    answer = jsonify(ready=not failing, failing=failing, parts=parts)
    answer.status_code = HTTPStatus.SERVICE_UNAVAILABLE if failing else HTTPStatus.OK
    return answer


def standing() -> dict[str, str]:
    """Return how each part stands: ok, or what is wrong with it, in words without names."""
    parts = database() | redis()
    return parts | punctuality() | targets() if parts["migrations"] == OK else parts


def database() -> dict[str, str]:
    """Look at the migrations, then write for real: a full disk or a read-only copy still answers every SELECT."""
    try:
        with db.engine.begin() as connection:
            connection.execute(text(f"SET LOCAL statement_timeout = '{PATIENCE}s'"))
            if applied(connection) != newest():
                return {"database": OK, "migrations": "The tables are not of this version; run `flask db upgrade`."}
            connection.execute(WRITE)
    except SQLAlchemyError as error:
        log.warning("not_ready", part="database", error=str(error))
        return {"database": "PostgreSQL does not answer or cannot write.", "migrations": "Not asked."}
    return {"database": OK, "migrations": OK}


def redis() -> dict[str, str]:
    config: Config = current_app.extensions["pult"]
    try:
        with Redis.from_url(config.redis_url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE) as connection:
            connection.set("pult:health", 1, ex=60)
    except RedisError as error:
        log.warning("not_ready", part="redis", error=str(error))
        return {"redis": "Redis does not answer or cannot write."}
    return {"redis": OK}


def punctuality() -> dict[str, str]:
    """Tell of a silent scheduler, silent workers and late tasks; without the names of shops, as anybody may read it."""
    try:
        found = troubles()
        db.session.rollback()
    except SQLAlchemyError as error:  # between two questions the database went
        log.warning("not_ready", part="schedule", error=str(error))
        return {"schedule": "PostgreSQL does not tell."}
    told = {"schedule": OK, "workers": OK, "tasks": OK, "partitions": OK, "backups": OK}
    for part in ("schedule", "workers", "partitions", "backups"):
        told[part] = " ".join(one.sentence for one in found if one.part == part) or OK
    late = sum(one.part == "tasks" for one in found)
    if late:
        told["tasks"] = f"{plural(late, 'task is', 'tasks are')} late; `flask doctor` names them."
    return told


def targets() -> dict[str, str]:
    """Tell whether copies have reached each target lately; nothing, where there is none. Without their names, as above."""
    try:
        found = current_lines(datetime.now(UTC))
        db.session.rollback()
    except SQLAlchemyError as error:
        log.warning("not_ready", part="targets", error=str(error))
        return {"targets": "PostgreSQL does not tell."}
    if not found.lines:
        return {}
    late = len(found.worries)
    words = (
        f"{plural(late, 'target of backups has', 'targets of backups have')} no new copy; `flask doctor` names them."
    )
    return {"targets": words if late else OK}


def applied(connection: Connection) -> set[str]:
    """Return the revisions the database is at."""
    return set(MigrationContext.configure(connection).get_current_heads())


@cache
def newest() -> set[str]:
    """Return the newest revisions of this version of Pult."""
    return set(ScriptDirectory(str(MIGRATIONS)).get_heads())


def register(app: Flask) -> None:
    app.register_blueprint(bp)
