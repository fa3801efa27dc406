"""The boundary of a request: a known person's transactions run under a role that PostgreSQL shows their shops alone."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from flask import Flask, g, has_request_context
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from shop.db import db

# One statement, and for its transaction alone: a connection that goes back to the pool is the owner's again.
ENTER = """
    SELECT set_config('pult.shops', %s, true), set_config('search_path', 'seen, public', true),
           set_config('role', session_user || '_web', true)"""
LEAVE = "SET LOCAL ROLE NONE; SET LOCAL search_path TO DEFAULT"


def register(app: Flask) -> None:
    """Let each transaction of the pool begin within the boundary of its request, if that has one."""
    with app.app_context():
        event.listen(db.engine, "begin", begin_within)


def enter(shop_ids: Collection[int]) -> None:
    """Let the rest of this request, its open transaction as well, see these shops and what is no shop's."""
    g.boundary = frozenset(shop_ids)
    if current() is not None and db.session().in_transaction():
        apply(db.session.connection())


def take_in(shop_id: int) -> None:
    """Let the rest of this request see one shop more, which its person has just made."""
    shop_ids: frozenset[int] | None = g.get("boundary") if has_request_context() else None
    if shop_ids is not None:
        enter(shop_ids | {shop_id})


def current() -> frozenset[int] | None:
    """Return the shops that this request is held to; None where it acts as the owner of everything."""
    if not has_request_context() or g.get("is_lifted", False):
        return None
    shop_ids: frozenset[int] | None = g.get("boundary")
    return shop_ids


def covers(shop_id: int) -> bool:
    """Whether rows of the shop can be seen from here."""
    shop_ids = current()
    return shop_ids is None or shop_id in shop_ids


@contextmanager
def lifted() -> Iterator[None]:
    """Act as the owner inside the block, for what is of all shops; the session's transaction goes on and comes back after it.

    Each place that does so is named, with its reason, in tests/staff/test_boundaries.py. A transaction that has failed inside is
    rolled back at the end, so that nothing goes on in it as the owner.
    """
    if current() is None:
        yield
        return
    session = db.session()
    g.is_lifted = True
    try:
        if session.in_transaction():
            with in_words():
                driver(session.connection()).execute(LEAVE, prepare=False)
        yield
    finally:
        g.is_lifted = False
        if session.in_transaction() and session.is_active:
            connection = session.connection()
            if driver(connection).info.transaction_status == TransactionStatus.INERROR:
                session.rollback()
            else:
                apply(connection)
        else:
            session.rollback()


def begin_within(connection: Connection) -> None:
    """Take the role together with BEGIN, in one message to the server, so that no round trip is added."""
    if current() is not None:
        with in_words(), driver(connection).pipeline():
            driver(connection).execute(ENTER, (words(),))


def apply(connection: Connection) -> None:
    with in_words():
        driver(connection).execute(ENTER, (words(),))


def words() -> str:
    return ",".join(map(str, sorted(current() or ())))


@contextmanager
def in_words() -> Iterator[None]:
    """Raise OperationalError where the role is missing or not ours: a page fails then, it never goes on as the owner."""
    try:
        yield
    except psycopg.Error as error:
        raise OperationalError(ENTER, {}, error) from error


def driver(connection: Connection) -> psycopg.Connection[Any]:
    found = connection.connection.driver_connection
    assert isinstance(found, psycopg.Connection)
    return found
