"""Reads a whole page from one moment of the database: a publish between two queries cannot make its sums disagree."""

from sqlalchemy import text

from shop.db import db
from shop.languages import language


def hold_one_moment() -> None:
    """Begin a read-only transaction that sees one state of the database to its end.

    What was read before (who asks, their shops) stays usable, but is not tied to the session any more. Compiling a query
    costs more than any of these takes.
    """
    language()  # decided before: who asks is not read again
    db.session.expunge_all()
    db.session.rollback()
    db.session.connection(execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True})
    db.session.execute(text("SET LOCAL jit = off"))
