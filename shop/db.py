"""The database: one handle, constraint names, and the identity of every connection."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import structlog
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from psycopg.pq import ExecStatus, TransactionStatus
from sqlalchemy import MetaData, TextClause, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase, Session

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Model(DeclarativeBase):
    """The base of every table."""

    metadata = MetaData(naming_convention=NAMES)


db = SQLAlchemy(model_class=Model, disable_autonaming=True)
MIGRATIONS = Path(__file__).parents[1] / "migrations"
NAMED = b"SELECT set_config('application_name', $1, false)"
migrate = Migrate(db=db, directory=str(MIGRATIONS), compare_type=True)


def engine_options(testing: bool) -> dict[str, Any]:
    """Few connections, checked when they are taken; dead clients are noticed by the server, dead servers by us."""
    return {
        "pool_size": 5,
        "max_overflow": 10,
        "pool_recycle": 1800,
        "connect_args": {
            "connect_timeout": 5,
            "keepalives_idle": 15,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 20_000,  # milliseconds
            "options": "-c timezone=UTC -c lock_timeout=5s -c idle_in_transaction_session_timeout=60s"
            " -c client_connection_check_interval=1s -c tcp_user_timeout=20s"
            " -c tcp_keepalives_idle=15s -c tcp_keepalives_interval=5s -c tcp_keepalives_count=3"
            + ("" if testing else " -c statement_timeout=0"),
        },
    }


def register(app: Flask) -> None:
    """Bind the handle and name each connection after what it works for."""
    db.init_app(app)
    migrate.init_app(app, db)
    with app.app_context():
        event.listen(db.engine, "do_connect", connect_for_pool)
        event.listen(db.engine, "checkout", name_connection)


class Pooled(psycopg.Connection[Any]):
    """A connection of the pool. What it has prepared outlives a transaction that is given up without having failed.

    psycopg forgets it all with every rollback, as a table that was made in the transaction may be gone; every page ends with
    one, and would have each of its statements parsed and planned anew. Nobody makes a table in a transaction of a page, and
    where something failed, a column's type changed by a migration say, psycopg's own way is taken.
    """

    def rollback(self) -> None:
        if self.info.transaction_status != TransactionStatus.INTRANS:
            super().rollback()
            return
        with self.lock:
            answer = self.pgconn.exec_(b"ROLLBACK")
        if answer.status != ExecStatus.COMMAND_OK:
            raise psycopg.OperationalError(answer.error_message.decode(errors="replace"))


def connect_for_pool(_dialect: object, _record: object, words: list[Any], options: dict[str, Any]) -> Pooled:
    return Pooled.connect(*words, **options)


def name_connection(connection: psycopg.Connection[Any], _record: object, _proxy: object) -> None:
    """Carry the request's or the run's id into pg_stat_activity, so that a slow query names its cause.

    One message does this and finds out whether anybody is there: a connection that died in the pool is replaced.
    """
    words = structlog.contextvars.get_contextvars()
    name = " ".join(f"{key}={words[key]}" for key in ("process", "request", "run", "job") if key in words)
    name = f"pult {name}".strip()[:63]
    try:
        answer = connection.pgconn.exec_params(NAMED, [name.encode()])
    except psycopg.OperationalError as error:
        raise InvalidatePoolError(str(error)) from error
    if answer.status != ExecStatus.TUPLES_OK:
        raise InvalidatePoolError(answer.error_message.decode(errors="replace"))


WORDED: dict[TextClause, str] = {}


def found_by(session: Session, statement: TextClause, parameters: Mapping[str, Any]) -> Sequence[Any]:
    """Return what a statement of fixed words finds. They are put in the driver's form once, not looked up with each page."""
    words = WORDED.get(statement)
    if words is None:
        words = WORDED[statement] = str(statement.compile(session.connection()))
    return session.connection().exec_driver_sql(words, parameters).all()


def raw_connection(**options: Any) -> psycopg.Connection[Any]:
    """Open a psycopg connection of its own, beside the pool, for COPY and long transactions."""
    return connector()(**options)


def session_connection() -> psycopg.Connection[Any]:
    """Return psycopg's own connection under the session, inside the session's transaction."""
    connection = db.session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    return connection


def connector() -> Callable[..., psycopg.Connection[Any]]:
    """Return what opens such connections later, in a thread that knows no application."""
    target = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return partial(psycopg.connect, target, **engine_options(testing=False)["connect_args"])


MANY = 2_000  # rows


@contextmanager
def joined_as_sets(connection: psycopg.Connection[Any], rows: int) -> Iterator[None]:
    """Join many rows as a set, whatever the planner believes of the other table.

    Of what the same transaction has just written it knows nothing: it takes a shop's first 400,000 customers for none,
    and looks at every one of them for each of a million orders. To be used inside a transaction.
    """
    if rows <= MANY:
        yield
        return
    connection.execute("SET LOCAL enable_nestloop = off")
    yield
    connection.execute("SET LOCAL enable_nestloop TO DEFAULT")
